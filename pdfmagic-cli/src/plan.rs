//! Turns arguments into a job.

use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{env, fs, thread};

use pdfmagic_core::{
    ConversionOptions, Date, DocumentOptions, ImageOptions, InputOptions, OptionError,
    OutputIntent, PageOptions, Settings,
};

use crate::args::{AppendArgs, ConvertArgs, Files, InspectArgs, ReportArgs, RunArgs};
use crate::each;
use crate::failure::{Failure, InputError, plain, shown};
use crate::inputs;
use crate::job::{Job, Reporting, Run};
use crate::output::Overwrite;
use crate::system;

/// The destination of the PDFs.
#[derive(Debug)]
pub(crate) enum Target {
    /// One PDF with all pages; `-` is standard output.
    One(PathBuf),
    /// One PDF for each input, or the input whose PDF goes there.
    Each(Vec<Result<PathBuf, PathBuf>>),
}

/// The reason why no job was made.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The command line is invalid.
    Usage(String),
    /// A file that the command line names cannot be read.
    Failure(Failure),
}

impl From<String> for Refusal {
    fn from(message: String) -> Self {
        Self::Usage(message)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// Returns the job, and the destination of its PDFs. `None` if this shard has no inputs.
pub(crate) fn plan(mut args: ConvertArgs) -> Result<Option<(Job, Target)>, Refusal> {
    let file = args.files.pages.as_deref();
    let mut document = args.document;
    document.output_intent = args.archive.output_intent.map(intent).transpose()?;
    let options = options(args.page, args.image, args.input, document, file);
    let options = options.map_err(|error| format!("--{error}"))?;
    let (shard, folder) = (args.files.shard, args.files.out_dir.take());
    let (mut inputs, output) = files(args.files)?;
    if options.single() > inputs.len() {
        let (single, inputs) = (options.single(), inputs.len());
        return Err(format!(
            "--pages has options for {single} pages, but there are {inputs} JPEGs"
        )
        .into());
    }
    let range = shard.map_or(0..inputs.len(), |shard| shard.range(inputs.len()));
    let each = || each::outputs(&inputs, range.clone(), folder.as_deref());
    let target = output.map_or_else(|| Target::Each(each()), Target::One);
    inputs.truncate(range.end);
    inputs.drain(..range.start);
    let job = Job {
        run: run(&args.run, &args.report, inputs.len()),
        inputs,
        first: range.start,
        options: Arc::new(options),
        base: None,
    };
    check(&job)?;
    Ok((!job.inputs.is_empty()).then_some((job, target)))
}

/// Returns the job of adding pages to a PDF, and its destination.
pub(crate) fn plan_append(args: AppendArgs) -> Result<Option<(Job, Target)>, Refusal> {
    let document = DocumentOptions::default();
    let options = ConversionOptions::new(document, args.page, args.image, args.input);
    let inputs = inputs::expanded(args.paths);
    let job = Job {
        run: run(&args.run, &args.report, inputs.len()),
        inputs,
        first: 0,
        options: Arc::new(options),
        base: Some(args.pdf),
    };
    check(&job)?;
    Ok(Some((job, Target::One(named(args.output)))))
}

/// Returns the job of inspecting JPEGs.
pub(crate) fn plan_inspect(args: InspectArgs) -> Result<Job, String> {
    let document = DocumentOptions::default();
    let options = ConversionOptions::new(document, args.page, args.image, args.input);
    let inputs = inputs::expanded(args.paths);
    let jobs = args.jobs.unwrap_or_else(|| processors(inputs.len()));
    let job = Job {
        run: Run {
            jobs,
            memory: memory(jobs, inputs.len()),
            ..Run::default()
        },
        inputs,
        first: 0,
        options: Arc::new(options),
        base: None,
    };
    check(&job)?;
    Ok(job)
}

/// Rejects contradictory options before any work is done.
fn check(job: &Job) -> Result<(), String> {
    for index in 0..job.inputs.len().max(1) {
        job.recipe(index, None)
            .map_err(|error| format!("--{error}"))?;
    }
    Ok(())
}

fn options(
    page: PageOptions,
    image: ImageOptions,
    input: InputOptions,
    document: DocumentOptions,
    file: Option<&Path>,
) -> Result<ConversionOptions, OptionError> {
    let document = dated(document)?;
    let Some(path) = file else {
        return Ok(ConversionOptions::new(document, page, image, input));
    };
    let mut settings = Settings::default();
    settings.set_all(&page)?;
    settings.set_all(&image)?;
    settings.set_all(&input)?;
    settings.set_all(&document)?;
    let json = fs::read(path).map_err(|error| {
        let reason = format!("{} cannot be read: {}", shown(path, "-"), plain(&error));
        OptionError::new("pages", reason)
    })?;
    let single = settings.set_object(&json)?;
    settings.options(single)
}

/// Reads an output intent from a file.
fn intent(path: PathBuf) -> Result<OutputIntent, Failure> {
    let profile = fs::read(&path).map_err(InputError::from);
    let intent = profile.and_then(|profile| {
        let intent = OutputIntent::try_from(profile);
        intent.map_err(|error| OptionError::new("output-intent", error.to_string()).into())
    });
    intent.map_err(|cause| Failure::Input { path, cause })
}

/// Sets the dates of the document from `SOURCE_DATE_EPOCH` (<https://reproducible-builds.org/specs/source-date-epoch>).
fn dated(mut document: DocumentOptions) -> Result<DocumentOptions, OptionError> {
    const NAME: &str = "SOURCE_DATE_EPOCH";
    if let Some(epoch) = env::var_os(NAME).filter(|epoch| !epoch.is_empty()) {
        let seconds = epoch.to_str().and_then(|epoch| epoch.parse().ok());
        let Some(date) = seconds.and_then(Date::from_unix) else {
            let reason =
                format!("the environment variable {NAME} is not a number of seconds since 1970");
            return Err(OptionError::new("creationdate", reason));
        };
        document.creationdate.get_or_insert(date);
        document.moddate.get_or_insert(date);
    }
    Ok(document)
}

fn run(args: &RunArgs, report: &ReportArgs, inputs: usize) -> Run {
    let jobs = args.jobs.unwrap_or_else(|| processors(inputs));
    Run {
        jobs,
        memory: memory(jobs, inputs),
        keep_going: args.keep_going,
        is_dry: args.dry_run,
        overwrite: match (args.force, args.no_clobber) {
            (true, _) => Overwrite::All,
            (_, true) => Overwrite::Nothing,
            _ => Overwrite::AllButImages,
        },
        report: reporting(report),
    }
}

/// Returns the number of inputs to work on at once. Asking the system takes a dozen calls, which a single input does
/// not need.
fn processors(inputs: usize) -> NonZeroUsize {
    let processors = (inputs > 1).then(thread::available_parallelism);
    processors.map_or(NonZeroUsize::MIN, |found| {
        found.unwrap_or(NonZeroUsize::MIN)
    })
}

/// Returns the maximum memory for each image at a time, in bytes, if the process is in a container with a limit. An image
/// that needs more then fails alone.
fn memory(jobs: NonZeroUsize, inputs: usize) -> Option<u64> {
    /// The memory for everything else: the program, and what is known of each input.
    const ELSE: u64 = 32 << 20;
    const OF_INPUT: u64 = 2 << 10;
    /// The minimum, which suffices for headers.
    const LEAST: u64 = 1 << 20;
    let other = ELSE + OF_INPUT * inputs as u64;
    // The allocator may keep as much memory of earlier images as the present ones use.
    let shares = jobs.get().saturating_mul(2).min(inputs).max(1) as u64;
    let limit = system::memory_limit()?;
    Some((limit.saturating_sub(other) / shares).max(LEAST))
}

pub(crate) fn reporting(args: &ReportArgs) -> Reporting {
    Reporting {
        quiet: args.quiet,
        json: args.json,
    }
}

/// Returns all inputs in order, and the path of the one PDF, unless each input has its own.
fn files(files: Files) -> Result<(Vec<PathBuf>, Option<PathBuf>), Refusal> {
    let mut paths = files.paths;
    let output = if files.each {
        None
    } else if let Some(output) = files.output {
        Some(named(output))
    } else {
        Some(named(last(&mut paths, files.from_file.is_some())?))
    };
    let mut inputs = inputs::expanded(paths);
    if let Some(list) = files.from_file {
        inputs.extend(inputs::listed_in(&list)?);
    } else if inputs.is_empty() {
        inputs.push(standard_input()?);
    }
    if files.sort {
        inputs::sort(&mut inputs);
    }
    Ok((inputs, output))
}

/// If standard output is a file, it must not be replaced.
fn named(output: PathBuf) -> PathBuf {
    if output.as_os_str() == "/dev/stdout" {
        "-".into()
    } else {
        output
    }
}

fn standard_input() -> Result<PathBuf, String> {
    if std::io::stdin().is_terminal() {
        return Err("no JPEG is named, and standard input is a terminal: \
                    pdfmagic-cli -o out.pdf in.jpg"
            .into());
    }
    Ok("-".into())
}

/// Removes the last path, which is the output. The path of a JPEG is rejected: it comes from a pattern such as `*.jpg`,
/// and the last photo would be lost.
fn last(paths: &mut Vec<PathBuf>, are_more_listed: bool) -> Result<PathBuf, String> {
    let output = paths.pop();
    let Some(output) = output.filter(|_| are_more_listed || !paths.is_empty()) else {
        return Err("name the JPEGs and the PDF to write: pdfmagic-cli in.jpg out.pdf".into());
    };
    if inputs::is_named_jpeg(&output) || is_folder(&output) {
        let looks = if is_folder(&output) {
            "is a folder"
        } else {
            "looks like a JPEG"
        };
        return Err(format!(
            "the last path is where the PDF goes, and {} {looks}: name the PDF last, or with -o out.pdf",
            shown(&output, "-")
        ));
    }
    Ok(output)
}

fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

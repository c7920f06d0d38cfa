//! The arguments on the command line.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use pdfmagic_core::{DocumentOptions, ImageOptions, InputOptions, PageOptions};

use crate::help;
use crate::inputs::Shard;

#[derive(Debug, Parser)]
#[command(
    name = "pdfmagic-cli",
    bin_name = "pdfmagic-cli",
    version,
    about = "Makes a PDF of JPEGs, a page for each, without loss unless asked",
    override_usage = help::USAGE,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true,
    infer_long_args = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    #[command(flatten)]
    pub(crate) convert: ConvertArgs,
}

/// The names of the other commands.
const COMMANDS: [&str; 5] = ["inspect", "extract", "append", "completions", "man"];

/// The other commands, besides conversion.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what JPEGs are, and what a conversion would do with them
    Inspect(Box<InspectArgs>),
    /// Take the JPEGs out of PDFs again
    Extract(ExtractArgs),
    /// Add pages to a PDF, whose own bytes stay as they are
    Append(Box<AppendArgs>),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the manual page, for man(1)
    Man,
}

#[derive(Debug, Default, Args)]
pub(crate) struct ConvertArgs {
    #[command(flatten)]
    pub(crate) files: Files,
    #[command(flatten)]
    pub(crate) page: PageOptions,
    #[command(flatten)]
    pub(crate) image: ImageOptions,
    #[command(flatten)]
    pub(crate) input: InputOptions,
    #[command(flatten)]
    pub(crate) document: DocumentOptions,
    #[command(flatten)]
    pub(crate) archive: Archive,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
    #[command(flatten)]
    pub(crate) img2pdf: Img2pdf,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// JPEGs, folders of them, or patterns; `-` is standard input
    #[arg(value_name = "IN", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// Report as one JSON object
    #[arg(long)]
    pub(crate) json: bool,

    /// Number of JPEGs inspected at a time
    ///
    /// Default: the number of processors.
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(crate) input: InputOptions,
    #[command(flatten)]
    pub(crate) page: PageOptions,
    #[command(flatten)]
    pub(crate) image: ImageOptions,
}

#[derive(Debug, Args)]
pub(crate) struct ExtractArgs {
    /// PDFs; album.pdf gives album-1.jpg, album-2.jpg, and so on
    #[arg(value_name = "PDF", required = true)]
    pub(crate) pdfs: Vec<PathBuf>,

    /// The folder for the JPEGs [default: the current folder]
    #[arg(short, long, value_name = "DIR")]
    pub(crate) output: Option<PathBuf>,

    /// Replace files that exist; with -o, images too
    #[arg(long)]
    pub(crate) force: bool,

    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

#[derive(Debug, Args)]
pub(crate) struct AppendArgs {
    /// The PDF to begin with
    pub(crate) pdf: PathBuf,

    /// JPEGs, folders of them, or patterns
    #[arg(value_name = "IN", required = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// The PDF to write, which may be the same
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) page: PageOptions,
    #[command(flatten)]
    pub(crate) image: ImageOptions,
    #[command(flatten)]
    pub(crate) input: InputOptions,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    #[command(flatten)]
    pub(crate) report: ReportArgs,
}

/// What is read, and where it goes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Files")]
pub(crate) struct Files {
    /// JPEGs, folders of them, or patterns such as '*.jpg'; the last is the PDF, unless -o names it; `-` is standard input
    /// or output
    #[arg(value_name = "IN", hide_short_help = true)]
    pub(crate) paths: Vec<PathBuf>,

    /// The PDF to write
    ///
    /// Then every IN is a JPEG. Without any IN, standard input is read.
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: Option<PathBuf>,

    /// Make a PDF of each JPEG next to it: photo.pdf of photo.jpg
    ///
    /// One that fails does not stop the others.
    #[arg(long, conflicts_with = "output")]
    pub(crate) each: bool,

    /// With --each: the folder for the PDFs
    #[arg(long, value_name = "DIR", requires = "each")]
    pub(crate) out_dir: Option<PathBuf>,

    /// Read the names of more JPEGs from a file, one a line or separated by NUL
    #[arg(long, value_name = "FILE")]
    pub(crate) from_file: Option<PathBuf>,

    /// Sort the JPEGs by name, so that 2 comes before 10
    #[arg(long)]
    pub(crate) sort: bool,

    /// Take only a part of the JPEGs: part I of N, counted from 0
    ///
    /// For several machines that share the work, such as the pods of a Kubernetes Indexed Job.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<Shard>,

    /// Read options from a JSON file
    ///
    /// The file holds a JSON object. Its keys are the names of options in this manual, and its values override the command
    /// line. Its `pages` may be an array of such objects, one for each JPEG: {"pagesize": "A4", "pages": [{}, {"rotation":
    /// "90"}]}.
    #[arg(long, value_name = "FILE")]
    pub(crate) pages: Option<PathBuf>,
}

/// The options of a document that are files.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Document")]
pub(crate) struct Archive {
    /// ICC profile for the output intent of PDF/A; needed for CMYK without a profile of its own
    ///
    /// Default: sRGB, or gray if all images are gray.
    #[arg(long, value_name = "FILE", requires = "pdfa")]
    pub(crate) output_intent: Option<PathBuf>,
}

/// The options for running conversions.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Running")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch"
)]
pub(crate) struct RunArgs {
    /// Number of images or documents made at the same time
    ///
    /// Each holds its image in memory if it has to be decoded. Default: the number of processors.
    #[arg(short, long, value_name = "N")]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Leave out JPEGs that fail; if there are any, the status is 1
    ///
    /// With --each, also go on where an earlier run stopped: a PDF that is whole and newer than its JPEG is kept.
    #[arg(long)]
    pub(crate) keep_going: bool,

    /// Say what would be written, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Let -o replace an image
    #[arg(long, requires = "output", conflicts_with = "no_clobber")]
    pub(crate) force: bool,

    /// Never replace a file that exists
    ///
    /// With --each, a PDF that exists is kept, and its JPEG is left out.
    #[arg(long)]
    pub(crate) no_clobber: bool,
}

/// The options for messages and reports.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Reporting")]
pub(crate) struct ReportArgs {
    /// Suppress notes on unusual input, the progress bar and, with --each --json, the list of documents
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Report as one JSON object on standard output, or on standard error if the PDF goes to standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// What img2pdf has, and needs nothing here.
#[derive(Debug, Default, Args)]
pub(crate) struct Img2pdf {
    /// Dates are left out unless they are given
    #[arg(short = 'D', long, hide = true)]
    nodate: bool,
    /// There is one engine
    #[arg(long, hide = true)]
    engine: Option<String>,
    /// As --frames primary, which is the default
    #[arg(long, hide = true)]
    first_frame_only: bool,
    /// Nothing is decoded unless asked
    #[arg(long, hide = true)]
    pillow_limit_break: bool,
}

/// Returns the command line as a clap command.
pub(crate) fn command() -> clap::Command {
    help::complete(Cli::command())
}

/// Parses the command line. Help, the version and usage errors end the process.
pub(crate) fn parse() -> Cli {
    if let Some(hint) = file_like_an_option() {
        usage_error(hint)
    }
    if let Some(cli) = without_options(std::env::args_os().skip(1)) {
        return cli;
    }
    let matches = command().get_matches();
    Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
}

/// Parses arguments that are only names of files. For one photo, a parser with all options takes as long as everything
/// else.
fn without_options(words: impl Iterator<Item = OsString>) -> Option<Cli> {
    let paths: Vec<PathBuf> = words.map(PathBuf::from).collect();
    let is_option = |path: &PathBuf| {
        let word = path.as_os_str().as_encoded_bytes();
        word.starts_with(b"-") && word != b"-"
    };
    let is_command = |path: &PathBuf| COMMANDS.iter().any(|name| path.as_os_str() == *name);
    if paths.len() < 2 || is_command(&paths[0]) || paths.iter().any(is_option) {
        return None;
    }
    let files = Files {
        paths,
        ..Files::default()
    };
    Some(Cli {
        command: None,
        convert: ConvertArgs {
            files,
            ..ConvertArgs::default()
        },
    })
}

/// Ends the process with a usage error.
pub(crate) fn usage_error(message: impl std::fmt::Display) -> ! {
    let kind = clap::error::ErrorKind::ValueValidation;
    command().error(kind, message).exit()
}

/// Returns a file name that looks like an option. A pattern such as `*` passes on names unchanged, so a name that
/// begins with `-` would be parsed as an option.
fn file_like_an_option() -> Option<String> {
    let words = std::env::args_os().skip(1).take_while(|word| word != "--");
    let mut files = words.filter(|word| {
        let text = word.to_string_lossy();
        // A shorter argument is an option, even if there is a file of that name.
        text.starts_with('-') && text.len() > 2 && std::fs::symlink_metadata(word).is_ok()
    });
    files.next().map(|file| {
        let file = file.to_string_lossy().into_owned();
        format!("{file} is a file, but looks like an option: write ./{file}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortcut_for_file_names_agrees_with_the_parser() {
        for words in [
            &["a.jpg", "out.pdf"][..],
            &["-", "-"],
            &["a", "inspect", "é ü", "o"],
        ] {
            let found = without_options(words.iter().map(OsString::from));
            let parsed = Cli::try_parse_from([&["pdfmagic-cli"], words].concat());
            assert_eq!(
                format!("{:?}", found.unwrap()),
                format!("{:?}", parsed.unwrap())
            );
        }
    }

    #[test]
    fn the_shortcut_leaves_everything_else_to_the_parser() {
        let command = Cli::command();
        let names: Vec<_> = command
            .get_subcommands()
            .map(clap::Command::get_name)
            .collect();
        assert_eq!(names, COMMANDS);
        for words in [
            &["a.jpg"][..],
            &[],
            &["a.jpg", "--", "out.pdf"],
            &["-q", "a.jpg", "out.pdf"],
            &["man", "out.pdf"],
        ] {
            assert!(
                without_options(words.iter().map(OsString::from)).is_none(),
                "{words:?}"
            );
        }
    }
}

//! Reports to people and programs.

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anstream::AutoStream;
use clap::builder::styling::{AnsiColor, Style};
use pdfmagic_core::Notice;
use serde_json::{Map, Value, json};

use crate::args::ExtractArgs;
use crate::convert::Made;
use crate::each::Kept;
use crate::extract::Extracted;
use crate::failure::{Failure, is_standard, shown};
use crate::job::Reporting;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const NOTE: Style = AnsiColor::Cyan.on_default();

/// The result of a command.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// The number of inputs.
    pub(crate) inputs: usize,
    pub(crate) made: Vec<Made>,
    pub(crate) failures: Vec<Failure>,
    /// The existing PDFs that were kept.
    pub(crate) kept: Vec<Kept>,
    /// Whether there is an output for each input.
    pub(crate) is_each: bool,
    /// Whether nothing was written.
    pub(crate) is_dry: bool,
}

impl Outcome {
    fn status(&self) -> u8 {
        status(&self.failures, self.made.iter().any(Made::is_damaged))
    }

    /// Returns the numbers of inputs by result.
    fn summary(&self) -> Value {
        let (made, kept) = (self.made.len(), self.kept.len());
        let damaged = self.made.iter().filter(|made| made.is_damaged()).count();
        let failed = self.failures.len();
        json!({"inputs": self.inputs, "made": made, "kept": kept, "failed": failed, "damaged": damaged})
    }

    fn goes_to_stdout(&self) -> bool {
        self.made.iter().any(|made| is_standard(&made.output)) && !self.is_dry
    }
}

/// Returns the exit status of a command.
pub(crate) fn status(failures: &[Failure], is_damaged: bool) -> u8 {
    if failures.iter().any(Failure::is_usage) {
        2
    } else if !failures.is_empty() {
        1
    } else if is_damaged {
        3
    } else {
        0
    }
}

/// Reports the result. If nobody reads the report, that is no error.
pub(crate) fn report(outcome: &Outcome, reporting: Reporting) -> ExitCode {
    if let [failure] = &*outcome.failures
        && failure.is_broken_pipe()
    {
        return ExitCode::SUCCESS;
    }
    let _ = if reporting.json {
        let object = json(outcome, reporting.quiet);
        if outcome.goes_to_stdout() {
            writeln!(io::stderr(), "{object}")
        } else {
            writeln!(io::stdout(), "{object}")
        }
    } else {
        say(outcome, reporting.quiet)
    };
    outcome.status().into()
}

fn say(outcome: &Outcome, quiet: bool) -> io::Result<()> {
    let mut lines = AutoStream::auto(io::stderr());
    for made in &outcome.made {
        for told in &made.inputs {
            for notice in &told.notices {
                // Damage determines the exit status as well, so its reason is always reported.
                let is_damage = told.damage.is_some() && matches!(notice, Notice::Damaged(_));
                if !notice.is_routine() && (!quiet || is_damage) {
                    note(&mut lines, &shown(&told.path, "standard input"), notice)?;
                }
            }
        }
        if made.in_place.is_some() && !quiet {
            let why = "written in place, since no other file can take its place";
            note(&mut lines, &shown(&made.output, "-"), why)?;
        }
    }
    for Kept { output, why } in outcome.kept.iter().filter(|_| !quiet) {
        note(&mut lines, &shown(output, "-"), why)?;
    }
    say_failures(&outcome.failures)?;
    let (failed, all) = (outcome.failures.len(), outcome.inputs);
    if failed > 1 || outcome.is_each && failed > 0 {
        writeln!(
            lines,
            "{ERROR}pdfmagic-cli:{ERROR:#} {failed} of {all} failed"
        )?;
    }
    for made in outcome.made.iter().filter(|_| outcome.is_dry) {
        let Made {
            output,
            pages,
            size,
            ..
        } = made;
        let output = shown(output, "standard output");
        let s = if *pages == 1 { "" } else { "s" };
        writeln!(
            io::stdout(),
            "{output}: {pages} page{s}, {size} bytes; not written"
        )?;
    }
    Ok(())
}

fn note(lines: &mut impl Write, path: &str, text: impl std::fmt::Display) -> io::Result<()> {
    writeln!(lines, "pdfmagic-cli: {path}: {NOTE}note:{NOTE:#} {text}")
}

/// Prints a line for each failure.
pub(crate) fn say_failures(failures: &[Failure]) -> io::Result<()> {
    let mut lines = AutoStream::auto(io::stderr());
    for failure in failures {
        writeln!(lines, "{ERROR}pdfmagic-cli:{ERROR:#} {failure}")?;
    }
    Ok(())
}

fn json(outcome: &Outcome, quiet: bool) -> Value {
    let mut documents: Vec<Value> = outcome.made.iter().map(document).collect();
    let mut object = match documents.pop() {
        Some(Value::Object(document)) if !outcome.is_each => document,
        last => {
            documents.extend(last);
            let is_told = outcome.is_each && !quiet;
            let documents = is_told.then(|| ("documents".to_owned(), documents.into()));
            Map::from_iter(documents)
        }
    };
    if outcome.is_each {
        let kept = outcome.kept.iter();
        let kept: Vec<_> = kept
            .map(|Kept { output, why }| json!({"output": lossy(output), "message": why}))
            .collect();
        if !quiet {
            object.insert("kept".to_owned(), kept.into());
        }
        object.insert("summary".to_owned(), outcome.summary());
    }
    let errors: Vec<_> = outcome.failures.iter().map(error).collect();
    if !errors.is_empty() {
        object.insert("errors".to_owned(), errors.into());
    }
    if outcome.is_dry {
        object.insert("dry_run".to_owned(), true.into());
    }
    object.into()
}

fn document(made: &Made) -> Value {
    let inputs = made.inputs.iter().map(|told| {
        let notices = told.notices.iter();
        let notices: Vec<_> = notices
            .map(|notice| json!({"code": notice.code(), "message": notice.to_string()}))
            .collect();
        json!({
            "input": lossy(&told.path),
            "backend": told.backend,
            "damaged": told.damage.is_some(),
            "notices": notices,
        })
    });
    json!({
        "output": lossy(&made.output),
        "size": made.size,
        "pages": made.pages,
        "in_place": made.in_place.is_some(),
        "inputs": inputs.collect::<Vec<_>>(),
    })
}

fn error(failure: &Failure) -> Value {
    let (key, path) = match failure {
        Failure::Input { path, .. } => ("input", path),
        Failure::Output { path, .. } => ("output", path),
    };
    json!({"code": failure.code(), "message": failure.reason(), key: lossy(path)})
}

pub(crate) fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// Reports the JPEGs that were found in PDFs.
pub(crate) fn report_extracted(
    all: &[Extracted],
    failures: &[Failure],
    args: &ExtractArgs,
) -> ExitCode {
    let _ = if args.report.json {
        let documents = all
            .iter()
            .map(|extracted| json!({"pdf": lossy(&extracted.pdf), "images": extracted.images}));
        let documents: Vec<_> = documents.collect();
        let errors: Vec<_> = failures.iter().map(error).collect();
        writeln!(
            io::stdout(),
            "{}",
            json!({"documents": documents, "errors": errors})
        )
    } else {
        say_extracted(all, failures, args.report.quiet)
    };
    status(failures, false).into()
}

fn say_extracted(all: &[Extracted], failures: &[Failure], quiet: bool) -> io::Result<()> {
    let mut lines = AutoStream::auto(io::stderr());
    for extracted in all
        .iter()
        .filter(|extracted| extracted.found == 0 && !quiet)
    {
        note(&mut lines, &shown(&extracted.pdf, "-"), "has no JPEG in it")?;
    }
    say_failures(failures)
}

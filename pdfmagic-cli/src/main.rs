//! JPEG in, PDF out, from the command line.
//!
//! ```text
//! words ─ args, plan ─▶ Job ─ convert, each ─▶ Outcome ─ report ─▶ ExitCode
//!                         Input ─▶ Page ─▶ Piece, Piece, … ─▶ Output
//! ```

mod args;
mod convert;
mod each;
mod extract;
mod failure;
mod help;
mod in_order;
mod input;
mod inputs;
mod inspect;
mod interrupt;
mod job;
mod manual;
mod output;
mod plan;
mod progress;
mod report;
mod same;
mod system;

use std::io::{self, Write as _};
use std::process::ExitCode;

use args::Command;
use job::{Job, Reporting};
use plan::{Refusal, Target};
use report::{Outcome, report};

const NAME: &str = "pdfmagic-cli";

fn main() -> ExitCode {
    let cli = args::parse();
    match cli.command {
        None => {
            let reporting = plan::reporting(&cli.convert.report);
            let outcome = Outcome {
                is_each: cli.convert.files.each,
                is_dry: cli.convert.run.dry_run,
                ..Outcome::default()
            };
            convert(plan::plan(cli.convert), outcome, reporting)
        }
        Some(Command::Append(args)) => {
            let reporting = plan::reporting(&args.report);
            let outcome = Outcome {
                is_dry: args.run.dry_run,
                ..Outcome::default()
            };
            convert(plan::plan_append(*args), outcome, reporting)
        }
        Some(Command::Inspect(args)) => {
            let is_json = args.json;
            match plan::plan_inspect(*args) {
                Err(message) => args::usage_error(message),
                Ok(job) => inspect::inspect(&job, is_json),
            }
        }
        Some(Command::Extract(args)) => extract::extract(&args),
        Some(Command::Completions { shell }) => {
            // It panics where it cannot write.
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut args::command(), NAME, &mut script);
            // If nobody reads the script, that is no error.
            let _ = io::stdout().write_all(&script);
            ExitCode::SUCCESS
        }
        Some(Command::Man) => {
            // If nobody reads the manual, that is no error.
            let _ = manual::write(args::command(), &mut io::stdout());
            ExitCode::SUCCESS
        }
    }
}

/// Runs a planned conversion.
fn convert(
    plan: Result<Option<(Job, Target)>, Refusal>,
    mut outcome: Outcome,
    reporting: Reporting,
) -> ExitCode {
    match plan {
        Err(Refusal::Usage(message)) => args::usage_error(message),
        Err(Refusal::Failure(failure)) => outcome.failures.push(failure),
        Ok(None) => {}
        Ok(Some((job, Target::One(path)))) => {
            outcome.inputs = job.inputs.len();
            let (made, failures) = convert::convert(&job, &path, !reporting.quiet);
            outcome.made.extend(made);
            outcome.failures = failures;
        }
        Ok(Some((job, Target::Each(outputs)))) => {
            outcome.inputs = job.inputs.len();
            let documents = each::convert_each(&job, &outputs);
            outcome.made = documents.made;
            outcome.failures = documents.failures;
            outcome.kept = documents.kept;
        }
    }
    report(&outcome, reporting)
}

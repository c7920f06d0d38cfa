//! JPEG in, PDF out, from the command line.
//!
//! ```text
//! words ─ args ─▶ Job ─ convert ─▶ Result<Summary, Failure> ─ report ─▶ ExitCode
//!                   Input ─▶ Page ─▶ Piece, Piece, … ─▶ Output
//! ```

mod args;
mod convert;
mod failure;
mod input;
mod output;
mod report;
mod system;

use std::process::ExitCode;

fn main() -> ExitCode {
    let job = args::parse();
    report::report(&job, &convert::convert(&job))
}

//! What a person, or a program, is told.

use std::io::{self, Write};
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::args::Job;
use crate::convert::Summary;
use crate::failure::{Failure, is_standard, shown};

/// Says how it went. What cannot be said, since nobody listens, changes nothing.
pub(crate) fn report(job: &Job, result: &Result<Summary, Failure>) -> ExitCode {
    if let Err(failure) = result
        && failure.is_broken_pipe()
    {
        return ExitCode::SUCCESS;
    }
    let _ = if job.json {
        let object = match result {
            Ok(summary) => success(job, summary),
            Err(failure) => error(failure),
        };
        if is_standard(&job.output) {
            writeln!(io::stderr(), "{object}")
        } else {
            writeln!(io::stdout(), "{object}")
        }
    } else {
        io::stderr().write_all(lines(job, result).as_bytes())
    };
    if result.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn lines(job: &Job, result: &Result<Summary, Failure>) -> String {
    match result {
        Err(failure) => format!("pdfmagic-cli: {failure}\n"),
        Ok(_) if job.quiet => String::new(),
        Ok(summary) => {
            let inputs = job.inputs.iter().zip(&summary.notices);
            let odd = inputs.flat_map(|(input, notices)| {
                let worth_telling = notices.iter().filter(|notice| !notice.is_routine());
                worth_telling.map(move |notice| (shown(input, "standard input"), notice))
            });
            odd.fold(String::new(), |lines, (input, notice)| {
                lines + &format!("pdfmagic-cli: {input}: note: {notice}\n")
            })
        }
    }
}

fn success(job: &Job, summary: &Summary) -> Value {
    let pages: Vec<Value> = job
        .inputs
        .iter()
        .zip(&summary.notices)
        .map(|(input, notices)| {
            let notices: Vec<Value> = notices
                .iter()
                .map(|notice| json!({"code": notice.code(), "message": notice.to_string()}))
                .collect();
            json!({"input": input.to_string_lossy(), "notices": notices})
        })
        .collect();
    json!({
        "output": job.output.to_string_lossy(),
        "size": summary.size,
        "backend": job.backend.name(),
        "pages": pages,
    })
}

fn error(failure: &Failure) -> Value {
    let (key, path, message) = match failure {
        Failure::Input { path, cause } => ("input", path, cause.to_string()),
        Failure::Output { path, cause } => ("output", path, cause.to_string()),
    };
    json!({
        "error": {
            "code": failure.code(),
            "message": message,
            key: path.to_string_lossy(),
        }
    })
}

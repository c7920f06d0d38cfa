//! Describes JPEGs, and what a conversion would do with them.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use pdfmagic_core::Inspection;
use serde_json::{Value, json};

use crate::failure::{Failure, InputError, shown};
use crate::in_order::{Begun, in_order};
use crate::input::Input;
use crate::job::Job;
use crate::report::{lossy, say_failures, status};

/// Prints a description of each input.
pub(crate) fn inspect(job: &Job, is_json: bool) -> ExitCode {
    let mut files = Vec::with_capacity(job.inputs.len());
    let look = |index: usize| -> Result<Inspection, InputError> {
        let mut input = Input::open(&job.inputs[index])?;
        let inspection = input.inspection(&mut job.recipe(index, None)?)?;
        input.check_size()?;
        Ok(inspection)
    };
    let take = |index: usize, found: Result<Inspection, InputError>| {
        let path = job.inputs[index].clone();
        files.push(found.map_err(|cause| Failure::Input { path, cause }));
    };
    in_order(job.inputs.len(), job.run.jobs, Begun::Long, look, take);
    // If nobody reads the output, that is no error.
    let _ = if is_json {
        let files: Vec<_> = job.inputs.iter().zip(&files).map(file).collect();
        writeln!(io::stdout(), "{}", json!({ "files": files }))
    } else {
        let sound = job.inputs.iter().zip(&files);
        let texts = sound.filter_map(|(path, found)| {
            let text = found.as_ref().ok()?.to_string().replace('\n', "\n  ");
            Some(format!("{}:\n  {text}\n", shown(path, "standard input")))
        });
        let texts: Vec<_> = texts.collect();
        write!(io::stdout(), "{}", texts.join("\n"))
    };
    let is_damaged = files.iter().flatten().any(|found| found.damage.is_some());
    let failures: Vec<_> = files.into_iter().filter_map(Result::err).collect();
    if !is_json {
        let _ = say_failures(&failures);
    }
    status(&failures, is_damaged).into()
}

/// Returns the same JSON as the service.
fn file((path, found): (&PathBuf, &Result<Inspection, Failure>)) -> Value {
    match found {
        Ok(inspection) => json!({"name": lossy(path), "inspection": inspection}),
        Err(failure) => {
            let error = json!({"code": failure.code(), "detail": failure.reason()});
            json!({"name": lossy(path), "error": error})
        }
    }
}

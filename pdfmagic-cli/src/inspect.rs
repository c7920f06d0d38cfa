//! What JPEGs are, and what a conversion would do with them.

use std::io::{self, Write};
use std::process::ExitCode;

use pdfmagic_core::Inspection;
use serde_json::{Value, json};

use crate::failure::{Failure, InputError, shown};
use crate::in_order::{Begun, in_order};
use crate::input::Input;
use crate::job::Job;
use crate::report::{error, lossy, say_failures, status};

/// Says what each input is.
pub(crate) fn inspect(job: &Job, is_json: bool) -> ExitCode {
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    let look = |index: usize| -> Result<Inspection, InputError> {
        let mut input = Input::open(&job.inputs[index])?;
        let inspection = input.inspection(&job.recipe(index, None)?)?;
        input.check_size()?;
        Ok(inspection)
    };
    let take = |index: usize, inspection: Result<Inspection, InputError>| {
        let path = job.inputs[index].clone();
        match inspection {
            Ok(inspection) => found.push((path, inspection)),
            Err(cause) => failures.push(Failure::Input { path, cause }),
        }
    };
    in_order(job.inputs.len(), job.run.jobs, Begun::Long, look, take);
    // What cannot be said, since nobody listens, changes nothing.
    let _ = if is_json {
        let files = found.iter().map(|(path, inspection)| {
            let mut file = json!(inspection);
            file["name"] = lossy(path).into();
            file
        });
        let files: Vec<Value> = files.collect();
        let errors: Vec<Value> = failures.iter().map(error).collect();
        writeln!(
            io::stdout(),
            "{}",
            json!({"files": files, "errors": errors})
        )
    } else {
        let texts = found.iter().map(|(path, inspection)| {
            let text = inspection.to_string().replace('\n', "\n  ");
            format!("{}:\n  {text}\n", shown(path, "standard input"))
        });
        let texts: Vec<_> = texts.collect();
        write!(io::stdout(), "{}", texts.join("\n")).and_then(|()| say_failures(&failures))
    };
    let is_damaged = found.iter().any(|(_, found)| found.damage.is_some());
    status(&failures, is_damaged).into()
}

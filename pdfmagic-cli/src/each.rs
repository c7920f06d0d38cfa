//! A PDF for each input.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::convert::{Made, convert, total};
use crate::failure::{Failure, OutputError, is_standard};
use crate::in_order::{Begun, in_order};
use crate::job::{Job, Run};
use crate::progress::Progress;

/// What became of each input.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) made: Vec<Made>,
    pub(crate) failures: Vec<Failure>,
    /// What was there already, and stays.
    pub(crate) kept: Vec<PathBuf>,
}

/// Makes a PDF of each input, beside it or in `folder`. One that fails does not stop the others.
pub(crate) fn convert_each(job: &Job, folder: Option<&Path>) -> Documents {
    let mut documents = Documents::default();
    let outputs = outputs(job, folder);
    let mut progress = Progress::new(!job.run.report.quiet, || total(&job.inputs));
    let begin = |index: usize| match &outputs[index] {
        Ok(output) => Begun::Long((index, output)),
        Err(first) => {
            let cause = OutputError::Twice(job.inputs[*first].clone());
            let path = job.inputs[index].clone();
            Begun::Done((None, vec![Failure::Output { path, cause }]))
        }
    };
    let finish = |(index, output): (usize, &PathBuf)| {
        let one = Job {
            inputs: vec![job.inputs[index].clone()],
            first: job.first + index,
            options: Arc::clone(&job.options),
            base: None,
            // There are as many threads as there may be.
            run: Run {
                jobs: std::num::NonZeroUsize::MIN,
                ..job.run
            },
        };
        convert(&one, output, false)
    };
    let take = |index: usize, (made, failures): (Option<Made>, Vec<Failure>)| {
        let size = total(&job.inputs[index..=index]);
        progress.next(size);
        documents.made.extend(made);
        for failure in failures {
            match failure {
                Failure::Output {
                    path,
                    cause: OutputError::Exists,
                } => documents.kept.push(path),
                failure => documents.failures.push(failure),
            }
        }
    };
    in_order(job.inputs.len(), job.run.jobs, begin, finish, take);
    documents
}

/// Where each PDF goes, or the input whose PDF has that name already.
fn outputs(job: &Job, folder: Option<&Path>) -> Vec<Result<PathBuf, usize>> {
    let mut taken = HashMap::new();
    let outputs = job.inputs.iter().enumerate().map(|(index, input)| {
        if is_standard(input) {
            return Ok(input.clone());
        }
        let mut output = input.with_extension("pdf");
        if let (Some(folder), Some(name)) = (folder, output.file_name()) {
            output = folder.join(name);
        }
        if let Some(&first) = taken.get(&output) {
            return Err(first);
        }
        taken.insert(output.clone(), index);
        Ok(output)
    });
    outputs.collect()
}

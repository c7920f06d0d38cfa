//! Makes a PDF of each input.

use std::collections::HashMap;
use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::convert::{Made, convert, total};
use crate::failure::{Failure, OutputError, is_standard};
use crate::in_order::{Begun, in_order};
use crate::job::{Job, Run};
use crate::progress::Progress;

/// The results of all inputs.
#[derive(Debug, Default)]
pub(crate) struct Documents {
    pub(crate) made: Vec<Made>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) kept: Vec<Kept>,
}

/// An existing PDF that is kept.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) output: PathBuf,
    pub(crate) why: &'static str,
}

/// The result of an input.
enum One {
    Tried(Option<Made>, Vec<Failure>),
    Kept(Kept),
}

/// Makes a PDF of each input, at its output; an input whose output is that of another gets no PDF. An input that fails does
/// not stop the others.
pub(crate) fn convert_each(job: &Job, outputs: &[Result<PathBuf, PathBuf>]) -> Documents {
    let mut documents = Documents::default();
    let mut progress = Progress::new(!job.run.report.quiet, || total(&job.inputs));
    let begin = |index: usize| match &outputs[index] {
        Ok(output) if job.run.keep_going && is_done(&job.inputs[index], output) => {
            let (output, why) = (
                output.clone(),
                "is whole and newer than its JPEG, and is kept",
            );
            Begun::Done(One::Kept(Kept { output, why }))
        }
        Ok(output) => Begun::Long((index, output)),
        Err(first) => {
            let cause = OutputError::Twice(first.clone());
            let path = job.inputs[index].clone();
            Begun::Done(One::Tried(None, vec![Failure::Output { path, cause }]))
        }
    };
    let finish = |(index, output): (usize, &PathBuf)| {
        let one = Job {
            inputs: vec![job.inputs[index].clone()],
            first: job.first + index,
            options: Arc::clone(&job.options),
            base: None,
            // The inputs already use the maximum number of threads.
            run: Run {
                jobs: std::num::NonZeroUsize::MIN,
                ..job.run
            },
        };
        let (made, failures) = convert(&one, output, false);
        One::Tried(made, failures)
    };
    let take = |index: usize, one: One| {
        progress.next(total(&job.inputs[index..=index]));
        let (made, failures) = match one {
            One::Tried(made, failures) => (made, failures),
            One::Kept(kept) => return documents.kept.push(kept),
        };
        documents.made.extend(made);
        for failure in failures {
            match failure {
                Failure::Output {
                    path,
                    cause: OutputError::Exists,
                } => documents.kept.push(Kept {
                    output: path,
                    why: "exists already, and is kept",
                }),
                failure => documents.failures.push(failure),
            }
        }
    };
    in_order(job.inputs.len(), job.run.jobs, begin, finish, take);
    documents
}

/// Whether an earlier run made this PDF from this input: the PDF is newer than the input, and complete.
fn is_done(input: &Path, output: &Path) -> bool {
    const END: &[u8; 6] = b"%%EOF\n";
    let is_done = || -> io::Result<bool> {
        let mut pdf = File::open(output)?;
        let is_newer = pdf.metadata()?.modified()? > fs::metadata(input)?.modified()?;
        let mut ends = [0; END.len()];
        pdf.read_exact(&mut ends)?;
        let is_pdf = ends.starts_with(b"%PDF-");
        pdf.seek(SeekFrom::End(-6))?;
        pdf.read_exact(&mut ends)?;
        Ok(is_newer && is_pdf && &ends == END)
    };
    // An output that cannot be examined is not done.
    is_done().unwrap_or(false)
}

/// Returns where the PDFs of a range of the inputs go. All inputs count, so that two processes with a range each do not write to one
/// PDF: of several inputs with the same PDF, the first has it, and the others get the first.
pub(crate) fn outputs(
    inputs: &[PathBuf],
    range: Range<usize>,
    folder: Option<&Path>,
) -> Vec<Result<PathBuf, PathBuf>> {
    // A map from hashes to indices takes a fifth of the memory of one from paths. With a million inputs, the latter would
    // take about half of the 256 MiB that a pod of the Job has.
    let (mut taken, hasher) = (HashMap::<u64, usize>::new(), RandomState::new());
    let mut outputs = Vec::with_capacity(range.len());
    for (index, input) in inputs.iter().enumerate().take(range.end) {
        let output = output(input, folder);
        let mut first = None;
        if !is_standard(input) {
            let mut hash = hasher.hash_one(&output);
            while let Some(&other) = taken.get(&hash) {
                let other = &inputs[other];
                if output == self::output(other, folder) {
                    first = Some(other);
                    break;
                }
                hash = hash.wrapping_add(1);
            }
            if first.is_none() {
                taken.insert(hash, index);
            }
        }
        if index >= range.start {
            outputs.push(first.map_or(Ok(output), |first| Err(first.clone())));
        }
    }
    outputs
}

fn output(input: &Path, folder: Option<&Path>) -> PathBuf {
    if is_standard(input) {
        return input.to_owned();
    }
    let output = input.with_extension("pdf");
    match (folder, output.file_name()) {
        (Some(folder), Some(name)) => folder.join(name),
        _ => output,
    }
}

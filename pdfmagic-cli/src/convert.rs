//! From inputs to an output, page by page.

use std::io::{self, Write};

use pdfmagic_core::{Document, Notice, Piece};

use crate::args::Job;
use crate::failure::{Failure, InputError, OutputError};
use crate::input::Input;
use crate::output::Output;

/// What was done.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Size of the PDF, in bytes.
    pub(crate) size: u64,
    /// What was odd, input by input.
    pub(crate) notices: Vec<Vec<Notice>>,
}

/// Does the job. Holds the header of one input at a time, whatever their number and size.
pub(crate) fn convert(job: &Job) -> Result<Summary, Failure> {
    let unwritable = |cause: OutputError| Failure::Output {
        path: job.output.clone(),
        cause,
    };
    let mut output = Output::open(&job.output).map_err(unwritable)?;
    if job.inputs.iter().any(|input| output.is(input)) {
        return Err(unwritable(OutputError::IsInput));
    }
    let mut document = Document::new();
    let mut summary = Summary {
        size: 0,
        notices: Vec::with_capacity(job.inputs.len()),
    };
    for path in &job.inputs {
        let unreadable = |cause: InputError| Failure::Input {
            path: path.clone(),
            cause,
        };
        let mut input = Input::open(path).map_err(unreadable)?;
        let page = input
            .page(&job.options, &*job.backend)
            .map_err(unreadable)?;
        summary.notices.push(page.notices().to_vec());
        let pieces = document.push(page);
        let size = pieces.iter().map(Piece::size).sum();
        output
            .reserve(size)
            .map_err(|error| unwritable(error.into()))?;
        summary.size += size;
        for piece in pieces {
            let written =
                write(&piece, &input, &mut output).map_err(|error| unwritable(error.into()))?;
            if written < piece.size() {
                return Err(unreadable(InputError::Shrank));
            }
        }
    }
    let rest = document
        .finish()
        .map_err(|error| unwritable(error.into()))?;
    summary.size += rest.len() as u64;
    output
        .finish(&rest)
        .map_err(|error| unwritable(error.into()))?;
    Ok(summary)
}

/// Returns how much of the piece there was. An error is the output's: reading what was just read hardly ever fails.
fn write(piece: &Piece, input: &Input, output: &mut Output) -> io::Result<u64> {
    match piece {
        Piece::Made(bytes) => output.file.write_all(bytes).map(|()| piece.size()),
        Piece::Input(range) => input.copy(range.clone(), &mut output.file),
    }
}

//! Converts inputs to a PDF, page by page.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::path::{Path, PathBuf};

use pdfmagic_core::{Damage, Document, Notice, Page, Piece};

use crate::failure::{Failure, InputError, OutputError, is_standard};
use crate::in_order::{Begun, in_order};
use crate::input::{Input, same_size};
use crate::job::{Job, Recipe};
use crate::output::{Output, WrittenInPlace};
use crate::progress::Progress;
use crate::same::Same;

/// A finished PDF.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) output: PathBuf,
    /// The size of the PDF, in bytes.
    pub(crate) size: u64,
    pub(crate) pages: usize,
    pub(crate) inputs: Vec<Told>,
    pub(crate) in_place: Option<WrittenInPlace>,
}

impl Made {
    /// Whether a picture in the PDF is damaged.
    pub(crate) fn is_damaged(&self) -> bool {
        self.inputs.iter().any(|told| told.damage.is_some())
    }
}

/// The report about an input.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) path: PathBuf,
    pub(crate) backend: &'static str,
    pub(crate) notices: Vec<Notice>,
    pub(crate) damage: Option<Damage>,
}

/// An input, and the result of its conversion.
struct Pages {
    input: Input,
    all: Vec<Page>,
    backend: &'static str,
}

impl Pages {
    fn new(input: Input, all: Vec<Page>, recipe: &Recipe) -> Self {
        Self {
            input,
            all,
            backend: recipe.backend.name(),
        }
    }
}

/// Makes one PDF of all inputs. Also returns the failures of inputs; if there may be no failures, there is then no PDF.
pub(crate) fn convert(job: &Job, path: &Path, is_shown: bool) -> (Option<Made>, Vec<Failure>) {
    let mut failures = Vec::new();
    let made = Conversion::begin(job, path, is_shown).and_then(|conversion| {
        let made = conversion.run(&mut failures);
        made.map_err(unwritable(path))
    });
    let made = made.unwrap_or_else(|failure| {
        failures.push(failure);
        None
    });
    (made, failures)
}

struct Conversion<'j> {
    job: &'j Job,
    path: &'j Path,
    output: Output,
    document: Document,
    same: Same,
    progress: Progress,
    size: u64,
    pages: usize,
    told: Vec<Told>,
}

impl<'j> Conversion<'j> {
    fn begin(job: &'j Job, path: &'j Path, is_shown: bool) -> Result<Self, Failure> {
        let output = Output::open(path, job.run.overwrite, &job.inputs);
        let mut output = output.map_err(unwritable(path))?;
        if job.run.is_dry {
            output = output.dry();
        }
        let (document, size) = match &job.base {
            None => (Document::with_options(job.options.document()), 0),
            Some(base) => {
                let unreadable = |cause| Failure::Input {
                    path: base.clone(),
                    cause,
                };
                let (document, old, size) = go_on_with(base).map_err(unreadable)?;
                let copied = output.copy(&old, size);
                copied.map_err(|error| unwritable(path)(error.into()))?;
                same_size(&old, size).map_err(unreadable)?;
                (document, size)
            }
        };
        Ok(Self {
            job,
            path,
            output,
            document,
            same: Same::default(),
            progress: Progress::new(is_shown, || total(&job.inputs)),
            size,
            pages: 0,
            told: Vec::with_capacity(job.inputs.len()),
        })
    }

    /// Returns an error of the output. Errors of inputs go to `failures`; unless failed inputs may be left out, the
    /// remaining ones are only checked for further errors.
    fn run(mut self, failures: &mut Vec<Failure>) -> Result<Option<Made>, OutputError> {
        let job = self.job;
        let is_limited = job.options.document().max_pdf_size.is_some();
        let (mut read, all) = if is_limited {
            let (read, all) = sized(&job.inputs);
            (read, Some(all))
        } else {
            (BTreeMap::new(), None)
        };
        let gives_up = Cell::new(false);
        let mut failed_output = None;
        let begin = |index: usize| {
            let input = read
                .remove(&index)
                .unwrap_or_else(|| Input::open(&job.inputs[index]));
            match input.and_then(|input| begin(job, index, input, all, gives_up.get())) {
                Ok(Begun::Done(pages)) => Begun::Done(Ok(pages)),
                Ok(Begun::Long(begun)) => Begun::Long(begun),
                Err(cause) => Begun::Done(Err(cause)),
            }
        };
        let finish = |(mut input, mut recipe): (Input, Recipe)| {
            let pages = input.pages(&mut recipe)?;
            Ok(Pages::new(input, pages, &recipe))
        };
        let take = |index: usize, pages: Result<Pages, InputError>| {
            let written = match pages {
                Ok(_) if gives_up.get() => Ok(()),
                Ok(pages) => self.push(index, pages),
                Err(cause) => {
                    let path = job.inputs[index].clone();
                    failures.push(Failure::Input { path, cause });
                    gives_up.set(gives_up.get() || !job.run.keep_going);
                    Ok(())
                }
            };
            match written {
                Ok(()) => {}
                Err(Cause::Input(cause)) => {
                    // A part of the PDF is already written, and cannot be undone.
                    let path = job.inputs[index].clone();
                    failures.push(Failure::Input { path, cause });
                    gives_up.set(true);
                }
                Err(Cause::Output(cause)) => {
                    gives_up.set(true);
                    failed_output = failed_output.take().or(Some(cause));
                }
            }
        };
        in_order(job.inputs.len(), job.run.jobs, begin, finish, take);
        if let Some(cause) = failed_output {
            return Err(cause);
        }
        if gives_up.get() || self.told.is_empty() {
            return Ok(None);
        }
        self.finish().map(Some)
    }

    /// Writes the pages of an input.
    fn push(&mut self, index: usize, made: Pages) -> Result<(), Cause> {
        let input = &made.input;
        let path = &self.job.inputs[index];
        let first = if self.job.inputs.len() > 1 {
            self.first_same(index, input)
        } else {
            index
        };
        let mut told = Told {
            path: path.clone(),
            backend: made.backend,
            notices: Vec::new(),
            damage: None,
        };
        let name = match path.file_stem() {
            Some(stem) if !is_standard(path) => stem.to_string_lossy(),
            _ => "standard input".into(),
        };
        for (view, page) in made.all.into_iter().enumerate() {
            told.notices.extend(page.notices());
            told.damage = told.damage.or(page.damage());
            let page = page.named(&*name).keyed((first as u64) << 16 | view as u64);
            let pieces = self.document.push(page);
            self.write(input, &pieces)?;
            self.pages += 1;
        }
        input.check_size().map_err(Cause::Input)?;
        self.told.push(told);
        self.progress.next(input.size());
        Ok(())
    }

    fn write(&mut self, input: &Input, pieces: &[Piece]) -> Result<(), Cause> {
        let size: u64 = pieces.iter().map(Piece::size).sum();
        self.size += size;
        if self.output.is_dry() {
            return Ok(());
        }
        self.output.reserve(size).map_err(OutputError::from)?;
        for piece in pieces {
            let written = input.write(piece, &mut self.output.file, &mut self.progress);
            if written.map_err(OutputError::from)? < piece.size() {
                return Err(Cause::Input(InputError::Shrank));
            }
        }
        Ok(())
    }

    /// Returns the index of the first input with the same bytes that becomes the same image.
    fn first_same(&mut self, index: usize, input: &Input) -> usize {
        let Some(sample) = input.sample() else {
            return index;
        };
        let first = self.same.first(index, &self.job.inputs[index], sample);
        let options = |index: usize| {
            let number = self.job.first + index;
            let (_, image) = self.job.options.page(number);
            (image, self.job.options.input(number))
        };
        if options(first) == options(index) {
            first
        } else {
            index
        }
    }

    fn finish(self) -> Result<Made, OutputError> {
        let rest = self.document.finish()?;
        let in_place = self.output.finish(&rest, self.job.run.overwrite)?;
        Ok(Made {
            output: self.path.to_owned(),
            size: self.size + rest.len() as u64,
            pages: self.pages,
            inputs: self.told,
            in_place,
        })
    }
}

/// Returns a function that attributes errors to the output at this path.
fn unwritable(path: &Path) -> impl Fn(OutputError) -> Failure {
    |cause| Failure::Output {
        path: path.to_owned(),
        cause,
    }
}

enum Cause {
    Input(InputError),
    Output(OutputError),
}

impl From<OutputError> for Cause {
    fn from(cause: OutputError) -> Self {
        Self::Output(cause)
    }
}

/// Makes the pages of an input if that is fast. `all` is the size of all inputs, in bytes, if the PDF has a maximum.
fn begin(
    job: &Job,
    index: usize,
    mut input: Input,
    all: Option<u64>,
    only_checks: bool,
) -> Result<Begun<(Input, Recipe), Pages>, InputError> {
    let sizes = all.map(|all| (input.size(), all));
    let mut recipe = job.recipe(index, sizes)?;
    if only_checks {
        input.check(&mut recipe)?;
        return Ok(Begun::Done(Pages::new(input, Vec::new(), &recipe)));
    }
    Ok(match input.try_pages(&mut recipe)? {
        Some(pages) => Begun::Done(Pages::new(input, pages, &recipe)),
        None => Begun::Long((input, recipe)),
    })
}

/// Returns a document that continues an existing one, a file with the existing one, and its size in bytes.
fn go_on_with(base: &Path) -> Result<(Document, File, u64), InputError> {
    let mut file = File::open(base)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let document = Document::after(&bytes)?;
    file.rewind()?;
    Ok((document, file, bytes.len() as u64))
}

/// Reads the inputs whose size is not known before, such as pipes. Returns them by index, and the total size of all
/// inputs, in bytes.
fn sized(inputs: &[PathBuf]) -> (BTreeMap<usize, Result<Input, InputError>>, u64) {
    let (mut read, mut all) = (BTreeMap::new(), 0);
    for (index, path) in inputs.iter().enumerate() {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_file() && !is_standard(path) => all += metadata.len(),
            _ => {
                let input = Input::open(path);
                all += input.as_ref().map_or(0, Input::size);
                read.insert(index, input);
            }
        }
    }
    (read, all)
}

/// Returns the total size of the inputs whose size is known, in bytes.
pub(crate) fn total(inputs: &[PathBuf]) -> u64 {
    let sizes = inputs.iter().filter_map(|path| fs::metadata(path).ok());
    sizes.map(|metadata| metadata.len()).sum()
}

//! The work to be done.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use pdfmagic_core::{Backend, ConversionOptions, Error, Limits, OptionError, Options, Resource};

use crate::output::Overwrite;

/// Inputs, and how they become PDFs.
#[derive(Debug)]
pub(crate) struct Job {
    /// At least one path; `-` is standard input.
    pub(crate) inputs: Vec<PathBuf>,
    /// The index of the first input among all inputs of the command line.
    pub(crate) first: usize,
    pub(crate) options: Arc<ConversionOptions>,
    /// The existing PDF to which pages are added; `None` for a new PDF.
    pub(crate) base: Option<PathBuf>,
    pub(crate) run: Run,
}

/// The way in which a job is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// The maximum number of threads, and of images in memory.
    pub(crate) jobs: NonZeroUsize,
    /// The maximum memory for an image, including its input, in bytes. `None` for the library's limit, which excludes the
    /// input.
    pub(crate) memory: Option<u64>,
    pub(crate) keep_going: bool,
    pub(crate) is_dry: bool,
    pub(crate) overwrite: Overwrite,
    pub(crate) report: Reporting,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            jobs: NonZeroUsize::MIN,
            memory: None,
            keep_going: false,
            is_dry: false,
            overwrite: Overwrite::AllButImages,
            report: Reporting::default(),
        }
    }
}

/// The way in which a job is reported.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reporting {
    pub(crate) quiet: bool,
    pub(crate) json: bool,
}

/// The options with which an input becomes pages.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) options: Options,
    pub(crate) backend: Box<dyn Backend>,
    memory: Option<u64>,
}

impl Recipe {
    /// Limits the memory to what is left beside `input` bytes of the input.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] if the input alone is over the limit.
    pub(crate) fn leave_room(&mut self, input: u64) -> Result<(), Error> {
        let Some(memory) = self.memory else {
            return Ok(());
        };
        let left = memory.checked_sub(input).ok_or(Error::Limit {
            what: Resource::Memory,
            actual: input,
            max: memory,
        })?;
        self.options.limits.max_memory = Limits::default().max_memory.min(left);
        Ok(())
    }
}

impl Job {
    /// Returns the options for an input, by its index in this job. `size` is the size of this input and of all inputs,
    /// in bytes.
    pub(crate) fn recipe(
        &self,
        index: usize,
        size: Option<(u64, u64)>,
    ) -> Result<Recipe, OptionError> {
        let number = self.first + index;
        let (page, image) = self.options.page(number);
        let mut image = image.clone();
        if let Some((size, all)) = size
            && let Some(share) = self.options.document().share(size, self.inputs.len(), all)
        {
            image.max_size = Some(image.max_size.map_or(share, |max| max.min(share)));
        }
        let mut options = Options::default();
        options.page = page.clone();
        options.input = self.options.input(number);
        options.conformance = self.options.document().conformance()?;
        Ok(Recipe {
            options,
            backend: image.backend()?,
            memory: self.run.memory,
        })
    }
}

//! The work to be done.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use pdfmagic_core::{Backend, ConversionOptions, OptionError, Options};

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
    pub(crate) keep_going: bool,
    pub(crate) is_dry: bool,
    pub(crate) overwrite: Overwrite,
    pub(crate) report: Reporting,
}

impl Default for Run {
    fn default() -> Self {
        Self {
            jobs: NonZeroUsize::MIN,
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
        })
    }
}

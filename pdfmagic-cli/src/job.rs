//! What is to be done.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use pdfmagic_core::{Backend, ConversionOptions, OptionError, Options};

use crate::output::Overwrite;

/// Inputs, and how they become PDFs.
#[derive(Debug)]
pub(crate) struct Job {
    /// At least one; `-` is standard input.
    pub(crate) inputs: Vec<PathBuf>,
    /// The number that the first input has among all inputs of the command line.
    pub(crate) first: usize,
    pub(crate) options: Arc<ConversionOptions>,
    /// The PDF that pages are added to, if that is not a new one.
    pub(crate) base: Option<PathBuf>,
    pub(crate) run: Run,
}

/// How a job is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Run {
    /// Threads, and images in memory.
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

/// What is said of a job.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Reporting {
    pub(crate) quiet: bool,
    pub(crate) json: bool,
}

/// How an input becomes pages.
#[derive(Debug)]
pub(crate) struct Recipe {
    pub(crate) options: Options,
    pub(crate) backend: Box<dyn Backend>,
}

impl Job {
    /// How an input becomes pages, by its place among those of this job. `size` is that of the input and of all inputs, in
    /// bytes.
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

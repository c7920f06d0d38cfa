//! How a file becomes pages.

use pdfmagic_core::{Backend, BackendName, ConversionOptions, OptionError, Options};

/// How a file becomes pages.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) options: Options,
    pub(super) backend: Box<dyn Backend>,
    /// Whether an option is lossy, though no backend was named that is.
    pub(super) implies_loss: bool,
}

impl Recipe {
    /// How a file becomes pages, by its number, counted from 0. `sizes` are those of all files, in bytes.
    pub(super) fn new(
        all: &ConversionOptions,
        index: usize,
        sizes: &[u64],
    ) -> Result<Self, OptionError> {
        let (page, image) = all.page(index);
        let mut image = image.clone();
        let total = sizes.iter().sum();
        if let Some(share) = all.document().share(sizes[index], sizes.len(), total) {
            image.max_size = Some(image.max_size.map_or(share, |max| max.min(share)));
        }
        let mut options = Options::default();
        options.page = page.clone();
        options.input = all.input(index);
        options.conformance = all.document().conformance()?;
        let backend = image.backend()?;
        let is_lossy = backend.name() == BackendName::Reencode.to_string();
        Ok(Self {
            options,
            backend,
            implies_loss: is_lossy && image.backend != BackendName::Reencode,
        })
    }
}

//! The options with which a file becomes pages.

use pdfmagic_core::{Backend, BackendName, ConversionOptions, OptionError, Options};

/// The options with which a file becomes pages.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) options: Options,
    pub(super) backend: Box<dyn Backend>,
    /// Whether an option is lossy, although no lossy backend was named.
    pub(super) implies_loss: bool,
}

impl Recipe {
    /// Returns the options for a file, by its index from 0. `sizes` are the sizes of all files, in bytes.
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

//! How a file becomes pages.

use pdfmagic_core::{Backend, ConversionOptions, OptionError, Options};

/// How a file becomes pages.
#[derive(Debug)]
pub(super) struct Recipe {
    pub(super) options: Options,
    pub(super) backend: Box<dyn Backend>,
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
        Ok(Self {
            options,
            backend: image.backend()?,
        })
    }
}

//! One page that shows one image.

use crate::backend::{Backend, ImageXObject};
use crate::error::Error;
use crate::geometry::Placement;
use crate::jpeg::{Jpeg, Source};
use crate::notice::Notice;
use crate::options::Options;

/// One page showing one image, to be pushed into a [`Document`](crate::Document).
#[derive(Debug, Clone)]
pub struct Page {
    pub(crate) image: ImageXObject,
    pub(crate) placement: Placement,
    pub(crate) notices: Vec<Notice>,
}

impl Page {
    /// Makes a page from a JPEG. Pages do not depend on each other, so that they can be made in parallel.
    ///
    /// # Errors
    ///
    /// As [`Jpeg::parse`] and [`Backend::image`].
    pub fn from_jpeg<'a>(
        source: impl Into<Source<'a>>,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Self, Error> {
        let jpeg = Jpeg::parse(source, &options.limits)?;
        Self::new(&jpeg, options, backend)
    }

    /// Makes a page from a JPEG whose header has been read.
    ///
    /// # Errors
    ///
    /// As [`Backend::image`]; [`Error::Option`] for a layout that cannot be.
    pub fn new(jpeg: &Jpeg<'_>, options: &Options, backend: &dyn Backend) -> Result<Self, Error> {
        let image = backend.image(jpeg, &options.limits)?;
        let placement = Placement::plan(jpeg, &options.page)?;
        let mut notices = [jpeg.notices(), &image.notices].concat();
        if placement.is_enlarged {
            notices.push(Notice::PageEnlarged);
        }
        Ok(Self {
            image,
            placement,
            notices,
        })
    }

    /// What was odd about the input, and what was done about it.
    #[must_use]
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }
}

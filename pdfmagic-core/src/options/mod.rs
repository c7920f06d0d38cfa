//! What a caller may choose, each option declared once: names, help and descriptions everywhere come from here.

mod border;
mod document;
mod image;
mod page;
#[cfg(feature = "serde")]
mod settings;
mod size;

pub use border::Border;
pub use document::{DocumentOptions, Language, Magnification, PageLayout, Panes};
pub use image::{BackendName, ImageOptions};
pub use page::{Anchor, Fit, PageOptions, Rotation};
#[cfg(feature = "serde")]
pub use settings::{ConversionOptions, Settings};
pub use size::{Extent, ImageSize, PageSize};

use crate::limits::Limits;

/// How a page is laid out, and what input is refused.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// How the page is laid out.
    pub page: PageOptions,
    /// Limits on the input. Default: see [`Limits`].
    pub limits: Limits,
}

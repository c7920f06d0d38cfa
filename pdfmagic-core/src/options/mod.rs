//! The options that a caller can set. Each is declared once: all names, help texts and descriptions come from here.

mod archive;
mod border;
mod document;
#[cfg(feature = "serde")]
mod from_text;
mod image;
mod input;
mod page;
#[cfg(feature = "serde")]
mod settings;
mod size;

pub use archive::{OutputIntent, PdfA};
pub use border::Border;
pub(crate) use document::Zoom;
pub use document::{DocumentOptions, Language, Magnification, PageLayout, Panes};
pub use image::{BackendName, ImageOptions};
pub use input::{CmykPolarity, Frames, InputOptions, Metadata, OnDamage};
pub use page::{Anchor, Fit, PageOptions, Rotation};
#[cfg(feature = "serde")]
pub use settings::{ConversionOptions, Settings};
pub use size::{Extent, ImageSize, PageSize};

use crate::conformance::Conformance;
use crate::limits::Limits;

/// How a page is made from a JPEG, and the limits on the input.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// How the JPEG is read, and which parts of it go into the PDF.
    pub input: InputOptions,
    /// How the page is laid out.
    pub page: PageOptions,
    /// The standards to conform to, from the [options of the document](DocumentOptions::conformance). Default: none.
    pub conformance: Conformance,
    /// Limits on the input. Default: see [`Limits`].
    pub limits: Limits,
}

//! JPEG in, PDF out.
//!
//! ```text
//! Source ─ Jpeg::parse ─▶ Jpeg ─ Backend::image ─▶ ImageXObject ─┐
//!            │                                                   ├─▶ Page ─ Document::push ─▶ Piece, Piece, …
//!            └─────────── Placement::plan ─▶ Placement ──────────┘
//! ```
//!
//! One JPEG becomes one page as large as the picture, upright, in its own colors:
//!
//! ```no_run
//! let jpeg = std::fs::read("photo.jpg")?;
//! std::fs::write("photo.pdf", pdfmagic_core::jpeg_to_pdf(&jpeg)?)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The core does no I/O. A PDF comes out as [`Piece`]s: bytes made here, and ranges of the input that the
//! caller sends on as it likes: from memory without a copy, from file to file, or as they arrive. Several
//! pages, each from its own input:
//!
//! ```
//! use pdfmagic_core::{Document, Error, Options, Page, Passthrough};
//!
//! fn album(photos: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
//!     let mut document = Document::new();
//!     let mut pdf = Vec::new();
//!     for photo in photos {
//!         let page = Page::from_jpeg(photo, &Options::default(), &Passthrough)?;
//!         for notice in page.notices() {
//!             eprintln!("note: {notice}");
//!         }
//!         for piece in document.push(page) {
//!             pdf.extend_from_slice(piece.bytes(photo));
//!         }
//!     }
//!     pdf.extend_from_slice(&document.finish()?);
//!     Ok(pdf)
//! }
//! # assert!(matches!(album(&[]), Err(Error::NoPages)));
//! ```
//!
//! # Features
//!
//! `lopdf`: takes JPEGs out of PDFs, and adds pages to them. `clap`, `serde` and `utoipa`: the options as arguments, by name,
//! and as OpenAPI describes them.
//!
//! `reencode` (default): the [`Reencode`](backend::Reencode) backend, which decodes and encodes anew.

mod amount;
#[cfg(feature = "lopdf")]
mod append;
pub mod backend;
mod catalog;
#[cfg_attr(
    not(feature = "reencode"),
    expect(
        dead_code,
        unused_imports,
        reason = "requantizing and shrinking serve that backend alone"
    )
)]
mod coding;
mod damage;
mod date;
mod density;
mod document;
mod error;
#[cfg(feature = "lopdf")]
mod existing;
#[cfg(feature = "lopdf")]
mod extract;
mod file_kind;
pub mod geometry;
pub mod jpeg;
mod length;
mod limits;
mod metadata;
mod notice;
mod objects;
mod options;
mod page;
mod pdf;
mod piece;
mod profile;
mod quality;
mod streamed;
mod value;

pub use amount::Amount;
#[cfg(feature = "reencode")]
pub use backend::Reencode;
pub use backend::{Auto, Backend, Needs, Passthrough, Transcode};
pub use damage::{Damage, DamageKind, Sound};
pub use date::Date;
pub use density::Density;
pub use document::Document;
pub use error::{Error, Feature, Resource};
#[cfg(feature = "lopdf")]
pub use existing::PdfError;
#[cfg(feature = "lopdf")]
pub use extract::{ExtractedJpeg, extract_jpegs};
pub use file_kind::{FileKind, Start};
pub use jpeg::{Jpeg, Source};
pub use limits::Limits;
pub use notice::{Notice, Trailing, TrailingKind};
pub use options::{
    Anchor, BackendName, Border, CmykPolarity, DocumentOptions, Extent, Fit, Frames, ImageOptions,
    ImageSize, InputOptions, Language, Magnification, Metadata, OnDamage, Options, PageLayout,
    PageOptions, PageSize, Panes, Rotation,
};
#[cfg(feature = "serde")]
pub use options::{ConversionOptions, Settings};
pub use page::Page;
pub use piece::Piece;
pub use quality::Quality;
pub use streamed::Streamed;
pub use value::{OptionError, ValueError};

/// Converts one JPEG to a one-page PDF, without loss.
///
/// ```
/// # let photo = include_bytes!("../tests/corpus/gray.jpg");
/// let pdf = pdfmagic_core::jpeg_to_pdf(photo)?;
/// assert!(pdf.starts_with(b"%PDF-1.7"));
/// # Ok::<(), pdfmagic_core::Error>(())
/// ```
///
/// # Errors
///
/// As [`Page::from_jpeg`] with [`Auto`].
pub fn jpeg_to_pdf(jpeg: &[u8]) -> Result<Vec<u8>, Error> {
    let page = Page::from_jpeg(jpeg, &Options::default(), &Auto)?;
    let mut document = Document::new();
    let mut pdf = Vec::with_capacity(jpeg.len() + 2048);
    for piece in document.push(page) {
        pdf.extend_from_slice(piece.bytes(jpeg));
    }
    pdf.extend_from_slice(&document.finish()?);
    Ok(pdf)
}

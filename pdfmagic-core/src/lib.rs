//! JPEG in, PDF out.
//!
//! ```text
//! Source ─ Jpeg::parse ─▶ Jpeg ─ Backend::image ─▶ ImageXObject ─┐
//!            │                                                   ├─▶ Page ─ Document::push ─▶ Piece, Piece, …
//!            └─────────── Placement::plan ─▶ Placement ──────────┘
//! ```
//!
//! The core does no I/O. A PDF comes out as pieces: bytes made here, and ranges of the input that the
//! caller sends on as it likes: from memory without a copy, from file to file, or as they arrive.

pub mod backend;
mod document;
mod error;
pub mod geometry;
pub mod jpeg;
mod notice;
mod options;
mod pdf;

pub use backend::{Backend, Passthrough};
pub use document::{Document, Page};
pub use error::{Error, Resource};
pub use jpeg::{Jpeg, Source};
pub use notice::Notice;
pub use options::{Limits, Options};
pub use pdf::Piece;

/// Converts one JPEG to a one-page PDF, embedding the compressed data as it is.
///
/// # Errors
///
/// See [`Error`].
pub fn jpeg_to_pdf(jpeg: &[u8]) -> Result<Vec<u8>, Error> {
    let page = Page::from_jpeg(jpeg, &Options::default(), &Passthrough)?;
    let mut document = Document::new();
    let mut pdf = Vec::with_capacity(jpeg.len() + 2048);
    for piece in document.push(page) {
        pdf.extend_from_slice(piece.bytes(jpeg));
    }
    pdf.extend_from_slice(&document.finish()?);
    Ok(pdf)
}

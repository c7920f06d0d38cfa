//! JPEG in, PDF out: each JPEG becomes a page of its own size, upright and in its own colors.
//!
//! # What to call
//!
//! [`jpeg_to_pdf`] converts one JPEG in memory, without loss:
//!
//! ```
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! # std::fs::write("photo.jpg", include_bytes!("../tests/corpus/gray.jpg"))?;
//! let jpeg = std::fs::read("photo.jpg")?;
//! std::fs::write("photo.pdf", pdfmagic_core::jpeg_to_pdf(&jpeg)?)?;
//! # assert!(std::fs::read("photo.pdf")?.starts_with(b"%PDF-"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A [`Document`] has any number of pages. It holds a few bytes for each, so an album needs the memory of one photo.
//! [`Options`] control how pages are made, a backend decides how the image data is embedded, and
//! [notices](Page::notices) report anything unusual in a JPEG:
//!
//! ```
//! use std::fs::{self, File};
//! use std::io::{BufWriter, Write};
//!
//! use pdfmagic_core::{Auto, Document, Options, Page};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! # fs::write("one.jpg", include_bytes!("../tests/corpus/gray.jpg"))?;
//! # fs::write("two.jpg", include_bytes!("../tests/corpus/ycbcr_420.jpg"))?;
//! let mut options = Options::default();
//! options.page.pagesize = Some("A4".parse()?);
//! options.page.border = Some("1cm".parse()?);
//!
//! let mut pdf = BufWriter::new(File::create("album.pdf")?);
//! let mut document = Document::new();
//! for path in ["one.jpg", "two.jpg"] {
//!     let photo = fs::read(path)?;
//!     let page = Page::from_jpeg(&photo, &options, &Auto)?;
//!     for notice in page.notices() {
//!         eprintln!("{path}: note: {notice}");
//!     }
//!     document.write_page(page, &photo, &mut pdf)?;
//! }
//! document.finish_into(&mut pdf)?;
//! pdf.flush()?;
//! # assert!(fs::read("album.pdf")?.ends_with(b"%%EOF\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Streamed`] sends a PDF while its JPEG is still arriving, and needs memory only for the JPEG's header:
//!
//! ```
//! use std::fs::File;
//! use std::io::{Read, Write};
//!
//! use pdfmagic_core::{Options, Streamed};
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! # std::fs::write("photo.jpg", include_bytes!("../tests/corpus/ycbcr_420.jpg"))?;
//! // Any reader and writer will do: sockets, or pipes.
//! let (mut jpeg, mut pdf) = (File::open("photo.jpg")?, File::create("photo.pdf")?);
//!
//! // Few headers are longer. If this is not enough, `begin` fails with `Error::NeedsInput`.
//! let mut chunk = Vec::new();
//! (&mut jpeg).take(64 << 10).read_to_end(&mut chunk)?;
//! let (mut streamed, pieces) = Streamed::begin(&chunk, &Options::default())?;
//! for piece in pieces {
//!     pdf.write_all(piece.bytes(&chunk))?;
//! }
//! chunk.drain(..streamed.rest());
//! while !chunk.is_empty() {
//!     pdf.write_all(&chunk[..streamed.pass(&chunk)])?;
//!     chunk.clear();
//!     (&mut jpeg).take(64 << 10).read_to_end(&mut chunk)?;
//! }
//! pdf.write_all(&streamed.end()?)?;
//! # assert!(std::fs::read("photo.pdf")?.ends_with(b"%%EOF\n"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Which backend to choose
//!
//! | backend | image data | loss |
//! |---|---|---|
//! | [`Auto`] | embedded as it is where PDF allows it; otherwise transcoded, or decoded to samples | none |
//! | [`Passthrough`] | embedded as it is; an error if PDF does not allow that | none |
//! | [`Transcode`] | the same coefficients with another entropy coding, nearly always smaller | none |
//! | [`Reencode`] | fewer bytes: a lower quality, fewer pixels, or gray | as requested |
//!
//! Use [`Auto`] unless you have a reason not to. For undamaged images, only [`Reencode`] is lossy.
//!
//! # How it works
//!
//! ```text
//! Source ─ Jpeg::parse ─▶ Jpeg ─ Backend::image ─▶ ImageXObject ─┐
//!            │                                                   ├─▶ Page
//!            └─────────── Placement::plan ─▶ Placement ──────────┘    │
//!                                     Piece, Piece, … ◀─ Document::push
//! ```
//!
//! This crate does no I/O. A PDF is returned as [`Piece`]s: new bytes, and ranges of the input. If the input is in
//! memory, [`Document::write_page`] writes them. Otherwise, forward the ranges in the cheapest way: the kernel can copy
//! them from file to file, and a server can send slices of a request. For [`Passthrough`], [`Source::Ends`] is enough:
//! it has only the header and the last bytes.
//!
//! The same input gives the same bytes, on every machine. There is no `unsafe` code, and no access to the clock or the
//! environment. [`Limits`] limit the memory and the time that an input may take.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `reencode` (default) | the backend [`Reencode`], with libraries that decode, scale and encode samples |
//! | `lopdf` | [`extract_jpegs`], and adding pages to an existing PDF |
//! | `clap` | options as command-line arguments |
//! | `serde` | options by name, from queries, forms and JSON |
//! | `utoipa` | options as OpenAPI describes them |
//!
#![cfg_attr(not(feature = "reencode"), doc = "[`Reencode`]: #features")]
#![cfg_attr(not(feature = "lopdf"), doc = "[`extract_jpegs`]: #features")]
#![doc = ""]
#![doc = include_str!("../codes.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod amount;
#[cfg(feature = "lopdf")]
mod append;
pub mod backend;
mod catalog;
mod codes;
#[cfg_attr(
    not(feature = "reencode"),
    expect(
        dead_code,
        unused_imports,
        reason = "only that backend requantizes and shrinks"
    )
)]
mod coding;
mod conformance;
mod conforming;
mod damage;
mod date;
mod density;
mod document;
mod error;
#[cfg(feature = "lopdf")]
mod existing;
#[cfg(feature = "lopdf")]
mod extract;
mod extras;
mod file_kind;
mod fingerprint;
pub mod geometry;
mod inspect;
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
mod standard;
mod streamed;
mod structure;
mod value;

pub use amount::Amount;
#[cfg(feature = "reencode")]
pub use backend::Reencode;
pub use backend::{Auto, Backend, Needs, Passthrough, Transcode};
pub use codes::{error_codes, notice_codes};
pub use conformance::Conformance;
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
pub use inspect::{DamageFound, Inspection, NoticeFound, PageFound, TrailingFound};
pub use jpeg::{Jpeg, Source};
pub use limits::{CancelFlag, Limits};
pub use notice::{Notice, Trailing, TrailingKind};
pub use options::{
    Anchor, BackendName, Border, CmykPolarity, DocumentOptions, Extent, Fit, Frames, ImageOptions,
    ImageSize, InputOptions, Language, Magnification, Metadata, OnDamage, Options, OutputIntent,
    PageLayout, PageOptions, PageSize, Panes, PdfA, Rotation,
};
#[cfg(feature = "serde")]
pub use options::{ConversionOptions, Settings};
pub use page::Page;
pub use piece::Piece;
pub use quality::Quality;
pub use standard::{Nonconformance, Requirement, Standard};
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
/// The same as those of [`Page::from_jpeg`] with [`Auto`].
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

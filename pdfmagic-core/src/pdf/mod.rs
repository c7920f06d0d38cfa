//! PDF file structure: header, body, cross-references, trailer (ISO 32000-1, 7.5). It knows nothing about JPEG.

mod cross_references;
mod text;
mod writer;

pub(crate) use text::{Hexadecimal, Text, TextString, Token};
#[cfg(feature = "lopdf")]
pub(crate) use writer::Previous;
pub(crate) use writer::{Open, Ref, Writer};

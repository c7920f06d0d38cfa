//! The pieces that make up a PDF.

use std::ops::Range;

/// A part of a PDF.
///
/// The pieces of a page refer to the input of that page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// New bytes: syntax, repaired segments, re-encoded data.
    Made(Vec<u8>),
    /// A range of the input, in bytes, unchanged.
    Input(Range<u64>),
}

impl Piece {
    /// The size, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Made(bytes) => bytes.len() as u64,
            Self::Input(range) => range.end - range.start,
        }
    }

    /// Moves a range of the input by `offset`, in bytes.
    pub(crate) fn shift(&mut self, offset: u64) {
        if let Self::Input(range) = self {
            *range = range.start + offset..range.end + offset;
        }
    }

    /// Returns the bytes. `input` is the whole input of the page.
    ///
    /// # Panics
    ///
    /// If `input` is shorter than the input that the page was made from. Another input that is long enough gives wrong bytes.
    #[must_use]
    pub fn bytes<'a>(&'a self, input: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Made(bytes) => bytes,
            Self::Input(range) => {
                let at = |n| usize::try_from(n).expect("the input is in memory");
                &input[at(range.start)..at(range.end)]
            }
        }
    }
}

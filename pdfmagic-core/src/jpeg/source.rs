//! The parts of an input that the caller has.

use std::ops::Range;

use super::segment;
use crate::error::Error;

/// One JPEG file, or parts of it.
///
/// A header fits into the first few kilobytes, and apart from it passthrough reads only the last bytes. So a caller
/// that can forward a range of a file or of a request by other means need not hold the whole file. Slow work, which is
/// decoding, is done only with [`Whole`](Self::Whole).
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// The whole file.
    Whole(&'a [u8]),
    /// The beginning and the end of the file.
    Ends {
        /// The first bytes.
        head: &'a [u8],
        /// The last bytes: 8 suffice to check the end.
        tail: &'a [u8],
        /// The size of the whole file, in bytes.
        size: u64,
    },
    /// The head, the last bytes, and the ranges that [`Error::NeedsInput`] asked for.
    Parts {
        /// The offset of each part in the input, in bytes, and its contents.
        parts: &'a [(u64, &'a [u8])],
        /// The size of the whole file, in bytes.
        size: u64,
    },
}

impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for Source<'a> {
    fn from(bytes: &'a T) -> Self {
        Self::Whole(bytes.as_ref())
    }
}

/// The factor by which more of the head is requested each time. The size of a header is unknown before its end.
const HEAD_GROWS_BY: u64 = 4;

impl<'a> Source<'a> {
    pub(super) fn head(self) -> &'a [u8] {
        self.from(0)
    }

    /// Returns the last bytes, of any number; empty if there are none.
    pub(super) fn tail(self) -> &'a [u8] {
        match self {
            Self::Whole(bytes) | Self::Ends { tail: bytes, .. } => bytes,
            Self::Parts { parts, size } => {
                let is_last = |part: &&(u64, &[u8])| part.0 + part.1.len() as u64 == size;
                parts.iter().find(is_last).map_or(&[], |part| part.1)
            }
        }
    }

    pub(super) fn size(self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Ends { size, .. } | Self::Parts { size, .. } => size,
        }
    }

    /// Returns the available bytes from this offset on.
    pub(super) fn from(self, at: u64) -> &'a [u8] {
        let after = |&(start, part): &(u64, &'a [u8])| {
            let skipped = usize::try_from(at.checked_sub(start)?).ok()?;
            part.get(skipped..)
        };
        match self {
            Self::Whole(bytes) => after(&(0, bytes)),
            Self::Ends { head, tail, size } => {
                let parts = [(0, head), (size.saturating_sub(tail.len() as u64), tail)];
                parts.iter().filter_map(after).max_by_key(|part| part.len())
            }
            Self::Parts { parts, .. } => {
                parts.iter().filter_map(after).max_by_key(|part| part.len())
            }
        }
        .unwrap_or_default()
    }

    /// Returns the whole input in order to search it; otherwise `reason` says why it is needed.
    pub(super) fn all(self, reason: &'static str) -> Result<&'a [u8], Error> {
        let head = self.head();
        if head.len() as u64 == self.size() {
            return Ok(head);
        }
        Err(self.needed(0..self.size(), reason))
    }

    /// Returns the whole input in order to decode it.
    pub(super) fn whole(self) -> Result<&'a [u8], Error> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            _ => Err(self.needed(0..self.size(), "all of its image data must be decoded")),
        }
    }

    /// The error that asks for a range of the input, and says why.
    pub(super) fn needed(self, wanted: Range<u64>, reason: &'static str) -> Error {
        Error::NeedsInput {
            wanted: wanted.start..wanted.end.min(self.size()),
            reason,
        }
    }

    /// Converts a parser error into a request for more input, if the error is due to missing input.
    pub(super) fn short(self, error: Error) -> Error {
        let wanted = match error {
            Error::Truncated { .. } => self.size(),
            Error::NotJpeg(_) => self.size().min(segment::SOI_REACH as u64),
            _ => 0,
        };
        let given = self.head().len() as u64;
        if given < wanted {
            let least = segment::SOI_REACH as u64;
            let enough = given.saturating_mul(HEAD_GROWS_BY).max(least);
            return self.needed(0..enough, "its header continues");
        }
        error
    }
}

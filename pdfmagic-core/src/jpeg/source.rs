//! What the caller has of an input.

use std::ops::Range;

use super::segment;
use crate::error::Error;

/// One JPEG file, or parts of it.
///
/// A header fits into the first few kilobytes, and passthrough looks at nothing else but the last bytes.
/// So a caller that can send a range of a file or of a request on by itself need not hold all of it. What takes time, which
/// is to decode, is done only with [`Whole`](Self::Whole).
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// How it begins and how it ends.
    Ends {
        /// The first bytes.
        head: &'a [u8],
        /// The last bytes: 8 tell all that there is to know of the end.
        tail: &'a [u8],
        /// Size of all of it, in bytes.
        size: u64,
    },
    /// Its head, its last bytes, and what else was asked for by [`Error::NeedsInput`].
    Parts {
        /// Where each part begins in the input, in bytes, and the part.
        parts: &'a [(u64, &'a [u8])],
        /// Size of all of it, in bytes.
        size: u64,
    },
}

impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for Source<'a> {
    fn from(bytes: &'a T) -> Self {
        Self::Whole(bytes.as_ref())
    }
}

/// The header tells how long it is only at its end.
const HEAD_GROWS_BY: u64 = 4;

impl<'a> Source<'a> {
    pub(super) fn head(self) -> &'a [u8] {
        self.from(0)
    }

    /// The last bytes: some, if there are any.
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

    /// What there is from this place on, in bytes.
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

    /// All of it, which is needed for this reason, to find something in it.
    pub(super) fn all(self, reason: &'static str) -> Result<&'a [u8], Error> {
        let head = self.head();
        if head.len() as u64 == self.size() {
            return Ok(head);
        }
        Err(self.needed(0..self.size(), reason))
    }

    /// All of it, to be decoded.
    pub(super) fn whole(self) -> Result<&'a [u8], Error> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            _ => Err(self.needed(0..self.size(), "all of its image data must be decoded")),
        }
    }

    /// That a part of it is needed, for this reason.
    pub(super) fn needed(self, wanted: Range<u64>, reason: &'static str) -> Error {
        Error::NeedsInput {
            wanted: wanted.start..wanted.end.min(self.size()),
            reason,
        }
    }

    /// What stopped the parser: the input, or that it was given too little of it.
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
            return self.needed(0..enough, "its header goes on");
        }
        error
    }
}

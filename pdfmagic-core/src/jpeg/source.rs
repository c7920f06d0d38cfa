//! What the caller has of an input.

use super::segment;
use crate::error::Error;

/// One JPEG file, or its ends.
///
/// A header fits into the first few kilobytes, and passthrough looks at nothing else but the last bytes.
/// So a caller that can send a range of a file or of a request on by itself need not hold all of it.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// All of it.
    Whole(&'a [u8]),
    /// How it begins and how it ends.
    Ends {
        /// The first bytes.
        head: &'a [u8],
        /// The last bytes.
        tail: &'a [u8],
        /// Size of all of it, in bytes.
        size: u64,
    },
}

impl<'a, T: AsRef<[u8]> + ?Sized> From<&'a T> for Source<'a> {
    fn from(bytes: &'a T) -> Self {
        Self::Whole(bytes.as_ref())
    }
}

impl<'a> Source<'a> {
    pub(super) fn head(self) -> &'a [u8] {
        match self {
            Self::Whole(bytes) | Self::Ends { head: bytes, .. } => bytes,
        }
    }

    pub(super) fn tail(self) -> &'a [u8] {
        match self {
            Self::Whole(bytes) | Self::Ends { tail: bytes, .. } => bytes,
        }
    }

    pub(super) fn size(self) -> u64 {
        match self {
            Self::Whole(bytes) => bytes.len() as u64,
            Self::Ends { size, .. } => size,
        }
    }

    pub(super) fn whole(self) -> Result<&'a [u8], Error> {
        match self {
            Self::Whole(bytes) => Ok(bytes),
            Self::Ends { head, .. } => Err(Error::NeedsInput {
                given: head.len() as u64,
            }),
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
            return Error::NeedsInput { given };
        }
        error
    }
}

//! What is wrong with coded data, and where.

use crate::error::Error;
use crate::jpeg::ScanHeader;

/// What is wrong with an MCU.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// Bits that are no code, or a category that is none.
    Code,
    /// A run that leaves the block or the band.
    Run,
    /// A DC coefficient that no samples have.
    Range,
    /// The data ends.
    Short,
    /// Data is left over.
    Extra,
    /// Not the restart marker that is due.
    Restart,
}

impl Fault {
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Code => "bits that are no code",
            Self::Run => "a run that leaves its block",
            Self::Range => "a brightness that does not exist",
            Self::Restart => "not the restart marker that is due",
            Self::Short => "the data ends before the image does",
            Self::Extra => "data is left over",
        }
    }
}

/// A fault, and where it shows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) fault: Fault,
    /// In bytes of the input.
    pub(super) offset: usize,
    /// Counted from 0 in its scan.
    pub(super) mcu: usize,
    /// The MCU that begins the restart interval, or the scan: what is before it is sound.
    pub(super) interval: usize,
}

impl From<Found> for Error {
    fn from(found: Found) -> Self {
        Self::Format {
            offset: found.offset as u64,
            reason: found.fault.reason(),
        }
    }
}

/// A scan uses a table that was never defined.
pub(super) fn missing_table(scan: &ScanHeader) -> Error {
    Error::Format {
        offset: scan.offset as u64,
        reason: "entropy coding table is missing",
    }
}

//! Faults in coded data, and where they are.

use crate::error::Error;
use crate::jpeg::ScanHeader;

/// A fault in an MCU.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// Bits that match no code, or an impossible category.
    Code,
    /// A run beyond the end of the block or the band.
    Run,
    /// A DC coefficient beyond the range of samples.
    Range,
    /// The data ends too early.
    Short,
    /// Data is left over.
    Extra,
    /// A marker other than the expected restart marker.
    Restart,
}

impl Fault {
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Code => "bits that match no code",
            Self::Run => "a run beyond its block",
            Self::Range => "an impossible brightness",
            Self::Restart => "not the expected restart marker",
            Self::Short => "the data ends before the image does",
            Self::Extra => "data is left over",
        }
    }
}

/// A fault, and where it was noticed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    pub(super) fault: Fault,
    /// The offset in the input, in bytes.
    pub(super) offset: usize,
    /// The number of the MCU in its scan, from 0.
    pub(super) mcu: usize,
    /// The first MCU of the restart interval, or of the scan. All MCUs before it are intact.
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

/// The error for a scan that uses a table that was never defined.
pub(super) fn missing_table(scan: &ScanHeader) -> Error {
    Error::Format {
        offset: scan.offset as u64,
        reason: "entropy coding table is missing",
    }
}

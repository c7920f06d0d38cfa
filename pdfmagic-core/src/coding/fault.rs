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
    /// The data ends.
    Short,
    /// Not the restart marker that is due.
    Restart,
}

impl Fault {
    const fn reason(self) -> &'static str {
        match self {
            Self::Code => "bits that are no code",
            Self::Run => "a run that leaves its block",
            Self::Restart => "not the restart marker that is due",
            Self::Short => "the data ends before the image does",
        }
    }
}

/// What a fault in the data at `offset` comes to.
pub(super) fn broken(fault: Fault, offset: usize, mcu: usize) -> Error {
    Error::Scan {
        offset: offset as u64,
        mcu: mcu as u64,
        reason: fault.reason(),
    }
}

/// A scan uses a table that was never defined.
pub(super) fn missing_table(scan: &ScanHeader) -> Error {
    Error::Format {
        offset: scan.offset as u64,
        reason: "entropy coding table is missing",
    }
}

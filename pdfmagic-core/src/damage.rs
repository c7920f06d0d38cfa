//! Damage to the coded data of an image, and how much of the image is intact.

use std::fmt;

/// Damage to the entropy-coded data of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Damage {
    /// The kind of damage.
    pub kind: DamageKind,
    /// The offset at which it was noticed, in bytes from the start of the input.
    pub offset: u64,
    /// The scan in which it was noticed, from 1.
    pub scan: u32,
    /// The MCU in which it was noticed, from 0 in its scan.
    pub mcu: u64,
    /// The intact part of the image.
    pub sound: Sound,
}

/// The kinds of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DamageKind {
    /// The data ends before the image does.
    Truncated,
    /// The data was changed after it was written. The field says what is wrong.
    Corrupt(&'static str),
}

/// The intact part of a damaged image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sound {
    /// Lines from the top, as they are stored.
    Rows {
        /// The number of intact lines.
        sound: u32,
        /// The number of lines of the image.
        of: u32,
    },
    /// The whole picture in less detail: the scans of a progression before the damaged one.
    Scans {
        /// The number of intact scans.
        sound: u32,
        /// The number of all scans, if the input is complete.
        of: Option<u32>,
    },
}

impl Damage {
    /// A stable name, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self.kind {
            DamageKind::Truncated => "scan.truncated",
            DamageKind::Corrupt(_) => "scan.corrupt",
        }
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            offset, scan, mcu, ..
        } = self;
        match self.kind {
            DamageKind::Truncated => f.write_str("the image data is cut off")?,
            DamageKind::Corrupt(reason) => write!(f, "the image data is damaged ({reason})")?,
        }
        write!(
            f,
            " at byte {offset}, scan {scan}, MCU {mcu}: {}",
            self.sound
        )
    }
}

impl fmt::Display for Sound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Rows { sound: 0, of } => write!(f, "none of {of} rows is sound"),
            Self::Rows { sound, of } => write!(f, "rows 0 to {} of {of} are sound", sound - 1),
            Self::Scans { sound, of } => {
                write!(
                    f,
                    "all of the picture is there in less detail, whole to scan {sound}"
                )?;
                of.map_or(Ok(()), |of| write!(f, " of {of}"))
            }
        }
    }
}

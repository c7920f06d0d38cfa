//! What is wrong with the coded data of an image, and how much of it is sound.

use std::fmt;

/// Damage to the entropy-coded data of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Damage {
    /// What is wrong.
    pub kind: DamageKind,
    /// Where that shows, in bytes from the start of the input.
    pub offset: u64,
    /// The scan in which it shows, counted from 1.
    pub scan: u32,
    /// The MCU in which it shows, counted from 0 in its scan.
    pub mcu: u64,
    /// How much is sound.
    pub sound: Sound,
}

/// The kinds of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DamageKind {
    /// The data ends before the image does.
    Truncated,
    /// The data was changed after it was written; the field says what is wrong.
    Corrupt(&'static str),
}

/// Which part of a damaged image is sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sound {
    /// Lines from the top, as they are stored.
    Rows {
        /// How many.
        sound: u32,
        /// How many the image has.
        of: u32,
    },
    /// The whole picture, in less detail: the scans of a progression before the damaged one.
    Scans {
        /// How many.
        sound: u32,
        /// How many there are, if the input goes on to its end.
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

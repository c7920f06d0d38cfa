//! JPEG quality.

use std::fmt;
use std::str::FromStr;

use crate::value::ValueError;

/// JPEG quality on libjpeg's scale, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "u8", try_from = "u8")
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = u8, minimum = 1, maximum = 100)
)]
pub struct Quality(u8);

impl Quality {
    /// The lowest quality.
    pub const MIN: Self = Self(1);

    /// Returns `None` outside 1 to 100.
    #[must_use]
    pub fn new(quality: u8) -> Option<Self> {
        matches!(quality, 1..=100).then_some(Self(quality))
    }

    /// The quality as a number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Quality {
    fn default() -> Self {
        Self(85)
    }
}

impl From<Quality> for u8 {
    fn from(quality: Quality) -> Self {
        quality.0
    }
}

impl TryFrom<u8> for Quality {
    type Error = ValueError;

    fn try_from(quality: u8) -> Result<Self, ValueError> {
        Self::new(quality).ok_or(ValueError::expected("a whole number from 1 to 100"))
    }
}

impl FromStr for Quality {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        // 0 is out of range, so it is rejected as well.
        text.parse().unwrap_or(0).try_into()
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

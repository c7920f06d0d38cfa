//! Pixels per inch.

use std::fmt;
use std::str::FromStr;

use crate::value::{ValueError, positive};

/// Pixels per inch, in the range that scanners, cameras and presses use.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(into = "f64", try_from = "f64")
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = f64, minimum = 10, maximum = 12800)
)]
pub struct Density(f64);

impl Density {
    /// The maximum relative difference between equal densities. Densities per centimeter are whole numbers, so 300 per
    /// inch may be stated as 299.7.
    pub(crate) const ROUNDING: f64 = 0.02;

    /// Returns `None` outside 10 to 12,800, which is the range up to film scanners.
    #[must_use]
    pub fn new(per_inch: f64) -> Option<Self> {
        (10.0..=12_800.0)
            .contains(&per_inch)
            .then_some(Self(per_inch))
    }

    /// The number of pixels per inch.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Density {
    fn default() -> Self {
        Self(96.0)
    }
}

impl From<Density> for f64 {
    fn from(density: Density) -> Self {
        density.0
    }
}

impl TryFrom<f64> for Density {
    type Error = ValueError;

    fn try_from(per_inch: f64) -> Result<Self, ValueError> {
        Self::new(per_inch).ok_or(ValueError::expected("10 to 12800 pixels per inch"))
    }
}

impl FromStr for Density {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let number = text.strip_suffix("dpi").unwrap_or(text);
        // 0 is out of range, so it is rejected as well.
        positive(number).unwrap_or(0.0).try_into()
    }
}

impl fmt::Display for Density {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

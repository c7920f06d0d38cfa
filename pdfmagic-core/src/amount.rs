//! Numbers of bytes or pixels.

use std::fmt;
use std::str::FromStr;

use crate::value::{ValueError, positive};

/// A number of bytes or pixels, at least 1. Its text form may end in `k`, `M` or `G` for thousands, millions and
/// billions, or in `KiB`, `MiB` or `GiB` for powers of 1,024.
///
/// ```
/// use pdfmagic_core::Amount;
///
/// assert_eq!("2.5M".parse::<Amount>().map(Amount::get), Ok(2_500_000));
/// assert_eq!("2 MiB".parse::<Amount>().map(Amount::get), Ok(2_097_152));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = String, pattern = r"^[0-9.]+ *([kMG]?B?|[KMG]iB)$", example = "2M")
)]
pub struct Amount(u64);

impl Amount {
    /// Returns `None` for 0.
    #[must_use]
    pub fn new(amount: u64) -> Option<Self> {
        (amount > 0).then_some(Self(amount))
    }

    /// The number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}

impl FromStr for Amount {
    type Err = ValueError;

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the cast saturates, and the number is positive"
    )]
    fn from_str(text: &str) -> Result<Self, ValueError> {
        /// The units, with `KiB` before `B`.
        const UNITS: [(&str, f64); 10] = [
            ("KiB", 1024.0),
            ("MiB", 1_048_576.0),
            ("GiB", 1_073_741_824.0),
            ("kB", 1e3),
            ("MB", 1e6),
            ("GB", 1e9),
            ("k", 1e3),
            ("M", 1e6),
            ("G", 1e9),
            ("B", 1.0),
        ];
        let lower = text.to_ascii_lowercase();
        let unit = UNITS
            .iter()
            .find(|(unit, _)| lower.ends_with(&unit.to_ascii_lowercase()));
        let (number, factor) = unit.map_or((text, 1.0), |(unit, factor)| {
            (&text[..text.len() - unit.len()], *factor)
        });
        positive(number)
            .and_then(|number| Self::new((number * factor) as u64))
            .ok_or(ValueError::expected(
                "a number such as 500000, 500k, 2M or 2MiB",
            ))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

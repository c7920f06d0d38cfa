//! Lengths.

use std::fmt;
use std::ops::{Add, Neg, Sub};
use std::str::FromStr;

use crate::value::{ValueError, non_negative};

/// A length in points: 1/72 inch, the default user space unit (ISO 32000-1, 8.3.2.3).
///
/// It is stored in ten-thousandths of a point, so that it is never NaN and the same input gives the same bytes
/// everywhere. Its text form is a number with a unit: `pt`, `mm`, `cm` or `in`; without a unit, it is in points.
///
/// ```
/// use pdfmagic_core::geometry::Pt;
///
/// assert_eq!("25.4mm".parse(), Ok(Pt::new(72.0)));
/// assert_eq!("1in".parse(), "72".parse::<Pt>());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pt(i64);

impl Pt {
    /// The smallest page side that every viewer accepts (ISO 32000-1, Annex C).
    pub const MIN_SIDE: Pt = Pt(3 * Self::PER_POINT);
    /// The largest page side that every viewer accepts (ISO 32000-1, Annex C).
    pub const MAX_SIDE: Pt = Pt(14_400 * Self::PER_POINT);
    const PER_POINT: i64 = 10_000;

    /// Returns the nearest length. Numbers out of range are clamped, and NaN becomes 0.
    #[must_use]
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the cast saturates, as intended"
    )]
    pub fn new(points: f64) -> Self {
        Self((points * 1e4).round() as i64)
    }

    /// The number of points.
    #[must_use]
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact below 2^53 ten-thousandths"
    )]
    pub fn get(self) -> f64 {
        self.0 as f64 / 1e4
    }

    /// Returns the whole points and the ten-thousandths of a length, and whether it is negative.
    pub(crate) fn parts(self) -> (u64, u64, bool) {
        let per_point = Self::PER_POINT.unsigned_abs();
        let size = self.0.unsigned_abs();
        (size / per_point, size % per_point, self.0 < 0)
    }
}

impl Add for Pt {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Pt {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Pt {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl FromStr for Pt {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        /// The size of each unit, in points.
        const UNITS: [(&str, f64); 4] = [
            ("pt", 1.0),
            ("mm", 72.0 / 25.4),
            ("cm", 72.0 / 2.54),
            ("in", 72.0),
        ];
        /// The maximum length, in points, which is more than three kilometers.
        const MAX: f64 = 1e7;
        let unit = UNITS.iter().find(|(unit, _)| text.ends_with(unit));
        let (number, points) = unit.map_or((text, 1.0), |(unit, points)| {
            (&text[..text.len() - unit.len()], *points)
        });
        non_negative(number)
            .map(|number| number * points)
            .filter(|&length| length <= MAX)
            .map(Self::new)
            .ok_or(ValueError::expected(
                "a length such as 210mm, 21cm, 8.5in or 595pt",
            ))
    }
}

impl fmt::Display for Pt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}pt", self.get())
    }
}

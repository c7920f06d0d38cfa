//! Distances from the sides of a page.

use std::fmt;
use std::str::FromStr;

use crate::length::Pt;
use crate::value::ValueError;

/// Distances from the sides of a page.
///
/// Its text form is `L` for all sides; `L:L` for top and bottom, then left and right; or `L:L:L:L` for top, right,
/// bottom and left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = String, example = "2cm:2.5cm")
)]
pub struct Border([Pt; 4]);

impl Border {
    /// Distances from the top, right, bottom and left side.
    #[must_use]
    pub fn new(sides: [Pt; 4]) -> Self {
        Self(sides)
    }

    /// Distances from the top, right, bottom and left side.
    #[must_use]
    pub fn sides(self) -> [Pt; 4] {
        self.0
    }

    /// Returns the border after a clockwise turn of the page, which brings the left side to the top.
    pub(crate) fn turned(self) -> Self {
        let [top, right, bottom, left] = self.0;
        Self([left, top, right, bottom])
    }
}

impl FromStr for Border {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let sides: Result<Vec<Pt>, _> = text.split(':').map(str::parse).collect();
        Ok(Self(match sides.as_deref() {
            Ok(&[all]) => [all; 4],
            Ok(&[vertical, horizontal]) => [vertical, horizontal, vertical, horizontal],
            Ok(&[top, right, bottom, left]) => [top, right, bottom, left],
            _ => {
                return Err(ValueError::expected(
                    "lengths such as 2cm, 2cm:2.5cm or, clockwise from the top, 1cm:2cm:1cm:3cm",
                ));
            }
        }))
    }
}

impl fmt::Display for Border {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [top, right, bottom, left] = self.0;
        if (top, left) != (bottom, right) {
            return write!(f, "{top}:{right}:{bottom}:{left}");
        }
        if top != left {
            return write!(f, "{top}:{left}");
        }
        top.fmt(f)
    }
}

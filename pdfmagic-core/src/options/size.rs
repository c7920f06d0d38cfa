//! Sizes of pages, and of images on them.

use std::fmt;
use std::str::FromStr;

use crate::length::Pt;
use crate::value::{ValueError, positive};

/// Named sizes, in portrait.
const PAPERS: [(&str, &str); 24] = [
    ("a0", "841mmx1189mm"),
    ("a1", "594mmx841mm"),
    ("a2", "420mmx594mm"),
    ("a3", "297mmx420mm"),
    ("a4", "210mmx297mm"),
    ("a5", "148mmx210mm"),
    ("a6", "105mmx148mm"),
    ("b0", "1000mmx1414mm"),
    ("b1", "707mmx1000mm"),
    ("b2", "500mmx707mm"),
    ("b3", "353mmx500mm"),
    ("b4", "250mmx353mm"),
    ("b5", "176mmx250mm"),
    ("b6", "125mmx176mm"),
    ("jb0", "1030mmx1456mm"),
    ("jb1", "728mmx1030mm"),
    ("jb2", "515mmx728mm"),
    ("jb3", "364mmx515mm"),
    ("jb4", "257mmx364mm"),
    ("jb5", "182mmx257mm"),
    ("jb6", "128mmx182mm"),
    ("letter", "8.5inx11in"),
    ("legal", "8.5inx14in"),
    ("tabloid", "11inx17in"),
];

/// Width and height of a page, one of which may be omitted.
///
/// Its text form is `LxL`, `L` or `Lx` for a width, `xL` for a height, or a name: `a0` to `a6`, `b0` to `b6`, `jb0` to
/// `jb6`, `letter`, `legal` or `tabloid`. A `^T` at the end swaps width and height.
///
/// ```
/// use pdfmagic_core::PageSize;
///
/// assert_eq!("A4^T".parse::<PageSize>(), "297mmx210mm".parse());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = String, example = "A4")
)]
pub struct PageSize([Option<Pt>; 2]);

/// Width and height of an image on its page, one of which may be omitted.
///
/// Its text form is that of [`PageSize`], but each side may also be a density (`300dpi`) or a percentage of the size
/// that the image has at its own density (`50%`).
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = String, example = "10cmx15cm")
)]
pub struct ImageSize([Option<Extent>; 2]);

/// The length of a side of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Extent {
    /// A length.
    Length(Pt),
    /// The length that its pixels have at this density, in pixels per inch.
    Density(f64),
    /// A percentage of the length at its own density.
    Percent(f64),
}

impl PageSize {
    /// Width and height, at least one of which is set.
    #[must_use]
    pub fn sides(self) -> [Option<Pt>; 2] {
        self.0
    }
}

impl ImageSize {
    /// Width and height, at least one of which is set.
    #[must_use]
    pub fn sides(self) -> [Option<Extent>; 2] {
        self.0
    }
}

impl FromStr for PageSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let expected =
            ValueError::expected("a size such as A4, Letter^T, 210mmx297mm, 210mm or x297mm");
        sides(text, length).map(Self).ok_or(expected)
    }
}

impl FromStr for ImageSize {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let expected =
            ValueError::expected("a size such as 10cmx15cm, 10cm, x15cm, A5, 300dpi or 50%");
        sides(text, extent).map(Self).ok_or(expected)
    }
}

fn length(text: &str) -> Option<Pt> {
    text.parse().ok().filter(|&length| length > Pt::default())
}

fn extent(text: &str) -> Option<Extent> {
    /// The limits, which keep pages within the size that their units can express.
    const RANGE: std::ops::RangeInclusive<f64> = 0.1..=1e5;
    let number = |text| positive(text).filter(|number| RANGE.contains(number));
    if let Some(density) = text.strip_suffix("dpi") {
        return number(density).map(Extent::Density);
    }
    if let Some(percent) = text.strip_suffix('%') {
        return number(percent).map(Extent::Percent);
    }
    length(text).map(Extent::Length)
}

/// Parses width and height. Returns `None` if a side is invalid or both are omitted.
fn sides<T: Copy>(text: &str, side: impl Fn(&str) -> Option<T>) -> Option<[Option<T>; 2]> {
    let text = text.trim();
    let turned = text.strip_suffix("^T").or(text.strip_suffix("^t"));
    let plain = turned.unwrap_or(text);
    let named = PAPERS
        .iter()
        .find(|(name, _)| plain.eq_ignore_ascii_case(name));
    let plain = named.map_or(plain, |(_, size)| *size);
    let open = |text: &str| match text {
        "" => Some(None),
        text => side(text).map(Some),
    };
    let (width, height) = plain.split_once('x').unwrap_or((plain, ""));
    let mut sides = [open(width)?, open(height)?];
    if turned.is_some() {
        sides.reverse();
    }
    sides.iter().any(Option::is_some).then_some(sides)
}

impl fmt::Display for PageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_sides(f, self.0)
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_sides(f, self.0)
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => length.fmt(f),
            Self::Density(density) => write!(f, "{density}dpi"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

fn write_sides<T: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    [width, height]: [Option<T>; 2],
) -> fmt::Result {
    if let Some(width) = width {
        width.fmt(f)?;
    }
    if let Some(height) = height {
        write!(f, "x{height}")?;
    }
    Ok(())
}

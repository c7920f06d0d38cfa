//! What a document says about itself, and how viewers open it.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use super::archive::{OutputIntent, PdfA};
#[cfg(feature = "reencode")]
use crate::amount::Amount;
use crate::date::Date;
use crate::value::{Named, ValueError, by_name, positive};

/// What a document says about itself, and how viewers open it.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(
    feature = "clap",
    derive(clap::Args),
    command(next_help_heading = "Document")
)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "kebab-case", default, deny_unknown_fields)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema, utoipa::IntoParams),
    into_params(parameter_in = Query)
)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent switch"
)]
#[non_exhaustive]
pub struct DocumentOptions {
    /// Title
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEXT"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub title: Option<String>,

    /// Who wrote it
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEXT"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub author: Option<String>,

    /// Program that made the images
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEXT"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub creator: Option<String>,

    /// Program that made the PDF
    ///
    /// Default: none.
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEXT"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub producer: Option<String>,

    /// What it is about
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEXT"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub subject: Option<String>,

    /// Keywords
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEXT", num_args = 1..))]
    #[cfg_attr(
        feature = "utoipa",
        schema(value_type = Option<String>, nullable = false),
        param(value_type = Option<String>, nullable = false)
    )]
    pub keywords: Vec<String>,

    /// Date of creation, such as 2026-03-01 or 2026-03-01T12:30:00+02:00
    ///
    /// The time is in UTC unless it has an offset. `@` and a number are seconds since 1970. Default: none, so that the same
    /// input gives the same bytes.
    #[cfg_attr(feature = "clap", arg(long, value_name = "DATE"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub creationdate: Option<Date>,

    /// Date of the last change
    ///
    /// Default: none.
    #[cfg_attr(feature = "clap", arg(long, value_name = "DATE"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub moddate: Option<Date>,

    /// Natural language of the document, such as `en` or `de-AT` (BCP 47)
    #[cfg_attr(feature = "clap", arg(long, value_name = "TAG"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub lang: Option<Language>,

    /// Level of PDF/A that the document conforms to, for archives
    ///
    /// With `attach-original`, level 4 becomes 4f. If the level forbids an option or an image, that is an error.
    /// Default: none.
    #[cfg_attr(feature = "clap", arg(long, value_name = "LEVEL", ignore_case = true))]
    #[cfg_attr(
        feature = "utoipa",
        schema(inline, nullable = false),
        param(inline, nullable = false)
    )]
    pub pdfa: Option<PdfA>,

    /// Conform to PDF/UA-1, for people who cannot see the images
    ///
    /// Needs a title (`title`), a language (`lang`), and a text for each image (`alt`).
    #[cfg_attr(feature = "clap", arg(long))]
    pub pdfua: bool,

    /// Attach each original JPEG to the PDF; PDF/A allows this at levels 3b and 4
    ///
    /// The PDF then holds each image twice.
    #[cfg_attr(feature = "clap", arg(long))]
    pub attach_original: bool,

    /// ICC profile of PDF/A's output intent, in Base64; needed for CMYK without a profile of its own
    ///
    /// Default: sRGB, or gray if all images are gray.
    #[cfg_attr(feature = "clap", arg(skip))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub output_intent: Option<OutputIntent>,

    /// Add an outline (bookmarks) with the file name of each image
    #[cfg_attr(feature = "clap", arg(long))]
    pub outline: bool,

    /// Label each page with the file name of its image instead of its number
    #[cfg_attr(feature = "clap", arg(long))]
    pub page_labels: bool,

    /// Maximum size of the whole PDF, such as 10M; lossy if the images do not fit
    ///
    /// Each image gets a share in proportion to its size, and is made to fit as with `max-size`. `k`, `M` and `G` are
    /// thousands, millions and billions of bytes.
    #[cfg(feature = "reencode")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub max_pdf_size: Option<Amount>,

    /// Side pane that viewers open
    #[cfg_attr(feature = "clap", arg(long, value_name = "PANE", ignore_case = true))]
    #[cfg_attr(
        feature = "utoipa",
        schema(inline, nullable = false),
        param(inline, nullable = false)
    )]
    pub viewer_panes: Option<Panes>,

    /// Page that viewers show first, counted from 1
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    #[cfg_attr(
        feature = "utoipa",
        schema(value_type = Option<u32>, minimum = 1, nullable = false),
        param(value_type = Option<u32>, minimum = 1, nullable = false)
    )]
    pub viewer_initial_page: Option<NonZeroU32>,

    /// How large viewers show the page: `fit` shows all of it, `fith` its width, `fitbh` the width of the image; or a
    /// factor such as 1.5
    #[cfg_attr(feature = "clap", arg(long, value_name = "HOW"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub viewer_magnification: Option<Magnification>,

    /// How viewers arrange pages
    #[cfg_attr(feature = "clap", arg(long, value_name = "LAYOUT", ignore_case = true))]
    #[cfg_attr(
        feature = "utoipa",
        schema(inline, nullable = false),
        param(inline, nullable = false)
    )]
    pub viewer_page_layout: Option<PageLayout>,

    /// Let viewers resize their window to the page
    #[cfg_attr(feature = "clap", arg(long))]
    pub viewer_fit_window: bool,

    /// Let viewers center their window on the screen
    #[cfg_attr(feature = "clap", arg(long))]
    pub viewer_center_window: bool,

    /// Let viewers open the document in full-screen mode
    #[cfg_attr(feature = "clap", arg(long))]
    pub viewer_fullscreen: bool,
}

#[cfg(feature = "reencode")]
impl DocumentOptions {
    /// Returns the maximum size of the image from an input of `size` bytes, if the inputs of the document have `all`
    /// bytes in total and the PDF must keep to its maximum size. `None` if there is no maximum, or if all inputs fit.
    #[must_use]
    pub fn share(&self, size: u64, inputs: usize, all: u64) -> Option<Amount> {
        /// The size of a page without its image, and of a document without its pages, in bytes.
        const PAGE: u64 = 1000;
        let room = self.max_pdf_size?.get();
        let attached = if self.attach_original { all } else { 0 };
        let room = room.saturating_sub(PAGE * (inputs as u64 + 1) + attached);
        if all <= room {
            return None;
        }
        let share = u128::from(room) * u128::from(size) / u128::from(all);
        Amount::new(u64::try_from(share).unwrap_or(u64::MAX).max(1))
    }
}

/// Side pane that viewers open (`PageMode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum Panes {
    /// The outline
    Outlines,
    /// Thumbnails of the pages
    Thumbs,
    /// No pane
    None,
}

/// How viewers arrange pages (`PageLayout`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum), value(rename_all = "lower"))]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "lowercase")
)]
pub enum PageLayout {
    /// One page at a time
    Single,
    /// One column
    OneColumn,
    /// Two columns, with odd pages on the right
    TwoColumnRight,
    /// Two columns, with odd pages on the left
    TwoColumnLeft,
    /// Two pages at a time, with odd pages on the right
    TwoPageRight,
    /// Two pages at a time, with odd pages on the left
    TwoPageLeft,
}

/// How large viewers show a page.
///
/// Its text form is `fit`, `fith`, `fitbh` or a factor of up to 10,000.
#[derive(Debug, Clone, Copy, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema), schema(value_type = String, example = "fit"))]
pub struct Magnification(Zoom);

/// The magnification as PDF writes it (ISO 32000-1, 12.3.2.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Zoom {
    /// `Fit`: the whole page.
    Page,
    /// `FitH`: the width of the page.
    PageWidth,
    /// `FitBH`: the width of the contents of the page.
    ContentWidth,
    /// `XYZ`: this factor.
    Factor(f64),
}

impl Magnification {
    pub(crate) fn zoom(self) -> Zoom {
        self.0
    }
}

/// A language tag (BCP 47): letters and digits, with hyphens between.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = String, pattern = "^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$", example = "en")
)]
pub struct Language(String);

impl Language {
    /// The tag.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Language {
    type Err = ValueError;

    fn from_str(tag: &str) -> Result<Self, ValueError> {
        let is_subtag = |subtag: &str| {
            (1..=8).contains(&subtag.len()) && subtag.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let begins_right = tag.starts_with(|c: char| c.is_ascii_alphabetic());
        (begins_right && tag.split('-').all(is_subtag))
            .then(|| Self(tag.to_owned()))
            .ok_or(ValueError::expected("a language tag such as en or de-AT"))
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Magnification {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let zoom = match &*text.to_ascii_lowercase() {
            "fit" => Some(Zoom::Page),
            "fith" => Some(Zoom::PageWidth),
            "fitbh" => Some(Zoom::ContentWidth),
            factor => positive(factor).filter(|&n| n <= 1e4).map(Zoom::Factor),
        };
        zoom.map(Self).ok_or(ValueError::expected(
            "fit, fith, fitbh or a factor such as 1.5",
        ))
    }
}

impl fmt::Display for Magnification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Zoom::Page => f.write_str("fit"),
            Zoom::PageWidth => f.write_str("fith"),
            Zoom::ContentWidth => f.write_str("fitbh"),
            Zoom::Factor(factor) => factor.fmt(f),
        }
    }
}

impl Named for Panes {
    const NAMES: &[(&str, Self)] = &[
        ("outlines", Self::Outlines),
        ("thumbs", Self::Thumbs),
        ("none", Self::None),
    ];
}

impl Named for PageLayout {
    const NAMES: &[(&str, Self)] = &[
        ("single", Self::Single),
        ("onecolumn", Self::OneColumn),
        ("twocolumnright", Self::TwoColumnRight),
        ("twocolumnleft", Self::TwoColumnLeft),
        ("twopageright", Self::TwoPageRight),
        ("twopageleft", Self::TwoPageLeft),
    ];
}

by_name!(Panes, PageLayout);

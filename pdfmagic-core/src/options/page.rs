//! How a page is laid out.

use super::border::Border;
use super::size::{ImageSize, PageSize};
use crate::density::Density;
use crate::value::{Named, by_name};

/// How the page of an image is laid out.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(
    feature = "clap",
    derive(clap::Args),
    command(next_help_heading = "Pages")
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
#[non_exhaustive]
pub struct PageOptions {
    /// Size of the page, such as A4, Letter^T or 10cmx15cm
    ///
    /// Width and height are in `pt`, `mm`, `cm` or `in`; without a unit, they are in points. One of them may be left
    /// out, as in `10cm` or `x15cm`. Names are `a0` to `a6`, `b0` to `b6`, `jb0` to `jb6`, `letter`, `legal` and
    /// `tabloid`; `^T` turns the page to landscape. Default: the size of the image.
    #[cfg_attr(feature = "clap", arg(long, short = 'S', value_name = "SIZE"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub pagesize: Option<PageSize>,

    /// Size of the image on the page, such as 10cmx15cm, 10cm, 300dpi or 50%
    ///
    /// Width and height are written as in `pagesize`; `dpi` and `%` take 0.1 to 100,000. Default: as large as fits on the page
    /// inside the border; without a page size, as large as its pixel density makes it.
    #[cfg_attr(feature = "clap", arg(long, short = 's', value_name = "SIZE"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub imgsize: Option<ImageSize>,

    /// Space around the image, such as 1cm or 1cm:2cm
    ///
    /// One length is for all sides. Of two, the first is for top and bottom, and the second for left and right. Four, such as
    /// 1cm:2cm:3cm:4cm, go clockwise from the top. A number without a unit is in points. Has no effect where both the page and
    /// the image have a size. Default: 0.
    #[cfg_attr(feature = "clap", arg(long, short, value_name = "L[:L]"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub border: Option<Border>,

    /// How the image is fitted into `imgsize` or, without it, into the page
    ///
    /// Default: into.
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            short,
            default_value_t,
            hide_default_value = true,
            ignore_case = true
        )
    )]
    #[cfg_attr(feature = "utoipa", schema(inline), param(inline))]
    pub fit: Fit,

    /// Turn the page to portrait or landscape to match the image
    ///
    /// This goes by the image as it is shown, and turns the border, too. Needs a page size with both width and height.
    #[cfg_attr(feature = "clap", arg(long, short))]
    pub auto_orient: bool,

    /// How the image is turned: as Exif says, not at all, or clockwise by a number of degrees
    ///
    /// Degrees count from the image as it is stored, or after `auto+` from the image as Exif turns or mirrors it. Default:
    /// auto.
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            short,
            alias = "orientation",
            default_value_t,
            hide_default_value = true,
            ignore_case = true
        )
    )]
    #[cfg_attr(feature = "utoipa", schema(inline), param(inline))]
    pub rotation: Rotation,

    /// Where the image is on the page
    ///
    /// Default: center.
    #[cfg_attr(
        feature = "clap",
        arg(long, default_value_t, hide_default_value = true, ignore_case = true)
    )]
    #[cfg_attr(feature = "utoipa", schema(inline), param(inline))]
    pub anchor: Anchor,

    /// Pixels per inch, whatever the image states
    ///
    /// 10 to 12,800.
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub density: Option<Density>,

    /// Pixels per inch of an image that states none
    ///
    /// 10 to 12,800. Default: 96.
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "N", default_value_t, hide_default_value = true)
    )]
    pub fallback_density: Density,

    /// Spread an image that is too long for its page over several pages
    ///
    /// It becomes as wide as the page allows, and is stored once. Without a page size, a page is as wide as its image and 1.414
    /// times as high.
    #[cfg_attr(feature = "clap", arg(long))]
    pub split_strips: bool,

    /// Text that says what the image shows, for people who cannot see it
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEXT"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub alt: Option<String>,

    /// Use the text in the image's XMP or IPTC; `alt` is for images without one
    #[cfg_attr(feature = "clap", arg(long))]
    pub alt_from_metadata: bool,

    /// Space between the sides of the page and its crop box
    ///
    /// Written like `border`. Viewers show what is inside the crop box (`CropBox`). Default: all of the page.
    #[cfg_attr(feature = "clap", arg(long, value_name = "L[:L]"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub crop_border: Option<Border>,

    /// Space between the sides of the page and its bleed box
    ///
    /// The bleed box (`BleedBox`) holds what is printed, before trimming. Default: the crop box.
    #[cfg_attr(feature = "clap", arg(long, value_name = "L[:L]"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub bleed_border: Option<Border>,

    /// Space between the sides of the page and its trim box
    ///
    /// The trim box (`TrimBox`) is the page after trimming. Default: the crop box.
    #[cfg_attr(feature = "clap", arg(long, value_name = "L[:L]"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub trim_border: Option<Border>,

    /// Space between the sides of the page and its art box
    ///
    /// The art box (`ArtBox`) holds the meaningful content. Default: the crop box.
    #[cfg_attr(feature = "clap", arg(long, value_name = "L[:L]"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub art_border: Option<Border>,
}

/// How an image is fitted into a size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
pub enum Fit {
    /// As large as fits inside
    #[default]
    Into,
    /// As small as possible while covering all of it
    Fill,
    /// Exactly as wide and high, even if the proportions change
    Exact,
    /// Like `into`, but never enlarged
    Shrink,
    /// Like `into`, but never made smaller
    Enlarge,
}

/// How an image is turned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub enum Rotation {
    /// As the Exif orientation says
    #[default]
    #[cfg_attr(feature = "clap", value(alias = "ifvalid"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "auto"))]
    Auto,
    /// As it is stored
    #[cfg_attr(feature = "clap", value(alias = "0"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "none"))]
    None,
    /// Clockwise by a quarter turn
    #[cfg_attr(feature = "clap", value(name = "90"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "90"))]
    Quarter,
    /// By a half turn
    #[cfg_attr(feature = "clap", value(name = "180"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "180"))]
    Half,
    /// Clockwise by three quarters of a turn
    #[cfg_attr(feature = "clap", value(name = "270"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "270"))]
    ThreeQuarters,
    /// As the Exif orientation says, and then clockwise by a quarter turn
    #[cfg_attr(feature = "clap", value(name = "auto+90"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "auto+90"))]
    AutoQuarter,
    /// As the Exif orientation says, and then by a half turn
    #[cfg_attr(feature = "clap", value(name = "auto+180"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "auto+180"))]
    AutoHalf,
    /// As the Exif orientation says, and then clockwise by three quarters of a turn
    #[cfg_attr(feature = "clap", value(name = "auto+270"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "auto+270"))]
    AutoThreeQuarters,
}

/// Where an image is on its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "kebab-case")
)]
#[expect(missing_docs, reason = "the names are clear")]
pub enum Anchor {
    #[default]
    Center,
    Top,
    TopRight,
    Right,
    BottomRight,
    Bottom,
    BottomLeft,
    Left,
    TopLeft,
}

impl Anchor {
    /// Returns the shares of the free space that are to the left of the image and below it.
    pub(crate) fn shares(self) -> [f64; 2] {
        let x = match self {
            Self::TopLeft | Self::Left | Self::BottomLeft => 0.0,
            Self::Top | Self::Center | Self::Bottom => 0.5,
            Self::TopRight | Self::Right | Self::BottomRight => 1.0,
        };
        let y = match self {
            Self::BottomLeft | Self::Bottom | Self::BottomRight => 0.0,
            Self::Left | Self::Center | Self::Right => 0.5,
            Self::TopLeft | Self::Top | Self::TopRight => 1.0,
        };
        [x, y]
    }
}

impl Named for Fit {
    const NAMES: &[(&str, Self)] = &[
        ("into", Self::Into),
        ("fill", Self::Fill),
        ("exact", Self::Exact),
        ("shrink", Self::Shrink),
        ("enlarge", Self::Enlarge),
    ];
}

impl Named for Rotation {
    const NAMES: &[(&str, Self)] = &[
        ("auto", Self::Auto),
        ("none", Self::None),
        ("90", Self::Quarter),
        ("180", Self::Half),
        ("270", Self::ThreeQuarters),
        ("auto+90", Self::AutoQuarter),
        ("auto+180", Self::AutoHalf),
        ("auto+270", Self::AutoThreeQuarters),
        ("ifvalid", Self::Auto),
        ("0", Self::None),
    ];
}

impl Named for Anchor {
    const NAMES: &[(&str, Self)] = &[
        ("center", Self::Center),
        ("top", Self::Top),
        ("top-right", Self::TopRight),
        ("right", Self::Right),
        ("bottom-right", Self::BottomRight),
        ("bottom", Self::Bottom),
        ("bottom-left", Self::BottomLeft),
        ("left", Self::Left),
        ("top-left", Self::TopLeft),
    ];
}

by_name!(Fit, Rotation, Anchor);

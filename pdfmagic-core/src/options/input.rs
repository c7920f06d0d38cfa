//! How a JPEG is read, and which parts of it go into the PDF.

use crate::value::{Named, by_name};

/// How a JPEG is read, and which parts of it go into the PDF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(
    feature = "clap",
    derive(clap::Args),
    command(next_help_heading = "Input")
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
pub struct InputOptions {
    /// Look for damage in all of the image data
    ///
    /// Without it, the data is checked only if its end or its size looks odd.
    #[cfg_attr(feature = "clap", arg(long))]
    pub verify: bool,

    /// What to do with an image whose data is damaged
    ///
    /// Default: mend.
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "HOW",
            default_value_t,
            hide_default_value = true,
            ignore_case = true
        )
    )]
    #[cfg_attr(feature = "utoipa", schema(inline), param(inline))]
    pub on_damage: OnDamage,

    /// Whether Exif, XMP, IPTC, comments and thumbnails stay in the image data
    ///
    /// Default: keep.
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "HOW",
            default_value_t,
            hide_default_value = true,
            ignore_case = true
        )
    )]
    #[cfg_attr(feature = "utoipa", schema(inline), param(inline))]
    pub metadata: Metadata,

    /// How the values of CMYK are stored
    ///
    /// Default: auto.
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "HOW",
            default_value_t,
            hide_default_value = true,
            ignore_case = true
        )
    )]
    #[cfg_attr(feature = "utoipa", schema(inline), param(inline))]
    pub cmyk_polarity: CmykPolarity,

    /// Which views of a file that holds several (MPO) become pages
    ///
    /// A gain map, depth map or thumbnail is never a page. Default: primary.
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "WHICH",
            default_value_t,
            hide_default_value = true,
            ignore_case = true
        )
    )]
    #[cfg_attr(feature = "utoipa", schema(inline), param(inline))]
    pub frames: Frames,
}

/// What to do with an image whose data is damaged.
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
pub enum OnDamage {
    /// Keep the intact part, and rewrite the data so that all viewers show the rest alike
    #[default]
    Mend,
    /// Embed it as it is; viewers differ in what they show
    Keep,
    /// Refuse it
    Fail,
}

/// What to do with metadata.
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
pub enum Metadata {
    /// Leave it in the image data
    #[default]
    Keep,
    /// Leave it out; the color profile stays, and orientation and density still count
    Strip,
}

/// How the values of four components are stored.
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
pub enum CmykPolarity {
    /// Inverted if there is an Adobe segment, since Adobe's programs store them inverted
    #[default]
    Auto,
    /// 0 is no ink
    Normal,
    /// 0 is full ink
    Inverted,
}

/// Which views of a file that holds several become pages.
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
pub enum Frames {
    /// The first
    #[default]
    Primary,
    /// All of them
    All,
}

impl Named for OnDamage {
    const NAMES: &[(&str, Self)] = &[
        ("mend", Self::Mend),
        ("keep", Self::Keep),
        ("fail", Self::Fail),
    ];
}

impl Named for Metadata {
    const NAMES: &[(&str, Self)] = &[("keep", Self::Keep), ("strip", Self::Strip)];
}

impl Named for CmykPolarity {
    const NAMES: &[(&str, Self)] = &[
        ("auto", Self::Auto),
        ("normal", Self::Normal),
        ("inverted", Self::Inverted),
    ];
}

impl Named for Frames {
    const NAMES: &[(&str, Self)] = &[("primary", Self::Primary), ("all", Self::All)];
}

by_name!(OnDamage, Metadata, CmykPolarity, Frames);

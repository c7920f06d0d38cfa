//! How an image is put into the PDF.

#[cfg(feature = "reencode")]
use std::num::NonZeroU16;

use crate::value::{Named, by_name};
#[cfg(feature = "reencode")]
use crate::{amount::Amount, density::Density, quality::Quality};

/// How a JPEG becomes the image in the PDF.
#[derive(Debug, Clone, PartialEq, Default)]
#[cfg_attr(
    feature = "clap",
    derive(clap::Args),
    command(next_help_heading = "Images")
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
#[cfg_attr(
    feature = "reencode",
    expect(
        clippy::struct_excessive_bools,
        reason = "each is an independent switch"
    )
)]
#[non_exhaustive]
pub struct ImageOptions {
    /// How a JPEG becomes the image in the PDF
    ///
    /// Nothing is lost unless an option marked as lossy asks for it. Default: auto.
    #[cfg_attr(
        feature = "clap",
        arg(
            long,
            value_name = "NAME",
            default_value_t,
            hide_default_value = true,
            ignore_case = true
        )
    )]
    #[cfg_attr(feature = "utoipa", schema(inline), param(inline))]
    pub backend: BackendName,

    /// Make the data smaller without loss
    ///
    /// Encodes the same coefficients again, with Huffman tables made for the image. Implies `transcode`, except for images that
    /// have no such coefficients or that cannot be decoded: those become what they are without the option, with a notice.
    #[cfg_attr(feature = "clap", arg(long))]
    pub optimize: bool,

    /// Make the data even smaller without loss; it is slower to show
    ///
    /// Encodes the same coefficients as a progressive JPEG. Implies `transcode`, with the exceptions of `optimize`.
    #[cfg_attr(feature = "clap", arg(long))]
    pub progressive: bool,

    /// Quality of the new JPEG, 1 to 100; lossy
    ///
    /// Implies `reencode`, whose default is 85.
    #[cfg(feature = "reencode")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub quality: Option<Quality>,

    /// Maximum size of each image, such as 500k or 2M; lossy
    ///
    /// Picks the best quality that fits. The size is in bytes; `k`, `M` and `G` are thousands, millions and billions.
    /// Implies `reencode`.
    #[cfg(feature = "reencode")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "SIZE"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub max_size: Option<Amount>,

    /// Maximum width and height, in pixels; lossy
    ///
    /// A larger image is made smaller, with its proportions kept. Implies `reencode`.
    #[cfg(feature = "reencode")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    #[cfg_attr(
        feature = "utoipa",
        schema(value_type = Option<u16>, minimum = 1, nullable = false),
        param(value_type = Option<u16>, minimum = 1, nullable = false)
    )]
    pub max_side: Option<NonZeroU16>,

    /// Maximum number of pixels, such as 2M; lossy
    ///
    /// A larger image is made smaller, with its proportions kept. Implies `reencode`.
    #[cfg(feature = "reencode")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub max_pixels: Option<Amount>,

    /// Maximum pixels per inch; lossy
    ///
    /// 10 to 12,800, compared with the density that the image states, or 96 if it states none; `density` and
    /// `fallback-density` do not change that. Implies `reencode`.
    #[cfg(feature = "reencode")]
    #[cfg_attr(feature = "clap", arg(long, value_name = "N"))]
    #[cfg_attr(feature = "utoipa", schema(nullable = false), param(nullable = false))]
    pub max_density: Option<Density>,

    /// Keep the luminance only; lossy
    ///
    /// Implies `reencode`.
    #[cfg(feature = "reencode")]
    #[cfg_attr(feature = "clap", arg(long))]
    pub gray: bool,

    /// Subsample chroma (4:2:0); lossy
    ///
    /// Implies `reencode`.
    #[cfg(feature = "reencode")]
    #[cfg_attr(feature = "clap", arg(long))]
    pub subsample: bool,
}

/// How a JPEG becomes the image in the PDF.
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
#[non_exhaustive]
pub enum BackendName {
    /// Embed the data as it is where PDF allows it; otherwise convert it without loss
    #[default]
    #[cfg_attr(feature = "clap", value(alias = "lossless"))]
    Auto,
    /// Embed the data as it is, or fail
    Passthrough,
    /// Encode the same coefficients again, without loss
    Transcode,
    /// Encode again with fewer bytes; lossy
    #[cfg(feature = "reencode")]
    Reencode,
}

impl Named for BackendName {
    const NAMES: &[(&str, Self)] = &[
        ("auto", Self::Auto),
        ("passthrough", Self::Passthrough),
        ("transcode", Self::Transcode),
        #[cfg(feature = "reencode")]
        ("reencode", Self::Reencode),
        ("lossless", Self::Auto),
    ];
}

by_name!(BackendName);

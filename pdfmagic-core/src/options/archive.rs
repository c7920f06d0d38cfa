//! Standards that a document conforms to, and the profile that defines its colors.

#[cfg(feature = "serde")]
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use crate::value::{Named, ValueError, by_name};

/// A level of PDF/A (ISO 19005).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[non_exhaustive]
pub enum PdfA {
    /// Based on PDF 1.4
    #[cfg_attr(feature = "clap", value(name = "1b"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "1b"))]
    A1b,
    /// Based on PDF 1.7; most archives ask for this
    #[cfg_attr(feature = "clap", value(name = "2b"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "2b"))]
    A2b,
    /// Like 2b, with all text mapped to Unicode
    #[cfg_attr(feature = "clap", value(name = "2u"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "2u"))]
    A2u,
    /// Like 2b, and files may be attached
    #[cfg_attr(feature = "clap", value(name = "3b"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "3b"))]
    A3b,
    /// Based on PDF 2.0; with attached files it is 4f
    #[cfg_attr(feature = "clap", value(name = "4"))]
    #[cfg_attr(feature = "utoipa", schema(rename = "4"))]
    A4,
}

impl Named for PdfA {
    const NAMES: &[(&str, Self)] = &[
        ("1b", Self::A1b),
        ("2b", Self::A2b),
        ("2u", Self::A2u),
        ("3b", Self::A3b),
        ("4", Self::A4),
        ("4f", Self::A4),
    ];
}

by_name!(PdfA);

/// An ICC profile for an output intent: of a printer or a monitor, for gray, RGB or CMYK.
///
/// Its text form is Base64.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde_with::SerializeDisplay, serde_with::DeserializeFromStr)
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(value_type = String, format = Byte)
)]
pub struct OutputIntent(Vec<u8>);

impl OutputIntent {
    /// The profile.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The number of components of its colors: 1, 3 or 4.
    #[must_use]
    pub fn components(&self) -> usize {
        match &self.0[16..20] {
            b"GRAY" => 1,
            b"RGB " => 3,
            _ => 4,
        }
    }

    /// The major version of the profile format.
    pub(crate) fn version(&self) -> u8 {
        self.0[8]
    }
}

impl TryFrom<Vec<u8>> for OutputIntent {
    type Error = ValueError;

    fn try_from(profile: Vec<u8>) -> Result<Self, ValueError> {
        let header = profile.first_chunk::<128>();
        let is_usable = header.is_some_and(|header| {
            let size = u32::from_be_bytes([header[0], header[1], header[2], header[3]]);
            size as usize == profile.len()
                && (2..=4).contains(&header[8])
                && matches!(&header[12..16], b"mntr" | b"prtr")
                && matches!(&header[16..20], b"GRAY" | b"RGB " | b"CMYK")
                && &header[36..40] == b"acsp"
        });
        if is_usable {
            Ok(Self(profile))
        } else {
            Err(ValueError::expected(
                "an ICC profile of a printer or monitor for gray, RGB or CMYK",
            ))
        }
    }
}

#[cfg(feature = "serde")]
impl std::str::FromStr for OutputIntent {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        let bytes = BASE64.decode(text.trim());
        bytes
            .map_err(|_| ValueError::expected("an ICC profile in Base64"))?
            .try_into()
    }
}

#[cfg(feature = "serde")]
impl std::fmt::Display for OutputIntent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&BASE64.encode(&self.0))
    }
}

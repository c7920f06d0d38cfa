//! Notices about anything unusual, and what was done about it.

use std::fmt;

use crate::damage::Damage;

/// Something unusual that was corrected, and how. Nothing is repaired silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Notice {
    /// Bytes before SOI were left out.
    LeadingBytesSkipped,
    /// Bytes between marker segments, or a second SOI, were left out.
    StrayBytesSkipped,
    /// Bytes in the header were left out, and every line feed in it follows a carriage return: the file was probably
    /// transferred as text, which damages pictures.
    TextTransfer,
    /// A segment whose length is below 2 was left out (T.81 B.1.1.4).
    ShortSegmentSkipped,
    /// The data is complete, but does not end with EOI, so one was appended.
    EoiAppended,
    /// Restart markers or segments between the data and EOI were left out.
    AfterDataSkipped,
    /// Data after EOI was left out.
    TrailingDataSkipped(Trailing),
    /// The data is truncated or damaged.
    Damaged(Damage),
    /// The Exif orientation is not from 1 to 8, so the image is shown as it is stored.
    OrientationInvalid,
    /// The page rotates the image, so the Exif orientation inside the data was set to 1.
    OrientationNeutralized,
    /// Exif blocks after the first were left out.
    ExifDuplicateSkipped,
    /// A density outside 10 to 12,800 pixels per inch was ignored.
    DensityImplausible,
    /// JFIF and Exif state different densities; the one in JFIF was used.
    DensityConflict,
    /// Exif says Adobe RGB, but there is no profile; a compatible one was embedded.
    AdobeRgbEmbedded,
    /// Exif records where the picture was taken, and this remains in the image or in the attached original.
    PositionKept,
    /// Metadata was left out.
    MetadataRemoved {
        /// The size of the metadata, in bytes.
        size: u64,
    },
    /// A profile that is damaged, or for another number of components, was dropped.
    IccDropped,
    /// A profile of a version that PDF/A-1 does not allow was dropped.
    IccVersionDropped,
    /// JFIF, Adobe and component identifiers do not determine the colors; APP14 now states what JPEG viewers assume.
    ColorStated,
    /// A CMYK image without an Adobe segment was assumed not to be inverted.
    CmykPolarityAssumed,
    /// The data has no Huffman tables; those of T.81 K.3 were inserted.
    HuffmanTablesInserted,
    /// The frame header does not state the height, so the height in the DNL segment was inserted (T.81 B.2.5).
    HeightResolved,
    /// Most viewers reject images with a width or height above 65,500 pixels.
    TooLargeForViewers,
    /// The data was to be made smaller without loss, which cannot be done with this image.
    NotSmaller,
    /// A page with a side below 3 units was enlarged, since viewers reject smaller pages.
    PageEnlarged,
}

impl Notice {
    /// A stable name, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LeadingBytesSkipped => "soi.leading.skipped",
            Self::StrayBytesSkipped => "header.stray.skipped",
            Self::TextTransfer => "header.text.suspected",
            Self::ShortSegmentSkipped => "segment.short.skipped",
            Self::EoiAppended => "eoi.missing.appended",
            Self::AfterDataSkipped => "scan.after.skipped",
            Self::TrailingDataSkipped(trailing) => trailing.kind.code(),
            Self::Damaged(damage) => damage.code(),
            Self::OrientationInvalid => "exif.orientation.invalid",
            Self::OrientationNeutralized => "exif.orientation.neutralized",
            Self::ExifDuplicateSkipped => "exif.duplicate.skipped",
            Self::DensityImplausible => "density.implausible.ignored",
            Self::DensityConflict => "density.conflict.jfif",
            Self::AdobeRgbEmbedded => "icc.adobe_rgb.embedded",
            Self::PositionKept => "metadata.position.kept",
            Self::MetadataRemoved { .. } => "metadata.removed",
            Self::IccDropped => "icc.mismatch.dropped",
            Self::IccVersionDropped => "icc.version.dropped",
            Self::ColorStated => "color.ambiguous.stated",
            Self::CmykPolarityAssumed => "cmyk.polarity.assumed",
            Self::HuffmanTablesInserted => "dht.missing.inserted",
            Self::HeightResolved => "dnl.height.resolved",
            Self::TooLargeForViewers => "image.over_65500",
            Self::NotSmaller => "image.not_smaller",
            Self::PageEnlarged => "page.small.enlarged",
        }
    }

    /// Whether this happens to ordinary files, so that people need not be told.
    #[must_use]
    pub const fn is_routine(self) -> bool {
        matches!(self, Self::OrientationNeutralized)
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeadingBytesSkipped => "bytes before the JPEG were left out",
            Self::StrayBytesSkipped => "stray bytes in the header were left out",
            Self::TextTransfer => {
                "the file looks as if it was transferred as text, which damages it; transfer it again, in binary mode"
            }
            Self::ShortSegmentSkipped => "a segment with an impossible length was left out",
            Self::EoiAppended => "the end marker was missing, and was appended",
            Self::AfterDataSkipped => {
                "markers between the image data and the end marker were left out"
            }
            Self::TrailingDataSkipped(trailing) => return trailing.fmt(f),
            Self::Damaged(damage) => return damage.fmt(f),
            Self::OrientationInvalid => "the Exif orientation is invalid and was ignored",
            Self::OrientationNeutralized => {
                "the page rotates the image, so the Exif orientation in the data was set to 1"
            }
            Self::ExifDuplicateSkipped => "Exif blocks after the first were left out",
            Self::DensityImplausible => "an implausible density was ignored",
            Self::DensityConflict => {
                "JFIF and Exif state different densities; the one in JFIF was used"
            }
            Self::AdobeRgbEmbedded => {
                "the Exif data says Adobe RGB; a compatible color profile was embedded"
            }
            Self::PositionKept => {
                "the place where the picture was taken (GPS) stays in the file; to remove it, strip the metadata and do not attach the original"
            }
            Self::MetadataRemoved { size } => {
                return write!(f, "{size} bytes of metadata were removed");
            }
            Self::IccDropped => {
                "the color profile is damaged or does not fit the image, and was dropped"
            }
            Self::IccVersionDropped => {
                "the color profile is of a version that PDF/A-1 does not allow, and was dropped"
            }
            Self::ColorStated => {
                "contradictory color markers were resolved in the way of JPEG viewers"
            }
            Self::CmykPolarityAssumed => "CMYK without an Adobe marker was assumed not to be inverted",
            Self::HuffmanTablesInserted => {
                "the file has no Huffman tables, so the standard ones were inserted"
            }
            Self::HeightResolved => {
                "the height was stated after the image data, and was inserted into the frame header"
            }
            Self::TooLargeForViewers => {
                "a side is over 65,500 pixels, and most viewers do not show such images"
            }
            Self::NotSmaller => "the image cannot be made smaller without loss, and stays as it is",
            Self::PageEnlarged => "the page would be smaller than 3 points and was enlarged",
        })
    }
}

/// Data after the end of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Trailing {
    /// The kind that it appears to be.
    pub kind: TrailingKind,
    /// Its size, in bytes.
    pub size: u64,
}

/// The kind of data that follows an image, judged by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "lowercase")
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "lowercase")
)]
#[non_exhaustive]
pub enum TrailingKind {
    /// Bytes that are all 0, or all 0xFF.
    Padding,
    /// Text, such as a line break.
    Text,
    /// Another JPEG: a second view, a gain map, a preview.
    Jpeg,
    /// A video, as in a motion photo.
    Video,
    /// A ZIP archive.
    Zip,
    /// Other data, for example from the camera's maker.
    Other,
}

impl Trailing {
    /// Returns `None` if nothing follows.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            kind: TrailingKind::of(bytes)?,
            size: bytes.len() as u64,
        })
    }

    /// Judges `size` bytes by the first of them. Returns `None` if more of them are needed.
    pub(crate) fn begins(bytes: &[u8], size: u64) -> Option<Self> {
        let kind = TrailingKind::of(bytes)?;
        let is_certain = match kind {
            TrailingKind::Zip | TrailingKind::Video => true,
            TrailingKind::Jpeg if bytes.starts_with(b"\xFF\xD8\xFF") => true,
            TrailingKind::Padding => false,
            _ => bytes.len() >= TrailingKind::REACH,
        };
        (is_certain || bytes.len() as u64 >= size).then_some(Self { kind, size })
    }

    /// Returns the number of bytes needed to judge data, if these are not enough.
    pub(crate) fn enough(bytes: &[u8]) -> u64 {
        if bytes.len() < TrailingKind::REACH {
            TrailingKind::REACH as u64
        } else {
            u64::MAX
        }
    }
}

impl TrailingKind {
    /// The maximum distance of a video or another image from the end of the first image, in bytes: makers align them,
    /// and put their own data before them.
    const REACH: usize = 64 << 10;

    fn of(bytes: &[u8]) -> Option<Self> {
        let (first, rest) = bytes.split_first()?;
        let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        let near = &bytes[..bytes.len().min(Self::REACH)];
        let has = |magic: &[u8]| near.windows(magic.len()).any(|window| window == magic);
        Some(
            if matches!(first, 0 | 0xFF) && rest.iter().all(|byte| byte == first) {
                Self::Padding
            } else if near.iter().all(is_text) {
                Self::Text
            } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
                Self::Zip
            } else if bytes.starts_with(b"\xFF\xD8\xFF") {
                Self::Jpeg
            } else if has(b"ftyp") {
                Self::Video
            } else if has(b"\xFF\xD8\xFF") {
                Self::Jpeg
            } else {
                Self::Other
            },
        )
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Padding => "trailing.padding.skipped",
            Self::Text => "trailing.text.skipped",
            Self::Jpeg => "trailing.jpeg.skipped",
            Self::Video => "trailing.video.skipped",
            Self::Zip => "trailing.zip.skipped",
            Self::Other => "trailing.other.skipped",
        }
    }
}

impl fmt::Display for Trailing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            TrailingKind::Padding => "padding",
            TrailingKind::Text => "text",
            TrailingKind::Jpeg => "another JPEG",
            TrailingKind::Video => "a video",
            TrailingKind::Zip => "a ZIP archive",
            TrailingKind::Other => "data that is not an image",
        };
        let size = self.size;
        let bytes = if size == 1 { "byte" } else { "bytes" };
        write!(f, "left out {size} {bytes} after the image: {what}")
    }
}

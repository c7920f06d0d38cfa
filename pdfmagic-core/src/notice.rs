//! What was odd, and what was done about it.

use std::fmt;

/// Something odd but curable, and the cure. Nothing is repaired silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Notice {
    /// Bytes before SOI were left out.
    LeadingBytesSkipped,
    /// Bytes between marker segments, or a second SOI, were left out.
    StrayBytesSkipped,
    /// A segment whose length is below 2 was left out (T.81 B.1.1.4).
    ShortSegmentSkipped,
    /// The data does not end with EOI; one was appended.
    EoiAppended,
    /// The Exif orientation is none of 1 to 8; the image is shown as it is stored.
    OrientationInvalid,
    /// The page turns the image, so the Exif orientation inside the data was set to 1.
    OrientationNeutralized,
    /// Exif blocks after the first were left out.
    ExifDuplicateSkipped,
    /// A stated density outside 10 to 4,800 pixels per inch was taken as missing.
    DensityImplausible,
    /// A profile that is damaged, or for another number of components, was dropped.
    IccDropped,
    /// JFIF, Adobe and component identifiers left the colors open; APP14 now says what a JPEG viewer shows.
    ColorStated,
    /// Gray was asked for; colors whose luminance is not coded apart were kept.
    ColorKept,
    /// Four components without Adobe's segment were taken as CMYK that is not inverted.
    CmykPolarityAssumed,
    /// The data has no Huffman tables; those of T.81 K.3 were put in.
    HuffmanTablesInserted,
    /// The height was open in the frame header; that of the DNL segment was put in (T.81 B.2.5).
    HeightResolved,
    /// Restart markers are wrong or missing; intervals were placed as libjpeg places them, and what is lost is gray.
    RestartsResynchronized,
    /// Most viewers refuse images of more than 65,500 pixels in a line or column.
    TooLargeForViewers,
    /// A side below 3 units was raised, since readers refuse smaller pages.
    PageEnlarged,
}

impl Notice {
    /// A stable name, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LeadingBytesSkipped => "soi.leading.skipped",
            Self::StrayBytesSkipped => "header.stray.skipped",
            Self::ShortSegmentSkipped => "segment.short.skipped",
            Self::EoiAppended => "eoi.missing.appended",
            Self::OrientationInvalid => "exif.orientation.invalid",
            Self::OrientationNeutralized => "exif.orientation.neutralized",
            Self::ExifDuplicateSkipped => "exif.duplicate.skipped",
            Self::DensityImplausible => "density.implausible.ignored",
            Self::IccDropped => "icc.mismatch.dropped",
            Self::ColorStated => "color.ambiguous.stated",
            Self::ColorKept => "color.kept",
            Self::CmykPolarityAssumed => "cmyk.polarity.assumed",
            Self::HuffmanTablesInserted => "dht.missing.inserted",
            Self::HeightResolved => "dnl.height.resolved",
            Self::RestartsResynchronized => "restart.resynchronized",
            Self::TooLargeForViewers => "image.over_65500",
            Self::PageEnlarged => "page.small.enlarged",
        }
    }

    /// Whether this happens to ordinary files, so that a person need not be told.
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
            Self::ShortSegmentSkipped => "a segment with an impossible length was left out",
            Self::EoiAppended => "the end of the image is missing; an end marker was appended",
            Self::OrientationInvalid => "the Exif orientation is invalid and was ignored",
            Self::OrientationNeutralized => {
                "the page turns the image; the Exif orientation inside was set to 1"
            }
            Self::ExifDuplicateSkipped => "Exif blocks after the first were left out",
            Self::DensityImplausible => "an implausible density was ignored",
            Self::IccDropped => {
                "the color profile is damaged or does not fit the image, and was dropped"
            }
            Self::ColorStated => {
                "contradicting color markers were settled as JPEG viewers read them"
            }
            Self::ColorKept => "the colors were kept, since their luminance is not coded apart",
            Self::CmykPolarityAssumed => "CMYK without an Adobe marker was taken as not inverted",
            Self::HuffmanTablesInserted => {
                "the standard Huffman tables, which the file leaves out, were put in"
            }
            Self::HeightResolved => {
                "the height, given after the image data, was put into the frame header"
            }
            Self::RestartsResynchronized => {
                "restart markers are wrong or missing; parts of the image may be lost"
            }
            Self::TooLargeForViewers => {
                "a side is over 65,500 pixels, which most viewers do not show"
            }
            Self::PageEnlarged => "the page would be smaller than 3 points and was enlarged",
        })
    }
}

//! Standards for archives and accessibility, and their requirements: PDF/A (ISO 19005) and PDF/UA (ISO 14289).

use std::fmt;

use crate::options::PdfA;

/// A standard that a PDF conforms to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Standard {
    /// PDF/A, for archives.
    PdfA(PdfA),
    /// PDF/UA-1, for accessibility (ISO 14289-1).
    PdfUa,
}

impl fmt::Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PdfA(level) => write!(f, "PDF/A-{level}"),
            Self::PdfUa => f.write_str("PDF/UA-1"),
        }
    }
}

/// A requirement of a standard that an image or the options do not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirement {
    /// Samples of at most 8 bits.
    Bits,
    /// Pages of at most 14,400 points per side, since there is no `UserUnit`.
    PageSize,
    /// Boxes of at least 3 units per side.
    BoxSize,
    /// A profile for CMYK: the image's own, or an output intent.
    CmykProfile,
    /// A color profile of version 2.
    ProfileVersion,
    /// No attached files.
    NoAttachments,
    /// A cross-reference table, which is limited to 10 GB.
    FileSize,
    /// A title.
    Title,
    /// The natural language of the document.
    Language,
    /// A description of each image.
    AltText,
    /// PDF 1.7.
    Version,
    /// Pages that were made for the same standards as the document.
    SameForPages,
}

impl Requirement {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Bits => "conformance.bits",
            Self::PageSize => "conformance.page_size",
            Self::BoxSize => "conformance.box_size",
            Self::CmykProfile => "conformance.cmyk_profile",
            Self::ProfileVersion => "conformance.profile_version",
            Self::NoAttachments => "conformance.attachment",
            Self::FileSize => "conformance.file_size",
            Self::Title => "conformance.title",
            Self::Language => "conformance.language",
            Self::AltText => "conformance.alt_text",
            Self::Version => "conformance.version",
            Self::SameForPages => "conformance.pages",
        }
    }

    /// The requirement in words, and what to do.
    const fn words(self) -> [&'static str; 2] {
        match self {
            Self::Bits => [
                "allows samples of at most 8 bits",
                "use pdfa 2b, or the backend reencode",
            ],
            Self::PageSize => [
                "allows pages of at most 14,400 points a side",
                "use pdfa 2b, or a smaller page with pagesize or imgsize",
            ],
            Self::BoxSize => [
                "requires page boxes of at least 3 units a side",
                "make crop, bleed, trim and art borders smaller",
            ],
            Self::CmykProfile => [
                "requires a color profile for CMYK, and the image has none",
                "give one with output-intent",
            ],
            Self::ProfileVersion => [
                "allows color profiles of version 2 only",
                "give one with output-intent, or use pdfa 2b",
            ],
            Self::NoAttachments => [
                "allows no attached JPEG",
                "use pdfa 3b or 4, or omit attach-original",
            ],
            Self::FileSize => ["allows at most 10 GB", "use pdfa 2b, or fewer images"],
            Self::Title => ["requires a title", "give one with title"],
            Self::Language => ["requires a language", "give it with lang, such as en"],
            Self::AltText => [
                "requires a text that describes the image",
                "give it with alt, or with alt-from-metadata if the file has one",
            ],
            Self::Version => ["is for PDF 1.7 and earlier", "use pdfa 3b instead of 4"],
            Self::SameForPages => [
                "is required of the document, but not of all its pages",
                "make pages with the conformance of the document",
            ],
        }
    }
}

/// A requirement that is not met, with its clause and a remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Nonconformance {
    /// The standard, and its level.
    pub standard: Standard,
    /// The requirement.
    pub requirement: Requirement,
}

impl Nonconformance {
    /// The clause of the standard with the requirement.
    #[must_use]
    pub const fn clause(self) -> &'static str {
        let Standard::PdfA(level) = self.standard else {
            return match self.requirement {
                Requirement::Language => "ISO 14289-1, 7.2",
                Requirement::AltText => "ISO 14289-1, 7.3",
                Requirement::Version => "ISO 14289-1, 6",
                _ => "ISO 14289-1, 7.1",
            };
        };
        match (level, self.requirement) {
            (PdfA::A1b, Requirement::Bits) => "ISO 19005-1, 6.2.4; PDF 1.4",
            (PdfA::A1b, Requirement::PageSize) => "ISO 19005-1, 6.1.12; PDF 1.4",
            (PdfA::A1b, Requirement::CmykProfile) => "ISO 19005-1, 6.2.3.3",
            (PdfA::A1b, Requirement::ProfileVersion) => "ISO 19005-1, 6.2.3.2",
            (PdfA::A1b, Requirement::NoAttachments) => "ISO 19005-1, 6.1.11",
            (PdfA::A1b, Requirement::FileSize) => "ISO 19005-1, 6.1.4",
            (PdfA::A2b | PdfA::A2u, Requirement::BoxSize) => "ISO 19005-2, 6.1.13",
            (PdfA::A2b | PdfA::A2u, Requirement::CmykProfile) => "ISO 19005-2, 6.2.4.3",
            (PdfA::A2b | PdfA::A2u, Requirement::NoAttachments) => "ISO 19005-2, 6.8",
            (PdfA::A3b, Requirement::BoxSize) => "ISO 19005-3, 6.1.13",
            (PdfA::A3b, Requirement::CmykProfile) => "ISO 19005-3, 6.2.4.3",
            (PdfA::A4, Requirement::CmykProfile) => "ISO 19005-4, 6.2.4.3",
            (PdfA::A1b, _) => "ISO 19005-1",
            (PdfA::A2b | PdfA::A2u, _) => "ISO 19005-2",
            (PdfA::A3b, _) => "ISO 19005-3",
            (PdfA::A4, _) => "ISO 19005-4",
        }
    }
}

impl Standard {
    /// The name of the option that requests the standard.
    #[must_use]
    pub const fn option(self) -> &'static str {
        match self {
            Self::PdfA(_) => "pdfa",
            Self::PdfUa => "pdfua",
        }
    }
}

impl fmt::Display for Nonconformance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [demand, way_out] = self.requirement.words();
        let (standard, clause) = (self.standard, self.clause());
        write!(f, "{standard} {demand}: {way_out} ({clause})")
    }
}

//! The standards that a document and its pages conform to, and the differences between the levels of PDF/A.

use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::options::{DocumentOptions, OutputIntent, PdfA};
use crate::standard::{Nonconformance, Requirement, Standard};

/// The differences between the levels of PDF/A, as far as they concern a page with an image.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent rule")]
pub(crate) struct Rules {
    /// The version in the header.
    pub(crate) version: &'static str,
    /// `pdfaid:part`
    pub(crate) part: &'static str,
    /// `pdfaid:conformance`, if the level has one: without attachments, and with them.
    pub(crate) conformance: [Option<&'static str>; 2],
    /// `pdfaid:rev`, if the level has one.
    pub(crate) revision: Option<&'static str>,
    /// Whether there is an information dictionary, equal to the XMP.
    pub(crate) has_info: bool,
    /// Whether cross-references may be in a stream.
    pub(crate) has_cross_reference_streams: bool,
    /// The highest major version of color profiles.
    pub(crate) max_profile_version: u8,
    /// The maximum number of bits of a sample.
    pub(crate) max_bits: u8,
    /// Whether `UserUnit` exists.
    pub(crate) has_user_unit: bool,
    /// Whether the boxes of a page must have sides of 3 to 14,400 units.
    pub(crate) bounds_boxes: bool,
    /// Whether files of any kind may be attached.
    pub(crate) has_attachments: bool,
}

impl PdfA {
    /// Returns the rules of a level.
    pub(crate) const fn rules(self) -> Rules {
        // PDF/A-2 (ISO 19005-2), which is the basis of PDF/A-3.
        let second = Rules {
            version: "1.7",
            part: "2",
            conformance: [Some("B"); 2],
            revision: None,
            has_info: true,
            has_cross_reference_streams: true,
            max_profile_version: 4,
            max_bits: 16,
            has_user_unit: true,
            bounds_boxes: true,
            has_attachments: false,
        };
        match self {
            Self::A1b => Rules {
                version: "1.4",
                part: "1",
                has_cross_reference_streams: false,
                max_profile_version: 2,
                max_bits: 8,
                has_user_unit: false,
                bounds_boxes: false,
                ..second
            },
            Self::A2b => second,
            Self::A2u => Rules {
                conformance: [Some("U"); 2],
                ..second
            },
            Self::A3b => Rules {
                part: "3",
                has_attachments: true,
                ..second
            },
            // With attachments, this is level 4f.
            Self::A4 => Rules {
                version: "2.0",
                part: "4",
                conformance: [None, Some("F")],
                revision: Some("2020"),
                has_info: false,
                bounds_boxes: false,
                has_attachments: true,
                ..second
            },
        }
    }
}

/// The standards that a document and its pages conform to, from [`DocumentOptions::conformance`].
///
/// A document and its pages must be made with the same conformance.
///
/// ```
/// use pdfmagic_core::{Auto, Document, DocumentOptions, Options, Page};
///
/// # let photo = include_bytes!("../tests/corpus/gray.jpg");
/// let mut archive = DocumentOptions::default();
/// archive.pdfa = Some("2b".parse()?);
/// let mut options = Options::default();
/// options.conformance = archive.conformance()?;
///
/// let mut document = Document::with_options(&archive);
/// let mut pdf = Vec::new();
/// let page = Page::from_jpeg(photo, &options, &Auto)?;
/// document.write_page(page, photo, &mut pdf)?;
/// document.finish_into(&mut pdf)?;
/// # assert!(String::from_utf8_lossy(&pdf).contains("<pdfaid:part>2</pdfaid:part>"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conformance {
    pdfa: Option<PdfA>,
    pdfua: bool,
    attaches: bool,
    intent: Option<Intent>,
}

/// The facts about the output intent in the options that pages need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Intent {
    pub(crate) components: usize,
    pub(crate) fingerprint: Fingerprint,
}

impl DocumentOptions {
    /// Returns the standards that the document and its pages conform to.
    ///
    /// # Errors
    ///
    /// [`Error::Nonconforming`] for options that a standard forbids, and for missing options that it requires.
    pub fn conformance(&self) -> Result<Conformance, Error> {
        let is_empty = |text: &Option<String>| text.as_deref().is_none_or(|t| t.trim().is_empty());
        let conformance = Conformance {
            pdfa: self.pdfa,
            pdfua: self.pdfua,
            attaches: self.attach_original,
            intent: self.output_intent.as_ref().map(|profile| Intent {
                components: profile.components(),
                fingerprint: Fingerprint::of(profile.as_bytes()),
            }),
        };
        if let Some((level, rules)) = conformance.archive() {
            let refused = |requirement| Err(Standard::PdfA(level).demands(requirement));
            if self.attach_original && !rules.has_attachments {
                return refused(Requirement::NoAttachments);
            }
            let version = self.output_intent.as_ref().map(OutputIntent::version);
            if version.is_some_and(|version| version > rules.max_profile_version) {
                return refused(Requirement::ProfileVersion);
            }
        } else if self.output_intent.is_some() {
            return Err(Error::Option {
                option: "output-intent",
                reason: "requires pdfa",
            });
        }
        if self.pdfua {
            let refused = |requirement| Err(Standard::PdfUa.demands(requirement));
            if is_empty(&self.title) {
                return refused(Requirement::Title);
            }
            if self.lang.is_none() {
                return refused(Requirement::Language);
            }
            if self.pdfa == Some(PdfA::A4) {
                return refused(Requirement::Version);
            }
        }
        Ok(conformance)
    }
}

impl Standard {
    /// Returns the error that this requirement is not met.
    pub(crate) fn demands(self, requirement: Requirement) -> Error {
        Error::Nonconforming(Nonconformance {
            standard: self,
            requirement,
        })
    }
}

impl Conformance {
    /// The level of PDF/A, and its rules.
    pub(crate) fn archive(self) -> Option<(PdfA, Rules)> {
        self.pdfa.map(|level| (level, level.rules()))
    }

    /// Whether PDF/UA is required.
    pub(crate) fn is_accessible(self) -> bool {
        self.pdfua
    }

    /// Whether original files are attached.
    pub(crate) fn attaches(self) -> bool {
        self.attaches
    }

    /// The output intent that the options give.
    pub(crate) fn intent(self) -> Option<Intent> {
        self.intent
    }

    /// Whether no standard is required.
    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// Returns the error for pages that were made for another conformance. `None` if no standard is required.
    pub(crate) fn refuse_others(self) -> Option<Error> {
        let archive = self.pdfa.map(Standard::PdfA);
        let standard = archive.or(self.pdfua.then_some(Standard::PdfUa))?;
        Some(standard.demands(Requirement::SameForPages))
    }
}

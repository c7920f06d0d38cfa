//! The parts of a document beyond its pages, for which options ask: structure, attached files, an output intent and an
//! identifier.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::conformance::Conformance;
use crate::error::Error;
use crate::fingerprint::Fingerprint;
use crate::geometry::Placement;
use crate::options::DocumentOptions;
use crate::page::Label;
use crate::pdf::{Hexadecimal, Ref, Text, TextString, Writer};
use crate::piece::Piece;
use crate::profile;
use crate::standard::{Requirement, Standard};
use crate::structure::{Structure, bounds};

/// The parts of a document beyond its pages, while it is written.
#[derive(Debug, Default)]
pub(crate) struct Extras {
    conformance: Conformance,
    /// The first reason why the document cannot be finished.
    fault: Option<Error>,
    fingerprint: Fingerprint,
    has_color: bool,
    structure: Option<Structure>,
    /// The attached files.
    attached: Vec<Ref>,
    /// The attached files of pages with keys, by key.
    by_key: BTreeMap<u64, Ref>,
}

/// The references from a page to these parts.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Given {
    /// `StructParents` of the first page, if the image is a figure.
    pub(crate) figure: Option<usize>,
    /// The attached file that the image comes from.
    pub(crate) source: Option<Ref>,
}

impl Extras {
    /// Returns the parts that options ask for. `None` if there are none.
    pub(crate) fn of(options: &DocumentOptions) -> Option<Box<Self>> {
        let (conformance, fault) = match options.conformance() {
            Ok(conformance) => (conformance, None),
            Err(fault) => (Conformance::default(), Some(fault)),
        };
        let is_nothing = conformance.is_none() && fault.is_none();
        (!is_nothing).then(|| {
            Box::new(Self {
                conformance,
                fault,
                ..Self::default()
            })
        })
    }

    /// The standards that the document conforms to.
    pub(crate) fn conformance(&self) -> Conformance {
        self.conformance
    }

    /// Records an error for anything that cannot be added to an existing PDF.
    #[cfg(feature = "lopdf")]
    pub(crate) fn refuse(&mut self, label: &Label) {
        let option = match label {
            Label { alt: Some(_), .. } => "alt",
            Label {
                original: Some(_), ..
            } => "attach-original",
            _ => return,
        };
        self.fault.get_or_insert(Error::Option {
            option,
            reason: "is only for new documents",
        });
    }

    /// Records the label of the page with this number.
    pub(crate) fn begin_page(&mut self, w: &mut Writer, label: &Label, number: usize) -> Given {
        if label.conformance != self.conformance && self.fault.is_none() {
            self.fault = self.conformance.refuse_others();
        }
        self.has_color |= label.has_color;
        if let Some(fingerprint) = label.fingerprint {
            self.fingerprint.add(&fingerprint.bytes());
        }
        let figure = label.alt.is_some().then(|| {
            let structure = self.structure.get_or_insert_with(|| Structure::new(w));
            structure.next()
        });
        let source = label
            .original
            .map(|size| self.attach(w, label, size, number));
        Given { figure, source }
    }

    /// Records the pages that show the image.
    pub(crate) fn end_page(
        &mut self,
        w: &mut Writer,
        alt: &str,
        pages: &[Ref],
        placement: &Placement,
    ) {
        let Some(structure) = &mut self.structure else {
            return;
        };
        for (number, &page) in (0..).zip(pages) {
            structure.push(w, page, alt, bounds(placement, number));
        }
    }

    /// Attaches a whole input (ISO 19005-3, 6.8 and Annex E), unless it is already attached.
    fn attach(&mut self, w: &mut Writer, label: &Label, size: u64, number: usize) -> Ref {
        if let Some(&known) = label.key.and_then(|key| self.by_key.get(&key)) {
            return known;
        }
        let name = match &label.name {
            Some(name) => format!("{}.jpg", name.replace(['/', '\\', ':'], "_")),
            None => format!("image-{}.jpg", number + 1),
        };
        let dict = |dict: &mut Text| {
            dict.put("/Type /EmbeddedFile /Subtype /image#2Fjpeg /Params << /Size ");
            dict.put(size).put(" >>");
        };
        let file = w.stream(dict, [Piece::Input(0..size)]);
        let id = w.reserve();
        w.object(id, |spec| {
            spec.put("<< /Type /Filespec /F ").put(TextString(&name));
            spec.put(" /UF ").put(TextString(&name));
            spec.put(" /Desc (Source of the image) /AFRelationship /Source /EF << /F ");
            spec.put(file).put(" /UF ").put(file).put(" >> >>");
        });
        self.attached.push(id);
        self.by_key.extend(label.key.map(|key| (key, id)));
        id
    }

    /// Writes the remaining objects, and their entries in the catalog. Returns the identifier for the trailer.
    pub(crate) fn finish(
        mut self,
        w: &mut Writer,
        options: Option<&DocumentOptions>,
        pages: usize,
        catalog: &mut Text,
    ) -> Result<Option<[u8; 16]>, Error> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        if let Some(structure) = &self.structure {
            structure.finish(w, catalog, structure.next() == pages);
        }
        if !self.attached.is_empty() {
            catalog.put(" /Names << /EmbeddedFiles << /Names [");
            for (number, &file) in self.attached.iter().enumerate() {
                // Names are sorted as strings.
                let name = format!("{number:08}");
                catalog.put(TextString(&name)).put(" ").put(file).put(" ");
            }
            catalog.put("] >> >>");
        }
        let Some((level, rules)) = self.conformance.archive() else {
            return Ok(None);
        };
        if !rules.has_cross_reference_streams && w.position() > Writer::MAX_OFFSET {
            return Err(Standard::PdfA(level).demands(Requirement::FileSize));
        }
        let given = options.and_then(|options| options.output_intent.as_ref());
        let (name, components, profile) = match given {
            Some(profile) => (
                "Custom",
                profile.components(),
                Cow::Borrowed(profile.as_bytes()),
            ),
            None if self.has_color => ("sRGB IEC61966-2.1", 3, profile::srgb().into()),
            None => ("Gray with the curve of sRGB", 1, profile::gray().into()),
        };
        let dict = |dict: &mut Text| {
            dict.put("/N ").put(components);
        };
        let profile = w.stream(dict, [Piece::Made(profile.into_owned())]);
        let name = TextString(name);
        catalog.put(
            " /OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier ",
        );
        catalog.put(&name).put(" /Info ").put(&name);
        catalog.put(" /DestOutputProfile ").put(profile).put(" >>]");
        for text in options
            .into_iter()
            .flat_map(|o| [&o.title, &o.author, &o.subject])
        {
            self.fingerprint
                .add(text.as_deref().unwrap_or_default().as_bytes());
        }
        w.identify(&mut self.fingerprint);
        Ok(Some(self.fingerprint.bytes()))
    }
}

/// Writes the identifier of a file (14.4): that of its first version, and that of this version.
pub(crate) fn put_id(trailer: &mut Text, id: [u8; 16]) {
    trailer.put(" /ID [").put(Hexadecimal(&id));
    trailer.put(" ").put(Hexadecimal(&id)).put("]");
}

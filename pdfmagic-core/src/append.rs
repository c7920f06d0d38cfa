//! Adds pages to a PDF, whose bytes remain unchanged (ISO 32000-1, 7.5.6).

use std::collections::HashSet;

use lopdf::xref::{XrefEntry, XrefType};
use lopdf::{Dictionary, Object, ObjectId, Writer as Serializer};

use crate::existing::{self, PdfError};
use crate::pdf::{Previous, Ref, Text, Writer};

/// The maximum number of objects (ISO 32000-1, Annex C).
const MAX_OBJECTS: u32 = 8_388_607;

/// A PDF to which pages are added.
#[derive(Debug)]
pub(crate) struct Existing {
    catalog: (ObjectId, Dictionary),
    /// The root of its page tree, which becomes a branch of the new one.
    tree: (ObjectId, Dictionary),
    /// The entries of its trailer that remain.
    trailer: Vec<u8>,
    pub(crate) pages: usize,
}

/// Reads a PDF to which pages will be added.
pub(crate) fn open(pdf: &[u8]) -> Result<(Existing, Writer), PdfError> {
    let document = existing::read(pdf)?;
    if existing::is_signed(&document) {
        return Err(PdfError::Signed);
    }
    check_entries(pdf, &document)?;
    let catalog = existing::linked(&document, &document.trailer, "Root")?;
    let tree = existing::linked(&document, catalog.1, "Pages")?;
    check_listed(&document, catalog.0)?;
    let count = tree.1.get(b"Count").and_then(Object::as_i64)?;
    let pages = count_leaves(&document, tree.0)?;
    if usize::try_from(count) != Ok(pages) {
        let reason = format!("its page tree counts {count} pages and has {pages}");
        return Err(PdfError::Broken { reason });
    }
    let mut trailer = Vec::new();
    for key in ["Root", "Info", "ID"] {
        if let Ok(value) = document.trailer.get(key.as_bytes()) {
            trailer.extend_from_slice(format!(" /{key} ").as_bytes());
            serialize(&mut trailer, value);
        }
    }
    let size = document.trailer.get(b"Size").and_then(Object::as_i64)?;
    // A reference to an object that does not exist (7.3.10) must not refer to a new one.
    let used = document
        .objects
        .iter()
        .map(|(id, object)| id.0.max(highest_reference(object)));
    let highest = used.max().unwrap_or(0);
    let objects = size.max(i64::from(highest.max(document.max_id)) + 1);
    let objects = u32::try_from(objects)
        .ok()
        .filter(|&objects| objects <= MAX_OBJECTS)
        .ok_or_else(|| PdfError::broken(&format!("it has object numbers up to {objects}")))?;
    let writer = Writer::after(Previous {
        size: pdf.len() as u64,
        ends_line: pdf.ends_with(b"\n"),
        objects,
        startxref: document.xref_start as u64,
        has_stream: matches!(
            document.reference_table.cross_reference_type,
            XrefType::CrossReferenceStream
        ),
        rewritten: Vec::new(),
    });
    let existing = Existing {
        catalog: (catalog.0, catalog.1.clone()),
        tree: (tree.0, tree.1.clone()),
        trailer,
        pages,
    };
    Ok((existing, writer))
}

impl Existing {
    /// Writes the root of the new page tree, with the old tree and then the new pages.
    pub(crate) fn put_tree(&self, tree: &mut Text, pages: &[Ref]) {
        let (number, generation) = self.tree.0;
        tree.put("<< /Type /Pages /Kids [").put(u64::from(number));
        tree.put(" ").put(u64::from(generation)).put(" R ");
        tree.list(pages.iter().copied());
        tree.put("] /Count ")
            .put(self.pages + pages.len())
            .put(" >>");
    }

    /// Rewrites the old catalog and the root of the old page tree, so that they belong to the new tree. Returns the
    /// entries for the trailer.
    pub(crate) fn rewrite(mut self, w: &mut Writer, tree: Ref) -> Vec<u8> {
        let tree = Object::Reference((tree.number(), 0));
        self.catalog.1.set("Pages", tree.clone());
        self.tree.1.set("Parent", tree);
        // Readers overlook a wrong type in a root, but not in a branch.
        self.tree.1.set("Type", Object::Name(b"Pages".to_vec()));
        for (id, dict) in [self.catalog, self.tree] {
            let mut body = Vec::new();
            serialize(&mut body, &Object::Dictionary(dict));
            w.rewrite(id, &body);
        }
        self.trailer
    }
}

/// Returns the number of pages in a page tree (7.7.3), each of which exists.
fn count_leaves(document: &lopdf::Document, root: ObjectId) -> Result<usize, PdfError> {
    let mut waiting = vec![root];
    let mut branches = HashSet::new();
    let mut leaves = 0;
    while let Some(id) = waiting.pop() {
        check_listed(document, id)?;
        let node = document.get_object(id)?.as_dict()?;
        let kids = match node.get_deref(b"Kids", document) {
            Ok(kids) => kids,
            Err(error) if id == root => return Err(error.into()),
            Err(_) => {
                leaves += 1;
                continue;
            }
        };
        if !branches.insert(id) {
            return Err(PdfError::broken(&"its page tree contains a branch twice"));
        }
        for kid in kids.as_array()? {
            waiting.push(kid.as_reference()?);
        }
    }
    Ok(leaves)
}

/// Checks that objects are where the cross-references say. lopdf takes their numbers from the objects themselves, and other
/// readers take them from the entries.
fn check_entries(pdf: &[u8], document: &lopdf::Document) -> Result<(), PdfError> {
    let is_at = |number: u32, offset: u32| {
        let object = pdf.get(offset as usize..).unwrap_or_default();
        let rest = object
            .trim_ascii_start()
            .strip_prefix(number.to_string().as_bytes());
        rest.and_then(<[u8]>::first)
            .is_some_and(u8::is_ascii_whitespace)
    };
    for (&number, entry) in &document.reference_table.entries {
        match *entry {
            // Some writers use the offset 0 for objects that do not exist.
            XrefEntry::Normal { offset, .. } if offset != 0 && !is_at(number, offset) => {
                let reason = format!("object {number} is not where its cross-reference says");
                return Err(PdfError::Broken { reason });
            }
            _ => {}
        }
    }
    Ok(())
}

/// Checks that an object has a cross-reference.
fn check_listed(document: &lopdf::Document, (number, _): ObjectId) -> Result<(), PdfError> {
    match document.reference_table.get(number) {
        Some(XrefEntry::Normal { .. } | XrefEntry::Compressed { .. }) => Ok(()),
        _ => Err(PdfError::broken(&format!(
            "object {number} has no cross-reference"
        ))),
    }
}

/// Returns the highest object number that an object refers to.
fn highest_reference(object: &Object) -> u32 {
    let highest_of =
        |dict: &Dictionary| dict.iter().map(|(_, value)| highest_reference(value)).max();
    match object {
        Object::Reference((number, _)) => *number,
        Object::Array(items) => items.iter().map(highest_reference).max().unwrap_or(0),
        Object::Dictionary(dict) => highest_of(dict).unwrap_or(0),
        Object::Stream(stream) => highest_of(&stream.dict).unwrap_or(0),
        _ => 0,
    }
}

fn serialize(bytes: &mut Vec<u8>, object: &Object) {
    Serializer::write_object(bytes, object).expect("writing to memory cannot fail");
}

//! Extracts JPEGs from a PDF.

use std::collections::BTreeMap;

use lopdf::content::Content;
use lopdf::{Dictionary, Document, Object, ObjectId, Stream};

use crate::existing::{self, PdfError};
use crate::jpeg::{Orientation, state_orientation};

/// The maximum depth of nested forms.
const MAX_DEPTH: usize = 8;

/// The maximum size of a content stream, in bytes.
const MAX_CONTENT: usize = 64 << 20;

/// The maximum size of an extracted file that the PDF has compressed, in bytes.
const MAX_DECODED: usize = 1 << 30;

/// A JPEG extracted from a PDF.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ExtractedJpeg {
    /// The file.
    pub data: Vec<u8>,
    /// The number of the first page that shows it, from 1. `None` if no page does.
    pub page: Option<u32>,
    /// The orientation in which the page shows it. It is also written to the Exif data of the file, if there is a place
    /// for it.
    pub orientation: Orientation,
    /// The profile of its color space; `None` if its color space has none. It is not part of `data`.
    pub icc_profile: Option<Vec<u8>>,
}

/// The place where an image is shown.
#[derive(Debug, Clone, Copy)]
struct Shown {
    page: u32,
    /// `a b c d` of the matrix from the unit square to the page.
    matrix: [f64; 4],
}

/// Extracts all JPEGs from a PDF. Those on pages come first, in the order of the pages.
///
/// A JPEG is the content of its stream. If this crate embedded it unchanged, it is extracted bit for bit; an
/// orientation that was set to 1, since the page rotates the image, is restored. If the original file of an image is
/// attached to its page, that file is extracted instead.
///
/// # Errors
///
/// If the file is not a PDF, or is encrypted or broken. A PDF without JPEGs is not an error. Content streams of more than 64
/// MiB and attached files of more than 1 GiB count as broken. After ten million operations on pages, the other images count as
/// on no page.
pub fn extract_jpegs(pdf: &[u8]) -> Result<Vec<ExtractedJpeg>, PdfError> {
    /// The maximum number of operations, which is enough for any realistic file.
    const MAX_OPERATIONS: usize = 10_000_000;
    let document = existing::read(pdf)?;
    let mut finder = Finder {
        document: &document,
        page: 0,
        shown: BTreeMap::new(),
        left: MAX_OPERATIONS,
    };
    for (page, id) in document.get_pages() {
        finder.page = page;
        let content = document.get_page_content_with_limit(id, MAX_CONTENT)?;
        let (direct, references) = document.get_page_resources(id)?;
        let linked = references
            .iter()
            .filter_map(|&id| document.get_dictionary(id).ok());
        let resources: Vec<_> = direct.into_iter().chain(linked).collect();
        finder.follow(&content, &resources, IDENTITY, 0);
    }
    let shown = finder.shown;
    let sources = sources(&document, &shown);
    let streams = document.objects.iter();
    let images = streams.filter_map(|(&id, object)| Some((id, object.as_stream().ok()?)));
    let found = images.filter_map(|(id, image)| {
        let shown = shown.get(&id).copied();
        let source = shown.and_then(|shown| sources.get(&shown.page).copied());
        (source.is_some() || is_dct(image)).then_some((shown, id, image, source))
    });
    let mut found: Vec<_> = found.collect();
    // Images that no page shows come last.
    found.sort_by_key(|(shown, id, ..)| (shown.map_or(u32::MAX, |shown| shown.page), *id));
    let jpeg = |(shown, _, image, source)| jpeg(&document, image, source, shown);
    found.into_iter().map(jpeg).collect()
}

/// Returns the JPEG that is attached to each page as the source of its contents (ISO 32000-2, 14.13), by page number.
/// Pages with several images are excluded, since it is unclear which of them the file belongs to.
fn sources<'d>(
    document: &'d Document,
    shown: &BTreeMap<ObjectId, Shown>,
) -> BTreeMap<u32, &'d Stream> {
    let source = |page: ObjectId| {
        let page = document.get_dictionary(page).ok()?;
        let files = document.dereference(page.get(b"AF").ok()?).ok()?.1;
        let [file] = files.as_array().ok()?.as_slice() else {
            return None;
        };
        let file = document.dereference(file).ok()?.1.as_dict().ok()?;
        let relation = file.get(b"AFRelationship").and_then(Object::as_name).ok()?;
        let (_, embedded) = document.dereference(file.get(b"EF").ok()?).ok()?;
        let stream = embedded.as_dict().ok()?.get(b"F").ok()?;
        let stream = document.dereference(stream).ok()?.1.as_stream().ok()?;
        let kind = stream.dict.get(b"Subtype").and_then(Object::as_name).ok()?;
        (relation == b"Source" && kind == b"image/jpeg").then_some(stream)
    };
    let mut images: BTreeMap<u32, u32> = BTreeMap::new();
    for shown in shown.values() {
        *images.entry(shown.page).or_default() += 1;
    }
    let pages = document.get_pages().into_iter();
    pages
        .filter_map(|(number, id)| Some((number, source(id)?)))
        .filter(|(number, _)| images.get(number) == Some(&1))
        .collect()
}

fn jpeg(
    document: &Document,
    image: &Stream,
    source: Option<&Stream>,
    shown: Option<Shown>,
) -> Result<ExtractedJpeg, PdfError> {
    let orientation = shown.map_or(Orientation::TopLeft, |shown| orientation(shown.matrix));
    let data = if let Some(source) = source {
        decoded(source)?
    } else {
        let mut data = encoded(image)?;
        state_orientation(&mut data, orientation);
        data
    };
    Ok(ExtractedJpeg {
        data,
        page: shown.map(|shown| shown.page),
        orientation,
        icc_profile: profile(document, &image.dict),
    })
}

/// Returns the whole content of a stream.
fn decoded(stream: &Stream) -> Result<Vec<u8>, PdfError> {
    if stream.filters().is_ok() {
        return Ok(stream.decompressed_content_with_limit(MAX_DECODED)?);
    }
    Ok(stream.content.clone())
}

/// Whether the last filter of an image is `DCTDecode`.
fn is_dct(stream: &Stream) -> bool {
    let subtype = stream.dict.get(b"Subtype").and_then(Object::as_name);
    let filters = stream.filters().unwrap_or_default();
    subtype.is_ok_and(|name| name == b"Image") && filters.last() == Some(&&b"DCTDecode"[..])
}

/// Returns the data that `DCTDecode` would decode, after undoing all other filters.
fn encoded(stream: &Stream) -> Result<Vec<u8>, PdfError> {
    let filters = stream.filters()?;
    let (_, others) = filters
        .split_last()
        .ok_or_else(|| PdfError::broken(&"a filter is missing"))?;
    if others.is_empty() {
        return Ok(stream.content.clone());
    }
    let others = others.iter().map(|name| Object::Name(name.to_vec()));
    let mut dict = Dictionary::new();
    dict.set("Filter", others.collect::<Vec<_>>());
    if let Ok(Object::Array(parameters)) = stream.dict.get(b"DecodeParms") {
        dict.set(
            "DecodeParms",
            parameters[..parameters.len().saturating_sub(1)].to_vec(),
        );
    }
    let wrapped = Stream::new(dict, stream.content.clone());
    Ok(wrapped.decompressed_content_with_limit(MAX_DECODED)?)
}

/// Returns the profile of an `ICCBased` color space (8.6.5.5).
fn profile(document: &Document, image: &Dictionary) -> Option<Vec<u8>> {
    const MAX_SIZE: usize = 64 << 20;
    let space = document.dereference(image.get(b"ColorSpace").ok()?).ok()?.1;
    let [family, profile] = space.as_array().ok()?.as_slice() else {
        return None;
    };
    if family.as_name().ok()? != b"ICCBased" {
        return None;
    }
    let profile = document.dereference(profile).ok()?.1.as_stream().ok()?;
    if profile.filters().is_ok() {
        return profile.decompressed_content_with_limit(MAX_SIZE).ok();
    }
    Some(profile.content.clone())
}

/// `a b c d e f` (8.3.4).
type Matrix = [f64; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

/// Returns the matrix that applies `inner` and then `outer`.
fn product(inner: Matrix, outer: Matrix) -> Matrix {
    let mut product = [0.0; 6];
    for row in 0..3 {
        for column in 0..2 {
            let [x, y] = [inner[2 * row], inner[2 * row + 1]];
            let origin = if row == 2 { outer[4 + column] } else { 0.0 };
            product[2 * row + column] = x * outer[column] + y * outer[2 + column] + origin;
        }
    }
    product
}

fn matrix(operands: &[Object]) -> Option<Matrix> {
    let mut matrix = IDENTITY;
    if operands.len() != matrix.len() {
        return None;
    }
    for (place, operand) in matrix.iter_mut().zip(operands) {
        *place = operand.as_float().ok()?.into();
    }
    Some(matrix)
}

/// Finds where pages show images first.
struct Finder<'d> {
    document: &'d Document,
    page: u32,
    shown: BTreeMap<ObjectId, Shown>,
    /// The number of operations that may still be followed, since nested forms can multiply them.
    left: usize,
}

impl<'d> Finder<'d> {
    /// Follows a content stream. An unreadable one shows nothing, so its images come last.
    fn follow(
        &mut self,
        content: &[u8],
        resources: &[&'d Dictionary],
        start: Matrix,
        depth: usize,
    ) {
        let Ok(content) = Content::decode(content) else {
            return;
        };
        let (mut current, mut saved) = (start, Vec::new());
        for operation in &content.operations {
            let Some(left) = self.left.checked_sub(1) else {
                return;
            };
            self.left = left;
            match &*operation.operator {
                "q" => saved.push(current),
                "Q" => current = saved.pop().unwrap_or(start),
                "cm" => {
                    if let Some(matrix) = matrix(&operation.operands) {
                        current = product(matrix, current);
                    }
                }
                "Do" => {
                    let name = operation
                        .operands
                        .first()
                        .and_then(|name| name.as_name().ok());
                    if let Some(name) = name {
                        self.draw(name, resources, current, depth);
                    }
                }
                _ => {}
            }
        }
    }

    /// Draws an image, or the contents of a form.
    fn draw(&mut self, name: &[u8], resources: &[&'d Dictionary], current: Matrix, depth: usize) {
        let document = self.document;
        let Some((id, stream)) = xobject(document, resources, name) else {
            return;
        };
        let subtype = stream.dict.get(b"Subtype").and_then(Object::as_name);
        if subtype.is_ok_and(|name| name != b"Form") {
            let [a, b, c, d, ..] = current;
            let (page, matrix) = (self.page, [a, b, c, d]);
            self.shown.entry(id).or_insert(Shown { page, matrix });
            return;
        }
        let content = if stream.filters().is_ok() {
            stream.decompressed_content_with_limit(MAX_CONTENT)
        } else {
            Ok(stream.content.clone())
        };
        let (Ok(content), true) = (content, depth < MAX_DEPTH) else {
            return;
        };
        let own = stream.dict.get(b"Matrix").and_then(Object::as_array).ok();
        let own = own.and_then(|own| matrix(own)).unwrap_or(IDENTITY);
        let current = product(own, current);
        let own = stream
            .dict
            .get(b"Resources")
            .and_then(|own| document.dereference(own));
        match own.and_then(|(_, own)| own.as_dict()) {
            Ok(own) => self.follow(&content, &[own], current, depth + 1),
            Err(_) => self.follow(&content, resources, current, depth + 1),
        }
    }
}

fn xobject<'d>(
    document: &'d Document,
    resources: &[&'d Dictionary],
    name: &[u8],
) -> Option<(ObjectId, &'d Stream)> {
    resources.iter().find_map(|resources| {
        let xobjects = document
            .dereference(resources.get(b"XObject").ok()?)
            .ok()?
            .1;
        let id = xobjects
            .as_dict()
            .ok()?
            .get(name)
            .and_then(Object::as_reference)
            .ok()?;
        Some((
            id,
            document.get_object(id).and_then(Object::as_stream).ok()?,
        ))
    })
}

/// Returns the orientation that a matrix gives to the unit square, to the nearest quarter turn.
fn orientation([a, b, c, d]: [f64; 4]) -> Orientation {
    let is_upright = a.abs() + d.abs() >= b.abs() + c.abs();
    if is_upright {
        return match (a >= 0.0, d >= 0.0) {
            (true, true) => Orientation::TopLeft,
            (false, true) => Orientation::TopRight,
            (false, false) => Orientation::BottomRight,
            (true, false) => Orientation::BottomLeft,
        };
    }
    match (b >= 0.0, c >= 0.0) {
        (false, false) => Orientation::LeftTop,
        (false, true) => Orientation::RightTop,
        (true, true) => Orientation::RightBottom,
        (true, false) => Orientation::LeftBottom,
    }
}

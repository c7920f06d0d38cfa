//! Code that the tests of whole PDFs share.

use lopdf::{LoadOptions, Object, Stream};
use pdfmagic_core::{Auto, Reencode, Transcode};
use pdfmagic_core::{
    Backend, Document, DocumentOptions, Error, Options, Page, Passthrough, Source,
};

/// Returns the backends.
pub(crate) fn backends() -> [Box<dyn Backend>; 4] {
    [
        Box::new(Passthrough),
        Box::new(Transcode::default()),
        Box::new(Auto),
        Box::new(Reencode::default()),
    ]
}

/// Returns a PDF of one page, assembled from its pieces.
pub(crate) fn convert(jpeg: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    convert_source(jpeg.into(), jpeg, backend)
}

/// Returns a PDF of one page if the core sees only `source` of the input.
pub(crate) fn convert_source(
    source: Source<'_>,
    input: &[u8],
    backend: &dyn Backend,
) -> Result<Vec<u8>, Error> {
    let page = Page::from_jpeg(source, &Options::default(), backend)?;
    let mut document = Document::new();
    let mut pdf = Vec::new();
    for piece in document.push(page) {
        assert_eq!(piece.size(), piece.bytes(input).len() as u64);
        pdf.extend_from_slice(piece.bytes(input));
    }
    pdf.extend_from_slice(&document.finish()?);
    Ok(pdf)
}

/// Returns a PDF with a page for each JPEG.
pub(crate) fn pdf_of(
    jpegs: &[impl AsRef<[u8]>],
    options: &Options,
    document: &DocumentOptions,
) -> lopdf::Document {
    let (mut document, mut pdf) = (Document::with_options(document), Vec::new());
    for jpeg in jpegs {
        let jpeg = jpeg.as_ref();
        let page = Page::from_jpeg(jpeg, options, &Auto).expect("it is valid");
        document.write_page(page, jpeg, &mut pdf).expect("memory");
    }
    document.finish_into(&mut pdf).expect("memory");
    strict(&pdf)
}

/// Reads the PDF with a strict reader.
pub(crate) fn strict(pdf: &[u8]) -> lopdf::Document {
    let options = LoadOptions {
        strict: true,
        ..LoadOptions::default()
    };
    lopdf::Document::load_mem_with_options(pdf, options).expect("a PDF that a strict reader takes")
}

/// Returns the image of the only page.
pub(crate) fn image_of(pdf: &lopdf::Document) -> &Stream {
    let is_image = |dict: &lopdf::Dictionary| {
        dict.get(b"Subtype")
            .and_then(Object::as_name)
            .is_ok_and(|name| name == b"Image")
    };
    let mut images = pdf
        .objects
        .values()
        .filter_map(|object| object.as_stream().ok())
        .filter(|s| is_image(&s.dict));
    let image = images.next().expect("a page has an image");
    assert!(images.next().is_none(), "one image for one JPEG");
    image
}

/// Returns width and height of the only page, as they are written.
pub(crate) fn media_box(pdf: &lopdf::Document) -> String {
    let pages = pdf.get_pages();
    assert_eq!(pages.len(), 1);
    let page = pdf
        .get_dictionary(pages[&1])
        .expect("a page is a dictionary");
    let sides = page
        .get(b"MediaBox")
        .and_then(Object::as_array)
        .expect("a page has a box");
    let sides = sides
        .iter()
        .map(|side| side.as_float().expect("sides are numbers").to_string());
    sides.skip(2).collect::<Vec<_>>().join(" ")
}

//! What the tests of whole PDFs share.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use lopdf::{LoadOptions, Object, Stream};
use pdfmagic_core::{Auto, Reencode, Transcode};
use pdfmagic_core::{Backend, Document, Error, Options, Page, Passthrough, Source};

/// Each way to make an image.
pub(crate) fn backends() -> [Box<dyn Backend>; 4] {
    [
        Box::new(Passthrough),
        Box::new(Transcode::default()),
        Box::new(Auto),
        Box::new(Reencode::default()),
    ]
}

/// The corpus in the repository.
pub(crate) fn own_corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Files that may not be copied into the repository, where they lie beside it.
pub(crate) fn shared_corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus");
    if !folder.is_dir() {
        eprintln!("no ../shared/corpus beside the repository: only the corpus inside it is tested");
    }
    folder.is_dir().then_some(folder)
}

/// Every file of both.
pub(crate) fn corpora() -> Vec<(PathBuf, Vec<u8>)> {
    let mut folders = vec![own_corpus()];
    if let Some(shared) = shared_corpus() {
        folders.push(shared.join("synthetic"));
        let public = fs::read_dir(shared.join("public")).expect("it can be listed");
        folders.extend(public.map(|entry| entry.expect("it can be listed").path()));
    }
    let files = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).expect("it can be listed"));
    let paths = files.map(|entry| entry.expect("it can be listed").path());
    let images = paths.filter(|path| {
        !path
            .extension()
            .is_some_and(|ext| ext == "py" || ext == "tsv")
    });
    images
        .map(|path| (path.clone(), fs::read(&path).expect("it can be read")))
        .collect()
}

/// A table with a head, in tab-separated columns.
pub(crate) struct Table(String);

impl Table {
    pub(crate) fn read(path: &Path) -> Self {
        Self(fs::read_to_string(path).expect("the table is beside its files"))
    }

    /// Each row, by the names of its columns.
    pub(crate) fn rows(&self) -> impl Iterator<Item = BTreeMap<&str, &str>> {
        let mut lines = self.0.lines();
        let head = lines.next().unwrap_or_default();
        lines.map(move |line| head.split('\t').zip(line.split('\t')).collect())
    }
}

/// A PDF of one page, put together from its pieces.
pub(crate) fn convert(jpeg: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    convert_source(jpeg.into(), jpeg, backend)
}

/// The same where the core sees only `source` of the input.
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

/// The PDF as a reader sees it that forgives nothing.
pub(crate) fn strict(pdf: &[u8]) -> lopdf::Document {
    let options = LoadOptions {
        strict: true,
        ..LoadOptions::default()
    };
    lopdf::Document::load_mem_with_options(pdf, options).expect("a PDF that a strict reader takes")
}

/// The image of the only page.
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

/// Width and height of the only page as they are written.
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

//! What holds for arbitrary bytes, as the fuzz targets and the test of mutations assert it.

use jpeg_decoder::{ColorTransform, PixelFormat};
use lopdf::{LoadOptions, Object};
use pdfmagic_core::jpeg::Process;
use pdfmagic_core::{
    Auto, Backend, Document, DocumentOptions, Error, ImageOptions, Jpeg, Limits, Options, Page,
    PageOptions, Passthrough, Reencode, Source, Transcode, extract_jpegs,
};

/// A sound picture, for the laws that are about something else.
const PICTURE: &[u8] = include_bytes!("../corpus/orientation_6.jpg");

/// Large pictures are slow to decode, and find no other faults than small ones.
pub(crate) fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_pixels = 1 << 18;
    limits.max_scans = 50;
    limits.max_memory = 64 << 20;
    limits
}

fn strict(pdf: &[u8]) -> lopdf::Document {
    let options = LoadOptions {
        strict: true,
        ..LoadOptions::default()
    };
    lopdf::Document::load_mem_with_options(pdf, options).expect("a strict reader takes it")
}

/// A PDF of these pages, whose pieces are as long as they say.
fn write(document: &mut Document, page: Page, input: &[u8], pdf: &mut Vec<u8>) {
    for piece in document.push(page) {
        assert_eq!(piece.size(), piece.bytes(input).len() as u64);
        pdf.extend_from_slice(piece.bytes(input));
    }
}

fn pdf(
    source: Source<'_>,
    input: &[u8],
    options: &Options,
    said: &DocumentOptions,
    backend: &dyn Backend,
) -> Result<Vec<u8>, Error> {
    let page = Page::from_jpeg(source, options, backend)?;
    let mut document = Document::with_options(said);
    let mut pdf = Vec::new();
    write(&mut document, page, input, &mut pdf);
    pdf.extend_from_slice(&document.finish()?);
    Ok(pdf)
}

/// What `--progressive` does.
fn progressive() -> Box<dyn Backend> {
    let mut options = ImageOptions::default();
    options.progressive = true;
    options.backend().expect("it goes alone")
}

/// Each backend returns an error or a PDF that a strict reader accepts, with one page; and passthrough makes the same PDF from
/// the ends of an input as from all of it.
pub(crate) fn convert(input: &[u8]) {
    let mut options = Options::default();
    options.limits = limits();
    let said = DocumentOptions::default();
    let of = |source, backend: &dyn Backend| pdf(source, input, &options, &said, backend);
    for backend in [
        &Auto as &dyn Backend,
        &Transcode::default(),
        &Reencode::default(),
    ] {
        if let Ok(pdf) = of(input.into(), backend) {
            assert_eq!(strict(&pdf).get_pages().len(), 1);
            // It becomes one as well if it is to be smaller.
            let is_default = backend.name() == Auto.name();
            assert!(!is_default || of(input.into(), &*progressive()).is_ok());
        }
    }
    let whole = of(input.into(), &Passthrough);
    if let Ok(pdf) = &whole {
        assert_eq!(strict(pdf).get_pages().len(), 1);
    }
    let ends = Source::Ends {
        head: &input[..input.len() / 2],
        tail: &input[input.len().saturating_sub(64)..],
        size: input.len() as u64,
    };
    match (of(ends, &Passthrough), whole) {
        (Err(Error::NeedsInput { .. }), _) => {}
        (Ok(ends), Ok(whole)) => assert!(ends == whole),
        (Err(ends), Err(whole)) => assert_eq!(ends.code(), whole.code()),
        (ends, whole) => panic!("ends: {:?}, whole: {:?}", ends.err(), whole.err()),
    }
}

/// The coded image.
fn coded(input: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    let limits = limits();
    let image = backend.image(&Jpeg::parse(input, &limits)?, &limits)?;
    let pieces = image.data.iter();
    Ok(pieces
        .flat_map(|piece| piece.bytes(input))
        .copied()
        .collect())
}

const BASELINE: Transcode = Transcode { progressive: false };
const PROGRESSIVE: Transcode = Transcode { progressive: true };

/// Transcoding keeps the coefficients: by way of progressive coding, the input and its baseline transcode become the same
/// data, where the input is sound. Everything that is written can be decoded.
pub(crate) fn transcode(input: &[u8]) {
    let Ok(baseline) = coded(input, &BASELINE) else {
        assert!(coded(input, &PROGRESSIVE).is_err());
        let _ = coded(input, &Auto);
        return;
    };
    let detour = |data: &[u8]| {
        let progressive = coded(data, &PROGRESSIVE).expect("it was decodable");
        coded(&progressive, &BASELINE).expect("what is written is sound")
    };
    let (ours, again) = (detour(input), detour(&baseline));
    let limits = limits();
    let found = Jpeg::parse(input, &limits).and_then(|jpeg| jpeg.verify(&limits));
    // Damage may leave coefficients that baseline coding cannot hold.
    if matches!(found, Ok(None)) {
        assert!(ours == again);
    }
    let reencode = Reencode::default();
    let backends = [
        reencode,
        Reencode {
            gray: true,
            ..reencode
        },
        Reencode {
            subsample: true,
            ..reencode
        },
        Reencode {
            max_side: Some(std::num::NonZeroU16::MIN),
            ..reencode
        },
    ];
    for backend in backends {
        if let Ok(data) = coded(input, &backend) {
            coded(&data, &BASELINE).expect("what is written is sound");
        }
    }
}

/// Looking for damage finds it if and only if decoding does, whatever follows the image.
pub(crate) fn walk(input: &[u8]) {
    let limits = limits();
    let Ok(jpeg) = Jpeg::parse(input, &limits) else {
        return;
    };
    let found = jpeg.verify(&limits);
    if jpeg.frame().precision == 8 && jpeg.frame().process != Process::Lossless {
        let decoded = BASELINE.image(&jpeg, &limits);
        match (&found, &decoded) {
            (Ok(found), Ok(image)) => assert_eq!(found.is_some(), image.damage.is_some()),
            (Ok(Some(_)) | Err(_), Err(_)) => {}
            (found, decoded) => panic!("found {found:?}, decoded {:?}", decoded.as_ref().err()),
        }
    }
    assert!(jpeg.end() <= input.len() as u64);
}

/// What is embedded and what is transcoded decode to the same samples.
pub(crate) fn backends_agree(input: &[u8]) {
    let limits = limits();
    let is_sound = |jpeg: &Jpeg<'_>| matches!(jpeg.verify(&limits), Ok(None));
    if !Jpeg::parse(input, &limits).is_ok_and(|jpeg| is_sound(&jpeg)) {
        return;
    }
    let samples = |backend: &dyn Backend| {
        let data = coded(input, backend).ok()?;
        let mut decoder = jpeg_decoder::Decoder::new(&data[..]);
        // How colors are meant is the concern of other laws.
        decoder.read_info().ok()?;
        match decoder.info()?.pixel_format {
            PixelFormat::RGB24 => decoder.set_color_transform(ColorTransform::RGB),
            PixelFormat::CMYK32 => decoder.set_color_transform(ColorTransform::CMYK),
            PixelFormat::L8 | PixelFormat::L16 => {}
        }
        decoder.decode().ok()
    };
    let embedded = samples(&Passthrough);
    for backend in [BASELINE, PROGRESSIVE] {
        if let (Some(a), Some(b)) = (&embedded, samples(&backend)) {
            assert!(*a == b, "they differ, coded as {backend:?}");
        }
    }
}

/// Any layout is refused, or is one that readers accept: each box has sides of 3 to 14,400 units, or is a crop of one.
pub(crate) fn geometry(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let mut words = text.split('\n');
    let mut next = || words.next().unwrap_or_default();
    let mut page = PageOptions::default();
    page.pagesize = next().parse().ok();
    page.imgsize = next().parse().ok();
    page.border = next().parse().ok();
    page.fit = next().parse().unwrap_or_default();
    page.rotation = next().parse().unwrap_or_default();
    page.anchor = next().parse().unwrap_or_default();
    page.density = next().parse().ok();
    page.crop_border = next().parse().ok();
    page.trim_border = next().parse().ok();
    page.auto_orient = next().len() % 2 == 1;
    page.split_strips = next().len() % 2 == 1;
    page.alt = Some("a".to_owned());
    let mut options = Options::default();
    options.page = page;
    let said = DocumentOptions::default();
    let Ok(pdf) = pdf(PICTURE.into(), PICTURE, &options, &said, &Passthrough) else {
        return;
    };
    let document = strict(&pdf);
    let number = |object: &Object| object.as_float().expect("a number");
    for id in document.get_pages().into_values() {
        let page = document.get_dictionary(id).expect("a page");
        let sides = page
            .get(b"MediaBox")
            .and_then(Object::as_array)
            .expect("a box");
        let sides: Vec<_> = sides.iter().map(number).collect();
        assert!(
            sides[2..]
                .iter()
                .all(|side| (3.0..=14_400.0).contains(side)),
            "{sides:?}"
        );
    }
}

/// A document says of itself what it was told, less what XML forbids, in Info and in XMP.
pub(crate) fn metadata(input: &[u8]) {
    let text = String::from_utf8_lossy(input).into_owned();
    let mut said = DocumentOptions::default();
    said.title = Some(text.clone());
    said.author = Some(text.clone());
    said.subject = Some(text.clone());
    said.keywords = vec![text.clone()];
    let mut options = Options::default();
    options.page.alt = Some(text.clone());
    let pdf = pdf(PICTURE.into(), PICTURE, &options, &said, &Passthrough).expect("it is sound");
    let document = strict(&pdf);
    let is_allowed = |c: &char| !matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    let allowed: String = text.chars().filter(is_allowed).collect();
    if allowed.is_empty() {
        return;
    }
    let info = document.trailer.get(b"Info").and_then(Object::as_reference);
    let info = info
        .and_then(|id| document.get_dictionary(id))
        .expect("there is information");
    for key in [b"Title".as_slice(), b"Author", b"Subject", b"Keywords"] {
        let found = info
            .get(key)
            .and_then(lopdf::decode_text_string)
            .expect("a text string");
        assert_eq!(found, allowed);
    }
    let catalog = document.catalog().expect("a catalog");
    let xmp = catalog.get(b"Metadata").and_then(Object::as_reference);
    let xmp = xmp
        .and_then(|id| document.get_object(id))
        .and_then(Object::as_stream);
    let xmp = str::from_utf8(&xmp.expect("a stream").content).expect("XMP is UTF-8");
    assert!(xmp.chars().all(|c| is_allowed(&c)));
    let escaped = allowed.replace('&', "&amp;").replace('<', "&lt;");
    let escaped = escaped.replace('>', "&gt;").replace('\r', "&#13;");
    assert!(xmp.contains(&format!(
        "<rdf:li xml:lang=\"x-default\">{escaped}</rdf:li>"
    )));
}

/// Whatever the level, there is an error or a PDF that says so, is identified, and is made again byte for byte. The first
/// two bytes choose, the rest is a JPEG.
pub(crate) fn conformance(input: &[u8]) {
    let [level, flags, jpeg @ ..] = input else {
        return;
    };
    let mut said = DocumentOptions::default();
    let names = ["1b", "2b", "2u", "3b", "4"];
    said.pdfa = names[usize::from(*level) % names.len()].parse().ok();
    said.pdfua = flags & 1 == 1;
    said.attach_original = flags & 2 == 2;
    said.title = (flags & 4 == 4).then(|| "T".to_owned());
    said.lang = "en".parse().ok();
    let mut options = Options::default();
    options.limits = limits();
    options.page.alt_from_metadata = flags & 8 == 8;
    options.page.alt = (flags & 16 == 16).then(|| "A".to_owned());
    let Ok(conformance) = said.conformance() else {
        return;
    };
    options.conformance = conformance;
    let make = || pdf(jpeg.into(), jpeg, &options, &said, &Auto);
    let Ok(first) = make() else { return };
    assert!(make().is_ok_and(|again| again == first));
    let document = strict(&first);
    assert!(document.trailer.has(b"ID"));
    let catalog = document.catalog().expect("a catalog");
    assert!(catalog.has(b"OutputIntents") && catalog.has(b"Metadata"));
    assert_eq!(
        catalog.has(b"StructTreeRoot"),
        said.pdfua || catalog.has(b"MarkInfo")
    );
    if said.attach_original {
        let found = extract_jpegs(&first).expect("it is sound");
        assert!(found.iter().any(|found| found.data == jpeg));
    }
}

/// Taking JPEGs out of a PDF, and adding a page to it, is refused or works: the PDF keeps its bytes, and has a page more.
pub(crate) fn existing(input: &[u8]) {
    let _ = extract_jpegs(input);
    let Ok(mut document) = Document::after(input) else {
        return;
    };
    let pages = lopdf::Document::load_mem(input)
        .expect("it was read")
        .get_pages()
        .len();
    let page = Page::from_jpeg(PICTURE, &Options::default(), &Passthrough).expect("it is sound");
    let mut pdf = input.to_vec();
    write(&mut document, page, PICTURE, &mut pdf);
    pdf.extend_from_slice(&document.finish().expect("it has a page"));
    let longer = lopdf::Document::load_mem(&pdf).expect("what is written can be read");
    assert_eq!(longer.get_pages().len(), pages + 1);
}

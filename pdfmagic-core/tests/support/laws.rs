//! The laws that hold for arbitrary bytes, which the fuzz targets and the test of mutations assert.

use jpeg_decoder::{ColorTransform, PixelFormat};
use lopdf::{LoadOptions, Object};
use pdfmagic_core::jpeg::Process;
use pdfmagic_core::{
    Auto, Backend, Document, DocumentOptions, Error, ImageOptions, Inspection, Jpeg, Limits,
    Notice, Options, Page, PageOptions, Passthrough, Reencode, Source, Streamed, Transcode,
    extract_jpegs,
};

#[expect(dead_code, reason = "other tests use the rest")]
#[path = "libjpeg.rs"]
mod libjpeg;

/// A valid picture, for laws that are not about the picture.
const PICTURE: &[u8] = include_bytes!("../corpus/orientation_6.jpg");

/// Returns low limits, since large pictures are slow to decode and find no other faults than small ones.
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

/// Writes a PDF of these pages, and asserts that pieces have the sizes that they state.
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

/// Each backend returns an error or a PDF with one page that a strict reader accepts. With passthrough, its image is the
/// input, unless a notice says otherwise or T.81 allows fill bytes that were left out, and the ends of an input give the same PDF as the whole input.
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
        let document = strict(pdf);
        assert_eq!(document.get_pages().len(), 1);
        let page = Page::from_jpeg(input, &options, &Passthrough).expect("it was made before");
        let has_fill = input.windows(2).any(|pair| pair == [0xFF, 0xFF]);
        if page.notices().is_empty() && !has_fill {
            // The header may announce what follows the image.
            let image = image(&document);
            assert!(input.starts_with(image) && image.ends_with(b"\xFF\xD9"));
        }
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

/// An inspection of a whole input returns the same as an inspection of only the parts that it requests. The first two
/// bytes choose how much of the head is given at first, and the rest is a JPEG.
pub(crate) fn parse(input: &[u8]) {
    let [high, low, jpeg @ ..] = input else {
        return;
    };
    let mut options = Options::default();
    options.limits = limits();
    let look = |source: Source<'_>| {
        let found = Inspection::of(source, &options, &Auto)?;
        Ok::<_, Error>(format!("{found:?}"))
    };
    let size = jpeg.len() as u64;
    let head = jpeg.len().min(u16::from_be_bytes([*high, *low]).into());
    let tail = jpeg.len().saturating_sub(8);
    let mut parts = vec![(0, &jpeg[..head]), (tail as u64, &jpeg[tail..])];
    let in_parts = loop {
        let found = look(Source::Parts {
            parts: &parts,
            size,
        });
        let Err(Error::NeedsInput { wanted, .. }) = found else {
            break found;
        };
        if wanted == (0..size) {
            let _ = look(jpeg.into());
            return;
        }
        let holds = |part: &(u64, &[u8])| {
            part.0 <= wanted.start && part.0 + part.1.len() as u64 >= wanted.end
        };
        assert!(!parts.iter().any(holds), "{wanted:?} was given");
        let at = |n| usize::try_from(n).expect("it is within the input");
        parts.push((wanted.start, &jpeg[at(wanted.start)..at(wanted.end)]));
    };
    match (in_parts, look(jpeg.into())) {
        (Ok(in_parts), Ok(whole)) => assert_eq!(in_parts, whole),
        (Err(in_parts), Err(whole)) => assert_eq!(in_parts.code(), whole.code()),
        (in_parts, whole) => panic!("in parts: {in_parts:?}, whole: {whole:?}"),
    }
}

/// A strict reader accepts a PDF whose image arrived in chunks of any size, and the image is the one that passthrough
/// embeds, unless the JPEG is odd or something lies between its data and EOI. The first two bytes choose the sizes, and
/// the rest is a JPEG.
pub(crate) fn streamed(input: &[u8]) {
    let [head, chunk, jpeg @ ..] = input else {
        return;
    };
    let mut options = Options::default();
    options.limits = limits();
    let mut given = jpeg.len().min(usize::from(*head) * 64);
    let (mut streamed, pieces) = loop {
        match Streamed::begin(&jpeg[..given], &options) {
            Ok(begun) => break begun,
            Err(Error::NeedsInput { wanted, .. }) => {
                let wanted = usize::try_from(wanted.end).unwrap_or(usize::MAX);
                if wanted > jpeg.len() && given == jpeg.len() {
                    return;
                }
                assert!(wanted > given, "{wanted} bytes were given");
                given = wanted.min(jpeg.len());
            }
            Err(_) => return,
        }
    };
    let mut pdf: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| piece.bytes(jpeg))
        .copied()
        .collect();
    for chunk in jpeg[streamed.rest()..].chunks(usize::from(*chunk) + 1) {
        pdf.extend_from_slice(&chunk[..streamed.pass(chunk)]);
    }
    pdf.extend_from_slice(&streamed.end().expect("it has a page"));
    let document = strict(&pdf);
    let is_odd = Jpeg::parse(jpeg, &options.limits).map_or(true, |jpeg| jpeg.is_odd());
    let forwarded = |embedded: &Page| !embedded.notices().contains(&Notice::AfterDataSkipped);
    if !is_odd && Page::from_jpeg(jpeg, &options, &Passthrough).is_ok_and(|page| forwarded(&page)) {
        let embedded = coded(jpeg, &Passthrough).expect("it was embedded");
        assert!(image(&document) == embedded);
    }
}

/// Returns the coded image of a PDF with one image.
fn image(pdf: &lopdf::Document) -> &[u8] {
    let mut streams = pdf.objects.values().filter_map(|o| o.as_stream().ok());
    let image = streams.find(|stream| {
        let subtype = stream.dict.get(b"Subtype").and_then(Object::as_name);
        subtype.is_ok_and(|name| name == b"Image")
    });
    &image.expect("it has an image").content
}

/// Returns the coded image.
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

/// Transcoding keeps the coefficients: through progressive coding, the input and its baseline transcode become the same
/// data, if the input is intact. All data that is written can be decoded.
pub(crate) fn transcode(input: &[u8]) {
    let Ok(baseline) = coded(input, &BASELINE) else {
        assert!(coded(input, &PROGRESSIVE).is_err());
        let _ = coded(input, &Auto);
        return;
    };
    let limits = limits();
    let detour = |data: &[u8]| {
        let progressive = coded(data, &PROGRESSIVE).expect("it was decodable");
        let parsed = Jpeg::parse(&progressive, &limits).expect("what is written is sound");
        let is_progressive = parsed.frame().process == Process::Progressive;
        let baseline = coded(&progressive, &BASELINE).expect("what is written is sound");
        (baseline, is_progressive)
    };
    let (ours, again) = (detour(input), detour(&baseline));
    let found = Jpeg::parse(input, &limits).and_then(|jpeg| jpeg.verify(&limits));
    // Damage may leave coefficients that baseline coding cannot represent.
    if matches!(found, Ok(None)) {
        // Where progressive data would be larger, baseline data is kept, and with it the way in which its zeros are coded.
        let is_recoded = ours.1 && again.1;
        assert!(ours.0 == again.0 || !is_recoded && have_same_samples(&ours.0, &again.0));
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

/// Verification finds damage if and only if decoding does, whatever follows the image.
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

/// Embedded and transcoded data decode to the same samples.
pub(crate) fn backends_agree(input: &[u8]) {
    let limits = limits();
    let Ok(jpeg) = Jpeg::parse(input, &limits) else {
        return;
    };
    let (Ok(None), Ok(baseline)) = (jpeg.verify(&limits), coded(input, &BASELINE)) else {
        return;
    };
    let progressive = coded(input, &PROGRESSIVE).expect("its baseline form was decodable");
    assert!(have_same_samples(&baseline, &progressive));
    // Only an incomplete progression does not become baseline data. libjpeg smooths what it leaves unknown, by its scans.
    let is_incomplete = Jpeg::parse(&baseline, &limits)
        .is_ok_and(|jpeg| jpeg.frame().process == Process::Progressive);
    if let Ok(embedded) = coded(input, &Passthrough) {
        assert!(is_incomplete || have_same_samples(&baseline, &embedded));
    }
}

/// Whether two JPEGs have the same samples. `jpeg-decoder` is fast, but coefficients beyond the range of T.81 overflow
/// differently in its baseline and progressive form, and it rejects or misreads a few scans that libjpeg reads. So if it
/// finds a difference, libjpeg decides.
fn have_same_samples(a: &[u8], b: &[u8]) -> bool {
    let seen = [a, b].map(samples);
    if a == b || seen[0].is_some() && seen[0] == seen[1] {
        return true;
    }
    let options = ["-pnm", "-nosmooth", "-maxscans", "1000"];
    let [a, b] = [a, b].map(|data| libjpeg::run("djpeg", &options, data).1);
    // A decoder that rejects both decides nothing.
    a == b && (!a.is_empty() || seen[0] == seen[1])
}

/// Returns the samples of all components, interleaved. The color model is the subject of other laws.
fn samples(data: &[u8]) -> Option<Vec<u8>> {
    let mut decoder = jpeg_decoder::Decoder::new(data);
    decoder.read_info().ok()?;
    match decoder.info()?.pixel_format {
        PixelFormat::RGB24 => decoder.set_color_transform(ColorTransform::RGB),
        PixelFormat::CMYK32 => decoder.set_color_transform(ColorTransform::CMYK),
        PixelFormat::L8 | PixelFormat::L16 => {}
    }
    decoder.decode().ok()
}

/// Any layout is either rejected or valid: a page has sides of 3 to 14,400 units, and its other boxes lie inside.
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
        let rectangle = |name: &[u8]| {
            let sides = page.get(name).and_then(Object::as_array).ok()?;
            let sides: Vec<_> = sides.iter().map(number).collect();
            Some(<[f32; 4]>::try_from(sides).expect("it has four sides"))
        };
        let media @ [left, bottom, right, top] = rectangle(b"MediaBox").expect("a box");
        assert!(
            [right - left, top - bottom]
                .iter()
                .all(|side| (3.0..=14_400.0).contains(side)),
            "{media:?}"
        );
        for name in [b"CropBox".as_slice(), b"BleedBox", b"TrimBox", b"ArtBox"] {
            if let Some(inner @ [x0, y0, x1, y1]) = rectangle(name) {
                let is_inside = left <= x0 && x0 < x1 && x1 <= right;
                assert!(
                    is_inside && bottom <= y0 && y0 < y1 && y1 <= top,
                    "{inner:?} in {media:?}"
                );
            }
        }
    }
}

/// An item of a list (RDF).
const LI: (&str, &str) = ("http://www.w3.org/1999/02/22-rdf-syntax-ns#", "li");

/// A document has the metadata that it was given, except for characters that XML forbids, both in Info and in XMP.
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
    let xmp = roxmltree::Document::parse(xmp).expect("XMP is XML");
    for name in ["title", "creator", "description"] {
        let mut properties = xmp.descendants().filter(|n| n.tag_name().name() == name);
        let property = properties.next().expect("it was given");
        let value = property
            .descendants()
            .find_map(|n| n.text().filter(|_| n.has_tag_name(LI)));
        assert_eq!(value, Some(&*allowed), "{name}");
    }
}

/// For any level, there is either an error, or a PDF that names its level, has an identifier, and is reproducible byte
/// for byte. The first two bytes choose the level, and the rest is a JPEG.
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

/// Extracting JPEGs from a PDF, and adding a page to it, either fails or works: the PDF keeps its bytes, and has one
/// more page.
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

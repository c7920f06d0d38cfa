//! Tests of the library's conformance to PDF/A and PDF/UA. Validators check whole files in
//! `viewers/test_conformance.py`.

use lopdf::Object;
use pdfmagic_core::{
    Auto, Conformance, Document, DocumentOptions, Error, Frames, Options, OutputIntent, Page,
    Passthrough, Requirement, Source, Standard, Streamed,
};

use crate::corpus_files::read;
use crate::support::{pdf_of, strict};

fn archive(level: &str) -> DocumentOptions {
    let mut options = DocumentOptions::default();
    options.pdfa = Some(level.parse().expect("a level"));
    options
}

fn conformance(options: &DocumentOptions) -> Conformance {
    options.conformance().expect("the options conform")
}

fn made_for(document: &DocumentOptions) -> Options {
    let mut options = Options::default();
    options.conformance = conformance(document);
    options
}

fn refused(error: Error) -> (Standard, Requirement) {
    match error {
        Error::Nonconforming(what) => (what.standard, what.requirement),
        error => panic!("{error}"),
    }
}

#[test]
fn pages_made_without_the_standard_are_rejected() {
    let jpeg = read("gray.jpg");
    for level in ["1b", "2b", "2u", "3b", "4"] {
        let options = archive(level);
        let mut document = Document::with_options(&options);
        let page = Page::from_jpeg(&jpeg, &Options::default(), &Auto).expect("it is valid");
        let _ = document.push(page);
        let standard = Standard::PdfA(options.pdfa.expect("it is set"));
        assert_eq!(
            refused(document.finish().unwrap_err()),
            (standard, Requirement::SameForPages)
        );
    }
}

#[test]
fn nonconforming_options_are_also_rejected_at_the_end() {
    let mut options = archive("2b");
    options.attach_original = true;
    let mut document = Document::with_options(&options);
    let jpeg = read("gray.jpg");
    let page = Page::from_jpeg(&jpeg, &made_for(&archive("2b")), &Auto).expect("it is valid");
    let _ = document.push(page);
    let (_, requirement) = refused(document.finish().unwrap_err());
    assert_eq!(requirement, Requirement::NoAttachments);
}

#[test]
fn pdfa_needs_only_the_ends_of_an_input() {
    // The size is large enough that the data is not read.
    let mut jpeg = read("orientation_6.jpg");
    let comment = [b"\xFF\xFE\xFF\xF0".as_slice(), &vec![b' '; 0xFFEE]].concat();
    jpeg.splice(2..2, comment);
    let options = archive("3b");
    let pdf = |source: Source<'_>| {
        let mut document = Document::with_options(&options);
        let mut pdf = Vec::new();
        let page = Page::from_jpeg(source, &made_for(&options), &Passthrough).expect("it is valid");
        document.write_page(page, &jpeg, &mut pdf).expect("memory");
        document.finish_into(&mut pdf).expect("memory");
        pdf
    };
    let (head, tail) = (&jpeg[..jpeg.len() - 100], &jpeg[jpeg.len() - 100..]);
    let size = jpeg.len() as u64;
    assert_eq!(pdf((&jpeg).into()), pdf(Source::Ends { head, tail, size }));
}

/// The identifier depends on the contents of the whole file (ISO 32000-1, 14.4).
#[test]
fn another_image_or_another_page_gives_another_identifier() {
    let options = archive("2b");
    let gray = read("gray.jpg");
    let commented = |text: u8| [&gray[..2], &[0xFF, 0xFE, 0, 3, text], &gray[2..]].concat();
    let identifier = |jpeg: &[u8], size: &str| {
        let mut page_options = made_for(&options);
        page_options.page.pagesize = size.parse().ok();
        let pdf = pdf_of(&[jpeg], &page_options, &options);
        let id = pdf.trailer.get(b"ID").and_then(Object::as_array);
        let [first, second] = &id.expect("there is one")[..] else {
            panic!("it has two parts");
        };
        assert_eq!(first, second, "it is the first version of the file");
        first.as_str().expect("a byte string").to_vec()
    };
    let first = identifier(&commented(b'a'), "100x200");
    assert_eq!(first.len(), 16);
    assert_eq!(first, identifier(&commented(b'a'), "100x200"));
    assert_ne!(first, identifier(&commented(b'b'), "100x200"));
    assert_ne!(first, identifier(&commented(b'a'), "100x2000"));
}

/// Colors that depend on the device need an output intent of their space, except that gray may have any
/// (ISO 19005-2, 6.2.4.3).
#[test]
fn the_output_intent_has_the_colors_of_the_images() {
    for (name, components, condition) in [
        ("gray.jpg", 1, "Gray with the curve of sRGB"),
        ("ycbcr_444.jpg", 3, "sRGB IEC61966-2.1"),
    ] {
        let options = archive("2b");
        let pdf = pdf_of(&[read(name)], &made_for(&options), &options);
        let intents = pdf
            .catalog()
            .and_then(|all| all.get(b"OutputIntents")?.as_array());
        let intent = intents.expect("an array")[0].as_dict().expect("an intent");
        for key in [b"OutputConditionIdentifier".as_slice(), b"Info"] {
            let text = intent.get(key).and_then(Object::as_str);
            assert_eq!(text.expect("a string"), condition.as_bytes());
        }
        let profile = intent.get_deref(b"DestOutputProfile", &pdf);
        let n = profile.and_then(|profile| profile.as_stream()?.dict.get(b"N")?.as_i64());
        assert_eq!(n.expect("it has a profile"), components, "{name}");
    }
}

#[test]
fn the_whole_input_is_attached_once_even_if_several_of_its_images_are_pages() {
    let mut options = DocumentOptions::default();
    options.attach_original = true;
    for (name, frames, expected) in [
        ("gray.jpg", Frames::Primary, 1),
        ("synthetic/37_mpo2.jpg", Frames::All, 2),
    ] {
        let jpeg = read(name);
        let mut page_options = made_for(&options);
        page_options.input.frames = frames;
        let mut document = Document::with_options(&options);
        let mut pdf = Vec::new();
        for page in Page::all_from_jpeg(&jpeg, &page_options, &Auto).expect("it is valid") {
            document.write_page(page, &jpeg, &mut pdf).expect("memory");
        }
        document.finish_into(&mut pdf).expect("memory");
        let pdf = strict(&pdf);
        assert_eq!(pdf.get_pages().len(), expected);
        let streams = pdf.objects.values().filter_map(|o| o.as_stream().ok());
        let is_file = |stream: &&lopdf::Stream| stream.dict.has_type(b"EmbeddedFile");
        let files: Vec<_> = streams.filter(is_file).collect();
        assert!(files.len() == 1 && files[0].content == jpeg, "{name}");
        let first = pdf.get_dictionary(pdf.get_pages()[&1]);
        assert!(first.is_ok_and(|page| page.has(b"AF")));
    }
}

#[test]
fn pdfa_can_be_sent_while_its_image_arrives() {
    let jpeg = read("ycbcr_420.jpg");
    let options = archive("2b");
    let document = Document::with_options(&options);
    let (mut streamed, pieces) =
        Streamed::begin_in(document, &jpeg, &made_for(&options)).expect("it is valid");
    let mut pdf: Vec<u8> = pieces
        .iter()
        .flat_map(|p| p.bytes(&jpeg).to_vec())
        .collect();
    let rest = &jpeg[streamed.rest()..];
    pdf.extend_from_slice(&rest[..streamed.pass(rest)]);
    pdf.extend_from_slice(&streamed.end().expect("it has a page"));
    let read = strict(&pdf);
    assert!(read.trailer.has(b"ID"));
    assert!(read.catalog().expect("a catalog").has(b"OutputIntents"));

    let mut options = archive("3b");
    options.attach_original = true;
    let error = Streamed::begin(&jpeg, &made_for(&options)).unwrap_err();
    assert!(
        error.to_string().starts_with("attach-original: "),
        "{error}"
    );
}

/// The objects after the last page may be of any length.
#[test]
fn a_long_title_and_a_large_output_intent_are_written_whole() {
    let jpeg = read("gray.jpg");
    let mut profile = vec![0; 600_000];
    profile[..4].copy_from_slice(&600_000_u32.to_be_bytes());
    profile[8] = 2;
    profile[12..20].copy_from_slice(b"prtrCMYK");
    profile[36..40].copy_from_slice(b"acsp");
    let mut options = archive("2b");
    options.output_intent = Some(OutputIntent::try_from(profile).expect("it looks like one"));
    options.title = Some("e\u{301}".repeat(20_000));
    let mut document = Document::with_options(&options);
    let mut pdf = Vec::new();
    let page = Page::from_jpeg(&jpeg, &made_for(&options), &Auto).expect("it is valid");
    document.write_page(page, &jpeg, &mut pdf).expect("memory");
    document.finish_into(&mut pdf).expect("memory");
    let read = strict(&pdf);
    let longest = read
        .objects
        .values()
        .filter_map(|object| object.as_stream().ok());
    assert_eq!(longest.map(|s| s.content.len()).max(), Some(600_000));
}

#[cfg(feature = "lopdf")]
#[test]
fn alternative_text_is_rejected_in_an_update() {
    let jpeg = read("gray.jpg");
    let pdf = pdfmagic_core::jpeg_to_pdf(&jpeg).expect("it is valid");
    let mut options = Options::default();
    options.page.alt = Some("a".to_owned());
    let mut document = Document::after(&pdf).expect("it is ours");
    let _ = document.push(Page::from_jpeg(&jpeg, &options, &Auto).expect("it is valid"));
    let error = document.finish().unwrap_err();
    assert_eq!(error.to_string(), "alt: is only for new documents");
}

#[test]
fn invalid_output_intents_are_rejected() {
    let error = OutputIntent::try_from(vec![0; 200]).unwrap_err();
    assert!(error.to_string().contains("an ICC profile"), "{error}");
    assert!(OutputIntent::try_from(Vec::new()).is_err());
    let mut options = DocumentOptions::default();
    options.output_intent = None;
    options.attach_original = true;
    // This also works without PDF/A.
    assert!(options.conformance().is_ok());
}

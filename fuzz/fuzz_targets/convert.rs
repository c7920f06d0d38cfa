//! Law: for any bytes, each backend returns an error or a PDF that a strict reader accepts; pieces have the size that
//! they state; and passthrough makes the same PDF from the ends of an input as from all of it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lopdf::LoadOptions;
use pdfmagic_core::Reencode;
use pdfmagic_core::{Backend, Document, Error, Options, Page, Passthrough, Source};

fuzz_target!(|input: &[u8]| {
    let whole = convert(input.into(), input, &Passthrough);
    if let Ok(pdf) = &whole {
        check(pdf);
    }
    let ends = Source::Ends {
        head: &input[..input.len() / 2],
        tail: &input[input.len().saturating_sub(2)..],
        size: input.len() as u64,
    };
    match (convert(ends, input, &Passthrough), whole) {
        (Err(Error::NeedsInput { .. }), _) => {}
        (Ok(ends), Ok(whole)) => assert!(ends == whole),
        (Err(ends), Err(whole)) => assert_eq!(ends.code(), whole.code()),
        (ends, whole) => panic!("ends: {:?}, whole: {:?}", ends.err(), whole.err()),
    }
    if let Ok(pdf) = convert(input.into(), input, &Reencode::default()) {
        check(&pdf);
    }
});

fn convert(source: Source<'_>, input: &[u8], backend: &dyn Backend) -> Result<Vec<u8>, Error> {
    let mut options = Options::default();
    // Large pictures are slow to decode, and find no other faults than small ones.
    options.limits.max_pixels = 1 << 20;
    options.limits.max_scans = 100;
    let page = Page::from_jpeg(source, &options, backend)?;
    let mut document = Document::new();
    let mut pdf = Vec::new();
    for piece in document.push(page) {
        assert_eq!(piece.size(), piece.bytes(input).len() as u64);
        pdf.extend_from_slice(piece.bytes(input));
    }
    pdf.extend_from_slice(&document.finish()?);
    Ok(pdf)
}

fn check(pdf: &[u8]) {
    let strict = LoadOptions {
        strict: true,
        ..LoadOptions::default()
    };
    let read =
        lopdf::Document::load_mem_with_options(pdf, strict).expect("a strict reader takes it");
    assert_eq!(read.get_pages().len(), 1);
}

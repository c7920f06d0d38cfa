//! Tests that parts of a file give the same PDF as the whole file.

use std::fs;
use std::ops::Range;

use pdfmagic_core::{Auto, Document, Error, Notice, Options, Page, Source};

use crate::corpus_files::{folder, read};

/// A PDF, its notices, and the number of bytes of the input that were needed.
type Made = (Vec<u8>, Vec<Notice>, u64);

fn made(page: Page, input: &[u8], sent: u64) -> Made {
    let (mut pdf, notices) = (Vec::new(), page.notices().to_vec());
    let mut document = Document::new();
    document.write_page(page, input, &mut pdf).unwrap();
    document.finish_into(&mut pdf).unwrap();
    (pdf, notices, sent)
}

fn whole(input: &[u8]) -> Result<Made, Error> {
    let page = Page::from_jpeg(input, &Options::default(), &Auto)?;
    Ok(made(page, input, input.len() as u64))
}

fn of_parts(input: &[u8]) -> Result<Made, Error> {
    let size = input.len() as u64;
    let mut known: Vec<_> = std::iter::once(0..size.min(1024)).collect();
    loop {
        let slice = |range: &Range<u64>| {
            let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap());
            (range.start, &input[start..end])
        };
        let parts: Vec<_> = known.iter().map(slice).collect();
        let source = Source::Parts {
            parts: &parts,
            size,
        };
        match Page::from_jpeg(source, &Options::default(), &Auto) {
            Err(Error::NeedsInput { wanted, .. }) if wanted == (0..size) => {
                let (pdf, notices, _) = whole(input)?;
                return Ok((pdf, notices, size));
            }
            Err(Error::NeedsInput { wanted, .. }) => {
                let is_given =
                    |range: &Range<u64>| range.start <= wanted.start && wanted.end <= range.end;
                assert!(!known.iter().any(is_given), "{wanted:?} is asked for again");
                known.push(wanted);
            }
            page => {
                let sent = known.iter().map(|range| range.end - range.start).sum();
                return Ok(made(page?, input, sent));
            }
        }
    }
}

/// Returns a JPEG of 200 kB with such a segment after SOI.
fn large(segment: &[u8]) -> Vec<u8> {
    let mut jpeg = read("gray.jpg");
    let data = jpeg.windows(2).position(|marker| marker == [0xFF, 0xDA]);
    let data = data.unwrap() + 10;
    // More data than the frame needs is not a fault that the end would reveal.
    jpeg.splice(
        data..data,
        (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 & 0x7F),
    );
    jpeg.splice(2..2, segment.iter().copied());
    jpeg
}

fn app(number: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, 0xE0 + number], &length[..], payload].concat()
}

fn xmp(text: &str) -> Vec<u8> {
    app(
        1,
        format!("http://ns.adobe.com/xap/1.0/\0{text}").as_bytes(),
    )
}

/// Returns a segment that lists two images, the first of this size.
fn multi_picture(size: usize) -> Vec<u8> {
    let size = u32::try_from(size).unwrap().to_be_bytes();
    let mut payload =
        b"MPF\0MM\0*\0\0\0\x08\0\x01\xB0\x02\0\x07\0\0\0\x20\0\0\0\x1A\0\0\0\0".to_vec();
    payload.extend([&[0, 3, 0, 0], &size[..], &[0; 8]].concat());
    payload.extend([0; 16]);
    app(2, &payload)
}

#[test]
fn parts_of_the_corpus_give_the_same_pdfs_as_whole_files() {
    let mut compared = 0;
    for file in fs::read_dir(folder())
        .unwrap()
        .chain(fs::read_dir(folder().join("synthetic")).unwrap())
    {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "jpg") {
            continue;
        }
        let input = fs::read(&path).unwrap();
        match (of_parts(&input), whole(&input)) {
            (Ok((pdf, notices, _)), Ok(expected)) => {
                assert!(pdf == expected.0, "{}: another PDF", path.display());
                assert_eq!(notices, expected.1, "{}", path.display());
                compared += 1;
            }
            (Err(error), Err(expected)) => assert_eq!(error.to_string(), expected.to_string()),
            (parts, whole) => panic!("{}: {:?}, {:?}", path.display(), parts.err(), whole.err()),
        }
    }
    assert!(compared > 100, "only {compared} were compared");
}

#[test]
fn trailing_data_that_the_header_announces_is_skipped() {
    let video = [b"\0\0\0\x18ftypmp42".as_slice(), &vec![7; 100_000]].concat();
    let gain_map = [b"\xFF\xD8\xFF\xE0".as_slice(), &vec![9; 100_000]].concat();
    let sized = large(&multi_picture(0)).len();
    let directory = format!(
        "<Container:Directory><Container:Item Item:Semantic=\"Primary\" Item:Padding=\"0\"/>\
         <Container:Item Item:Semantic=\"MotionPhoto\" Item:Length=\"{}\"/>",
        video.len()
    );
    let micro = format!(
        "GCamera:MicroVideo=\"1\" GCamera:MicroVideoOffset=\"{}\"",
        video.len()
    );
    for (segment, rest, code) in [
        (multi_picture(sized), &gain_map, "trailing.jpeg.skipped"),
        (xmp(&directory), &video, "trailing.video.skipped"),
        (xmp(&micro), &video, "trailing.video.skipped"),
    ] {
        let image = large(&segment);
        let input = [&image[..], rest].concat();
        let (pdf, notices, sent) = of_parts(&input).unwrap();
        let expected = whole(&input).unwrap();
        assert!(pdf == expected.0, "{code}: another PDF");
        assert_eq!(notices, expected.1);
        let codes: Vec<_> = notices.iter().map(|notice| notice.code()).collect();
        assert_eq!(codes, [code]);
        let is_there = |part: &[u8]| memchr::memmem::find(&pdf, part).is_some();
        assert!(is_there(&image), "{code}: the image is not there");
        assert!(!is_there(&rest[..1000]), "{code}: what follows is there");
        assert!(sent < 5_000, "{code}: {sent} bytes were asked for");
    }
}

#[test]
fn trailing_data_is_judged_as_in_a_whole_file() {
    let sized = large(&multi_picture(0)).len();
    let image = large(&multi_picture(sized));
    for (rest, expected) in [
        (vec![], &[][..]),
        (vec![0; 100_000], &["trailing.padding.skipped"]),
    ] {
        let input = [&image[..], &rest].concat();
        for (pdf, notices, _) in [of_parts(&input).unwrap(), whole(&input).unwrap()] {
            assert!(memchr::memmem::find(&pdf, &image).is_some());
            let codes: Vec<_> = notices.iter().map(|notice| notice.code()).collect();
            assert_eq!(codes, expected);
        }
    }
}

#[test]
fn a_wrong_end_in_the_header_is_ignored() {
    let gain_map = [b"\xFF\xD8\xFF\xE0".as_slice(), &vec![9; 100_000]].concat();
    for size in [0, 1, 100_000, usize::try_from(u32::MAX).unwrap()] {
        let image = large(&multi_picture(size));
        let input = [&image[..], &gain_map].concat();
        let (pdf, notices, sent) = of_parts(&input).unwrap();
        assert!(memchr::memmem::find(&pdf, &image).is_some());
        assert_eq!(notices.len(), 1);
        assert!(sent >= input.len() as u64, "all of it is looked at");
    }
    // A thumbnail in the header also has an EOI.
    let thumbnail = app(5, b"thumbnail\xFF\xD9");
    let before = |size| [multi_picture(size), thumbnail.clone()].concat();
    let image = large(&before(2 + before(0).len()));
    assert!(memchr::memmem::find(&of_parts(&image).unwrap().0, &image).is_some());
    for text in [
        "Item:Length=\"99999999999999999999\"",
        "MicroVideoOffset=\"-1\"",
        "MicroVideoOffset=\"18446744073709551615\"",
    ] {
        let image = large(&xmp(&format!("MotionPhoto <Container:Item {text}/>")));
        assert!(memchr::memmem::find(&of_parts(&image).unwrap().0, &image).is_some());
    }
}

#[test]
fn a_plain_photo_needs_only_its_header_and_last_bytes() {
    let input = large(&app(5, &vec![1; 20_000]));
    let (pdf, _, sent) = of_parts(&input).unwrap();
    assert!(pdf == whole(&input).unwrap().0);
    // These are 1, 4, 16 and 64 KiB of the header, each from the start.
    assert!(sent < 90_000, "{sent}");
}

#[test]
fn decoding_requires_the_whole_file() {
    let arithmetic = read("arithmetic.jpg");
    let size = arithmetic.len() as u64;
    let source = Source::Ends {
        head: &arithmetic,
        tail: &arithmetic[arithmetic.len() - 8..],
        size,
    };
    match Page::from_jpeg(source, &Options::default(), &Auto) {
        Err(Error::NeedsInput { wanted, .. }) => assert_eq!(wanted, 0..size),
        page => panic!("{:?}", page.err()),
    }
}

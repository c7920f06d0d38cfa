//! Tests which images of a file with several become pages.

use std::fs;
use std::path::Path;

use pdfmagic_core::{Auto, Document, Frames, Options, Page, Reencode};

fn pages(file: &str, frames: Frames) -> Vec<Page> {
    let jpeg = read(file);
    let mut options = Options::default();
    options.input.frames = frames;
    Page::all_from_jpeg(&jpeg, &options, &Auto).unwrap()
}

pub(crate) fn read(file: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    fs::read(folder.join(file)).unwrap()
}

#[test]
fn both_views_of_a_stereo_photo_become_pages_on_request() {
    for file in ["reported/stereo.mpo.jpg", "synthetic/37_mpo2.jpg"] {
        let [only] = &pages(file, Frames::Primary)[..] else {
            panic!("one page");
        };
        let codes: Vec<_> = only.notices().iter().map(|n| n.code()).collect();
        assert_eq!(codes, ["trailing.jpeg.skipped"]);
        let [first, second] = <[Page; 2]>::try_from(pages(file, Frames::All)).unwrap();
        assert!(first.notices().is_empty(), "the other view is a page");

        let jpeg = read(file);
        let (mut pdf, mut document) = (Vec::new(), Document::new());
        document.write_page(first, &jpeg, &mut pdf).unwrap();
        document.write_page(second, &jpeg, &mut pdf).unwrap();
        document.finish_into(&mut pdf).unwrap();
        let read = lopdf::Document::load_mem(&pdf).unwrap();
        assert_eq!(read.get_pages().len(), 2);
        let streams = read.objects.values().filter_map(|o| o.as_stream().ok());
        let images: Vec<_> = streams
            .filter(|s| s.content.starts_with(b"\xFF\xD8"))
            .collect();
        assert_eq!(images.len(), 2);
        assert_ne!(images[0].content, images[1].content);
        assert!(images.iter().all(|s| s.content.ends_with(b"\xFF\xD9")));
    }
}

/// Returns a file of two images whose list (CIPA DC-007, 5.2.3) names the second one `times` times.
fn listing(times: u32) -> Vec<u8> {
    let [first, second] = [read("icc_srgb.jpg"), read("icc_srgb.jpg")];
    let words = |words: &[u32]| {
        words
            .iter()
            .flat_map(|w| w.to_be_bytes())
            .collect::<Vec<_>>()
    };
    let size = |of: usize| u32::try_from(of).unwrap();
    let payload = |offset: usize| {
        let entry = words(&[0x0002_0002, size(second.len()), size(offset), 0]);
        [
            &b"MPF\0MM\0*\0\0\0\x08\0\x01\xB0\x02\0\x07"[..],
            &words(&[16 * (times + 1), 26, 0]),
            &words(&[0x0003_0000, size(first.len()), 0, 0]),
            &entry.repeat(times as usize),
        ]
        .concat()
    };
    // Offsets count from the byte order, after SOI, the marker, the length and the signature.
    let offset = first.len() + 4 + payload(0).len() - 10;
    let payload = payload(offset);
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [
        &first[..2],
        b"\xFF\xE2",
        &length,
        &payload,
        &first[2..],
        &second,
    ]
    .concat()
}

#[test]
fn a_view_that_is_listed_repeatedly_becomes_one_page() {
    let mut options = Options::default();
    options.input.frames = Frames::All;
    for times in [1, 3000] {
        let pages = Page::all_from_jpeg(&listing(times), &options, &Auto).unwrap();
        assert_eq!(pages.len(), 2);
    }
}

#[test]
fn all_views_together_stay_within_the_memory_limit() {
    let (file, alone) = (listing(1), read("icc_srgb.jpg"));
    let mut options = Options::default();
    options.input.frames = Frames::All;
    let backend = Reencode::default();
    let mut fits = |max_memory, alone: Option<&[u8]>| {
        options.limits.max_memory = max_memory;
        match alone {
            Some(one) => Page::from_jpeg(one, &options, &backend).is_ok(),
            None => Page::all_from_jpeg(&file, &options, &backend).is_ok(),
        }
    };
    let mut sizes = (0..1000).map(|n| 1000 * n);
    let least = sizes.find(|&max| fits(max, Some(&alone))).unwrap();
    assert!(!fits(least, None) && fits(2 * least, None));
}

#[test]
fn a_gain_map_is_not_a_page() {
    assert_eq!(pages("synthetic/51_ultrahdr.jpg", Frames::All).len(), 1);
}

#[test]
fn a_file_of_one_image_has_one_page() {
    assert_eq!(pages("gray.jpg", Frames::All).len(), 1);
}

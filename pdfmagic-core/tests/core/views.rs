//! Tests which images of a file with several become pages.

use std::fs;
use std::path::Path;

use pdfmagic_core::{Auto, Document, Frames, Options, Page};

fn pages(file: &str, frames: Frames) -> Vec<Page> {
    let jpeg = read(file);
    let mut options = Options::default();
    options.input.frames = frames;
    Page::all_from_jpeg(&jpeg, &options, &Auto).unwrap()
}

fn read(file: &str) -> Vec<u8> {
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

#[test]
fn a_gain_map_is_not_a_page() {
    assert_eq!(pages("synthetic/51_ultrahdr.jpg", Frames::All).len(), 1);
}

#[test]
fn a_file_of_one_image_has_one_page() {
    assert_eq!(pages("gray.jpg", Frames::All).len(), 1);
}

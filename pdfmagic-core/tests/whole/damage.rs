//! Tests of what the options for damaged images change.

use pdfmagic_core::{Auto, Document, Error, OnDamage, Options, Page};

use crate::corpus_files::read;

fn page(jpeg: &[u8], on_damage: OnDamage) -> Result<Page, Error> {
    let mut options = Options::default();
    options.input.on_damage = on_damage;
    Page::from_jpeg(jpeg, &options, &Auto)
}

fn codes(page: &Page) -> Vec<&'static str> {
    page.notices().iter().map(|notice| notice.code()).collect()
}

/// Whether a PDF of the page has the coded data of the input.
fn is_kept(page: Page, jpeg: &[u8]) -> bool {
    let (mut document, mut pdf) = (Document::new(), Vec::new());
    document.write_page(page, jpeg, &mut pdf).expect("memory");
    memchr::memmem::find(&pdf, &jpeg[scan_of(jpeg)..]).is_some()
}

/// Returns the offset of the first scan.
fn scan_of(jpeg: &[u8]) -> usize {
    let scan = memchr::memmem::find(jpeg, b"\xFF\xDA");
    scan.expect("there is a scan")
}

#[test]
fn a_damaged_image_is_mended_kept_or_refused() {
    let jpeg = read("cut_in_scan.jpg");
    let mended = page(&jpeg, OnDamage::Mend).expect("it is mended");
    let kept = page(&jpeg, OnDamage::Keep).expect("it is kept");
    let damage = mended.damage().expect("it is damaged");
    assert_eq!(damage.code(), "scan.truncated");
    assert_eq!(kept.damage(), Some(damage));
    match page(&jpeg, OnDamage::Fail) {
        Err(Error::Damaged(found)) => assert_eq!(*found, damage),
        other => panic!("{other:?}"),
    }
    // That EOI is missing as well is no news.
    assert_eq!(codes(&mended), ["scan.truncated"]);
    assert!(is_kept(kept, &jpeg) && !is_kept(mended, &jpeg));
}

#[test]
fn a_sound_image_is_not_refused() {
    let sound = page(&read("gray.jpg"), OnDamage::Fail).expect("it is sound");
    assert_eq!(sound.damage(), None);
}

#[test]
fn data_after_the_end_of_a_damaged_image_is_still_reported() {
    let mut jpeg = read("ycbcr_444.jpg");
    let middle = scan_of(&jpeg).midpoint(jpeg.len());
    jpeg[middle..middle + 40].fill(0);
    jpeg.extend_from_slice(b"PK\x03\x04 and so on");
    let page = page(&jpeg, OnDamage::Keep).expect("it is kept");
    assert!(page.damage().is_some());
    let codes = codes(&page);
    assert!(
        codes.iter().any(|code| code.starts_with("trailing.")),
        "{codes:?}"
    );
    assert!(
        codes.iter().any(|code| code.starts_with("scan.")),
        "{codes:?}"
    );
}

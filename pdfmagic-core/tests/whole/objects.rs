//! Tests of the objects of pages: what they say, and what they share.

use lopdf::{Dictionary, Object};
use pdfmagic_core::{DocumentOptions, Options};

use crate::corpus_files::read;
use crate::support::pdf_of;

/// Returns the pages in their order.
fn pages(pdf: &lopdf::Document) -> Vec<&Dictionary> {
    let pages = pdf.get_pages().into_values();
    pages
        .map(|page| pdf.get_dictionary(page).expect("a dictionary"))
        .collect()
}

/// Returns a JPEG with an otherwise empty profile of 30,000 bytes, with this rendering intent (ICC.1, 7.2.15).
fn with_profile(intent: u8) -> Vec<u8> {
    let mut profile = vec![0; 30_000];
    profile[..4].copy_from_slice(&30_000_u32.to_be_bytes());
    profile[8] = 2;
    profile[12..20].copy_from_slice(b"mntrRGB ");
    profile[36..40].copy_from_slice(b"acsp");
    profile[67] = intent;
    let length = 2 + 14 + 30_000_u16;
    let segment = [
        b"\xFF\xE2",
        &length.to_be_bytes()[..],
        b"ICC_PROFILE\0\x01\x01",
    ]
    .concat();
    let jpeg = read("ycbcr_444.jpg");
    [&jpeg[..2], &segment, &profile, &jpeg[2..]].concat()
}

#[test]
fn each_profile_is_stored_once_and_different_ones_of_the_same_size_are_not_mixed_up() {
    let [first, second] = [0, 1].map(with_profile);
    let jpegs = [&first, &second, &first, &second].map(Clone::clone);
    let pdf = pdf_of(&jpegs, &Options::default(), &DocumentOptions::default());
    let used: Vec<_> = pages(&pdf)
        .into_iter()
        .map(|page| {
            let resources = page.get(b"Resources").and_then(Object::as_dict);
            let images = resources.and_then(|all| all.get(b"XObject")?.as_dict());
            let image = images.and_then(|all| pdf.dereference(all.get(b"Im0")?)?.1.as_stream());
            let space = image.and_then(|image| image.dict.get(b"ColorSpace")?.as_array());
            let id = space.expect("a space with a profile")[1].as_reference();
            let id = id.expect("a profile is a stream");
            let profile = pdf.get_object(id).and_then(Object::as_stream);
            (id, profile.expect("a stream").content.as_slice())
        })
        .collect();
    assert!(used[0] == used[2] && used[1] == used[3]);
    assert_ne!(used[0].0, used[1].0);
    for ((_, profile), jpeg) in used.iter().zip(&jpegs) {
        assert!(jpeg.windows(profile.len()).any(|part| part == *profile));
    }
}

/// `StructParents` is the key under which the parent tree lists the structure of a page (ISO 32000-1, 14.7.4.4).
#[test]
fn each_page_of_a_figure_in_strips_is_in_the_parent_tree() {
    let mut options = Options::default();
    options.page.alt = Some("a".to_owned());
    options.page.pagesize = "100x20".parse().ok();
    options.page.split_strips = true;
    let pdf = pdf_of(
        &["ycbcr_444.jpg", "gray.jpg"].map(read),
        &options,
        &DocumentOptions::default(),
    );
    let root = pdf
        .catalog()
        .and_then(|all| all.get_deref(b"StructTreeRoot", &pdf));
    let tree = root.and_then(|root| root.as_dict()?.get(b"ParentTree")?.as_dict());
    let entries = tree.and_then(|tree| tree.get(b"Nums")?.as_array());
    let entries = entries.expect("a number tree");
    let all = pdf.get_pages();
    assert!(all.len() > 4 && entries.len() == 2 * all.len());
    for (&id, page) in all.values().zip(pages(&pdf)) {
        let key = page.get(b"StructParents").expect("it has structure");
        let entry = entries.chunks(2).find(|entry| entry[0] == *key);
        let elements = entry.expect("it is listed")[1].as_array();
        let element = pdf.dereference(&elements.expect("one for each mark")[0]);
        let element = element.and_then(|(_, element)| element.as_dict()?.get(b"Pg"));
        assert_eq!(element.and_then(Object::as_reference).ok(), Some(id));
    }
}

#[test]
fn only_pages_larger_than_readers_accept_have_a_user_unit() {
    for (size, unit) in [("14400x14400", None), ("14401x100", Some(2))] {
        let mut options = Options::default();
        options.page.pagesize = size.parse().ok();
        let pdf = pdf_of(&[read("gray.jpg")], &options, &DocumentOptions::default());
        let found = pages(&pdf)[0].get(b"UserUnit").and_then(Object::as_i64);
        assert_eq!(found.ok(), unit, "{size}");
    }
}

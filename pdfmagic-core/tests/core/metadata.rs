//! Tests which segments are metadata, what is said about them, and how they are removed and kept.

use jpeg_encoder::ColorType::{Cmyk, Luma};
use pdfmagic_core::jpeg::{DensitySource, MetadataFound};
use pdfmagic_core::{
    Auto, Density, Document, DocumentOptions, Metadata, Notice, Options, Page, Passthrough,
    Reencode,
};

use crate::header::{COM, image_in, parse};
use crate::making::{
    adobe, exif, icc_chunk, jfif, jpeg, oriented, profile, segment, with, without, xmp,
};
use crate::views::read;

const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP11: u8 = 0xEB;
const APP13: u8 = 0xED;
const APP14: u8 = 0xEE;

/// Returns Photoshop's segment with one image resource (Adobe Photoshop File Formats). Its name is empty.
fn photoshop(id: u16, data: &[u8]) -> Vec<u8> {
    let size = u32::try_from(data.len()).unwrap();
    let resource = [
        b"8BIM",
        &id.to_be_bytes()[..],
        &[0, 0],
        &size.to_be_bytes(),
        data,
    ]
    .concat();
    segment(APP13, &[b"Photoshop 3.0\0", &resource[..]].concat())
}

/// Returns a JFIF segment with a thumbnail of one pixel (ITU-T T.871, 10.1).
fn jfif_with_thumbnail() -> Vec<u8> {
    segment(APP0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x01RGB")
}

/// Returns a gray JPEG with these segments, and no other metadata.
fn gray(segments: &[u8]) -> Vec<u8> {
    with(&without(&jpeg(Luma), &[APP0]), segments)
}

fn found(segments: &[u8]) -> MetadataFound {
    parse(&gray(segments)).metadata().unwrap()
}

/// Returns the data that the PDF contains, and the notices, if metadata is removed.
fn stripped(jpeg: &[u8]) -> (Vec<u8>, Vec<Notice>) {
    let mut options = Options::default();
    options.input.metadata = Metadata::Strip;
    let page = Page::from_jpeg(jpeg, &options, &Passthrough).unwrap();
    let notices = page.notices().to_vec();
    (image(page, jpeg), notices)
}

/// Returns the data of the image in the PDF of a page.
fn image(page: Page, jpeg: &[u8]) -> Vec<u8> {
    let (mut document, mut pdf) = (Document::new(), Vec::new());
    document.write_page(page, jpeg, &mut pdf).unwrap();
    document.finish_into(&mut pdf).unwrap();
    image_in(&pdf)
}

/// Returns all kinds of metadata.
fn all() -> [Vec<u8>; 7] {
    [
        oriented(1),
        xmp("<x:xmpmeta/>"),
        photoshop(0x0404, b""),
        segment(COM, b"comment"),
        segment(APP11, b"JP\0\x01"),
        segment(0xE5, b"unknown"),
        segment(APP2, b"MPF\0"),
    ]
}

#[test]
fn each_kind_is_found_by_its_segment() {
    let kinds = |m: &MetadataFound| [m.exif, m.xmp, m.iptc, m.comment, m.c2pa];
    // Other segments with the same markers neither count nor hide what was found.
    let others = [segment(APP1, b"other"), segment(APP13, b"other")].concat();
    for (i, segment) in all().iter().enumerate() {
        let found = found(&[&segment[..], &others].concat());
        let expected = std::array::from_fn(|kind| kind == i);
        assert_eq!(kinds(&found), expected, "{i}");
        assert_eq!(found.size, (segment.len() + others.len()) as u64);
    }
}

#[test]
fn the_density_the_profile_and_the_color_transform_are_not_metadata() {
    let profile = icc_chunk(1, 1, &profile(*b"GRAY"));
    for segment in [jfif(1, 72, 72), jfif_with_thumbnail(), profile, adobe(0)] {
        assert_eq!(found(&segment).size, 0);
    }
    let similar = [
        segment(APP0, b"JFXX\0"),
        segment(APP2, b"ICC"),
        segment(APP14, b"adobe"),
    ];
    for segment in similar {
        assert_eq!(found(&segment).size, segment.len() as u64);
    }
}

#[test]
fn stripping_removes_metadata_and_leaves_the_rest() {
    let rest = [jfif(1, 72, 72), icc_chunk(1, 1, &profile(*b"CMYK"))];
    let bare = with(&jpeg(Cmyk), &rest.concat());
    let metadata = [&all()[..], &[oriented(6)]].concat();
    let size = metadata.iter().map(Vec::len).sum::<usize>() as u64;
    let full = with(
        &jpeg(Cmyk),
        &[&rest[..1], &metadata, &rest[1..]].concat().concat(),
    );
    let (image, notices) = stripped(&full);
    assert_eq!(image, bare);
    assert_eq!(notices, [Notice::MetadataRemoved { size }]);
    assert_eq!(stripped(&bare), (bare.clone(), vec![]));
}

/// The place of an edit may be before, inside or after what is removed.
#[test]
fn stripping_leaves_other_repairs() {
    let comment = segment(COM, b"comment");
    let repaired = [b"stray", &comment[..], &oriented(6), b"stray"].concat();
    let (image, notices) = stripped(&gray(&repaired));
    assert_eq!(image, gray(b""));
    let size = (comment.len() + oriented(6).len()) as u64;
    assert_eq!(
        notices,
        [Notice::MetadataRemoved { size }, Notice::StrayBytesSkipped]
    );
}

/// ITU-T T.871, 10.1: the thumbnail of JFIF follows its other fields, and has three bytes for each pixel.
#[test]
fn stripping_removes_the_thumbnail_of_jfif() {
    let profile = icc_chunk(1, 1, &profile(*b"GRAY"));
    let after_profile = |segment: &[u8]| gray(&[&profile[..], segment].concat());
    let (image, notices) = stripped(&after_profile(&jfif_with_thumbnail()));
    assert_eq!(image, after_profile(&jfif(1, 72, 72)));
    assert_eq!(notices, [Notice::MetadataRemoved { size: 3 }]);
    // Nothing has to be replaced in a segment without a thumbnail.
    let jpeg = gray(&jfif(1, 72, 72));
    let pieces = |metadata| {
        let mut options = Options::default();
        options.input.metadata = metadata;
        let page = Page::from_jpeg(&jpeg, &options, &Passthrough).unwrap();
        Document::new().push(page).len()
    };
    assert_eq!(pieces(Metadata::Strip), pieces(Metadata::Keep));
}

/// Returns an Exif segment that states a position.
fn located() -> Vec<u8> {
    let latitude = [(2, 5, 3, [0; 4])];
    let directory = exif(&latitude, b"")[4 + 6 + 8..].to_vec();
    let at = 8 + 2 + 12 + 4;
    exif(&[(34853, 4, 1, [0, 0, 0, at])], &directory)
}

#[test]
fn the_position_is_reported_while_it_is_kept() {
    let jpeg = gray(&located());
    let page = Page::from_jpeg(&jpeg, &Options::default(), &Passthrough).unwrap();
    assert_eq!(page.notices(), [Notice::PositionKept]);
    let size = (jpeg.len() - gray(b"").len()) as u64;
    assert_eq!(stripped(&jpeg).1, [Notice::MetadataRemoved { size }]);
}

#[test]
fn the_position_is_not_kept_with_samples() {
    for name in ["lossless.jpg", "precision_12.jpg"] {
        let jpeg = with(&read(name), &located());
        let page = Page::from_jpeg(&jpeg, &Options::default(), &Auto).unwrap();
        let [Notice::MetadataRemoved { .. }] = page.notices() else {
            panic!("{name}: {:?}", page.notices());
        };
    }
}

#[test]
fn the_position_is_kept_in_the_attached_original() {
    let jpeg = gray(&located());
    let size = (jpeg.len() - gray(b"").len()) as u64;
    let mut document = DocumentOptions::default();
    document.attach_original = true;
    let mut options = Options::default();
    options.conformance = document.conformance().unwrap();
    options.input.metadata = Metadata::Strip;
    let page = Page::from_jpeg(&jpeg, &options, &Passthrough).unwrap();
    assert_eq!(
        page.notices(),
        [Notice::MetadataRemoved { size }, Notice::PositionKept]
    );
}

#[test]
fn a_reencoded_image_has_the_same_metadata() {
    let reencoded = |jpeg: &[u8]| {
        let page = Page::from_jpeg(jpeg, &Options::default(), &Reencode::default()).unwrap();
        image(page, jpeg)
    };
    let profile = icc_chunk(1, 1, &profile(*b"GRAY"));
    let comment = segment(COM, b"comment");
    let input = [
        &jfif(1, 72, 72)[..],
        &oriented(6),
        &profile,
        b"stray",
        &comment,
    ]
    .concat();
    let kept = [jfif(1, 72, 72), oriented(1), comment].concat();
    assert_eq!(
        reencoded(&gray(&input)),
        with(&reencoded(&gray(b"")), &kept)
    );
}

/// XMP Part 1, 7.4 and C.2.4: a property is an element or an attribute. XMP Part 2, 3.3, describes resolutions.
#[test]
fn xmp_states_a_density() {
    let density = |segments: &[u8]| {
        let jpeg = gray(segments);
        let parsed = parse(&jpeg);
        Some(parsed.density()?.map(Density::get)).zip(parsed.density_source())
    };
    for (text, expected) in [
        (
            "tiff:XResolution=\"3000/10\" tiff:YResolution='150/1'",
            Some([300.0, 150.0]),
        ),
        (
            "tiff:XResolution=\"300\" tiff:YResolution=\" 150 \" tiff:ResolutionUnit=\"2\"",
            Some([300.0, 150.0]),
        ),
        (
            "<tiff:XResolution>100/1</tiff:XResolution><tiff:YResolution>50/1</tiff:YResolution>\
             <tiff:ResolutionUnit>3</tiff:ResolutionUnit>",
            Some([254.0, 127.0]),
        ),
        (
            "tiff:XResolution=\"300\" tiff:YResolution=\"150\" tiff:ResolutionUnit=\"1\"",
            None,
        ),
        ("tiff:XResolution=\"300\"", None),
        ("tiff:XResolution tiff:YResolution", None),
        ("tiff:XResolution=\"300\" tiff:YResolution=\"150", None),
    ] {
        let expected = expected.map(|density| (density, DensitySource::Xmp));
        assert_eq!(density(&xmp(text)), expected, "{text}");
    }
    let other = segment(APP1, b"tiff:XResolution=\"300\" tiff:YResolution=\"150\"");
    assert_eq!(density(&other), None);
}

/// 0x0404 is IPTC, whose data set 2:120 is the caption (IPTC-IIM 4.2).
#[test]
fn a_picture_is_described_by_its_alternative_text_then_xmp_then_iptc() {
    let caption = photoshop(0x0404, b"\x1C\x02\x78\0\x07caption");
    let description = xmp("<dc:description>description</dc:description>");
    let alternative =
        xmp("<Iptc4xmpCore:AltTextAccessibility>text</Iptc4xmpCore:AltTextAccessibility>");
    let later = xmp("<dc:description>later</dc:description>");
    let comment = segment(COM, b"comment");
    for (segments, expected) in [
        (&[&caption, &description, &alternative][..], Some("text")),
        (&[&alternative, &description, &caption], Some("text")),
        (&[&caption, &description], Some("description")),
        (&[&description, &later], Some("description")),
        (&[&caption, &comment], Some("caption")),
        (&[&comment], None),
    ] {
        let jpeg = gray(
            &segments
                .iter()
                .copied()
                .flatten()
                .copied()
                .collect::<Vec<_>>(),
        );
        assert_eq!(parse(&jpeg).description().unwrap().as_deref(), expected);
    }
}

/// A segment that states the color model of the input is not metadata of the segment before it.
#[test]
fn a_statement_of_rgb_is_not_kept_when_samples_become_another_model() {
    let jpeg = crate::views::read("rgb_ids_only.jpg");
    let frame = jpeg.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
    let comment = segment(COM, b"kept");
    let jpeg = [&jpeg[..frame], &comment, &jpeg[frame..]].concat();
    let smaller = Reencode {
        max_side: std::num::NonZeroU16::new(30),
        ..Reencode::default()
    };
    let page = Page::from_jpeg(&jpeg, &Options::default(), &smaller).unwrap();
    let image = image(page, &jpeg);
    let has = |marker| image.windows(2).any(|w| w == [0xFF, marker]);
    assert!(has(COM) && has(APP0) && !has(APP14));
}

//! Tests of how marker segments are found, counted and combined.

use jpeg_encoder::ColorType::{Cmyk, Ycbcr};

use crate::header::{COM, embedded, error, find, parse};
use crate::making::{
    adobe, exif, headed, icc_chunk, jfif, jpeg, oriented, profile, segment, with, without, xmp,
};
use pdfmagic_core::jpeg::AdobeTransform;
use pdfmagic_core::{
    CmykPolarity, Document, Error, InputOptions, Jpeg, Limits, Notice, Options, Page, Passthrough,
};

/// Returns a gray image without any line feed. Each of its 6 blocks has the code of category 0 in Table K.3, and that of EOB
/// in Table K.5.
fn gray() -> Vec<u8> {
    let header = headed(0xC0, &[[1, 0x11, 0]], b"", &[1, 1, 0, 0, 63, 0]);
    [&header[..], b"\x28\xA2\x8A\x28\xAF\xFF\xD9"].concat()
}

fn notices(jpeg: &[u8]) -> Vec<Notice> {
    let page = Page::from_jpeg(jpeg, &Options::default(), &Passthrough).unwrap();
    let mut notices = page.notices().to_vec();
    notices.retain(|notice| *notice != Notice::HuffmanTablesInserted);
    notices
}

#[test]
fn stray_bytes_are_due_to_a_text_transfer_if_all_of_several_line_feeds_follow_carriage_returns() {
    for (stray, expected) in [
        (&b"\r\n"[..], Notice::StrayBytesSkipped),
        (b"\r\n\r\n", Notice::TextTransfer),
        (b"\r\n\r\n\n", Notice::StrayBytesSkipped),
        (b"stray", Notice::StrayBytesSkipped),
    ] {
        assert_eq!(notices(&with(&gray(), stray)), [expected], "{stray:?}");
    }
}

#[test]
fn segments_between_stray_bytes_are_kept() {
    let comment = segment(COM, b"kept");
    let strays = [b"stray", &comment[..], b"\xFF\xFF\xFF\xD0"].concat();
    let jpeg = with(&gray(), &strays);
    assert_eq!(embedded(&jpeg), embedded(&with(&gray(), &comment)));
    assert_eq!(notices(&jpeg), [Notice::StrayBytesSkipped]);
}

#[test]
fn no_piece_of_a_repaired_image_is_empty() {
    // Where one cut ends, the next begins.
    let jpeg = with(&gray(), &[b"stray\xFF\xFE\0\0", &oriented(6)[..]].concat());
    let page = Page::from_jpeg(&jpeg, &Options::default(), &Passthrough).unwrap();
    let pieces = Document::new().push(page);
    assert!(pieces.iter().all(|piece| piece.size() > 0), "{pieces:?}");
}

/// Adobe TN 5116, clause 18, defines 0 to 2.
#[test]
fn the_last_adobe_segment_states_the_transform() {
    for byte in [0, 1, 2, 3, 255] {
        let both = [adobe(9), adobe(byte)].concat();
        let expected = match byte {
            0 => AdobeTransform::None,
            1 => AdobeTransform::YCbCr,
            2 => AdobeTransform::Ycck,
            byte => AdobeTransform::Unknown(byte),
        };
        assert_eq!(parse(&with(&gray(), &both)).adobe(), Some(expected));
    }
    assert_eq!(parse(&gray()).adobe(), None);
}

/// T.81 Table B.1 and its extensions: FF02 to FFBF and JPG are reserved, as are FFF0 to FFFD, but for the frame of
/// JPEG-LS, which is unsupported.
#[test]
fn reserved_markers_are_refused() {
    for marker in [0x02, 0x80, 0xBF, 0xC8, 0xF0, 0xF6, 0xFD] {
        let refused = error(&with(&gray(), &segment(marker, b"")));
        assert!(
            matches!(refused, Error::Format { offset: 2, .. }),
            "{marker:x}: {refused}"
        );
    }
}

#[test]
fn the_limit_on_segments_counts_each_segment_up_to_the_scan_header() {
    let limited = |max_segments| {
        let mut limits = Limits::default();
        limits.max_segments = max_segments;
        Jpeg::parse(&gray(), &limits).map(|_| ())
    };
    // DQT, SOF0 and SOS.
    limited(3).unwrap();
    for max in 0..3 {
        let refused = limited(max.try_into().unwrap()).unwrap_err();
        assert!(
            matches!(refused, Error::Limit { actual, max: m, .. } if (actual, m) == (max + 1, max)),
            "{refused}"
        );
    }
}

/// An image after the first is odd only if nothing in the header of the first announces it.
#[test]
fn headers_announce_images_after_the_first() {
    for (announcement, is_odd) in [
        (vec![], true),
        (xmp("<x:xmpmeta/>"), true),
        (xmp("<Container:Directory>"), false),
        (xmp("GCamera:MotionPhoto=\"1\""), false),
        (xmp("GCamera:MicroVideo=\"1\""), false),
        (xmp("hdrgm:Version=\"1.0\""), false),
        (segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0"), false),
        (segment(0xE2, b"MPF\0"), false),
        (icc_chunk(1, 1, &profile(*b"GRAY")), true),
    ] {
        let jpeg = [with(&gray(), &announcement), gray()].concat();
        assert_eq!(parse(&jpeg).is_odd(), is_odd, "{announcement:?}");
        assert_eq!(parse(&jpeg).end(), (jpeg.len() - gray().len()) as u64);
        let with_other = with(&jpeg, &xmp(""));
        assert_eq!(parse(&with_other).is_odd(), is_odd, "{announcement:?}");
    }
}

/// In a sequential scan that is Huffman-coded, each block takes at least one bit for DC and one for AC.
#[test]
fn a_block_takes_at_least_two_bits() {
    // These blocks are in one row.
    let blocks = |count: usize| {
        let mut jpeg = gray();
        let frame = find(&jpeg, 0xC0);
        jpeg[frame + 5..frame + 7].copy_from_slice(&8u16.to_be_bytes());
        let width = u16::try_from(8 * count).unwrap();
        jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        jpeg
    };
    let bits = 8 * (gray().len() - find(&gray(), 0xDA));
    parse(&blocks(bits / 2));
    for count in [bits / 2 + 4, bits] {
        assert_eq!(error(&blocks(count)).code(), "format.malformed", "{count}");
    }
}

/// Data above 64 KiB is searched for its end only where the last bytes show that something precedes EOI.
#[test]
fn what_is_between_the_data_and_eoi_is_removed_from_data_of_any_size() {
    let header = gray()[..gray().len() - 2].to_vec();
    for size in [0, 65_536] {
        let data = [&header[..], &vec![0; size]].concat();
        let sound = [&data[..], b"\xFF\xD9"].concat();
        assert_eq!(notices(&sound), []);
        for after in [&b"\xFF\xD0"[..], b"\xFF\xDC\0\x04\0\x11"] {
            let jpeg = [&data[..], after, b"\xFF\xD9"].concat();
            assert_eq!(notices(&jpeg), [Notice::AfterDataSkipped], "{size}");
            assert_eq!(embedded(&jpeg), embedded(&sound));
        }
        let filled = [&data[..], b"\xFF\xFF\xFF\xD9"].concat();
        assert_eq!(notices(&filled), []);
    }
}

/// A profile may be held twice: assembled, and in its image.
#[test]
fn the_limit_on_memory_applies_to_two_copies_of_a_profile() {
    let profile = profile(*b"GRAY");
    let chunks = [
        icc_chunk(1, 2, &profile[..100]),
        icc_chunk(2, 2, &profile[100..]),
    ];
    let jpeg = with(&gray(), &chunks.concat());
    let limited = |max_memory| {
        let mut limits = Limits::default();
        limits.max_memory = max_memory;
        Jpeg::parse(&jpeg, &limits).map(|_| ())
    };
    let needed = 2 * profile.len() as u64;
    limited(needed).unwrap();
    assert_eq!(limited(needed - 1).unwrap_err().code(), "limit.memory");
}

/// B.1.1.5 and B.2.5: DNL is the first marker after the first scan, in whose data are stuffed bytes and restart markers.
/// The quantization table before the frame ends with the bytes of a scan header's marker.
#[test]
fn dnl_is_found_after_stuffed_bytes_and_restart_markers() {
    let table = [&[0; 1][..], &[1; 62], b"\xFF\xDA"].concat();
    let data = b"\x01\xFF\0\x02\xFF\xD0\x03\xFF\xFF";
    let jpeg = [
        b"\xFF\xD8",
        &segment(0xDB, &table)[..],
        &segment(0xC0, b"\x08\0\0\0\x11\x01\x01\x11\0"),
        &segment(0xDA, &[1, 1, 0, 0, 63, 0]),
        data,
        &segment(0xDC, &[0, 9]),
        b"\xFF\xD9",
    ]
    .concat();
    assert_eq!(parse(&jpeg).frame().height.get(), 9);
}

/// T.871, 10.1: without units, the two values state a ratio.
#[test]
fn a_ratio_of_pixels_counts_up_to_4() {
    for (x, y, expected) in [
        (1, 4, 4.0),
        (4, 1, 0.25),
        (2, 3, 1.5),
        (1, 5, 1.0),
        (5, 1, 1.0),
        (0, 1, 1.0),
        (1, 0, 1.0),
    ] {
        let ratio = parse(&with(&gray(), &jfif(0, x, y))).pixel_ratio();
        assert!((ratio - expected).abs() < 1e-9, "{x} {y}: {ratio}");
    }
}

#[test]
fn densities_of_jfif_and_exif_conflict_if_they_differ_by_more_than_rounding() {
    let at = 8 + 2 + 2 * 12 + 4;
    let stated = |x: u32, y: u32| {
        let data: Vec<u8> = [x, 1, y, 1].iter().flat_map(|n| n.to_be_bytes()).collect();
        exif(
            &[(282, 5, 1, [0, 0, 0, at]), (283, 5, 1, [0, 0, 0, at + 8])],
            &data,
        )
    };
    for (jfif, exif, is_conflict) in [
        (jfif(1, 300, 300), stated(300, 300), false),
        // 299.72 per inch.
        (jfif(2, 118, 118), stated(300, 300), false),
        (jfif(1, 300, 300), stated(305, 295), false),
        (jfif(1, 300, 300), stated(300, 310), true),
        (jfif(1, 300, 300), stated(290, 300), true),
        (jfif(1, 72, 72), stated(300, 300), true),
        (jfif(1, 300, 300), stated(72, 72), true),
    ] {
        let notices = notices(&with(&gray(), &[jfif, exif].concat()));
        assert_eq!(
            notices.contains(&Notice::DensityConflict),
            is_conflict,
            "{notices:?}"
        );
    }
}

/// ICC.1:2022, 7.2.2: the header states the size of the profile. Annex B.4 lets it be in several chunks.
#[test]
fn a_profile_ends_where_its_header_says() {
    let profile = profile(*b"GRAY");
    let longer = [&profile[..], b"more"].concat();
    let mut truncated = profile.clone();
    truncated[3] += 1;
    for (data, expected) in [
        (&profile, Some(&profile[..])),
        (&longer, Some(&profile[..])),
        (&truncated, None),
    ] {
        let one = icc_chunk(1, 1, data);
        let two = [icc_chunk(1, 2, &data[..9]), icc_chunk(2, 2, &data[9..])].concat();
        for chunks in [one, two] {
            assert_eq!(parse(&with(&gray(), &chunks)).icc_profile(), expected);
        }
    }
}

/// TIFF 6.0, section 2, defines both byte orders. Tag 274 is the orientation. Tag 34853 points to the directory of GPS, where
/// tag 2 is the latitude and tag 1 only says which half of the Earth is meant (Exif 2.32, 4.6.6).
#[test]
fn exif_may_have_either_byte_order() {
    type Order = (&'static [u8], fn(u16) -> [u8; 2], fn(u32) -> [u8; 4]);
    let orders: [Order; 2] = [
        (b"MM", u16::to_be_bytes, u32::to_be_bytes),
        (b"II", u16::to_le_bytes, u32::to_le_bytes),
    ];
    for (order, short, long) in orders {
        let entry = |tag, kind, count, value: [u8; 4]| {
            [&short(tag)[..], &short(kind), &long(count), &value].concat()
        };
        for (tag, has_position) in [(1, false), (2, true)] {
            let [first, second] = short(6);
            let payload = [
                b"Exif\0\0",
                order,
                &short(42),
                &long(8),
                &short(2),
                &entry(274, 3, 1, [first, second, 0, 0]),
                &entry(34853, 4, 1, long(38)),
                &long(0),
                &short(1),
                &entry(tag, 5, 3, long(0)),
                &long(0),
            ]
            .concat();
            let jpeg = with(&gray(), &segment(0xE1, &payload));
            let parsed = parse(&jpeg);
            assert_eq!(parsed.orientation().exif(), 6, "{order:?}");
            assert_eq!(parsed.metadata().unwrap().position, has_position);
        }
    }
}

/// DCF 2.0, 4.5.3 and 4.7.2: the index R03 in the interoperability directory means Adobe RGB, unless the color space is sRGB.
#[test]
fn exif_declares_adobe_rgb() {
    let ifd = |entries: &[(u16, u16, u32, [u8; 4])]| {
        let segment = exif(entries, b"");
        segment[4 + 6 + 8..].to_vec()
    };
    let declared = |color_space: u8, index: &[u8; 4]| {
        let (first, second) = (8 + 18, 8 + 18 + 30);
        let data = [
            ifd(&[
                (0xA001, 3, 1, [0, color_space, 0, 0]),
                (0xA005, 4, 1, [0, 0, 0, second]),
            ]),
            ifd(&[(1, 2, 4, *index)]),
        ];
        exif(&[(0x8769, 4, 1, [0, 0, 0, first])], &data.concat())
    };
    let color = |segments: &[u8]| with(&jpeg(Ycbcr), segments);
    for (jpeg, expected) in [
        (color(&declared(255, b"R03\0")), true),
        (color(&declared(1, b"R03\0")), false),
        (color(&declared(255, b"R98\0")), false),
        (color(&exif(&[], b"")), false),
        (with(&gray(), &declared(255, b"R03\0")), false),
        (
            color(&[declared(255, b"R03\0"), icc_chunk(1, 1, &profile(*b"RGB "))].concat()),
            false,
        ),
    ] {
        assert_eq!(parse(&jpeg).is_adobe_rgb(), expected);
    }
}

#[test]
fn the_polarity_of_cmyk_can_be_stated() {
    let plain = without(&jpeg(Cmyk), &[0xEE]);
    for (polarity, is_inverted, notices) in [
        (
            CmykPolarity::Auto,
            false,
            &[Notice::CmykPolarityAssumed][..],
        ),
        (CmykPolarity::Normal, false, &[]),
        (CmykPolarity::Inverted, true, &[]),
    ] {
        let mut jpeg = parse(&plain);
        let mut options = InputOptions::default();
        options.cmyk_polarity = polarity;
        jpeg.apply(options).unwrap();
        assert_eq!((jpeg.is_inverted(), jpeg.notices()), (is_inverted, notices));
    }
}

//! Tests of how marker segments are found, counted and combined.

use crate::header::{error, parse};
use crate::making::{exif, headed, icc_chunk, jfif, profile, segment, with};
use pdfmagic_core::{Error, Jpeg, Limits, Notice, Options, Page, Passthrough};

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

//! Tests of what T.81 permits in frame and scan headers and in tables.

use std::collections::BTreeMap;
use std::path::Path;

use jpeg_encoder::ColorType::Ycbcr;

use crate::header::{DHT, embedded, error, find, parse};
use crate::making::{adobe, headed, jfif, jpeg, segment, with, without};
use pdfmagic_core::jpeg::{ColorModel, EntropyCoding, Process};
use pdfmagic_core::{Auto, Error, Feature, Jpeg, Limits, Notice, Options, Page, Sound};

const BASELINE: u8 = 0xC0;
const PROGRESSIVE: u8 = 0xC2;
const LOSSLESS: u8 = 0xC3;
const ARITHMETIC: u8 = 0xC9;
const PROGRESSIVE_ARITHMETIC: u8 = 0xCA;

/// One component, and three components of the same size.
const ONE: [[u8; 3]; 1] = [[1, 0x11, 0]];
const THREE: [[u8; 3]; 3] = [[1, 0x11, 0], [2, 0x11, 0], [3, 0x11, 0]];

/// Returns the scan header of a whole sequential image.
fn all(components: &[[u8; 3]]) -> Vec<u8> {
    let count = u8::try_from(components.len()).unwrap();
    let selectors: Vec<_> = components.iter().map(|&[id, ..]| [id, 0]).collect();
    [&[count], selectors.as_flattened(), &[0, 63, 0]].concat()
}

fn is_valid(jpeg: &[u8]) -> bool {
    Jpeg::parse(jpeg, &Limits::default()).is_ok()
}

/// Returns a DHT segment with a table that has one code, of one bit.
fn dht(class_and_destination: u8, value: u8) -> Vec<u8> {
    let mut payload = vec![0; 18];
    payload[0] = class_and_destination;
    payload[1] = 1;
    payload[17] = value;
    segment(0xC4, &payload)
}

/// Table B.1.
#[test]
fn the_marker_of_a_frame_says_how_it_is_coded() {
    use {EntropyCoding::*, Process::*};
    for (sof, process, entropy_coding) in [
        (0xC0, Baseline, Huffman),
        (0xC1, ExtendedSequential, Huffman),
        (0xC2, Progressive, Huffman),
        (0xC3, Lossless, Huffman),
        (0xC9, ExtendedSequential, Arithmetic),
        (0xCA, Progressive, Arithmetic),
        (0xCB, Lossless, Arithmetic),
    ] {
        let se = if process == Progressive { 0 } else { 63 };
        let jpeg = headed(sof, &ONE, b"", &[1, 1, 0, 0, se, 0]);
        let frame = parse(&jpeg).frame().clone();
        assert_eq!(
            (frame.process, frame.entropy_coding),
            (process, entropy_coding)
        );
    }
    for sof in [0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF, 0xDE, 0xDF] {
        let refused = error(&headed(sof, &ONE, b"", &all(&ONE)));
        let feature = Feature::Hierarchical;
        assert!(
            matches!(refused, Error::Unsupported(f) if f == feature),
            "{refused}"
        );
    }
}

/// Table B.2.
#[test]
fn sampling_factors_are_1_to_4_and_quantization_tables_0_to_3() {
    for (factors, table, expected) in [
        (0x11, 0, true),
        (0x44, 3, true),
        (0x41, 0, true),
        (0x14, 0, true),
        (0x01, 0, false),
        (0x10, 0, false),
        (0x51, 0, false),
        (0x15, 0, false),
        (0x11, 4, false),
    ] {
        let components = [[1, factors, table]];
        let jpeg = headed(BASELINE, &components, b"", &all(&components));
        assert_eq!(is_valid(&jpeg), expected, "{factors:#x} {table}");
    }
}

/// libjpeg defines `JPEG_MAX_DIMENSION` as 65,500. Arithmetic coding takes no minimum of data.
#[test]
fn sides_above_65500_are_reported() {
    for (width, height, expected) in [
        (65_500u16, 65_500u16, &[][..]),
        (65_501, 1, &[Notice::TooLargeForViewers]),
        (1, 65_501, &[Notice::TooLargeForViewers]),
    ] {
        let mut jpeg = headed(ARITHMETIC, &ONE, b"", &all(&ONE));
        let frame = find(&jpeg, ARITHMETIC);
        jpeg[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
        jpeg[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
        assert_eq!(parse(&jpeg).notices(), expected, "{width} {height}");
    }
}

/// B.2.3: the sum of Hj times Vj is at most 10 if a scan has several components.
#[test]
fn an_interleaved_mcu_has_at_most_10_blocks() {
    for (factors, expected) in [
        (&[0x42, 0x11, 0x11][..], true),
        (&[0x33, 0x11, 0x11], false),
        (&[0x43, 0x11, 0x11], false),
        (&[0x42, 0x11, 0x11, 0x11], false),
        (&[0x44], true),
        (&[0x43], true),
    ] {
        let components: Vec<_> = (1..).zip(factors).map(|(id, &f)| [id, f, 0]).collect();
        let jpeg = headed(BASELINE, &components, b"", &all(&components));
        assert_eq!(is_valid(&jpeg), expected, "{factors:x?}");
    }
}

/// B.2.3: a scan has 1 to 4 components, and those in the order of the frame.
#[test]
fn a_scan_has_components_of_its_frame_in_their_order() {
    for (scan, expected) in [
        (&[1, 1, 0, 0, 63, 0][..], true),
        (&[1, 3, 0, 0, 63, 0], true),
        (&[2, 1, 0, 3, 0, 0, 63, 0], true),
        (&[3, 1, 0, 2, 0, 3, 0, 0, 63, 0], true),
        (&[2, 3, 0, 1, 0, 0, 63, 0], false),
        (&[2, 2, 0, 2, 0, 0, 63, 0], false),
        (&[1, 4, 0, 0, 63, 0], false),
        (&[0, 0, 63, 0], false),
        (&[5, 1, 0, 2, 0, 3, 0, 3, 0, 3, 0, 0, 63, 0], false),
        (&[1, 1, 0, 0, 63], false),
        (&[1, 1, 0, 0, 63, 0, 0], false),
        (&[], false),
    ] {
        let jpeg = headed(BASELINE, &THREE, b"", scan);
        assert_eq!(is_valid(&jpeg), expected, "{scan:?}");
    }
}

/// G.1.1.1.1, G.1.1.1.2 and Table B.3.
#[test]
fn a_progressive_scan_has_either_dc_or_ac_of_one_component_and_adds_one_bit() {
    let one = |ss, se, approximation| vec![1, 1, 0, ss, se, approximation];
    for (scan, expected) in [
        (one(0, 0, 0x00), true),
        (one(0, 1, 0x00), false),
        (one(0, 63, 0x00), false),
        (one(1, 63, 0x00), true),
        (one(5, 5, 0x00), true),
        (one(5, 4, 0x00), false),
        (one(1, 64, 0x00), false),
        (one(64, 64, 0x00), false),
        (one(0, 0, 0x0D), true),
        (one(0, 0, 0x0E), false),
        (one(1, 63, 0x0E), false),
        (one(1, 63, 0x10), true),
        (one(1, 63, 0x21), true),
        (one(1, 63, 0x11), false),
        (one(1, 63, 0x12), false),
        (one(1, 63, 0x31), false),
        (one(0, 0, 0xED), true),
        (one(0, 0, 0xFE), false),
        (vec![2, 1, 0, 2, 0, 0, 0, 0], true),
        (vec![2, 1, 0, 2, 0, 1, 63, 0], false),
    ] {
        let jpeg = headed(PROGRESSIVE_ARITHMETIC, &THREE, b"", &scan);
        assert_eq!(is_valid(&jpeg), expected, "{scan:x?}");
    }
}

/// Table B.3 limits the numbers to 3, and G.1.2.1 and H.1.2 say which kinds of scan use which tables. Motion JPEG has the
/// tables of K.3.3 at 0 and 1.
#[test]
fn a_scan_needs_the_tables_that_it_uses() {
    let defined = [dht(0x03, 0), dht(0x13, 0)].concat();
    let one = |tables, ss, se, approximation| [1, 1, tables, ss, se, approximation];
    for (sof, scan, expected) in [
        (BASELINE, one(0x00, 0, 63, 0), true),
        (BASELINE, one(0x11, 0, 63, 0), true),
        (BASELINE, one(0x33, 0, 63, 0), true),
        (BASELINE, one(0x23, 0, 63, 0), false),
        (BASELINE, one(0x32, 0, 63, 0), false),
        (BASELINE, one(0x43, 0, 63, 0), false),
        (BASELINE, one(0x34, 0, 63, 0), false),
        (PROGRESSIVE, one(0x3F, 0, 0, 0), true),
        (PROGRESSIVE, one(0x20, 0, 0, 0), false),
        (PROGRESSIVE, one(0x20, 0, 0, 0x10), true),
        (PROGRESSIVE, one(0xF3, 1, 63, 0), true),
        (PROGRESSIVE, one(0x02, 1, 63, 0), false),
        (PROGRESSIVE, one(0x02, 1, 63, 0x10), false),
        (PROGRESSIVE_ARITHMETIC, one(0x20, 0, 0, 0), true),
        (PROGRESSIVE_ARITHMETIC, one(0x40, 0, 0, 0), false),
        (LOSSLESS, one(0x3F, 1, 0, 0), true),
        (LOSSLESS, one(0x20, 1, 0, 0), false),
    ] {
        let jpeg = headed(sof, &ONE, &defined, &scan);
        assert_eq!(is_valid(&jpeg), expected, "{sof:x} {scan:x?}");
    }
}

/// B.2.4.3 and B.2.4.4: a DAC segment has pairs of Tc with Tb, and Cs, and a DRI segment has two bytes. For DC, Cs is U with
/// L, where L is at most U. For AC, it is Kx, from 1 to 63.
#[test]
fn arithmetic_conditioning_and_restart_intervals_are_checked() {
    const DAC: u8 = 0xCC;
    const DRI: u8 = 0xDD;
    for (marker, payload, expected) in [
        (DAC, &[][..], true),
        (DAC, &[0x00, 0x10], true),
        (DAC, &[0x03, 0xFF], true),
        (DAC, &[0x00, 0x01], false),
        (DAC, &[0x04, 0x10], false),
        (DAC, &[0x10, 1], true),
        (DAC, &[0x13, 63], true),
        (DAC, &[0x10, 0], false),
        (DAC, &[0x10, 64], false),
        (DAC, &[0x14, 5], false),
        (DAC, &[0x20, 5], false),
        (DAC, &[0x00, 0x10, 0x10], false),
        (DRI, &[0], false),
        (DRI, &[0, 1], true),
        (DRI, &[0, 1, 0], false),
    ] {
        let jpeg = headed(ARITHMETIC, &ONE, &segment(marker, payload), &all(&ONE));
        assert_eq!(is_valid(&jpeg), expected, "{marker:x} {payload:x?}");
    }
}

/// Tables F.1 and H.2, in the widest form of F.1: 15 is the limit for samples of 12 bits.
#[test]
fn categories_of_dc_differences_are_at_most_15_and_16_in_lossless_scans() {
    for (sof, class, value, expected) in [
        (BASELINE, 0x00, 15, true),
        (BASELINE, 0x00, 16, false),
        (BASELINE, 0x10, 0xF0, true),
        (LOSSLESS, 0x00, 16, true),
        (LOSSLESS, 0x00, 17, false),
    ] {
        let jpeg = headed(sof, &ONE, &dht(class, value), &all(&ONE));
        assert_eq!(is_valid(&jpeg), expected, "{sof:x} {class:x} {value}");
    }
}

/// Lossless coding does not benefit from a color transform, and RGB is never subsampled.
#[test]
fn lossless_components_are_rgb_unless_adobe_or_subsampling_says_otherwise() {
    use ColorModel::{Rgb, YCbCr};
    let subsampled = [[1, 0x21, 0], [2, 0x11, 0], [3, 0x11, 0]];
    for (components, segments, expected) in [
        (&THREE, vec![], Rgb),
        (&THREE, jfif(1, 72, 72), Rgb),
        (&THREE, adobe(1), YCbCr),
        (&subsampled, vec![], Rgb),
        (&subsampled, jfif(1, 72, 72), YCbCr),
    ] {
        let jpeg = with(
            &headed(LOSSLESS, components, b"", &all(components)),
            &segments,
        );
        assert_eq!(parse(&jpeg).color_model(), expected);
    }
}

/// Returns the Huffman tables of a header, by class and destination.
fn huffman_tables(jpeg: &[u8]) -> BTreeMap<u8, Vec<u8>> {
    let (mut rest, mut tables) = (&jpeg[2..], BTreeMap::new());
    while rest[1] != 0xDA {
        let size = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        let (segment, next) = rest.split_at(2 + size);
        let mut body = &segment[4..];
        while segment[1] == DHT && !body.is_empty() {
            let values: usize = body[1..17].iter().map(|&n| usize::from(n)).sum();
            let (table, after) = body.split_at(17 + values);
            tables.insert(table[0], table[1..].to_vec());
            body = after;
        }
        rest = next;
    }
    tables
}

/// jpeg-encoder has the tables of K.3.3 as well.
#[test]
fn inserted_huffman_tables_are_the_typical_ones() {
    let sound = jpeg(Ycbcr);
    let mended = embedded(&without(&sound, &[DHT]));
    assert_eq!(huffman_tables(&mended), huffman_tables(&sound));
}

/// Viewers show the first of such scans, or the last.
#[test]
fn a_scan_after_one_of_all_components_is_left_out() {
    let whole = jpeg(Ycbcr);
    let (image, eoi) = whole.split_at(whole.len() - 2);
    let scan = &image[find(&whole, 0xDA)..];
    let page = |jpeg: &[u8]| Page::from_jpeg(jpeg, &Options::default(), &Auto).unwrap();
    assert_eq!(page(&whole).notices(), []);
    let doubled = [image, scan, eoi].concat();
    let [Notice::Damaged(damage)] = page(&doubled).notices()[..] else {
        panic!("it has a scan too many");
    };
    let offset = u64::try_from(image.len()).unwrap();
    assert_eq!((damage.offset, damage.scan), (offset, 2));
    assert_eq!(damage.sound, Sound::Rows { sound: 48, of: 48 });
    let data = embedded(&doubled);
    let scans = |data: &[u8]| data.windows(2).filter(|pair| *pair == [0xFF, 0xDA]).count();
    assert_eq!(scans(&data), 1);
    // Nothing is wrong where the first scan has one component, or one part of the coefficients.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    for name in ["scan_per_component.jpg", "gray_progressive.jpg"] {
        let several = std::fs::read(folder.join(name)).unwrap();
        assert!(scans(&several) > 1);
        assert!(!parse(&several).is_odd(), "{name}");
    }
}

#[test]
fn the_limits_on_decoding_count_pixels_and_scans_before_eoi() {
    let header = headed(BASELINE, &ONE, b"", &all(&ONE));
    let data = b"\x28\xFF\0\xFF\xD0\x28";
    let two_scans = [&header[..], &segment(0xDA, &all(&ONE)), data, b"\xFF\xD9"].concat();
    // The end of a file above 64 KiB is trusted, so its data is not searched for EOI.
    let third = [
        &segment(0xDA, &all(&ONE))[..],
        &vec![0; 65_536],
        b"\xFF\xD9",
    ]
    .concat();
    let followed = [&two_scans[..], &third].concat();
    for jpeg in [&two_scans, &followed] {
        let jpeg = parse(jpeg);
        let check = |max_pixels, max_scans| {
            let mut limits = Limits::default();
            (limits.max_pixels, limits.max_scans) = (max_pixels, max_scans);
            jpeg.check_decodable(&limits).map_err(|error| error.code())
        };
        assert_eq!(check(9 * 17, 2), Ok(()));
        assert_eq!(check(9 * 17 - 1, 2), Err("limit.pixels"));
        assert_eq!(check(9 * 17, 1), Err("limit.scans"));
    }
}

//! Tests of the reasons why a header is rejected.

use crate::header::{COM, DQT, SOF0, error, find, parse};
use crate::making::{jpeg, segment, with, without};
use jpeg_encoder::ColorType::{Luma, Ycbcr};
use pdfmagic_core::{Error, Options, Page, Passthrough};
use pdfmagic_core::{Feature, FileKind};

#[test]
fn name_the_kind_of_file() {
    let kinds = [
        (&b""[..], FileKind::Empty),
        (b"\x89PNG\r\n\x1A\n", FileKind::Png),
        (b"RIFF\0\0\0\0WEBPVP8 ", FileKind::WebP),
        (b"\0\0\0\x18ftypheic", FileKind::Heic),
        (b"%PDF-1.7\n", FileKind::Pdf),
        (b"\n<!doctype html>", FileKind::Markup),
        (b"\x1F\x8B\x08\0", FileKind::Gzip),
        (b"/9j/4AAQSkZJRg", FileKind::Base64),
        (b"data:image/jpeg;base64,/9j/", FileKind::DataUrl),
        (b"{\"error\":404}", FileKind::Json),
        (b"\0\0\0\x14ftypqt  ", FileKind::Video),
        (b"8BPS\0\x01", FileKind::Psd),
        (b"\0\x05\x16\x07\0\x02", FileKind::AppleDouble),
        (&[0; 5000], FileKind::Zeros),
    ];
    for (bytes, kind) in kinds {
        let refused = error(bytes);
        assert!(
            matches!(&refused, Error::NotJpeg(k) if *k == kind),
            "{refused}"
        );
    }
}

#[test]
fn show_how_an_unknown_file_starts() {
    for (bytes, text) in [
        (&b"plain text"[..], "not a JPEG: it starts with \"plai\""),
        (b"\x01", "not a JPEG: it starts with the byte 01"),
        (b"MThd\0\0\0\x06", "not a JPEG: it starts with \"MThd\""),
    ] {
        assert_eq!(error(bytes).to_string(), text);
        assert_eq!(error(bytes).code(), "not_jpeg.unknown");
    }
}

#[test]
fn name_the_unsupported_feature() {
    let sound = jpeg(Ycbcr);
    let frame = find(&sound, SOF0);
    let framed = |marker: u8| [&sound[..=frame], &[marker], &sound[frame + 2..]].concat();
    for (marker, feature) in [(0xC5, Feature::Hierarchical), (0xF7, Feature::JpegLs)] {
        let refused = error(&framed(marker));
        assert!(
            matches!(&refused, Error::Unsupported(f) if *f == feature),
            "{refused}"
        );
    }
    for (marker, feature) in [(0xC3, Feature::Lossless), (0xC9, Feature::Arithmetic)] {
        let refused =
            Page::from_jpeg(&framed(marker), &Options::default(), &Passthrough).unwrap_err();
        assert!(
            matches!(&refused, Error::Unsupported(f) if *f == feature),
            "{refused}"
        );
    }
}

#[test]
fn say_where_the_header_is_broken() {
    let sound = jpeg(Ycbcr);
    let frame = find(&sound, SOF0) as u64;
    let scan = find(&sound, 0xDA) as u64;
    let changed = |at: u64, byte: u8| {
        let mut jpeg = sound.clone();
        jpeg[usize::try_from(at).unwrap()] = byte;
        jpeg
    };
    let offset = |jpeg: &[u8]| match error(jpeg) {
        Error::Format { offset, .. } => offset,
        other => panic!("{other}"),
    };
    assert_eq!(offset(&changed(frame + 11, 0x05)), frame, "sampling factor");
    assert_eq!(offset(&changed(frame + 3, 12)), frame, "length");
    assert_eq!(offset(&changed(scan + 5, 77)), scan, "component selector");
    assert_eq!(
        offset(&with(&sound, &segment(DQT, &[4; 65]))),
        2,
        "table number"
    );
    assert_eq!(
        offset(&with(&sound, &segment(0xF0, b""))),
        2,
        "reserved marker"
    );
    assert_eq!(offset(&with(&sound, &[0xFF, 0xD9])), 2, "EOI");
    let scan_without_tables = without(&sound, &[DQT]);
    assert_eq!(
        offset(&scan_without_tables),
        find(&scan_without_tables, 0xDA) as u64
    );
}

#[test]
fn include_invalid_precisions_of_lossless_frames() {
    let mut lossless = jpeg(Ycbcr);
    let frame = find(&lossless, SOF0);
    lossless[frame + 1] = 0xC3;
    for precision in 2..=16 {
        lossless[frame + 4] = precision;
        assert_eq!(parse(&lossless).frame().precision, precision);
    }
    for precision in [0, 1, 17, 32, 40, 255] {
        lossless[frame + 4] = precision;
        let refused = error(&lossless);
        assert!(
            matches!(refused, Error::Format { offset, .. } if offset == frame as u64),
            "{precision}: {refused}"
        );
    }
}

#[test]
fn occur_wherever_the_header_is_truncated() {
    let sound = jpeg(Ycbcr);
    let header = find(&sound, 0xDA) + 2 + 12;
    for size in 2..header {
        let refused = error(&sound[..size]);
        assert!(
            matches!(refused, Error::Truncated { offset } if offset == size as u64),
            "{size}: {refused}"
        );
    }
    parse(&sound[..header]);
}

#[test]
fn occur_before_too_many_segments_are_read() {
    let many = with(&jpeg(Luma), &segment(COM, b"").repeat(5000));
    let refused = error(&many);
    assert_eq!(refused.code(), "limit.segments", "{refused}");
}

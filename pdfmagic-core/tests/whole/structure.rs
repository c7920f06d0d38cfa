//! Tests of the bytes of the file.

use std::ops::Range;
use std::str;
use std::sync::Mutex;

use pdfmagic_core::backend::ImageXObject;
use pdfmagic_core::{
    Backend, Document, Error, Feature, Jpeg, Limits, Needs, Notice, Options, Page, Passthrough,
    Piece, Streamed,
};

use crate::corpus_files::{files, read};
use crate::support::{backends, convert, image_of, media_box, strict};

#[test]
fn every_pdf_satisfies_a_strict_reader_and_has_correct_offsets_and_lengths() {
    for (name, jpeg) in files() {
        for pdf in backends()
            .iter()
            .filter_map(|backend| convert(&jpeg, &**backend).ok())
        {
            let read = strict(&pdf);
            image_of(&read);
            check_syntax(&pdf).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        }
    }
}

#[test]
fn two_runs_give_the_same_bytes() {
    for (name, jpeg) in files() {
        for backend in backends() {
            let twice = [(); 2].map(|()| convert(&jpeg, &*backend).ok());
            assert!(twice[0] == twice[1], "{}", name);
        }
    }
}

/// Up to the first scan, the stream is the input without the removed bytes, and with no more inserted bytes than the
/// notices account for. From there on, it is the input to its last byte.
#[test]
fn passthrough_embeds_the_input_and_changes_no_coded_data() {
    for (name, jpeg) in files() {
        let Ok(page) = Page::from_jpeg(&jpeg, &Options::default(), &Passthrough) else {
            continue;
        };
        let notices = page.notices().to_vec();
        let pieces = Document::new().push(page);
        let kept: Vec<_> = pieces.iter().filter_map(input_range).collect();
        assert!(
            kept.is_sorted_by(|a, b| a.end <= b.start),
            "{name}: {kept:?}"
        );

        let pdf = strict(&convert(&jpeg, &Passthrough).expect("the page was made"));
        let stream = &image_of(&pdf).content[..];
        let put_in = stream.len() as u64
            - kept
                .iter()
                .map(|range| range.end - range.start)
                .sum::<u64>();
        let accounted: u64 = notices.iter().copied().map(bytes_put_in).sum();
        assert!(
            put_in <= accounted,
            "{name}: {put_in} bytes put in, with {notices:?}"
        );

        let mut data = &stream[first_scan(stream)..];
        if notices.contains(&Notice::EoiAppended) {
            data = &data[..data.len() - 2];
        }
        let is_cut = |notice: &Notice| {
            matches!(
                notice,
                Notice::HeightResolved | Notice::AfterDataSkipped | Notice::TrailingDataSkipped(_)
            )
        };
        if notices.iter().any(is_cut) {
            data = data.strip_suffix(b"\xFF\xD9").expect("EOI ends the image");
        }
        let is_kept = |window: &[u8]| window == data;
        assert!(
            notices
                .iter()
                .any(|notice| matches!(notice, Notice::Damaged(_)))
                || jpeg.windows(data.len()).any(is_kept),
            "{name}: the coded data is not the input's"
        );
    }
}

/// Makes data of this size, and records its address in memory.
#[derive(Debug)]
struct Made(usize, Mutex<Option<usize>>);

impl Backend for Made {
    fn name(&self) -> &'static str {
        "made"
    }

    fn can_carry(&self, _: &Jpeg<'_>) -> Result<(), Feature> {
        Ok(())
    }

    fn needs(&self, _: &Jpeg<'_>) -> Needs {
        Needs::Whole
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        let data = vec![0; self.0];
        *self.1.lock().expect("no panic") = Some(data.as_ptr().addr());
        let image = Passthrough.image(jpeg, limits)?;
        Ok(ImageXObject {
            data: vec![Piece::Made(data)],
            ..image
        })
    }
}

#[test]
fn only_short_data_is_copied() {
    let jpeg = read("gray.jpg");
    for (size, is_copied) in [(100, true), (1 << 20, false)] {
        let made = Made(size, Mutex::default());
        let page = Page::from_jpeg(&jpeg, &Options::default(), &made).expect("it is valid");
        let data = made.1.lock().expect("no panic").expect("it was made");
        let pieces = Document::new().push(page);
        let is_there = |piece: &Piece| piece.bytes(&[]).as_ptr().addr() == data;
        assert_eq!(pieces.iter().any(is_there), !is_copied, "{size} bytes");
        // Short data waits for the text after it.
        assert_eq!(pieces.is_empty(), is_copied, "{size} bytes");
    }
}

fn input_range(piece: &Piece) -> Option<&Range<u64>> {
    match piece {
        Piece::Input(range) => Some(range),
        Piece::Made(_) => None,
    }
}

/// Returns the number of bytes of a stream that a notice accounts for.
fn bytes_put_in(notice: Notice) -> u64 {
    match notice {
        Notice::OrientationNeutralized
        | Notice::EoiAppended
        | Notice::HeightResolved
        | Notice::TrailingDataSkipped(_)
        | Notice::Damaged(_) => 2,
        Notice::ColorStated => 16,
        Notice::HuffmanTablesInserted => 420,
        _ => 0,
    }
}

/// Returns the offset of the first SOS marker in a JPEG with a clean header.
fn first_scan(jpeg: &[u8]) -> usize {
    let mut at = 2;
    loop {
        match jpeg[at..] {
            [0xFF, 0xFF, ..] => at += 1,
            [0xFF, 0xDA, ..] => return at,
            [0xFF, _, high, low, ..] => at += 2 + usize::from(u16::from_be_bytes([high, low])),
            _ => panic!("no marker at byte {at}"),
        }
    }
}

/// Checks that each entry of the cross-reference table leads to its object (ISO 32000-1, 7.5.4), and that each stream
/// ends where its `Length` says (7.3.8.2). Lenient readers, and even strict ones, search for the end if it is not
/// there.
pub(crate) fn check_syntax(pdf: &[u8]) -> Result<(), String> {
    let offsets = offsets(pdf)?;
    for (id, &offset) in (1..).zip(&offsets) {
        let object = &pdf[offset..];
        if !object.starts_with(format!("{id} 0 obj\n").as_bytes()) {
            return Err(format!("entry {id} does not lead to its object"));
        }
        let Some((dict, data)) = stream_at(object) else {
            continue;
        };
        let length = length_in(dict, pdf, &offsets).ok_or(format!("no Length of stream {id}"))?;
        if !data
            .get(length..)
            .is_some_and(|rest| rest.starts_with(b"\nendstream\nendobj\n"))
        {
            return Err(format!("stream {id} does not end after {length} bytes"));
        }
    }
    Ok(())
}

/// Returns the offsets of the objects in the cross-reference table, from object 1 on.
fn offsets(pdf: &[u8]) -> Result<Vec<usize>, String> {
    let text = |bytes| str::from_utf8(bytes).map_err(|error| error.to_string());
    let tail = pdf
        .strip_suffix(b"\n%%EOF\n")
        .ok_or("no %%EOF at the end")?;
    let number = tail
        .rsplit(|&byte| byte == b'\n')
        .next()
        .ok_or("no startxref")?;
    let startxref: usize = text(number)?
        .parse()
        .map_err(|_| "startxref is no number")?;
    let table = text(pdf.get(startxref..).ok_or("startxref is past the end")?)?;
    let entries = table
        .strip_prefix("xref\n0 ")
        .ok_or("startxref does not lead to the table")?;
    let (size, entries) = entries.split_once('\n').ok_or("no size of the table")?;
    let size: usize = size.parse().map_err(|_| "the size is no number")?;
    if !entries.starts_with("0000000000 65535 f \n") {
        return Err("the first entry is not free".to_owned());
    }
    let trailer = entries.get(20 * size..).ok_or("the table is cut off")?;
    if !trailer.starts_with("trailer\n") {
        return Err("no trailer after the table".to_owned());
    }
    let offset = |id: usize| {
        let entry = &entries[20 * id..20 * (id + 1)];
        let offset = entry.strip_suffix(" 00000 n \n").map(str::parse);
        match offset {
            Some(Ok(offset)) if offset < startxref => Ok(offset),
            _ => Err(format!("entry {id}: {entry:?}")),
        }
    };
    (1..size).map(offset).collect()
}

/// Returns the dictionary and the bytes after the keyword `stream`, if an object begins with these.
fn stream_at(object: &[u8]) -> Option<(&str, &[u8])> {
    let find = |keyword: &[u8]| object.windows(keyword.len()).position(|w| w == keyword);
    let keyword =
        find(b"\nstream\n").filter(|&at| find(b"\nendobj\n").is_none_or(|end| at < end))?;
    let dict = str::from_utf8(&object[..keyword]).ok()?;
    Some((dict, &object[keyword + b"\nstream\n".len()..]))
}

/// Returns the value of `Length`, which may be a separate object.
fn length_in(dict: &str, pdf: &[u8], offsets: &[usize]) -> Option<usize> {
    let mut words = dict.split("/Length ").nth(1)?.split_ascii_whitespace();
    let number = words.next()?.parse().ok()?;
    if words.next() != Some("0") {
        return Some(number);
    }
    let object = &pdf[*offsets.get(number.checked_sub(1)?)?..];
    let line = object.split(|&byte| byte == b'\n').nth(1)?;
    str::from_utf8(line).ok()?.parse().ok()
}

#[test]
fn wrong_offsets_and_lengths_are_found() {
    let pdf = convert(&read("gray.jpg"), &Passthrough).expect("it is valid");
    check_syntax(&pdf).expect("it is right");
    let shifted = [&pdf[..15], b"\n", &pdf[15..]].concat();
    assert!(check_syntax(&shifted).is_err());
    let length = pdf
        .windows(8)
        .position(|w| w == b"/Length ")
        .expect("it has a stream")
        + 8;
    let mut short = pdf.clone();
    short[length] -= 1;
    assert!(check_syntax(&short).is_err());
}

/// Returns the PDF of a JPEG of which only the first `known` bytes have arrived when it begins.
fn streamed(jpeg: &[u8], known: usize) -> Result<Vec<u8>, Error> {
    let head = &jpeg[..known];
    let (mut streamed, pieces) = Streamed::begin(head, &Options::default())?;
    let mut pdf: Vec<u8> = pieces
        .iter()
        .flat_map(|piece| piece.bytes(head))
        .copied()
        .collect();
    let rest = [&head[streamed.rest()..], &jpeg[known..]].concat();
    for chunk in rest.chunks(7) {
        pdf.extend(&chunk[..streamed.pass(chunk)]);
    }
    pdf.extend(streamed.end()?);
    Ok(pdf)
}

#[test]
fn streaming_embeds_the_same_image_as_passthrough() {
    let mut compared = 0;
    for (name, jpeg) in files() {
        let whole = convert(&jpeg, &Passthrough);
        let page = Page::from_jpeg(&jpeg, &Options::default(), &Passthrough);
        let notices = page.map(|page| page.notices().to_vec());
        // A stream cannot know this before its end.
        let is_odd =
            |notice: &Notice| matches!(notice, Notice::AfterDataSkipped | Notice::Damaged(_));
        let is_known = |notices: &Vec<Notice>| !notices.iter().any(is_odd);
        let is_too_little = |error: &Error| error.to_string().ends_with("so little data");
        if !notices
            .as_ref()
            .map_or_else(|error| !is_too_little(error), is_known)
        {
            continue;
        }
        for known in [jpeg.len(), jpeg.len() / 2] {
            match (streamed(&jpeg, known), &whole) {
                (Err(Error::NeedsInput { .. }), _) => {}
                (Ok(pdf), Ok(whole)) => {
                    check_syntax(&pdf).unwrap_or_else(|fault| panic!("{name}: {fault}"));
                    let [pdf, whole] = [&pdf, whole].map(|pdf| strict(pdf));
                    let [image, expected] = [&pdf, &whole].map(image_of);
                    // A final 0xFF, which may have begun EOI, was already sent when the input ends.
                    let filled =
                        [&expected.content[..expected.content.len() - 1], b"\xFF\xD9"].concat();
                    let is_filled = jpeg.ends_with(b"\xFF") && image.content == filled;
                    assert!(
                        image.content == expected.content || is_filled,
                        "{name}: another image"
                    );
                    let keys = |stream: &lopdf::Stream| {
                        let keys = stream.dict.iter().map(|(key, _)| key.clone());
                        keys.collect::<std::collections::BTreeSet<_>>()
                    };
                    assert_eq!(keys(image), keys(expected), "{name}");
                    assert_eq!(media_box(&pdf), media_box(&whole), "{name}");
                    compared += 1;
                }
                (Err(error), Err(expected)) => assert_eq!(error.code(), expected.code(), "{name}"),
                (streamed, whole) => {
                    panic!("{name}: {:?}, {:?}", streamed.err(), whole.as_ref().err())
                }
            }
        }
    }
    assert!(compared > 300, "only {compared} were compared");
}

#[test]
fn a_stream_has_the_notices_about_its_header() {
    let jpeg = read("orientation_9.jpg");
    let (streamed, _) = Streamed::begin(&jpeg, &Options::default()).expect("it is valid");
    let page = Page::from_jpeg(&jpeg, &Options::default(), &Passthrough).expect("it is valid");
    assert!(!page.notices().is_empty());
    assert_eq!(streamed.notices(), page.notices());
}

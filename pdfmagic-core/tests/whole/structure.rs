//! What stands in the file, byte by byte.

use std::ops::Range;
use std::str;

use pdfmagic_core::{Document, Notice, Options, Page, Passthrough, Piece};

use crate::corpus_files::{files, read};
use crate::support::{backends, convert, image_of, strict};

#[test]
fn every_pdf_is_read_by_a_strict_reader_and_has_right_offsets() {
    for (name, jpeg) in files() {
        for pdf in backends()
            .iter()
            .filter_map(|backend| convert(&jpeg, &**backend).ok())
        {
            let read = strict(&pdf);
            image_of(&read);
            check_offsets(&pdf).unwrap_or_else(|fault| panic!("{name}: {fault}"));
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

/// Up to the first scan the stream is the input less what was cut out, and with no more put in than the notices
/// account for; from there on it is the input to its last byte.
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

fn input_range(piece: &Piece) -> Option<&Range<u64>> {
    match piece {
        Piece::Input(range) => Some(range),
        Piece::Made(_) => None,
    }
}

/// How many bytes of a stream a notice accounts for.
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

/// Where the first SOS marker is in a JPEG with a clean header.
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

/// Checks that each entry of the cross-reference table leads to its object (ISO 32000-1, 7.5.4).
pub(crate) fn check_offsets(pdf: &[u8]) -> Result<(), String> {
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
    for id in 1..size {
        let entry = entries
            .get(20 * id..20 * (id + 1))
            .ok_or("the table is cut off")?;
        let offset = entry
            .strip_suffix(" 00000 n \n")
            .ok_or_else(|| format!("entry {id}: {entry:?}"))?;
        let offset: usize = offset
            .parse()
            .map_err(|_| format!("entry {id}: {entry:?}"))?;
        if !pdf[offset..].starts_with(format!("{id} 0 obj\n").as_bytes()) {
            return Err(format!("entry {id} does not lead to its object"));
        }
    }
    if entries
        .get(20 * size..)
        .is_some_and(|rest| rest.starts_with("trailer\n"))
    {
        return Ok(());
    }
    Err("no trailer after the table".to_owned())
}

#[test]
fn a_wrong_offset_is_found() {
    let pdf = convert(&read("gray.jpg"), &Passthrough).expect("it is sound");
    let wrong = [&pdf[..15], b"\n", &pdf[15..]].concat();
    assert!(check_offsets(&wrong).is_err());
}

//! Tests that all viewers can decode every embedded JPEG, and that its dictionary agrees with its frame header.

use lopdf::{Object, Stream};
use pdfmagic_core::{Backend, Options, Page, Passthrough};

use crate::corpus_files::files;
use crate::support::{backends, convert, image_of, strict};

/// A marker, and the payload of its segment.
type Marked<'a> = (u8, &'a [u8]);

/// Returns the markers from SOI to EOI, without restart markers. Only segments and coded data may be between them, and
/// nothing may follow EOI.
fn markers(jpeg: &[u8]) -> Result<Vec<Marked<'_>>, String> {
    let (mut markers, mut at) = (Vec::new(), 0);
    loop {
        // Fill bytes are legal before every marker (T.81 B.1.1.2).
        while jpeg.get(at..at + 2) == Some(&[0xFF, 0xFF]) {
            at += 1;
        }
        let Some(&[0xFF, marker]) = jpeg.get(at..at + 2) else {
            return Err(format!("no marker at byte {at}"));
        };
        at += 2;
        if marker == 0xD9 {
            markers.push((marker, &[][..]));
            return match jpeg.len() - at {
                0 => Ok(markers),
                after => Err(format!("{after} bytes after EOI")),
            };
        }
        if marker == 0xD8 {
            markers.push((marker, &[][..]));
            continue;
        }
        let length = jpeg.get(at..at + 2).ok_or("no length")?;
        let end = at + usize::from(u16::from_be_bytes([length[0], length[1]]));
        let payload = jpeg.get(at + 2..end).ok_or("a segment is cut off")?;
        markers.push((marker, payload));
        at = end;
        if marker == 0xDA {
            let data = jpeg[at..].windows(2);
            let mut ends = data.enumerate().filter(|(_, pair)| pair[0] == 0xFF);
            let end = ends.find(|(_, pair)| !matches!(pair[1], 0 | 0xD0..=0xD7));
            at += end.ok_or("no marker ends the data")?.0;
        }
    }
}

fn check(stream: &Stream) -> Result<(), String> {
    let markers = markers(&stream.content)?;
    let with = |wanted: fn(&Marked<'_>) -> bool| markers.iter().filter(|m| wanted(m)).count();
    let count = |what: &str, count: usize, allowed: &[usize]| {
        let is_right = allowed.contains(&count);
        is_right
            .then_some(())
            .ok_or_else(|| format!("{count} {what}"))
    };
    count("SOI", with(|m| m.0 == 0xD8), &[1])?;
    count(
        "APP14 of Adobe",
        with(|m| m.0 == 0xEE && m.1.starts_with(b"Adobe")),
        &[0, 1],
    )?;
    count(
        "Exif",
        with(|m| m.0 == 0xE1 && m.1.starts_with(b"Exif\0")),
        &[0, 1],
    )?;
    count("DNL", with(|m| m.0 == 0xDC), &[0])?;
    let frames: Vec<_> = markers
        .iter()
        .filter(|m| matches!(m.0, 0xC0..=0xCF) && !matches!(m.0, 0xC4 | 0xC8 | 0xCC))
        .collect();
    let [(sof, frame)] = frames[..] else {
        return Err(format!("{} frames", frames.len()));
    };
    // Viewers decode Huffman-coded data: baseline, extended sequential or progressive (ISO 32000-2, 7.4.8).
    if !matches!(sof, 0xC0..=0xC2) {
        return Err(format!("SOF{}", sof - 0xC0));
    }
    let number = |name: &[u8]| stream.dict.get(name).and_then(Object::as_i64).unwrap_or(-1);
    let u16_at = |at| i64::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
    let stated = [i64::from(frame[0]), u16_at(1), u16_at(3)];
    let named = [b"BitsPerComponent".as_slice(), b"Height", b"Width"].map(number);
    if stated != named || stated[0] != 8 {
        return Err(format!(
            "the frame is {stated:?}, and the dictionary says {named:?}"
        ));
    }
    match (frame[5], stream.dict.get(b"ColorSpace")) {
        (1, Ok(Object::Name(name))) if name == b"DeviceGray" => Ok(()),
        (3, Ok(Object::Name(name))) if name == b"DeviceRGB" => Ok(()),
        (4, Ok(Object::Name(name))) if name == b"DeviceCMYK" => Ok(()),
        // The tests of the corpus check profiles.
        (1 | 3 | 4, Ok(Object::Array(_))) => Ok(()),
        (components, space) => Err(format!("{components} components in {space:?}")),
    }
}

fn is_jpeg(stream: &Stream) -> bool {
    let filter = stream.dict.get(b"Filter").and_then(Object::as_name);
    filter.is_ok_and(|name| name == b"DCTDecode")
}

#[test]
fn can_be_decoded_by_all_viewers() {
    let (mut count, mut wrong) = (0, Vec::new());
    for (name, jpeg) in files() {
        for backend in backends() {
            let Ok(page) = Page::from_jpeg(&jpeg, &Options::default(), &*backend) else {
                continue;
            };
            // Passthrough embeds damaged data as it is, if it was requested.
            if backend.name() == Passthrough.name() && page.damage().is_some() {
                continue;
            }
            let pdf = convert(&jpeg, &*backend).expect("the page was made");
            let pdf = strict(&pdf);
            let image = image_of(&pdf);
            if is_jpeg(image) {
                count += 1;
                if let Err(fault) = check(image) {
                    wrong.push(format!("{name}, {}: {fault}", backend.name()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(count > 600, "only {count} streams");
}

//! The laws that hold for the parts of any form, which the fuzz target and the tests assert.

use bytes::Bytes;

use super::{form, parts};

/// Asserts all laws.
pub(crate) fn hold_for(bytes: &[u8]) {
    parts_lie_between_boundaries(bytes);
    forms_are_read_as_they_are_written(bytes);
}

/// The boundary of the forms.
const BOUNDARY: &str = "b b";

/// Returns the position of the first occurrence of `needle`.
fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes
        .windows(needle.len())
        .position(|window| window == needle)
}

/// Returns the bytes between boundaries, by the definition of RFC 2046, 5.1.1: the data before the first boundary and
/// after the last one belongs to no part.
fn between_boundaries(body: &[u8]) -> Vec<Vec<u8>> {
    let delimiter = format!("\r\n--{BOUNDARY}").into_bytes();
    let mut rest = [b"\r\n", body].concat();
    let mut cut = Vec::new();
    while let Some(at) = position(&rest, &delimiter) {
        let after = rest.split_off(at + delimiter.len());
        rest.truncate(at);
        cut.push(std::mem::replace(&mut rest, after));
    }
    cut.drain(..1.min(cut.len()));
    cut
}

/// The parts of any body are views of it, in order, and are the data between the boundaries without the head, which
/// ends with an empty line. The form contains the same data as its parts.
fn parts_lie_between_boundaries(body: &[u8]) {
    let body = Bytes::copy_from_slice(body);
    let Ok(found) = parts(&body, BOUNDARY) else {
        assert!(between_boundaries(&body).is_empty() && position(&body, b"--b b") != Some(0));
        return;
    };
    let mut expected = between_boundaries(&body).into_iter();
    let mut end = body.as_ptr();
    let (mut data, mut is_sound) = (0, true);
    for part in found {
        let Ok(part) = part else {
            is_sound = false;
            break;
        };
        let range = part.data.as_ptr_range();
        // An empty view may point anywhere.
        if !part.data.is_empty() {
            assert!(end <= range.start && range.end <= body.as_ptr_range().end);
            end = range.end;
        }
        data += part.data.len();
        let expected = expected.next().expect("there is a part");
        let head = expected
            .strip_suffix(&part.data[..])
            .expect("it ends with the data");
        assert!(
            head.ends_with(b"\n\n") || head.ends_with(b"\n\r\n"),
            "{head:?}"
        );
    }
    match form(&body, BOUNDARY, 5) {
        Ok(form) => {
            let files = form.files.iter().map(|file| file.data.len());
            let fields = form.fields.iter().map(|(_, data)| data.len());
            assert!(is_sound);
            assert_eq!(files.chain(fields).sum::<usize>(), data);
        }
        Err(problem) => drop(problem.to_string()),
    }
}

/// A form that is written is read back with the same names and data of files. The bytes are split at each 0 into names
/// and data.
fn forms_are_read_as_they_are_written(bytes: &[u8]) {
    let mut words = bytes.split(|byte| *byte == 0);
    // Browsers escape these characters, and bytes that are not UTF-8 would be replaced.
    let mut name = || {
        let word = String::from_utf8_lossy(words.next()?);
        let is_plain = |c: &char| !c.is_control() && !['"', '\\', '%'].contains(c);
        Some((
            word.chars().filter(is_plain).take(100).collect::<String>(),
            words.next()?,
        ))
    };
    let files: Vec<_> = std::iter::from_fn(&mut name)
        .filter(|(name, data)| !name.is_empty() && position(data, b"--b b").is_none())
        .collect();
    let mut body = Vec::new();
    for (number, (name, data)) in files.iter().enumerate() {
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{number}\"; filename=\"{name}\"\r\n\r\n"
        );
        body.extend([head.as_bytes(), data, b"\r\n"].concat());
    }
    body.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    let read = form(&body.into(), BOUNDARY, files.len()).expect("it is valid");
    let read = read
        .files
        .iter()
        .map(|file| (file.name.clone(), &file.data[..]));
    assert!(read.eq(files));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_laws_hold_for_damaged_forms() {
        let sound = b"--b b\r\nContent-Disposition: form-data; name=quality\r\n\r\n50\r\n\
            --b b\r\nContent-Disposition: form-data; name=f; filename*=UTF-8''%E6%BC%A2.jpg\r\n\r\none\r\n--b\r\n\
            --b b\t\r\nContent-Disposition: form-data; name=\"myfile\"; filename=\"\\\"a%22.jpg\"\n\n\r\n--b b--\r\n\
            --b b\r\nContent-Disposition: form-data; name=options\r\n\r\n{}\r\n\
            --b b--\r\nepilogue";
        let mut random = fastrand::Rng::with_seed(1);
        for _ in 0..20_000 {
            let mut bytes = sound.to_vec();
            for _ in 0..random.usize(..6) {
                let (at, other) = (random.usize(..bytes.len()), random.usize(..bytes.len()));
                match random.u8(..4) {
                    0 => bytes[at] = random.u8(..),
                    1 => bytes.swap(at, other),
                    2 => drop(bytes.drain(at.min(other)..at.max(other))),
                    _ => bytes.extend_from_within(at.min(other)..at.max(other)),
                }
                if bytes.is_empty() {
                    bytes.push(b'-');
                }
            }
            hold_for(&bytes);
        }
    }

    #[test]
    fn the_laws_hold_for_generated_forms() {
        let mut random = fastrand::Rng::with_seed(2);
        for _ in 0..20_000 {
            let length = random.usize(..60);
            let bytes = std::iter::repeat_with(|| {
                random
                    .choice(*b"ab; -\r\n\0\xFF\xC3\xA9=")
                    .expect("it is not empty")
            });
            forms_are_read_as_they_are_written(&bytes.take(length).collect::<Vec<_>>());
        }
    }
}

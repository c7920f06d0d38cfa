//! The files and fields of a form, as views of its body.

#[cfg(any(test, fuzzing))]
pub(crate) mod laws;

use bytes::Bytes;
use memchr::memmem;
use percent_encoding::percent_decode_str;

use crate::problem::Problem;

/// The maximum size of the head of a part, in bytes.
const MAX_PART_HEAD: usize = 4 << 10;

/// The maximum size of all parts of a form except files, in bytes. They are read into memory outside the budget.
const MAX_FIELDS: usize = 64 << 10;

/// One uploaded file.
#[derive(Debug)]
pub(crate) struct Upload {
    /// The client's name for the file, from which the name of the PDF is derived.
    pub(crate) name: String,
    /// The place of the file in the request, for messages.
    pub(crate) place: String,
    pub(crate) data: Bytes,
}

/// The contents of a form.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// The files.
    pub(crate) files: Vec<Upload>,
    /// The names and values of the other fields.
    pub(crate) fields: Vec<(String, Bytes)>,
}

/// The field of the page's form. Its content is always a file, whatever its name.
pub(crate) const FIELD: &str = "myfile";

/// The field for options as JSON. Its content is never a file, even if clients give it a file name.
const OPTIONS: &str = "options";

/// A part of a form, as a view of its body.
#[derive(Debug)]
pub(crate) struct Part {
    /// The name of the field.
    pub(crate) field: String,
    /// The name of the file, if it is one.
    pub(crate) file: Option<String>,
    pub(crate) data: Bytes,
    /// The offset in the body, in bytes.
    pub(crate) at: usize,
    /// The size including the head, in bytes.
    size: usize,
    /// The number of the part, from 1.
    number: usize,
    is_base64: bool,
}

impl Part {
    fn is_file(&self) -> bool {
        let is_named = self.file.is_some() && self.field != OPTIONS;
        is_named || self.field == FIELD || self.data.starts_with(b"\xFF\xD8\xFF")
    }

    /// Describes the part for messages, with everything that distinguishes it from other parts, which may have the same
    /// name.
    fn place(&self) -> String {
        const MAX: usize = 100;
        let short = |text: &str| text.chars().take(MAX).collect::<String>();
        let place = format!("part {}, field {}", self.number, short(&self.field));
        match self.file.as_deref().unwrap_or_default() {
            "" => place,
            file => format!("{place}, file {}", short(file)),
        }
    }

    /// Returns the part as a file, unless it is in Base64.
    pub(crate) fn upload(self) -> Result<Upload, Problem> {
        let place = self.place();
        if self.is_base64 {
            return Err(Problem::Base64 { place });
        }
        Ok(Upload {
            name: self.file.unwrap_or_default(),
            place,
            data: self.data,
        })
    }
}

/// Parses a form (RFC 7578) with at most `max_files` files. A file is a part with a file name, or one that begins like
/// a JPEG.
pub(crate) fn form(body: &Bytes, boundary: &str, max_files: usize) -> Result<Form, Problem> {
    let mut form = Form::default();
    let mut fields = FieldsRead::default();
    for part in parts(body, boundary)? {
        let part = part?;
        if !part.is_file() {
            fields.add(&part)?;
            form.fields.push((part.field, part.data));
            continue;
        }
        // Browsers send this if no file was chosen.
        if part.data.is_empty() && part.file.as_deref().unwrap_or_default().is_empty() {
            continue;
        }
        if form.files.len() == max_files {
            return Err(Problem::TooManyParts { max: max_files });
        }
        form.files.push(part.upload()?);
    }
    Ok(form)
}

/// The number of bytes of fields that were read so far.
#[derive(Debug, Default)]
pub(crate) struct FieldsRead(usize);

impl FieldsRead {
    /// Adds a field, and rejects the form if the total is too large.
    pub(crate) fn add(&mut self, part: &Part) -> Result<(), Problem> {
        self.0 += part.size;
        if self.0 > MAX_FIELDS {
            return Err(Problem::Form {
                offset: part.at,
                reason: "parts without a file name are over 64 KiB",
            });
        }
        Ok(())
    }
}

/// Returns the parts of a form in order, up to the first malformed one.
///
/// No library is used, since libraries copy each part.
pub(crate) fn parts(
    body: &Bytes,
    boundary: &str,
) -> Result<impl Iterator<Item = Result<Part, Problem>>, Problem> {
    let malformed = |offset, reason| Problem::Form { offset, reason };
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter).into_owned();
    let mut at = if body.starts_with(&delimiter.as_bytes()[2..]) {
        delimiter.len() - 2
    } else {
        let preamble = finder
            .find(body)
            .ok_or(malformed(0, "the boundary does not occur"))?;
        preamble + delimiter.len()
    };
    let mut number = 0;
    let mut next = move || {
        if body[at..].starts_with(b"--") {
            return Ok(None);
        }
        at += body[at..]
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        if !body[at..].starts_with(b"\r\n") {
            return Err(malformed(at, "expected the end of the boundary line"));
        }
        at += 2;
        let end = at
            + finder
                .find(&body[at..])
                .ok_or(malformed(at, "a part has no end"))?;
        let head = part_head(&body[at..end]).ok_or(malformed(
            at,
            "a part has no Content-Disposition with a name in its first 4 KiB",
        ))?;
        number += 1;
        let part = Part {
            field: head.field,
            file: head.file,
            data: body.slice(at + head.size..end),
            at,
            size: end - at,
            number,
            is_base64: head.is_base64,
        };
        at = end + delimiter.len();
        Ok(Some(part))
    };
    let mut has_ended = false;
    Ok(std::iter::from_fn(move || {
        if has_ended {
            return None;
        }
        let part = next().transpose();
        has_ended = !matches!(part, Some(Ok(_)));
        part
    }))
}

/// The contents of the head of a part.
struct PartHead {
    size: usize,
    field: String,
    file: Option<String>,
    is_base64: bool,
}

fn part_head(part: &[u8]) -> Option<PartHead> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let part = &part[..part.len().min(MAX_PART_HEAD)];
    let Ok(httparse::Status::Complete((size, headers))) =
        httparse::parse_headers(part, &mut headers)
    else {
        return None;
    };
    let value = |name: &str| {
        let header = headers.iter().find(|h| h.name.eq_ignore_ascii_case(name));
        header.map(|header| String::from_utf8_lossy(header.value))
    };
    let disposition = value("content-disposition")?;
    let encoding = value("content-transfer-encoding");
    Some(PartHead {
        size,
        field: parameter(&disposition, "name")?,
        file: file_name(&disposition),
        is_base64: encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")),
    })
}

/// Returns the file name of a Content-Disposition (RFC 6266, 4.3): the extended one, if there is one that can be
/// decoded.
pub(crate) fn file_name(disposition: &str) -> Option<String> {
    let extended = parameter(disposition, "filename*").and_then(|value| {
        // This is the format of RFC 8187, 3.2.1.
        let (charset, rest) = value.split_once('\'')?;
        let (_, text) = rest.split_once('\'')?;
        let bytes = percent_decode_str(text);
        match &*charset.to_ascii_lowercase() {
            "utf-8" => Some(bytes.decode_utf8().ok()?.into_owned()),
            "iso-8859-1" => Some(bytes.map(char::from).collect()),
            _ => None,
        }
    });
    extended.or_else(|| parameter(disposition, "filename"))
}

/// Returns a parameter of a header's value, without quotes. A quote inside is escaped as `\"` or, by browsers, as
/// `%22`.
pub(crate) fn parameter(value: &str, name: &str) -> Option<String> {
    let mut rest = value;
    loop {
        rest = rest.split_once(';')?.1.trim_start();
        let (key, value) = rest.split_once('=')?;
        let (text, after) = if let Some(quoted) = value.strip_prefix('"') {
            unquote(quoted)?
        } else {
            let (text, after) = value.split_at(value.find(';').unwrap_or(value.len()));
            (text.trim_end().to_owned(), after)
        };
        if key.trim_end().eq_ignore_ascii_case(name) {
            return Some(text);
        }
        rest = after;
    }
}

/// Returns the text up to an unescaped quote, and the rest after it.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    loop {
        match chars.next()? {
            (at, '"') => return Some((text.replace("%22", "\""), &quoted[at + 1..])),
            // In a Windows path, backslashes do not escape anything.
            (_, '\\') if chars.as_str().starts_with(['"', '\\']) => text.push(chars.next()?.1),
            (_, other) => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(body: &str) -> Result<Vec<(String, Bytes)>, Problem> {
        let body = Bytes::copy_from_slice(body.as_bytes());
        let files = form(&body, "b b", 5)?.files;
        Ok(files
            .into_iter()
            .map(|file| (file.name, file.data))
            .collect())
    }

    fn part(disposition: &str, data: &str) -> String {
        format!("--b b\r\nContent-Disposition: form-data; {disposition}\r\n\r\n{data}\r\n")
    }

    #[test]
    fn files_are_found_between_boundaries() {
        let body = [
            part(
                "name=\"myfile\"; filename=\"a \\\"b\\\".jpg\"",
                "one\r\n--b",
            ),
            part("name=\"other\"; filename=\"c.jpg\"", "two"),
            part("name=\"quality\"", "50"),
            part("name=\"options\"; filename=\"o.json\"", "{}"),
            part("name=\"photo\"", "\u{e9}"),
            part("name=\"myfile\"", "three"),
            part("filename=d.jpg; name=myfile", "four"),
            part("name=\"myfile\"; filename=\"\"", ""),
            "--b b--\r\nepilogue".to_owned(),
        ];
        let expected = [
            ("a \"b\".jpg", "one\r\n--b"),
            ("c.jpg", "two"),
            ("", "three"),
            ("d.jpg", "four"),
        ];
        let expected: Vec<_> = expected.map(|(n, d)| (n.to_owned(), Bytes::from(d))).into();
        assert_eq!(named(&body.concat()).unwrap(), expected);
        assert_eq!(
            named(&format!("preamble\r\n{}", body.concat())).unwrap(),
            expected
        );
    }

    #[test]
    fn a_file_is_a_view_of_the_body() {
        let body = Bytes::from(
            "--x\r\nContent-Disposition: form-data; name=f; filename=g\r\n\r\ndata\r\n--x--",
        );
        let files = form(&body, "x", 1).unwrap().files;
        assert!(body.as_ptr_range().contains(&files[0].data.as_ptr()));
    }

    #[test]
    fn fields_headers_and_numbers_of_files_are_limited() {
        let file = part("name=myfile", "data");
        let end = "--b b--";
        for field in [
            part("name=options", &"1".repeat(70_000)),
            part("name=a", "").repeat(2000),
            part(&format!("name=myfile; filename={}", "1".repeat(5000)), ""),
        ] {
            let refused = named(&[&field, &file, end].concat()).unwrap_err();
            assert!(matches!(refused, Problem::Form { .. }), "{refused}");
        }
        let fields = part("name=options", &"1".repeat(60_000)) + &file.repeat(5);
        assert_eq!(named(&[&fields, end].concat()).unwrap().len(), 5);
        let refused = named(&[&fields, &*file, end].concat()).unwrap_err();
        assert!(
            matches!(refused, Problem::TooManyParts { max: 5 }),
            "{refused}"
        );
    }

    #[test]
    fn a_malformed_form_is_rejected_with_the_offset() {
        for (body, place) in [
            ("", 0),
            ("--b b", 5),
            ("--b b\r\n", 7),
            (
                "--b b\r\nContent-Disposition: form-data; name=myfile; filename=x\r\n\r\nunended",
                7,
            ),
            ("--b b\r\n\r\n\r\n--b b--", 7),
            ("--b bx\r\n", 5),
        ] {
            let refused = named(body).unwrap_err();
            assert!(
                matches!(refused, Problem::Form { offset, .. } if offset == place),
                "{body:?}: {refused}"
            );
        }
    }

    #[test]
    fn file_names_are_decoded_in_any_script() {
        for (disposition, name) in [
            ("form-data; filename=\"漢字 Köln.jpg\"", "漢字 Köln.jpg"),
            (
                "form-data; filename=\"a.jpg\"; filename*=UTF-8\'\'%E6%BC%A2%20K%c3%b6ln.jpg",
                "漢 Köln.jpg",
            ),
            (
                "form-data; filename*=iso-8859-1\'de\'K%F6ln.jpg; filename=a",
                "Köln.jpg",
            ),
            (
                "form-data; filename*=koi8-r\'\'%C6; filename=\"a.jpg\"",
                "a.jpg",
            ),
            (
                "form-data; filename*=UTF-8\'\'%FF; filename=\"a.jpg\"",
                "a.jpg",
            ),
        ] {
            assert_eq!(
                file_name(disposition).as_deref(),
                Some(name),
                "{disposition}"
            );
        }
    }

    #[test]
    fn a_part_is_identified_by_number_field_and_name() {
        let parts = [
            part("name=quality", "50"),
            part("name=\"file[]\"; filename=a.jpg", "1"),
            part("name=myfile", "2"),
        ];
        let body = Bytes::from(parts.concat() + "--b b--");
        let files = form(&body, "b b", 5).unwrap().files;
        let places: Vec<_> = files.iter().map(|file| &*file.place).collect();
        assert_eq!(
            places,
            ["part 2, field file[], file a.jpg", "part 3, field myfile"]
        );
    }
}

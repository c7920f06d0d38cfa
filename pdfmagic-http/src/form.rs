//! Files and fields of a form, as views of its body.

#[cfg(any(test, fuzzing))]
pub(crate) mod laws;

use bytes::Bytes;
use memchr::memmem;
use percent_encoding::percent_decode_str;

use crate::problem::Problem;

/// Most that the head of a part of a form may be, in bytes.
const MAX_PART_HEAD: usize = 4 << 10;

/// Most that all parts of a form but the files may be, in bytes. They are read into memory beside the budget.
const MAX_FIELDS: usize = 64 << 10;

/// One uploaded file.
#[derive(Debug)]
pub(crate) struct Upload {
    /// As the client calls it, for the name of the PDF.
    pub(crate) name: String,
    /// Where it is in the request, for messages.
    pub(crate) place: String,
    pub(crate) data: Bytes,
}

/// What a form holds.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// The files, in the field that is for them.
    pub(crate) files: Vec<Upload>,
    /// Names and values of the other fields.
    pub(crate) fields: Vec<(String, Bytes)>,
}

/// The field of the page's form. What is in it is a file, whatever it is called.
pub(crate) const FIELD: &str = "myfile";

/// The field for options as JSON. What is in it is never a file, though clients may name it.
const OPTIONS: &str = "options";

/// A part of a form, as a view of its body.
#[derive(Debug)]
pub(crate) struct Part {
    /// The name of its field.
    pub(crate) field: String,
    /// The name of its file, if it is one.
    pub(crate) file: Option<String>,
    pub(crate) data: Bytes,
    /// Where it begins in the body, in bytes.
    pub(crate) at: usize,
    /// Its size with its head, in bytes.
    size: usize,
    /// Counted from 1.
    number: usize,
    is_base64: bool,
}

impl Part {
    fn is_file(&self) -> bool {
        let is_named = self.file.is_some() && self.field != OPTIONS;
        is_named || self.field == FIELD || self.data.starts_with(b"\xFF\xD8\xFF")
    }

    /// All that tells it from other parts, which may well have the same name.
    fn place(&self) -> String {
        const MAX: usize = 100;
        let short = |text: &str| text.chars().take(MAX).collect::<String>();
        let place = format!("part {}, field {}", self.number, short(&self.field));
        match self.file.as_deref().unwrap_or_default() {
            "" => place,
            file => format!("{place}, file {}", short(file)),
        }
    }
}

/// Reads a form (RFC 7578) with at most `max_files` files, which are the parts that have a file name, or begin as a JPEG.
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
        // What a browser sends when no file was chosen.
        if part.data.is_empty() && part.file.as_deref().unwrap_or_default().is_empty() {
            continue;
        }
        if form.files.len() == max_files {
            return Err(Problem::TooManyParts { max: max_files });
        }
        let place = part.place();
        if part.is_base64 {
            return Err(Problem::Base64 { place });
        }
        form.files.push(Upload {
            name: part.file.unwrap_or_default(),
            place,
            data: part.data,
        });
    }
    Ok(form)
}

/// How much has been read of what is no file, in bytes.
#[derive(Debug, Default)]
pub(crate) struct FieldsRead(usize);

impl FieldsRead {
    /// Counts a field, and refuses what is too much.
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

/// The parts of a form, in order, up to the first that is malformed.
///
/// No library is used, since those copy each part.
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

/// What the head of a part says.
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

/// The file name of a Content-Disposition (RFC 6266, 4.3): the extended one, if there is one that can be read.
pub(crate) fn file_name(disposition: &str) -> Option<String> {
    let extended = parameter(disposition, "filename*").and_then(|value| {
        // RFC 8187, 3.2.1.
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

/// A parameter of a header's value, out of its quotes. A quote inside is escaped by `\` or, as browsers do, by `%22`.
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

/// Text up to a quote that is not escaped, and what follows that.
fn unquote(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut chars = quoted.char_indices();
    loop {
        match chars.next()? {
            (at, '"') => return Some((text.replace("%22", "\""), &quoted[at + 1..])),
            // A path on Windows has backslashes that escape nothing.
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
    fn what_is_no_file_is_small() {
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
    fn a_broken_form_is_refused_with_the_place() {
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
    fn a_file_name_is_told_in_any_script() {
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
    fn a_part_is_told_by_its_number_field_and_name() {
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

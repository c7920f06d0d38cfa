//! Files in a request, as views of it.

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use memchr::memmem;
use mime::Mime;

use crate::problem::Problem;

/// One uploaded file.
#[derive(Debug)]
pub(crate) struct Upload {
    /// As the client calls it, for messages and for the name of the PDF.
    pub(crate) name: String,
    pub(crate) data: Bytes,
}

/// Reads the body into one buffer: the only copy of a request.
///
/// A Content-Length over `max` is refused before anything is read.
pub(crate) async fn read(
    headers: &HeaderMap,
    mut body: Body,
    max: usize,
) -> Result<Bytes, Problem> {
    let stated = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if stated.is_some_and(|size: usize| size > max) {
        return Err(Problem::TooLarge { max });
    }
    let mut buffer = BytesMut::with_capacity(stated.unwrap_or_default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Problem::Body(error.to_string()))?;
        if let Ok(data) = frame.into_data() {
            if data.len() > max - buffer.len() {
                return Err(Problem::TooLarge { max });
            }
            buffer.extend_from_slice(&data);
        }
    }
    Ok(buffer.freeze())
}

/// The media type of a request.
pub(crate) fn media_type(headers: &HeaderMap) -> Option<Mime> {
    headers
        .get(header::CONTENT_TYPE)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// The files in the fields of this name (RFC 7578). Other fields are passed over.
///
/// No library is used, since those copy each part.
pub(crate) fn files(
    body: &Bytes,
    content_type: &Mime,
    field: &str,
) -> Result<Vec<Upload>, Problem> {
    let malformed = |offset, reason| Problem::Form { offset, reason };
    let boundary = content_type
        .get_param(mime::BOUNDARY)
        .ok_or(malformed(0, "the Content-Type has no boundary"))?;
    let delimiter = format!("\r\n--{boundary}");
    let finder = memmem::Finder::new(&delimiter);
    let mut at = if body.starts_with(&delimiter.as_bytes()[2..]) {
        delimiter.len() - 2
    } else {
        let preamble = finder
            .find(body)
            .ok_or(malformed(0, "the boundary does not occur"))?;
        preamble + delimiter.len()
    };
    let mut files = Vec::new();
    while !body[at..].starts_with(b"--") {
        let line = body[at..]
            .iter()
            .take_while(|b| matches!(b, b' ' | b'\t'))
            .count();
        at += line;
        if !body[at..].starts_with(b"\r\n") {
            return Err(malformed(at, "expected the end of the boundary line"));
        }
        at += 2;
        let end = finder
            .find(&body[at..])
            .ok_or(malformed(at, "a part has no end"))?
            + at;
        let (head, name) = part_head(&body[at..end], field).ok_or(malformed(
            at,
            "a part has no Content-Disposition with a name",
        ))?;
        files.extend(name.map(|name| Upload {
            name,
            data: body.slice(at + head..end),
        }));
        at = end + delimiter.len();
    }
    Ok(files)
}

/// Size of a part's head, and the file's name if the part is a file in this field.
fn part_head(part: &[u8], field: &str) -> Option<(usize, Option<String>)> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let Ok(httparse::Status::Complete((size, headers))) =
        httparse::parse_headers(part, &mut headers)
    else {
        return None;
    };
    let disposition = headers
        .iter()
        .find(|h| h.name.eq_ignore_ascii_case("content-disposition"))?;
    let disposition = String::from_utf8_lossy(disposition.value);
    let name = parameter(&disposition, "name")?;
    Some((
        size,
        parameter(&disposition, "filename").filter(|_| name == field),
    ))
}

/// A parameter of a header's value, out of its quotes. A quote inside is escaped by `\` or, as browsers do, by `%22`.
fn parameter(value: &str, name: &str) -> Option<String> {
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
        let content_type = "multipart/form-data; boundary=\"b b\"".parse().unwrap();
        let body = Bytes::copy_from_slice(body.as_bytes());
        let files = files(&body, &content_type, "myfile")?;
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
            part("name=\"myfile\"", "three"),
            part("filename=d.jpg; name=myfile", "four"),
            part("name=\"myfile\"; filename=\"\"", ""),
            "--b b--\r\nepilogue".to_owned(),
        ];
        let expected = [("a \"b\".jpg", "one\r\n--b"), ("d.jpg", "four"), ("", "")];
        let expected: Vec<_> = expected.map(|(n, d)| (n.to_owned(), Bytes::from(d))).into();
        assert_eq!(named(&body.concat()).unwrap(), expected);
        assert_eq!(
            named(&format!("preamble\r\n{}", body.concat())).unwrap(),
            expected
        );
    }

    #[test]
    fn a_file_is_a_view_of_the_body() {
        let content_type = "multipart/form-data; boundary=x".parse().unwrap();
        let body = Bytes::from(
            "--x\r\nContent-Disposition: form-data; name=f; filename=g\r\n\r\ndata\r\n--x--",
        );
        let files = files(&body, &content_type, "f").unwrap();
        assert!(body.as_ptr_range().contains(&files[0].data.as_ptr()));
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
}

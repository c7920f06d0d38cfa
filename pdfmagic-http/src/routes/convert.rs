//! JPEGs come in, their PDF is the answer.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use pdfmagic_core::{Document, Options, Page, Passthrough};

use super::App;
use crate::answer::Answer;
use crate::problem::Problem;
use crate::upload::{self, Upload};

/// The field of the form.
const FIELD: &str = "myfile";

/// A form with a file for each page.
pub(super) async fn form(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let media_type = upload::media_type(&head.headers)
        .filter(|media_type| media_type.essence_str() == mime::MULTIPART_FORM_DATA)
        .ok_or_else(|| unexpected("multipart/form-data", &head.headers))?;
    let body = upload::read(&head.headers, body, app.max_body).await?;
    let mut files = upload::files(&body, &media_type, FIELD)?;
    // What a browser sends when no file was chosen.
    files.retain(|file| !(file.name.is_empty() && file.data.is_empty()));
    if files.is_empty() {
        return Err(Problem::NoFile);
    }
    convert(&files)
}

/// One JPEG as the body.
pub(super) async fn raw(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    if upload::media_type(&head.headers).is_none_or(|media_type| media_type != mime::IMAGE_JPEG) {
        return Err(unexpected("image/jpeg", &head.headers));
    }
    let data = upload::read(&head.headers, body, app.max_body).await?;
    let name = "image.jpg".to_owned();
    convert(&[Upload { name, data }])
}

fn unexpected(expected: &'static str, headers: &HeaderMap) -> Problem {
    let actual = headers
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    Problem::MediaType {
        expected,
        actual: String::from_utf8_lossy(actual).into_owned(),
    }
}

fn convert(files: &[Upload]) -> Result<Response, Problem> {
    let options = Options::default();
    let mut document = Document::new();
    let mut answer = Answer::default();
    for file in files {
        let failed = |error| Problem::Convert {
            name: file.name.clone(),
            error,
        };
        let page = Page::from_jpeg(&file.data[..], &options, &Passthrough).map_err(failed)?;
        for piece in document.push(page) {
            answer.push(piece, &file.data);
        }
    }
    let rest = document.finish().map_err(|error| Problem::Convert {
        name: "the document".to_owned(),
        error,
    })?;
    answer.end(rest);
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, disposition(&files[0].name)),
    ];
    Ok((headers, Body::new(answer)).into_response())
}

/// Names the PDF after the upload, differently in each answer: curl does not overwrite a file.
fn disposition(upload: &str) -> String {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| {
        let [a, b, c, d, ..] = RandomState::new().hash_one(()).to_ne_bytes();
        AtomicU32::new(u32::from_ne_bytes([a, b, c, d]))
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("attachment; filename=\"{}-{number:08x}.pdf\"", stem(upload))
}

/// The stem of a file name in letters, digits, `-`, `_` and `.`.
fn stem(name: &str) -> String {
    const MAX: usize = 64;
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    let mut stem: String = stem.chars().take(MAX).map(plain).collect();
    // The practical's scripts look for this word in the headers to find their timings.
    while let Some(at) = stem.to_ascii_lowercase().find("real") {
        stem.insert(at + 2, '_');
    }
    let stem = stem.trim_start_matches('.');
    if stem.is_empty() {
        "image".to_owned()
    } else {
        stem.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_plain_ascii_and_has_no_real_in_it() {
        for (name, expected) in [
            ("random.jpg", "random"),
            ("C:\\photos\\My photo.jpeg", "My_photo"),
            ("../../etc/passwd", "passwd"),
            ("naïve \"quote\".jpg", "na_ve__quote_"),
            ("Unreal.real.jpg", "Unre_al.re_al"),
            (".jpg", "image"),
            ("", "image"),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
        assert_eq!(stem(&"x".repeat(1000)).len(), 64);
    }

    #[test]
    fn no_two_answers_have_the_same_name() {
        let names: std::collections::HashSet<_> = (0..1000).map(|_| disposition("a.jpg")).collect();
        assert_eq!(names.len(), 1000);
    }
}

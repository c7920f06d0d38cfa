//! JPEGs come in, their PDF is the answer.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use pdfmagic_core::backend::Choice;
use pdfmagic_core::{Backend, Document, Jpeg, Lossless, Options, Page, Passthrough};

use super::{App, BYTES_PER_PIXEL};
use crate::answer::Answer;
use crate::budget::Reservation;
use crate::options;
use crate::problem::Problem;
use crate::upload::{self, Form, Upload};

/// The field of the form.
const FIELD: &str = "myfile";

/// A form with a file for each page. Options come as a query, as fields, or as JSON in a field of that name.
pub(super) async fn form(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let media_type = upload::media_type(&head.headers)
        .filter(|media_type| media_type.essence_str() == mime::MULTIPART_FORM_DATA)
        .ok_or_else(|| unexpected("multipart/form-data", &head.headers))?;
    let mut choice = options::of_query(head.uri.query().unwrap_or_default())?;
    let (body, memory) = upload::read(&head.headers, body, app.bounds, &app.budget).await?;
    let Form { mut files, fields } = upload::form(&body, &media_type, FIELD)?;
    // What a browser sends when no file was chosen.
    files.retain(|file| !(file.name.is_empty() && file.data.is_empty()));
    if files.is_empty() {
        return Err(Problem::NoFile);
    }
    if files.len() > app.max_parts {
        return Err(Problem::TooManyParts { max: app.max_parts });
    }
    let mut json = Bytes::from("{}");
    for (name, value) in fields {
        if name == "options" {
            json = value;
        } else {
            choice.set(&name, &String::from_utf8_lossy(&value))?;
        }
    }
    let choices = options::of_pages(&json, &choice, files.len())?;
    app.convert(files, &choices, memory).await
}

/// One JPEG as the body. Options come as a query.
pub(super) async fn raw(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    if upload::media_type(&head.headers).is_none_or(|media_type| media_type != mime::IMAGE_JPEG) {
        return Err(unexpected("image/jpeg", &head.headers));
    }
    let choice = options::of_query(head.uri.query().unwrap_or_default())?;
    let (data, memory) = upload::read(&head.headers, body, app.bounds, &app.budget).await?;
    let name = "image.jpg".to_owned();
    app.convert(vec![Upload { name, data }], &[choice], memory)
        .await
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

impl App {
    /// What only reads headers is done here and now; what decodes takes a worker, and memory for the largest page.
    async fn convert(
        self,
        files: Vec<Upload>,
        choices: &[Choice],
        memory: Reservation,
    ) -> Result<Response, Problem> {
        let mut options = Options::default();
        options.limits = self.limits;
        let backends = choices
            .iter()
            .map(Choice::backend)
            .collect::<Result<Vec<_>, _>>()?;
        let decoded = files
            .iter()
            .zip(&backends)
            .map(|(file, backend)| decoded_size(file, &**backend, &options));
        let decoded = decoded.max().unwrap_or_default();
        let disposition = disposition(&files[0].name);
        let mut held = vec![memory];
        let mut answer = if decoded == 0 {
            document(&files, &backends, &options)?
        } else {
            held.push(self.budget.reserve(decoded)?);
            self.workers
                .run(move || document(&files, &backends, &options))
                .await?
                .0?
        };
        answer.hold(held);
        let headers = [
            (header::CONTENT_TYPE, "application/pdf".to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        Ok((headers, Body::new(answer)).into_response())
    }
}

/// Memory that decoding takes, in bytes; 0 where nothing is decoded, or nothing can be.
fn decoded_size(file: &Upload, backend: &dyn Backend, options: &Options) -> usize {
    let Ok(jpeg) = Jpeg::parse(&file.data[..], &options.limits) else {
        return 0;
    };
    let passes = || Passthrough.image(&jpeg, &options.limits).is_ok();
    if backend.name() == Passthrough.name() || (backend.name() == Lossless.name() && passes()) {
        return 0;
    }
    let frame = jpeg.frame();
    let pixels = usize::from(frame.width.get()) * usize::from(frame.height.get());
    // More is refused by the limits before it is decoded.
    BYTES_PER_PIXEL * pixels.min(usize::try_from(options.limits.max_pixels).unwrap_or(usize::MAX))
}

fn document(
    files: &[Upload],
    backends: &[Box<dyn Backend>],
    options: &Options,
) -> Result<Answer, Problem> {
    let mut document = Document::new();
    let mut answer = Answer::default();
    for (file, backend) in files.iter().zip(backends) {
        let failed = |error| Problem::Convert {
            name: file.name.clone(),
            error,
        };
        let page = Page::from_jpeg(&file.data[..], options, &**backend).map_err(failed)?;
        for piece in document.push(page) {
            answer.push(piece, &file.data);
        }
    }
    let rest = document.finish().map_err(|error| Problem::Convert {
        name: "the document".to_owned(),
        error,
    })?;
    answer.end(rest);
    Ok(answer)
}

/// Names the PDF after the upload, differently in each answer: curl does not overwrite a file.
fn disposition(upload: &str) -> String {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(fastrand::u32(..)));
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

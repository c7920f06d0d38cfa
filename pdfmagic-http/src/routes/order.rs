//! What a request asks for: files, and how each becomes a page.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use bytes::Bytes;
use mime::Mime;
use pdfmagic_core::Backend;
use pdfmagic_core::backend::Choice;

use crate::app::App;
use crate::connection::Ends;
use crate::options;
use crate::problem::Problem;
use crate::upload::{self, Bounds, Form, Incoming, Upload};

/// The field of the form.
const FIELD: &str = "myfile";

/// At least one file, and as many backends.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) files: Vec<Upload>,
    pub(super) backends: Vec<Box<dyn Backend>>,
    /// How long the body took to come.
    pub(super) read: Duration,
}

impl Order {
    /// A form with a file for each page. Fields are options as well, and one of that name holds options as JSON.
    pub(super) async fn form(app: &App, choice: Choice, request: Request) -> Result<Self, Problem> {
        let media_type = upload::media_type(request.headers());
        let Some(media_type) = media_type.filter(is_form) else {
            return Err(unexpected("multipart/form-data", request.headers()));
        };
        let mut incoming = incoming(app, request)?;
        let body = incoming.whole(&app.memory).await?;
        of_form(app, choice, &body, incoming.took(), &media_type)
    }

    /// A form, or one JPEG as the body.
    pub(super) async fn form_or_jpeg(
        app: &App,
        choice: Choice,
        request: Request,
    ) -> Result<Self, Problem> {
        let media_type = upload::media_type(request.headers());
        let Some(media_type) = media_type.filter(|it| is_form(it) || is_jpeg(it)) else {
            let expected = "image/jpeg or multipart/form-data";
            return Err(unexpected(expected, request.headers()));
        };
        let mut incoming = incoming(app, request)?;
        let body = incoming.whole(&app.memory).await?;
        if is_jpeg(&media_type) {
            return of_jpeg(&choice, body, incoming.took());
        }
        of_form(app, choice, &body, incoming.took(), &media_type)
    }
}

/// Refuses all but a JPEG.
pub(super) fn only_jpeg(headers: &HeaderMap) -> Result<(), Problem> {
    if upload::media_type(headers).as_ref().is_some_and(is_jpeg) {
        Ok(())
    } else {
        Err(unexpected("image/jpeg", headers))
    }
}

fn is_jpeg(media_type: &Mime) -> bool {
    *media_type == mime::IMAGE_JPEG
}

fn is_form(media_type: &Mime) -> bool {
    media_type.essence_str() == mime::MULTIPART_FORM_DATA
}

fn of_form(
    app: &App,
    mut choice: Choice,
    body: &Bytes,
    read: Duration,
    media_type: &Mime,
) -> Result<Order, Problem> {
    let max = app.config.max_parts;
    let Form { mut files, fields } = upload::form(body, media_type, FIELD, max)?;
    // What a browser sends when no file was chosen.
    files.retain(|file| !(file.name.is_empty() && file.data.is_empty()));
    if files.is_empty() {
        return Err(Problem::NoFile);
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
    let backends = choices.iter().map(Choice::backend);
    Ok(Order {
        files,
        backends: backends.collect::<Result<_, _>>()?,
        read,
    })
}

fn of_jpeg(choice: &Choice, data: Bytes, read: Duration) -> Result<Order, Problem> {
    let name = "image.jpg".to_owned();
    Ok(Order {
        files: vec![Upload { name, data }],
        backends: vec![choice.backend()?],
        read,
    })
}

/// The body, whose head is not kept while it comes.
fn incoming(app: &App, request: Request) -> Result<Incoming, Problem> {
    let (head, body) = request.into_parts();
    Incoming::new(&head.headers, body, bounds(app, &head.extensions))
}

pub(super) fn bounds(app: &App, extensions: &Extensions) -> Bounds {
    Bounds {
        size: app.config.max_body,
        time: Some(app.config.body_timeout),
        stall: app.config.stall_timeout,
        pinned: extensions
            .get()
            .map_or(usize::MAX, |ends: &Ends| ends.buffer),
    }
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

//! What a request asks for: files, and how each becomes a page.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use bytes::Bytes;
use mime::Mime;
use pdfmagic_core::backend::Choice;

use crate::app::App;
use crate::connection::Ends;
use crate::options;
use crate::problem::Problem;
use crate::upload::{self, Bounds, Form, Incoming, Upload};

/// The field of the form.
const FIELD: &str = "myfile";

/// At least one file, and as many choices.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) files: Vec<Upload>,
    pub(super) choices: Vec<Choice>,
    /// How long the body took to come.
    pub(super) read: Duration,
}

impl Order {
    /// A form with a file for each page. Fields are options as well, and one of that name holds options as JSON.
    pub(super) async fn form(app: &App, choice: Choice, request: Request) -> Result<Self, Problem> {
        let media_type = upload::media_type(request.headers());
        match media_type {
            Some(media_type) if is_form(&media_type) => {
                of_form(app, choice, request, &media_type).await
            }
            _ => Err(unexpected("multipart/form-data", request.headers())),
        }
    }

    /// A form, or one JPEG as the body.
    pub(super) async fn form_or_jpeg(
        app: &App,
        choice: Choice,
        request: Request,
    ) -> Result<Self, Problem> {
        let media_type = upload::media_type(request.headers());
        match media_type {
            Some(media_type) if is_form(&media_type) => {
                of_form(app, choice, request, &media_type).await
            }
            Some(media_type) if media_type == mime::IMAGE_JPEG => {
                of_jpeg(app, choice, request).await
            }
            _ => Err(unexpected(
                "image/jpeg or multipart/form-data",
                request.headers(),
            )),
        }
    }
}

/// Refuses all but a JPEG.
pub(super) fn only_jpeg(headers: &HeaderMap) -> Result<(), Problem> {
    if upload::media_type(headers).is_some_and(|media_type| media_type == mime::IMAGE_JPEG) {
        Ok(())
    } else {
        Err(unexpected("image/jpeg", headers))
    }
}

fn is_form(media_type: &Mime) -> bool {
    media_type.essence_str() == mime::MULTIPART_FORM_DATA
}

async fn of_form(
    app: &App,
    mut choice: Choice,
    request: Request,
    media_type: &Mime,
) -> Result<Order, Problem> {
    let (body, read) = read(app, request).await?;
    let max = app.config.max_parts;
    let Form { mut files, fields } = upload::form(&body, media_type, FIELD, max)?;
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
    Ok(Order {
        files,
        choices,
        read,
    })
}

async fn of_jpeg(app: &App, choice: Choice, request: Request) -> Result<Order, Problem> {
    let (data, read) = read(app, request).await?;
    let name = "image.jpg".to_owned();
    Ok(Order {
        files: vec![Upload { name, data }],
        choices: vec![choice],
        read,
    })
}

async fn read(app: &App, request: Request<Body>) -> Result<(Bytes, Duration), Problem> {
    let began = Instant::now();
    let (head, body) = request.into_parts();
    let bounds = bounds(app, &head.extensions);
    let body = Incoming::new(&head.headers, body, bounds)?;
    let body = body.whole(&app.memory).await?;
    Ok((body, began.elapsed()))
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

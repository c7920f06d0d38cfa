//! What a request asks for: files, and how each becomes a page.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{Extensions, HeaderMap, HeaderValue, header};
use bytes::Bytes;
use pdfmagic_core::Backend;

use crate::app::App;
use crate::connection::Ends;
use crate::options::{self, Choice};
use crate::problem::Problem;
use crate::upload::{self, Bounds, Form, Incoming, Upload};

/// The field of the form.
const FIELD: &str = "myfile";

/// What a stream that takes longer than other bodies may is at least to bring, in bytes a second.
const LEAST_RATE: usize = 16 << 10;

/// What the head of a request asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) choice: Choice,
    pub(super) incoming: Incoming,
    media: Media,
}

/// How files come.
#[derive(Debug)]
enum Media {
    /// One as the body.
    Jpeg,
    /// In the parts of a form between such lines.
    Form { boundary: String },
}

/// At least one file, and as many backends.
#[derive(Debug)]
pub(super) struct Order {
    pub(super) files: Vec<Upload>,
    pub(super) backends: Vec<Box<dyn Backend>>,
    /// How long the body took to come.
    pub(super) read: Duration,
}

impl Asked {
    /// A form with a file for each page. Fields are options as well, and one of that name holds options as JSON.
    pub(super) fn form(app: &App, request: Request) -> Result<Self, Problem> {
        let choice = options::of_query(query(&request))?;
        match media(request.headers())? {
            Some(media @ Media::Form { .. }) => {
                let bounds = bounds(app, request.extensions());
                Self::new(choice, media, request, bounds)
            }
            _ => Err(unexpected("multipart/form-data", request.headers())),
        }
    }

    /// A form, or one JPEG as the body.
    pub(super) fn form_or_jpeg(app: &App, request: Request) -> Result<Self, Problem> {
        let choice = options::of_query(query(&request))?;
        Self::whole(app, choice, request)
    }

    /// The same, and whether the answer is to be streamed. Then it is one JPEG.
    pub(super) fn whole_or_stream(app: &App, request: Request) -> Result<(Self, bool), Problem> {
        let (choice, is_streamed) = options::of_query_with_stream(query(&request))?;
        if !is_streamed {
            return Ok((Self::whole(app, choice, request)?, false));
        }
        let Some(media @ Media::Jpeg) = media(request.headers())? else {
            return Err(unexpected("image/jpeg", request.headers()));
        };
        let bounds = Bounds {
            size: app.config.max_stream,
            bytes_a_second: LEAST_RATE,
            ..bounds(app, request.extensions())
        };
        Ok((Self::new(choice, media, request, bounds)?, true))
    }

    fn whole(app: &App, choice: Choice, request: Request) -> Result<Self, Problem> {
        let Some(media) = media(request.headers())? else {
            let expected = "image/jpeg or multipart/form-data";
            return Err(unexpected(expected, request.headers()));
        };
        let bounds = bounds(app, request.extensions());
        Self::new(choice, media, request, bounds)
    }

    /// The head is not kept while the body comes.
    fn new(
        choice: Choice,
        media: Media,
        request: Request,
        bounds: Bounds,
    ) -> Result<Self, Problem> {
        let (head, body) = request.into_parts();
        Ok(Self {
            choice,
            incoming: Incoming::new(&head.headers, body, bounds)?,
            media,
        })
    }

    /// Reads the body.
    pub(super) async fn order(&mut self, app: &App) -> Result<Order, Problem> {
        let body = self.incoming.whole(&app.memory).await?;
        let read = self.incoming.took();
        match &self.media {
            Media::Jpeg => of_jpeg(&self.choice, body, read),
            Media::Form { boundary } => of_form(app, self.choice.clone(), &body, read, boundary),
        }
    }
}

fn query(request: &Request) -> &str {
    request.uri().query().unwrap_or_default()
}

/// None if files come in neither way.
fn media(headers: &HeaderMap) -> Result<Option<Media>, Problem> {
    let value = headers.get(header::CONTENT_TYPE);
    let Some(value) = value.and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let media_type = value.split(';').next().unwrap_or_default().trim_end();
    if media_type.eq_ignore_ascii_case("image/jpeg") {
        return Ok(Some(Media::Jpeg));
    }
    if !media_type.eq_ignore_ascii_case("multipart/form-data") {
        return Ok(None);
    }
    let boundary = upload::parameter(value, "boundary").ok_or(Problem::Form {
        offset: 0,
        reason: "the Content-Type has no boundary",
    })?;
    Ok(Some(Media::Form { boundary }))
}

fn of_form(
    app: &App,
    mut choice: Choice,
    body: &Bytes,
    read: Duration,
    boundary: &str,
) -> Result<Order, Problem> {
    let max = app.config.max_parts;
    let Form { mut files, fields } = upload::form(body, boundary, FIELD, max)?;
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

fn bounds(app: &App, extensions: &Extensions) -> Bounds {
    Bounds {
        size: app.config.max_body,
        time: app.config.body_timeout,
        bytes_a_second: usize::MAX,
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

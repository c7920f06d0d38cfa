//! One JPEG comes in while its PDF goes out already.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body_util::channel::{Channel, Sender};
use pdfmagic_core::{
    Auto, Backend as _, Document, DocumentOptions, Error, Jpeg, Options, Passthrough, Piece,
    Streamed,
};

use super::conversion_request::ConversionRequest;
use super::converter::Converter;
use super::pdf_answer::{answer, disposition};
use super::recipe::Recipe;
use crate::body::RequestBody;
use crate::memory::Reservation;
use crate::metrics::Metrics;
use crate::notices::Notices;
use crate::pdf_body::held;
use crate::problem::Problem;
use crate::request_record::ConversionReport;

/// How much of an upload is kept while its header is looked for, in bytes.
const MAX_HEAD: usize = 256 << 10;

/// The answer begins once the header has come. Its length is not stated, since nobody knows how the upload will end.
pub(super) async fn convert(
    converter: &Converter,
    request: ConversionRequest,
) -> Result<Response, Problem> {
    let all = request.options()?;
    let Recipe {
        mut options,
        backend,
        ..
    } = Recipe::new(&all, 0, &[0])?;
    let backend = backend.name();
    if all.document().max_pdf_size.is_some()
        || ![Auto.name(), Passthrough.name()].contains(&backend)
    {
        return Err(Problem::Option {
            name: "stream".to_owned(),
            reason: "requires that the image data stays as it is, with backend=auto or passthrough"
                .to_owned(),
        });
    }
    options.limits = converter.limits.clone();
    let body = request.body;
    let mut input = Input {
        // The head may be in two places while it grows, and what is on its way in two pieces.
        memory: converter.memory.reserve(2 * (MAX_HEAD + body.pinned()))?,
        body,
        size: 0,
    };
    let (streamed, parts, convert) = begin(&mut input, all.document(), &options).await?;
    let mut notices = Notices::default();
    notices.add(1, streamed.notices());
    let read = input.body.took();
    let (sender, body) = Channel::new(1);
    let metrics = Arc::clone(&converter.metrics);
    tokio::spawn(send(metrics, sender, parts, input, streamed));
    let report = ConversionReport {
        backend,
        pages: 1,
        // Counted when it has come.
        input: None,
        read,
        queue: None,
        convert,
        notices: notices.into_header(),
    };
    Ok(answer(Body::new(body), disposition("image.jpg"), report))
}

/// What has come of the upload.
struct Input {
    body: RequestBody,
    /// In bytes.
    size: u64,
    /// For the head, and for what is on its way.
    memory: Reservation,
}

impl Input {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let data = self.body.next().await?;
        self.size += data.as_ref().map_or(0, |data| data.len() as u64);
        Ok(data)
    }
}

/// Reads until there is all of the header, and returns what of the PDF can be told by then, and how long that took.
async fn begin(
    input: &mut Input,
    document: &DocumentOptions,
    options: &Options,
) -> Result<(Streamed, Vec<Bytes>, Duration), Problem> {
    let failed = |error| Problem::of_file("the body", error);
    let mut head = BytesMut::new();
    // Not with each part, so that a header in many parts is not read again and again.
    let mut enough = 0;
    loop {
        let data = input.next().await?;
        let has_ended = data.is_none();
        head.extend(data);
        if head.len() < enough && !has_ended {
            continue;
        }
        let began = Instant::now();
        match Streamed::begin_in(Document::with_options(document), &head, options) {
            Ok((mut streamed, pieces)) => {
                let took = began.elapsed();
                let parts = parts(&mut streamed, pieces, &head.freeze());
                return Ok((streamed, parts, took));
            }
            Err(Error::NeedsInput { .. }) if !has_ended && head.len() < MAX_HEAD => {
                enough = 2 * head.len();
            }
            // All of it is there: let it say what is wrong.
            Err(Error::NeedsInput { .. }) if has_ended => {
                Jpeg::parse(&head[..], &options.limits).map_err(failed)?;
                return Err(Problem::NotStreamable);
            }
            Err(Error::NeedsInput { .. }) => return Err(Problem::NotStreamable),
            Err(error) => return Err(failed(error)),
        }
    }
}

/// What comes first in the PDF, with what has arrived of the image.
fn parts(streamed: &mut Streamed, pieces: Vec<Piece>, head: &Bytes) -> Vec<Bytes> {
    let part = |piece| match piece {
        Piece::Made(bytes) => bytes.into(),
        piece @ Piece::Input(_) => head.slice_ref(piece.bytes(head)),
    };
    let mut parts: Vec<_> = pieces.into_iter().map(part).collect();
    parts.push(pass(streamed, head.slice(streamed.rest()..)));
    parts
}

/// What of the input comes next in the PDF.
fn pass(streamed: &mut Streamed, mut data: Bytes) -> Bytes {
    data.truncate(streamed.pass(&data));
    data
}

/// Sends the rest on as it comes. What goes wrong now can only tear the answer off, since its head has gone out.
async fn send(
    metrics: Arc<Metrics>,
    mut sender: Sender<Bytes, Problem>,
    parts: Vec<Bytes>,
    mut input: Input,
    mut streamed: Streamed,
) {
    // A client that takes no more needs no more.
    for part in parts {
        let Ok(()) = sender.send_data(part).await else {
            return;
        };
    }
    loop {
        match input.next().await {
            Ok(Some(part)) => {
                let Ok(()) = sender.send_data(pass(&mut streamed, part)).await else {
                    return;
                };
            }
            Ok(None) => break,
            Err(problem) => return sender.abort(problem),
        }
    }
    match streamed.end() {
        Ok(bytes) => {
            metrics.input.inc_by(input.size);
            // The last parts may still wait for the client.
            let _ = sender.send_data(held(bytes, Some(input.memory))).await;
        }
        Err(error) => sender.abort(Problem::of_file("the document", error)),
    }
}

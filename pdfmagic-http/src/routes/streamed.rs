//! Streaming: the PDF is sent while its JPEG is still arriving.

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

/// The maximum number of bytes of an upload that are kept to find its header.
const MAX_HEAD: usize = 256 << 10;

/// Converts a stream. The answer begins once the header has arrived. It has no Content-Length, since the end of the
/// upload is unknown.
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
        // The head may exist twice while it grows, and the current data in two pieces.
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
        // This is counted when the JPEG has arrived.
        input: None,
        read,
        queue: None,
        convert,
        notices: notices.into_header(),
    };
    Ok(answer(Body::new(body), disposition("image.jpg"), report))
}

/// The received part of the upload.
struct Input {
    body: RequestBody,
    /// The size so far, in bytes.
    size: u64,
    /// The memory for the head, and for the current data.
    memory: Reservation,
}

impl Input {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let data = self.body.next().await?;
        self.size += data.as_ref().map_or(0, |data| data.len() as u64);
        Ok(data)
    }
}

/// Reads the whole header. Returns the beginning of the PDF, and the time that this took.
async fn begin(
    input: &mut Input,
    document: &DocumentOptions,
    options: &Options,
) -> Result<(Streamed, Vec<Bytes>, Duration), Problem> {
    let failed = |error| Problem::of_file("the body", error);
    let mut head = BytesMut::new();
    // The header is not parsed again with each part, which would be slow if it arrives in many parts.
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
            // The upload is complete, so parsing it reports the error.
            Err(Error::NeedsInput { .. }) if has_ended => {
                Jpeg::parse(&head[..], &options.limits).map_err(failed)?;
                return Err(Problem::NotStreamable);
            }
            Err(Error::NeedsInput { .. }) => return Err(Problem::NotStreamable),
            Err(error) => return Err(failed(error)),
        }
    }
}

/// Returns the beginning of the PDF, with the data of the image that has already arrived.
fn parts(streamed: &mut Streamed, pieces: Vec<Piece>, head: &Bytes) -> Vec<Bytes> {
    let part = |piece| match piece {
        Piece::Made(bytes) => bytes.into(),
        piece @ Piece::Input(_) => head.slice_ref(piece.bytes(head)),
    };
    let mut parts: Vec<_> = pieces.into_iter().map(part).collect();
    parts.push(pass(streamed, head.slice(streamed.rest()..)));
    parts
}

/// Returns the part of the input that comes next in the PDF.
fn pass(streamed: &mut Streamed, mut data: Bytes) -> Bytes {
    data.truncate(streamed.pass(&data));
    data
}

/// Forwards the rest as it arrives. The head of the answer was already sent, so an error can only break off the answer.
async fn send(
    metrics: Arc<Metrics>,
    mut sender: Sender<Bytes, Problem>,
    parts: Vec<Bytes>,
    mut input: Input,
    mut streamed: Streamed,
) {
    // If the client has hung up, the rest is not needed.
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

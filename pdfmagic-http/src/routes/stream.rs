//! One JPEG comes in while its PDF goes out already.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body_util::channel::{Channel, Sender};
use pdfmagic_core::{Error, Jpeg, Options, Piece, Streamed};

use super::convert::{answer, disposition, embeds, list};
use super::order::Asked;
use crate::answer::held;
use crate::app::App;
use crate::exchange::Report;
use crate::memory::Reservation;
use crate::problem::Problem;
use crate::upload::Incoming;

/// How much of an upload is kept while its header is looked for, in bytes.
const MAX_HEAD: usize = 256 << 10;

/// The answer begins once the header has come. Its length is not stated, since nobody knows how the upload will end.
pub(super) async fn convert(app: &Arc<App>, asked: Asked) -> Result<Response, Problem> {
    let Asked {
        choice, incoming, ..
    } = asked;
    let backend = choice.backend()?;
    let name = backend.name();
    if !embeds(&*backend) {
        return Err(Problem::Option {
            name: "stream".to_owned(),
            reason: format!("goes with auto and passthrough, for {name} needs all of the image"),
        });
    }
    let mut input = Input {
        // The head may be in two places while it grows, and what is on its way in two pieces.
        memory: app.memory.reserve(2 * (MAX_HEAD + incoming.pinned()))?,
        incoming,
        size: 0,
    };
    let mut options = Options::default();
    options.limits = app.limits;
    let (streamed, parts, convert) = begin(&mut input, &options).await?;
    let notices: Vec<_> = streamed.notices().iter().map(|&n| (1, n)).collect();
    let read = input.incoming.took();
    let (sender, body) = Channel::new(1);
    tokio::spawn(send(Arc::clone(app), sender, parts, input, streamed));
    let report = Report {
        backend: name,
        pages: 1,
        // Counted when it has come.
        input: None,
        read,
        queue: None,
        convert,
        notices: list(&notices),
    };
    Ok(answer(Body::new(body), disposition("image.jpg"), report))
}

/// What has come of the upload.
struct Input {
    incoming: Incoming,
    /// In bytes.
    size: u64,
    /// For the head, and for what is on its way.
    memory: Reservation,
}

impl Input {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let data = self.incoming.next().await?;
        self.size += data.as_ref().map_or(0, |data| data.len() as u64);
        Ok(data)
    }
}

/// Reads until there is all of the header, and returns what of the PDF can be told by then, and how long that took.
async fn begin(
    input: &mut Input,
    options: &Options,
) -> Result<(Streamed, Vec<Bytes>, Duration), Problem> {
    let failed = |error| Problem::Convert {
        name: "image.jpg".to_owned(),
        error,
    };
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
        match Streamed::begin(&head, options) {
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
    app: Arc<App>,
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
            app.metrics.input.inc_by(input.size);
            // The last parts may still wait for the client.
            let _ = sender.send_data(held(bytes, Some(input.memory))).await;
        }
        Err(error) => sender.abort(Problem::Convert {
            name: "the document".to_owned(),
            error,
        }),
    }
}

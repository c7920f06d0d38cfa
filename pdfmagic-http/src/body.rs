//! The body of a request, within its bounds.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::FutureExt as _;
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::memory::{Memory, Size};
use crate::problem::Problem;

/// Bounds on a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Largest, in bytes.
    pub(crate) size: usize,
    /// For all of it, and a second more for each so many bytes.
    pub(crate) time: Duration,
    pub(crate) bytes_a_second: usize,
    /// For the next part of it.
    pub(crate) stall: Duration,
    /// What a part of it keeps alive, at most, in bytes: a buffer of the connection.
    pub(crate) pinned: usize,
}

/// A body within its bounds.
#[derive(Debug)]
pub(crate) struct RequestBody {
    body: Body,
    bounds: Bounds,
    /// Its size, if that is known.
    stated: Option<usize>,
    began: Instant,
    /// How much has come, in bytes.
    came: usize,
}

impl RequestBody {
    /// A Content-Length over the bound is refused before anything is read.
    pub(crate) fn new(headers: &HeaderMap, body: Body, bounds: Bounds) -> Result<Self, Problem> {
        let stated = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if stated.is_some_and(|stated| stated > bounds.size) {
            return Err(Problem::TooLarge { max: bounds.size });
        }
        Ok(Self {
            body,
            bounds,
            stated,
            began: Instant::now(),
            came: 0,
        })
    }

    /// What a part of it keeps alive, at most, in bytes.
    pub(crate) fn pinned(&self) -> usize {
        self.bounds.pinned
    }

    /// How long it has taken so far.
    pub(crate) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// The next part.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.body.is_end_stream() {
            let Some(frame) = self.frame().await? else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| broken(&error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            let max = self.bounds.size;
            if data.len() > max - self.came {
                return Err(Problem::TooLarge { max });
            }
            self.came += data.len();
            return Ok(Some(data));
        }
        Ok(None)
    }

    /// The next frame, if it comes in time.
    async fn frame(&mut self) -> Result<Option<Result<Frame<Bytes>, axum::Error>>, Problem> {
        // What is there already needs no timer, which the threads of the runtime would contend for.
        if let Some(frame) = self.body.frame().now_or_never() {
            return Ok(frame);
        }
        let stall = Instant::now() + self.bounds.stall;
        let earned = Duration::from_secs((self.came / self.bounds.bytes_a_second) as u64);
        let until = stall.min(self.began + self.bounds.time + earned);
        timeout_at(until, self.body.frame())
            .await
            .map_err(|_| Problem::Slow)
    }

    /// All of it, after reserving memory for it. If it does not come at once it is copied into one buffer.
    pub(crate) async fn whole(&mut self, memory: &Memory) -> Result<Bytes, Problem> {
        let size = self
            .stated
            .map_or(Size::AtMost(self.bounds.size), Size::Stated);
        let mut buffer = memory.buffer(size)?;
        while let Some(data) = self.next().await? {
            buffer.add(data, self.bounds.pinned)?;
        }
        Ok(buffer.freeze())
    }
}

/// Tells a client that hung up from one that sends nonsense.
fn broken(error: &(dyn std::error::Error + 'static)) -> Problem {
    use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    let has_hung_up = causes.any(|cause| {
        let cause = cause.downcast_ref::<std::io::Error>();
        cause.is_some_and(|cause| matches!(cause.kind(), ConnectionReset | UnexpectedEof))
    });
    if has_hung_up {
        Problem::HungUp
    } else {
        Problem::Body(error.to_string())
    }
}

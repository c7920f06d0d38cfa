//! The body of a request, and its limits.

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

/// The limits of a body.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// The maximum size, in bytes.
    pub(crate) size: usize,
    /// The subject of the error message for larger bodies.
    pub(crate) what: &'static str,
    /// The maximum time until the next part.
    pub(crate) stall: Duration,
    /// The minimum rate, in bytes per second, over each `window`.
    pub(crate) min_rate: usize,
    pub(crate) window: Duration,
    /// The maximum size of the buffer that a part keeps alive, in bytes.
    pub(crate) pinned: usize,
}

impl Bounds {
    fn too_large(&self) -> Problem {
        Problem::TooLarge {
            what: self.what.to_owned(),
            max: self.size,
        }
    }

    /// Returns the number of bytes that must arrive in each window.
    fn quota(&self) -> u128 {
        self.min_rate as u128 * self.window.as_millis() / 1000
    }
}

/// A body that is read within its limits.
#[derive(Debug)]
pub(crate) struct RequestBody {
    body: Body,
    bounds: Bounds,
    /// The size in bytes, if the client states it.
    stated: Option<usize>,
    began: Instant,
    /// The number of bytes that have arrived.
    came: usize,
    window: Window,
}

/// A period in which a minimum of bytes must arrive.
#[derive(Debug)]
struct Window {
    began: Instant,
    /// The number of bytes that had arrived before the window.
    before: usize,
}

impl RequestBody {
    /// Takes a body. A Content-Length above the limit is rejected before anything is read.
    pub(crate) fn new(headers: &HeaderMap, body: Body, bounds: Bounds) -> Result<Self, Problem> {
        let stated = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|value| value.to_str().ok()?.parse().ok());
        if stated.is_some_and(|stated| stated > bounds.size) {
            return Err(bounds.too_large());
        }
        let began = Instant::now();
        Ok(Self {
            body,
            bounds,
            stated,
            began,
            came: 0,
            window: Window { began, before: 0 },
        })
    }

    /// The maximum size of the buffer that a part keeps alive, in bytes.
    pub(crate) fn pinned(&self) -> usize {
        self.bounds.pinned
    }

    /// The time that reading has taken so far.
    pub(crate) fn took(&self) -> Duration {
        self.began.elapsed()
    }

    /// Reads the next part.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        while !self.body.is_end_stream() {
            let Some(frame) = self.frame().await? else {
                return Ok(None);
            };
            let frame = frame.map_err(|error| broken(&error))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if data.len() > self.bounds.size - self.came {
                return Err(self.bounds.too_large());
            }
            self.came += data.len();
            return Ok(Some(data));
        }
        Ok(None)
    }

    /// Reads the next frame, if it arrives in time.
    async fn frame(&mut self) -> Result<Option<Result<Frame<Bytes>, axum::Error>>, Problem> {
        // A frame that has already arrived needs no timer, for which the threads of the runtime would contend.
        if let Some(frame) = self.body.frame().now_or_never() {
            return Ok(frame);
        }
        let now = Instant::now();
        if now >= self.window.began + self.bounds.window {
            // A new window begins. The last one had enough bytes, or nobody was reading; otherwise the request would
            // have failed.
            self.window = Window {
                began: now,
                before: self.came,
            };
        }
        let mut until = now + self.bounds.stall;
        if ((self.came - self.window.before) as u128) < self.bounds.quota() {
            until = until.min(self.window.began + self.bounds.window);
        }
        timeout_at(until, self.body.frame())
            .await
            .map_err(|_| Problem::Slow)
    }

    /// Reads the whole body, after reserving memory for it. A body that does not arrive at once is copied into one
    /// buffer.
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

/// Distinguishes a client that hung up from one that sends malformed data.
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

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http_body_util::channel::Channel;
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Uploads a number of bytes per second, for a number of seconds. Time is paused, so this takes no real time.
    async fn upload(bytes: usize, seconds: usize) -> Result<usize, Problem> {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        tokio::spawn(async move {
            for _ in 0..seconds {
                sleep(SECOND).await;
                let _ = sender.send_data(vec![0; bytes].into()).await;
            }
        });
        let bounds = Bounds {
            size: usize::MAX,
            what: "the file is",
            stall: 10 * SECOND,
            min_rate: 16 << 10,
            window: 60 * SECOND,
            pinned: 0,
        };
        let mut body = RequestBody::new(&HeaderMap::new(), Body::new(body), bounds)?;
        let mut came = 0;
        while let Some(data) = body.next().await? {
            came += data.len();
        }
        Ok(came)
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_upload_is_accepted_if_it_reaches_the_minimum_rate() {
        for (bytes, seconds) in [(45_000, 600), (300_000, 84), (17_000, 2000), (100, 59)] {
            assert_eq!(upload(bytes, seconds).await.unwrap(), bytes * seconds);
        }
        for (bytes, seconds) in [(16_000, 2000), (100, 61)] {
            assert!(matches!(upload(bytes, seconds).await, Err(Problem::Slow)));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_fast_start_does_not_make_up_for_a_slow_rest() {
        let (mut sender, body) = Channel::<Bytes, Infallible>::new(1);
        tokio::spawn(async move {
            let _ = sender.send_data(vec![0; 100 << 20].into()).await;
            loop {
                sleep(SECOND).await;
                let _ = sender.send_data(vec![0; 10].into()).await;
            }
        });
        let bounds = Bounds {
            size: usize::MAX,
            what: "the file is",
            stall: 10 * SECOND,
            min_rate: 16 << 10,
            window: 60 * SECOND,
            pinned: 0,
        };
        let began = Instant::now();
        let mut body = RequestBody::new(&HeaderMap::new(), Body::new(body), bounds).unwrap();
        let refused = loop {
            if let Err(problem) = body.next().await {
                break problem;
            }
        };
        assert!(matches!(refused, Problem::Slow));
        assert!(began.elapsed() < 130 * SECOND);
    }
}

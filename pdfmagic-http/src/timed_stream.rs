//! A connection with timeouts for its client.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, Bytes};
use memchr::memmem;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use crate::metrics::Metrics;
use crate::phase::Phase;
use crate::problem::Problem;

/// The time after the end of a request within which a client may close its side and still wait for the answer, as some
/// clients do. A client that closes later has hung up. TCP does not distinguish the two.
const HALF_CLOSE: Duration = Duration::from_secs(1);

/// The time until it is known whether the request before the end of the stream was complete.
const TO_SETTLE: Duration = Duration::from_millis(250);

/// The timeouts of a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// The maximum time without a request.
    pub(crate) idle: Duration,
    /// The maximum time for the head of a request.
    pub(crate) head: Duration,
    /// The maximum time without reading anything of an answer.
    pub(crate) write: Duration,
}

/// A stream that fails if a client sends no request, or no complete head, for too long, or does not read what is
/// written. The body is timed where it is read.
#[derive(Debug)]
pub(crate) struct TimedStream {
    stream: TcpStream,
    metrics: Arc<Metrics>,
    /// The phase of the connection; `None` if requests are concurrent.
    phase: Option<Phase>,
    /// The phase of the last read.
    last: u32,
    /// Whether a part of a head has arrived in that phase.
    has_begun: bool,
    /// The time at which the last bytes arrived.
    last_came: Instant,
    is_half_closed: bool,
    idle: Timer,
    head: Timer,
    write: Timer,
    end: Timer,
    /// The answer that replaces one of hyper's own.
    substitute: Bytes,
    /// The number of bytes read and written.
    moved: Arc<AtomicU64>,
}

impl TimedStream {
    pub(crate) fn new(
        stream: TcpStream,
        phase: Option<Phase>,
        patience: Patience,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self {
            stream,
            phase,
            last: 0,
            has_begun: false,
            last_came: Instant::now(),
            is_half_closed: false,
            substitute: Bytes::new(),
            end: Timer::new(TO_SETTLE),
            idle: Timer::new(patience.idle),
            head: Timer::new(patience.head),
            write: Timer::new(patience.write),
            moved: Arc::default(),
            metrics,
        }
    }

    /// Returns the counter of bytes read and written.
    pub(crate) fn moved(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.moved)
    }

    fn count(&self, bytes: usize) {
        self.moved.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Handles the end of the client's stream while its request is being answered. This is ignored if the client still
    /// waits.
    fn ended(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let is_whole = self.phase.as_ref().is_some_and(Phase::is_whole);
        if is_whole && self.last_came.elapsed() < HALF_CLOSE {
            self.is_half_closed = true;
        }
        if self.is_half_closed {
            // hyper reads again after it has answered.
            return Poll::Pending;
        }
        if !is_whole {
            ready!(self.end.poll(cx));
        }
        Poll::Ready(Ok(()))
    }

    /// Writes a problem instead of an empty answer of hyper's own, which begins with `first`. Returns whether it did.
    fn write_substitute(&mut self, cx: &mut Context<'_>, first: &[u8]) -> Poll<io::Result<bool>> {
        if self.substitute.is_empty() {
            self.substitute = substitute(first);
        }
        let is_substituted = !self.substitute.is_empty();
        while !self.substitute.is_empty() {
            let rest = self.substitute.clone();
            let written = ready!(self.timed_write(cx, |stream, cx| stream.poll_write(cx, &rest)))?;
            self.substitute.advance(written);
        }
        Poll::Ready(Ok(is_substituted))
    }

    fn timed_write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut TcpStream>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match write(Pin::new(&mut self.stream), cx) {
            Poll::Ready(result) => {
                self.write.stop();
                self.count(*result.as_ref().unwrap_or(&0));
                Poll::Ready(result)
            }
            Poll::Pending => {
                let late = ready!(self.write.poll(cx));
                self.metrics.closed("write_stall");
                Poll::Ready(Err(late))
            }
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        let came = buf.filled().len() - before;
        self.count(came);
        let Some(phase) = self.phase.as_ref().map(Phase::get) else {
            return read;
        };
        let is_between_requests = phase.is_multiple_of(2);
        if phase != self.last {
            self.last = phase;
            self.has_begun = false;
            self.idle.stop();
            self.head.stop();
        }
        if came > 0 {
            self.last_came = Instant::now();
        }
        if !is_between_requests {
            let is_end = matches!(read, Poll::Ready(Ok(()))) && came == 0 && buf.remaining() > 0;
            return if is_end { self.ended(cx) } else { read };
        }
        if read.is_ready() {
            self.has_begun |= came > 0;
            return read;
        }
        let (timer, bound) = if self.has_begun {
            (&mut self.head, "header_timeout")
        } else {
            (&mut self.idle, "idle_timeout")
        };
        let late = ready!(timer.poll(cx));
        self.metrics.closed(bound);
        Poll::Ready(Err(late))
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if ready!(self.write_substitute(cx, buf))? {
            return Poll::Ready(Ok(buf.len()));
        }
        self.timed_write(cx, |stream, cx| stream.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let first = bufs.first().map_or(&[][..], |first| first);
        if ready!(self.write_substitute(cx, first))? {
            return Poll::Ready(Ok(bufs.iter().map(|buf| buf.len()).sum()));
        }
        self.timed_write(cx, |stream, cx| stream.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for TimedStream {
    /// Resets a connection that ends in the middle of a request, so that its client neither takes a partial answer for
    /// a complete one, nor waits for the rest.
    fn drop(&mut self) {
        if self
            .phase
            .as_ref()
            .is_some_and(|phase| !phase.get().is_multiple_of(2))
        {
            let _ = self.stream.set_zero_linger();
        }
    }
}

/// Returns the problem that replaces an answer of hyper's own, which has no body and only a status. Our answers have a
/// body.
fn substitute(answer: &[u8]) -> Bytes {
    let problem = match answer.get(..13) {
        Some(b"HTTP/1.1 400 ") => Problem::NotHttp,
        Some(b"HTTP/1.1 414 " | b"HTTP/1.1 431 ") => Problem::LongHead,
        _ => return Bytes::new(),
    };
    if memmem::find(answer, b"content-type").is_some() {
        return Bytes::new();
    }
    let (status, body) = (problem.status(), problem.details().json());
    let size = body.len();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/problem+json\r\ncontent-length: {size}\r\n\
         connection: close\r\ncache-control: no-store\r\n\r\n"
    );
    [head.into_bytes(), body].concat().into()
}

/// A timer that runs from the first poll until it is stopped.
#[derive(Debug)]
struct Timer {
    limit: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    fn new(limit: Duration) -> Self {
        Self { limit, sleep: None }
    }

    fn stop(&mut self) {
        self.sleep = None;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let limit = self.limit;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep(limit)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }
}

//! A request and its answer, from the head of the one to the last byte of the other: identified, timed, counted, logged.

use std::future::Future;
use std::io::IoSlice;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Buf;
use futures_util::FutureExt as _;
use http_body::{Frame, SizeHint};
use tower::Service as _;

use crate::app::App;
use crate::connection::End;
use crate::ended::Ended;
use crate::gather::Gathered;
use crate::problem::Problem;
use crate::routes::template;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
pub(crate) const NOTICES: HeaderName = HeaderName::from_static("pdfmagic-notices");

/// The status of a request whose client hung up, as nginx has it.
pub(crate) const HUNG_UP: u16 = 499;

/// What an answer says about the conversion behind it: an extension of the response.
#[derive(Debug, Clone)]
pub(crate) struct Report {
    /// The backend of the first page.
    pub(crate) backend: &'static str,
    pub(crate) pages: usize,
    /// Size of the JPEGs, in bytes; none where they still come.
    pub(crate) input: Option<usize>,
    /// How long the body took to come.
    pub(crate) read: Duration,
    /// How long the conversion waited for a worker, if it did.
    pub(crate) queue: Option<Duration>,
    pub(crate) convert: Duration,
    /// What was odd, as `code;page=n`.
    pub(crate) notices: String,
}

/// What an answer says about the problem that it is: an extension of the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    /// The bound that was met, if it was one.
    pub(crate) bound: Option<&'static str>,
}

/// Nothing is to be stored on the way, or guessed from its content.
const COMMON: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// Has a request answered, and follows both to their end, of which `end` is told.
pub(crate) fn follow(
    app: Arc<App>,
    mut routes: Router,
    request: Request,
    end: End,
) -> impl Future<Output = Response<Followed>> + use<> {
    // Dropped where the client hangs up before there is an answer.
    let mut exchange = Exchange::begin(app, &request, end);
    let answer = AssertUnwindSafe(routes.call(request)).catch_unwind();
    answer.map(move |answer| {
        let mut response = match answer {
            Ok(Ok(response)) => response,
            Err(_) => Problem::Bug.into_response(),
        };
        exchange.answer(&mut response);
        response.map(|body| Followed {
            body,
            exchange: Arc::new(exchange),
            has_ended: false,
        })
    })
}

/// A request that has not ended. Dropping it is its end.
#[derive(Debug)]
struct Exchange {
    app: Arc<App>,
    began: Instant,
    id: HeaderValue,
    traceparent: Option<HeaderValue>,
    method: &'static str,
    route: &'static str,
    /// Of the answer, once there is one.
    status: Option<StatusCode>,
    report: Option<Report>,
    refusal: Option<Refusal>,
    /// Bytes of the answer's body that the system has taken.
    sent: AtomicU64,
    /// Whether some of the answer was never sent.
    is_torn: AtomicBool,
    /// What went wrong after its head had gone out, and the status that says so.
    late: OnceLock<(StatusCode, Refusal)>,
    /// Tells the connection's timers.
    _end: End,
}

impl Exchange {
    fn begin(app: Arc<App>, request: &Request, end: End) -> Self {
        app.metrics.inflight.inc();
        let headers = request.headers();
        let stated = |name| {
            headers
                .get(name)
                .filter(|value| is_sound(value))
                .map(copied)
        };
        let id = stated(REQUEST_ID).unwrap_or_else(new_id);
        Self {
            began: Instant::now(),
            id,
            traceparent: stated(TRACEPARENT),
            method: known(request.method()),
            route: template(request.uri().path()),
            status: None,
            report: None,
            refusal: None,
            sent: AtomicU64::new(0),
            is_torn: AtomicBool::new(false),
            late: OnceLock::new(),
            _end: end,
            app,
        }
    }

    fn answer(&mut self, response: &mut Response) {
        self.status = Some(response.status());
        self.report = response.extensions_mut().remove();
        self.refusal = response.extensions_mut().remove();
        let headers = response.headers_mut();
        headers.extend(COMMON);
        headers.insert(REQUEST_ID, self.id.clone());
        if let Some(traceparent) = &self.traceparent {
            headers.insert(TRACEPARENT, traceparent.clone());
        }
        let Some(report) = &self.report else { return };
        let timing = timing(&[
            ("queue", report.queue.unwrap_or_default()),
            ("read", report.read),
            ("convert", report.convert),
        ]);
        let timing = HeaderValue::try_from(timing).expect("words and numbers");
        headers.insert(SERVER_TIMING, timing);
        if !report.notices.is_empty() {
            let notices = HeaderValue::try_from(&report.notices).expect("codes and numbers");
            headers.insert(NOTICES, notices);
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let is_whole = !self.is_torn.load(Ordering::Relaxed);
        let (status, refusal) = match self.late.take() {
            Some((status, refusal)) => (Some(status), Some(refusal)),
            None => (self.status.filter(|_| is_whole), self.refusal),
        };
        self.app.metrics.inflight.dec();
        let ended = Ended {
            at: SystemTime::now(),
            took,
            id: std::mem::replace(&mut self.id, HeaderValue::from_static("")),
            traceparent: self.traceparent.take(),
            method: self.method,
            route: self.route,
            status: status.map_or(HUNG_UP, |status| status.as_u16()),
            report: self.report.take(),
            refusal,
            sent: self.sent.load(Ordering::Relaxed),
        };
        #[cfg(feature = "otel")]
        crate::traces::add(&ended);
        self.app.ended.add(ended, &self.app);
    }
}

/// A body that is done with when the connection has all of it; its exchange ends with the last part on its way.
#[derive(Debug)]
pub(crate) struct Followed {
    body: Body,
    exchange: Arc<Exchange>,
    has_ended: bool,
}

/// Part of an answer on its way: the connection has it until the system has taken it.
#[derive(Debug)]
pub(crate) struct Leaving {
    part: Gathered,
    exchange: Arc<Exchange>,
}

impl Buf for Leaving {
    fn remaining(&self) -> usize {
        self.part.remaining()
    }

    fn chunk(&self) -> &[u8] {
        self.part.chunk()
    }

    fn chunks_vectored<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.part.chunks_vectored(slices)
    }

    fn advance(&mut self, count: usize) {
        self.part.advance(count);
        self.exchange
            .sent
            .fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if self.has_remaining() {
            self.exchange.is_torn.store(true, Ordering::Relaxed);
        }
    }
}

impl http_body::Body for Followed {
    type Data = Leaving;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Leaving>, axum::Error>>> {
        let mut gathered = Gathered::default();
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are not in use.
                    gathered.push(frame.into_data().unwrap_or_default());
                    // What is streamed would be gathered for as long as it comes.
                    let is_made = self.body.size_hint().exact().is_some();
                    if is_made && !self.body.is_end_stream() {
                        continue;
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    let error = error.into_inner();
                    if let Some(problem) = error.downcast_ref::<Problem>() {
                        let late = (problem.status(), problem.refusal());
                        // The first is the cause.
                        let _ = self.exchange.late.set(late);
                    }
                    return Poll::Ready(Some(Err(axum::Error::new(error))));
                }
                Poll::Ready(None) => self.has_ended = true,
                Poll::Pending if !gathered.has_remaining() => return Poll::Pending,
                Poll::Pending => {}
            }
            let leaving = gathered.has_remaining().then(|| Leaving {
                part: gathered,
                exchange: Arc::clone(&self.exchange),
            });
            return Poll::Ready(leaving.map(|leaving| Ok(Frame::data(leaving))));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Followed {
    fn drop(&mut self) {
        if !self.has_ended && !http_body::Body::is_end_stream(&self.body) {
            self.exchange.is_torn.store(true, Ordering::Relaxed);
        }
    }
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// How long each step took, in milliseconds (Server Timing, 3).
fn timing(steps: &[(&str, Duration)]) -> String {
    let mut timing = String::with_capacity(64);
    for (step, took) in steps {
        let us = micros(*took);
        let (mut whole, mut thousandths) = (itoa::Buffer::new(), itoa::Buffer::new());
        timing.extend([
            if timing.is_empty() { "" } else { ", " },
            step,
            ";dur=",
            whole.format(us / 1000),
            ".",
            &thousandths.format(1000 + us % 1000)[1..],
        ]);
    }
    timing
}

/// Whether a client's word may go into our log and headers.
fn is_sound(value: &HeaderValue) -> bool {
    const MAX: usize = 128;
    (1..=MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// A client's word as a value of its own, since it outlives the buffer in which the head came.
fn copied(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).expect("it was a value before")
}

fn new_id() -> HeaderValue {
    let id = hexadecimal(fastrand::u128(..).to_be_bytes());
    HeaderValue::from_bytes(id.as_flattened()).expect("hexadecimal digits")
}

/// A name from a short list, since each has a counter of its own.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The two digits of each byte in hexadecimal.
pub(crate) fn hexadecimal<const N: usize>(bytes: [u8; N]) -> [[u8; 2]; N] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.map(|byte| [byte >> 4, byte & 0xf].map(|digit| DIGITS[usize::from(digit)]))
}

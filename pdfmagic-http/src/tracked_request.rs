//! Tracks a request and its answer, from the first byte to the last: it is identified, timed, counted and logged.

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
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Buf;
use futures_util::FutureExt as _;
use http_body::{Frame, SizeHint};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use tower::Service as _;

use crate::headers::{NOTICES, REQUEST_ID, SERVER_TIMING, TRACEPARENT};
use crate::paths::template;
use crate::phase::RequestEnd;
use crate::prefix::forwarded_prefix;
use crate::problem::{HUNG_UP, Problem, Refusal};
use crate::problem_details::ProblemDetails;
use crate::request_record::{ConversionReport, Records, RequestRecord, micros};
use crate::vectored_buf::VectoredBuf;

/// The headers of every answer: it must not be stored on the way, and its type must not be guessed from its content.
const COMMON: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// The characters that can be in an identifier but not in a fragment (RFC 3986, 3.5).
const NOT_IN_FRAGMENT: &AsciiSet = &CONTROLS
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Answers a request, and tracks both to their end, of which it notifies `end`.
pub(crate) fn track(
    records: Records,
    mut routes: Router,
    request: Request,
    end: RequestEnd,
) -> impl Future<Output = Response<TrackedBody>> + use<> {
    // This is dropped if the client hangs up before there is an answer.
    let mut tracked = TrackedRequest::begin(records, &request, end);
    let answer = AssertUnwindSafe(routes.call(request)).catch_unwind();
    answer.map(move |answer| {
        let mut response = match answer {
            Ok(Ok(response)) => response,
            Err(_) => Problem::Bug.into_response(),
        };
        tracked.answer(&mut response);
        response.map(|body| TrackedBody {
            body,
            request: Arc::new(tracked),
            has_ended: false,
        })
    })
}

/// A request that has not ended. It ends when this is dropped.
#[derive(Debug)]
struct TrackedRequest {
    records: Records,
    began: Instant,
    id: HeaderValue,
    traceparent: Option<HeaderValue>,
    method: &'static str,
    route: &'static str,
    /// Whether the answer is for a person with a browser.
    is_browser: bool,
    /// The path prefix that a proxy has removed.
    prefix: String,
    /// The status of the answer, once there is one.
    status: Option<StatusCode>,
    report: Option<ConversionReport>,
    refusal: Option<Refusal>,
    /// The number of bytes of the answer's body that the system has accepted.
    sent: AtomicU64,
    /// Whether some of the answer was never sent.
    is_torn: AtomicBool,
    /// An error after the head of the answer was sent, and its status.
    late: OnceLock<(StatusCode, Refusal)>,
    /// Notifies the connection's timers.
    _end: RequestEnd,
}

impl TrackedRequest {
    fn begin(records: Records, request: &Request, end: RequestEnd) -> Self {
        records.metrics.inflight.inc();
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
            is_browser: wants_html(headers),
            prefix: forwarded_prefix(headers).to_owned(),
            status: None,
            report: None,
            refusal: None,
            sent: AtomicU64::new(0),
            is_torn: AtomicBool::new(false),
            late: OnceLock::new(),
            _end: end,
            records,
        }
    }

    fn answer(&mut self, response: &mut Response) {
        self.status = Some(response.status());
        self.report = response.extensions_mut().remove();
        self.refusal = response.extensions_mut().remove();
        if let Some(details) = response.extensions_mut().remove() {
            self.explain(details, response);
        }
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

impl TrackedRequest {
    /// Adds the request to the details of a problem, and renders it as a page for browsers.
    fn explain(&self, mut details: ProblemDetails, response: &mut Response) {
        let (content_type, body) = if self.is_browser {
            ("text/html; charset=utf-8", details.html().into())
        } else {
            let id = utf8_percent_encode(self.id.to_str().unwrap_or_default(), NOT_IN_FRAGMENT);
            let route = Some(self.route).filter(|route| route.starts_with('/'));
            let prefix = route.map_or("", |_| &self.prefix);
            details.instance = Some(format!("{prefix}{}#{id}", route.unwrap_or_default()));
            ("application/problem+json", details.json())
        };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_LENGTH, body.len().into());
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(header::VARY, HeaderValue::from_static("accept"));
        if self.is_browser {
            let policy = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
            headers.insert(header::CONTENT_SECURITY_POLICY, policy);
        }
        *response.body_mut() = Body::from(body);
    }
}

impl Drop for TrackedRequest {
    #[expect(
        clippy::disallowed_methods,
        reason = "log lines have a wall-clock time"
    )]
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let is_whole = !self.is_torn.load(Ordering::Relaxed);
        let (status, refusal) = match self.late.take() {
            Some((status, refusal)) => (Some(status), Some(refusal)),
            None => (self.status.filter(|_| is_whole), self.refusal),
        };
        self.records.metrics.inflight.dec();
        let record = RequestRecord {
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
        crate::traces::add(&record);
        self.records.add(&record);
    }
}

/// A body that is dropped when the connection has all of it. Its request ends when the last part has been sent.
#[derive(Debug)]
pub(crate) struct TrackedBody {
    body: Body,
    request: Arc<TrackedRequest>,
    has_ended: bool,
}

/// A part of an answer that is being sent. The connection holds it until the system has accepted it.
#[derive(Debug)]
pub(crate) struct Leaving {
    part: VectoredBuf,
    request: Arc<TrackedRequest>,
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
        self.request.sent.fetch_add(count as u64, Ordering::Relaxed);
    }
}

impl Drop for Leaving {
    fn drop(&mut self) {
        if self.has_remaining() {
            self.request.is_torn.store(true, Ordering::Relaxed);
        }
    }
}

impl http_body::Body for TrackedBody {
    type Data = Leaving;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Leaving>, axum::Error>>> {
        let mut buf = VectoredBuf::default();
        loop {
            match Pin::new(&mut self.body).poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => {
                    // Trailers are not used.
                    buf.push(frame.into_data().unwrap_or_default());
                    // Streamed data is sent as it arrives, and not buffered.
                    let is_made = self.body.size_hint().exact().is_some();
                    if is_made && !self.body.is_end_stream() {
                        continue;
                    }
                }
                Poll::Ready(Some(Err(error))) => {
                    let error = error.into_inner();
                    if let Some(problem) = error.downcast_ref::<Problem>() {
                        let late = (problem.status(), problem.refusal());
                        // The first error is the cause.
                        let _ = self.request.late.set(late);
                    }
                    return Poll::Ready(Some(Err(axum::Error::new(error))));
                }
                Poll::Ready(None) => self.has_ended = true,
                Poll::Pending if !buf.has_remaining() => return Poll::Pending,
                Poll::Pending => {}
            }
            let leaving = buf.has_remaining().then(|| Leaving {
                part: buf,
                request: Arc::clone(&self.request),
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

impl Drop for TrackedBody {
    fn drop(&mut self) {
        if !self.has_ended && !http_body::Body::is_end_stream(&self.body) {
            self.request.is_torn.store(true, Ordering::Relaxed);
        }
    }
}

/// Formats the time of each step, in milliseconds (Server Timing, 3).
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

/// Whether a client prefers HTML over formats for programs, as browsers do.
fn wants_html(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    accepted.is_some_and(|accepted| accepted.starts_with(b"text/html"))
}

/// Whether a client's value is safe for our log and headers.
fn is_sound(value: &HeaderValue) -> bool {
    const MAX: usize = 128;
    (1..=MAX).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
}

/// Copies a client's value, since it outlives the buffer of its head.
fn copied(value: &HeaderValue) -> HeaderValue {
    HeaderValue::from_bytes(value.as_bytes()).expect("it was a value before")
}

fn new_id() -> HeaderValue {
    let id = format!("{:032x}", fastrand::u128(..));
    HeaderValue::try_from(id).expect("hexadecimal digits")
}

/// Returns the method's name from a short list, since each name has a separate counter.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

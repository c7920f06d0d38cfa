//! A connection. Its requests are answered one after the other, or concurrently over HTTP/2.

use std::convert::Infallible;
use std::future::Future;
use std::net::IpAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use futures_util::FutureExt as _;
use hyper::body::Incoming;
use hyper::rt::{Sleep, Timer};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};

use crate::drain_body::DrainBody;
use crate::headers::REPLICA;
use crate::lifecycle::{Lifecycle, Stage};
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::phase::{Phase, RequestEnd};
use crate::request_record::Records;
use crate::timed_stream::{Patience, TimedStream};
use crate::tracked_request::{TrackedBody, track};

/// The first bytes of an HTTP/2 connection (RFC 9113, 3.4) that cannot begin an HTTP/1.1 request.
const PREFACE: &[u8] = b"PRI";

/// The maximum number of concurrent requests on an HTTP/2 connection.
const STREAMS: u32 = 32;

/// The initial window of HTTP/2, in bytes (RFC 9113, 6.9.2).
const LEAST_WINDOW: u32 = 65_535;

/// The maximum number of bytes that pings move while a client reads nothing of its answer. Any other activity moves
/// more.
const PINGS: u64 = 1 << 10;

/// A timer that never fires. Only if hyper has a timer does it read the next request at once, and thereby start the
/// timers of the stream.
#[derive(Debug)]
struct Never;

impl Future for Never {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl Sleep for Never {}

impl Timer for Never {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        Box::pin(Self)
    }

    fn sleep_until(&self, _: std::time::Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Self)
    }
}

/// The limits of connections.
#[derive(Debug)]
pub(crate) struct Terms {
    /// The address that the replica reports instead of its own.
    pub(crate) replica: Option<IpAddr>,
    pub(crate) http2: bool,
    /// The maximum age of a connection, give or take a tenth.
    pub(crate) age: Duration,
    /// The maximum number of requests, reduced by up to a tenth.
    pub(crate) requests: u32,
    pub(crate) patience: Patience,
    /// The time that an HTTP/2 client may leave a ping unanswered.
    pub(crate) stall: Duration,
}

/// The data that all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) terms: Terms,
    pub(crate) routes: Router,
    pub(crate) records: Records,
    pub(crate) lifecycle: Lifecycle,
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    shared: Arc<Shared>,
    peer: Peer,
    replica: HeaderValue,
    /// The time at which the service closes it.
    until: Instant,
    /// The number of requests after which the service closes it.
    max_requests: u32,
}

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>, peer: Peer) -> Self {
        let Terms {
            replica,
            age,
            requests,
            ..
        } = shared.terms;
        let replica = replica.unwrap_or(peer.local).to_string();
        // Connections that were opened at once are not closed at once: each is closed up to a tenth sooner or later.
        let age = age.mul_f64(0.9 + 0.2 * fastrand::f64());
        Self {
            peer,
            replica: HeaderValue::try_from(replica).expect("an address is plain ASCII"),
            until: Instant::now() + age,
            max_requests: requests - fastrand::u32(..=requests / 10),
            shared,
        }
    }

    /// Answers requests until the connection ends, or until `watcher` asks it to end.
    pub(crate) async fn serve(self, stream: TcpStream, watcher: Watcher) -> hyper::Result<()> {
        if !self.shared.terms.http2 {
            return self.http1(stream, watcher).await;
        }
        let mut first = [0; PREFACE.len()];
        let patience = self.shared.terms.patience.idle;
        match timeout(patience, stream.peek(&mut first)).await {
            Ok(Ok(_)) if first == PREFACE => {
                // The server waits for this connection as long as the watcher lives.
                let _watcher = watcher;
                self.http2(stream).await
            }
            Ok(_) => self.http1(stream, watcher).await,
            Err(_) => {
                self.metrics().closed("idle_timeout");
                Ok(())
            }
        }
    }

    fn metrics(&self) -> &Arc<Metrics> {
        &self.shared.records.metrics
    }

    fn timed(&self, stream: TcpStream, phase: Option<Phase>) -> TimedStream {
        let metrics = Arc::clone(self.metrics());
        TimedStream::new(stream, phase, self.shared.terms.patience, metrics)
    }

    async fn http1(self, stream: TcpStream, watcher: Watcher) -> hyper::Result<()> {
        let phase = Phase::default();
        let stream = self.timed(stream, Some(phase.clone()));
        let mut http = http1::Builder::new();
        http.timer(Never)
            .header_read_timeout(Duration::ZERO)
            .max_buf_size(self.peer.buffer);
        let service = service_fn(move |request| {
            let end = phase.begin();
            let is_last = self.is_last(phase.requests());
            let response = self.answer(request, &phase, end);
            response.map(move |mut response| {
                if is_last {
                    let close = HeaderValue::from_static("close");
                    response.headers_mut().insert(header::CONNECTION, close);
                }
                Ok::<_, Infallible>(response)
            })
        });
        watcher
            .watch(http.serve_connection(TokioIo::new(stream), service))
            .await
    }

    async fn http2(self, stream: TcpStream) -> hyper::Result<()> {
        let (shared, until) = (Arc::clone(&self.shared), self.until);
        let patience = shared.terms.patience;
        // There are no timers for heads. They come in frames of limited number and size, on a connection of limited
        // age.
        let stream = self.timed(stream, None);
        let moved = stream.moved();
        let window = u32::try_from(self.peer.buffer)
            .unwrap_or(LEAST_WINDOW)
            .max(LEAST_WINDOW);
        let mut http = http2::Builder::new(TokioExecutor::new());
        http.timer(TokioTimer::new())
            .keep_alive_interval(patience.idle)
            .keep_alive_timeout(shared.terms.stall)
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(window)
            .initial_connection_window_size(window);
        let (requests, told) = (AtomicU32::new(1), Arc::new(Notify::new()));
        let last = Arc::clone(&told);
        let service = service_fn(move |request| {
            if requests.fetch_add(1, Ordering::Relaxed) >= self.max_requests {
                last.notify_one();
            }
            let phase = Phase::default();
            let response = self.answer(request, &phase, phase.begin());
            response.map(Ok::<_, Infallible>)
        });
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let bound = tokio::select! {
            ended = connection.as_mut() => return ended,
            () = sleep_until(until) => Some("age"),
            () = told.notified() => Some("requests"),
            () = shared.lifecycle.draining() => None,
        };
        let metrics = &shared.records.metrics;
        if let Some(bound) = bound {
            metrics.closed(bound);
        }
        connection.as_mut().graceful_shutdown();
        // A client that reads nothing of its answer could still send pings, and would hold the memory of the answer.
        loop {
            let before = moved.load(Ordering::Relaxed);
            let ended = timeout(patience.write, connection.as_mut()).await;
            if let Ok(ended) = ended {
                return ended;
            }
            if moved.load(Ordering::Relaxed) - before <= PINGS {
                metrics.closed("write_stall");
                return Ok(());
            }
        }
    }

    /// Returns whether the service must close the connection after this request.
    fn is_last(&self, requests: u32) -> bool {
        let bound = if requests >= self.max_requests {
            "requests"
        } else if Instant::now() >= self.until {
            "age"
        } else {
            return self.shared.lifecycle.stage() == Stage::Draining;
        };
        self.metrics().closed(bound);
        true
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        phase: &Phase,
        end: RequestEnd,
    ) -> impl Future<Output = Response<TrackedBody>> + use<> {
        let (mut head, body) = request.into_parts();
        head.extensions.insert(self.peer);
        let body = Body::new(DrainBody::new(body, &head.headers, phase.clone()));
        let request = Request::from_parts(head, body);
        let Shared {
            records, routes, ..
        } = &*self.shared;
        let response = track(records.clone(), routes.clone(), request, end);
        let replica = self.replica.clone();
        response.map(move |mut response| {
            response.headers_mut().insert(REPLICA, replica);
            response
        })
    }
}

//! A connection: its requests are answered one after the other, or side by side where it speaks HTTP/2.

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
use axum::http::{HeaderName, HeaderValue, Request, header};
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

use crate::app::App;
use crate::exchange::{Followed, follow};
use crate::life::Stage;
use crate::linger::Lingering;
use crate::stream::{Phase, Timed};

/// Which replica answers.
const REPLICA: HeaderName = HeaderName::from_static("pdfmagic-replica");

/// How a connection of HTTP/2 begins (RFC 9113, 3.4), as far as nothing of HTTP/1.1 does.
const PREFACE: &[u8] = b"PRI";

/// Requests at a time on a connection of HTTP/2.
const STREAMS: u32 = 32;

/// The least that HTTP/2 lets a client send without being asked, in bytes (RFC 9113, 6.9.2).
const LEAST_WINDOW: u32 = 65_535;

/// The most that pings move in the time that a body may take, in bytes. Whatever else moves is more.
const PINGS: u64 = 1 << 10;

/// What requests know of the connection they came by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends {
    /// Our address.
    pub(crate) local: IpAddr,
    /// The client's.
    pub(crate) peer: IpAddr,
    /// Size of the buffer between, in bytes.
    pub(crate) buffer: usize,
}

/// A timer that never goes off, in place of one that the runtime would be asked for with each request.
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

/// Tells the timers of a connection, when it is dropped, that a request has ended.
#[derive(Debug)]
pub(crate) struct End(Phase);

impl Drop for End {
    fn drop(&mut self) {
        self.0.next();
    }
}

/// Who is at the other end, and what answers.
#[derive(Debug)]
pub(crate) struct Client {
    app: Arc<App>,
    routes: Router,
    ends: Ends,
    replica: HeaderValue,
    /// When the connection is to be closed.
    until: Instant,
    /// After how many requests it is to be closed.
    most: u32,
}

impl Client {
    pub(crate) fn new(app: Arc<App>, routes: Router, ends: Ends) -> Self {
        let replica = app.config.replica.unwrap_or(ends.local).to_string();
        // Not all at once, though they came at once: a tenth sooner or later.
        let age = app
            .config
            .connection_age
            .mul_f64(0.9 + 0.2 * fastrand::f64());
        let most = app.config.connection_requests;
        Self {
            routes,
            ends,
            replica: HeaderValue::try_from(replica).expect("an address is plain ASCII"),
            until: Instant::now() + age,
            most: most - fastrand::u32(..=most / 10),
            app,
        }
    }

    /// Answers requests until the connection ends, or `watcher` says that it is time.
    pub(crate) async fn serve(self, stream: TcpStream, watcher: Watcher) -> hyper::Result<()> {
        if !self.app.config.http2 {
            return self.http1(stream, watcher).await;
        }
        let mut first = [0; PREFACE.len()];
        let patience = self.app.config.idle_timeout;
        match timeout(patience, stream.peek(&mut first)).await {
            Ok(Ok(_)) if first == PREFACE => {
                // Counts as one to wait for, as long as it lives.
                let _watcher = watcher;
                self.http2(stream).await
            }
            Ok(_) => self.http1(stream, watcher).await,
            Err(_) => {
                self.app.metrics.closed("idle_timeout");
                Ok(())
            }
        }
    }

    async fn http1(self, stream: TcpStream, watcher: Watcher) -> hyper::Result<()> {
        let app = Arc::clone(&self.app);
        let phase = Phase::default();
        let stream = Timed::new(stream, Some(phase.clone()), app);
        let mut http = http1::Builder::new();
        // hyper looks for another request at once, and so starts the timers of the stream, only where it has one of its own.
        http.timer(Never)
            .header_read_timeout(Duration::ZERO)
            .max_buf_size(self.ends.buffer);
        let service = service_fn(move |request| {
            phase.next();
            let is_last = self.is_last(phase.requests());
            let response = self.answer(request, End(phase.clone()));
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
        let (app, until) = (Arc::clone(&self.app), self.until);
        // Heads come in frames whose number and size are bounded, on a connection whose age is.
        let stream = Timed::new(stream, None, Arc::clone(&app));
        let moved = stream.moved();
        let window = u32::try_from(self.ends.buffer)
            .unwrap_or(LEAST_WINDOW)
            .max(LEAST_WINDOW);
        let mut http = http2::Builder::new(TokioExecutor::new());
        http.timer(TokioTimer::new())
            .keep_alive_interval(app.config.idle_timeout)
            .keep_alive_timeout(app.config.stall_timeout)
            .max_concurrent_streams(STREAMS)
            .initial_stream_window_size(window)
            .initial_connection_window_size(window);
        let (requests, told) = (AtomicU32::new(1), Arc::new(Notify::new()));
        let last = Arc::clone(&told);
        let service = service_fn(move |request| {
            if requests.fetch_add(1, Ordering::Relaxed) >= self.most {
                last.notify_one();
            }
            let response = self.answer(request, End(Phase::default()));
            response.map(Ok::<_, Infallible>)
        });
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let bound = tokio::select! {
            ended = connection.as_mut() => return ended,
            () = sleep_until(until) => Some("age"),
            () = told.notified() => Some("requests"),
            () = app.life.draining() => None,
        };
        if let Some(bound) = bound {
            app.metrics.closed(bound);
        }
        connection.as_mut().graceful_shutdown();
        // A client that takes nothing of its answer can still send pings, and would hold the memory for it.
        loop {
            let before = moved.load(Ordering::Relaxed);
            let ended = timeout(app.config.body_timeout, connection.as_mut()).await;
            if let Ok(ended) = ended {
                return ended;
            }
            if moved.load(Ordering::Relaxed) - before <= PINGS {
                app.metrics.closed("write_stall");
                return Ok(());
            }
        }
    }

    /// Whether the connection is to be closed after this request.
    fn is_last(&self, requests: u32) -> bool {
        let bound = if requests >= self.most {
            "requests"
        } else if Instant::now() >= self.until {
            "age"
        } else {
            return self.app.life.stage() == Stage::Draining;
        };
        self.app.metrics.closed(bound);
        true
    }

    fn answer(
        &self,
        request: Request<Incoming>,
        end: End,
    ) -> impl Future<Output = Response<Followed>> + use<> {
        let (mut head, body) = request.into_parts();
        head.extensions.insert(self.ends);
        let body = Body::new(Lingering::new(body, &head.headers));
        let request = Request::from_parts(head, body);
        let response = follow(Arc::clone(&self.app), self.routes.clone(), request, end);
        let replica = self.replica.clone();
        response.map(move |mut response| {
            response.headers_mut().insert(REPLICA, replica);
            response
        })
    }
}

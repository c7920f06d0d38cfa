//! Accepts connections, and lets them finish at the end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::http::{HeaderName, HeaderValue, Request, header};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tower::Service as _;

use crate::config::Config;
use crate::routes::{LocalAddress, router};
use crate::stream::{Phase, Timed};

/// Which replica answers.
const REPLICA: HeaderName = HeaderName::from_static("pdfmagic-replica");

/// Each connection may have a buffer of this size, in bytes. Larger ones are no faster.
const READ_AT_ONCE: usize = 64 << 10;

/// Tells a connection's timers that its request has ended.
struct End(Phase);

impl Drop for End {
    fn drop(&mut self) {
        self.0.next();
    }
}

/// A body that ends its request when it is done with.
struct Followed {
    body: axum::body::Body,
    _end: End,
}

impl Body for Followed {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Serves until `shutdown`; then is not ready for `config.drain_delay`, so that balancers turn elsewhere; then lets
/// requests in flight finish, for `config.grace` at most.
///
/// `axum::serve` is not used, since it cannot time out a client that sends no request.
pub async fn run(listener: TcpListener, config: &Config, shutdown: impl Future<Output = ()>) {
    let is_draining = Arc::new(AtomicBool::new(false));
    let app = router(config, Arc::clone(&is_draining));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(config.idle_timeout)
        .max_buf_size(READ_AT_ONCE);
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(config.max_connections));
    let serve = async {
        loop {
            // Until there is a place (an error would mean that the semaphore is closed, which it never is), clients wait in the system's own queue.
            let place = Arc::clone(&places).acquire_owned().await;
            let (stream, local) = accept(&listener).await;
            let phase = Phase::default();
            let replica = config.replica.unwrap_or(local.ip()).to_string();
            // An address is plain ASCII, which a header can hold.
            let replica = HeaderValue::try_from(replica).ok();
            let io = Timed::new(
                stream,
                phase.clone(),
                config.header_timeout,
                config.stall_timeout,
            );
            // Not all at once, though they came at once: a tenth sooner or later.
            let until = Instant::now() + config.connection_age.mul_f64(0.9 + 0.2 * fastrand::f64());
            let (app, most, is_draining) = (
                app.clone(),
                config.connection_requests,
                Arc::clone(&is_draining),
            );
            let service = service_fn(move |mut request: Request<Incoming>| {
                phase.next();
                request.extensions_mut().insert(LocalAddress(local));
                let is_last = phase.requests() >= most
                    || Instant::now() >= until
                    || is_draining.load(Ordering::Relaxed);
                let answer = app.clone().call(request);
                let end = End(phase.clone());
                let replica = replica.clone();
                async move {
                    let mut response = answer.await?;
                    response
                        .headers_mut()
                        .extend(replica.map(|replica| (REPLICA, replica)));
                    if is_last {
                        let close = HeaderValue::from_static("close");
                        response.headers_mut().insert(header::CONNECTION, close);
                    }
                    Ok::<_, Infallible>(response.map(|body| Followed { body, _end: end }))
                }
            });
            let connection = connections.watch(http.serve_connection(TokioIo::new(io), service));
            tokio::spawn(async move {
                // A connection that fails concerns its client alone.
                drop(connection.await);
                drop(place);
            });
        }
    };
    let stop = async {
        shutdown.await;
        is_draining.store(true, Ordering::Relaxed);
        tokio::time::sleep(config.drain_delay).await;
    };
    tokio::select! {
        () = serve => {}
        () = stop => {}
    }
    drop(listener);
    if tokio::time::timeout(config.grace, connections.shutdown())
        .await
        .is_err()
    {
        eprintln!("pdfmagic-http: stopped with requests still in flight");
    }
}

/// The next connection, and our end's address.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        let accepted = listener.accept().await.and_then(|(stream, _)| {
            stream.set_nodelay(true)?;
            let local = stream.local_addr()?;
            Ok((stream, local))
        });
        match accepted {
            Ok(accepted) => return accepted,
            Err(error) => {
                eprintln!("pdfmagic-http: accept: {error}");
                // Out of descriptors, perhaps: some are about to be given back.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

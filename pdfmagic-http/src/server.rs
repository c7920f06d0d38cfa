//! Accepts connections, and lets them finish at the end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tower::Service as _;

use crate::config::Config;
use crate::routes::{LocalAddress, router};

/// Serves until `shutdown`; then is not ready for `config.drain_delay`, so that balancers turn elsewhere; then lets
/// requests in flight finish, for `config.grace` at most.
///
/// `axum::serve` is not used, since it cannot time out a client that sends no request.
pub async fn run(listener: TcpListener, config: &Config, shutdown: impl Future<Output = ()>) {
    let is_draining = Arc::new(AtomicBool::new(false));
    let app = router(config, Arc::clone(&is_draining));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout);
    let connections = GracefulShutdown::new();
    let serve = async {
        loop {
            let (stream, local) = accept(&listener).await;
            let app = app.clone();
            let service = service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(LocalAddress(local));
                app.clone().call(request)
            });
            let connection =
                connections.watch(http.serve_connection(TokioIo::new(stream), service));
            // A connection that fails concerns its client alone.
            tokio::spawn(async move { drop(connection.await) });
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

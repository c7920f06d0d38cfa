//! `echo`: sends each body back. This is the least that a service on the same libraries does: axum on hyper, with
//! pdfmagic-http's allocator, socket options and timeout for heads, on tokio's runtime with its defaults.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use bytes::Bytes;
use clap::Parser;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// Sends each body back.
#[derive(Debug, Parser)]
struct Arguments {
    /// Address and port to listen on.
    #[arg(long)]
    listen: SocketAddr,
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    pdfmagic_http::settle_environment();
    let listener = TcpListener::bind(Arguments::parse().listen).await?;
    let routes = Router::new()
        .route("/", post(async |body: Bytes| body))
        .layer(DefaultBodyLimit::disable());
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(5));
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let service = TowerToHyperService::new(routes.clone());
        let connection = http.serve_connection(TokioIo::new(stream), service);
        // The client sees the error of a failed connection.
        tokio::spawn(async move { drop(connection.await) });
    }
}

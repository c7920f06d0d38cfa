//! The interface for operators. It has its own port and its own thread, so that it answers under any load.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use memchr::memmem;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::listen::accept;
use crate::metrics::{Metrics, classic};
use crate::paths;
use crate::problem::Problem;
use crate::routes::health;
use crate::service::Service;
use crate::timed_stream::{Patience, TimedStream};

/// The maximum number of connections at a time. Others wait in the system's queue.
const CONNECTIONS: usize = 64;

/// Answers on a separate thread until the process ends. `clients` is the runtime that serves clients.
pub(crate) fn start(
    listener: TcpListener,
    service: &Arc<Service>,
    clients: Handle,
) -> io::Result<()> {
    let listener = listener.into_std()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let (routes, patience) = (all(service, clients), service.config.stall_timeout);
    let metrics = Arc::clone(&service.records.metrics);
    let serve = move || runtime.block_on(serve(listener, routes, patience, metrics));
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(serve)?;
    Ok(())
}

async fn serve(
    listener: std::net::TcpListener,
    routes: Router,
    patience: Duration,
    metrics: Arc<Metrics>,
) -> io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    let mut http = http1::Builder::new();
    http.keep_alive(false);
    let routes = TowerToHyperService::new(routes);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let (stream, _) = accept(&listener).await;
        let bounds = Patience {
            idle: patience,
            head: patience,
            write: patience,
        };
        // Without a phase, only writes are timed. It replaces the empty answers of hyper itself by problem documents.
        let stream = TimedStream::new(stream, None, bounds, Arc::clone(&metrics));
        let connection = http.serve_connection(TokioIo::new(stream), routes.clone());
        tokio::spawn(async move {
            // A client that sends no request, or does not read its answer, makes room for others.
            drop(timeout(patience, connection).await);
            drop(place);
        });
    }
}

fn all(service: &Arc<Service>, runtime: Handle) -> Router {
    let shown = Arc::clone(service);
    let settings = async move || Json(settings(&shown));
    let measured = Arc::clone(service);
    let metrics = async move |headers: HeaderMap| {
        let tasks = runtime.metrics().num_alive_tasks();
        metrics(&measured.open_metrics(tasks), &headers)
    };
    Router::from(health::router(service.lifecycle.clone()))
        .route(paths::METRICS, get(metrics))
        .route(paths::CONFIG, get(settings))
        .fallback(async || Problem::NotFound {
            hint: "GET /livez, /readyz, /metrics or /config",
        })
        .method_not_allowed_fallback(async |method| Problem::Method {
            method,
            hint: "use GET",
        })
        .layer(from_fn(note))
}

/// Logs requests at the lowest level, since probes come every second.
async fn note(request: Request, next: Next) -> Response {
    let asked = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    tracing::debug!("admin port: {asked}: {}", response.status().as_u16());
    response
}

/// Returns the metrics in the requested format.
fn metrics(open_metrics: &str, headers: &HeaderMap) -> impl IntoResponse + use<> {
    const OPEN_METRICS: &str = "application/openmetrics-text";
    let accepted = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    let is_open =
        accepted.is_some_and(|accepted| memmem::find(accepted, OPEN_METRICS.as_bytes()).is_some());
    let (content_type, text) = if is_open {
        (
            format!("{OPEN_METRICS}; version=1.0.0; charset=utf-8"),
            open_metrics.to_owned(),
        )
    } else {
        (
            "text/plain; version=0.0.4; charset=utf-8".to_owned(),
            classic(open_metrics),
        )
    };
    ([(header::CONTENT_TYPE, content_type)], text)
}

fn settings(service: &Service) -> Map<String, Value> {
    let settings = service.config.settings.iter();
    settings
        .map(|(name, value)| (name.clone(), value.as_str().into()))
        .collect()
}

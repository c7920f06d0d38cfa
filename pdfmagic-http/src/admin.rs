//! What concerns operators: on a port of its own, and on a thread of its own, so that load never makes it silent.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use memchr::memmem;
use serde_json::{Map, Value};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::life::Stage;
use crate::metrics::classic;
use crate::server::accept;

/// Connections at a time. Others wait in the system's own queue.
const CONNECTIONS: usize = 64;

/// Answers on a thread of its own until the process ends.
pub(crate) fn start(address: SocketAddr, app: &Arc<App>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    let address = listener.local_addr()?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let app = Arc::clone(app);
    let serve = move || runtime.block_on(serve(listener, app));
    std::thread::Builder::new()
        .name("admin".to_owned())
        .spawn(serve)?;
    Ok(address)
}

async fn serve(listener: TcpListener, app: Arc<App>) -> io::Result<Infallible> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let mut http = http1::Builder::new();
    http.keep_alive(false);
    let patience = app.config.stall_timeout;
    let routes = TowerToHyperService::new(all().with_state(app));
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let place = Arc::clone(&places).acquire_owned().await;
        let (stream, _) = accept(&listener).await;
        let connection = http.serve_connection(TokioIo::new(stream), routes.clone());
        tokio::spawn(async move {
            // Whoever asks nothing, or takes no answer, makes room for others; what else goes wrong is the client's affair.
            drop(timeout(patience, connection).await);
            drop(place);
        });
    }
}

fn all() -> Router<Arc<App>> {
    Router::from(health())
        .route("/metrics", get(metrics))
        .route("/config", get(settings))
}

/// Liveness and readiness. Clients may ask too, since some balancers check the port that they send to.
pub(crate) fn health() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(liveness))
        .routes(routes!(readiness))
}

/// Whether the process lives.
#[utoipa::path(
    get,
    path = "/livez",
    responses((status = 200, description = "It does", body = String, content_type = "text/plain")),
)]
async fn liveness() -> &'static str {
    "ok\n"
}

/// Whether requests should be sent here.
#[utoipa::path(
    get,
    path = "/readyz",
    responses(
        (status = 200, description = "They should", body = String, content_type = "text/plain"),
        (status = 503, description = "Not yet, or no longer", body = String, content_type = "text/plain"),
    ),
)]
async fn readiness(State(app): State<Arc<App>>) -> (StatusCode, String) {
    let stage = app.life.stage();
    let status = if stage == Stage::Serving {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, format!("{}\n", stage.name()))
}

/// In the format that is asked for.
async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> impl IntoResponse {
    const OPEN_METRICS: &str = "application/openmetrics-text";
    let accepted = headers.get(header::ACCEPT).map(HeaderValue::as_bytes);
    let is_open =
        accepted.is_some_and(|accepted| memmem::find(accepted, OPEN_METRICS.as_bytes()).is_some());
    let text = app.metrics.open_metrics(&app);
    let (content_type, text) = if is_open {
        (
            format!("{OPEN_METRICS}; version=1.0.0; charset=utf-8"),
            text,
        )
    } else {
        (
            "text/plain; version=0.0.4; charset=utf-8".to_owned(),
            classic(&text),
        )
    };
    ([(header::CONTENT_TYPE, content_type)], text)
}

async fn settings(State(app): State<Arc<App>>) -> Json<Map<String, Value>> {
    let settings = app.config.settings.iter();
    Json(
        settings
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect(),
    )
}

//! What is at which address.

mod convert;
mod page;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::Response;
use axum::routing::{get, post};

use pdfmagic_core::Limits;

use crate::budget::Budget;
use crate::config::Config;
use crate::problem::Problem;
use crate::upload::Bounds;
use crate::workers::Workers;

/// Memory that a pixel takes while it is coded anew: the coefficients of four components, and the result.
const BYTES_PER_PIXEL: usize = 16;

/// Our end of the connection that a request came by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalAddress(pub(crate) SocketAddr);

/// What the routes share.
#[derive(Debug, Clone)]
struct App {
    bounds: Bounds,
    max_parts: usize,
    limits: Limits,
    budget: Budget,
    workers: Workers,
    replica: Option<IpAddr>,
    is_draining: Arc<AtomicBool>,
}

/// The service without a socket. It is ready until `is_draining`.
pub fn router(config: &Config, is_draining: Arc<AtomicBool>) -> Router {
    let mut limits = Limits::default();
    limits.max_pixels = config
        .max_pixels
        .min((config.memory_budget() / BYTES_PER_PIXEL) as u64);
    limits.max_scans = config.max_scans;
    limits.max_segments = config.max_segments;
    Router::new()
        .route("/", get(page::show).post(convert::form))
        .route("/v1/pdf", post(convert::raw))
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readiness))
        .route("/Download/{*id}", get(async || Problem::NothingKept))
        .route("/style.css", get(page::style))
        .route("/script.js", get(page::script))
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async |method| Problem::Method(method))
        .layer(map_response(common_headers))
        .with_state(App {
            bounds: Bounds {
                size: config.max_body,
                time: config.body_timeout,
                stall: config.stall_timeout,
            },
            max_parts: config.max_parts,
            limits,
            budget: Budget::new(config.memory_budget()),
            workers: Workers::new(config.workers(), config.queue, config.queue_timeout),
            replica: config.replica,
            is_draining,
        })
}

async fn readiness(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.is_draining.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ready\n")
    }
}

/// Nothing is to be stored on the way, guessed from its content, or framed by another page.
async fn common_headers(mut response: Response) -> Response {
    const COMMON: [(HeaderName, &str); 3] = [
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
             img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
    ];
    for (name, value) in COMMON {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

//! What is at which address.

mod convert;
mod order;
mod page;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{get, post};

use crate::admin;
use crate::app::App;
use crate::exchange;
use crate::problem::Problem;

/// Everything that clients may ask, without a socket.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/", get(page::show).post(convert::form))
        .route("/v1/pdf", post(convert::pdf))
        .route("/Download/{*id}", get(async || Problem::NothingKept))
        .route("/style.css", get(page::style))
        .route("/script.js", get(page::script))
        .merge(admin::health())
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async |method| Problem::Method(method))
        .layer(map_response(common_headers))
        .layer(from_fn_with_state(Arc::clone(app), exchange::follow))
        .with_state(Arc::clone(app))
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

//! What is at which address.

mod api;
mod convert;
mod inspect;
mod order;
mod page;
mod scratch;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use bytes::Bytes;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::api::Api;
pub(crate) use self::scratch::Scratch;
use crate::app::App;
use crate::problem::Problem;
use crate::{admin, admission, exchange};

/// Everything that clients may ask, without a socket.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let mut conversions = OpenApiRouter::new()
        .routes(routes!(convert::form))
        .routes(routes!(convert::pdf))
        .routes(routes!(inspect::inspect));
    if app.config.token.is_some() || app.rates.is_some() {
        let admit = from_fn_with_state(Arc::clone(app), admission::admit);
        conversions = conversions.route_layer(admit);
    }
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(page::show))
        .merge(conversions)
        .merge(admin::health())
        .split_for_parts();
    let api = Bytes::from(api.to_json().expect("an OpenAPI document is JSON"));
    let document = async || ([(header::CONTENT_TYPE, "application/json")], api);
    let mut router = router
        .route("/openapi.json", get(document))
        .route("/Download/{*id}", get(async || Problem::NothingKept))
        .route("/style.css", get(page::style))
        .route("/script.js", get(page::script))
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async |method| Problem::Method(method));
    if !app.config.cors_origins.is_empty() {
        router = router.layer(cors(&app.config.cors_origins));
    }
    router.with_state(Arc::clone(app))
}

/// What metrics and logs call an address. Never the path itself, of which there are as many as clients think of.
pub(crate) fn template(path: &str) -> &'static str {
    const ADDRESSES: [&str; 8] = [
        "/",
        "/v1/pdf",
        "/v1/inspect",
        "/openapi.json",
        "/style.css",
        "/script.js",
        "/livez",
        "/readyz",
    ];
    let known = ADDRESSES.into_iter().find(|address| *address == path);
    known.unwrap_or(if path.starts_with("/Download/") {
        "/Download/{*id}"
    } else {
        "other"
    })
}

/// What pages of other sites may ask, and see of the answers.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let shown = [
        header::CONTENT_DISPOSITION,
        header::RETRY_AFTER,
        exchange::REQUEST_ID,
        exchange::SERVER_TIMING,
        exchange::NOTICES,
    ];
    let origins = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().cloned())
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            exchange::REQUEST_ID,
        ])
        .expose_headers(shown)
}

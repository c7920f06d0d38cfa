//! What is at which address.

mod api;
mod convert;
mod inspect;
mod order;
mod page;
mod stream;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::api::Api;
use crate::app::App;
use crate::problem::Problem;
use crate::{admin, admission, exchange};

/// Everything that clients may ask, without a socket.
pub(crate) fn router(app: &Arc<App>) -> Router {
    let conversions = OpenApiRouter::new()
        .routes(routes!(convert::form))
        .routes(routes!(convert::pdf))
        .routes(routes!(inspect::inspect))
        .route_layer(from_fn_with_state(Arc::clone(app), admission::admit));
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(page::show))
        .merge(conversions)
        .merge(admin::health())
        .split_for_parts();
    let api = Bytes::from(api.to_json().expect("an OpenAPI document is JSON"));
    let document = async || ([(header::CONTENT_TYPE, "application/json")], api);
    router
        .route("/openapi.json", get(document))
        .route("/Download/{*id}", get(async || Problem::NothingKept))
        .route("/style.css", get(page::style))
        .route("/script.js", get(page::script))
        .fallback(async || Problem::NotFound)
        .method_not_allowed_fallback(async |method| Problem::Method(method))
        .layer(CatchPanicLayer::custom(|_| Problem::Bug.into_response()))
        .layer(map_response(common_headers))
        .layer(cors(&app.config.cors_origins))
        .layer(from_fn_with_state(Arc::clone(app), exchange::follow))
        .with_state(Arc::clone(app))
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

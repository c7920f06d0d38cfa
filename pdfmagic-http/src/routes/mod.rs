//! The routes of the service.

mod api;
mod assets;
mod conversion_request;
mod convert;
mod converter;
mod docs;
pub(crate) mod health;
mod html;
mod inspect;
mod language;
mod limits;
mod page;
mod pdf_answer;
mod plan;
mod plan_photos;
mod recipe;
mod streamed;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::api::Api;
pub(crate) use self::converter::{Converter, UploadBounds};
use crate::admission::{Admission, admit};
use crate::headers::{NOTICES, REQUEST_ID, SERVER_TIMING};
use crate::lifecycle::Lifecycle;
use crate::paths;
use crate::problem::Problem;

/// Returns all routes for clients, without a socket.
pub(crate) fn router(
    converter: Converter,
    admission: Admission,
    lifecycle: Lifecycle,
    replica: Option<IpAddr>,
    origins: &[HeaderValue],
) -> Router {
    let about = page::About {
        replica,
        max_form: converter.bounds.form_size,
        max_files: converter.bounds.files,
    };
    let limits = limits::Limits::of(&converter.bounds, &converter.limits);
    let mut conversions = OpenApiRouter::new()
        .routes(routes!(convert::form))
        .routes(routes!(convert::pdf))
        .routes(routes!(plan::plan))
        .routes(routes!(inspect::inspect))
        .with_state(Arc::new(converter));
    if admission.is_needed() {
        let admit = from_fn_with_state(Arc::new(admission), admit);
        conversions = conversions.route_layer(admit);
    }
    let page = OpenApiRouter::new()
        .routes(routes!(page::show))
        .with_state(about);
    let (router, mut api) = OpenApiRouter::with_openapi(Api::openapi())
        .merge(page)
        .merge(conversions)
        .merge(limits::router(limits.clone()))
        .merge(health::router(lifecycle))
        .split_for_parts();
    api::simplify(&mut api);
    api::enumerate_codes(&mut api);
    let operations = docs::operations(&serde_json::to_value(&api).expect("it is JSON"));
    let operations: Arc<str> = operations.into();
    let docs = async move |headers: HeaderMap| docs::show(&headers, &operations);
    let document = async move |headers: HeaderMap| api::document(&api, &headers);
    let mut router = router
        .route(paths::API, get(document))
        .route(paths::DOWNLOAD, get(async || Problem::NothingKept))
        .route(paths::DOCS, get(docs))
        .route(paths::ASSETS, get(assets::show))
        .route(paths::MANIFEST, get(page::manifest))
        .route(paths::SERVICE_WORKER, get(assets::service_worker))
        .fallback(async || Problem::NotFound {
            hint: "POST a form to /, or a JPEG to /v1/pdf",
        })
        .method_not_allowed_fallback(async |method| Problem::Method {
            method,
            hint: "send JPEGs by POST, as with curl --data-binary @photo.jpg",
        });
    for (path, allowed) in [
        (paths::PAGE, "GET, HEAD, OPTIONS, POST"),
        (paths::PDF, "OPTIONS, POST"),
        (paths::PLAN, "OPTIONS, POST"),
        (paths::INSPECT, "OPTIONS, POST"),
    ] {
        router = router.route(path, limits::options(limits.clone(), allowed));
    }
    if !origins.is_empty() {
        router = router.layer(cors(origins));
    }
    router
}

/// Defines what pages of other sites may request, and what they may see of the answers.
fn cors(origins: &[HeaderValue]) -> CorsLayer {
    let shown = [
        header::CONTENT_DISPOSITION,
        header::RETRY_AFTER,
        REQUEST_ID,
        SERVER_TIMING,
        NOTICES,
    ];
    let origins = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().cloned())
    };
    CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE, REQUEST_ID])
        .expose_headers(shown)
}

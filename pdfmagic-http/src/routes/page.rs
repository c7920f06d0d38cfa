//! The upload page.

use std::net::IpAddr;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use serde_json::json;

use super::assets;
use super::html::{escape, fill};
use super::language::Language;
use super::plan_photos::MAX_PHOTOS;
use crate::peer::Peer;

/// Headers that restrict a page: it may load its own parts, send requests to this service, and not be framed.
const PROTECTION: [(HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob:; \
         connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
];

/// The values shown on the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct About {
    pub(super) replica: Option<IpAddr>,
    /// The maximum size of a form, in bytes.
    pub(super) max_form: usize,
    /// The maximum number of files of a form.
    pub(super) max_files: usize,
}

/// Upload page. It names the replica that answers, since people observe a balancer with it.
#[utoipa::path(
    get,
    path = "/",
    operation_id = "page",
    tag = "page",
    responses(
        (status = 200, description = "The page", body = String, content_type = "text/html"),
        super::api::LongHead,
    ),
    security(()),
)]
pub(super) async fn show(
    State(about): State<About>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
) -> Response {
    let language = Language::preferred(&headers);
    let texts = language.texts();
    let local = peer.map(|Extension(peer)| peer.local);
    let replica = about
        .replica
        .or(local)
        .map_or("an unknown address".to_owned(), |ip| ip.to_string());
    let limits = json!({
        "body": about.max_form,
        "files": MAX_PHOTOS,
        "whole": about.max_files,
    });
    let data = json!({ "texts": texts, "limits": limits });
    let html = fill(include_str!("../../web/index.html"), |name| match name {
        "lang" => language.tag().to_owned(),
        "assets" => assets::folder(),
        // Nothing in the data may end the element.
        "data" => data.to_string().replace('<', "\\u003c"),
        "replica" => escape(&replica),
        name => escape(&texts[name]),
    });
    page(html, language)
}

/// Returns a page as an answer.
pub(super) fn page(html: String, language: Language) -> Response {
    let mut response = Html(html).into_response();
    let headers = response.headers_mut();
    for (name, value) in PROTECTION {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let tag = HeaderValue::from_static(language.tag());
    headers.insert(header::CONTENT_LANGUAGE, tag);
    let vary = HeaderValue::from_static("accept-language");
    headers.insert(header::VARY, vary);
    let no_cache = HeaderValue::from_static("no-cache");
    headers.insert(header::CACHE_CONTROL, no_cache);
    response
}

/// Returns the manifest, which allows installing the page as an application.
pub(super) async fn manifest(headers: HeaderMap) -> impl IntoResponse {
    let language = Language::preferred(&headers);
    let icon = |name: &str, sizes: &str, media_type: &str| {
        json!({
            "src": format!("{}{name}", assets::folder()), "sizes": sizes, "type": media_type,
        })
    };
    let manifest = json!({
        "name": language.texts()["title"],
        "short_name": "pdfmagic",
        "lang": language.tag(),
        "start_url": "./",
        "scope": "./",
        "display": "standalone",
        "background_color": "#f4f6f9",
        "theme_color": "#0a4fbf",
        "icons": [
            icon("icon.svg", "any", "image/svg+xml"),
            icon("icon-192.png", "192x192", "image/png"),
            icon("icon-512.png", "512x512", "image/png"),
        ],
    });
    let headers = [
        (header::CONTENT_TYPE, "application/manifest+json"),
        (header::VARY, "accept-language"),
    ];
    (headers, manifest.to_string())
}

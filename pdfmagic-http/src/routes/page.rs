//! The page to upload from.

use std::net::IpAddr;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse};

use crate::peer::Peer;

/// The page loads its own parts, asks this service, and is framed by no other.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page to upload from. Says which replica answers, since people watch a balancer by it.
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
    State(replica): State<Option<IpAddr>>,
    peer: Option<Extension<Peer>>,
) -> impl IntoResponse {
    let local = peer.map(|Extension(peer)| peer.local);
    let replica = replica
        .or(local)
        .map_or("an unknown address".to_owned(), |ip| ip.to_string());
    let page = include_str!("../../web/index.html").replace("{replica}", &replica);
    ([(header::CONTENT_SECURITY_POLICY, POLICY)], Html(page))
}

pub(super) async fn style() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/css; charset=utf-8")],
        include_str!("../../web/style.css"),
    )
}

pub(super) async fn script() -> impl IntoResponse {
    let content_type = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (content_type, include_str!("../../web/script.js"))
}

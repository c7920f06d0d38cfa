//! The files of the page. They are embedded, compressed once, and have addresses that change with their content.

use std::hash::{DefaultHasher, Hasher};
use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use miniz_oxide::deflate::compress_to_vec_zlib;

use crate::problem::Problem;

/// A file of the page.
struct Asset {
    name: &'static str,
    media_type: &'static str,
    bytes: &'static [u8],
}

macro_rules! asset {
    ($name:literal, $media_type:expr) => {
        Asset {
            name: $name,
            media_type: $media_type,
            bytes: include_bytes!(concat!("../../web/", $name)),
        }
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = &[
    asset!("app.js", SCRIPT),
    asset!("cards.js", SCRIPT),
    asset!("geometry.js", SCRIPT),
    asset!("header.js", SCRIPT),
    asset!("plan.js", SCRIPT),
    asset!("result.js", SCRIPT),
    asset!("send.js", SCRIPT),
    asset!("texts.js", SCRIPT),
    asset!("thumbs.js", SCRIPT),
    asset!("style.css", "text/css; charset=utf-8"),
    asset!("icon.svg", "image/svg+xml"),
    asset!("icon-192.png", "image/png"),
    asset!("icon-512.png", "image/png"),
];

/// The hash of all assets.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    for asset in ASSETS {
        hasher.write(asset.bytes);
    }
    format!("{:016x}", hasher.finish())
});

/// All assets, compressed for `Content-Encoding: deflate` (RFC 9110, 8.4.1.2).
static COMPRESSED: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let compressed = ASSETS
        .iter()
        .map(|asset| compress_to_vec_zlib(asset.bytes, 9));
    compressed.map(Bytes::from).collect()
});

/// Returns the folder of the assets, relative to the page.
pub(super) fn folder() -> String {
    format!("assets/{}/", *HASH)
}

/// Returns one asset. During an update, a page may ask for assets of another version, and gets the current ones.
pub(super) async fn show(
    Path((hash, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let index = ASSETS.iter().position(|asset| asset.name == name);
    let index = index.ok_or(Problem::NotFound {
        hint: "the page is at /",
    })?;
    let asset = &ASSETS[index];
    let may_stay = if hash == *HASH {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let mut response = compressed(&headers, asset.bytes, &COMPRESSED[index]);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(asset.media_type),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(may_stay));
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    Ok(response)
}

/// Returns the service worker, which must be in the same folder as the page.
pub(super) async fn service_worker() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, SCRIPT),
        (header::CACHE_CONTROL, "no-cache"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, include_str!("../../web/sw.js"))
}

/// Returns a body that is compressed if the client accepts that.
fn compressed(headers: &HeaderMap, plain: &'static [u8], deflated: &Bytes) -> Response {
    let takes = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.split(',').any(|coding| coding.trim() == "deflate"));
    let mut response = if takes {
        let encoding = [(header::CONTENT_ENCODING, "deflate")];
        (encoding, deflated.clone()).into_response()
    } else {
        Bytes::from_static(plain).into_response()
    };
    let vary = HeaderValue::from_static("accept-encoding");
    response.headers_mut().insert(header::VARY, vary);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_small() {
        let texts = include_bytes!("../../web/texts.json");
        let html = include_bytes!("../../web/index.html");
        let others = [&texts[..], html].map(|file| compress_to_vec_zlib(file, 9).len());
        let all: usize = COMPRESSED.iter().map(Bytes::len).sum();
        let all = all + others.iter().sum::<usize>();
        assert!(all < 40_000, "{all} bytes");
    }
}

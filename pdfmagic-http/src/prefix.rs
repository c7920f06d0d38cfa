//! The path prefix that a proxy has removed.

use axum::http::HeaderMap;

use crate::headers::FORWARDED_PREFIX;

/// Returns the path under which a proxy offers this service, from `X-Forwarded-Prefix`, without a slash at the end. It is
/// empty if there is no such header, or if its value is not a plain path: links must never lead to another host.
pub(crate) fn forwarded_prefix(headers: &HeaderMap) -> &str {
    let is_path = |prefix: &&str| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
        prefix.starts_with('/') && !prefix.starts_with("//") && prefix.bytes().all(plain)
    };
    let stated = headers.get(FORWARDED_PREFIX);
    let stated = stated.and_then(|prefix| prefix.to_str().ok());
    stated
        .filter(is_path)
        .unwrap_or_default()
        .trim_end_matches('/')
}

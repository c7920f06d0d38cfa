//! Names of headers that the http crate does not define.

use axum::http::HeaderName;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// The path prefix that a proxy has removed.
pub(crate) const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
/// Anything unusual about the input, as codes.
pub(crate) const NOTICES: HeaderName = HeaderName::from_static("pdfmagic-notices");
/// The address of the replica that answers.
pub(crate) const REPLICA: HeaderName = HeaderName::from_static("pdfmagic-replica");

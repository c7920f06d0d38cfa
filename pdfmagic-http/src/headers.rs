//! Names of headers that no standard crate has.

use axum::http::HeaderName;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(crate) const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");
/// The path that a proxy has taken off the address.
pub(crate) const FORWARDED_PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
/// What was unusual about the input, as codes.
pub(crate) const NOTICES: HeaderName = HeaderName::from_static("pdfmagic-notices");
/// The address of the replica that answers.
pub(crate) const REPLICA: HeaderName = HeaderName::from_static("pdfmagic-replica");

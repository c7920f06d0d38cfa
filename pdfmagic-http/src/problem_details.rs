//! Problems as clients see them (RFC 9457).

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// An error, for people and programs (RFC 9457).
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ProblemDetails {
    /// `about:blank`, since `code` says more than a page would.
    pub(crate) r#type: &'static str,
    /// Meaning of the status.
    pub(crate) title: &'static str,
    /// Status.
    pub(crate) status: u16,
    /// Description of the problem, its place, and a remedy, in one sentence.
    pub(crate) detail: String,
    /// Stable name, for programs.
    #[schema(example = "format.truncated")]
    pub(crate) code: &'static str,
    /// Requested address and, after `#`, the request's `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/v1/pdf#4bf92f3577b34da6a3ce929d0e0e4736", nullable = false)]
    pub(crate) instance: Option<String>,
    /// Files of a plan that are faulty, or of which more is needed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) inputs: Vec<InputProblem>,
}

/// A file that is faulty, or of which more is needed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InputProblem {
    /// Number of the file in the request, from 0.
    #[schema(value_type = u64)]
    pub(crate) input: usize,
    /// Client's name for the file.
    pub(crate) name: String,
    /// Stable name, for programs. `input.more`: send the ranges as well; `input.whole`: send the whole file.
    #[schema(example = "input.more")]
    pub(crate) code: &'static str,
    /// Description of the problem, or why more is needed.
    pub(crate) detail: String,
    /// Ranges that are needed in addition to what was sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub(crate) ranges: Vec<ByteRange>,
    #[serde(skip)]
    pub(crate) status: StatusCode,
}

/// A range of a file, in bytes.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ByteRange {
    /// First byte, counted from 0.
    pub(crate) start: u64,
    /// Byte after the last.
    pub(crate) end: u64,
}

impl ProblemDetails {
    pub(crate) fn json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("text and numbers can be JSON")
    }

    /// Returns the problem as a page for browsers.
    pub(crate) fn html(&self) -> String {
        let Self {
            title,
            status,
            detail,
            code,
            ..
        } = self;
        let detail = detail
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n\
             <title>{status} {title}</title>\n<h1>That did not work</h1>\n<p>{detail}.</p>\n\
             <p>Go back, and try again. The code of this error is <code>{code}</code>, status {status}.</p>\n"
        )
    }
}

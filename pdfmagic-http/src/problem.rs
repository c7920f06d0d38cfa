//! Errors as `application/problem+json` (RFC 9457).

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A JPEG that does not become a PDF, and its file name.
    #[error("{name}: {error}")]
    Convert {
        name: String,
        error: pdfmagic_core::Error,
    },
    #[error("the body is over the limit of {max} bytes")]
    TooLarge { max: usize },
    #[error("the body ended early: {0}")]
    Body(String),
    #[error("the form is malformed at byte {offset}: {reason}")]
    Form { offset: usize, reason: &'static str },
    #[error("the form has no file in a field named myfile")]
    NoFile,
    #[error("send {expected}, not {actual:?}")]
    MediaType {
        expected: &'static str,
        actual: String,
    },
    #[error("nothing is kept here: the PDF is the answer to the POST of the JPEG to /")]
    NothingKept,
    #[error("there is nothing at this address: POST a form to /, or a JPEG to /v1/pdf")]
    NotFound,
    #[error("this address does not answer {0}")]
    Method(Method),
}

impl Problem {
    fn status(&self) -> StatusCode {
        use pdfmagic_core::Error;
        match self {
            Self::Convert { error, .. } => match error {
                Error::NotJpeg(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Error::NeedsInput { .. } | Error::NoPages => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(_) | Self::Form { .. } | Self::NoFile => StatusCode::BAD_REQUEST,
            Self::MediaType { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NothingKept | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
        }
    }

    /// A stable name, for programs. Those of a conversion are the core's.
    fn code(&self) -> &'static str {
        match self {
            Self::Convert { error, .. } => error.code(),
            Self::TooLarge { .. } => "request.too_large",
            Self::Body(_) => "request.incomplete",
            Self::Form { .. } => "request.form",
            Self::NoFile => "request.no_file",
            Self::MediaType { .. } => "request.media_type",
            Self::NothingKept => "request.nothing_kept",
            Self::NotFound => "request.not_found",
            Self::Method(_) => "request.method",
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let body = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.to_string(),
            "code": self.code(),
        });
        let content_type = [(header::CONTENT_TYPE, "application/problem+json")];
        (status, content_type, format!("{body}\n")).into_response()
    }
}

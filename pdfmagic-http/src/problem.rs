//! Errors as `application/problem+json` (RFC 9457).

use std::fmt;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use pdfmagic_core::OptionError;

use crate::problem_details::{ByteRange, InputProblem, ProblemDetails};

/// The status of a request whose client hung up, by nginx's convention.
pub(crate) const HUNG_UP: u16 = 499;

/// The codes of the service itself, in addition to those of the core. A test compares them with the source below.
const CODES: [&str; 24] = [
    "input.more",
    "input.whole",
    "request.base64",
    "request.body",
    "request.content_encoding",
    "request.form",
    "request.head_too_large",
    "request.incomplete",
    "request.malformed",
    "request.media_type",
    "request.method",
    "request.no_file",
    "request.not_found",
    "request.not_streamable",
    "request.nothing_kept",
    "request.option",
    "request.rate",
    "request.slow",
    "request.too_large",
    "request.too_many_parts",
    "request.unauthorized",
    "service.bug",
    "service.busy",
    "service.overdue",
];

/// All codes that a problem can have.
pub(crate) fn codes() -> impl Iterator<Item = &'static str> {
    CODES.into_iter().chain(pdfmagic_core::error_codes())
}

/// The metrics of a problem, as an extension of the response.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    pub(crate) code: &'static str,
    /// The limit that was exceeded, if there is one.
    pub(crate) bound: Option<&'static str>,
}

/// The reason why a request was rejected.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// A JPEG that cannot be converted, with the name of its file.
    #[error("{name}: {error}")]
    Convert {
        name: String,
        error: pdfmagic_core::Error,
    },
    #[error("{what} larger than {}", Size(*max))]
    TooLarge { what: String, max: usize },
    #[error("the body is malformed: {0}")]
    Body(String),
    #[error("the body ended early")]
    HungUp,
    #[error("the form is malformed at byte {offset}: {reason}")]
    Form { offset: usize, reason: &'static str },
    #[error("the form has no file: send each JPEG as a part with a file name")]
    NoFile,
    #[error("{place}: Base64 is not decoded here: send the bytes of the JPEG")]
    Base64 { place: String },
    #[error("the body has Content-Encoding {encoding}: send it without")]
    Encoded { encoding: String },
    #[error("send {expected}, not {actual:?}")]
    MediaType {
        expected: &'static str,
        actual: String,
    },
    #[error("nothing is kept here: the PDF is the answer to the POST of the JPEG to /")]
    NothingKept,
    #[error("there is nothing at this address: {hint}")]
    NotFound { hint: &'static str },
    #[error("{method} is not allowed here: {hint}")]
    Method { method: Method, hint: &'static str },
    #[error("the request is not HTTP as it should be")]
    NotHttp,
    #[error("the head of the request is too large")]
    LongHead,
    #[error("{name}: {reason}")]
    Option { name: String, reason: String },
    #[error("the form has more than {max} files")]
    TooManyParts { max: usize },
    #[error("more than the head of the JPEG must be seen: send it without stream=true")]
    NotStreamable,
    #[error("the body came too slowly, or stalled")]
    Slow,
    /// The service is overloaded: a limit of the service, not of the request, was reached.
    #[error("out of {scarce} for the moment: retry later")]
    Busy {
        scarce: Scarce,
        retry_after: Duration,
    },
    #[error("the conversion took longer than {} s: ask for less at once", patience.as_secs_f64())]
    Overdue { patience: Duration },
    #[error("this client converts too often: retry later")]
    Rate { retry_after: Duration },
    /// The problems of files of a plan, of which there is at least one.
    #[error("{}", to_blame(.0).detail)]
    Inputs(Vec<InputProblem>),
    #[error("send the service's token, as Authorization: Bearer TOKEN")]
    Unauthorized,
    #[error("the service failed; that is a bug")]
    Bug,
}

/// Returns the first file that more of its data would not help, or else the first file.
fn to_blame(inputs: &[InputProblem]) -> &InputProblem {
    let is_broken = |input: &&InputProblem| !input.code.starts_with("input.");
    let first = inputs.iter().find(is_broken);
    first.unwrap_or(&inputs[0])
}

/// A size in bytes, formatted for people.
struct Size(usize);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MIB: usize = 1 << 20;
        match self.0 {
            bytes if bytes < MIB => write!(f, "{bytes} bytes"),
            bytes if bytes % MIB == 0 => write!(f, "{} MiB ({bytes} bytes)", bytes / MIB),
            bytes => {
                let tenths = bytes / (MIB / 10);
                write!(f, "{}.{} MiB ({bytes} bytes)", tenths / 10, tenths % 10)
            }
        }
    }
}

/// A scarce resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scarce {
    /// Memory of the budget.
    Memory,
    /// Places in the queue for a worker.
    Places,
    /// Time until a worker is free.
    Time,
}

impl Scarce {
    fn bound(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Places => "queue",
            Self::Time => "queue_timeout",
        }
    }
}

impl fmt::Display for Scarce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Places | Self::Time => "processor time",
        })
    }
}

impl From<OptionError> for Problem {
    fn from(error: OptionError) -> Self {
        Self::Option {
            name: error.name.into_owned(),
            reason: error.reason.into_owned(),
        }
    }
}

impl Problem {
    pub(crate) fn status(&self) -> StatusCode {
        use pdfmagic_core::Error;
        match self {
            Self::Convert { error, .. } => match error {
                Error::NotJpeg(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
                Error::NeedsInput { .. } | Error::NoPages => StatusCode::INTERNAL_SERVER_ERROR,
                _ => StatusCode::UNPROCESSABLE_ENTITY,
            },
            Self::TooLarge { .. } | Self::TooManyParts { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body(_)
            | Self::Form { .. }
            | Self::NoFile
            | Self::Base64 { .. }
            | Self::NotHttp
            | Self::Option { .. } => StatusCode::BAD_REQUEST,
            Self::HungUp => StatusCode::from_u16(HUNG_UP).expect("three digits"),
            Self::MediaType { .. } | Self::Encoded { .. } => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::LongHead => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::NotStreamable => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NothingKept | Self::NotFound { .. } => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::Busy { .. } | Self::Overdue { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Rate { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Inputs(inputs) => to_blame(inputs).status,
            Self::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Creates the problem of a file that cannot be converted.
    pub(crate) fn of_file(name: &str, error: pdfmagic_core::Error) -> Self {
        match error {
            pdfmagic_core::Error::Option { option, reason } => Self::Option {
                name: option.to_owned(),
                reason: reason.to_owned(),
            },
            pdfmagic_core::Error::Canceled => Self::HungUp,
            error => Self::Convert {
                name: name.to_owned(),
                error,
            },
        }
    }

    /// Describes the problem of one file of a plan, by its number, its name and its size in bytes.
    pub(crate) fn of_input(&self, input: usize, name: &str, size: u64) -> InputProblem {
        use pdfmagic_core::Error::NeedsInput;
        let (mut code, mut detail) = (self.code(), self.to_string());
        let (mut status, mut ranges) = (self.status(), Vec::new());
        if let Problem::Convert {
            name: place,
            error: NeedsInput { wanted, reason },
        } = self
        {
            status = StatusCode::UNPROCESSABLE_ENTITY;
            if (wanted.start, wanted.end) == (0, size) {
                code = "input.whole";
                detail = format!("{place}: all of it is needed: {reason}");
            } else {
                code = "input.more";
                let (start, end) = (wanted.start, wanted.end);
                ranges.push(ByteRange { start, end });
            }
        }
        InputProblem {
            input,
            name: name.to_owned(),
            code,
            detail,
            ranges,
            status,
        }
    }

    /// Returns the details for the body of an answer.
    pub(crate) fn details(&self) -> ProblemDetails {
        let status = self.status();
        ProblemDetails {
            r#type: "about:blank",
            title: status.canonical_reason().unwrap_or("Client Closed Request"),
            status: status.as_u16(),
            detail: self.to_string(),
            code: self.code(),
            inputs: match self {
                Self::Inputs(inputs) => inputs.clone(),
                _ => Vec::new(),
            },
            instance: None,
        }
    }

    /// Whether a file is faulty, so that other files may still be converted.
    pub(crate) fn is_of_file(&self) -> bool {
        matches!(self, Self::Convert { .. }) && !self.needs_input() && !self.lacks_memory()
    }

    /// Whether an image needs more memory than its limit allows.
    pub(crate) fn lacks_memory(&self) -> bool {
        use pdfmagic_core::{Error, Resource};
        matches!(
            self,
            Self::Convert {
                error: Error::Limit {
                    what: Resource::Memory,
                    ..
                },
                ..
            }
        )
    }

    /// Whether the ends of a file did not suffice.
    pub(crate) fn needs_input(&self) -> bool {
        use pdfmagic_core::Error::NeedsInput;
        matches!(
            self,
            Self::Convert {
                error: NeedsInput { .. },
                ..
            }
        )
    }

    /// A stable name, for programs. Errors of a conversion have pdfmagic-core's names.
    fn code(&self) -> &'static str {
        match self {
            Self::Convert { error, .. } => error.code(),
            Self::TooLarge { .. } => "request.too_large",
            Self::Body(_) => "request.body",
            Self::HungUp => "request.incomplete",
            Self::Form { .. } => "request.form",
            Self::NoFile => "request.no_file",
            Self::Base64 { .. } => "request.base64",
            Self::Encoded { .. } => "request.content_encoding",
            Self::NotHttp => "request.malformed",
            Self::LongHead => "request.head_too_large",
            Self::MediaType { .. } => "request.media_type",
            Self::NothingKept => "request.nothing_kept",
            Self::NotFound { .. } => "request.not_found",
            Self::Method { .. } => "request.method",
            Self::Option { .. } => "request.option",
            Self::TooManyParts { .. } => "request.too_many_parts",
            Self::NotStreamable => "request.not_streamable",
            Self::Slow => "request.slow",
            Self::Busy { .. } => "service.busy",
            Self::Overdue { .. } => "service.overdue",
            Self::Rate { .. } => "request.rate",
            Self::Unauthorized => "request.unauthorized",
            Self::Inputs(inputs) => to_blame(inputs).code,
            Self::Bug => "service.bug",
        }
    }

    /// Returns the metrics of the problem.
    pub(crate) fn refusal(&self) -> Refusal {
        Refusal {
            code: self.code(),
            bound: self.bound(),
        }
    }

    /// Returns the limit that was exceeded, by the name of its counter.
    fn bound(&self) -> Option<&'static str> {
        use pdfmagic_core::Error;
        match self {
            // This is the limit of the request, not the budget.
            _ if self.lacks_memory() => Some("decoding"),
            Self::Convert {
                error: error @ Error::Limit { .. },
                ..
            } => error.code().strip_prefix("limit."),
            Self::TooLarge { .. } => Some("size"),
            Self::TooManyParts { .. } => Some("parts"),
            Self::Slow => Some("body_timeout"),
            Self::Busy { scarce, .. } => Some(scarce.bound()),
            Self::Overdue { .. } => Some("convert_timeout"),
            Self::Rate { .. } => Some("rate"),
            _ => None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let details = self.details();
        let mut response = (self.status(), Json(&details)).into_response();
        response.extensions_mut().insert(details);
        response.extensions_mut().insert(self.refusal());
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        match self {
            Self::Busy { retry_after, .. } | Self::Rate { retry_after } => {
                let seconds = retry_after.as_secs().min(59) + 1;
                headers.insert(header::RETRY_AFTER, seconds.into());
            }
            // There is no realm: the practical's scripts take every line with the letters r, e, a, l for a timing.
            // The header names what would be accepted (RFC 9110, 12.5.3).
            Self::Encoded { .. } => {
                let identity = HeaderValue::from_static("identity");
                headers.insert(header::ACCEPT_ENCODING, identity);
            }
            Self::Unauthorized => {
                let bearer = HeaderValue::from_static("Bearer");
                headers.insert(header::WWW_AUTHENTICATE, bearer);
            }
            _ => {}
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_codes_are_listed() {
        let (source, _) = include_str!("problem.rs").split_once("mod tests").unwrap();
        let (listed, written) = source.split_once("];").unwrap();
        let is_own = |text: &&str| {
            ["input.", "request.", "service."]
                .iter()
                .any(|kind| text.starts_with(kind) && text.len() > kind.len())
        };
        let strings = |text: &'static str| {
            let mut all: Vec<_> = text.split('"').filter(is_own).collect();
            all.sort_unstable();
            all.dedup();
            all
        };
        assert_eq!(strings(listed), strings(written));
        assert_eq!(strings(listed), CODES);
    }
}

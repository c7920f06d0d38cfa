//! The parts of the OpenAPI document that no handler's own types tell.

#![expect(
    dead_code,
    reason = "these types are never made; their shape is what clients are told"
)]

use serde::Deserialize;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi, ToSchema};

use crate::problem::ProblemDetails;

/// JPEG in, PDF out. Nothing is kept: the answer to the upload is the PDF.
#[derive(OpenApi)]
#[openapi(
    info(title = "pdfmagic"),
    servers((url = "/")),
    components(schemas(ProblemDetails)),
    modifiers(&Token),
)]
pub(super) struct Api;

struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        api.components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The bytes of a JPEG.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(super) struct Jpeg(Vec<u8>);

/// The bytes of a PDF.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(super) struct Pdf(Vec<u8>);

/// A file for each page, and options for all of them.
#[derive(ToSchema, Deserialize)]
pub(super) struct Files {
    /// The JPEGs, in the order of their pages.
    #[schema(value_type = Vec<Jpeg>, min_items = 1)]
    myfile: Vec<u8>,
    #[serde(flatten)]
    all: ConversionOptions,
    /// Options as JSON: those above for all pages, and in `pages` an array of such objects for a page each.
    #[schema(content_media_type = "application/json", nullable = false)]
    options: Option<String>,
}

/// How pages are made. What loses something must be named: `backend=reencode`.
#[derive(ToSchema, IntoParams, Deserialize)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ConversionOptions {
    /// How the image gets into the PDF. By default as it is where PDF can carry it, else without loss.
    #[schema(nullable = false)]
    backend: Option<BackendName>,
    /// Code the same coefficients anew, in fewer bytes. Implies `transcode`.
    #[schema(nullable = false)]
    optimize: Option<bool>,
    /// The same as a progressive JPEG. Implies `transcode`.
    #[schema(nullable = false)]
    progressive: Option<bool>,
    /// With `reencode`: 1 to 100, as libjpeg counts.
    #[schema(minimum = 1, maximum = 100, nullable = false)]
    #[param(minimum = 1, maximum = 100)]
    quality: Option<u8>,
    /// With `reencode`: most pixels per inch.
    #[schema(minimum = 10, maximum = 4800, nullable = false)]
    #[param(minimum = 10, maximum = 4800)]
    max_density: Option<f64>,
    /// With `reencode`: luminance only.
    #[schema(nullable = false)]
    gray: Option<bool>,
    /// With `reencode`: half the columns and rows of color differences.
    #[schema(nullable = false)]
    subsample: Option<bool>,
    /// With `reencode`: the highest quality whose image is not larger than this, in bytes.
    #[schema(nullable = false)]
    max_size: Option<u64>,
}

/// For those who read while they write.
#[derive(IntoParams, Deserialize)]
#[into_params(parameter_in = Query)]
pub(super) struct Streaming {
    /// Begin to answer when the header of the JPEG has come, so that it may be of any size, and take as long as it brings 16
    /// KiB a second. Not for clients that read only after they have written.
    #[param(nullable = false)]
    stream: Option<bool>,
}

/// How the image gets into the PDF.
#[derive(ToSchema, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum BackendName {
    Lossless,
    Passthrough,
    Transcode,
    Reencode,
}

/// What keeps a request from its answer. `code` is stable.
#[derive(IntoResponses)]
pub(super) enum Refusals {
    /// The form, or an option, makes no sense.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(ProblemDetails),
    /// The service wants a token.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(ProblemDetails),
    /// The body came too slowly.
    #[response(status = 408, content_type = "application/problem+json")]
    Timeout(ProblemDetails),
    /// The body is too large, or has too many files.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(ProblemDetails),
    /// Not a JPEG.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(ProblemDetails),
    /// A JPEG that is broken, or beyond what PDF or the limits allow.
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(ProblemDetails),
    /// This client converts too much; `Retry-After` says when to come again.
    #[response(status = 429, content_type = "application/problem+json")]
    TooMany(ProblemDetails),
    /// A bug.
    #[response(status = 500, content_type = "application/problem+json")]
    Bug(ProblemDetails),
    /// The service is full, and `Retry-After` says when to come again; or `service.overdue`: the conversion took too long.
    #[response(status = 503, content_type = "application/problem+json")]
    Busy(ProblemDetails),
}

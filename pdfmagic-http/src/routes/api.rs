//! The parts of the OpenAPI document that no handler's own types tell.

#![expect(
    dead_code,
    reason = "these types are never made; their shape is what clients are told"
)]

use pdfmagic_core::{DocumentOptions, ImageOptions, InputOptions, PageOptions};
use serde::Deserialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, IntoResponses, Modify, OpenApi, ToSchema};

use crate::problem::ProblemDetails;

/// JPEG in, PDF out. Nothing is kept: the answer to the upload is the PDF.
#[derive(OpenApi)]
#[openapi(
    info(title = "pdfmagic"),
    tags(
        (name = "convert", description = "JPEGs in, a PDF out"),
        (name = "inspect", description = "What JPEGs are"),
        (name = "page", description = "The page to upload from"),
        (name = "health", description = "For balancers"),
    ),
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
    input: InputOptions,
    #[serde(flatten)]
    image: ImageOptions,
    #[serde(flatten)]
    page: PageOptions,
    #[serde(flatten)]
    document: DocumentOptions,
    /// Options as JSON: those above for all pages, and in `pages` an array of such objects for a page each.
    #[schema(content_media_type = "application/json", nullable = false)]
    options: Option<String>,
}

/// How pages are made. Nothing is lost unless an option that is lossy asks for it.
pub(super) struct Options;

impl IntoParams for Options {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        [
            InputOptions::into_params(&place),
            ImageOptions::into_params(&place),
            PageOptions::into_params(&place),
            DocumentOptions::into_params(&place),
        ]
        .concat()
    }
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

//! The parts of the OpenAPI document that cannot be derived from the types of handlers.

#![expect(dead_code, reason = "these types only describe the API")]

use axum::Json;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use pdfmagic_core::{DocumentOptions, ImageOptions, InputOptions, PageOptions, notice_codes};
use serde::Deserialize;
use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::schema::{Object, Schema};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::Server;
use utoipa::openapi::{OpenApi, RefOr};
use utoipa::{IntoParams, IntoResponses, Modify, ToSchema};

use crate::prefix::forwarded_prefix;
use crate::problem::codes;
use crate::problem_details::ProblemDetails;

/// JPEG in, PDF out. Nothing is kept: the answer to the upload is the PDF.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "pdfmagic",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
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

/// Returns the document. Its paths begin with the prefix that a proxy has removed.
pub(super) fn document(api: &OpenApi, headers: &HeaderMap) -> Response {
    let prefix = forwarded_prefix(headers);
    if prefix.is_empty() {
        return Json(api).into_response();
    }
    let mut api = api.clone();
    api.servers = Some(vec![Server::new(format!("{prefix}/"))]);
    Json(api).into_response()
}

struct Token;

impl Modify for Token {
    fn modify(&self, api: &mut OpenApi) {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build();
        api.components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// Lists all codes in each schema that has one.
pub(super) fn enumerate_codes(api: &mut OpenApi) {
    let Some(components) = &mut api.components else {
        return;
    };
    let errors: Vec<Value> = codes().map(Value::from).collect();
    let notices: Vec<Value> = notice_codes().map(Value::from).collect();
    for (schema, values) in [
        ("ProblemDetails", &errors),
        ("InputProblem", &errors),
        ("NoticeFound", &notices),
        ("DamageFound", &notices),
        ("PlannedNotice", &notices),
    ] {
        if let Some(RefOr::T(Schema::Object(object))) = components.schemas.get_mut(schema)
            && let Some(RefOr::T(Schema::Object(code))) = object.properties.get_mut("code")
        {
            code.enum_values = Some(values.clone());
        }
    }
}

/// Merges the composed form into one object, which generators of clients understand.
pub(super) fn simplify(api: &mut OpenApi) {
    let Some(components) = &mut api.components else {
        return;
    };
    let Some(RefOr::T(Schema::AllOf(form))) = components.schemas.get("Files") else {
        return;
    };
    let form = form.clone();
    let mut plain = Object::new();
    plain.description = form.description;
    for item in form.items {
        let part = match item {
            // Nothing else refers to this schema.
            RefOr::Ref(part) => part
                .ref_location
                .rsplit('/')
                .next()
                .and_then(|name| components.schemas.remove(name)),
            part @ RefOr::T(_) => Some(part),
        };
        if let Some(RefOr::T(Schema::Object(part))) = part {
            plain.properties.extend(part.properties);
            plain.required.extend(part.required);
        }
    }
    components.schemas.insert("Files".to_owned(), plain.into());
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

/// How pages are made. Conversion is lossless unless a lossy option is set.
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

/// The answer to a conversion.
#[derive(IntoResponses)]
pub(super) enum Converted {
    /// The PDF.
    #[response(
        status = 200,
        content_type = "application/pdf",
        headers(
            ("Content-Disposition" = String, description = "The name of the PDF, after that of the first file"),
            (
                "Pdfmagic-Notices" = String,
                description = "What was unusual: a list of codes (RFC 9651, 3.1), each with the number of its file as `page`. \
                               Of a damaged image, `rows` of `of` rows are intact, or `scans` of `of` scans. \
                               `backend.reencode.implied`: an option is lossy, and no backend was named"
            ),
            ("Server-Timing" = String, description = "How long it waited, was read and converted, in milliseconds"),
            ("X-Request-Id" = String, description = "That of the request, or a new one"),
        ),
    )]
    Pdf(#[to_schema] Pdf),
}

/// The errors of any request.
#[derive(IntoResponses)]
pub(super) enum LongHead {
    /// The head of the request is too large.
    #[response(status = 431, content_type = "application/problem+json")]
    TooLarge(#[to_schema] ProblemDetails),
}

/// Errors. `code` is stable.
#[derive(IntoResponses)]
pub(super) enum Refusals {
    /// The form, or an option, is invalid.
    #[response(status = 400, content_type = "application/problem+json")]
    BadRequest(#[to_schema] ProblemDetails),
    /// The service requires a token.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(#[to_schema] ProblemDetails),
    /// The body arrived too slowly.
    #[response(status = 408, content_type = "application/problem+json")]
    Timeout(#[to_schema] ProblemDetails),
    /// The body is too large, or has too many files.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] ProblemDetails),
    /// Not a JPEG.
    #[response(status = 415, content_type = "application/problem+json")]
    MediaType(#[to_schema] ProblemDetails),
    /// A JPEG that is damaged, or exceeds what PDF or the limits allow.
    #[response(status = 422, content_type = "application/problem+json")]
    Unprocessable(#[to_schema] ProblemDetails),
    /// This client converts too often.
    #[response(
        status = 429,
        content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "When to retry, in seconds")),
    )]
    TooMany(#[to_schema] ProblemDetails),
    /// A bug.
    #[response(status = 500, content_type = "application/problem+json")]
    Bug(#[to_schema] ProblemDetails),
    /// The service is overloaded; or `service.overdue`: the conversion took too long.
    #[response(
        status = 503,
        content_type = "application/problem+json",
        headers(("Retry-After" = u64, description = "When to retry, in seconds")),
    )]
    Busy(#[to_schema] ProblemDetails),
}

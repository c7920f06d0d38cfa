//! The limits of the service, for clients that ask before they send.

use axum::Json;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{self, MethodRouter};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::api::LongHead;
use super::converter::UploadBounds;

/// Limits of the service.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct Limits {
    /// Maximum size of a file, in bytes.
    #[schema(value_type = u64, example = 33_554_432)]
    max_file_bytes: usize,
    /// Maximum size of all files of a form together, in bytes.
    #[schema(value_type = u64, example = 134_217_728)]
    max_form_bytes: usize,
    /// Maximum size of a file that is sent with `stream=true`, in bytes.
    #[schema(value_type = u64, example = 4_294_967_296_u64)]
    max_stream_bytes: usize,
    /// Maximum number of files in a form.
    #[schema(value_type = u64, example = 200)]
    max_files: usize,
    /// Maximum width × height of an image that is decoded.
    #[schema(example = 100_000_000)]
    max_pixels: u64,
    /// Minimum rate of an upload, in bytes per second.
    #[schema(value_type = u64, example = 16_384)]
    min_bytes_per_second: usize,
}

impl Limits {
    pub(super) fn of(bounds: &UploadBounds, limits: &pdfmagic_core::Limits) -> Self {
        Self {
            max_file_bytes: bounds.file_size,
            max_form_bytes: bounds.form_size,
            max_stream_bytes: bounds.streamed_size,
            max_files: bounds.files,
            max_pixels: limits.max_pixels,
            min_bytes_per_second: bounds.min_rate,
        }
    }
}

pub(super) fn router(limits: Limits) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(show))
        .with_state(limits)
}

/// Returns the handler of `OPTIONS` for an address that allows these methods.
pub(super) fn options(limits: Limits, allowed: &'static str) -> MethodRouter {
    routing::options(async move || ([(header::ALLOW, allowed)], Json(limits)))
}

/// Returns the limits of the service. `OPTIONS` of an address that converts returns the same.
#[utoipa::path(
    get,
    path = "/v1/limits",
    operation_id = "limits",
    tag = "inspect",
    responses((status = 200, description = "The limits", body = Limits), LongHead),
    security(()),
)]
async fn show(axum::extract::State(limits): axum::extract::State<Limits>) -> impl IntoResponse {
    Json(limits)
}

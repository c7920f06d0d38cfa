//! Inspects JPEGs without converting them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use pdfmagic_core::Inspection;
use serde::Serialize;
use utoipa::ToSchema;

use super::conversion_request::ConversionRequest;
use super::converter::{Converter, Work};
use super::recipe::Recipe;
use crate::form::Upload;
use crate::problem::Problem;
use crate::problem_details::ProblemDetails;

/// JPEGs in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Inspections {
    files: Vec<InspectedFile>,
}

/// A file, with its inspection or the reason why it cannot become a page.
#[derive(Debug, Serialize, ToSchema)]
struct InspectedFile {
    /// Client's name for the file.
    name: String,
    /// Inspection, unless there is an error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    inspection: Option<Inspection>,
    /// Reason why it cannot become a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    error: Option<ProblemDetails>,
}

/// Inspects JPEGs without converting them.
///
/// A JPEG as the body is accepted here as well.
#[utoipa::path(
    post,
    path = "/v1/inspect",
    operation_id = "inspect",
    tag = "inspect",
    params(super::api::Options),
    request_body(content = super::api::Files, content_type = "multipart/form-data"),
    responses((status = 200, description = "What the files are", body = Inspections), super::api::Refusals),
    security((), ("token" = [])),
)]
pub(super) async fn inspect(
    State(converter): State<Arc<Converter>>,
    request: Request,
) -> Result<Response, Problem> {
    let request = ConversionRequest::whole(&converter, request)?;
    let conversion = request.read(&converter.memory).await?;
    let (inspections, _) = converter.work(conversion.files, all).await?;
    Ok(Json(inspections).into_response())
}

fn all(files: &[(Upload, Recipe)], mut work: Work<'_>) -> Result<Inspections, Problem> {
    let mut inspected = Vec::with_capacity(files.len());
    for (file, recipe) in files {
        let (inspection, error) = match work.on(file, recipe, Inspection::new) {
            Ok(inspection) => (Some(inspection), None),
            // A single file is rejected as in a conversion.
            Err(problem) if files.len() == 1 || !problem.is_of_file() => return Err(problem),
            Err(problem) => (None, Some(problem.details())),
        };
        inspected.push(InspectedFile {
            name: file.name.clone(),
            inspection,
            error,
        });
    }
    Ok(Inspections { files: inspected })
}

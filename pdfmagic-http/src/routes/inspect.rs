//! What JPEGs are, without converting them.

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
use crate::problem::{Problem, ProblemDetails};

/// JPEGs in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Inspections {
    files: Vec<InspectedFile>,
}

/// A file, and what it is or why it does not become a page.
#[derive(Debug, Serialize, ToSchema)]
struct InspectedFile {
    /// As the client calls it.
    name: String,
    /// What it is.
    #[serde(flatten)]
    is: Inspected,
}

/// What a file is, or why it does not become a page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Inspected {
    Jpeg(Box<Inspection>),
    Refused { error: ProblemDetails },
}

/// Says what JPEGs are, without converting them.
#[utoipa::path(
    post,
    path = "/v1/inspect",
    tag = "inspect",
    params(super::api::Options),
    request_body(content(
        (super::api::Jpeg = "image/jpeg"),
        (super::api::Files = "multipart/form-data"),
    )),
    responses((status = 200, description = "What the files are", body = Inspections), super::api::Refusals),
    security((), ("token" = [])),
)]
pub(super) async fn inspect(
    State(converter): State<Arc<Converter>>,
    request: Request,
) -> Result<Response, Problem> {
    let request = ConversionRequest::form_or_jpeg(&converter, request)?;
    let conversion = request.read(&converter.memory).await?;
    let (inspections, _) = converter.work(conversion.files, all).await?;
    Ok(Json(inspections).into_response())
}

fn all(files: &[(Upload, Recipe)], mut work: Work<'_>) -> Result<Inspections, Problem> {
    let mut inspected = Vec::with_capacity(files.len());
    for (file, recipe) in files {
        let is = match work.on(file, recipe, Inspection::new) {
            Ok(inspection) => Inspected::Jpeg(Box::new(inspection)),
            // One that is alone is refused as a conversion would.
            Err(problem) if files.len() == 1 || !problem.is_of_file() => return Err(problem),
            Err(problem) => Inspected::Refused {
                error: problem.details(),
            },
        };
        inspected.push(InspectedFile {
            name: file.name.clone(),
            is,
        });
    }
    Ok(Inspections { files: inspected })
}

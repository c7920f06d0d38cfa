//! What JPEGs are, without converting them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use pdfmagic_core::Density;
use pdfmagic_core::jpeg::{ColorModel, EntropyCoding, Process};
use pdfmagic_core::{Backend, Error, Jpeg, Limits, Passthrough};
use serde::Serialize;
use utoipa::ToSchema;

use super::order::Asked;
use super::scratch::Scratch;
use crate::app::App;
use crate::problem::{Problem, lacks_memory};
use crate::upload::Upload;

/// JPEGs in the order of the request.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Inspection {
    files: Vec<File>,
}

/// What the header of a JPEG says.
#[derive(Debug, Serialize, ToSchema)]
struct File {
    /// As the client calls it.
    name: String,
    /// In bytes.
    size: usize,
    /// In pixels.
    width: u16,
    /// In pixels.
    height: u16,
    /// Bits of a sample.
    precision: u8,
    components: usize,
    #[schema(example = "baseline")]
    process: &'static str,
    #[schema(example = "huffman")]
    entropy_coding: &'static str,
    #[schema(example = "ycbcr")]
    color_model: &'static str,
    /// Horizontal and vertical, in pixels per inch; null if none is stated.
    density: Option<[f64; 2]>,
    /// Exif's number for which way up, 1 to 8.
    orientation: u8,
    /// Size of the color profile, in bytes; null if there is none, or none that is sound.
    icc_profile: Option<usize>,
    /// Whether the data goes into the PDF as it is.
    is_embedded: bool,
    /// What is odd about it.
    notices: Vec<Oddity>,
}

/// Something odd but curable.
#[derive(Debug, Serialize, ToSchema)]
struct Oddity {
    /// A stable name, for programs.
    code: &'static str,
    message: String,
}

/// Says what JPEGs are, without converting them.
#[utoipa::path(
    post,
    path = "/v1/inspect",
    request_body(content(
        (super::api::Jpeg = "image/jpeg"),
        (super::api::Files = "multipart/form-data"),
    )),
    responses((status = 200, description = "What their headers say", body = Inspection), super::api::Refusals),
    security((), ("token" = [])),
)]
pub(super) async fn inspect(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let mut asked = Asked::form_or_jpeg(&app, request)?;
    let order = asked.order(&app).await?;
    let inspection = match inspection(&order.files, &Scratch::small(&app)) {
        // A large color profile.
        Err(Problem::Convert { error, .. }) if lacks_memory(&error) => {
            inspection(&order.files, &Scratch::for_headers(&app, &order.files)?)
        }
        inspection => inspection,
    };
    Ok(Json(inspection?).into_response())
}

fn inspection(files: &[Upload], scratch: &Scratch<'_>) -> Result<Inspection, Problem> {
    let files = files.iter().map(|upload| {
        file(&scratch.limits, &upload.name, &upload.data).map_err(|error| Problem::Convert {
            name: upload.name.clone(),
            error,
        })
    });
    Ok(Inspection {
        files: files.collect::<Result<_, _>>()?,
    })
}

fn file(limits: &Limits, name: &str, data: &[u8]) -> Result<File, Error> {
    let jpeg = Jpeg::parse(data, limits)?;
    let frame = jpeg.frame();
    let image = Passthrough.image(&jpeg, limits);
    let mut notices = jpeg.notices().to_vec();
    notices.extend(image.iter().flat_map(|image| &image.notices));
    Ok(File {
        name: name.to_owned(),
        size: data.len(),
        width: frame.width.get(),
        height: frame.height.get(),
        precision: frame.precision,
        components: frame.components.len(),
        process: match frame.process {
            Process::Baseline => "baseline",
            Process::ExtendedSequential => "extended_sequential",
            Process::Progressive => "progressive",
            Process::Lossless => "lossless",
        },
        entropy_coding: match frame.entropy_coding {
            EntropyCoding::Huffman => "huffman",
            EntropyCoding::Arithmetic => "arithmetic",
        },
        color_model: match jpeg.color_model() {
            ColorModel::Gray => "gray",
            ColorModel::YCbCr => "ycbcr",
            ColorModel::Rgb => "rgb",
            ColorModel::Cmyk => "cmyk",
            ColorModel::Ycck => "ycck",
        },
        density: jpeg.density().map(|density| density.map(Density::get)),
        orientation: jpeg.orientation() as u8 + 1,
        icc_profile: jpeg.icc_profile().map(<[u8]>::len),
        is_embedded: image.is_ok(),
        notices: notices
            .iter()
            .map(|notice| Oddity {
                code: notice.code(),
                message: notice.to_string(),
            })
            .collect(),
    })
}

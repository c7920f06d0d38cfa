//! Converts JPEGs to a PDF.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use pdfmagic_core::{Document, DocumentOptions, Page};

use super::conversion_request::{Conversion, ConversionRequest};
use super::converter::{Converter, Work};
use super::pdf_answer::{answer, disposition, stem};
use super::recipe::Recipe;
use super::streamed;
use crate::form::Upload;
use crate::notices::Notices;
use crate::pdf_body::PdfBody;
use crate::problem::Problem;
use crate::request_record::ConversionReport;

/// Makes a PDF of a form with a file for each page.
///
/// A part with a file name is a file, whatever its field is called. Other parts are options.
#[utoipa::path(
    post,
    path = "/",
    operation_id = "convert_form",
    tag = "convert",
    params(super::api::Options),
    request_body(content = super::api::Files, content_type = "multipart/form-data"),
    responses(super::api::Converted, super::api::Refusals),
    security((), ("token" = [])),
)]
pub(super) async fn form(
    State(converter): State<Arc<Converter>>,
    request: Request,
) -> Result<Response, Problem> {
    let request = ConversionRequest::whole(&converter, request)?;
    convert(&converter, request.read(&converter.memory).await?).await
}

/// Makes a PDF of one JPEG.
///
/// Forms are accepted here as well.
#[utoipa::path(
    post,
    path = "/v1/pdf",
    operation_id = "convert",
    tag = "convert",
    params(super::api::Options, super::conversion_request::Streaming),
    request_body(content(
        (super::api::Jpeg = "image/jpeg"),
        (super::api::Jpeg = "application/octet-stream"),
    )),
    responses(super::api::Converted, super::api::Refusals),
    security((), ("token" = [])),
)]
pub(super) async fn pdf(
    State(converter): State<Arc<Converter>>,
    request: Request,
) -> Result<Response, Problem> {
    let (request, is_streamed) = ConversionRequest::whole_or_stream(&converter, request)?;
    if is_streamed {
        return Box::pin(streamed::convert(&converter, request)).await;
    }
    convert(&converter, request.read(&converter.memory).await?).await
}

async fn convert(converter: &Arc<Converter>, conversion: Conversion) -> Result<Response, Problem> {
    let Conversion {
        files,
        document,
        read,
    } = conversion;
    let disposition = disposition(&files[0].0.name);
    let input = files.iter().map(|(file, _)| file.data.len()).sum();
    let (pages, backend) = (files.len(), files[0].1.backend.name());
    let job = move |files: &[_], work: Work<'_>| make(&document, files, work);
    let (made, queue) = Box::pin(converter.work(files, job)).await?;
    let report = ConversionReport {
        backend,
        pages,
        input: Some(input),
        read,
        queue,
        convert: made.took,
        notices: made.notices,
    };
    Ok(answer(Body::new(made.pdf), disposition, report))
}

/// A PDF, and the report about its conversion.
struct Made {
    pdf: PdfBody,
    /// The notices, as `code;page=n`, separated by commas.
    notices: String,
    took: Duration,
}

fn make(
    options: &DocumentOptions,
    files: &[(Upload, Recipe)],
    mut work: Work<'_>,
) -> Result<Made, Problem> {
    let began = Instant::now();
    let mut document = Document::with_options(options);
    let mut pdf = PdfBody::default();
    let mut notices = Notices::default();
    for (number, (file, recipe)) in (1..).zip(files) {
        if recipe.implies_loss {
            notices.add_implied(number);
        }
        for page in work.on(file, recipe, Page::all)? {
            notices.add(number, page.notices());
            for piece in document.push(page.named(stem(&file.name))) {
                pdf.push(piece, &file.data, &mut work.memory)?;
            }
        }
    }
    let rest = document
        .finish()
        .map_err(|error| Problem::of_file("the document", error))?;
    pdf.end(rest, &mut work.memory)?;
    Ok(Made {
        pdf,
        notices: notices.into_header(),
        took: began.elapsed(),
    })
}

#[cfg(test)]
mod tests {
    use pdfmagic_core::{Backend, Limits, Options, Passthrough, Transcode};

    use super::*;
    use crate::memory::Memory;
    use crate::work_memory::WorkMemory;

    fn gray(side: u16) -> Upload {
        let mut jpeg = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
        let samples = vec![7; usize::from(side) * usize::from(side)];
        encoder
            .encode(&samples, side, side, jpeg_encoder::ColorType::Luma)
            .unwrap();
        Upload {
            name: "a.jpg".to_owned(),
            place: "the body".to_owned(),
            data: jpeg.into(),
        }
    }

    fn recipe(backend: impl Backend + 'static) -> Recipe {
        Recipe {
            options: Options::default(),
            backend: Box::new(backend),
            implies_loss: false,
        }
    }

    /// A worker that only looks for the end of an image leaves the memory to others.
    #[test]
    fn memory_for_samples_is_reserved_only_for_decoding() {
        let memory = Memory::new(64 << 20);
        let reserved = |recipe| {
            let file = gray(1000);
            let sizes = [file.data.len()].into_iter();
            let work = WorkMemory::for_files(&memory, Limits::default(), sizes).unwrap();
            let mut work = Work::on_all(work);
            work.on(&file, &recipe, Page::all).unwrap();
            memory.reserved()
        };
        assert!(reserved(recipe(Passthrough)) < 4 << 20);
        assert!(reserved(recipe(Transcode { progressive: true })) > 12_000_000);
    }

    #[test]
    fn an_image_can_take_more_memory_up_to_the_maximum() {
        let memory = Memory::new(64 << 20);
        let files = [(gray(64), recipe(Transcode { progressive: true }))];
        let convert = |max| {
            let work = WorkMemory::of(&memory, 10_000, max).unwrap();
            make(&DocumentOptions::default(), &files, Work::on_all(work))
        };
        assert!(convert(32 << 20).is_ok());
        let refused = convert(10_000).err().unwrap();
        assert_eq!(refused.refusal().bound, Some("decoding"));
        assert_eq!(memory.reserved(), 0);
    }
}

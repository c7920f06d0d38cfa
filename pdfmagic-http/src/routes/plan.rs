//! Plans a PDF from parts of JPEGs. The answer says how the PDF is assembled from the JPEGs.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pdfmagic_core::{Document, DocumentOptions, Page, Piece};
use serde::Serialize;
use utoipa::ToSchema;

use super::conversion_request::{ConversionRequest, with_fields};
use super::converter::{Converter, Work};
use super::pdf_answer::stem;
use super::plan_photos::{Photo, photos};
use super::recipe::Recipe;
use crate::memory::Reservation;
use crate::notices::Notices;
use crate::pdf_body::held;
use crate::problem::Problem;
use crate::request_record::ConversionReport;
use crate::work_memory::WorkMemory;

/// The version of the format.
const VERSION: u32 = 1;

/// How a PDF is assembled.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Plan {
    /// Version of this format: 1.
    version: u32,
    /// Pieces of the PDF, in order.
    pieces: Vec<PlannedPiece>,
    /// Size of the PDF, in bytes.
    size: u64,
    /// Suggested name for the PDF.
    #[schema(example = "photo.pdf")]
    name: String,
    /// Anything unusual about the photos, and what was done about it.
    notices: Vec<PlannedNotice>,
}

/// A piece of the PDF.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum PlannedPiece {
    /// New bytes, in base64.
    Made { bytes: String },
    /// A range of a photo, in bytes. Photos are numbered from 0.
    Input {
        #[schema(value_type = u64)]
        input: usize,
        start: u64,
        end: u64,
    },
}

/// Something unusual about a photo.
#[derive(Debug, Serialize, ToSchema)]
struct PlannedNotice {
    /// Number of the photo, from 0.
    #[schema(value_type = u64)]
    input: usize,
    /// Stable name, for programs.
    code: &'static str,
    /// Description, and what was done about it.
    message: String,
}

/// The parts of each photo, in the order of pages, and options.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes the API")]
pub(super) struct PlannedFiles {
    /// First bytes of a photo, up to its first SOS segment and including it. The file name is that of the photo.
    #[schema(value_type = Vec<super::api::Jpeg>)]
    head: Vec<u8>,
    /// Size of the photo, in bytes.
    size: Vec<u64>,
    /// Last bytes of the photo: 8 or more.
    #[schema(value_type = Vec<super::api::Jpeg>)]
    tail: Vec<u8>,
    /// Whole photo, instead of the fields above.
    #[schema(value_type = Vec<super::api::Jpeg>)]
    myfile: Vec<u8>,
}

/// Plans a PDF of JPEGs of which only the headers and the last bytes are sent.
///
/// The client assembles the PDF, whose bytes are the same as from `POST /v1/pdf`. The form has, for each photo in
/// order, the fields `head`, `size` and `tail`, or `myfile` with the whole photo. If that does not suffice, the answer
/// is 422 with `inputs`: those with the code `input.more` name ranges, which are sent in additional fields named
/// `bytes-N`, where N is the offset in the photo; those with `input.whole` must be sent completely in `myfile`.
#[utoipa::path(
    post,
    path = "/v1/plan",
    tag = "convert",
    params(super::api::Options),
    request_body(content = PlannedFiles, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "How the PDF is put together", body = Plan),
        super::api::Refusals,
    ),
    security((), ("token" = [])),
)]
pub(super) async fn plan(
    State(converter): State<Arc<Converter>>,
    request: Request,
) -> Result<Response, Problem> {
    let request = ConversionRequest::whole(&converter, request)?;
    let (body, boundary, settings, read) = request.read_form(&converter.memory).await?;
    let (photos, fields) = photos(&body, &boundary, converter.bounds.files)?;
    let options = with_fields(settings, fields, photos.len())?;
    let sizes: Vec<_> = photos.iter().map(|photo| photo.size).collect();
    let files = photos.into_iter().enumerate().map(|(index, photo)| {
        let recipe = Recipe::new(&options, index, &sizes)?;
        Ok((photo, recipe))
    });
    let files = files.collect::<Result<Vec<_>, Problem>>()?;
    let (input, pages) = (body.len(), files.len());
    let backend = files[0].1.backend.name();
    let document = options.document().clone();
    let job = move |files: &[_], work: Work<'_>| make(&document, files, work);
    let (made, queue) = Box::pin(converter.work(files, job)).await?;
    let made = made?;
    let report = ConversionReport {
        backend,
        pages,
        input: Some(input),
        read,
        queue,
        convert: made.took,
        notices: made.notices,
    };
    let mut response = Response::new(Body::from(held(made.json, made.reservation)));
    response.extensions_mut().insert(report);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    Ok(response)
}

/// A plan, and the report about it.
struct Made {
    json: Vec<u8>,
    reservation: Option<Reservation>,
    /// The notices, as `code;page=n`, separated by commas.
    notices: String,
    took: Duration,
}

/// Makes a plan. The inner error is about photos, each of which was checked; the outer one may be avoided on a worker.
fn make(
    options: &DocumentOptions,
    files: &[(Photo, Recipe)],
    mut work: Work<'_>,
) -> Result<Result<Made, Problem>, Problem> {
    let began = Instant::now();
    let mut document = Document::with_options(options);
    let mut pieces = Pieces::default();
    let (mut notices, mut told) = (Vec::new(), Notices::default());
    let (mut problems, mut for_a_worker) = (Vec::new(), None);
    for (input, (photo, recipe)) in files.iter().enumerate() {
        let pages = match work.on(photo, recipe, Page::all) {
            Ok(pages) => pages,
            Err(problem) if work.is_on_headers() && photo.is_whole() && problem.needs_input() => {
                for_a_worker = Some(problem);
                continue;
            }
            Err(problem) if problem.needs_input() || problem.is_of_file() => {
                problems.push(problem.of_input(input, &photo.name, photo.size));
                continue;
            }
            Err(problem) => return Err(problem),
        };
        if recipe.implies_loss {
            told.add_implied(input + 1);
        }
        for page in pages {
            told.add(input + 1, page.notices());
            for &notice in page.notices() {
                notices.push(PlannedNotice {
                    input,
                    code: notice.code(),
                    message: notice.to_string(),
                });
            }
            for piece in document.push(page.named(stem(&photo.name))) {
                pieces.push(input, piece, &mut work.memory)?;
            }
        }
    }
    if !problems.is_empty() {
        return Ok(Err(Problem::Inputs(problems)));
    }
    if let Some(problem) = for_a_worker {
        return Err(problem);
    }
    let rest = match document.finish() {
        Ok(rest) => rest,
        Err(error) => return Ok(Err(Problem::of_file("the document", error))),
    };
    pieces.push(0, Piece::Made(rest), &mut work.memory)?;
    pieces.encode(&mut work.memory)?;
    let plan = Plan {
        version: VERSION,
        size: pieces.size,
        pieces: pieces.all,
        name: format!("{}.pdf", stem(&files[0].0.name)),
        notices,
    };
    let (json, reservation) = to_json(&plan, &mut work.memory)?;
    Ok(Ok(Made {
        json,
        reservation: Some(reservation),
        notices: told.into_header(),
        took: began.elapsed(),
    }))
}

/// Returns the plan as JSON, and the reservation for it. Its size is counted first, so that memory for all of it is
/// reserved before it is used.
fn to_json(plan: &Plan, work: &mut WorkMemory<'_>) -> Result<(Vec<u8>, Reservation), Problem> {
    let mut size = Counter(0);
    serde_json::to_writer(&mut size, plan).map_err(|_| Problem::Bug)?;
    let reservation = work.part(size.0)?;
    let mut json = Vec::with_capacity(size.0);
    serde_json::to_writer(&mut json, plan).map_err(|_| Problem::Bug)?;
    Ok((json, reservation))
}

/// Counts bytes instead of writing them.
struct Counter(usize);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The pieces of a PDF while they are collected.
#[derive(Default)]
struct Pieces {
    all: Vec<PlannedPiece>,
    /// The new bytes since the last range.
    made: Vec<u8>,
    /// The total size, in bytes.
    size: u64,
    /// The reservation for new bytes.
    reservation: Option<Reservation>,
}

impl Pieces {
    fn push(
        &mut self,
        input: usize,
        piece: Piece,
        work: &mut WorkMemory<'_>,
    ) -> Result<(), Problem> {
        self.size += piece.size();
        match piece {
            Piece::Made(bytes) if self.made.is_empty() => self.made = bytes,
            Piece::Made(bytes) => self.made.extend(bytes),
            Piece::Input(range) if range.is_empty() => {}
            Piece::Input(range) => {
                self.encode(work)?;
                let (start, end) = (range.start, range.end);
                self.all.push(PlannedPiece::Input { input, start, end });
            }
        }
        Ok(())
    }

    fn encode(&mut self, work: &mut WorkMemory<'_>) -> Result<(), Problem> {
        let made = std::mem::take(&mut self.made);
        if made.is_empty() {
            return Ok(());
        }
        let part = work.part(made.len() / 3 * 4 + 4)?;
        match &mut self.reservation {
            Some(all) => all.join(part),
            none => *none = Some(part),
        }
        let bytes = STANDARD.encode(made);
        self.all.push(PlannedPiece::Made { bytes });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use pdfmagic_core::Limits;

    use super::*;
    use crate::memory::Memory;

    #[test]
    fn memory_for_all_of_the_json_is_reserved() {
        let plan = Plan {
            version: VERSION,
            pieces: vec![PlannedPiece::Made {
                bytes: "a".repeat(10_000),
            }],
            size: 7_500,
            name: "\"\u{e9}\".pdf".to_owned(),
            notices: Vec::new(),
        };
        let memory = Memory::new(20_000);
        let mut work = WorkMemory::small(&memory, Limits::default());
        let (json, reservation) = to_json(&plan, &mut work).unwrap();
        assert_eq!(json, serde_json::to_vec(&plan).unwrap());
        assert_eq!(json.capacity(), reservation.size());
    }
}

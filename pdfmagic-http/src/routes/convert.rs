//! JPEGs come in, their PDF is the answer.

use std::fmt::Write;
use std::iter;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use pdfmagic_core::{Auto, Backend, Document, Error, Notice, Options, Page, Passthrough};

use super::order::{Asked, Order};
use super::scratch::Scratch;
use super::stream;
use crate::answer::Answer;
use crate::app::App;
use crate::exchange::{Report, hexadecimal};
use crate::problem::{Problem, lacks_memory};
use crate::upload::Upload;
use crate::workers::Wanted;

/// Most notices told in a header; a form may have more, and a header's room is limited.
const MAX_NOTICES: usize = 64;

/// Makes a PDF of a form, as the page sends it.
#[utoipa::path(
    post,
    path = "/",
    params(super::api::ConversionOptions),
    request_body(content = super::api::Files, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "A page for each file", body = super::api::Pdf, content_type = "application/pdf"),
        super::api::Refusals,
    ),
    security((), ("token" = [])),
)]
pub(super) async fn form(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let mut asked = Asked::form(&app, request)?;
    convert(&app, asked.order(&app).await?).await
}

/// Makes a PDF of one JPEG, or of a form with many.
#[utoipa::path(
    post,
    path = "/v1/pdf",
    params(super::api::ConversionOptions, super::api::Streaming),
    request_body(content(
        (super::api::Jpeg = "image/jpeg"),
        (super::api::Files = "multipart/form-data"),
    )),
    responses(
        (status = 200, description = "A page for each file", body = super::api::Pdf, content_type = "application/pdf"),
        super::api::Refusals,
    ),
    security((), ("token" = [])),
)]
pub(super) async fn pdf(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut asked, is_streamed) = Asked::whole_or_stream(&app, request)?;
    if is_streamed {
        return Box::pin(stream::convert(&app, asked)).await;
    }
    convert(&app, asked.order(&app).await?).await
}

/// What only reads headers is done here and now; what decodes takes a worker, and memory for the largest page.
async fn convert(app: &Arc<App>, order: Order) -> Result<Response, Problem> {
    let Order {
        files,
        backends,
        read,
    } = order;
    let disposition = disposition(&files[0].name);
    let input = files.iter().map(|file| file.data.len()).sum();
    let (pages, backend) = (files.len(), backends[0].name());
    let (made, queue) = if let Some(made) = as_it_is(app, &files, &backends)? {
        (made, None)
    } else {
        let (made, queue) = Box::pin(decoded(app, files, backends)).await?;
        (made, Some(queue))
    };
    let report = Report {
        backend,
        pages,
        input: Some(input),
        read,
        queue,
        convert: made.took,
        notices: made.notices,
    };
    Ok(answer(Body::new(made.answer), disposition, report))
}

/// A PDF as an answer.
pub(super) fn answer(body: Body, disposition: HeaderValue, report: Report) -> Response {
    let mut response = Response::new(body);
    response.extensions_mut().insert(report);
    let headers = response.headers_mut();
    // With room for what every answer says.
    headers.reserve(12);
    let pdf = HeaderValue::from_static("application/pdf");
    headers.insert(header::CONTENT_TYPE, pdf);
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    response
}

/// Whether a backend embeds a JPEG as it is wherever PDF allows that.
pub(super) fn embeds(backend: &dyn Backend) -> bool {
    [Passthrough.name(), Auto.name()].contains(&backend.name())
}

/// Embeds all files as they are, if that is wanted and possible.
fn as_it_is(
    app: &App,
    files: &[Upload],
    backends: &[Box<dyn Backend>],
) -> Result<Option<Made>, Problem> {
    if !backends.iter().all(|backend| embeds(&**backend)) {
        return Ok(None);
    }
    let may_decode = backends.iter().any(|backend| backend.name() == Auto.name());
    let passthrough: &dyn Backend = &Passthrough;
    let scratch = Scratch::small(app);
    match document(files, iter::repeat(passthrough), scratch, || Ok(())) {
        Err(Problem::Convert {
            error: Error::Unsupported(_),
            ..
        }) if may_decode => Ok(None),
        // A color profile so large that copying it is work.
        Err(Problem::Convert { error, .. }) if lacks_memory(&error) => Ok(None),
        made => made.map(Some),
    }
}

/// Decodes, on a worker. Also says how long it waited for that.
async fn decoded(
    app: &Arc<App>,
    files: Vec<Upload>,
    backends: Vec<Box<dyn Backend>>,
) -> Result<(Made, Duration), Problem> {
    let worker = app.workers.wait().await?;
    let waited = worker.waited;
    let shared = Arc::clone(app);
    let job = move |wanted: &Wanted| {
        // Not before, so that those who wait hold no more than their files.
        let scratch = Scratch::for_samples(&shared, &files)?;
        let backends = backends.iter().map(AsRef::as_ref);
        document(&files, backends, scratch, || wanted.check())
    };
    let made = worker.run(app.config.convert_timeout, job);
    Ok((made.await??, waited))
}

/// A PDF, and what making it was like.
struct Made {
    answer: Answer,
    /// As `code;page=n`, with commas between.
    notices: String,
    took: Duration,
}

fn document<'b>(
    files: &[Upload],
    backends: impl Iterator<Item = &'b dyn Backend>,
    mut scratch: Scratch<'_>,
    is_wanted: impl Fn() -> Result<(), Problem>,
) -> Result<Made, Problem> {
    let began = Instant::now();
    let mut options = Options::default();
    let mut document = Document::new();
    let mut answer = Answer::default();
    let mut notices = Vec::new();
    for (number, (file, backend)) in (1..).zip(files.iter().zip(backends)) {
        is_wanted()?;
        scratch.fill()?;
        options.limits = scratch.limits;
        let mut page = Page::from_jpeg(&file.data[..], &options, backend);
        if page.as_ref().is_err_and(lacks_memory) && scratch.stretch()? {
            options.limits = scratch.limits;
            page = Page::from_jpeg(&file.data[..], &options, backend);
        }
        let page = page.map_err(|error| Problem::Convert {
            name: file.name.clone(),
            error,
        })?;
        notices.extend(page.notices().iter().map(|&notice| (number, notice)));
        for piece in document.push(page) {
            answer.push(piece, &file.data, &mut scratch)?;
        }
    }
    let rest = document.finish().map_err(|error| Problem::Convert {
        name: "the document".to_owned(),
        error,
    })?;
    answer.end(rest, &mut scratch)?;
    Ok(Made {
        answer,
        notices: list(&notices),
        took: began.elapsed(),
    })
}

/// Notices as a list of tokens (RFC 9651, 3.1), each with its page.
pub(super) fn list(notices: &[(usize, Notice)]) -> String {
    let mut list = String::new();
    for (page, notice) in notices.iter().take(MAX_NOTICES) {
        let separator = if list.is_empty() { "" } else { ", " };
        write!(list, "{separator}{};page={page}", notice.code()).expect("a String takes all text");
    }
    list
}

/// Names the PDF after the upload, differently in each answer: curl does not overwrite a file.
pub(super) fn disposition(upload: &str) -> HeaderValue {
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| AtomicU32::new(fastrand::u32(..)));
    let number = hexadecimal(NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    let stem = stem(upload);
    let text = [
        b"attachment; filename=\"",
        stem.as_bytes(),
        b"-",
        number.as_flattened(),
        b".pdf\"",
    ]
    .concat();
    HeaderValue::try_from(text).expect("a stem is plain ASCII")
}

/// The stem of a file name in letters, digits, `-`, `_` and `.`.
fn stem(name: &str) -> String {
    const MAX: usize = 64;
    let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let stem = stem.trim_start_matches('.');
    if stem.is_empty() {
        return "image".to_owned();
    }
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '_'
        }
    };
    stem.chars().take(MAX).map(plain).collect()
}

#[cfg(test)]
mod tests {
    use pdfmagic_core::Transcode;

    use super::*;
    use crate::memory::Memory;

    #[test]
    fn an_image_that_takes_more_than_others_gets_all_there_is() {
        let memory = Memory::new(64 << 20);
        let mut jpeg = Vec::new();
        let encoder = jpeg_encoder::Encoder::new(&mut jpeg, 90);
        encoder
            .encode(&[7; 64 * 64], 64, 64, jpeg_encoder::ColorType::Luma)
            .unwrap();
        let name = "a.jpg".to_owned();
        let files = [Upload {
            name,
            data: jpeg.into(),
        }];
        let convert = |most| {
            let scratch = Scratch::of(&memory, 10_000, most).unwrap();
            let backend: &dyn Backend = &Transcode { progressive: true };
            document(&files, iter::once(backend), scratch, || Ok(()))
        };
        assert!(convert(32 << 20).is_ok());
        let refused = convert(10_000).err().unwrap();
        assert_eq!(refused.refusal().bound, Some("decoding"));
        assert_eq!(memory.reserved(), 0);
    }

    #[test]
    fn a_name_is_plain_ascii() {
        for (name, expected) in [
            ("random.jpg", "random"),
            ("C:\\photos\\My photo.jpeg", "My_photo"),
            ("../../etc/passwd", "passwd"),
            ("naïve \"quote\".jpg", "na_ve__quote_"),
            ("Montreal.2.jpg", "Montreal.2"),
            (".jpg", "image"),
            ("", "image"),
        ] {
            assert_eq!(stem(name), expected, "{name}");
        }
        assert_eq!(stem(&"x".repeat(1000)).len(), 64);
    }

    #[test]
    fn no_two_answers_have_the_same_name() {
        let names: std::collections::HashSet<_> = (0..1000).map(|_| disposition("a.jpg")).collect();
        assert_eq!(names.len(), 1000);
    }
}

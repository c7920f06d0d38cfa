//! The content of a request: files, and how each becomes a page.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;
use pdfmagic_core::{ConversionOptions, DocumentOptions, OptionError, Settings};
use serde::Deserialize;
use utoipa::IntoParams;

use super::converter::{Converter, UploadBounds};
use super::recipe::Recipe;
use crate::body::{Bounds, RequestBody};
use crate::form::{self, Form, Upload};
use crate::memory::Memory;
use crate::problem::Problem;

/// The name of a file without a name.
const UNNAMED: &str = "image.jpg";

/// The parsed head of a request, whose body is still to be read.
#[derive(Debug)]
pub(super) struct ConversionRequest {
    pub(super) body: RequestBody,
    settings: Settings,
    media: Media,
    max_files: usize,
    /// The maximum size of a file, in bytes.
    max_file: usize,
}

/// The encoding of files.
#[derive(Debug)]
enum Media {
    /// One file as the body.
    File { name: String },
    /// The parts of a form, separated by this boundary.
    Form { boundary: String },
}

/// Options for clients that read while they write.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Streaming {
    /// Begin to answer when the header of the JPEG has arrived, so that the JPEG may be of any size. Not for clients
    /// that read only after they have written.
    #[param(required = false)]
    stream: bool,
}

/// A completely received request.
#[derive(Debug)]
pub(super) struct Conversion {
    /// The files, of which there is at least one.
    pub(super) files: Vec<(Upload, Recipe)>,
    pub(super) document: DocumentOptions,
    /// The time that the body took to arrive.
    pub(super) read: Duration,
}

impl ConversionRequest {
    /// Parses a request with a form that has a file for each page, or with one JPEG as the body. Form fields are
    /// options as well, and the field `options` has options as JSON.
    pub(super) fn whole(converter: &Converter, request: Request) -> Result<Self, Problem> {
        let (this, is_streamed) = Self::whole_or_stream(converter, request)?;
        if is_streamed {
            return Err(not_streamed());
        }
        Ok(this)
    }

    /// Parses such a request, and returns whether its answer must be streamed. A request for a stream has one JPEG as
    /// the body.
    pub(super) fn whole_or_stream(
        converter: &Converter,
        request: Request,
    ) -> Result<(Self, bool), Problem> {
        let (settings, Streaming { stream }) = of_query(&request)?;
        let media = media(request.headers())?;
        let limits = &converter.bounds;
        let (size, what) = match &media {
            Media::File { .. } if stream => (limits.streamed_size, "the file is"),
            Media::File { .. } => (limits.file_size, "the file is"),
            Media::Form { .. } if stream => return Err(not_streamed()),
            Media::Form { .. } => (limits.form_size, "the files are in all"),
        };
        let bounds = converter.bounds(request.extensions(), size, what);
        Ok((Self::new(settings, media, request, bounds, limits)?, stream))
    }

    /// Takes only what is needed of the head, which is dropped before the body arrives.
    fn new(
        settings: Settings,
        media: Media,
        request: Request,
        bounds: Bounds,
        limits: &UploadBounds,
    ) -> Result<Self, Problem> {
        // Invalid options are rejected before the body is sent.
        let options = settings.clone().options(Vec::new())?;
        options.page(0).1.backend()?;
        let (head, body) = request.into_parts();
        Ok(Self {
            body: RequestBody::new(&head.headers, body, bounds)?,
            settings,
            media,
            max_files: limits.files,
            max_file: limits.file_size,
        })
    }

    /// Returns the options of all files.
    pub(super) fn options(&self) -> Result<ConversionOptions, OptionError> {
        self.settings.clone().options(Vec::new())
    }

    /// Reads the body of a form without parsing its parts. Returns it with its boundary, the options of the query, and
    /// the time that the body took to arrive.
    pub(super) async fn read_form(
        mut self,
        memory: &Memory,
    ) -> Result<(Bytes, String, Settings, Duration), Problem> {
        let body = self.body.whole(memory).await?;
        let Media::Form { boundary } = self.media else {
            return Err(Problem::NoFile);
        };
        Ok((body, boundary, self.settings, self.body.took()))
    }

    /// Reads the body.
    pub(super) async fn read(mut self, memory: &Memory) -> Result<Conversion, Problem> {
        let body = self.body.whole(memory).await?;
        let read = self.body.took();
        let (files, options) = match self.media {
            Media::File { name } => {
                let options = self.settings.options(Vec::new())?;
                let place = "the body".to_owned();
                let data = body;
                (vec![Upload { name, place, data }], options)
            }
            Media::Form { boundary } => of_form(&body, &boundary, self.settings, self.max_files)?,
        };
        for file in &files {
            if file.data.len() > self.max_file {
                return Err(Problem::TooLarge {
                    what: format!("{}: the file is", file.place),
                    max: self.max_file,
                });
            }
        }
        let sizes: Vec<u64> = files.iter().map(|file| file.data.len() as u64).collect();
        let files = files.into_iter().enumerate().map(|(index, file)| {
            let recipe = Recipe::new(&options, index, &sizes)?;
            Ok((file, recipe))
        });
        Ok(Conversion {
            files: files.collect::<Result<_, OptionError>>()?,
            document: options.document().clone(),
            read,
        })
    }
}

/// Parses the options of a query, and whether the answer must be streamed. Unknown options are rejected, never
/// ignored.
fn of_query(request: &Request) -> Result<(Settings, Streaming), OptionError> {
    let query = request.uri().query().unwrap_or_default();
    let mut settings = Settings::default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        settings.set(&name, value);
    }
    let streaming = settings.take()?;
    Ok((settings, streaming))
}

fn not_streamed() -> Problem {
    Problem::Option {
        name: "stream".to_owned(),
        reason: "works only for POST /v1/pdf with a JPEG as the body".to_owned(),
    }
}

/// Returns the encoding of the files. Bodies other than forms are identified by their first bytes, since clients send
/// them with various types; without an explicit one, curl sends that of a URL-encoded form.
fn media(headers: &HeaderMap) -> Result<Media, Problem> {
    const FILES: [&str; 4] = [
        "",
        "application/octet-stream",
        "binary/octet-stream",
        "application/x-www-form-urlencoded",
    ];
    let text = |name| {
        let value: Option<&HeaderValue> = headers.get(name);
        value.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let encoding = text(header::CONTENT_ENCODING).unwrap_or_default();
    if !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity") {
        return Err(Problem::Encoded { encoding });
    }
    let value = text(header::CONTENT_TYPE).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    if media_type == "multipart/form-data" {
        let boundary = form::parameter(&value, "boundary").ok_or(Problem::Form {
            offset: 0,
            reason: "the Content-Type has no boundary",
        })?;
        return Ok(Media::Form { boundary });
    }
    if !FILES.contains(&&*media_type) && !media_type.starts_with("image/") {
        return Err(Problem::MediaType {
            expected: "image/jpeg or multipart/form-data",
            actual: value,
        });
    }
    let name = text(header::CONTENT_DISPOSITION).and_then(|value| form::file_name(&value));
    Ok(Media::File {
        name: name.unwrap_or_else(|| UNNAMED.to_owned()),
    })
}

fn of_form(
    body: &Bytes,
    boundary: &str,
    settings: Settings,
    max_files: usize,
) -> Result<(Vec<Upload>, ConversionOptions), Problem> {
    let Form { files, fields } = form::form(body, boundary, max_files)?;
    if files.is_empty() {
        return Err(Problem::NoFile);
    }
    let options = with_fields(settings, fields, files.len())?;
    Ok((files, options))
}

/// Merges the options of a query with those in the fields of a form of `files` files. Empty fields are ignored, since
/// browsers send them for inputs that were not filled in.
pub(super) fn with_fields(
    mut settings: Settings,
    fields: Vec<(String, Bytes)>,
    files: usize,
) -> Result<ConversionOptions, Problem> {
    let mut json = None;
    for (name, value) in fields {
        if value.is_empty() {
            // This input of the form was not filled in.
        } else if name == "options" {
            json = Some(value);
        } else {
            settings.set(&name, String::from_utf8_lossy(&value));
        }
    }
    let single = json.map_or(Ok(Vec::new()), |json| settings.set_object(&json))?;
    if single.len() > files {
        return Err(Problem::Option {
            name: "options".to_owned(),
            reason: format!("pages has {} objects for {files} files", single.len()),
        });
    }
    Ok(settings.options(single)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(query: &str) -> Request {
        let uri = format!("/v1/pdf?{query}");
        Request::post(uri).body(axum::body::Body::empty()).unwrap()
    }

    fn backends(body: &str) -> Result<Vec<&'static str>, Problem> {
        let file = "--x\r\nContent-Disposition: form-data; name=myfile; filename=a.jpg\r\n\r\n\r\n";
        let body = Bytes::from(format!("{}{body}--x--", file.repeat(3)));
        let (files, options) = of_form(&body, "x", Settings::default(), 3)?;
        let names = (0..files.len()).map(|index| {
            let recipe = Recipe::new(&options, index, &[1; 3])?;
            Ok(recipe.backend.name())
        });
        names.collect()
    }

    fn with(name: &str, value: &str) -> String {
        format!("--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n")
    }

    #[test]
    fn options_are_read_from_the_query() {
        let (settings, is_streamed) = of_query(&request("max_density=150&stream=True")).unwrap();
        let options = settings.options(Vec::new()).unwrap();
        assert_eq!(options.page(0).1.backend().unwrap().name(), "reencode");
        assert!(is_streamed.stream);
    }

    #[test]
    fn pages_have_options_of_their_own() {
        let json = r#"{"quality": 50, "pages": [{"quality": 10}, {"backend": "passthrough", "quality": null}]}"#;
        assert!(backends(&with("options", json)).is_err());
        let json = r#"{"backend": "transcode", "pages": [{"backend": "reencode"}, {"backend": "passthrough"}]}"#;
        assert_eq!(
            backends(&with("options", json)).unwrap(),
            ["reencode", "passthrough", "transcode"]
        );
        assert_eq!(backends(&with("max-pdf-size", "2M")).unwrap(), ["auto"; 3]);
        for wrong in [
            "[]",
            r#"{"pages": 1}"#,
            r#"{"pages": [1]}"#,
            r#"{"pages": [{}, {}, {}, {}]}"#,
            r#"{"a": 1}"#,
        ] {
            assert!(backends(&with("options", wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn media_types_that_clients_use_for_files_are_accepted() {
        let with = |name, value: &'static str| {
            HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
        };
        for content_type in [
            "image/jpeg",
            "image/jpg",
            "IMAGE/PJPEG; q=1",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "",
        ] {
            let media = media(&with(header::CONTENT_TYPE, content_type));
            assert!(matches!(media, Ok(Media::File { .. })), "{content_type}");
        }
        assert!(matches!(media(&HeaderMap::new()), Ok(Media::File { .. })));
        for content_type in ["text/plain", "application/json", "multipart/form-data"] {
            assert!(media(&with(header::CONTENT_TYPE, content_type)).is_err());
        }
        let refused = media(&with(header::CONTENT_ENCODING, "gzip")).unwrap_err();
        assert!(refused.to_string().contains("gzip"), "{refused}");
        let named = with(
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"a.jpg\"",
        );
        let Ok(Media::File { name }) = media(&named) else {
            panic!("it is a file");
        };
        assert_eq!(name, "a.jpg");
    }
}

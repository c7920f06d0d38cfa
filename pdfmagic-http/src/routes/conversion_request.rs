//! What a request asks for: files, and how each becomes a page.

use std::time::Duration;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use bytes::Bytes;
use pdfmagic_core::{ConversionOptions, DocumentOptions, OptionError, Settings};

use super::converter::Converter;
use super::recipe::Recipe;
use crate::body::{Bounds, RequestBody};
use crate::form::{self, Form, Upload};
use crate::memory::Memory;
use crate::problem::Problem;

/// The field of the form.
const FIELD: &str = "myfile";

/// What a stream that takes longer than other bodies may is at least to bring, in bytes a second.
const LEAST_RATE: usize = 16 << 10;

/// What the head of a request asks for. The body is still to be read.
#[derive(Debug)]
pub(super) struct ConversionRequest {
    pub(super) body: RequestBody,
    settings: Settings,
    media: Media,
    max_files: usize,
}

/// How files come.
#[derive(Debug)]
enum Media {
    /// One as the body.
    Jpeg,
    /// In the parts of a form between such lines.
    Form { boundary: String },
}

/// What a request asks for, once it is there.
#[derive(Debug)]
pub(super) struct Conversion {
    /// At least one.
    pub(super) files: Vec<(Upload, Recipe)>,
    pub(super) document: DocumentOptions,
    /// How long the body took to come.
    pub(super) read: Duration,
}

impl ConversionRequest {
    /// A form with a file for each page. Fields are options as well, and one of that name holds options as JSON.
    pub(super) fn form(converter: &Converter, request: Request) -> Result<Self, Problem> {
        let (settings, is_streamed) = of_query(&request)?;
        refuse_stream(is_streamed)?;
        match media(request.headers())? {
            Some(media @ Media::Form { .. }) => Self::whole(converter, settings, media, request),
            _ => Err(unexpected("multipart/form-data", request.headers())),
        }
    }

    /// A form, or one JPEG as the body.
    pub(super) fn form_or_jpeg(converter: &Converter, request: Request) -> Result<Self, Problem> {
        let (settings, is_streamed) = of_query(&request)?;
        refuse_stream(is_streamed)?;
        let media = any_media(&request)?;
        Self::whole(converter, settings, media, request)
    }

    /// The same, and whether the answer is to be streamed. Then it is one JPEG.
    pub(super) fn whole_or_stream(
        converter: &Converter,
        request: Request,
    ) -> Result<(Self, bool), Problem> {
        let (settings, is_streamed) = of_query(&request)?;
        if !is_streamed {
            let media = any_media(&request)?;
            return Ok((Self::whole(converter, settings, media, request)?, false));
        }
        let Some(media @ Media::Jpeg) = media(request.headers())? else {
            return Err(unexpected("image/jpeg", request.headers()));
        };
        let bounds = Bounds {
            size: converter.bounds.streamed_size,
            bytes_a_second: LEAST_RATE,
            ..converter.bounds(request.extensions())
        };
        Ok((Self::new(settings, media, request, bounds, 1)?, true))
    }

    fn whole(
        converter: &Converter,
        settings: Settings,
        media: Media,
        request: Request,
    ) -> Result<Self, Problem> {
        let bounds = converter.bounds(request.extensions());
        Self::new(settings, media, request, bounds, converter.bounds.files)
    }

    /// The head is not kept while the body comes.
    fn new(
        settings: Settings,
        media: Media,
        request: Request,
        bounds: Bounds,
        max_files: usize,
    ) -> Result<Self, Problem> {
        // What makes no sense is refused before the body is sent.
        let options = settings.clone().options(Vec::new())?;
        options.page(0).1.backend()?;
        let (head, body) = request.into_parts();
        Ok(Self {
            body: RequestBody::new(&head.headers, body, bounds)?,
            settings,
            media,
            max_files,
        })
    }

    /// The options of all files.
    pub(super) fn options(&self) -> Result<ConversionOptions, OptionError> {
        self.settings.clone().options(Vec::new())
    }

    /// Reads the body.
    pub(super) async fn read(mut self, memory: &Memory) -> Result<Conversion, Problem> {
        let body = self.body.whole(memory).await?;
        let read = self.body.took();
        let (files, options) = match &self.media {
            Media::Jpeg => {
                let name = "image.jpg".to_owned();
                (vec![Upload { name, data: body }], self.options()?)
            }
            Media::Form { boundary } => of_form(&body, boundary, self.settings, self.max_files)?,
        };
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

/// Takes the options of a query, and whether the answer is to be streamed. An unknown option is refused, never ignored.
fn of_query(request: &Request) -> Result<(Settings, bool), Problem> {
    let query = request.uri().query().unwrap_or_default();
    let (mut settings, mut is_streamed) = (Settings::default(), false);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "stream" {
            is_streamed = value.parse().map_err(|_| Problem::Option {
                name: name.into_owned(),
                reason: "expected true or false".to_owned(),
            })?;
        } else {
            settings.set(&name, value);
        }
    }
    Ok((settings, is_streamed))
}

fn refuse_stream(is_streamed: bool) -> Result<(), Problem> {
    if is_streamed {
        return Err(Problem::Option {
            name: "stream".to_owned(),
            reason: "goes with a JPEG as the body of POST /v1/pdf only".to_owned(),
        });
    }
    Ok(())
}

fn any_media(request: &Request) -> Result<Media, Problem> {
    let media = media(request.headers())?;
    media.ok_or_else(|| unexpected("image/jpeg or multipart/form-data", request.headers()))
}

/// None if files come in neither way.
fn media(headers: &HeaderMap) -> Result<Option<Media>, Problem> {
    let value = headers.get(header::CONTENT_TYPE);
    let Some(value) = value.and_then(|value| value.to_str().ok()) else {
        return Ok(None);
    };
    let media_type = value.split(';').next().unwrap_or_default().trim_end();
    if media_type.eq_ignore_ascii_case("image/jpeg") {
        return Ok(Some(Media::Jpeg));
    }
    if !media_type.eq_ignore_ascii_case("multipart/form-data") {
        return Ok(None);
    }
    let boundary = form::parameter(value, "boundary").ok_or(Problem::Form {
        offset: 0,
        reason: "the Content-Type has no boundary",
    })?;
    Ok(Some(Media::Form { boundary }))
}

fn of_form(
    body: &Bytes,
    boundary: &str,
    mut settings: Settings,
    max_files: usize,
) -> Result<(Vec<Upload>, ConversionOptions), Problem> {
    let Form { mut files, fields } = form::form(body, boundary, FIELD, max_files)?;
    // What a browser sends when no file was chosen.
    files.retain(|file| !(file.name.is_empty() && file.data.is_empty()));
    if files.is_empty() {
        return Err(Problem::NoFile);
    }
    let mut json = None;
    for (name, value) in fields {
        if name == "options" {
            json = Some(value);
        } else {
            settings.set(&name, String::from_utf8_lossy(&value));
        }
    }
    let single = json.map_or(Ok(Vec::new()), |json| settings.set_object(&json))?;
    if single.len() > files.len() {
        return Err(Problem::Option {
            name: "options".to_owned(),
            reason: format!(
                "pages has {} objects for {} files",
                single.len(),
                files.len()
            ),
        });
    }
    Ok((files, settings.options(single)?))
}

fn unexpected(expected: &'static str, headers: &HeaderMap) -> Problem {
    let actual = headers
        .get(header::CONTENT_TYPE)
        .map(HeaderValue::as_bytes)
        .unwrap_or_default();
    Problem::MediaType {
        expected,
        actual: String::from_utf8_lossy(actual).into_owned(),
    }
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
    fn a_query_has_options() {
        let (settings, is_streamed) = of_query(&request("max_density=150&stream=true")).unwrap();
        let options = settings.options(Vec::new()).unwrap();
        assert_eq!(options.page(0).1.backend().unwrap().name(), "reencode");
        assert!(is_streamed);
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
            "",
            "[]",
            r#"{"pages": 1}"#,
            r#"{"pages": [1]}"#,
            r#"{"pages": [{}, {}, {}, {}]}"#,
            r#"{"a": 1}"#,
        ] {
            assert!(backends(&with("options", wrong)).is_err(), "{wrong}");
        }
    }
}

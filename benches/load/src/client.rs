//! One client, which sends a picture, checks the answer, and times its phases.

use std::io;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use memchr::memmem;
use tokio::net::TcpStream;

/// Separates the parts of the form. No compressed picture contains it.
const BOUNDARY: &str = "pdfmagic-load-boundary-0d1c2b3a49586776";

/// The address that requests are sent to.
#[derive(Debug, Clone)]
pub struct Target {
    /// Host and port, as in the Host header.
    pub authority: String,
    path: String,
}

impl Target {
    /// Parses `http://HOST:PORT/PATH` or `HOST:PORT`.
    ///
    /// # Errors
    ///
    /// If `text` is neither.
    pub fn parse(text: &str) -> Result<Self, String> {
        let full = if text.contains("://") {
            text.to_owned()
        } else {
            format!("http://{text}/")
        };
        let uri: Uri = full.parse().map_err(|error| format!("{error}"))?;
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(authority)) => Ok(Self {
                authority: authority.to_string(),
                path: uri
                    .path_and_query()
                    .map_or_else(|| "/".to_owned(), ToString::to_string),
            }),
            _ => Err("expected http://HOST:PORT/PATH or HOST:PORT".to_owned()),
        }
    }

    async fn connect(&self) -> io::Result<TcpStream> {
        let stream = if self.authority.contains(':') {
            TcpStream::connect(&self.authority).await?
        } else {
            TcpStream::connect((self.authority.as_str(), 80)).await?
        };
        stream.set_nodelay(true)?;
        // The end that closes first keeps the connection's port for a minute, and there are 28,000 ports. So the client
        // resets the connection, which after the last byte of the answer costs the server nothing.
        stream.set_zero_linger()?;
        Ok(stream)
    }
}

/// A picture as the body of a request.
#[derive(Debug, Clone)]
pub struct Upload {
    media_type: String,
    body: Bytes,
}

impl Upload {
    /// Returns a form with the picture as its file, as in the practical.
    #[must_use]
    pub fn form(jpeg: &[u8]) -> Self {
        let mut body = BytesMut::with_capacity(jpeg.len() + 256);
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"myfile\"; filename=\"random.jpg\"\r\n\
                 Content-Type: image/jpeg\r\n\r\n"
            )
            .as_bytes(),
        );
        body.extend_from_slice(jpeg);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        Self {
            media_type: format!("multipart/form-data; boundary={BOUNDARY}"),
            body: body.freeze(),
        }
    }

    /// Returns the picture itself.
    #[must_use]
    pub fn raw(jpeg: Vec<u8>) -> Self {
        Self {
            media_type: "image/jpeg".to_owned(),
            body: jpeg.into(),
        }
    }

    /// The size of the request's body, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.body.len() as u64
    }
}

/// An answer, with its times.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// The time to open the connection; zero if one was already open.
    pub connect: Duration,
    /// The time from the start of the request to the head of the answer.
    pub first_byte: Duration,
    /// The time from the start of the request to the last byte.
    pub total: Duration,
}

impl Answer {
    /// The value of a header, if it is ASCII text.
    #[must_use]
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Checks that the answer is a PDF with one page.
    ///
    /// # Errors
    ///
    /// The reason why it is not.
    pub fn check(&self) -> Result<(), String> {
        // Everything but the image is near the start or the end of the PDF.
        const ENDS: usize = 4096;
        const COUNT: &[u8] = b"/Count 1";
        let body = &self.body[..];
        let head = &body[..body.len().min(ENDS)];
        let tail = &body[body.len().saturating_sub(ENDS)..];
        if self.status != StatusCode::OK {
            return Err(format!("status {}", self.status));
        }
        if !body.starts_with(b"%PDF-") {
            return Err("the answer is not a PDF".to_owned());
        }
        if !tail.trim_ascii_end().ends_with(b"%%EOF") {
            return Err("the PDF is cut off: it does not end with %%EOF".to_owned());
        }
        let ends_there = |rest: &[u8]| !rest.first().is_some_and(u8::is_ascii_digit);
        let has_one_page = [head, tail].iter().any(|part| {
            memmem::find_iter(part, COUNT).any(|at| ends_there(&part[at + COUNT.len()..]))
        });
        if !has_one_page {
            return Err("the PDF does not have exactly one page".to_owned());
        }
        Ok(())
    }
}

/// Sends requests one after another.
#[derive(Debug)]
pub struct Client {
    target: Target,
    reuse: bool,
    timeout: Duration,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// Creates a client without a connection. With `reuse`, it keeps the connection that it opens. It waits at most
    /// `timeout` for an answer.
    #[must_use]
    pub fn new(target: Target, reuse: bool, timeout: Duration) -> Self {
        Self {
            target,
            reuse,
            timeout,
            connection: None,
        }
    }

    /// Sends the upload, and follows one redirect on the same connection, like `curl -L`.
    ///
    /// # Errors
    ///
    /// If no connection can be opened, if it breaks, or if the answer takes too long. The next call opens a new
    /// connection.
    pub async fn post(&mut self, upload: &Upload) -> Result<Answer, String> {
        let start = Instant::now();
        let answer = tokio::time::timeout(self.timeout, self.send_and_follow(start, upload))
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {:?}", self.timeout)));
        if !self.reuse || answer.is_err() {
            self.connection = None;
        }
        answer
    }

    async fn send_and_follow(&mut self, start: Instant, upload: &Upload) -> Result<Answer, String> {
        let mut connect = self.ready(start).await?;
        let request = self
            .request(Method::POST, &self.target.path)
            .header(header::CONTENT_TYPE, &upload.media_type)
            .body(Full::new(upload.body.clone()));
        let mut response = self.send(request).await?;
        let location = response
            .status()
            .is_redirection()
            .then(|| response.headers().get(header::LOCATION)?.to_str().ok())
            .flatten()
            .map(str::to_owned);
        if let Some(location) = location {
            let uri: Uri = location.parse().map_err(|error| format!("{error}"))?;
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            response.collect().await.map_err(broken)?;
            connect += self.ready(Instant::now()).await?;
            let request = self.request(Method::GET, path).body(Full::default());
            response = self.send(request).await?;
        }
        let first_byte = start.elapsed();
        let (head, body) = response.into_parts();
        let body = body.collect().await.map_err(broken)?.to_bytes();
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body,
            connect,
            first_byte,
            total: start.elapsed(),
        })
    }

    /// Opens a connection, unless one is open. Returns the time that this took.
    async fn ready(&mut self, start: Instant) -> Result<Duration, String> {
        if let Some(connection) = &mut self.connection
            && connection.ready().await.is_ok()
        {
            return Ok(Duration::ZERO);
        }
        let stream = self
            .target
            .connect()
            .await
            .map_err(|error| format!("cannot connect to {}: {error}", self.target.authority))?;
        let connect = start.elapsed();
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // The connection ends with its sender, which also reports its errors.
        tokio::spawn(async move { drop(connection.without_shutdown().await) });
        self.connection = Some(sender);
        Ok(connect)
    }

    fn request(&self, method: Method, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, &self.target.authority)
            .header(header::USER_AGENT, "pdfmagic-load")
    }

    async fn send(
        &mut self,
        request: hyper::http::Result<Request<Full<Bytes>>>,
    ) -> Result<Response<Incoming>, String> {
        let request = request.map_err(|error| error.to_string())?;
        let connection = self.connection.as_mut().ok_or("no connection")?;
        connection.send_request(request).await.map_err(broken)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "map_err passes a value")]
fn broken(error: hyper::Error) -> String {
    match std::error::Error::source(&error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_address_or_a_url() {
        let parts = |text| Target::parse(text).map(|target| (target.authority, target.path));
        let expect = |authority: &str, path: &str| Ok((authority.to_owned(), path.to_owned()));
        assert_eq!(parts("127.0.0.1:8080"), expect("127.0.0.1:8080", "/"));
        assert_eq!(
            parts("http://pdf.example/v1/pdf?a=b"),
            expect("pdf.example", "/v1/pdf?a=b")
        );
        assert!(parts("https://pdf.example/").is_err());
        assert!(parts("").is_err());
    }

    #[test]
    fn only_a_complete_pdf_of_one_page_is_accepted() {
        let check = |status, body: &'static [u8]| {
            Answer {
                status,
                headers: HeaderMap::new(),
                body: Bytes::from_static(body),
                connect: Duration::ZERO,
                first_byte: Duration::ZERO,
                total: Duration::ZERO,
            }
            .check()
        };
        let ok = StatusCode::OK;
        assert_eq!(check(ok, b"%PDF-1.7 /Count 1 %%EOF\n"), Ok(()));
        for (status, body) in [
            (ok, &b""[..]),
            (ok, b"%PDF-1.7 /Count 1"),
            (ok, b"%PDF-1.7 /Count 2 %%EOF"),
            (ok, b"%PDF-1.7 /Count 12 %%EOF"),
            (ok, b"<html>"),
            (StatusCode::NOT_FOUND, b"%PDF-1.7 /Count 1 %%EOF"),
        ] {
            assert!(check(status, body).is_err());
        }
    }
}

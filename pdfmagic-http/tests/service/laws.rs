//! The laws that hold for the answers to any bytes, which the fuzz target and the test of mutants assert.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};

use httparse::Status;

/// Sends bytes, and closes the sending side. Returns the complete answer, or `None` if the connection was reset.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Option<Vec<u8>> {
    let mut stream = TcpStream::connect(address).expect("it listens");
    // The service may close the connection before it has read everything.
    stream.write_all(request).ok()?;
    stream.shutdown(Shutdown::Write).ok()?;
    let mut answers = Vec::new();
    stream.read_to_end(&mut answers).ok()?;
    Some(answers)
}

/// The answers are HTTP/1.1 responses, one after the other. An error response names its error in JSON or HTML, and is
/// never an internal error of the service.
pub(crate) fn answers_are_sound(request: &[u8], mut answers: &[u8]) {
    // Responses to HEAD state a length, but have no body (RFC 9110, 9.3.2).
    let has_bodies = !request.windows(5).any(|window| window == b"HEAD ");
    while !answers.is_empty() {
        let mut headers = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut headers);
        let Ok(Status::Complete(size)) = head.parse(answers) else {
            panic!("no head: {:?}", String::from_utf8_lossy(answers));
        };
        let header = |name: &str| {
            let mut headers = head.headers.iter();
            let header = headers.find(|header| header.name.eq_ignore_ascii_case(name));
            header.map(|header| str::from_utf8(header.value).expect("it is ASCII"))
        };
        let status = head.code.expect("a status");
        answers = &answers[size..];
        let body = match (status, header("content-length")) {
            (100..=199 | 204 | 304, _) => Vec::new(),
            (_, Some(length)) if has_bodies => {
                let length = length.parse().expect("a length");
                let (body, after) = answers.split_at_checked(length).expect("all of it");
                answers = after;
                body.to_vec()
            }
            _ if header("transfer-encoding") == Some("chunked") && has_bodies => {
                unchunked(&mut answers)
            }
            _ => std::mem::take(&mut answers).to_vec(),
        };
        assert!(status != 500, "{}", String::from_utf8_lossy(&body));
        if status >= 400 && has_bodies {
            match header("content-type") {
                Some("application/problem+json") => {
                    let problem: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
                    assert_eq!(problem["status"], status);
                }
                other => assert!(
                    other.is_some_and(|kind| kind.starts_with("text/html")),
                    "{status}: {other:?}"
                ),
            }
        }
    }
}

/// Removes the chunks of a body from the answers, and returns the body (RFC 9112, 7.1).
fn unchunked(answers: &mut &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let Ok(Status::Complete((head, size))) = httparse::parse_chunk_size(answers) else {
            panic!("no chunk");
        };
        let size = usize::try_from(size).expect("it is in memory");
        let (chunk, after) = answers[head..].split_at_checked(size).expect("all of it");
        body.extend_from_slice(chunk);
        *answers = after.strip_prefix(b"\r\n").expect("a chunk ends");
        if size == 0 {
            return body;
        }
    }
}

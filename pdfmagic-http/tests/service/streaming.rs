//! PDFs that go out while their JPEG comes in.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::running::{Answer, Service};
use super::{contains, jpeg};

/// Sends a JPEG in two halves, and reads the head of the answer before the second.
#[test]
fn a_stream_is_answered_while_it_comes() {
    let service = Service::start(&[]);
    let mut jpeg = jpeg(1);
    jpeg.truncate(jpeg.len() - 2);
    let (first, second) = jpeg.split_at(1000);
    let mut stream = service.connect();
    let chunk = |stream: &mut TcpStream, data: &[u8]| {
        stream
            .write_all(format!("{:x}\r\n", data.len()).as_bytes())
            .unwrap();
        stream.write_all(&[data, b"\r\n"].concat()).unwrap();
    };
    stream
        .write_all(b"POST /v1/pdf?stream=true HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n")
        .unwrap();
    chunk(&mut stream, first);
    let mut bytes = vec![0; 15];
    stream.read_exact(&mut bytes).unwrap();
    assert_eq!(bytes, b"HTTP/1.1 200 OK");
    chunk(&mut stream, second);
    stream.write_all(b"0\r\n\r\n").unwrap();
    stream.read_to_end(&mut bytes).unwrap();
    let answer = Answer::parse(&bytes);
    assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
    let pdf = unchunked(&answer.body);
    let read = lopdf::Document::load_mem(&pdf).unwrap();
    assert_eq!(read.get_pages().len(), 1);
    // Its end was missing.
    assert!(contains(&pdf, &[&jpeg[..], b"\xFF\xD9"].concat()));
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    loop {
        let end = body.iter().position(|&byte| byte == b'\r').unwrap();
        let size = std::str::from_utf8(&body[..end]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
}

#[test]
fn what_cannot_be_streamed_is_refused_before_the_answer_begins() {
    let service = Service::start(&["--max-stream", "5000"]);
    let long = vec![b' '; 400_000];
    for (start, body, expected) in [
        (
            "POST /v1/pdf?stream=true",
            &b"GIF89a"[..],
            (415, "not_jpeg.gif"),
        ),
        (
            "POST /v1/pdf?stream=true",
            &jpeg(1)[..100],
            (422, "format.truncated"),
        ),
        (
            "POST /v1/pdf?stream=true",
            &long,
            (413, "request.too_large"),
        ),
        (
            "POST /v1/pdf?stream=true&optimize=true",
            b"",
            (400, "request.option"),
        ),
        ("POST /v1/pdf?stream=maybe", b"", (400, "request.option")),
    ] {
        let refused = service.send(start, "image/jpeg", body);
        assert_eq!((refused.status, &*refused.problem()), expected, "{start}");
    }
}

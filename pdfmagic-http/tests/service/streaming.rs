//! Tests of PDFs that are sent while their JPEG arrives.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::running::{Answer, Service};
use super::{contains, endless, jpeg};

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
    // EOI was missing.
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

/// The error occurs too late for a status, but is counted.
#[test]
fn a_failed_stream_is_counted_by_its_cause() {
    let count = |service: &Service, status: u16| {
        service.metric(&format!(
            "pdfmagic_http_requests_total{{route=\"/v1/pdf\",method=\"POST\",status=\"{status}\"}}"
        ))
    };
    let head = "POST /v1/pdf?stream=true HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\n";
    let jpeg = jpeg(1);
    let service = Service::start(&["--stall-timeout=0.3", "--body-timeout=0.5"]);
    let stalled = format!("{head}Content-Length: 90000\r\n\r\n");
    service.raw(&[stalled.as_bytes(), &jpeg].concat());
    assert_eq!(service.rejected("body_timeout"), 1);
    assert_eq!(
        [408, 499, 200].map(|status| count(&service, status)),
        [1, 0, 0]
    );
    let service = Service::start(&["--max-stream=100000"]);
    let mut too_large = service.connect();
    too_large
        .write_all(&[head.as_bytes(), b"Transfer-Encoding: chunked\r\n\r\n"].concat())
        .unwrap();
    let zeros = vec![0; 100_000];
    for part in [&jpeg[..jpeg.len() - 2], &zeros] {
        let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat();
        too_large.write_all(&chunk).unwrap();
    }
    let mut answer = Vec::new();
    // The chunked answer is truncated, without a final chunk.
    let _ = too_large.read_to_end(&mut answer);
    assert!(!answer.ends_with(b"0\r\n\r\n"));
    service.until(|| service.rejected("size") == 1);
    assert_eq!(
        [413, 499, 200].map(|status| count(&service, status)),
        [1, 0, 0]
    );
    assert_eq!(service.metric("pdfmagic_pages_total"), 0);
}

/// A client that sends a byte from time to time cannot hold a connection forever.
#[test]
fn a_trickling_stream_times_out() {
    let service = Service::start(&["--stall-timeout=0.5", "--body-timeout=0.5"]);
    let mut stream = service.connect();
    let head = "POST /v1/pdf?stream=true HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: 90000\r\n\r\n";
    stream
        .write_all(&[head.as_bytes(), &endless(2000)].concat())
        .unwrap();
    for _ in 0..15 {
        std::thread::sleep(Duration::from_millis(100));
        // The connection may already be closed.
        let _ = stream.write_all(b"x");
    }
    service.until(|| service.rejected("body_timeout") == 1);
}

#[test]
fn requests_that_cannot_be_streamed_are_rejected_before_the_answer_begins() {
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

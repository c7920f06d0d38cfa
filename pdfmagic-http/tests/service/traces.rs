//! Tests of spans, as a collector receives them.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::running::Service;
use super::{contains, jpeg};

#[test]
fn each_request_is_exported_as_a_child_of_the_client_s_span() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", collector.local_addr().unwrap());
    let service = Service::start_with(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let trace: [u8; 16] = std::array::from_fn(|i| 0xA0 + u8::try_from(i).unwrap());
    let hex = "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf";
    let jpeg = jpeg(1);
    let head = format!(
        "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: image/jpeg\r\n\
         traceparent: 00-{hex}-b7ad6b7169203331-01\r\nContent-Length: {}\r\n\r\n",
        jpeg.len()
    );
    let answer = service.raw(&[head.as_bytes(), &jpeg].concat());
    assert!(answer.starts_with(b"HTTP/1.1 200"));
    // The remaining spans are sent at the end.
    service.terminate();
    let (mut stream, _) = collector.accept().unwrap();
    let mut sent = Vec::new();
    while !contains(&sent, b"/v1/pdf") || !contains(&sent, &trace) {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).unwrap();
        assert!(count > 0, "{}", String::from_utf8_lossy(&sent));
        sent.extend(&part[..count]);
    }
    assert!(sent.starts_with(b"POST /v1/traces HTTP/1.1"));
    stream
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        .unwrap();
    assert_eq!(service.exit_code(), Some(0));
}

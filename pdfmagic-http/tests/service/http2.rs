//! Tests of HTTP/2 without TLS, with curl as the client.

use std::process::{Command, Output};

use axum::http::Request;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use super::running::Service;
use super::{contains, endless, jpeg};

fn curl(service: &Service, args: &[&str]) -> Output {
    let mut command = Command::new("curl");
    command.args(["-sS", "--max-time", "120", "-H", "Content-Type: image/jpeg"]);
    let url = format!("http://{}/v1/pdf", service.address);
    command
        .args(args)
        .arg(url)
        .output()
        .expect("curl is installed")
}

fn upload() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, jpeg(1)).unwrap();
    file
}

fn posted(file: &tempfile::NamedTempFile) -> String {
    format!("@{}", file.path().display())
}

const VERSION: [&str; 2] = ["-w", "HTTP/%{http_version} %{http_code}"];

#[test]
fn works_with_prior_knowledge_and_only_if_enabled() {
    let file = upload();
    let post = ["--data-binary", &posted(&file)];
    let service = Service::start(&["--http2"]);
    for (flag, version) in [
        ("--http2-prior-knowledge", "HTTP/2 200"),
        ("--http1.1", "HTTP/1.1 200"),
    ] {
        let output = curl(&service, &[&[flag][..], &post, &VERSION].concat());
        assert!(output.stdout.starts_with(b"%PDF-"), "{output:?}");
        assert!(contains(&output.stdout, version.as_bytes()), "{version}");
    }
    let plain = Service::start(&[]);
    let output = curl(&plain, &[&["--http2-prior-knowledge"][..], &post].concat());
    assert!(!output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_rejected_request_does_not_affect_others_on_its_connection() {
    let service = Service::start(&["--http2"]);
    let stream = TcpStream::connect(service.address).await.unwrap();
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let mut asked = Vec::new();
    for number in 0..30 {
        let query = if number % 4 == 0 { "?quality=none" } else { "" };
        let request = Request::post(format!("http://{}/v1/pdf{query}", service.address))
            .header("Content-Type", "image/jpeg")
            .body(Full::new(Bytes::from(jpeg(1))))
            .unwrap();
        client.ready().await.unwrap();
        asked.push((number, client.send_request(request)));
    }
    // This works for any order in which they are read.
    for (number, answer) in asked.into_iter().rev() {
        let answer = answer.await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        let (expected, end): (u16, &[u8]) = if number % 4 == 0 {
            (400, b"}")
        } else {
            (200, b"%%EOF\n")
        };
        assert_eq!(status, expected, "{number}");
        assert!(body.ends_with(end), "{number}");
    }
}

#[test]
fn a_large_body_is_streamed() {
    let service = Service::start(&["--http2", "--memory-budget", "48000000"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    let big = endless(100 << 20);
    std::fs::write(&file, &big).unwrap();
    let url = format!("http://{}/v1/pdf?stream=true", service.address);
    let output = Command::new("curl")
        .args(["-sS", "--max-time", "120", "--http2-prior-knowledge"])
        .args(["-H", "Content-Type: image/jpeg", "-T"])
        .arg(file.path())
        .args(["-X", "POST", &url])
        .output()
        .unwrap();
    assert!(output.stdout.len() > big.len() && output.stdout.ends_with(b"%%EOF\n"));
    assert!(service.peak() < 40 << 20, "{} MiB", service.peak() >> 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_connection_is_closed_despite_pings() {
    let service = Service::start(&[
        "--http2",
        "--connection-age=0.1",
        "--idle-timeout=0.1",
        "--stall-timeout=1",
        "--body-timeout=1",
    ]);
    let stream = TcpStream::connect(service.address).await.unwrap();
    let (mut client, connection) = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(100)
        .handshake(TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::post(format!("http://{}/v1/pdf", service.address))
        .header("Content-Type", "image/jpeg")
        .body(Full::new(Bytes::from(jpeg(1))))
        .unwrap();
    // The body of this answer is never read.
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    service.until(|| service.metric("pdfmagic_connections") == 0);
    assert_eq!(service.closed("write_stall"), 1);
    service.until(|| service.metric("pdfmagic_inflight_bytes") == 0);
    drop(answer);
}

#[tokio::test]
async fn a_connection_closes_after_a_maximum_number_of_requests() {
    for (bound, requests) in [("2", 2), ("0", 1)] {
        let service = Service::start(&["--http2", "--connection-requests", bound]);
        let stream = TcpStream::connect(service.address).await.unwrap();
        let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
        let connection = tokio::spawn(connection);
        for _ in 0..requests {
            let request = Request::post(format!("http://{}/v1/pdf", service.address))
                .header("Content-Type", "image/jpeg")
                .body(Full::new(Bytes::from(jpeg(1))))
                .unwrap();
            let answer = client.send_request(request).await.unwrap();
            let pdf = answer.into_body().collect().await.unwrap().to_bytes();
            assert!(pdf.ends_with(b"%%EOF\n"));
        }
        connection.await.unwrap().unwrap();
        assert_eq!(service.closed("requests"), 1);
    }
}

#[tokio::test]
async fn an_idle_connection_closes_on_shutdown() {
    let service = Service::start(&["--http2", "--drain-delay", "0"]);
    let stream = TcpStream::connect(service.address).await.unwrap();
    let (_client, connection) =
        http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    service.until(|| service.metric("pdfmagic_connections") == 1);
    service.terminate();
    connection.await.unwrap().unwrap();
    assert_eq!(service.exit_code(), Some(0));
}

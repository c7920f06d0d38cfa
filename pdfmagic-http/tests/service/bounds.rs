//! Tests of the limits of the service.

use std::io::{Read, Write};
use std::time::Duration;

use super::running::{Answer, Service};
use super::{FORM, form, jpeg, large, picture};

/// Returns the head of a request with a JPEG of this size, in bytes.
pub(crate) fn begin(size: usize) -> String {
    format!(
        "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: {size}\r\n\r\n"
    )
}

fn answer(mut stream: std::net::TcpStream) -> Answer {
    let mut bytes = Vec::new();
    stream
        .read_to_end(&mut bytes)
        .expect("it answers and closes");
    Answer::parse(&bytes)
}

/// Whether there is no memory for a body of this size. If there is, the service asks for the body.
fn is_refused(service: &Service, size: usize) -> bool {
    let mut stream = service.connect();
    let head = begin(size).replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    match &status {
        b"HTTP/1.1 100" => false,
        b"HTTP/1.1 503" => true,
        other => panic!("{}", String::from_utf8_lossy(other)),
    }
}

/// Sends a request for whose body there is memory, without the body. `length` states its size.
fn holder(service: &Service, length: &str) -> std::net::TcpStream {
    let mut stream = service.connect();
    let head = format!(
        "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nExpect: 100-continue\r\n{length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    // The service sends this once it reads the body.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

#[test]
fn memory_in_use_is_not_granted_twice() {
    let service = Service::start(&["--max-body", "1000000", "--memory-budget", "1714290"]);
    let holder = holder(&service, "Content-Length: 1000000");
    assert!(is_refused(&service, 600_000));
    assert!(!is_refused(&service, 400_000));
    drop(holder);
    service.until(|| !is_refused(&service, 600_000));
}

#[test]
fn temporarily_rejected_requests_are_told_when_to_retry() {
    let service = Service::start(&["--max-body", "1000000", "--memory-budget", "1142860"]);
    // The size of the body is unknown, so the maximum is reserved.
    let _holder = holder(&service, "Transfer-Encoding: chunked");
    let refused = service.send("POST /v1/pdf", "image/jpeg", &jpeg(1));
    assert_eq!((refused.status, &*refused.problem()), (503, "service.busy"));
    assert_eq!(service.rejected("memory"), 1);
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds));
}

#[test]
fn stalled_and_slow_bodies_time_out() {
    let stalled = Service::start(&["--stall-timeout", "0.3"]);
    let mut stream = stalled.connect();
    stream
        .write_all(&[begin(100).as_bytes(), b"x"].concat())
        .unwrap();
    let refused = answer(stream);
    assert_eq!((refused.status, &*refused.problem()), (408, "request.slow"));
    let slow = Service::start(&["--stall-timeout", "0.5", "--body-timeout", "0.6"]);
    let mut stream = slow.connect();
    stream.write_all(begin(1000).as_bytes()).unwrap();
    for _ in 0..20 {
        if stream.write_all(b"x").is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 408");
    assert_eq!(
        (
            stalled.rejected("body_timeout"),
            slow.rejected("body_timeout")
        ),
        (1, 1)
    );
}

#[test]
fn slow_request_heads_time_out() {
    let service = Service::start(&["--header-timeout", "0.3", "--idle-timeout", "30"]);
    let mut stream = service.connect();
    stream.write_all(b"GET / HT").unwrap();
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .expect("the service closes the connection");
    service.until(|| service.closed("header_timeout") == 1);
}

#[test]
fn clients_that_do_not_read_their_answer_are_disconnected() {
    let service = Service::start(&[
        "--stall-timeout",
        "0.3",
        "--body-timeout",
        "2",
        "--max-body",
        "9000000",
        "--memory-budget",
        "10300000",
    ]);
    let big = large(8_000_000);
    let mut lazy = service.connect();
    lazy.write_all(&[begin(big.len()).as_bytes(), &big].concat())
        .unwrap();
    // Its memory is freed although the client reads nothing.
    service.until(|| !is_refused(&service, big.len()));
    assert_eq!(service.closed("write_stall"), 1);
    drop(lazy);
}

#[test]
fn clients_that_read_slowly_get_their_answer() {
    let service = Service::start(&["--idle-timeout", "0.3", "--stall-timeout", "0.3"]);
    // This is more than the system buffers for a connection.
    let big = large(21_000_000);
    let mut slow = service.connect();
    let head = begin(big.len());
    let sending = [head.as_bytes(), &big].concat();
    slow.write_all(&sending).unwrap();
    let mut part = vec![0; 1_000_000];
    for _ in 0..20 {
        std::thread::sleep(Duration::from_millis(100));
        slow.read_exact(&mut part).unwrap();
    }
}

#[test]
fn forms_have_a_maximum_number_of_files() {
    let service = Service::start(&["--max-parts", "2"]);
    let jpeg = jpeg(1);
    let file = ("a.jpg", &jpeg[..]);
    assert_eq!(service.send("POST /", FORM, &form(&[file; 2])).pages(), 2);
    let refused = service.send("POST /", FORM, &form(&[file; 3]));
    assert_eq!(
        (refused.status, &*refused.problem()),
        (413, "request.too_many_parts")
    );
    assert_eq!(service.rejected("parts"), 1);
}

#[test]
fn connections_close_after_a_maximum_number_of_requests() {
    let service = Service::start(&["--connection-requests", "2"]);
    let mut stream = service.connect();
    stream
        .write_all(&b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n".repeat(3))
        .unwrap();
    let mut answers = String::new();
    stream.read_to_string(&mut answers).unwrap();
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 2, "{answers}");
    assert_eq!(
        answers.to_lowercase().matches("connection: close").count(),
        1
    );
    assert_eq!(service.closed("requests"), 1);
}

#[test]
fn connections_close_at_a_maximum_age() {
    for (age, closed) in [("0.2", 1), ("3600", 0)] {
        let service = Service::start(&["--connection-age", age]);
        let mut stream = service.connect();
        std::thread::sleep(Duration::from_millis(300));
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nHost: test\r\n\r\n")
            .unwrap();
        let mut answer = [0; 2000];
        let size = stream.read(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer[..size]).to_lowercase();
        assert_eq!(answer.contains("connection: close"), closed == 1, "{age}");
        assert_eq!(service.closed("age"), closed);
    }
}

#[test]
fn connections_beyond_the_limit_wait() {
    let service = Service::start(&["--max-connections", "1", "--idle-timeout", "0.3"]);
    let first = service.connect();
    // This is answered once the first connection was closed.
    assert_eq!(service.get("/livez").status, 200);
    assert!(service.metric("pdfmagic_connection_waits_total") > 0);
    assert!(service.closed("idle_timeout") > 0);
    drop(first);
}

#[test]
fn images_that_never_fit_into_the_budget_are_not_told_to_retry() {
    let service = Service::start(&["--max-body=4000000", "--memory-budget=8000000"]);
    let large = picture(2000, 1000);
    let refused = service.send(
        "POST /v1/pdf?backend=reencode&max-density=20",
        "image/jpeg",
        &large,
    );
    assert_eq!((refused.status, &*refused.problem()), (422, "limit.memory"));
    assert_eq!(
        (service.rejected("decoding"), service.rejected("memory")),
        (1, 0)
    );
    let embedded = service.send("POST /v1/pdf", "image/jpeg", &large);
    assert_eq!(embedded.pages(), 1);
}

/// Such an image gets all available memory, and usually needs less. The memory for its result is a part of that.
#[test]
fn images_that_may_exceed_the_budget_are_attempted() {
    let service = Service::start(&["--max-body=4000000", "--memory-budget=16000000"]);
    let large = picture(1500, 1000);
    for _ in 0..2 {
        let done = service.send("POST /v1/pdf?optimize=true", "image/jpeg", &large);
        assert_eq!(done.pages(), 1);
        assert!(done.body.len() > 100_000);
    }
    let pages = form(&[("a.jpg", &picture(600, 400)[..]); 20]);
    let done = service.send("POST /v1/pdf?optimize=true", FORM, &pages);
    assert_eq!(done.pages(), 20);
}

/// Bytes after the image count as its data.
#[test]
fn trailing_data_does_not_prevent_decoding() {
    let service = Service::start(&[]);
    for size in [1_000_000, 10_000_000, 20_000_000] {
        let mut padded = jpeg(1);
        padded.resize(size, 0);
        for options in [
            "optimize=true",
            "progressive=true",
            "backend=reencode",
            "backend=reencode&max-density=60",
        ] {
            let done = service.send(&format!("POST /v1/pdf?{options}"), "image/jpeg", &padded);
            assert_eq!(done.pages(), 1, "{size} {options}");
        }
    }
}

#[test]
fn a_huge_body_is_rejected_with_an_answer() {
    let service = Service::start(&[]);
    let huge = vec![0; 60_000_000];
    for _ in 0..5 {
        let refused = service.send("POST /v1/pdf", "image/jpeg", &huge);
        assert_eq!(
            (refused.status, &*refused.problem()),
            (413, "request.too_large")
        );
    }
}

#[test]
fn images_that_exceed_the_limits_are_rejected() {
    let service = Service::start(&[
        "--max-pixels",
        "3000",
        "--max-scans",
        "1",
        "--max-segments",
        "20",
    ]);
    let many_segments = [
        &b"\xFF\xD8"[..],
        &b"\xFF\xFE\0\x02".repeat(20),
        &jpeg(1)[2..],
    ]
    .concat();
    let mut progressive = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut progressive, 90);
    encoder.set_progressive(true);
    encoder
        .encode(&[7; 300], 10, 10, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    for (bound, code, path, body) in [
        (
            "pixels",
            "limit.pixels",
            "/v1/pdf?backend=reencode",
            jpeg(1),
        ),
        ("segments", "limit.segments", "/v1/pdf", many_segments),
        (
            "scans",
            "limit.scans",
            "/v1/pdf?backend=transcode",
            progressive,
        ),
    ] {
        let refused = service.send(&format!("POST {path}"), "image/jpeg", &body);
        assert_eq!((refused.status, &*refused.problem()), (422, code));
        assert_eq!(service.rejected(bound), 1);
    }
}

#[test]
fn invalid_settings_are_rejected() {
    for (words, reason) in [
        (
            ["--memory-budget", "1000"],
            "raise --memory-budget or lower --max-body",
        ),
        (
            ["--grace", "1e19"],
            "expected a number of seconds from 0 to 4294967295",
        ),
        (
            ["--stall-timeout", "61"],
            "must not be longer than --body-timeout",
        ),
        (["--grace", "74"], "raise --grace or lower --body-timeout"),
        (["--queue", "0"], "--queue must be from 1 to"),
        (
            ["--max-connections", "0"],
            "--max-connections must be from 1 to",
        ),
        (
            ["--max-connections", "3000000000000000000"],
            "--max-connections must be from 1 to",
        ),
        (["--workers", "100000"], "--workers must be from 1 to"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_pdfmagic-http"))
            .args(words)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(reason), "{said}");
    }
}

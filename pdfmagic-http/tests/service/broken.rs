//! Tests of broken JPEGs and broken requests: each gets a sound answer, and none of the answers is an internal error.

use super::form;
use super::laws::{answers_are_sound, exchange};
use super::running::{InProcess, Service};

#[path = "../../../pdfmagic-core/tests/support/mutants.rs"]
mod mutants;

use mutants::{Random, bombs, mutant};

/// The targets that accept a JPEG.
const TARGETS: [&str; 8] = [
    "/v1/pdf",
    "/v1/pdf?stream=true",
    "/v1/pdf?verify=true",
    "/v1/pdf?backend=transcode&optimize=true",
    "/v1/pdf?backend=reencode&quality=30",
    "/v1/pdf?pdfa=3b&attach-original=true",
    "/v1/inspect",
    "/v1/inspect?verify=true",
];

/// Returns a request with this body that asks the service to close the connection.
fn post(target: &str, content_type: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: {content_type}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn mutants_never_cause_an_internal_error() {
    let service = InProcess::start(&["--max-pixels", "262144"]);
    let mut random = Random(0);
    let mut made = 0;
    for number in 0..400 {
        let (jpeg, other) = (mutant(&mut random), mutant(&mut random));
        let request = if number % 5 == 0 {
            let body = form(&[("a.jpg", &jpeg), ("b.jpg", &other)]);
            post("/v1/pdf", super::FORM, &body)
        } else {
            post(random.of(&TARGETS), "image/jpeg", &jpeg)
        };
        let answer = exchange(service.address, &request).expect("it reads all");
        answers_are_sound(&request, &answer);
        assert!(!answer.is_empty());
        made += usize::from(answer.starts_with(b"HTTP/1.1 200"));
    }
    assert!((100..300).contains(&made), "{made}");
}

/// Returns the processor time of a process, in seconds (`utime` and `stime` of `proc_pid_stat(5)`).
fn processor_time(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    let ticks = after_name
        .split(' ')
        .skip(11)
        .take(2)
        .map(|n| n.parse::<f64>().unwrap());
    ticks.sum::<f64>() / 100.0
}

#[test]
fn each_file_takes_bounded_time_and_memory() {
    let service = Service::start(&["--convert-timeout=3600", "--grace=9000"]);
    let mut random = Random(2);
    let mutants = (0..50).map(|_| ("a mutant", mutant(&mut random)));
    for (name, jpeg) in bombs().into_iter().chain(mutants) {
        for target in TARGETS {
            let before = processor_time(service.pid());
            let answer = service.send(&format!("POST {target}"), "image/jpeg", &jpeg);
            let took = processor_time(service.pid()) - before;
            assert!(answer.status < 500, "{name}, {target}: {}", answer.text());
            assert!(took < 2.0, "{name}, {target}: {took} s");
        }
    }
    assert!(service.peak() < 256 << 20, "{} bytes", service.peak());
}

#[test]
fn broken_requests_get_valid_answers_or_none() {
    const PARTS: [&[u8]; 12] = [
        b"\r\n",
        b"\r\n\r\n",
        b": ",
        b"Content-Length: 5\r\n",
        b"Content-Length: 18446744073709551615\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Accept: text/html\r\n",
        b"HTTP/1.0",
        b"GET /v1/limits HTTP/1.1\r\nHost: test\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"\xFF\0",
    ];
    let service = InProcess::start(&["--max-pixels", "262144"]);
    let mut random = Random(1);
    // If a body ends early, the service waits for a quarter of a second before it closes the connection. Therefore
    // there are fewer requests of this kind.
    for _ in 0..250 {
        let jpeg = mutant(&mut random);
        let mut request = post(
            random.of(&TARGETS),
            "image/jpeg",
            &jpeg[..jpeg.len().min(2000)],
        );
        for _ in 0..=random.below(4) {
            // At least one byte stays, so that the next change has a byte to choose.
            let head = request.len().min(200);
            let at = random.below(head);
            match random.below(4) {
                0 => request[at] = random.byte(),
                1 => drop(request.splice(at..at, random.of(&PARTS).iter().copied())),
                2 => drop(request.drain(at..(at + random.below(30)).min(head - 1).max(at))),
                _ => request.truncate(at + 1),
            }
        }
        if let Some(answer) = exchange(service.address, &request) {
            answers_are_sound(&request, &answer);
        }
    }
}

//! Tests with clients that misbehave, as on the open internet.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::jpeg;
use super::running::{Answer, Service};

/// Returns the duration of the test in seconds, which a variable can extend.
fn duration() -> Duration {
    let seconds = std::env::var("CHAOS_SECONDS").ok();
    Duration::from_secs(seconds.map_or(10, |seconds| seconds.parse().expect("a number of seconds")))
}

/// The paths that accept a JPEG.
const PATHS: [&str; 5] = [
    "/v1/pdf",
    "/v1/pdf?stream=true",
    "/v1/pdf?optimize=true",
    "/v1/pdf?backend=reencode&max-density=50",
    "/v1/inspect",
];

fn request(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// Runs one client that misbehaves. Its answers do not matter.
fn misbehave(service: &Service, random: &mut fastrand::Rng) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(service.address)?;
    let path = PATHS[random.usize(..PATHS.len())];
    let sound = request(path, &jpeg(1));
    match random.u8(..8) {
        // It hangs up in the middle of the head or the body.
        0 => stream.write_all(&sound[..random.usize(..sound.len())])?,
        // It sends nothing.
        1 => {}
        // It sends garbage.
        2 => {
            let garbage: Vec<u8> = (0..random.usize(1..5000)).map(|_| random.u8(..)).collect();
            stream.write_all(&garbage)?;
        }
        // It sends a valid head, and a JPEG of garbage with some valid bytes.
        3 => {
            let mut body = jpeg(1);
            for _ in 0..random.usize(1..50) {
                let at = random.usize(..body.len());
                body[at] = random.u8(..);
            }
            stream.write_all(&request(path, &body))?;
            let _ = stream.read(&mut [0; 100])?;
        }
        // It sends several requests without waiting, and hangs up after some answers.
        4 => {
            stream.write_all(&sound.repeat(random.usize(1..20)))?;
            let mut some = vec![0; random.usize(1..20_000)];
            let _ = stream.read(&mut some)?;
        }
        // It sends chunks with wrong sizes.
        5 => stream.write_all(
            b"POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\nabc\r\nzz\r\n",
        )?,
        // It sends a form that never ends.
        6 => stream.write_all(
            b"POST / HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=X\r\nContent-Length: 99\r\n\r\n--X\r\n\r\n",
        )?,
        // It reads its answer, but closes its own side first.
        _ => {
            stream.write_all(&sound)?;
            stream.shutdown(Shutdown::Write)?;
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            let _ = stream.read(&mut [0; 100])?;
        }
    }
    Ok(())
}

/// Converts, and compares every byte.
fn behave(service: &Service, expected: &[u8], seed: u8) {
    let answer = service.send("POST /v1/pdf", "image/jpeg", &jpeg(seed));
    assert_eq!((answer.status, &answer.body[..]), (200, expected));
}

#[test]
fn good_requests_succeed_despite_misbehaving_clients() {
    let service = Service::start(&[
        "--header-timeout=5",
        "--stall-timeout=5",
        "--idle-timeout=5",
    ]);
    let expected: Vec<Vec<u8>> = (0..4)
        .map(|seed| pdfmagic_core::jpeg_to_pdf(&jpeg(seed)).unwrap())
        .collect();
    behave(&service, &expected[0], 0);
    let before = [
        "process_open_fds",
        "pdfmagic_tasks",
        "pdfmagic_inflight_bytes",
    ]
    .map(|name| (name, service.metric(name)));
    let until = Instant::now() + duration();
    let good = std::thread::scope(|scope| {
        for seed in 0..6 {
            let service = &service;
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed);
                while Instant::now() < until {
                    // An error of this client's connection is not an error of the service.
                    let _ = misbehave(service, &mut random);
                }
            });
        }
        let mut good = 0;
        while Instant::now() < until {
            let seed = good % 4;
            behave(&service, &expected[seed], u8::try_from(seed).unwrap());
            good += 1;
        }
        good
    });
    assert!(good > 0, "{good}");
    // Nothing of them remains.
    for (name, value) in before {
        service.until(|| service.metric(name) <= value);
    }
    service.until(|| service.metric("process_resident_memory_bytes") < 64 << 20);
    assert_eq!(
        service.metric("pdfmagic_errors_total{kind=\"service.bug\"}"),
        0
    );
    service.terminate();
    assert_eq!(service.exit_code(), Some(0));
}

#[test]
fn ten_thousand_connections_leak_nothing() {
    let service = Service::start(&[]);
    let get = || {
        let mut stream = service.connect();
        stream
            .write_all(b"GET /livez HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")
            .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(Answer::parse(&answer).status, 200);
    };
    for _ in 0..1000 {
        get();
    }
    let names = [
        "process_open_fds",
        "pdfmagic_tasks",
        "process_resident_memory_bytes",
    ];
    let [fds, tasks, memory] = names.map(|name| service.metric(name));
    for _ in 0..9000 {
        get();
    }
    service.until(|| service.metric("process_open_fds") <= fds);
    service.until(|| service.metric("pdfmagic_tasks") <= tasks);
    assert!(service.metric("process_resident_memory_bytes") < memory + (2 << 20));
}

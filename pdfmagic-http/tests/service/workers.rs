//! Tests that work waits for workers, and ends when nobody waits for it.

use std::io::Write;
use std::time::Duration;

use super::bounds::begin;
use super::running::Service;
use super::{jpeg, large};

/// Returns a JPEG of 18 MB that takes hours to decode: a million scans, each of which says again that 65,536 blocks
/// have no AC coefficients.
fn endless_work() -> Vec<u8> {
    let head = b"\xFF\xD8\xFF\xDB\0\x43\0";
    let frame = b"\xFF\xC2\0\x0B\x08\x08\0\x08\0\x01\x01\x11\0";
    // The code 0 is an EOB14, which is followed by 14 bits with the number of blocks beyond 16,384 that end.
    let table = b"\xFF\xC4\0\x14\x10\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xE0";
    let scan = b"\xFF\xDA\0\x08\x01\x01\0\x01\x3F\0\0\0\0\0\0\0\0\x0F";
    let scans = scan.repeat(1_000_000);
    [&head[..], &[1; 64], frame, table, &scans, b"\xFF\xD9"].concat()
}

/// Starts work that takes long, and waits until it has a worker.
fn long_work(service: &Service) -> std::net::TcpStream {
    let body = endless_work();
    let head = begin(body.len()).replace("/v1/pdf", "/v1/pdf?optimize=true");
    let mut stream = service.connect();
    stream
        .write_all(&[head.as_bytes(), &body].concat())
        .unwrap();
    // Its worker has reserved memory in addition to the body.
    let reserved = body.len() as u64 + (1 << 20);
    service.until(|| service.metric("pdfmagic_inflight_bytes") > reserved);
    stream
}

/// Settings far above the time that anything here takes on a busy machine.
const LONG: [&str; 4] = [
    "--workers=1",
    "--convert-timeout=3600",
    "--grace=9000",
    "--max-scans=2000000",
];

#[test]
fn work_waits_for_a_worker_until_the_queue_timeout() {
    let service = Service::start(&[&LONG[..], &["--queue-timeout=0.05"]].concat());
    let _working = long_work(&service);
    let refused = service.send("POST /v1/pdf?optimize=true", "image/jpeg", &jpeg(1));
    assert_eq!((refused.status, &*refused.problem()), (503, "service.busy"));
    assert_eq!(service.rejected("queue_timeout"), 1);
}

#[test]
fn work_beyond_the_queue_is_rejected() {
    let bounds = ["--queue=1", "--queue-timeout=3600"];
    let service = Service::start(&[&LONG[..], &bounds].concat());
    let _working = long_work(&service);
    let mut waiting = service.connect();
    let jpeg = jpeg(1);
    let head = begin(jpeg.len()).replace("/v1/pdf", "/v1/pdf?optimize=true");
    waiting
        .write_all(&[head.as_bytes(), &jpeg].concat())
        .unwrap();
    service.until(|| service.metric("pdfmagic_queued") == 1);
    let refused = service.send("POST /v1/pdf?optimize=true", "image/jpeg", &jpeg);
    assert_eq!((refused.status, &*refused.problem()), (503, "service.busy"));
    assert_eq!(service.rejected("queue"), 1);
}

#[test]
fn conversions_that_take_too_long_are_canceled() {
    let service = Service::start(&[
        "--workers=1",
        "--convert-timeout=0.3",
        "--queue-timeout=3600",
        "--grace=9000",
        "--max-scans=2000000",
    ]);
    let overdue = service.send("POST /v1/pdf?optimize=true", "image/jpeg", &endless_work());
    assert_eq!(
        (overdue.status, &*overdue.problem()),
        (503, "service.overdue")
    );
    assert_eq!(service.rejected("convert_timeout"), 1);
    // The worker stops when nobody waits for its result.
    service.until(|| service.metric("pdfmagic_inflight_bytes") == 0);
}

#[test]
fn work_is_dropped_when_its_client_hangs_up() {
    let service = Service::start(&[&LONG[..], &["--queue-timeout=3600"]].concat());
    let working = long_work(&service);
    // A client that closes its side sooner may still wait for the answer.
    std::thread::sleep(Duration::from_millis(1100));
    drop(working);
    let line = service.logged("status=499");
    assert!(line.contains("bytes_out=0"), "{line}");
    let next = service.send("POST /v1/pdf?optimize=true", "image/jpeg", &jpeg(1));
    assert_eq!(next.pages(), 1);
    service.until(|| service.metric("pdfmagic_inflight_bytes") == 0);
}

/// The header and the last bytes suffice, unless restart markers follow the data.
#[test]
fn a_worker_searches_large_files_for_their_end() {
    let service = Service::start(&[]);
    let mut searched = 0;
    for (size, takes_worker) in [(100_000, false), (3_000_000, true)] {
        let plain = large(size);
        let odd = [&plain[..plain.len() - 2], b"\xFF\xD0\xFF\xD9"].concat();
        for (jpeg, takes_worker) in [(plain, false), (odd, takes_worker)] {
            let done = service.send("POST /v1/pdf", "image/jpeg", &jpeg);
            assert_eq!(done.pages(), 1);
            searched += u64::from(takes_worker);
            let workers = service.metric("pdfmagic_queue_wait_seconds_count");
            assert_eq!(workers, searched, "{size}");
        }
    }
}

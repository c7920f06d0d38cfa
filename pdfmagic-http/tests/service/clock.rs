//! Tests of the service while the wall clock jumps. libfaketime moves it for the process alone; without this library, they
//! fail.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::admission::until_refused;
use super::jpeg;
use super::running::{Answer, Service};

/// A connection whose client has sent the first part of a request.
struct Begun {
    stream: TcpStream,
    rest: Vec<u8>,
}

impl Begun {
    fn new(service: &Service, request: &[u8], sent: usize) -> Self {
        let (first, rest) = request.split_at(sent);
        let mut stream = service.connect();
        stream.write_all(first).unwrap();
        let rest = rest.to_vec();
        Self { stream, rest }
    }

    fn finish(mut self) -> Answer {
        self.stream.write_all(&self.rest).unwrap();
        let mut answer = Vec::new();
        self.stream.read_to_end(&mut answer).unwrap();
        Answer::parse(&answer)
    }
}

#[test]
fn a_wall_clock_that_jumps_by_a_day_moves_the_times_of_the_log_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let [clock, new] = ["clock", "new"].map(|name| folder.path().join(name));
    // The service never reads half a file.
    let set = |offset: &str| fs::write(&new, offset).and_then(|()| fs::rename(&new, &clock));
    set("+0").unwrap();
    let service = Service::start_with(
        &[
            "--idle-timeout=600",
            "--header-timeout=600",
            "--stall-timeout=600",
            "--body-timeout=600",
            "--connection-age=3600",
            "--drain-delay=3600",
            "--grace=1200",
            "--rate-limit=1",
            "--rate-burst=3",
        ],
        &[
            ("LD_PRELOAD", "/usr/$LIB/faketime/libfaketime.so.1"),
            ("FAKETIME_TIMESTAMP_FILE", clock.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
        ],
    );
    let jpeg = jpeg(1);
    let head = format!(
        "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: image/jpeg\r\n\
         Content-Length: {}\r\n\r\n",
        jpeg.len()
    );
    let request = [head.as_bytes(), &jpeg].concat();
    // Of each three clients, one has sent nothing, one a part of the head, and one a part of the body.
    let begun = || [0, 20, head.len() + 100].map(|sent| Begun::new(&service, &request, sent));
    let [ahead, behind] = [begun(), begun()];
    service.until(|| service.metric("pdfmagic_inflight_bytes") >= 2 * jpeg.len() as u64);
    let logged = || {
        service.get("/v1/limits");
        service.logged("/v1/limits")
    };
    let today = logged();
    for (jump, begun) in [("+1d", ahead), ("-1d", behind)] {
        set(jump).unwrap();
        let there = logged();
        // Lines begin with the time.
        assert_eq!(there > today, jump == "+1d", "{there} {today}");
        let [silent, in_head, in_body] = begun.map(Begun::finish);
        assert_eq!(in_body.pages(), 1);
        // The limit on the rate applies to these.
        for answer in [silent, in_head] {
            assert!([200, 429].contains(&answer.status), "{}", answer.head);
        }
        let (_, refused) = until_refused(&service, "");
        let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=2).contains(&seconds), "{seconds}");
    }
    service.terminate();
    service.until(|| service.get("/readyz").status == 503);
    set("+1d").unwrap();
    assert_eq!(service.get("/readyz").status, 503);
    assert_eq!(service.get("/livez").status, 200);
}

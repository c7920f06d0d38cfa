//! Tests of what operators see.

use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::str::from_utf8;

use serde_json::Value;

use super::running::{Answer, Service, signal};
use super::{FORM, form, jpeg, large, picture};

#[test]
fn health_is_served_on_both_ports_and_metrics_only_on_the_admin_port() {
    let service = Service::start(&[]);
    for path in ["/livez", "/readyz"] {
        assert_eq!(service.ask(path).status, 200, "{path}");
        assert_eq!(service.get(path).status, 200, "{path}");
    }
    // These paths are not for clients.
    for path in ["/metrics", "/config"] {
        assert_eq!(service.ask(path).status, 200, "{path}");
        assert_eq!(service.get(path).status, 404, "{path}");
    }
}

#[test]
fn the_health_command_reports_readiness() {
    let health = |admin: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_pdfmagic-http"))
            .args(["health", "--admin-listen", admin])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), said)
    };
    let service = Service::start(&["--drain-delay", "3600"]);
    let admin = service.admin.to_string();
    assert_eq!(health(&admin), (Some(0), "serving\n".to_owned()));
    service.terminate();
    service.logged("told to stop");
    let (code, said) = health(&admin);
    assert_eq!(code, Some(1));
    assert!(said.contains("draining"), "{said}");
    let (code, said) = health("127.0.0.1:1");
    assert_eq!(code, Some(1));
    assert!(said.contains("no answer from 127.0.0.1:1"), "{said}");
}

#[test]
fn each_request_is_identified_timed_and_logged_once() {
    let service = Service::start(&["--log-format", "json"]);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let body = form(&[("secret name.jpg", &jpeg(1))]);
    let head = format!(
        "POST / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: {FORM}\r\n\
         Content-Length: {}\r\nX-Request-Id: mine-1\r\ntraceparent: {trace}\r\n\r\n",
        body.len()
    );
    let answer = Answer::parse(&service.raw(&[head.as_bytes(), &body].concat()));
    assert_eq!(answer.header("x-request-id"), Some("mine-1"));
    assert_eq!(answer.header("traceparent"), Some(trace));
    let timing = answer.header("server-timing").unwrap();
    for part in ["queue;dur=", "read;dur=", "convert;dur="] {
        assert!(timing.contains(part), "{timing}");
    }
    let line = service.logged("mine-1");
    assert!(!line.contains("secret"), "{line}");
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (
            &line["method"],
            &line["route"],
            &line["status"],
            &line["pages"]
        ),
        (&"POST".into(), &"/".into(), &200.into(), &1.into())
    );
    assert_eq!(line["bytes_out"], answer.body.len());
    assert_eq!(line["bytes_in"], jpeg(1).len());
    assert_eq!(line["traceparent"], trace);
}

#[test]
fn invalid_request_ids_are_replaced() {
    let service = Service::start(&[]);
    let long = "x".repeat(200);
    for id in ["a\tb", "", &long] {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: test\r\nConnection: close\r\nX-Request-Id: {id}\r\n\r\n"
        );
        let answer = Answer::parse(&service.raw(request.as_bytes()));
        let given = answer.header("x-request-id").unwrap();
        assert!(given.len() == 32 && given != id, "{given}");
    }
}

#[test]
fn notices_are_reported_in_a_header() {
    let service = Service::start(&[]);
    let no_end = &jpeg(1)[..jpeg(1).len() - 2];
    let answer = service.send(
        "POST /",
        FORM,
        &form(&[("a.jpg", &jpeg(1)), ("b.jpg", no_end)]),
    );
    assert_eq!(answer.pages(), 2);
    assert_eq!(
        answer.header("pdfmagic-notices"),
        Some("eoi.missing.appended;page=2")
    );
}

#[test]
fn requests_are_counted_by_route_and_status() {
    let service = Service::start(&[]);
    service.send("POST /v1/pdf", "image/jpeg", &jpeg(1));
    service.send("POST /v1/pdf", "image/jpeg", b"text");
    service.get("/nowhere/a");
    service.get("/nowhere/b");
    for (name, expected) in [
        (
            r#"pdfmagic_http_requests_total{route="/v1/pdf",method="POST",status="200"}"#,
            1,
        ),
        (
            r#"pdfmagic_http_requests_total{route="/v1/pdf",method="POST",status="415"}"#,
            1,
        ),
        (
            r#"pdfmagic_http_requests_total{route="other",method="GET",status="404"}"#,
            2,
        ),
        (
            r#"pdfmagic_http_request_duration_seconds_count{route="/v1/pdf"}"#,
            2,
        ),
        (
            r#"pdfmagic_conversion_duration_seconds_count{mode="auto"}"#,
            1,
        ),
        (r#"pdfmagic_errors_total{kind="not_jpeg.unknown"}"#, 1),
        ("pdfmagic_pages_total", 1),
        ("pdfmagic_inflight", 0),
        ("pdfmagic_inflight_bytes", 0),
    ] {
        assert_eq!(service.metric(name), expected, "{name}");
    }
    assert!(service.metric("pdfmagic_budget_bytes") > 0);
    assert!(service.metric("process_resident_memory_bytes") > 0);
}

#[test]
fn a_client_that_hangs_up_is_counted_as_499() {
    let service = Service::start(&[]);
    let mut stream = service.connect();
    stream
        .write_all(b"POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\nx")
        .unwrap();
    drop(stream);
    service.logged("status=499");
    let hung_up = r#"pdfmagic_http_requests_total{route="/v1/pdf",method="POST",status="499"}"#;
    assert_eq!(service.metric(hung_up), 1);
}

#[test]
fn a_request_is_in_flight_until_its_client_hangs_up() {
    let service = Service::start(&[]);
    // This is more than the system buffers for a client that does not read.
    let big = large(30_000_000);
    let head = format!(
        "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
        big.len()
    );
    let mut stream = service.connect();
    stream.write_all(&[head.as_bytes(), &big].concat()).unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    assert_eq!(service.metric("pdfmagic_inflight"), 1);
    drop(stream);
    let line = service.logged("status=499");
    let (_, sent) = line.split_once("bytes_out=").unwrap();
    let sent: usize = sent.split(' ').next().unwrap().parse().unwrap();
    assert!((1..big.len()).contains(&sent), "{line}");
    assert_eq!(service.metric("pdfmagic_inflight"), 0);
}

#[test]
fn prometheus_can_read_the_metrics() {
    let service = Service::start(&[]);
    service.send("POST /v1/pdf", "image/jpeg", &jpeg(1));
    service.send("POST /v1/pdf", "image/jpeg", b"text");
    let metrics = service.ask("/metrics");
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("promtool is installed");
    promtool
        .stdin
        .take()
        .unwrap()
        .write_all(&metrics.body)
        .unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}\n{}", metrics.text());
}

#[test]
fn openmetrics_is_served_if_accepted() {
    let service = Service::start(&[]);
    let ask = |accept: &str| {
        let mut stream = TcpStream::connect(service.admin).unwrap();
        let request = format!(
            "GET /metrics HTTP/1.1\r\nHost: test\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        Answer::parse(&answer)
    };
    let open = ask("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    let content_type = open.header("content-type").unwrap();
    assert!(content_type.starts_with("application/openmetrics-text; version=1.0.0"));
    assert!(open.text().ends_with("# EOF\n"));
    let classic = ask("text/plain");
    assert!(
        classic
            .header("content-type")
            .unwrap()
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(!classic.text().contains("# EOF"));
}

#[test]
fn effective_settings_are_shown() {
    let service = Service::start(&["--workers", "3", "--memory-limit", "100000000"]);
    let settings: Value = serde_json::from_str(&service.ask("/config").text()).unwrap();
    assert_eq!(settings["PDFMAGIC_WORKERS"], "3");
    assert_eq!(
        settings["PDFMAGIC_MEMORY_BUDGET"],
        (100_000_000 - (32 << 20)).to_string()
    );
    let printed = Command::new(env!("CARGO_BIN_EXE_pdfmagic-http"))
        .args(["--print-config", "--queue", "7"])
        .env("PDFMAGIC_STALL_TIMEOUT", "1.5")
        .output()
        .unwrap();
    let printed = String::from_utf8(printed.stdout).unwrap();
    // The output is an environment file.
    let read_back = Command::new(env!("CARGO_BIN_EXE_pdfmagic-http"))
        .arg("--print-config")
        .envs(printed.lines().map(|line| line.split_once('=').unwrap()))
        .output()
        .unwrap();
    let said = from_utf8(&read_back.stderr).unwrap();
    assert_eq!(from_utf8(&read_back.stdout), Ok(&*printed), "{said}");
    for line in [
        "PDFMAGIC_QUEUE=7",
        "PDFMAGIC_STALL_TIMEOUT=1.5",
        "PDFMAGIC_MAX_BODY=33554432",
    ] {
        assert!(printed.lines().any(|printed| printed == line), "{printed}");
    }
}

#[test]
fn a_misspelt_variable_causes_a_warning() {
    let service = Service::start_with(&[], &[("PDFMAGIC_WORKER", "1")]);
    let warning = &service.begun[0];
    assert!(
        warning.contains("WARN PDFMAGIC_WORKER is not a setting"),
        "{warning}"
    );
}

#[test]
fn an_answer_is_sent_by_one_writev_call() {
    let trace = std::env::temp_dir().join(format!("pdfmagic-http-{}.strace", std::process::id()));
    let path = trace.to_str().unwrap();
    let service = Service::start(&[]);
    let mut strace = Command::new("strace")
        .args(["-f", "-o", path, "--trace=write,writev,send,sendto,sendmsg"])
        .args(["--string-limit=12", "-p", &service.pid().to_string()])
        .stderr(Stdio::piped())
        .spawn()
        .expect("strace is installed");
    let mut said = BufReader::new(strace.stderr.take().unwrap()).lines();
    let attached = said.next().unwrap().unwrap();
    assert!(attached.contains("attached"), "{attached}");
    let jpeg = picture(400, 300);
    let answer = service.send("POST /v1/pdf", "image/jpeg", &jpeg);
    assert_eq!(answer.pages(), 1);
    let size = answer.head.len() + 4 + answer.body.len();
    signal(strace.id(), "TERM");
    strace.wait().unwrap();
    let trace = std::fs::read_to_string(&trace).unwrap();
    let answers: Vec<_> = trace
        .lines()
        .filter(|line| line.contains("HTTP/1.1 200"))
        .collect();
    let [call] = answers[..] else {
        panic!("{answers:?}");
    };
    assert!(
        call.contains(" writev(") && call.ends_with(&format!(" = {size}")),
        "{call}"
    );
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_debug_log_has_connections_memory_and_probes() {
    let service = Service::start(&["--log-level", "debug"]);
    service.ask("/livez");
    service.send("POST /v1/pdf", "image/jpeg", &jpeg(1));
    // Their threads are not synchronized.
    let mut wanted = vec![
        "admin port: GET /livez: 200",
        "connection from 127.0.0.1 opened",
        "bytes reserved",
        "connection from 127.0.0.1 closed",
    ];
    while !wanted.is_empty() {
        let line = service.logged("");
        wanted.retain(|text| !line.contains(text));
    }
}

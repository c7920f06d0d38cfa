//! Tests of admission: who may convert, how often, and from which pages.

use super::jpeg;
use super::running::{Answer, Service};

fn post(service: &Service, headers: &str) -> Answer {
    let jpeg = jpeg(1);
    let head = format!(
        "POST /v1/pdf HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Type: image/jpeg\r\n{headers}\
         Content-Length: {}\r\n\r\n",
        jpeg.len()
    );
    Answer::parse(&service.raw(&[head.as_bytes(), &jpeg].concat()))
}

#[test]
fn conversions_require_the_token_if_one_is_set() {
    let service = Service::start_with(&[], &[("PDFMAGIC_TOKEN", "secret")]);
    let refused = post(&service, "");
    assert_eq!(
        (refused.status, &*refused.problem()),
        (401, "request.unauthorized")
    );
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    assert_eq!(
        post(&service, "Authorization: Bearer wrong\r\n").status,
        401
    );
    assert_eq!(
        post(&service, "Authorization: Bearer secret\r\n").pages(),
        1
    );
    assert_eq!(
        (service.get("/").status, service.get("/readyz").status),
        (200, 200)
    );
    assert!(!service.ask("/config").text().contains("secret"));
}

/// Converts until a conversion is rejected. A busy machine may take so long that more conversions are allowed.
pub(super) fn until_refused(service: &Service, headers: &str) -> (usize, Answer) {
    for admitted in 0..1000 {
        let answer = post(service, headers);
        if answer.status != 200 {
            return (admitted, answer);
        }
    }
    panic!("nothing is refused");
}

#[test]
fn a_client_that_converts_too_often_is_told_when_to_retry() {
    let service = Service::start(&["--rate-limit", "1", "--rate-burst", "3"]);
    let (admitted, refused) = until_refused(&service, "");
    assert!(admitted >= 3, "{admitted}");
    assert_eq!((refused.status, &*refused.problem()), (429, "request.rate"));
    let seconds: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=2).contains(&seconds));
    assert_eq!(
        service.metric("pdfmagic_rejected_total{reason=\"rate\"}"),
        1
    );
}

#[test]
fn clients_behind_a_proxy_are_distinguished_by_its_header() {
    let service = Service::start(&[
        "--rate-limit",
        "1",
        "--rate-burst",
        "1",
        "--client-header",
        "X-Forwarded-For",
    ]);
    // A client's own claim precedes the address that the proxy adds.
    let named = |client: &str| format!("X-Forwarded-For: 10.9.9.9, {client}\r\n");
    let (_, refused) = until_refused(&service, &named("10.0.0.1"));
    assert_eq!(refused.status, 429);
    assert_eq!(post(&service, &named("10.0.0.2")).pages(), 1);
}

#[test]
fn only_listed_origins_are_allowed_by_cors() {
    let service = Service::start(&["--cors-origins", "https://a.example,https://b.example"]);
    for (origin, allowed) in [
        ("https://b.example", Some("https://b.example")),
        ("https://c.example", None),
    ] {
        let answer = post(&service, &format!("Origin: {origin}\r\n"));
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
    }
    let preflight = Answer::parse(&service.raw(
        b"OPTIONS /v1/pdf HTTP/1.1\r\nHost: test\r\nConnection: close\r\nOrigin: https://a.example\r\n\
          Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n",
    ));
    assert_eq!(preflight.status, 200);
    let methods = preflight.header("access-control-allow-methods").unwrap();
    assert!(methods.contains("POST"), "{methods}");
}

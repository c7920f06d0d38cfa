//! Tests of PDF/A and PDF/UA, requested in each way that options can be set.

use super::running::InProcess;
use super::{FORM, contains, form, jpeg};

#[test]
fn pdfa_can_be_requested_by_query_and_by_json() {
    let service = InProcess::start(&[]);
    let jpeg = jpeg(1);
    let file = form(&[("a.jpg", &jpeg)]);
    let json =
        r#"{"pdfa": "2b", "pdfua": true, "title": "T", "lang": "en", "pages": [{"alt": "A"}]}"#;
    let query = "pdfa=2b&pdfua=true&title=T&lang=en&alt=A";
    let field =
        format!("--XX\r\nContent-Disposition: form-data; name=\"options\"\r\n\r\n{json}\r\n");
    let by_query = service.send(&format!("POST /?{query}"), FORM, &file);
    let by_json = service.send("POST /", FORM, &[field.as_bytes(), &file].concat());
    for wanted in [
        "<pdfaid:part>2",
        "<pdfuaid:part>1",
        "/GTS_PDFA1",
        "/Alt (A)",
        "/ID [<",
    ] {
        assert!(contains(&by_query.body, wanted.as_bytes()), "{wanted}");
    }
    assert_eq!(by_query.body, by_json.body);
}

#[test]
fn options_that_a_level_forbids_are_rejected_with_the_clause() {
    let service = InProcess::start(&[]);
    let refused = service.send(
        "POST /v1/pdf?pdfa=2b&attach-original=true",
        "image/jpeg",
        &jpeg(1),
    );
    assert_eq!(refused.status, 400);
    let text = refused.text();
    assert!(text.contains("use pdfa 3b or 4"), "{text}");
    assert!(text.contains("(ISO 19005-2, 6.8)"), "{text}");
}

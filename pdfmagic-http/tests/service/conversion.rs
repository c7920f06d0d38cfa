//! Tests of conversions, and of their errors.

use std::process::Command;

use super::running::{Answer, InProcess};
use super::{FORM, contains, form, jpeg};

#[test]
fn a_form_becomes_a_pdf_with_a_page_for_each_file() {
    let service = InProcess::start(&[]);
    let (one, two) = (jpeg(1), jpeg(2));
    let answer = service.send(
        "POST /",
        FORM,
        &form(&[("a photo.jpg", &one), ("b.jpg", &two)]),
    );
    assert_eq!(answer.pages(), 2);
    assert!(
        contains(&answer.body, &one) && contains(&answer.body, &two),
        "the data is as it was"
    );
    assert_eq!(
        answer.header("content-length"),
        Some(&*answer.body.len().to_string())
    );
    let disposition = answer.header("content-disposition").unwrap();
    let name = disposition
        .strip_prefix("attachment; filename=\"a_photo-")
        .unwrap();
    let (number, rest) = name.split_at(8);
    assert!(
        number.bytes().all(|b| b.is_ascii_hexdigit()),
        "{disposition}"
    );
    let extended = format!(".pdf\"; filename*=UTF-8\'\'a%20photo-{number}.pdf");
    assert_eq!(rest, extended);
}

#[test]
fn a_raw_jpeg_becomes_the_same_pdf_as_in_a_form() {
    let service = InProcess::start(&[]);
    let jpeg = jpeg(1);
    let raw = service.send("POST /v1/pdf", "image/jpeg", &jpeg);
    assert_eq!(raw.pages(), 1);
    assert_eq!(
        raw.body,
        service
            .send("POST /", FORM, &form(&[("x.jpg", &jpeg)]))
            .body
    );
}

#[test]
fn chunked_bodies_are_accepted() {
    let service = InProcess::start(&["--max-body", "8000"]);
    let chunked = |body: &[u8]| {
        let mut request = b"POST /v1/pdf HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\
            Content-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n"
            .to_vec();
        for chunk in body.chunks(1000) {
            request.extend(format!("{:x}\r\n", chunk.len()).bytes());
            request.extend(chunk);
            request.extend(b"\r\n");
        }
        request.extend(b"0\r\n\r\n");
        Answer::parse(&service.raw(&request))
    };
    assert_eq!(chunked(&jpeg(1)).pages(), 1);
    let refused = chunked(&[0; 9000]);
    assert_eq!(
        (refused.status, &*refused.problem()),
        (413, "request.too_large")
    );
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_sent() {
    let service = InProcess::start(&["--max-body", "1000"]);
    let head = "POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 4001\r\n\
        Content-Type: multipart/form-data; boundary=XX\r\n\r\n";
    let refused = Answer::parse(&service.raw(head.as_bytes()));
    assert_eq!(
        (refused.status, &*refused.problem()),
        (413, "request.too_large")
    );
}

#[test]
fn each_refusal_has_its_status_and_code() {
    let service = InProcess::start(&[]);
    let sound = jpeg(1);
    let hierarchical: Vec<u8> = {
        let frame = sound.windows(2).position(|w| w == [0xFF, 0xC0]).unwrap();
        [&sound[..=frame], &[0xC5], &sound[frame + 2..]].concat()
    };
    let no_file = form(&[]);
    let nothing_chosen = form(&[("", b"")]);
    for (start, content_type, body, expected) in [
        (
            "POST /",
            FORM,
            &*form(&[("a.png", b"\x89PNG\r\n")]),
            (415, "not_jpeg.png"),
        ),
        (
            "POST /",
            FORM,
            &form(&[("a.jpg", b"")]),
            (415, "not_jpeg.empty"),
        ),
        (
            "POST /",
            FORM,
            &form(&[("a.jpg", &sound[..99])]),
            (422, "format.truncated"),
        ),
        (
            "POST /",
            FORM,
            &form(&[("a.jpg", &sound), ("b.jpg", b"\xFF\xD8\xFF\xD9")]),
            (422, "format.malformed"),
        ),
        (
            "POST /",
            FORM,
            &form(&[("a.jpg", &hierarchical)]),
            (422, "unsupported.hierarchical"),
        ),
        ("POST /", FORM, &no_file, (400, "request.no_file")),
        ("POST /", FORM, &nothing_chosen, (400, "request.no_file")),
        ("POST /", FORM, b"no form", (400, "request.form")),
        (
            "POST /v1/pdf",
            "text/plain",
            &sound,
            (415, "request.media_type"),
        ),
        (
            "POST /v1/pdf",
            "image/jpeg",
            b"text",
            (415, "not_jpeg.unknown"),
        ),
        ("POST /nowhere", FORM, b"", (404, "request.not_found")),
        (
            "GET /Download/7f3a",
            FORM,
            b"",
            (404, "request.nothing_kept"),
        ),
        ("DELETE /", FORM, b"", (405, "request.method")),
    ] {
        let refused = service.send(start, content_type, body);
        assert_eq!((refused.status, &*refused.problem()), expected, "{start}");
    }
}

#[test]
fn options_can_be_given_by_query_by_fields_or_by_json() {
    let service = InProcess::start(&[]);
    let jpeg = jpeg(1);
    let file = form(&[("a.jpg", &jpeg)]);
    let with_field = |name: &str, value: &str| {
        let field =
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        [field.as_bytes(), &file].concat()
    };
    let whole = service.send("POST /", FORM, &file);
    let smaller = service.send("POST /v1/pdf?optimize=true", "image/jpeg", &jpeg);
    assert!(smaller.pages() == 1 && smaller.body.len() < whole.body.len());
    for (start, body) in [
        ("POST /?optimize=true", &file),
        ("POST /", &with_field("optimize", "true")),
        (
            "POST /",
            &with_field("options", r#"{"pages": [{"optimize": true}]}"#),
        ),
    ] {
        let answer = service.send(start, FORM, body);
        assert_eq!(
            (answer.pages(), &answer.body),
            (1, &smaller.body),
            "{start}"
        );
    }
    for (start, body) in [
        ("POST /?qualty=1", &file),
        ("POST /", &with_field("qualty", "1")),
        ("POST /", &with_field("options", "[]")),
        ("POST /?quality=50&backend=passthrough", &file),
        ("POST /?stream=true", &file),
    ] {
        let refused = service.send(start, FORM, body);
        assert_eq!(
            (refused.status, &*refused.problem()),
            (400, "request.option"),
            "{start}"
        );
    }
}

#[test]
fn the_name_of_a_failed_file_is_reported() {
    let service = InProcess::start(&[]);
    let refused = service.send(
        "POST /",
        FORM,
        &form(&[("good.jpg", &jpeg(1)), ("bad.jpg", b"GIF89a")]),
    );
    assert!(
        refused
            .text()
            .contains("bad.jpg: not a JPEG: it looks like GIF"),
        "{}",
        refused.text()
    );
}

/// This is the practical's command, run twice in one folder. Its scripts would take a header with the letters `real`
/// for a timing.
#[test]
fn curl_saves_each_answer_under_a_unique_name() {
    let service = InProcess::start(&[]);
    let folder = std::env::temp_dir().join(format!("pdfmagic-http-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("random.jpg"), jpeg(1)).unwrap();
    for _ in 0..2 {
        let curl = Command::new("curl")
            .args([
                "-O",
                "-J",
                "-v",
                "-F",
                "myfile=@random.jpg",
                "-L",
                &service.address.to_string(),
            ])
            .current_dir(&folder)
            .output()
            .expect("curl is installed");
        let log = String::from_utf8_lossy(&curl.stderr).into_owned();
        assert!(curl.status.success(), "{log}");
        let answered = log.lines().filter(|line| line.starts_with('<'));
        assert_eq!(
            answered
                .filter(|line| line.to_lowercase().contains("real"))
                .count(),
            0,
            "{log}"
        );
    }
    let pdfs = std::fs::read_dir(&folder).unwrap().filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|e| e == "pdf") && lopdf::Document::load(path).is_ok()
    });
    assert_eq!(pdfs.count(), 2);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn the_page_has_the_form_and_names_the_replica() {
    let service = InProcess::start(&[]);
    let page = service.get("/");
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, Some("text/html; charset=utf-8"))
    );
    let text = page.text();
    assert!(text.contains("welcome @127.0.0.1;"), "{text}");
    for part in [
        "method=\"POST\"",
        "enctype=\"multipart/form-data\"",
        "type=\"file\"",
        "name=\"myfile\"",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert_eq!(page.header("pdfmagic-replica"), Some("127.0.0.1"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(
        InProcess::start(&["--replica", "10.1.2.3"])
            .get("/")
            .text()
            .contains("welcome @10.1.2.3;")
    );
    let head =
        Answer::parse(&service.raw(b"HEAD / HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
    assert_eq!((head.status, head.body.len()), (200, 0));
    // Links are relative, so that the page works under a path prefix.
    let links = text.split("href=\"").chain(text.split("src=\"")).skip(1);
    let links = links.filter_map(|link| link.split('"').next());
    let links: Vec<_> = links.filter(|link| !link.contains('<')).collect();
    assert!(
        links.iter().any(|link| link.ends_with("style.css")),
        "{links:?}"
    );
    for link in links {
        assert_eq!(service.get(&format!("/{link}")).status, 200, "{link}");
    }
    let style = format!(
        "/{}",
        text.split("href=\"")
            .find(|link| link.contains(".css"))
            .and_then(|link| link.split('"').next())
            .unwrap()
    );
    assert!(
        service
            .get(&style)
            .header("cache-control")
            .unwrap()
            .contains("immutable")
    );
    let older = service.get("/assets/older/style.css");
    assert_eq!(older.header("cache-control"), Some("no-cache"));
}

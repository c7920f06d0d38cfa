//! Tests of what the service says about JPEGs, and about itself.

use serde_json::Value;

use super::running::{Answer, InProcess, Service};
use super::{FORM, form, jpeg, picture};

#[test]
fn jpegs_can_be_inspected_without_conversion() {
    let service = InProcess::start(&[]);
    let jpeg = jpeg(1);
    let no_end = &jpeg[..jpeg.len() - 2];
    let files = [
        ("a.jpg", &jpeg[..]),
        ("b.gif", b"GIF89a"),
        ("c.jpg", no_end),
    ];
    let answer = service.send("POST /v1/inspect", FORM, &form(&files));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told: Value = serde_json::from_slice(&answer.body).unwrap();
    let [a, b, c] = told["files"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    // The text is the library's, which the command prints as well.
    let options = pdfmagic_core::Options::default();
    let of = |jpeg: &[u8]| {
        let inspection = pdfmagic_core::Inspection::of(jpeg, &options, &pdfmagic_core::Auto);
        serde_json::to_value(inspection.unwrap()).unwrap()
    };
    assert_eq!(
        (&a["name"], &a["inspection"]),
        (&"a.jpg".into(), &of(&jpeg))
    );
    assert_eq!(c["inspection"], of(no_end));
    assert_eq!(
        c["inspection"]["notices"][0]["code"],
        "eoi.missing.appended"
    );
    assert_eq!(b["error"]["code"], "not_jpeg.gif");
    assert_eq!(
        b["error"]["detail"],
        "part 2, field myfile, file b.gif: not a JPEG: it looks like GIF"
    );
    let refused = service.send("POST /v1/inspect", "image/jpeg", b"GIF89a");
    assert_eq!((refused.status, &*refused.problem()), (415, "not_jpeg.gif"));
}

/// Returns a picture whose second half is missing.
fn cut() -> Vec<u8> {
    let mut jpeg = picture(400, 300);
    jpeg.truncate(jpeg.len() / 2);
    jpeg
}

#[test]
fn damage_is_reported_with_its_rows_and_refused_on_request() {
    let service = InProcess::start(&[]);
    let (sound, cut) = (jpeg(1), cut());
    let body = form(&[("a.jpg", &sound), ("b.jpg", &cut)]);
    let damage = pdfmagic_core::Jpeg::parse(&cut[..], &pdfmagic_core::Limits::default())
        .and_then(|jpeg| jpeg.verify(&pdfmagic_core::Limits::default()));
    let damage = damage.unwrap().expect("half of it is missing");
    let pdfmagic_core::Sound::Rows { sound, of } = damage.sound else {
        panic!("{damage}");
    };
    assert!((100..200).contains(&sound) && of == 300, "{damage}");
    let expected = format!(
        "scan.truncated;page=2;byte={};rows={sound};of=300",
        damage.offset
    );
    for query in ["", "?verify=true", "?on-damage=keep", "?metadata=strip"] {
        let answer = service.send(&format!("POST /v1/pdf{query}"), FORM, &body);
        assert_eq!(answer.pages(), 2);
        let notices = answer.header("pdfmagic-notices").unwrap();
        assert!(
            notices.split(", ").any(|notice| notice == expected),
            "{query}: {notices}"
        );
    }
    let refused = service.send("POST /v1/pdf?on_damage=fail", FORM, &body);
    assert_eq!(
        (refused.status, &*refused.problem()),
        (422, "scan.truncated")
    );
    let detail = refused.text();
    assert!(
        detail.contains("part 2, field myfile, file b.jpg") && detail.contains("rows"),
        "{detail}"
    );
}

/// The damage is in the middle of the data, where nothing else reveals it.
#[test]
fn verify_checks_all_of_the_data() {
    let service = InProcess::start(&[]);
    let mut jpeg = picture(400, 300);
    let middle = jpeg.len() / 2;
    jpeg[middle..middle + 2].copy_from_slice(b"\xFF\xC4");
    let field = |name: &str, value: &str| {
        let head =
            format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        [head.as_bytes(), &form(&[("a.jpg", &jpeg)])].concat()
    };
    let found = |answer: &Answer| {
        assert_eq!(answer.pages(), 1);
        let notices = answer.header("pdfmagic-notices").unwrap_or_default();
        notices.contains("scan.")
    };
    let plain = form(&[("a.jpg", &jpeg)]);
    for (start, body) in [
        ("POST /?verify=1", &plain),
        ("POST /", &field("verify", "on")),
        ("POST /", &field("options", r#"{"verify": true}"#)),
        (
            "POST /",
            &field("options", r#"{"pages": [{"verify": true}]}"#),
        ),
    ] {
        assert!(found(&service.send(start, FORM, body)), "{start}");
    }
}

#[test]
fn the_openapi_document_states_the_width_of_all_integers() {
    fn schemas(value: &Value) -> Vec<&Value> {
        let parts: Vec<_> = match value {
            Value::Array(items) => items.iter().collect(),
            Value::Object(entries) => entries.values().collect(),
            _ => Vec::new(),
        };
        let inner = parts.into_iter().flat_map(schemas);
        std::iter::once(value).chain(inner).collect()
    }
    let is_integer = |schema: &&Value| {
        let types = schema["type"].as_array();
        schema["type"] == "integer" || types.is_some_and(|types| types.contains(&"integer".into()))
    };
    let service = Service::start(&[]);
    let api: Value = serde_json::from_slice(&service.get("/openapi.json").body).unwrap();
    let integers: Vec<_> = schemas(&api).into_iter().filter(is_integer).collect();
    assert!(integers.len() > 30);
    // Without it, a generated client for Java reads 32 bits.
    for integer in integers {
        assert!(integer.get("format").is_some(), "{integer}");
    }
}

#[test]
fn the_openapi_document_has_all_paths_options_and_codes() {
    let service = Service::start(&[]);
    let api: Value = serde_json::from_slice(&service.get("/openapi.json").body).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in [
        "/",
        "/v1/pdf",
        "/v1/inspect",
        "/v1/limits",
        "/livez",
        "/readyz",
    ] {
        assert!(api["paths"].get(path).is_some(), "{path}");
    }
    // Each path has its own name in the metrics.
    for path in api["paths"].as_object().unwrap().keys() {
        service.get(path);
        let name = format!("pdfmagic_http_request_duration_seconds_count{{route=\"{path}\"}}");
        service.until(|| service.metric(&name) == 1);
    }
    // The documented options are the existing ones.
    let parameters = |path: &str| -> Vec<String> {
        let parameters = api["paths"][path]["post"]["parameters"].as_array().unwrap();
        let name = |parameter: &Value| parameter["name"].as_str().unwrap().to_owned();
        parameters.iter().map(name).collect()
    };
    let names = pdfmagic_core::Settings::names();
    assert_eq!(parameters("/").len(), names.len());
    for name in parameters("/") {
        assert!(names.contains(&&*name), "{name}");
    }
    assert!(parameters("/v1/pdf").contains(&"stream".to_owned()));
    // The codes are described as well.
    for (schema, code) in [
        ("ProblemDetails", "request.rate"),
        ("ProblemDetails", "format.truncated"),
        ("InputProblem", "input.more"),
        ("NoticeFound", "eoi.missing.appended"),
        ("DamageFound", "scan.corrupt"),
        ("PlannedNotice", "trailing.video.skipped"),
    ] {
        let codes = &api["components"]["schemas"][schema]["properties"]["code"]["enum"];
        let codes = codes.as_array().unwrap_or_else(|| panic!("{schema}"));
        assert!(codes.contains(&code.into()), "{code}");
    }
}

//! What the service says of JPEGs, and of itself.

use super::running::Service;
use super::{FORM, form, jpeg};

#[test]
fn what_a_jpeg_is_can_be_asked_without_converting_it() {
    let service = Service::start(&[]);
    let jpeg = jpeg(1);
    let no_end = &jpeg[..jpeg.len() - 2];
    let answer = service.send(
        "POST /v1/inspect",
        FORM,
        &form(&[("a.jpg", &jpeg), ("b.jpg", no_end)]),
    );
    assert_eq!(answer.status, 200);
    let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let [a, b] = told["files"].as_array().unwrap().as_slice() else {
        panic!("{told}");
    };
    assert_eq!(
        (&a["name"], &a["width"], &a["height"]),
        (&"a.jpg".into(), &64.into(), &48.into())
    );
    assert_eq!(
        (&a["color_model"], &a["is_embedded"]),
        (&"ycbcr".into(), &true.into())
    );
    assert!(a["notices"].as_array().unwrap().is_empty());
    assert_eq!(b["notices"][0]["code"], "eoi.missing.appended");
    let refused = service.send("POST /v1/inspect", "image/jpeg", b"GIF89a");
    assert_eq!((refused.status, &*refused.problem()), (415, "not_jpeg.gif"));
}

#[test]
fn what_can_be_asked_is_written_down() {
    let service = Service::start(&[]);
    let api: serde_json::Value =
        serde_json::from_slice(&service.get("/openapi.json").body).unwrap();
    assert!(api["openapi"].as_str().unwrap().starts_with("3.1"));
    for path in ["/", "/v1/pdf", "/v1/inspect", "/livez", "/readyz"] {
        assert!(api["paths"].get(path).is_some(), "{path}");
    }
    // Each has a name of its own in the metrics.
    for path in api["paths"].as_object().unwrap().keys() {
        service.get(path);
        let name = format!("pdfmagic_http_request_duration_seconds_count{{route=\"{path}\"}}");
        service.until(|| service.metric(&name) == 1);
    }
    // Its options are those that there are.
    let parameters = |path: &str| -> Vec<String> {
        let parameters = api["paths"][path]["post"]["parameters"].as_array().unwrap();
        let name = |parameter: &serde_json::Value| parameter["name"].as_str().unwrap().to_owned();
        parameters.iter().map(name).collect()
    };
    let names = pdfmagic_core::Settings::names();
    for name in parameters("/") {
        assert!(names.contains(&&*name), "{name}");
    }
    assert!(parameters("/v1/pdf").contains(&"stream".to_owned()));
}

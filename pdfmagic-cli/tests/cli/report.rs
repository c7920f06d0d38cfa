//! Tests of reports.

use super::{Folder, jpeg, pages, stderr};

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn notes_go_to_standard_error_unless_quiet() {
    let folder = Folder::new();
    folder.write("odd.jpg", &[b"junk", &jpeg(1)[..]].concat());
    let output = folder.run(&["odd.jpg", "out.pdf"]);
    assert!(output.status.success());
    assert_eq!(
        stderr(&output),
        "pdfmagic-cli: odd.jpg: note: bytes before the JPEG were left out\n"
    );
    folder.done(&["--quiet", "odd.jpg", "out.pdf"]);
}

#[test]
fn can_be_one_json_object() {
    let folder = Folder::new();
    folder.write("odd.jpg", &[b"junk", &jpeg(1)[..]].concat());
    let report = json(&folder.done(&["--json", "a.jpg", "odd.jpg", "out.pdf"]));
    assert_eq!(
        (&report["output"], &report["pages"]),
        (&"out.pdf".into(), &2.into())
    );
    assert_eq!(report["size"], folder.read("out.pdf").len());
    assert_eq!(report["inputs"][0]["notices"], serde_json::json!([]));
    assert_eq!(report["inputs"][1]["input"], "odd.jpg");
    assert_eq!(
        report["inputs"][1]["notices"][0]["code"],
        "soi.leading.skipped"
    );
}

#[test]
fn of_a_failure_can_be_json_too() {
    let folder = Folder::new();
    folder.write("png.jpg", b"\x89PNG\r\n\x1A\n");
    let output = folder.run(&["--json", "png.jpg", "out.pdf"]);
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(1), String::new())
    );
    let error = &json(&output.stdout)["errors"][0];
    assert_eq!(
        (&error["code"], &error["input"]),
        (&"not_jpeg.png".into(), &"png.jpg".into())
    );
    assert_eq!(error["message"], "not a JPEG: it looks like PNG");
    let output = folder.run(&["--json", "a.jpg", "gone/out.pdf"]);
    assert_eq!(json(&output.stdout)["errors"][0]["code"], "io.no_directory");
}

#[test]
fn in_json_goes_to_standard_error_if_the_pdf_is_on_standard_output() {
    let folder = Folder::new();
    let output = folder.run(&["--json", "a.jpg", "-"]);
    assert_eq!(pages(&output.stdout), 1);
    assert_eq!(json(&output.stderr)["size"], output.stdout.len());
}

#[cfg(target_os = "linux")]
#[test]
fn that_cannot_be_written_does_not_fail_the_run() {
    let folder = Folder::new();
    folder.write("odd.jpg", &[b"junk", &jpeg(1)[..]].concat());
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let status = folder
        .command(&["odd.jpg", "out.pdf"])
        .stderr(full)
        .status()
        .unwrap();
    assert!(status.success());
    assert_eq!(pages(&folder.read("out.pdf")), 1);
}

#[test]
fn every_code_is_in_the_readme() {
    let read = |path: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        std::fs::read_to_string(path).unwrap()
    };
    let (source, readme) = (read("src/failure.rs"), read("README.md"));
    let codes = source.split(" => \"").skip(1);
    let codes: Vec<_> = codes.filter_map(|rest| rest.split('"').next()).collect();
    assert!(codes.len() > 10);
    for code in codes {
        assert!(readme.contains(&format!("| `{code}` |")), "{code}");
    }
}

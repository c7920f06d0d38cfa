//! Tests of `inspect`.

use super::{Folder, jpeg, stderr};
use pdfmagic_core::{Auto, Inspection, Options};

#[test]
fn text_output_has_about_ten_lines_per_file() {
    let folder = Folder::new();
    let said = String::from_utf8(folder.done(&["inspect", "a.jpg", "b.jpg"])).unwrap();
    let (a, b) = said.split_once("\n\n").unwrap();
    for (name, text) in [("a.jpg", a), ("b.jpg", b)] {
        let lines: Vec<_> = text.trim_end().lines().collect();
        assert_eq!(lines[0], format!("{name}:"));
        assert!(
            lines[1].starts_with("  64 x 48 pixels, 8 bits, YCbCr"),
            "{said}"
        );
        assert!((8..=11).contains(&lines.len()), "{said}");
    }
    assert_eq!(folder.names(), ["a.jpg", "b.jpg"]);
}

#[test]
fn json_output_has_everything_that_the_library_finds() {
    let folder = Folder::new();
    folder.write("gif.jpg", b"GIF89a");
    let output = folder.run(&["inspect", "--json", "gif.jpg", "a.jpg"]);
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let jpeg = jpeg(1);
    let found = Inspection::of(&jpeg, &Options::default(), &Auto).unwrap();
    // The names are those of the service, whose errors are problem details (RFC 9457).
    let error = serde_json::json!({
        "code": "not_jpeg.gif", "detail": "not a JPEG: it looks like GIF",
    });
    let files = serde_json::json!([
        {"name": "gif.jpg", "error": error}, {"name": "a.jpg", "inspection": found},
    ]);
    assert_eq!(told, serde_json::json!({"files": files}));
}

#[test]
fn standard_input_and_folders_are_accepted() {
    let folder = Folder::new();
    let mut command = folder.command(&["inspect", "-"]);
    let stdin = std::fs::File::open(folder.path("a.jpg")).unwrap();
    let output = command.stdin(stdin).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.starts_with("standard input:\n  64 x 48"), "{said}");
    let said = String::from_utf8(folder.done(&["inspect", "."])).unwrap();
    assert_eq!(said.matches("64 x 48").count(), 2, "{said}");
}

#[test]
fn verify_finds_damage_and_sets_the_exit_status() {
    let folder = Folder::new();
    let reported = "../pdfmagic-core/tests/corpus/reported/scan-damaged.jpg";
    let damaged = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(reported);
    std::fs::copy(damaged, folder.path("damaged.jpg")).unwrap();
    let said = String::from_utf8(folder.done(&["inspect", "damaged.jpg"])).unwrap();
    assert!(said.contains("damage: not looked for"), "{said}");
    let output = folder.run(&["inspect", "--verify", "a.jpg", "damaged.jpg"]);
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        said.contains("damage: none") && said.contains("of 64 are sound"),
        "{said}"
    );
}

#[test]
fn invalid_files_are_reported_and_do_not_stop_the_others() {
    let folder = Folder::new();
    folder.write("gif.jpg", b"GIF89a");
    let output = folder.run(&["inspect", "gif.jpg", "a.jpg", "gone.jpg"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "pdfmagic-cli: gif.jpg: not a JPEG: it looks like GIF\n\
         pdfmagic-cli: gone.jpg: cannot be read: no such file or directory\n"
    );
    assert!(output.stdout.starts_with(b"a.jpg:\n"));
}

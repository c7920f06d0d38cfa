//! The table of codes in the documentation of the crate has every code, with the documentation of its variant.

use std::fs;
use std::path::Path;

use pdfmagic_core::{error_codes, notice_codes};

/// An enum with codes: its file, its name, and the heading of its codes.
const ENUMS: [(&str, &str, &str); 9] = [
    ("error.rs", "Error", "Errors"),
    (
        "file_kind.rs",
        "FileKind",
        "Errors: the input is another kind of file",
    ),
    (
        "error.rs",
        "Feature",
        "Errors: a JPEG that the backend does not support",
    ),
    (
        "standard.rs",
        "Requirement",
        "Errors: unmet requirements of a standard",
    ),
    ("error.rs", "Resource", "Errors: exceeded limits"),
    ("existing.rs", "PdfError", "Errors: an existing PDF"),
    ("notice.rs", "Notice", "Notices"),
    (
        "notice.rs",
        "TrailingKind",
        "Notices: data after the image that was left out",
    ),
    (
        "damage.rs",
        "DamageKind",
        "Damage: a notice, or an error on request",
    ),
];

/// Returns the names of the variants of an enum, each with the first sentence of its documentation.
fn variants(source: &str, name: &str) -> Vec<(String, String)> {
    let (_, body) = source.split_once(&format!("pub enum {name} {{\n")).unwrap();
    let (body, _) = body.split_once("\n}").unwrap();
    let (mut found, mut doc) = (Vec::new(), String::new());
    for line in body.lines() {
        if let Some(text) = line.strip_prefix("    /// ") {
            doc = doc + " " + text;
        } else if line.starts_with("    ") && line[4..].starts_with(char::is_uppercase) {
            let end = line[4..].find(|c: char| !c.is_alphanumeric()).unwrap();
            let sentence = doc.split_inclusive(". ").next().unwrap_or_default();
            found.push((line[4..4 + end].to_owned(), sentence.trim().to_owned()));
            doc.clear();
        }
    }
    found
}

/// Returns the code of a variant, if it has one of its own.
fn code<'s>(source: &'s str, name: &str, variant: &str) -> Option<&'s str> {
    // The codes of DamageKind are in Damage, which contains one.
    let parts = [(name, "Self"), (name.trim_end_matches("Kind"), name)];
    parts.iter().find_map(|(of, path)| {
        let (_, body) = source.split_once(&format!("impl {of} {{\n"))?;
        let (_, body) = body.split_once("fn code(")?;
        let (body, _) = body.split_once("\n    }\n")?;
        let arm = body.lines().find(|line| {
            let rest = line
                .trim_start()
                .strip_prefix(&format!("{path}::{variant}"));
            rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
        })?;
        arm.split_once(" => \"")?.1.split('"').next()
    })
}

fn table() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out = "# Codes

Stable names of errors and notices, for programs; the texts for people may change. The library gives them by `code()`,
the command in `--json`, and the service in `Pdfmagic-Notices` and problem documents.
"
    .to_owned();
    for (file, name, heading) in ENUMS {
        let source = fs::read_to_string(root.join(file)).unwrap();
        let rows: Vec<_> = variants(&source, name)
            .iter()
            .filter_map(|(variant, doc)| {
                Some(format!("| `{}` | {doc} |\n", code(&source, name, variant)?))
            })
            .collect();
        out += "\n## ";
        out += heading;
        out += "\n\n| code | meaning |\n|---|---|\n";
        out += &rows.concat();
    }
    out
}

/// To accept a change: `BLESS=1 cargo test -p pdfmagic-core --test core codes`.
#[test]
fn are_all_documented() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("codes.md");
    let found = fs::read_to_string(&path).unwrap_or_default();
    let expected = table();
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    assert!(found == expected, "codes.md is out of date");
}

#[test]
fn match_the_list_of_the_library() {
    let mut listed: Vec<_> = error_codes().chain(notice_codes()).collect();
    listed.sort_unstable();
    // Damage is an error or a notice.
    listed.dedup();
    let rows = table();
    let mut rows: Vec<_> = rows
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
        .collect();
    rows.sort_unstable();
    assert_eq!(listed, rows);
    assert!(error_codes().all(|code| code != "eoi.missing.appended"));
    assert!(notice_codes().all(|code| code != "format.truncated"));
}

#[test]
fn in_the_sources_are_all_documented() {
    let table = table();
    let is_code = |text: &&str| {
        text.contains('.')
            && text
                .bytes()
                .all(|c| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_'))
    };
    let mut count = 0;
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap() {
        let path = entry.unwrap().path();
        let source = if path.is_dir() {
            String::new()
        } else {
            fs::read_to_string(&path).unwrap()
        };
        let arms = source
            .split(" => \"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next());
        for code in arms.filter(is_code) {
            assert!(
                table.contains(&format!("| `{code}` |")),
                "{code} of {}",
                path.display()
            );
            count += 1;
        }
    }
    assert!(count > 50, "only {count} codes were found");
}

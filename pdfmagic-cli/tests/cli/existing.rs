//! Tests of existing PDFs.

use std::fs;

use super::{Folder, jpeg, pages, stderr};

#[test]
fn extracted_jpegs_are_unchanged() {
    let folder = Folder::new();
    folder.done(&["a.jpg", "b.jpg", "album.pdf"]);
    fs::create_dir(folder.path("out")).unwrap();
    folder.done(&["extract", "album.pdf", "-o", "out"]);
    assert_eq!(
        (
            folder.read("out/album-1.jpg"),
            folder.read("out/album-2.jpg")
        ),
        (jpeg(1), jpeg(2))
    );
    let told = folder.run(&["extract", "album.pdf", "--json", "--dry-run"]);
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    let image = &told["documents"][0]["images"][1];
    assert_eq!(
        (&image["output"], &image["page"]),
        (&"album-2.jpg".into(), &2.into())
    );
    assert_eq!(
        (&image["orientation"], &image["icc_profile"]),
        (&1.into(), &serde_json::Value::Null)
    );
    assert_eq!(folder.names(), ["a.jpg", "album.pdf", "b.jpg", "out"]);
}

#[test]
fn photos_are_not_overwritten_unless_forced() {
    let folder = Folder::new();
    folder.done(&["a.jpg", "album.pdf"]);
    folder.write("album-1.jpg", &jpeg(7));
    folder.write("other-1.jpg", b"%PDF-1.7 by an earlier mistake");
    fs::copy(folder.path("album.pdf"), folder.path("other.pdf")).unwrap();
    let said = folder.failed(&["extract", "other.pdf"], 1);
    assert_eq!(
        said,
        "pdfmagic-cli: other-1.jpg: exists already, and is kept\n"
    );
    folder.done(&["extract", "--force", "other.pdf"]);
    assert_eq!(folder.read("other-1.jpg"), jpeg(1));
    folder.failed(&["append", "album.pdf", "b.jpg", "-o", "album-1.jpg"], 2);
    assert_eq!(folder.read("album-1.jpg"), jpeg(7));
    for words in [
        &["extract", "--force", "album.pdf"][..],
        &["extract", "-o", ".", "album.pdf"],
    ] {
        let said = folder.failed(words, 2);
        assert!(said.contains("is an image and would be overwritten"));
        assert_eq!(folder.read("album-1.jpg"), jpeg(7));
    }
    folder.done(&["extract", "--force", "-o", ".", "album.pdf"]);
    assert_eq!(folder.read("album-1.jpg"), jpeg(1));
}

#[test]
fn append_keeps_the_existing_bytes() {
    let folder = Folder::new();
    folder.done(&["a.jpg", "old.pdf"]);
    folder.done(&[
        "append", "old.pdf", "b.jpg", "a.jpg", "-o", "new.pdf", "-S", "A4",
    ]);
    let [old, new] = ["old.pdf", "new.pdf"].map(|name| folder.read(name));
    assert!(new.starts_with(&old));
    assert_eq!(pages(&new), 3);
    folder.done(&["append", "old.pdf", "b.jpg", "-o", "old.pdf"]);
    assert!(folder.read("old.pdf").starts_with(&old));
    assert_eq!(pages(&folder.read("old.pdf")), 2);
}

#[test]
fn invalid_pdfs_are_rejected() {
    let folder = Folder::new();
    folder.done(&["a.jpg", "old.pdf"]);
    let old = folder.read("old.pdf");
    folder.write("cut.pdf", &old[..old.len() - 40]);
    for (pdf, told) in [
        ("a.jpg", "not a PDF: it does not begin with %PDF-"),
        ("cut.pdf", "the PDF is broken: "),
        ("gone.pdf", "cannot be read: no such file or directory"),
    ] {
        for words in [
            &["append", pdf, "b.jpg", "-o", "new.pdf"][..],
            &["extract", pdf],
        ] {
            let output = folder.run(words);
            assert_eq!(output.status.code(), Some(1));
            let said = stderr(&output);
            assert!(
                said.starts_with(&format!("pdfmagic-cli: {pdf}: {told}")),
                "{said}"
            );
        }
    }
    let said = folder.failed(&["append", "old.pdf", "gone.jpg", "-o", "old.pdf"], 1);
    assert!(said.contains("gone.jpg"), "{said}");
    assert_eq!(folder.read("old.pdf"), old);
}

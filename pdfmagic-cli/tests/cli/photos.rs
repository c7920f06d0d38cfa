//! Tests that no photo is replaced by a PDF.

use std::fs;
use std::path::Path;

use super::{Folder, jpeg, pages, stderr};

#[test]
fn no_image_is_replaced_unless_forced() {
    let folder = Folder::new();
    let png = b"\x89PNG\r\n\x1A\n".to_vec();
    folder.write("png.pdf", &png);
    folder.write("png.jpg", &jpeg(5));
    folder.write("photo", &jpeg(3));
    folder.write("c.jfif", &jpeg(4));
    for words in [
        &["a.jpg", "b.jpg", "c.jfif"][..],
        &["a.jpg", "photo"],
        &["a.jpg", "png.pdf"],
        &["-o", "photo", "a.jpg"],
        &["-o", "b.jpg", "a.jpg"],
        &["--json", "-o", "png.pdf", "a.jpg"],
        &["--no-clobber", "-o", "png.pdf", "a.jpg"],
        &["--each", "png.jpg"],
        &["--each", "--keep-going", "--out-dir", ".", "png.jpg"],
        &["--each", "--no-clobber", "png.jpg"],
    ] {
        let output = folder.run(words);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{words:?}: {}",
            stderr(&output)
        );
    }
    assert_eq!(folder.read("png.pdf"), png);
    assert_eq!(
        (folder.read("photo"), folder.read("c.jfif")),
        (jpeg(3), jpeg(4))
    );
    folder.done(&["--force", "-o", "photo", "a.jpg"]);
    assert_eq!(pages(&folder.read("photo")), 1);
    let said = folder.failed(&["--force", "a.jpg", "png.pdf"], 2);
    assert!(said.contains("--output"), "{said}");
}

#[test]
fn no_readable_jpeg_is_overwritten() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pdfmagic-core/tests/corpus");
    let table = fs::read_to_string(corpus.join("corpus.tsv")).unwrap();
    let mut rows = table
        .lines()
        .map(|line| line.split('\t').collect::<Vec<_>>());
    let names = rows.next().unwrap();
    let auto = names.iter().position(|name| *name == "auto").unwrap();
    let readable = rows
        .filter(|row| row[auto] == "pdf")
        .map(|row| row[0].to_owned());
    let folder = Folder::new();
    let mut count = 0;
    for name in readable {
        // Some files are elsewhere, since their licenses exclude them from the repository.
        let Ok(bytes) = fs::read(corpus.join(&name)) else {
            continue;
        };
        folder.write("photo", &bytes);
        folder.failed(&["-o", "photo", "a.jpg"], 2);
        assert!(folder.read("photo") == bytes, "{name}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn files_named_like_jpegs_are_overwritten_only_if_empty_or_pdf() {
    let folder = Folder::new();
    for bytes in [&b"\x1F\x8B packed"[..], &[0; 99]] {
        folder.write("photo.jpg", bytes);
        folder.failed(&["-o", "photo.jpg", "a.jpg"], 2);
        assert_eq!(folder.read("photo.jpg"), bytes);
    }
    for bytes in [&b""[..], b"%PDF-1.7 by an earlier mistake"] {
        folder.write("photo.jpg", bytes);
        folder.done(&["-o", "photo.jpg", "a.jpg"]);
        assert_eq!(pages(&folder.read("photo.jpg")), 1);
    }
}

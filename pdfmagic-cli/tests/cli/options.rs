//! Tests of the effects of options on pages and documents.

use std::io::Write;

use lopdf::{Dictionary, Document, Object};

use super::{Folder, jpeg, stderr};

fn read(pdf: &[u8]) -> Document {
    Document::load_mem(pdf).unwrap()
}

fn page(document: &Document, number: u32) -> &Dictionary {
    document
        .get_dictionary(document.get_pages()[&number])
        .unwrap()
}

fn shown(dict: &Dictionary, key: &str) -> String {
    format!("{:?}", dict.get(key.as_bytes()).unwrap())
}

#[test]
fn lay_out_a_page() {
    let folder = Folder::new();
    folder.done(&[
        "-S",
        "A4^T",
        "-b",
        "1cm",
        "--fit",
        "shrink",
        "--anchor",
        "top-left",
        "--crop-border",
        "5mm",
        "a.jpg",
        "out.pdf",
    ]);
    let document = read(&folder.read("out.pdf"));
    assert_eq!(
        shown(page(&document, 1), "MediaBox"),
        "[0 0 841.8898 595.2756]"
    );
    assert_eq!(
        shown(page(&document, 1), "CropBox"),
        "[14.1732 14.1732 827.7166 581.1024]"
    );
    let content = document.get_page_content(document.get_pages()[&1]);
    assert_eq!(
        String::from_utf8_lossy(&content),
        "q 48 0 0 36 28.3465 530.9291 cm /Im0 Do Q\n"
    );
}

#[test]
fn can_be_different_for_each_page() {
    let folder = Folder::new();
    let json = br#"{"pagesize": "A5", "title": "Both", "pages": [{}, {"pagesize": "A6", "rotation": 90}]}"#;
    folder.write("pages.json", json);
    folder.done(&[
        "--pages",
        "pages.json",
        "-S",
        "A4",
        "a.jpg",
        "b.jpg",
        "out.pdf",
    ]);
    let document = read(&folder.read("out.pdf"));
    assert_eq!(
        shown(page(&document, 1), "MediaBox"),
        "[0 0 419.5276 595.2756]"
    );
    assert_eq!(
        shown(page(&document, 2), "MediaBox"),
        "[0 0 297.6378 419.5276]"
    );
    folder.write("pages.json", br#"{"pagesise": "A5"}"#);
    let said = folder.failed(&["--pages", "pages.json", "a.jpg", "out.pdf"], 2);
    assert!(
        said.contains("--pagesise: no such option; did you mean pagesize?"),
        "{said}"
    );
    folder.write("pages.json", br#"{"pages": [{}, {}]}"#);
    let said = folder.failed(&["--pages", "pages.json", "a.jpg", "out.pdf"], 2);
    assert!(said.contains("2 pages, but there are 1 JPEGs"), "{said}");
    let said = folder.failed(&["--pages", "gone.json", "a.jpg", "out.pdf"], 2);
    assert!(
        said.contains("gone.json cannot be read: no such file"),
        "{said}"
    );
}

#[test]
fn set_properties_of_the_document() {
    let folder = Folder::new();
    folder.done(&[
        "a.jpg",
        "b.jpg",
        "out.pdf",
        "--title",
        "Zwei Fotos",
        "--outline",
        "--page-labels",
        "--viewer-page-layout",
        "single",
        "--keywords",
        "one",
        "two",
    ]);
    let document = read(&folder.read("out.pdf"));
    let info = document
        .trailer
        .get(b"Info")
        .and_then(Object::as_reference)
        .unwrap();
    let info = document.get_dictionary(info).unwrap();
    assert_eq!(shown(info, "Title"), "(Zwei Fotos)");
    assert_eq!(shown(info, "Keywords"), "(one,two)");
    let catalog = document.catalog().unwrap();
    assert_eq!(
        shown(catalog, "PageLabels"),
        "<</Nums [0 <</P (a)>> 1 <</P (b)>>]>>"
    );
    assert!(catalog.has(b"Outlines") && catalog.has(b"Metadata"));
}

#[test]
fn set_dates_only_on_request() {
    let folder = Folder::new();
    let dates = |words: &[&str], epoch: &str| {
        let words = [words, &["a.jpg", "out.pdf"]].concat();
        let output = folder
            .command(&words)
            .env("SOURCE_DATE_EPOCH", epoch)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        let document = read(&folder.read("out.pdf"));
        let info = document.trailer.get(b"Info").and_then(Object::as_reference);
        info.ok().map(|info| {
            let info = document.get_dictionary(info).unwrap();
            [shown(info, "CreationDate"), shown(info, "ModDate")]
        })
    };
    assert_eq!(dates(&[], ""), None);
    let epoch = "(D:20231114221320Z)".to_owned();
    assert_eq!(
        dates(&[], "1700000000"),
        Some([epoch.clone(), epoch.clone()])
    );
    let given = "(D:20260301000000Z)".to_owned();
    assert_eq!(
        dates(&["--moddate", "2026-03-01"], "1700000000"),
        Some([epoch, given])
    );
    let output = folder
        .command(&["a.jpg", "out.pdf"])
        .env("SOURCE_DATE_EPOCH", "now")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("SOURCE_DATE_EPOCH"));
}

#[test]
fn keep_a_pdf_within_a_size() {
    let folder = Folder::new();
    folder.done(&["a.jpg", "b.jpg", "whole.pdf"]);
    let whole = folder.read("whole.pdf").len();
    let enough = whole.to_string();
    folder.done(&["--max-pdf-size", &enough, "a.jpg", "b.jpg", "same.pdf"]);
    // There was room for all images, apart from the sizes that could not be known before.
    assert!(folder.read("same.pdf").len() <= whole);
    let less = (whole * 4 / 5).to_string();
    folder.done(&["--max-pdf-size", &less, "a.jpg", "b.jpg", "less.pdf"]);
    assert!(folder.read("less.pdf").len() <= whole * 4 / 5);
    let output = folder.run(&["--max-pdf-size", "2k", "a.jpg", "b.jpg", "none.pdf"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(!folder.names().contains(&"none.pdf".to_owned()));
}

#[test]
fn keep_a_pdf_of_a_piped_jpeg_within_a_size() {
    let folder = Folder::new();
    folder.done(&["a.jpg", "whole.pdf"]);
    let less = folder.read("whole.pdf").len() * 4 / 5;
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&folder.read("a.jpg")).unwrap();
    drop(writer);
    let less_text = less.to_string();
    let mut command = folder.command(&["--max-pdf-size", &less_text, "-o", "piped.pdf"]);
    let output = command.stdin(reader).output().unwrap();
    assert_eq!(stderr(&output), "");
    assert!(folder.read("piped.pdf").len() <= less);
}

#[test]
fn of_img2pdf_without_effect_are_accepted() {
    let folder = Folder::new();
    folder.done(&[
        "-D",
        "--engine",
        "internal",
        "--first-frame-only",
        "--pillow-limit-break",
        "a.jpg",
        "-o",
        "out.pdf",
    ]);
    folder.done(&["a.jpg", "plain.pdf"]);
    assert_eq!(folder.read("out.pdf"), folder.read("plain.pdf"));
    // Names of options may be abbreviated if they remain unique.
    folder.done(
        &["--pages", "x.json", "a.jpg", "out.pdf"].map(|word| match word {
            "--pages" => "--pagesi",
            "x.json" => "A4",
            word => word,
        }),
    );
    assert_ne!(folder.read("out.pdf"), folder.read("plain.pdf"));
}

#[test]
fn a_damaged_image_is_written_and_sets_the_exit_status() {
    let folder = Folder::new();
    let sound = jpeg(1);
    folder.write("cut.jpg", &sound[..sound.len() - 200]);
    for words in [
        &["cut.jpg", "out.pdf"][..],
        &["--quiet", "cut.jpg", "out.pdf"],
    ] {
        let output = folder.run(words);
        assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
        assert!(
            stderr(&output).contains("cut.jpg: note:"),
            "{}",
            stderr(&output)
        );
    }
    folder.failed(&["--on-damage", "fail", "cut.jpg", "new.pdf"], 1);
}

//! Every JPEG of the corpus becomes the PDF, or the error, that its row in a table says.

use std::collections::BTreeSet;
use std::fs;

use crate::support::{Table, convert, image_of, media_box, own_corpus, shared_corpus, strict};
use lopdf::Object;
use pdfmagic_core::Auto;
use pdfmagic_core::{Error, Options, Page, Passthrough};

#[test]
fn every_file_of_the_corpus_has_a_row() {
    let table = Table::read(&own_corpus().join("corpus.tsv"));
    let rows: BTreeSet<_> = table.rows().map(|row| row["file"].to_owned()).collect();
    let files: BTreeSet<_> = fs::read_dir(own_corpus())
        .expect("the corpus is in the repository")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "jpg"))
        .map(|path| {
            path.file_name()
                .expect("a file")
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(files, rows);
}

#[test]
fn the_corpus_becomes_what_its_table_says() {
    let mut wrong = Vec::new();
    for row in Table::read(&own_corpus().join("corpus.tsv")).rows() {
        let jpeg = fs::read(own_corpus().join(row["file"])).expect("listed files exist");
        let expected = [
            "passthrough",
            "color_space",
            "decode",
            "media_box",
            "notices",
        ]
        .map(|column| row[column]);
        let found = describe(&jpeg);
        if found != expected {
            wrong.push(format!("{}: {expected:?} became {found:?}", row["file"]));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn lossless_carries_what_passthrough_cannot() {
    for row in Table::read(&own_corpus().join("corpus.tsv")).rows() {
        let jpeg = fs::read(own_corpus().join(row["file"])).expect("listed files exist");
        let outcome = convert(&jpeg, &Auto).map_or_else(|error| error.code(), |_| "pdf");
        assert_eq!(outcome, row["lossless"], "{}", row["file"]);
    }
}

/// The columns of `corpus.tsv` for what became of a file.
fn describe(jpeg: &[u8]) -> [String; 5] {
    let page = match Page::from_jpeg(jpeg, &Options::default(), &Passthrough) {
        Ok(page) => page,
        Err(error) => return [error.code(), "", "", "", ""].map(str::to_owned),
    };
    let mut notices: Vec<_> = page.notices().iter().map(|notice| notice.code()).collect();
    notices.sort_unstable();
    let notices = notices.join(",");
    let pdf = strict(&convert(jpeg, &Passthrough).expect("the page was made"));
    let dict = &image_of(&pdf).dict;
    let color_space = match dict.get(b"ColorSpace").expect("an image has a color space") {
        Object::Name(name) => String::from_utf8_lossy(name).into_owned(),
        Object::Array(array) => {
            let profile = pdf.get_object(array[1].as_reference().expect("a profile is a stream"));
            let profile = profile
                .and_then(Object::as_stream)
                .expect("a profile is a stream");
            format!(
                "ICCBased {}",
                profile
                    .dict
                    .get(b"N")
                    .and_then(Object::as_i64)
                    .expect("N is required")
            )
        }
        other => panic!("no color space: {other:?}"),
    };
    let decode = if dict.has(b"Decode") { "yes" } else { "no" };
    [
        "pdf".to_owned(),
        color_space,
        decode.to_owned(),
        media_box(&pdf),
        notices,
    ]
}

/// Undecodable, but sound up to the first scan: embedded as they are.
const BROKEN_AFTER_THE_HEADER: [&str; 1] =
    ["AcademySoftwareFoundation__OpenImageIO/corrupt-iptc-8011.jpg"];

/// 65,500 by 65,500 pixels in a few kilobytes: refused, since no picture can be made of that.
const TOO_LITTLE_DATA: &str = "image-rs__jpeg-decoder/max_size.jpg";

#[test]
fn public_files_are_taken_as_libjpeg_takes_them() {
    let Some(folder) = shared_corpus() else {
        return;
    };
    let mut wrong = Vec::new();
    for row in Table::read(&folder.join("public.tsv")).rows() {
        let (file, oracle) = (row["file"], row["oracle"]);
        let jpeg = fs::read(folder.join("public").join(file)).expect("listed files exist");
        let result = convert(&jpeg, &Passthrough);
        let sound = match oracle {
            _ if file == TOO_LITTLE_DATA => matches!(result, Err(Error::Format { .. })),
            "accept" | "damaged-decodable" => result.is_ok(),
            "undecodable" if BROKEN_AFTER_THE_HEADER.contains(&file) => result.is_ok(),
            "not-dct-embeddable-decodable" => matches!(result, Err(Error::Unsupported(_))),
            "reject-not-jpeg" => matches!(result, Err(Error::NotJpeg(_))),
            _ => result.is_err(),
        };
        if !sound {
            let outcome = result.map_or_else(|error| error.code(), |_| "pdf");
            wrong.push(format!("{file}: {oracle} became {outcome}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What in `../shared/corpus/synthetic` cannot become a PDF without decoding, and why; all the rest does.
const REFUSED: [(&str, &str); 17] = [
    ("05_arith.jpg", "unsupported.arithmetic"),
    ("06_arithprog.jpg", "unsupported.arithmetic"),
    ("39_empty.jpg", "not_jpeg.empty"),
    ("39_hdronly.jpg", "format.truncated"),
    ("39_soi.jpg", "format.truncated"),
    ("41_zeroheight_nodnl.jpg", "format.malformed"),
    ("41_zerowidth.jpg", "format.malformed"),
    ("42_12bit.jpg", "unsupported.precision"),
    ("42_12bit_gray.jpg", "unsupported.precision"),
    ("43_sof3.jpg", "unsupported.lossless"),
    ("43_sof3_16.jpg", "unsupported.lossless"),
    ("43_sof3_gray.jpg", "unsupported.lossless"),
    ("44_sof11.jpg", "unsupported.lossless_arithmetic"),
    ("44_sof5.jpg", "unsupported.hierarchical"),
    ("47_jls.jpg", "unsupported.jpeg_ls"),
    ("47_jp2.jpg", "not_jpeg.jp2"),
    ("47_png.jpg", "not_jpeg.png"),
];

#[test]
fn synthetic_files_become_a_pdf_or_the_error_that_names_them() {
    let Some(folder) = shared_corpus() else {
        return;
    };
    let mut wrong = Vec::new();
    for entry in fs::read_dir(folder.join("synthetic")).expect("it is there") {
        let path = entry.expect("it can be listed").path();
        let name = path.file_name().expect("a file").to_string_lossy();
        let expected = REFUSED
            .iter()
            .find(|(file, _)| *file == name)
            .map_or("pdf", |(_, code)| code);
        let jpeg = fs::read(&path).expect("it can be read");
        let outcome = convert(&jpeg, &Passthrough).map_or_else(|error| error.code(), |_| "pdf");
        if outcome != expected {
            wrong.push(format!("{name}: {expected} became {outcome}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

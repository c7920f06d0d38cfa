//! Tests that every file of the corpus becomes the PDF, or the error, in its row of `corpus.tsv`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use lopdf::Object;
use pdfmagic_core::{Auto, Error, ImageOptions, Notice, Options, Page, Passthrough};

use crate::corpus_files::{Row, folder, folder_outside, read, table};
use crate::libjpeg::{has_djpeg, verdict};
use crate::support::{convert, image_of, media_box, strict};

/// The rows whose files are not in the repository, since it is unclear whether their licenses allow that: conformance
/// streams of the ITU, a scan of a patient, a photo whose notice is missing, and a profile of Artifex.
const OUTSIDE: [&str; 5] = [
    "public/libjpeg-turbo__libjpeg-turbo/monkey12.jpg",
    "public/pydicom__pylibjpeg-data/B1.JPG",
    "public/pydicom__pylibjpeg-data/C1.JPG",
    "public/pydicom__pylibjpeg-data/emri_small_jpeg_ls_lossless.dcm@2368.jls",
    "synthetic/26b_rgb_iccv2.jpg",
];

/// The extensions of files in the folders of the corpus that are neither JPEGs nor to be mistaken for JPEGs.
const NO_JPEGS: [&str; 5] = ["py", "tsv", "md", "rs", "txt"];

/// Adds the paths of all files in a corpus, with slashes.
fn files_in(root: &Path, folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            files_in(root, &path, found);
        } else if !NO_JPEGS
            .iter()
            .any(|end| path.extension().is_some_and(|e| e == *end))
        {
            let parts = path.strip_prefix(root).expect("it is in the folder").iter();
            let parts: Vec<_> = parts.map(|part| part.to_string_lossy()).collect();
            found.insert(parts.join("/"));
        }
    }
}

#[test]
fn every_file_has_one_row_and_every_row_a_file() {
    let rows = table();
    let names: BTreeSet<_> = rows.iter().map(|row| row["file"].to_owned()).collect();
    assert_eq!(names.len(), rows.len(), "a file has two rows");
    let mut inside = BTreeSet::new();
    files_in(&folder(), &folder(), &mut inside);
    let expected = names.iter().filter(|name| !OUTSIDE.contains(&&***name));
    assert_eq!(inside, expected.cloned().collect());
    if folder_outside().is_dir() {
        let mut outside = BTreeSet::new();
        files_in(&folder_outside(), &folder_outside(), &mut outside);
        let unknown: Vec<_> = outside.difference(&names).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(OUTSIDE.iter().all(|name| outside.contains(*name)));
    }
}

#[test]
fn every_third_party_file_is_in_the_notice() {
    let notice = String::from_utf8(read("public/NOTICE.md")).expect("it is text");
    let mut files = BTreeSet::new();
    files_in(&folder(), &folder().join("public"), &mut files);
    for file in files {
        let [repository, name] = *file.split('/').skip(1).collect::<Vec<_>>() else {
            panic!("{file} is not in the folder of a repository");
        };
        let heading = format!("\n## {}\n", repository.replace("__", "/"));
        let section = notice.split(&heading).nth(1).unwrap_or_default();
        let section = section.split("\n## ").next().unwrap_or_default();
        assert!(section.contains(&format!("| `{name}` |")), "{file}");
    }
}

/// The columns that follow from the file, in the order of the table.
const COLUMNS: [&str; 7] = [
    "djpeg",
    "passthrough",
    "auto",
    "color_space",
    "decode",
    "media_box",
    "notices",
];

#[test]
fn images_that_cannot_be_made_smaller_are_kept_with_a_notice() {
    let mut tight = Options::default();
    tight.limits.max_pixels = 1;
    let (mut stayed, mut left) = (0, 0);
    for path in table().iter().filter_map(Row::path) {
        let jpeg = fs::read(&path).expect("it can be read");
        for options in [&Options::default(), &tight] {
            let Ok(page) = Page::from_jpeg(&jpeg, options, &Auto) else {
                continue;
            };
            for name in ["optimize", "progressive"] {
                let mut image = ImageOptions::default();
                image.optimize = name == "optimize";
                image.progressive = name == "progressive";
                let backend = image.backend().expect("one goes alone");
                let smaller = Page::from_jpeg(&jpeg, options, &*backend);
                let smaller = smaller.unwrap_or_else(|error| panic!("{path:?}, {name}: {error}"));
                if smaller.notices().contains(&Notice::NotSmaller) {
                    assert_eq!(smaller.notices().len(), page.notices().len() + 1);
                    stayed += 1;
                } else {
                    left += 1;
                }
            }
        }
    }
    assert!(stayed > 100 && left > 100, "{stayed}, {left}");
}

/// To accept the new results of the corpus: `BLESS=1 cargo test -p pdfmagic-core --test whole corpus`, then read the
/// diff.
#[test]
fn the_corpus_gives_the_results_in_its_table() {
    let (mut rows, mut wrong) = (vec![], vec![]);
    for row in table() {
        let mut cells = COLUMNS.map(|column| row[column].to_owned());
        if let Some(path) = row.path() {
            let found = describe(&fs::read(path).expect("it can be read"), &row);
            if found != cells {
                wrong.push(format!("{}: {cells:?} became {found:?}", &row["file"]));
                cells = found;
            }
        }
        rows.push([&row["file"], &cells.join("\t"), &row["shows"]].join("\t"));
    }
    if std::env::var_os("BLESS").is_some() {
        let head = ["file", &COLUMNS.join("\t"), "shows"].join("\t");
        let text = format!("{head}\n{}\n", rows.join("\n"));
        fs::write(folder().join("corpus.tsv"), text).expect("the table can be written");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Returns the columns of `corpus.tsv` for the result of a file.
fn describe(jpeg: &[u8], row: &Row) -> [String; 7] {
    let djpeg = if has_djpeg() {
        verdict(jpeg)
    } else {
        &row["djpeg"]
    };
    let djpeg = djpeg.to_owned();
    let outcome = |result: Result<Vec<u8>, Error>| {
        result
            .map_or_else(|error| error.code(), |_| "pdf")
            .to_owned()
    };
    let passthrough = outcome(convert(jpeg, &Passthrough));
    let page = match Page::from_jpeg(jpeg, &Options::default(), &Auto) {
        Ok(page) => page,
        Err(error) => {
            let code = error.code().to_owned();
            return [
                djpeg,
                passthrough,
                code,
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ];
        }
    };
    let mut notices: Vec<_> = page.notices().iter().map(|notice| notice.code()).collect();
    notices.sort_unstable();
    let pdf = strict(&convert(jpeg, &Auto).expect("the page was made"));
    let dict = &image_of(&pdf).dict;
    let decode = if dict.has(b"Decode") { "yes" } else { "no" };
    [
        djpeg,
        passthrough,
        "pdf".to_owned(),
        color_space(
            &pdf,
            dict.get(b"ColorSpace").expect("an image has a color space"),
        ),
        decode.to_owned(),
        media_box(&pdf),
        notices.join(","),
    ]
}

fn color_space(pdf: &lopdf::Document, object: &Object) -> String {
    match object {
        Object::Name(name) => String::from_utf8_lossy(name).into_owned(),
        Object::Array(array) => {
            let profile = pdf.get_object(array[1].as_reference().expect("a profile is a stream"));
            let profile = profile
                .and_then(Object::as_stream)
                .expect("a profile is a stream");
            let components = profile.dict.get(b"N").and_then(Object::as_i64);
            format!("ICCBased {}", components.expect("N is required"))
        }
        other => panic!("no color space: {other:?}"),
    }
}

/// The files that no decoder can show, but whose headers are valid. Passthrough reads no further.
const BROKEN_BEHIND_THE_HEADER: [&str; 4] = [
    "public/AcademySoftwareFoundation__OpenImageIO/corrupt-iptc-8011.jpg",
    "reported/bitrot.jpg",
    "reported/exp-in-scan.jpg",
    "reported/second-sof-after-scan.jpg",
];

#[test]
fn files_are_accepted_as_by_djpeg_except_for_known_reasons() {
    /// libjpeg-turbo 2.1 does not decode these, and we embed them as samples.
    const CARRIED: [&str; 2] = ["unsupported.lossless", "unsupported.precision"];
    /// libjpeg fails for these reasons, and we repair them.
    const MENDED: [&str; 3] = [
        "dnl.height.resolved",
        "header.stray.skipped",
        "soi.leading.skipped",
    ];
    for row in table() {
        let file = &row["file"];
        match (&row["djpeg"], &row["auto"]) {
            ("ok", outcome) => assert_eq!(outcome, "pdf", "{file}: djpeg decodes it"),
            ("error", "pdf") => assert!(
                CARRIED.contains(&&row["passthrough"])
                    || MENDED.iter().any(|code| row["notices"].contains(code))
                    || BROKEN_BEHIND_THE_HEADER.contains(&file),
                "{file}: djpeg does not decode it"
            ),
            _ => {}
        }
    }
}

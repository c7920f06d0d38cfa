//! Tests with many JPEGs.

use std::fs;

use super::{Folder, contains, jpeg, pages, stderr};

/// Returns the order in which a PDF shows `jpeg(1)`, `jpeg(2)`, ….
fn order(pdf: &[u8]) -> Vec<u8> {
    let place = |seed: u8| {
        let jpeg = jpeg(seed);
        pdf.windows(jpeg.len())
            .position(|window| window == jpeg)
            .map(|at| (at, seed))
    };
    let mut places: Vec<_> = (1..10).filter_map(place).collect();
    places.sort_unstable();
    places.into_iter().map(|(_, seed)| seed).collect()
}

/// Returns a folder with `photos/`, in which the order of names differs from that of their numbers.
fn photos() -> Folder {
    let folder = Folder::new();
    fs::create_dir_all(folder.path("photos/below")).unwrap();
    for (name, seed) in [
        ("photos/10.jpg", 5),
        ("photos/9.JPEG", 4),
        ("photos/1.jfif", 3),
        ("photos/below/2.jpg", 6),
    ] {
        folder.write(name, &jpeg(seed));
    }
    folder.write("photos/notes.txt", b"no JPEG");
    folder
}

#[test]
fn can_be_in_a_folder() {
    let folder = photos();
    folder.done(&["photos", "out.pdf"]);
    assert_eq!(order(&folder.read("out.pdf")), [3, 4, 5]);
    folder.done(&["-o", "out.pdf", "a.jpg", "photos/", "b.jpg"]);
    assert_eq!(order(&folder.read("out.pdf")), [1, 3, 4, 5, 2]);
    fs::create_dir(folder.path("empty")).unwrap();
    let said = folder.failed(&["empty", "gone", "a.jpg", "no*.jpg", "out.pdf"], 1);
    assert_eq!(
        said,
        "pdfmagic-cli: empty: is a folder that holds no JPEG\n\
         pdfmagic-cli: gone: cannot be read: no such file or directory\n\
         pdfmagic-cli: no*.jpg: cannot be read: no such file or directory\n\
         pdfmagic-cli: 3 of 4 failed\n"
    );
    let said = folder.failed(&["a.jpg", "photos"], 2);
    assert!(said.contains("photos is a folder"), "{said}");
}

#[test]
fn can_match_a_pattern() {
    let folder = photos();
    folder.done(&["photos/*.jpg", "out.pdf"]);
    assert_eq!(order(&folder.read("out.pdf")), [5]);
    folder.done(&["photos/**/*.jpg", "out.pdf"]);
    assert_eq!(order(&folder.read("out.pdf")), [5, 6]);
    let said = folder.failed(&["*.png", "out.pdf"], 1);
    assert_eq!(
        said,
        "pdfmagic-cli: *.png: cannot be read: no such file or directory\n"
    );
    folder.write("[1].jpg", &jpeg(9));
    folder.done(&["[1].jpg", "out.pdf"]);
    assert_eq!(order(&folder.read("out.pdf")), [9]);
}

#[test]
fn can_be_listed_in_a_file() {
    let folder = Folder::new();
    // Windows forbids line breaks in names.
    let odd = if cfg!(windows) {
        "o d.jpg"
    } else {
        "new\nline.jpg"
    };
    folder.write(odd, &jpeg(3));
    folder.write("lines", b"b.jpg\r\n\na.jpg\n");
    folder.write("list", format!("{odd}\0b.jpg\0").as_bytes());
    folder.done(&["--from-file", "lines", "-o", "out.pdf"]);
    assert_eq!(order(&folder.read("out.pdf")), [2, 1]);
    folder.done(&["--from-file", "list", "out.pdf"]);
    assert_eq!(order(&folder.read("out.pdf")), [3, 2]);
    folder.done(&["--from-file", "lines", "a.jpg", "out.pdf"]);
    assert_eq!(pages(&folder.read("out.pdf")), 3);
    let mut command = folder.command(&["--from-file", "-", "-o", "out.pdf"]);
    let output = command
        .stdin(fs::File::open(folder.path("lines")).unwrap())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(order(&folder.read("out.pdf")), [2, 1]);
    let said = folder.failed(&["--from-file", "gone", "out.pdf"], 1);
    assert_eq!(
        said,
        "pdfmagic-cli: gone: cannot be read: no such file or directory\n"
    );
}

#[test]
fn can_be_sorted_by_name() {
    let folder = Folder::new();
    for (name, seed) in [("p10.jpg", 3), ("p9.jpg", 4), ("p1.jpg", 5)] {
        folder.write(name, &jpeg(seed));
    }
    folder.done(&["--sort", "p10.jpg", "p9.jpg", "p1.jpg", "out.pdf"]);
    assert_eq!(order(&folder.read("out.pdf")), [5, 4, 3]);
}

#[test]
fn are_all_reported_if_invalid() {
    let folder = Folder::new();
    folder.write("gif.jpg", b"GIF89a");
    folder.write("cut.jpg", &jpeg(1)[..100]);
    folder.write("out.pdf", b"older");
    let said = folder.failed(&["gif.jpg", "a.jpg", "cut.jpg", "gone.jpg", "out.pdf"], 1);
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 4, "{said}");
    assert!(lines[0].starts_with("pdfmagic-cli: gif.jpg: "));
    assert!(lines[1].starts_with("pdfmagic-cli: cut.jpg: truncated"));
    assert!(lines[2].starts_with("pdfmagic-cli: gone.jpg: "));
    assert_eq!(folder.read("out.pdf"), b"older");
}

#[test]
fn are_skipped_with_keep_going_if_invalid() {
    let folder = Folder::new();
    folder.write("gif.jpg", b"GIF89a");
    let said = folder.failed(&["--keep-going", "a.jpg", "gif.jpg", "b.jpg", "out.pdf"], 1);
    assert_eq!(
        said,
        "pdfmagic-cli: gif.jpg: not a JPEG: it looks like GIF\n"
    );
    assert_eq!(order(&folder.read("out.pdf")), [1, 2]);
    folder.failed(&["--keep-going", "gif.jpg", "new.pdf"], 1);
    assert!(!folder.names().contains(&"new.pdf".to_owned()));
}

#[test]
fn are_stored_once_if_identical() {
    let folder = Folder::new();
    folder.write("copy.jpg", &jpeg(1));
    folder.done(&["a.jpg", "b.jpg", "a.jpg", "copy.jpg", "out.pdf"]);
    let pdf = folder.read("out.pdf");
    assert_eq!(pages(&pdf), 4);
    let images = pdf
        .windows(14)
        .filter(|window| window == b"/Subtype /Imag")
        .count();
    assert_eq!(images, 2);
    // With other options, the image is a different one.
    folder.write("pages.json", br#"{"pages": [{}, {"quality": 10}]}"#);
    folder.done(&["--pages", "pages.json", "a.jpg", "copy.jpg", "out.pdf"]);
    let pdf = folder.read("out.pdf");
    assert_eq!(
        pdf.windows(14)
            .filter(|window| window == b"/Subtype /Imag")
            .count(),
        2
    );
}

#[test]
fn become_the_same_pdf_with_any_number_of_jobs() {
    let folder = Folder::new();
    let make = |jobs: &str| {
        let mut words = vec!["--jobs", jobs, "--progressive"];
        words.extend(["a.jpg", "b.jpg", "b.jpg", "a.jpg", "b.jpg"]);
        words.push("out.pdf");
        folder.done(&words);
        folder.read("out.pdf")
    };
    let one = make("1");
    assert_eq!(pages(&one), 5);
    for jobs in ["2", "3", "8"] {
        assert!(make(jobs) == one, "{jobs} jobs");
    }
}

#[test]
fn named_like_options_cause_a_hint() {
    let folder = Folder::new();
    folder.write("-photo.jpg", &jpeg(1));
    folder.write("-oops.jpg", &jpeg(2));
    for (words, file) in [
        (&["-photo.jpg", "a.jpg", "out.pdf"][..], "./-photo.jpg"),
        (&["a.jpg", "-oops.jpg"], "./-oops.jpg"),
    ] {
        let said = folder.failed(words, 2);
        assert!(said.contains(file), "{said}");
    }
    folder.done(&["-o", "out.pdf", "--", "-photo.jpg"]);
    assert!(contains(&folder.read("out.pdf"), &jpeg(1)));
}

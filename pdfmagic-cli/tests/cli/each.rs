//! Tests of `--each`.

use std::fs;

use super::{Folder, jpeg, pages, stderr};

#[test]
fn outputs_go_beside_inputs_or_into_a_folder() {
    let folder = Folder::new();
    folder.done(&["--each", "a.jpg", "b.jpg"]);
    assert_eq!(folder.names(), ["a.jpg", "a.pdf", "b.jpg", "b.pdf"]);
    fs::create_dir(folder.path("out")).unwrap();
    folder.done(&["--each", "--out-dir", "out", "a.jpg", "b.jpg"]);
    for name in ["out/a.pdf", "out/b.pdf"] {
        assert_eq!(pages(&folder.read(name)), 1);
    }
    folder.done(&["a.jpg", "one.pdf"]);
    assert_eq!(folder.read("out/a.pdf"), folder.read("one.pdf"));
}

#[test]
fn a_failed_input_does_not_stop_the_others() {
    let folder = Folder::new();
    folder.write("bad.jpg", b"GIF89a");
    let said = folder.failed(&["--each", "bad.jpg", "a.jpg", "gone.jpg", "b.jpg"], 1);
    assert_eq!(
        said,
        "pdfmagic-cli: bad.jpg: not a JPEG: it looks like GIF\n\
         pdfmagic-cli: gone.jpg: cannot be read: no such file or directory\n\
         pdfmagic-cli: 2 of 4 failed\n"
    );
    assert_eq!(
        folder.names(),
        ["a.jpg", "a.pdf", "b.jpg", "b.pdf", "bad.jpg"]
    );
}

#[test]
fn no_output_is_written_twice() {
    let folder = Folder::new();
    folder.write("a.jpeg", &jpeg(3));
    let said = folder.failed(&["--each", "a.jpg", "a.jpeg"], 1);
    assert!(
        said.contains("a.jpeg: would be written twice: a.jpg has the same name"),
        "{said}"
    );
    folder.done(&["a.jpg", "one.pdf"]);
    assert_eq!(folder.read("a.pdf"), folder.read("one.pdf"));
}

#[test]
fn no_output_is_written_twice_by_two_shards() {
    let folder = Folder::new();
    folder.write("a.jpeg", &jpeg(3));
    let names = ["a.jpg", "b.jpg", "a.jpeg", "d.jpg"];
    folder.write("d.jpg", &jpeg(1));
    let shard = |shard| [&["--each", "--out-dir", ".", "--shard", shard], &names[..]].concat();
    // In whichever order they run.
    let said = folder.failed(&shard("1/2"), 1);
    assert_eq!(
        said,
        "pdfmagic-cli: a.jpeg: would be written twice: a.jpg has the same name\n\
         pdfmagic-cli: 1 of 2 failed\n"
    );
    assert!(!folder.names().contains(&"a.pdf".to_owned()));
    folder.done(&shard("0/2"));
    folder.done(&["a.jpg", "one.pdf"]);
    assert_eq!(folder.read("a.pdf"), folder.read("one.pdf"));
}

#[test]
fn no_clobber_keeps_existing_outputs() {
    let folder = Folder::new();
    folder.write("a.pdf", b"older");
    let output = folder.run(&["--each", "--no-clobber", "a.jpg", "b.jpg"]);
    assert_eq!(
        (output.status.code(), &*stderr(&output)),
        (
            Some(0),
            "pdfmagic-cli: a.pdf: note: exists already, and is kept\n"
        )
    );
    assert_eq!(folder.read("a.pdf"), b"older");
    assert_eq!(pages(&folder.read("b.pdf")), 1);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "files have wall-clock times")]
fn keep_going_keeps_complete_outputs_of_an_earlier_run() {
    let folder = Folder::new();
    let words = [
        "--each",
        "--keep-going",
        "--json",
        "a.jpg",
        "b.jpg",
        "c.jpg",
    ];
    folder.write("c.jpg", b"GIF89a");
    let told = |status: i32| {
        let output = folder.run(&words);
        assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()["summary"].take()
    };
    let summary = |made: u8, kept: u8, failed: u8| {
        serde_json::json!({
            "inputs": 3, "made": made, "kept": kept, "failed": failed, "damaged": 0,
        })
    };
    assert_eq!(told(1), summary(2, 0, 1));
    let age = |name: &str, seconds: u64| {
        let file = fs::File::options()
            .append(true)
            .open(folder.path(name))
            .unwrap();
        let time = std::time::SystemTime::now() - std::time::Duration::from_secs(seconds);
        file.set_modified(time).unwrap();
    };
    for (name, seconds) in [("a.jpg", 90), ("b.jpg", 90), ("a.pdf", 60), ("b.pdf", 60)] {
        age(name, seconds);
    }
    assert_eq!(told(1), summary(0, 2, 1));
    // An incomplete PDF, and one that is older than its JPEG, is made again.
    let whole = folder.read("a.pdf");
    folder.write("a.pdf", &whole[..whole.len() - 1]);
    age("b.jpg", 30);
    assert_eq!(told(1), summary(2, 0, 1));
    assert_eq!(folder.read("a.pdf"), whole);
    // Without --keep-going, all PDFs are made.
    for name in ["a.jpg", "b.jpg"] {
        age(name, 90);
    }
    folder.write("a.pdf", b"older");
    folder.done(&["--each", "a.jpg", "b.jpg"]);
    assert_eq!(folder.read("a.pdf"), whole);
}

#[test]
fn json_lists_each_document() {
    let folder = Folder::new();
    let output = folder.run(&["--json", "--each", "a.jpg", "gone.jpg", "b.jpg"]);
    assert_eq!(output.status.code(), Some(1));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let documents = told["documents"].as_array().unwrap();
    let outputs: Vec<_> = documents
        .iter()
        .map(|document| &document["output"])
        .collect();
    assert_eq!(outputs, ["a.pdf", "b.pdf"]);
    assert_eq!(told["errors"][0]["input"], "gone.jpg");
}

#[test]
fn shards_together_convert_all_inputs() {
    let folder = Folder::new();
    let names: Vec<_> = (0..7).map(|n| format!("{n}.jpg")).collect();
    for name in &names {
        folder.write(name, &jpeg(1));
    }
    for shard in ["0/3", "1/3", "2/3"] {
        let mut words = vec!["--each", "--shard", shard];
        words.extend(names.iter().map(String::as_str));
        folder.done(&words);
    }
    for name in &names {
        assert_eq!(pages(&folder.read(&name.replace("jpg", "pdf"))), 1);
    }
    // There are more shards than inputs, so some have nothing to do.
    folder.done(&["--each", "--shard", "0/9", "a.jpg", "b.jpg"]);
    assert!(!folder.names().contains(&"a.pdf".to_owned()));
    let said = folder.failed(&["--each", "--shard", "3/3", "a.jpg"], 2);
    assert!(said.contains("I/N"), "{said}");
}

#[test]
fn quiet_json_has_counts_instead_of_documents() {
    let folder = Folder::new();
    folder.write("bad.jpg", b"GIF89a");
    let words = ["--each", "--json", "--quiet", "a.jpg", "b.jpg", "bad.jpg"];
    let output = folder.run(&words);
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let keys: Vec<_> = told.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["errors", "summary"]);
    assert_eq!(told["summary"]["made"], 2);
    assert_eq!(told["errors"][0]["input"], "bad.jpg");
}

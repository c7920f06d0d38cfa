//! Tests of broken JPEGs: each becomes a sound PDF or is named in an error, and nothing else is left in the folder.

use std::process::Command;

use super::{BINARY, Folder, pages, stderr};

#[path = "../../../pdfmagic-core/tests/support/mutants.rs"]
mod mutants;

use mutants::{Random, bombs, mutant};

/// Within two seconds of processor time and 256 MiB of address space, a file becomes a PDF or is reported.
#[cfg(target_os = "linux")]
#[test]
fn each_file_takes_bounded_time_and_memory() {
    let mut random = Random(0);
    let mutants = (0..50).map(|_| ("a mutant", mutant(&mut random)));
    for (name, jpeg) in bombs().into_iter().chain(mutants) {
        for options in ["", "--verify", "--optimize", "--quality=30"] {
            let folder = Folder::new();
            folder.write("in.jpg", &jpeg);
            let limited =
                format!("ulimit -v 262144; ulimit -t 2; exec \"$0\" in.jpg -o out.pdf {options}");
            let output = Command::new("sh")
                .args(["-c", &limited, BINARY])
                .current_dir(folder.path(""))
                .output();
            let output = output.unwrap();
            let said = stderr(&output);
            let is_made = folder.names().contains(&"out.pdf".to_owned());
            match output.status.code() {
                // The code 3 says that the image is damaged.
                Some(0 | 3) => assert!(is_made),
                Some(1) => assert!(!is_made && said.starts_with("pdfmagic-cli: in.jpg: ")),
                other => panic!("{other:?} with {options} for {name}: {said}"),
            }
        }
    }
}

#[test]
fn jpegs_in_a_batch_become_valid_pdfs_or_are_reported() {
    const MUTANTS: usize = 50;
    for options in [
        &["--each"][..],
        &["--each", "--verify"],
        &["--each", "--backend", "transcode", "--optimize"],
        &["--each", "--backend", "reencode", "--quality", "30"],
        &["--each", "--pdfa", "3b", "--attach-original"],
    ] {
        let folder = Folder::new();
        let mut random = Random(options.len() as u64);
        let names: Vec<_> = (0..MUTANTS).map(|number| format!("{number}.jpg")).collect();
        for name in &names {
            folder.write(name, &mutant(&mut random));
        }
        let mut words = options.to_vec();
        words.extend(names.iter().map(String::as_str));
        let output = folder.run(&words);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{options:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        let mut made = 0;
        for name in folder.names() {
            if let Some(stem) = name.strip_suffix(".pdf") {
                made += 1;
                assert!(names.contains(&format!("{stem}.jpg")), "{name}");
                assert!(pages(&folder.read(&name)) >= 1, "{name}");
            } else {
                let is_input = names.contains(&name) || ["a.jpg", "b.jpg"].contains(&&*name);
                assert!(is_input, "{name}");
            }
        }
        let failed = format!("pdfmagic-cli: {} of {MUTANTS} failed\n", MUTANTS - made);
        assert!(said.ends_with(&failed), "{options:?}, {made} made: {said}");
    }
}

//! Tests of broken JPEGs: each becomes a sound PDF or is named in an error, and nothing else is left in the folder.

use super::{Folder, pages, stderr};

#[path = "../../../pdfmagic-core/tests/support/mutants.rs"]
mod mutants;

use mutants::{Random, mutant};

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

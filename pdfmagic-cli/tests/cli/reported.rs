//! Tests of files that users reported. `reported.tsv` has the expected result and messages of each. `BLESS=1` fills it
//! in from the names of files and options.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::{Folder, pages, stderr};

const HEADING: &str = "file\toptions\tstatus\tpages\tsays";

#[test]
fn reported_files_give_the_results_in_the_table() {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let table = crate_folder.join("tests/reported.tsv");
    let corpus = crate_folder.join("../pdfmagic-core/tests/corpus/reported");
    let expected = fs::read_to_string(&table).unwrap();
    let mut rows = expected.lines();
    assert_eq!(rows.next(), Some(HEADING));
    let (mut found, mut asked) = (format!("{HEADING}\n"), BTreeSet::new());
    for row in rows {
        let cells: Vec<_> = row.split('\t').collect();
        let (file, options) = (cells[0], cells.get(1).copied().unwrap_or_default());
        asked.insert((file.to_owned(), options.to_owned()));
        let folder = Folder::new();
        fs::copy(corpus.join(file), folder.path(file)).unwrap();
        let mut words: Vec<_> = options.split_whitespace().collect();
        words.extend([file, "out.pdf"]);
        let output = folder.run(&words);
        // Only the PDF is left behind, and there is none unless everything succeeded.
        let made = folder.path("out.pdf").exists();
        assert_eq!(folder.names().len(), 3 + usize::from(made));
        let count = if made {
            pages(&folder.read("out.pdf"))
        } else {
            0
        };
        let status = output.status.code().unwrap();
        let said = stderr(&output);
        let prefix = format!("pdfmagic-cli: {file}: ");
        let said: Vec<_> = said
            .lines()
            .map(|line| line.strip_prefix(&prefix).unwrap())
            .map(|line| line.strip_prefix("note: ").unwrap_or(line))
            .collect();
        let said = said.join("; ");
        writeln!(found, "{file}\t{options}\t{status}\t{count}\t{said}").unwrap();
    }
    if std::env::var_os("BLESS").is_some() {
        fs::write(&table, &found).unwrap();
    } else {
        for (found, expected) in found.lines().zip(expected.lines()) {
            assert_eq!(found, expected);
        }
    }
    for entry in fs::read_dir(corpus).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        for options in ["", "--verify"] {
            let row = (file.clone(), options.to_owned());
            assert!(asked.contains(&row), "{file} has no row with {options:?}");
        }
    }
}

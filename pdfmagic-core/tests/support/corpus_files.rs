//! The corpus, and the table with the expected result of each file.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Index;
use std::path::{Path, PathBuf};

/// Returns the folder of the corpus in the repository.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// Returns the folder of a corpus outside the repository, for files whose licenses exclude them from it. Most machines
/// have none.
pub(crate) fn folder_outside() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus")
}

/// Reads a file of the corpus in the repository.
pub(crate) fn read(name: &str) -> Vec<u8> {
    fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// The row of a file in the table, by the names of its columns. `file` is the path within the corpus.
#[derive(Debug)]
pub(crate) struct Row(BTreeMap<String, String>);

impl Row {
    /// Returns the path of the file. `None` if it is outside the repository, and not on this machine.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        [folder(), folder_outside()]
            .map(|folder| folder.join(&self["file"]))
            .into_iter()
            .find(|path| path.is_file())
    }
}

impl Index<&str> for Row {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        &self.0[column]
    }
}

/// Returns the rows of `corpus.tsv`, whose first line names the columns.
pub(crate) fn table() -> Vec<Row> {
    let text = String::from_utf8(read("corpus.tsv")).expect("the table is text");
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let names: Vec<_> = lines.next().into_iter().flatten().collect();
    let rows = lines.map(|cells| {
        let cells: Vec<_> = cells.collect();
        assert_eq!(cells.len(), names.len(), "cells of {cells:?}");
        Row(names.iter().cloned().zip(cells).collect())
    });
    rows.collect()
}

/// Returns the path within the corpus and the bytes of each file that is on this machine.
pub(crate) fn files() -> Vec<(String, Vec<u8>)> {
    let present = |row: Row| {
        let bytes = fs::read(row.path()?).expect("it can be read");
        Some((row["file"].to_owned(), bytes))
    };
    table().into_iter().filter_map(present).collect()
}

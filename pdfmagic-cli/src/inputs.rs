//! Determines which files are inputs, and their order.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::failure::{Failure, is_standard};

/// The extensions of JPEGs.
const EXTENSIONS: [&str; 5] = ["jpg", "jpeg", "jpe", "jfif", "jif"];

/// Expands each path of the command line: to itself, to the JPEGs in a folder, or to the matches of a pattern, in
/// natural order of names. A path without matches is kept: opening it reports the error, as for every other bad input.
pub(crate) fn expanded(paths: Vec<PathBuf>) -> Vec<PathBuf> {
    let mut inputs = Vec::with_capacity(paths.len());
    for path in paths {
        let mut found = match path.to_str() {
            _ if is_standard(&path) => Vec::new(),
            _ if path.is_dir() => jpegs_in(&path).unwrap_or_default(),
            Some(text) if text.contains(['*', '?', '[']) && !path.exists() => {
                let matches = glob::glob(text).ok();
                matches.into_iter().flatten().flatten().collect()
            }
            _ => Vec::new(),
        };
        if found.is_empty() {
            found.push(path);
        }
        sort(&mut found);
        inputs.extend(found);
    }
    inputs
}

fn jpegs_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        // The folder says which entries are files. Asking again for each of a million files takes minutes on network
        // storage.
        let is_file = || entry.file_type().is_ok_and(|kind| kind.is_file()) || path.is_file();
        if is_named_jpeg(&path) && is_file() {
            found.push(path);
        }
    }
    Ok(found)
}

/// Whether a file has the extension of a JPEG.
pub(crate) fn is_named_jpeg(path: &Path) -> bool {
    let extension = path.extension().unwrap_or_default();
    EXTENSIONS
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// Sorts by name, with numbers in names by their value: 2 comes before 10.
pub(crate) fn sort(paths: &mut [PathBuf]) {
    alphanumeric_sort::sort_path_slice(paths);
}

/// Reads the paths that a file lists, separated by NUL if there is any, and otherwise by line breaks.
pub(crate) fn listed_in(file: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut list = Vec::new();
    let read = if is_standard(file) {
        io::stdin().lock().read_to_end(&mut list)
    } else {
        fs::File::open(file).and_then(|mut file| file.read_to_end(&mut list))
    };
    read.map_err(|error| Failure::Input {
        path: file.to_owned(),
        cause: error.into(),
    })?;
    let separator = if list.contains(&0) { 0 } else { b'\n' };
    let lines = list.split(|&byte| byte == separator);
    let trimmed = lines.map(|line| {
        if separator == b'\n' {
            line.strip_suffix(b"\r").unwrap_or(line)
        } else {
            line
        }
    });
    Ok(trimmed
        .filter(|line| !line.is_empty())
        .map(path_of)
        .collect())
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    std::ffi::OsStr::from_bytes(bytes).into()
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> PathBuf {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// One of several parts of the inputs, written `I/N`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shard {
    index: usize,
    count: usize,
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once('/');
        let parts =
            parts.and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        match parts {
            Some((index, count)) if index < count => Ok(Self { index, count }),
            _ => Err("expected I/N with I from 0 to N - 1, such as 0/4".to_owned()),
        }
    }
}

impl Shard {
    /// Returns the range of inputs in this part. The sizes of parts differ by one at most.
    pub(crate) fn range(self, inputs: usize) -> std::ops::Range<usize> {
        let start = |index: usize| {
            usize::try_from(inputs as u128 * index as u128 / self.count as u128)
                .expect("the count is within the length")
        };
        start(self.index)..start(self.index + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_partition_the_inputs_evenly() {
        for count in 1..20 {
            for inputs in 0..50 {
                let mut next = 0;
                for index in 0..count {
                    let range = Shard { index, count }.range(inputs);
                    assert_eq!(range.start, next);
                    assert!((inputs / count..=inputs.div_ceil(count)).contains(&range.len()));
                    next = range.end;
                }
                assert_eq!(next, inputs);
            }
        }
    }

    #[test]
    fn numbers_in_names_are_sorted_by_value() {
        let mut names = ["b.jpg", "a10.jpg", "a9.jpg", "A1.jpg"].map(PathBuf::from);
        sort(&mut names);
        assert_eq!(
            names.map(|name| name.display().to_string()),
            ["A1.jpg", "a9.jpg", "a10.jpg", "b.jpg"]
        );
    }
}

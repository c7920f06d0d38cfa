//! Finds identical inputs, so that their image is stored once.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

/// The maximum number of earlier inputs with the same sample that an input is compared with. Inputs with the same
/// sample are nearly always identical.
const MAX_COMPARED: usize = 8;

/// The data that is compared before all bytes are: the size, and some bytes that differ between photos.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Sample {
    pub(crate) size: u64,
    pub(crate) bytes: Vec<u8>,
}

/// The regular files seen so far.
#[derive(Debug, Default)]
pub(crate) struct Same {
    by_sample: HashMap<Sample, Vec<(usize, PathBuf)>>,
}

impl Same {
    /// Returns the number of the first input with the same bytes: `number` itself, unless there is an earlier one.
    pub(crate) fn first(&mut self, number: usize, path: &Path, sample: Sample) -> usize {
        let earlier = self.by_sample.entry(sample).or_default();
        let compared = earlier.iter().take(MAX_COMPARED);
        let mut same = compared.filter(|(_, other)| {
            // Files that cannot be read are not identical.
            other == path || is_same(path, other).unwrap_or(false)
        });
        if let Some((first, _)) = same.next() {
            return *first;
        }
        earlier.push((number, path.to_owned()));
        number
    }
}

fn is_same(a: &Path, b: &Path) -> io::Result<bool> {
    const BUFFER: usize = 64 << 10;
    let [mut a, mut b] =
        [File::open(a)?, File::open(b)?].map(|file| BufReader::with_capacity(BUFFER, file));
    loop {
        let (left, right) = (a.fill_buf()?, b.fill_buf()?);
        let size = left.len().min(right.len());
        if left[..size] != right[..size] {
            return Ok(false);
        }
        if size == 0 {
            return Ok(left.len() == right.len());
        }
        a.consume(size);
        b.consume(size);
    }
}

//! A JPEG to be read: its beginning in memory, and a way to the rest.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use pdfmagic_core::{Backend, Error, Options, Page, Source};

use crate::failure::{InputError, is_standard};

/// Holds nearly every header.
const FIRST_READ: u64 = 16 << 10;

/// An input whose beginning is in memory; all of it, unless it is a regular file.
#[derive(Debug)]
pub(crate) struct Input {
    /// The regular file that the rest is in.
    file: Option<File>,
    size: u64,
    head: Vec<u8>,
    tail: [u8; 2],
}

impl Input {
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        if is_standard(path) {
            return Self::read_all(io::stdin().lock());
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Self::read_all(file);
        }
        let mut input = Self {
            file: Some(file),
            size: metadata.len(),
            head: Vec::new(),
            tail: [0; 2],
        };
        input.read_head(FIRST_READ)?;
        let mut tail = [0; 2];
        if let Some(mut file) = input.rest() {
            file.seek(SeekFrom::Start(input.size - 2))?;
            exact(file.read_exact(&mut tail))?;
        }
        Ok(Self { tail, ..input })
    }

    /// Reads what cannot be read twice.
    fn read_all(mut from: impl Read) -> Result<Self, InputError> {
        let mut head = Vec::new();
        from.read_to_end(&mut head)?;
        Ok(Self {
            file: None,
            size: head.len() as u64,
            head,
            tail: [0; 2],
        })
    }

    /// Gives the core more of the beginning until that is enough.
    pub(crate) fn page(
        &mut self,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Page, InputError> {
        loop {
            match Page::from_jpeg(self.source(), options, backend) {
                Err(Error::NeedsInput { given }) if self.rest().is_some() => {
                    self.read_head(4 * given)?;
                }
                page => return Ok(page?),
            }
        }
    }

    /// Copies a range to `out`, the kernel doing what is not in memory. Returns how much of it there was.
    pub(crate) fn copy(&self, range: Range<u64>, out: &mut File) -> io::Result<u64> {
        let in_head =
            |at| usize::try_from(at).map_or(self.head.len(), |at| at.min(self.head.len()));
        let known = &self.head[in_head(range.start)..in_head(range.end)];
        out.write_all(known)?;
        let start = range.start + known.len() as u64;
        let Some(mut file) = self.rest().filter(|_| start < range.end) else {
            return Ok(known.len() as u64);
        };
        file.seek(SeekFrom::Start(start))?;
        let copied = io::copy(&mut file.take(range.end - start), out)?;
        Ok(known.len() as u64 + copied)
    }

    fn source(&self) -> Source<'_> {
        if self.rest().is_some() {
            Source::Ends {
                head: &self.head,
                tail: &self.tail,
                size: self.size,
            }
        } else {
            Source::Whole(&self.head)
        }
    }

    /// The file, if it holds more than the head.
    fn rest(&self) -> Option<&File> {
        let is_more = (self.head.len() as u64) < self.size;
        self.file.as_ref().filter(|_| is_more)
    }

    /// Lets the head grow to `size`, or to all there is.
    fn read_head(&mut self, size: u64) -> Result<(), InputError> {
        let known = self.head.len();
        let size = usize::try_from(size.min(self.size))
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.head.resize(size, 0);
        let Some(file) = &mut self.file else {
            return Ok(());
        };
        file.seek(SeekFrom::Start(known as u64))?;
        exact(file.read_exact(&mut self.head[known..]))
    }
}

/// A file that ends before the size it had.
fn exact(result: io::Result<()>) -> Result<(), InputError> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => InputError::Shrank,
        _ => error.into(),
    })
}

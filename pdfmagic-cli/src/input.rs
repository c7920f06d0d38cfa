//! A JPEG to be read: how it begins, and a way to the rest.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::Path;

use pdfmagic_core::{Backend, Error, Options, Page, Source};

use crate::failure::{InputError, is_standard};

/// Holds nearly every header.
const FIRST_READ: u64 = 16 << 10;

/// An input whose beginning is in memory; all of it, unless it is a regular file.
#[derive(Debug)]
pub(crate) struct Input {
    file: File,
    size: u64,
    head: Vec<u8>,
    tail: [u8; 2],
}

impl Input {
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        let file = if is_standard(path) {
            io::stdin().as_fd().try_clone_to_owned()?.into()
        } else {
            File::open(path)?
        };
        let metadata = file.metadata()?;
        let mut input = Self {
            file,
            size: metadata.len(),
            head: Vec::new(),
            tail: [0; 2],
        };
        if metadata.is_file() && !is_standard(path) {
            input.read_head(FIRST_READ)?;
            if input.rest() {
                exact(input.file.read_exact_at(&mut input.tail, input.size - 2))?;
            }
        } else {
            input.file.read_to_end(&mut input.head)?;
            input.size = input.head.len() as u64;
        }
        Ok(input)
    }

    /// Gives the core more of the beginning until that is enough.
    pub(crate) fn page(
        &mut self,
        options: &Options,
        backend: &dyn Backend,
    ) -> Result<Page, InputError> {
        loop {
            match Page::from_jpeg(self.source(), options, backend) {
                Err(Error::NeedsInput { given }) if self.rest() => self.read_head(4 * given)?,
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
        if start == range.end {
            return Ok(known.len() as u64);
        }
        (&self.file).seek(SeekFrom::Start(start))?;
        let copied = io::copy(&mut (&self.file).take(range.end - start), out)?;
        Ok(known.len() as u64 + copied)
    }

    fn source(&self) -> Source<'_> {
        if self.rest() {
            Source::Ends {
                head: &self.head,
                tail: &self.tail,
                size: self.size,
            }
        } else {
            Source::Whole(&self.head)
        }
    }

    /// Whether there is more than the head.
    fn rest(&self) -> bool {
        (self.head.len() as u64) < self.size
    }

    /// Lets the head grow to `size`, or to all there is.
    fn read_head(&mut self, size: u64) -> Result<(), InputError> {
        let known = self.head.len();
        let size = usize::try_from(size.min(self.size))
            .map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
        self.head.resize(size, 0);
        exact(
            self.file
                .read_exact_at(&mut self.head[known..], known as u64),
        )
    }
}

/// A file that ends before the size it had.
fn exact(result: io::Result<()>) -> Result<(), InputError> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => InputError::Shrank,
        _ => error.into(),
    })
}

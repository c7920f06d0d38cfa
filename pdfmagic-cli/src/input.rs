//! A JPEG to be read: its beginning in memory, and access to the rest.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::Path;

use pdfmagic_core::{Error, Inspection, Jpeg, Page, Piece, Source};

use crate::failure::{InputError, is_standard};
use crate::job::Recipe;
use crate::progress::Progress;
use crate::same::Sample;
use crate::system;

/// The number of bytes read first, which contain nearly every header.
const FIRST_READ: u64 = 16 << 10;

/// The number of bytes that suffice to check the end.
const TAIL: usize = 8;

/// An input whose beginning is in memory. If it is not a regular file, all of it is.
#[derive(Debug)]
pub(crate) struct Input {
    /// The regular file with the rest.
    file: Option<File>,
    size: u64,
    head: Vec<u8>,
    tail: [u8; TAIL],
}

impl Input {
    pub(crate) fn open(path: &Path) -> Result<Self, InputError> {
        if is_standard(path) {
            return Self::read_all(io::stdin().lock());
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            // A folder with JPEGs was already expanded, so this folder has none.
            return Err(InputError::NoJpegInside);
        }
        if !metadata.is_file() {
            return Self::read_all(file);
        }
        let mut input = Self {
            file: Some(file),
            size: metadata.len(),
            head: Vec::new(),
            tail: [0; TAIL],
        };
        input.read_head(FIRST_READ)?;
        let mut tail = [0; TAIL];
        if let Some(mut file) = input.rest() {
            file.seek(SeekFrom::Start(input.size - TAIL as u64))?;
            exact(file.read_exact(&mut tail))?;
        }
        Ok(Self { tail, ..input })
    }

    /// Reads an input that cannot be read twice.
    fn read_all(mut from: impl Read) -> Result<Self, InputError> {
        let mut head = Vec::new();
        from.read_to_end(&mut head)?;
        Ok(Self {
            file: None,
            size: head.len() as u64,
            head,
            tail: [0; TAIL],
        })
    }

    /// Makes the pages if the beginning suffices. `None` if more has to be read, and perhaps decoded.
    pub(crate) fn try_pages(&self, recipe: &mut Recipe) -> Result<Option<Vec<Page>>, InputError> {
        recipe.leave_room(self.head.len() as u64)?;
        match Page::all_from_jpeg(self.source(), &recipe.options, &*recipe.backend) {
            Err(Error::NeedsInput { .. }) if self.rest().is_some() => Ok(None),
            pages => Ok(Some(pages?)),
        }
    }

    /// Makes the pages.
    pub(crate) fn pages(&mut self, recipe: &mut Recipe) -> Result<Vec<Page>, InputError> {
        self.ask(recipe, |source, recipe| {
            Page::all_from_jpeg(source, &recipe.options, &*recipe.backend)
        })
    }

    /// Inspects the JPEG.
    pub(crate) fn inspection(&mut self, recipe: &mut Recipe) -> Result<Inspection, InputError> {
        self.ask(recipe, |source, recipe| {
            Inspection::of(source, &recipe.options, &*recipe.backend)
        })
    }

    /// Checks the header for errors.
    pub(crate) fn check(&mut self, recipe: &mut Recipe) -> Result<(), InputError> {
        self.ask(recipe, |source, recipe| {
            let jpeg = Jpeg::parse(source, &recipe.options.limits)?;
            let carried = recipe.backend.can_carry(&jpeg);
            carried.map_err(Error::Unsupported)
        })
    }

    /// Calls pdfmagic-core, and reads more of the beginning until that suffices.
    fn ask<T>(
        &mut self,
        recipe: &mut Recipe,
        question: impl Fn(Source<'_>, &Recipe) -> Result<T, Error>,
    ) -> Result<T, InputError> {
        recipe.leave_room(self.head.len() as u64)?;
        loop {
            match question(self.source(), recipe) {
                Err(Error::NeedsInput { wanted, .. }) if self.rest().is_some() => {
                    recipe.leave_room(wanted.end.min(self.size))?;
                    self.read_head(wanted.end)?;
                }
                answer => return Ok(answer?),
            }
        }
    }

    /// Rejects a file whose size has changed, since it is still being written.
    pub(crate) fn check_size(&self) -> Result<(), InputError> {
        match &self.file {
            Some(file) => same_size(file, self.size),
            None => Ok(()),
        }
    }

    /// Returns a sample that distinguishes this input from nearly every other. `None` if the input cannot be read
    /// twice.
    pub(crate) fn sample(&self) -> Option<Sample> {
        const SIZE: usize = 64;
        self.file.as_ref()?;
        // These bytes are after the header, or in the thumbnail.
        let end = self
            .head
            .len()
            .min(usize::try_from(FIRST_READ).unwrap_or(usize::MAX));
        Some(Sample {
            size: self.size,
            bytes: self.head[end.saturating_sub(SIZE)..end].to_vec(),
        })
    }

    /// The size, in bytes.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Writes a piece of a PDF to `out`. The kernel copies what is not in memory. Returns the size of the piece. Errors
    /// are attributed to the output, since reading again what was just read hardly ever fails.
    pub(crate) fn write(
        &self,
        piece: &Piece,
        out: &mut File,
        progress: &mut Progress,
    ) -> io::Result<u64> {
        match piece {
            Piece::Made(bytes) => out.write_all(bytes).map(|()| piece.size()),
            Piece::Input(range) => self.copy(range.clone(), out, progress),
        }
    }

    fn copy(&self, range: Range<u64>, out: &mut File, progress: &mut Progress) -> io::Result<u64> {
        /// The number of bytes between updates of the progress bar.
        const STEP: u64 = 64 << 20;
        /// File systems share whole blocks, if they are aligned in the output as in the input.
        const BLOCK: u64 = 4096;
        let in_head =
            |at: u64| usize::try_from(at).map_or(self.head.len(), |at| at.min(self.head.len()));
        // If an input was read only for inspection, the system copies its first blocks as well.
        let by_hand = range.start.next_multiple_of(BLOCK).max(FIRST_READ);
        let known = &self.head[in_head(range.start)..in_head(range.end.min(by_hand))];
        out.write_all(known)?;
        let mut at = range.start + known.len() as u64;
        if at == range.end {
            return Ok(known.len() as u64);
        }
        let Some(mut file) = self.file.as_ref() else {
            // The input is completely in memory.
            out.write_all(&self.head[in_head(at)..in_head(range.end)])?;
            return Ok(range.end - range.start);
        };
        file.seek(SeekFrom::Start(at))?;
        while at < range.end {
            let blocks = (range.end - at).min(STEP) / BLOCK * BLOCK;
            let (step, copied) = if at.is_multiple_of(BLOCK) && blocks > 0 {
                (blocks, system::copy(file, blocks, out)?)
            } else {
                // The next bytes will be written into the last block. If that block were shared, it would have to be
                // copied then, for which XFS reserves much space.
                let step = (BLOCK - at % BLOCK).min(range.end - at);
                let mut part = Vec::with_capacity(usize::try_from(step).unwrap_or(0));
                file.take(step).read_to_end(&mut part)?;
                out.write_all(&part)?;
                (step, part.len() as u64)
            };
            progress.advance(copied);
            at += copied;
            if copied < step {
                break;
            }
        }
        Ok(at - range.start)
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

    /// Returns the file, if it has more bytes than the head.
    fn rest(&self) -> Option<&File> {
        let is_more = (self.head.len() as u64) < self.size;
        self.file.as_ref().filter(|_| is_more)
    }

    /// Extends the head to `size`, or to the end of the input.
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

/// Rejects a file whose size, in bytes, has changed.
pub(crate) fn same_size(file: &File, size: u64) -> Result<(), InputError> {
    match file.metadata()?.len().cmp(&size) {
        Ordering::Less => Err(InputError::Shrank),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(InputError::Grew),
    }
}

/// Reports a file that ends before its former size.
fn exact(result: io::Result<()>) -> Result<(), InputError> {
    result.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => InputError::Shrank,
        _ => error.into(),
    })
}

//! Memory for work on files, beside the files: reserved, and no more of it is taken.

use pdfmagic_core::jpeg::Frame;
use pdfmagic_core::{Jpeg, Limits};

use crate::app::App;
use crate::memory::{Memory, Reservation};
use crate::problem::Problem;
use crate::upload::Upload;

/// For each byte of a file: two copies of a color profile that is most of it, or what is coded anew while it grows.
const PER_BYTE: usize = 3;

/// For each sample, in bytes: levels, and samples as real numbers while they are made fewer.
const PER_SAMPLE: usize = 12;

/// For tables, whatever the image, in bytes.
const TABLES: usize = 2 << 20;

/// What may be taken without a reservation, while nothing is decoded, in bytes.
const SMALL: usize = 1 << 20;

/// What the parts of a body and of an answer take beyond their size, at most, in bytes: buffers, for the most part.
const AROUND: usize = 1 << 20;

/// The limits that hold the core to a reservation, and the reservation.
#[derive(Debug)]
pub(crate) struct Scratch<'a> {
    pub(super) limits: Limits,
    memory: &'a Memory,
    /// None where headers alone are read, of common size.
    reservation: Option<Reservation>,
    /// How much there is to be for each page, in bytes, but for what there never can be.
    wanted: usize,
    most: usize,
}

impl<'a> Scratch<'a> {
    /// For reading headers whose color profiles are small.
    pub(super) fn small(app: &'a App) -> Self {
        let mut limits = app.limits;
        limits.max_memory = SMALL as u64;
        Self {
            limits,
            memory: &app.memory,
            reservation: None,
            wanted: 0,
            most: 0,
        }
    }

    /// For reading headers, one after the other.
    pub(super) fn for_headers(app: &'a App, files: &[Upload]) -> Result<Self, Problem> {
        let sizes = files.iter().map(|file| file.data.len());
        let largest = sizes.clone().max().unwrap_or_default();
        let mut scratch = Self::small(app);
        scratch.most = app
            .memory
            .size()
            .saturating_sub(sizes.sum::<usize>() + AROUND);
        scratch.wanted = TABLES + PER_BYTE * largest;
        scratch.reservation = Some(app.memory.reserve(0)?);
        scratch.fill()?;
        Ok(scratch)
    }

    /// For decoding files and coding them anew, one after the other.
    pub(super) fn for_samples(app: &'a App, files: &[Upload]) -> Result<Self, Problem> {
        let mut scratch = Self::for_headers(app, files)?;
        let parsed = files
            .iter()
            .flat_map(|file| Jpeg::parse(&file.data[..], &scratch.limits));
        let samples = parsed.map(|jpeg| samples(jpeg.frame())).max();
        scratch.wanted += PER_SAMPLE * samples.unwrap_or_default();
        scratch.fill()?;
        Ok(scratch)
    }

    /// Makes it as large as it is to be. What needs more than there can ever be is left to the core to refuse, and is not
    /// told to come again.
    pub(super) fn fill(&mut self) -> Result<(), Problem> {
        if let Some(reservation) = &mut self.reservation {
            let size = self.wanted.min(self.most);
            self.memory.resize(reservation, size)?;
            self.limits.max_memory = size as u64;
        }
        Ok(())
    }

    /// Makes it as large as it can ever be, for an image that takes more than others of its size. Says whether there is more
    /// now.
    pub(super) fn stretch(&mut self) -> Result<bool, Problem> {
        let is_less = self.wanted < self.most;
        if is_less {
            self.wanted = self.most;
            self.fill()?;
        }
        Ok(is_less)
    }

    /// Gives what was made its part of the reservation, of which the core has counted it.
    pub(crate) fn part(&mut self, size: usize) -> Result<Reservation, Problem> {
        let part = self.reservation.as_mut().and_then(|all| all.split(size));
        let Some(part) = part else {
            return self.memory.reserve(size);
        };
        self.most = self.most.saturating_sub(size);
        Ok(part)
    }
}

#[cfg(test)]
impl<'a> Scratch<'a> {
    /// Of this size, and what it can be at most.
    pub(crate) fn of(memory: &'a Memory, size: usize, most: usize) -> Result<Self, Problem> {
        Ok(Self {
            limits: Limits::default(),
            memory,
            reservation: Some(memory.reserve(size)?),
            wanted: size,
            most,
        })
    }
}

/// How many samples there are in the blocks of all components (T.81, A.2.4).
fn samples(frame: &Frame) -> usize {
    let most = |factor: fn(&_) -> u8| frame.components.iter().map(factor).max().unwrap_or(1);
    let mcus = |side: u16, factor| usize::from(side).div_ceil(8 * usize::from(factor));
    let mcus = mcus(frame.width.get(), most(|c| c.h)) * mcus(frame.height.get(), most(|c| c.v));
    let blocks = frame
        .components
        .iter()
        .map(|c| usize::from(c.h) * usize::from(c.v));
    64 * mcus * blocks.sum::<usize>()
}

//! Memory for work on files, in addition to the files: reserved, and the core is held to it.

use pdfmagic_core::Limits;
use pdfmagic_core::jpeg::Frame;

use crate::memory::{Memory, Reservation};
use crate::problem::Problem;

/// For each byte of a file: two copies of a color profile that is most of it, or new data while it grows.
const PER_BYTE: usize = 3;

/// For each sample, in bytes: levels, and samples as real numbers while they are scaled down.
const PER_SAMPLE: usize = 12;

/// For tables, whatever the image, in bytes.
const TABLES: usize = 2 << 20;

/// What may be taken without a reservation, while nothing is decoded, in bytes.
const SMALL: usize = 1 << 20;

/// What the parts of a body and of an answer take beyond their size, at most, in bytes: buffers, for the most part.
const AROUND: usize = 1 << 20;

/// The limits that hold the core to a reservation, and the reservation.
#[derive(Debug)]
pub(crate) struct WorkMemory<'a> {
    pub(crate) limits: Limits,
    memory: &'a Memory,
    /// None where headers alone are read, of common size.
    reservation: Option<Reservation>,
    /// What each page is to have, in bytes, before it is capped at `max`.
    wanted: usize,
    /// The part of `wanted` that does not depend on samples, in bytes.
    for_headers: usize,
    max: usize,
}

impl<'a> WorkMemory<'a> {
    /// For reading headers whose color profiles are small.
    pub(crate) fn small(memory: &'a Memory, mut limits: Limits) -> Self {
        limits.max_memory = SMALL as u64;
        Self {
            limits,
            memory,
            reservation: None,
            wanted: 0,
            for_headers: 0,
            max: 0,
        }
    }

    /// For decoding and encoding files of these sizes, in bytes, one after the other. For the first there is enough to read
    /// its header.
    pub(crate) fn for_files(
        memory: &'a Memory,
        limits: Limits,
        sizes: impl Iterator<Item = usize> + Clone,
    ) -> Result<Self, Problem> {
        let largest = sizes.clone().max().unwrap_or_default();
        let for_headers = TABLES + PER_BYTE * largest;
        let mut work = Self {
            reservation: Some(memory.reserve(0)?),
            wanted: for_headers,
            for_headers,
            max: memory.size().saturating_sub(sizes.sum::<usize>() + AROUND),
            ..Self::small(memory, limits)
        };
        work.fill()?;
        Ok(work)
    }

    /// Makes it as large as decoding an image takes, unless it is larger.
    pub(crate) fn fit(&mut self, frame: &Frame) -> Result<(), Problem> {
        if self.reservation.is_none() {
            return Ok(());
        }
        let for_samples = self.for_headers + PER_SAMPLE * samples(frame);
        self.wanted = self.wanted.max(for_samples);
        self.fill()
    }

    /// Makes it as large as it is to be. What needs more than there can ever be is left to the core to refuse, and is not
    /// told to retry.
    pub(crate) fn fill(&mut self) -> Result<(), Problem> {
        if let Some(reservation) = &mut self.reservation {
            let size = self.wanted.min(self.max);
            self.memory.resize(reservation, size)?;
            self.limits.max_memory = size as u64;
        }
        Ok(())
    }

    /// Makes it as large as it can ever be, for an image that takes more than others of its size. Says whether there is more
    /// now.
    pub(crate) fn stretch(&mut self) -> Result<bool, Problem> {
        let is_less = self.wanted < self.max;
        if is_less {
            self.wanted = self.max;
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
        self.max = self.max.saturating_sub(size);
        Ok(part)
    }
}

#[cfg(test)]
impl<'a> WorkMemory<'a> {
    /// Of this size, and its maximum.
    pub(crate) fn of(memory: &'a Memory, size: usize, max: usize) -> Result<Self, Problem> {
        Ok(Self {
            reservation: Some(memory.reserve(size)?),
            wanted: size,
            max,
            ..Self::small(memory, Limits::default())
        })
    }
}

/// How many samples there are in the blocks of all components (T.81, A.2.4).
fn samples(frame: &Frame) -> usize {
    let max = |factor: fn(&_) -> u8| frame.components.iter().map(factor).max().unwrap_or(1);
    let mcus = |side: u16, factor| usize::from(side).div_ceil(8 * usize::from(factor));
    let mcus = mcus(frame.width.get(), max(|c| c.h)) * mcus(frame.height.get(), max(|c| c.v));
    let blocks = frame
        .components
        .iter()
        .map(|c| usize::from(c.h) * usize::from(c.v));
    64 * mcus * blocks.sum::<usize>()
}

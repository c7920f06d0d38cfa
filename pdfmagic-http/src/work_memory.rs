//! The memory for processing files, in addition to the files. It is reserved, and limits pdfmagic-core.

use pdfmagic_core::Limits;
use pdfmagic_core::jpeg::Frame;

use crate::memory::{Memory, Reservation};
use crate::problem::Problem;

/// The memory for each byte of a file: two copies of a color profile that is most of the file, or new data while it
/// grows.
const PER_BYTE: usize = 3;

/// The memory for each sample, in bytes: coefficients, and real samples while they are downscaled.
const PER_SAMPLE: usize = 12;

/// The memory for tables, independent of the image, in bytes.
const TABLES: usize = 2 << 20;

/// The memory that needs no reservation while nothing is decoded, in bytes.
const SMALL: usize = 1 << 20;

/// The maximum size of a body and of an answer beyond their contents, in bytes. Most of it is buffers.
const AROUND: usize = 1 << 20;

/// A reservation, and limits that keep pdfmagic-core within it.
#[derive(Debug)]
pub(crate) struct WorkMemory<'a> {
    pub(crate) limits: Limits,
    memory: &'a Memory,
    /// The reservation; `None` while only headers of normal size are read.
    reservation: Option<Reservation>,
    /// The memory wanted for each page, in bytes, before it is capped at `max`.
    wanted: usize,
    /// The part of `wanted` that does not depend on samples, in bytes.
    for_headers: usize,
    max: usize,
}

impl<'a> WorkMemory<'a> {
    /// Allows reading headers with small color profiles.
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

    /// Reserves memory for decoding and encoding files of these sizes, in bytes, one after the other. At first it
    /// suffices to read a header.
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

    /// Grows to the size that decoding an image takes, unless it is already larger.
    pub(crate) fn fit(&mut self, frame: &Frame) -> Result<(), Problem> {
        if self.reservation.is_none() {
            return Ok(());
        }
        let for_samples = self.for_headers + PER_SAMPLE * samples(frame);
        self.wanted = self.wanted.max(for_samples);
        self.fill()
    }

    /// Changes the reservation to the wanted size. If a file needs more than can ever be available, pdfmagic-core
    /// rejects it, and the client is not asked to retry.
    pub(crate) fn fill(&mut self) -> Result<(), Problem> {
        if let Some(reservation) = &mut self.reservation {
            let size = self.wanted.min(self.max);
            self.memory.resize(reservation, size)?;
            self.limits.max_memory = size as u64;
        }
        Ok(())
    }

    /// Grows to twice the size, up to the maximum, for an image that takes more memory than others of its size. Returns
    /// whether this made a difference.
    pub(crate) fn stretch(&mut self) -> Result<bool, Problem> {
        let is_less = self.wanted < self.max;
        if is_less {
            self.wanted = (2 * self.wanted).min(self.max);
            self.fill()?;
        }
        Ok(is_less)
    }

    /// Splits off a part of the reservation for new data, which pdfmagic-core has counted against it.
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
    /// Returns a reservation of this size, with this maximum.
    pub(crate) fn of(memory: &'a Memory, size: usize, max: usize) -> Result<Self, Problem> {
        Ok(Self {
            reservation: Some(memory.reserve(size)?),
            wanted: size,
            max,
            ..Self::small(memory, Limits::default())
        })
    }
}

/// Returns the number of samples in the blocks of all components (T.81, A.2.4).
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

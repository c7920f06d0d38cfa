//! Memory for work on files, beside the files: reserved, and no more of it is taken.

use pdfmagic_core::jpeg::Frame;
use pdfmagic_core::{Jpeg, Limits};

use crate::app::App;
use crate::memory::Reservation;
use crate::problem::Problem;
use crate::upload::Upload;

/// For each byte of a file: two copies of a color profile that is most of it, or what is coded anew while it grows.
const PER_BYTE: usize = 3;

/// For each sample, in bytes: levels, and samples as real numbers while they are made fewer.
const PER_SAMPLE: usize = 12;

/// For tables, whatever the image, in bytes. Also what work beside the runtime's own may take without a reservation.
pub(super) const TABLES: usize = 1 << 20;

/// What the parts of a body take beyond their size, at most, in bytes: a buffer of the connection, for the most part.
const AROUND: usize = 1 << 20;

/// The limits that hold the core to a reservation, as long as that lives.
#[derive(Debug)]
pub(super) struct Scratch {
    pub(super) limits: Limits,
    reservation: Reservation,
}

impl Scratch {
    /// For reading the headers of files, one after the other.
    pub(super) fn for_headers(app: &App, files: &[Upload]) -> Result<Self, Problem> {
        let size = in_reach(app, files, TABLES + PER_BYTE * largest(files));
        let mut limits = app.limits;
        limits.max_memory = size as u64;
        Ok(Self {
            limits,
            reservation: app.memory.reserve(size)?,
        })
    }

    /// For decoding files and coding them anew, one after the other.
    pub(super) fn for_samples(app: &App, files: &[Upload]) -> Result<Self, Problem> {
        let mut scratch = Self::for_headers(app, files)?;
        let parsed = files
            .iter()
            .flat_map(|file| Jpeg::parse(&file.data[..], &scratch.limits));
        let samples = parsed.map(|jpeg| samples(jpeg.frame())).max();
        let size = TABLES + PER_BYTE * largest(files) + PER_SAMPLE * samples.unwrap_or_default();
        let size = in_reach(app, files, size);
        app.memory.resize(&mut scratch.reservation, size)?;
        scratch.limits.max_memory = size as u64;
        Ok(scratch)
    }
}

fn largest(files: &[Upload]) -> usize {
    files.iter().map(|file| file.data.len()).max().unwrap_or(0)
}

/// No more than there can ever be beside the files: what needs more than that is refused by the core, and not told to come
/// again.
fn in_reach(app: &App, files: &[Upload], size: usize) -> usize {
    let files: usize = files.iter().map(|file| file.data.len()).sum();
    size.min(app.memory.size().saturating_sub(files + AROUND))
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

//! Verifies that the coded data is complete and intact.

use super::image::Coefficients;
use super::lossless;
use super::scan::decode;
use super::stream::Stream;
use super::strides::{Nothing, follow};
use crate::damage::Damage;
use crate::error::Error;
use crate::jpeg::{Jpeg, Process};
use crate::limits::Limits;

impl Jpeg<'_> {
    /// Reads all of the coded data, and returns the first damage to it. `None` if it is intact.
    ///
    /// # Errors
    ///
    /// [`Error::Limit`] for more pixels, scans or memory than `limits` allows; [`Error::NeedsInput`] if only the ends
    /// of the input were given; [`Error::Unsupported`] for lossless arithmetic coding.
    pub fn verify(&self, limits: &Limits) -> Result<Option<Damage>, Error> {
        let frame = self.frame();
        if frame.process == Process::Lossless {
            return Ok(lossless::decode(self, limits)?.1);
        }
        if !frame.is_sequential_huffman() {
            // Later scans are coded relative to the coefficients of earlier ones, so all must be decoded.
            return Ok(Coefficients::decode(self, limits)?.1);
        }
        match is_sound(self, limits) {
            Ok(()) => Ok(None),
            Err(Error::Format { .. }) => find_damage(self, limits),
            Err(error) => Err(error),
        }
    }
}

/// Walks sequential scans as fast as possible, and stops at the first fault.
fn is_sound(jpeg: &Jpeg<'_>, limits: &Limits) -> Result<(), Error> {
    let mut stream = Stream::new(jpeg, limits)?;
    while let Some(scan) = stream.next_scan()? {
        let end = follow(&stream, &scan, &mut Nothing)?;
        stream.resume(&scan, end, None);
    }
    Ok(())
}

/// Decodes sequential scans past any faults, to find where the damage begins.
fn find_damage(jpeg: &Jpeg<'_>, limits: &Limits) -> Result<Option<Damage>, Error> {
    let mut stream = Stream::new(jpeg, limits)?;
    stream.is_strict = false;
    while let Some(scan) = stream.next_scan()? {
        let mut seams = stream.seams(&scan)?;
        let end = decode(&stream, &scan, &mut seams)?;
        stream.resume(&scan, end, Some(&seams));
    }
    Ok(stream.into_damage())
}

//! Whether all of the coded data is there.

use super::image::Coefficients;
use super::lossless;
use super::stream::Stream;
use super::strides::{Nothing, follow};
use crate::error::Error;
use crate::jpeg::{EntropyCoding, Jpeg, Process};
use crate::limits::Limits;

impl Jpeg<'_> {
    /// Passes over all of the coded data, and returns the size of the JPEG in bytes, from the start of the input to
    /// the end of EOI. What follows belongs to something else.
    ///
    /// # Errors
    ///
    /// [`Error::Scan`] with the first MCU that is not whole; else as [`Jpeg::parse`].
    pub fn verify(&self, limits: &Limits) -> Result<u64, Error> {
        let mut stream = Stream::new(self, limits)?;
        match (stream.entropy_coding(), stream.process()) {
            (EntropyCoding::Huffman, Process::Baseline | Process::ExtendedSequential) => {}
            // What later scans say depends on the coefficients of those before.
            (_, Process::Progressive)
            | (EntropyCoding::Arithmetic, Process::ExtendedSequential) => {
                Coefficients::decode_stream(self, limits, &mut stream)?;
                return Ok(stream.end as u64);
            }
            _ => return Ok(lossless::decode(self, limits)?.1 as u64),
        }
        while let Some(scan) = stream.next_scan()? {
            let end = follow(&stream, &scan, &mut Nothing)?;
            stream.resume(end);
        }
        stream.check_scanned()?;
        Ok(stream.end as u64)
    }
}

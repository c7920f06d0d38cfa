//! The conversion of one scan with all components into another.

use super::arithmetic_scan;
use super::encode::{Codes, Collects, Counts};
use super::restart::ScanEnd;
use super::scan;
use super::sink::Sink;
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::{EntropyCoding, ScanHeader};

/// Reads one scan, and writes another with the same components.
pub(super) trait Passage {
    /// Reads the scan, and counts the symbols of the new one.
    fn read(&mut self, stream: &Stream<'_>, scan: &ScanHeader) -> Result<ScanEnd, Error>;
    fn counts(&self) -> &Counts;
    /// Writes the data of the new scan.
    fn write(
        &self,
        stream: &Stream<'_>,
        scan: &ScanHeader,
        out: Vec<u8>,
        codes: &Codes,
    ) -> Result<Vec<u8>, Error>;
}

impl<S: Sink + Collects> Passage for S {
    fn read(&mut self, stream: &Stream<'_>, scan: &ScanHeader) -> Result<ScanEnd, Error> {
        match stream.entropy_coding() {
            EntropyCoding::Huffman => scan::decode(stream, scan, self),
            EntropyCoding::Arithmetic => arithmetic_scan::decode(stream, scan, self),
        }
    }

    fn counts(&self) -> &Counts {
        &self.symbols().counts
    }

    fn write(
        &self,
        _: &Stream<'_>,
        _: &ScanHeader,
        out: Vec<u8>,
        codes: &Codes,
    ) -> Result<Vec<u8>, Error> {
        self.symbols().write(out, codes)
    }
}

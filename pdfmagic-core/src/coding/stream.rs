//! Marker segments from the first scan to EOI, and the tables they set up for the scans (T.81 Annex B).

use std::rc::Rc;

use super::grid::Grid;
use super::huffman::Decoder;
use super::memory::Memory;
use super::restart::ScanEnd;
use crate::error::{Error, Resource};
use crate::jpeg::{
    Class, Conditioning, EntropyCoding, Frame, Jpeg, Marker, Process, QuantizationTable, Quantizer,
    ScanHeader, Segments, Tables,
};
use crate::limits::Limits;

/// A JPEG being read, with the state that its segments have set up.
pub(super) struct Stream<'a> {
    pub(super) data: &'a [u8],
    frame: Frame,
    pub(super) grid: Grid,
    tables: Tables<'a>,
    /// Made of the tables when a scan first uses them.
    dc: [Option<Rc<Decoder>>; 4],
    ac: [Option<Rc<Decoder>>; 4],
    /// Each component's quantization table as it stood at its first scan.
    latched: Vec<Option<Quantizer>>,
    segments: Segments<'a>,
    /// Whether restart intervals that are not as they should be are an error.
    pub(super) is_strict: bool,
    pub(super) is_resynchronized: bool,
    /// Where EOI ends, or until it has been seen the last scan.
    pub(super) end: usize,
    scans: u64,
    limits: Limits,
    pub(super) memory: Memory,
}

impl<'a> Stream<'a> {
    /// Starts at the first scan.
    pub(super) fn new(jpeg: &Jpeg<'a>, limits: &Limits) -> Result<Self, Error> {
        let data = jpeg.whole()?;
        let frame = jpeg.frame();
        let grid = Grid::of(frame);
        Resource::Pixels.check(grid.width as u64 * grid.height as u64, limits.max_pixels)?;
        Ok(Self {
            data,
            frame: frame.clone(),
            tables: jpeg.tables().clone(),
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            latched: vec![None; grid.components.len()],
            grid,
            segments: Segments::at(data, jpeg.scans_offset()),
            is_strict: true,
            is_resynchronized: false,
            end: data.len(),
            scans: 0,
            limits: *limits,
            memory: Memory::new(limits),
        })
    }

    pub(super) fn process(&self) -> Process {
        self.frame.process
    }

    pub(super) fn entropy_coding(&self) -> EntropyCoding {
        self.frame.entropy_coding
    }

    pub(super) fn conditioning(&self) -> &Conditioning {
        &self.tables.conditioning
    }

    /// Ri, in MCUs; 0 for none.
    pub(super) fn restart_interval(&self) -> usize {
        self.tables.restart_interval.into()
    }

    /// What decodes with the DC table at a destination.
    pub(super) fn dc(&self, destination: usize) -> Option<&Rc<Decoder>> {
        self.dc.get(destination)?.as_ref()
    }

    /// What decodes with the AC table at a destination.
    pub(super) fn ac(&self, destination: usize) -> Option<&Rc<Decoder>> {
        self.ac.get(destination)?.as_ref()
    }

    /// Reads on to the next scan's entropy-coded data. `None` at EOI.
    ///
    /// A missing EOI is no fault where every MCU of the frame has been seen without it.
    pub(super) fn next_scan(&mut self) -> Result<Option<ScanHeader>, Error> {
        loop {
            let segment = match self.segments.next() {
                Err(Error::Truncated { .. }) if self.is_whole() => return Ok(None),
                Err(Error::Truncated { offset }) if self.scans > 0 => {
                    return Err(Error::Format {
                        offset,
                        reason: "the data ends without EOI",
                    });
                }
                segment => segment?,
            };
            match segment.marker {
                Marker::EOI => {
                    self.end = segment.payload_offset;
                    return Ok(None);
                }
                Marker::SOS => {
                    self.scans += 1;
                    Resource::Scans.check(self.scans, self.limits.max_scans.into())?;
                    let scan = ScanHeader::parse(&segment, &self.frame, &self.tables)?;
                    self.prepare(&scan);
                    return Ok(Some(scan));
                }
                Marker::DHT => {
                    self.tables.define(&segment)?;
                    (self.dc, self.ac) = Default::default();
                }
                marker if marker.is_sof() => {
                    return Err(segment.malformed("second frame header"));
                }
                _ => self.tables.define(&segment)?,
            }
        }
    }

    /// Goes on with the segments, at the marker that ends a scan.
    pub(super) fn resume(&mut self, end: ScanEnd) {
        self.segments = Segments::at(self.data, end.at);
        self.end = end.at;
        self.is_resynchronized |= end.is_resynchronized;
    }

    /// Passes over a scan's data, and returns where it ends.
    pub(super) fn skip_data(&mut self) -> usize {
        self.segments.skip_data()
    }

    /// The tables that coefficients were quantized with, by component.
    pub(super) fn quantizers(&self) -> Result<Vec<Quantizer>, Error> {
        self.check_scanned()?;
        Ok(self.latched.iter().flatten().copied().collect())
    }

    /// Whether each component has had a scan.
    pub(super) fn check_scanned(&self) -> Result<(), Error> {
        if self.latched.iter().all(Option::is_some) {
            return Ok(());
        }
        Err(Error::Format {
            offset: self.data.len() as u64,
            reason: "a component has no scan",
        })
    }

    /// Whether sequential scans, which prove by themselves that they are whole, have delivered all components.
    fn is_whole(&self) -> bool {
        self.entropy_coding() == EntropyCoding::Huffman
            && self.process() != Process::Progressive
            && self.check_scanned().is_ok()
    }

    /// Keeps the quantization tables of components in their first scan, and makes decoders of the Huffman tables.
    fn prepare(&mut self, scan: &ScanHeader) {
        for s in scan.selectors() {
            let tq = usize::from(self.frame.components[s.component].quantization_table);
            let table = self.tables.quantization[tq];
            // Lossless coding has none.
            self.latched[s.component]
                .get_or_insert_with(|| table.map_or([1; 64], QuantizationTable::quantizer));
            for (class, destination, decoder) in [
                (Class::Dc, s.td, &mut self.dc[s.td]),
                (Class::Ac, s.ta, &mut self.ac[s.ta]),
            ] {
                if decoder.is_none() {
                    let table = self.tables.huffman_or_default(class, destination);
                    *decoder = table.map(|table| Rc::new(Decoder::new(table)));
                }
            }
        }
    }
}

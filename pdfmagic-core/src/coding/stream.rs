//! Marker segments from SOI to EOI, and the tables they set up for the scans between (T.81 Annex B).

use std::rc::Rc;

use super::arithmetic::Conditioning;
use super::coefficients::Quantizer;
use super::grid::{Grid, Scan, Selector};
use super::huffman::{self, Decoder, Spec};
use super::memory::Memory;
use super::restart::End;
use crate::error::{Error, Resource};
use crate::jpeg::segment::{Marker, Segment, Segments};
use crate::jpeg::{EntropyCoding, Jpeg, Process, standard};
use crate::options::Limits;

/// A JPEG being read, with the state that its segments have set up.
pub(super) struct Stream<'a> {
    pub(super) data: &'a [u8],
    pub(super) process: Process,
    pub(super) entropy_coding: EntropyCoding,
    pub(super) grid: Grid,
    /// Each component's table as it stood at its first scan.
    latched: Vec<Option<Quantizer>>,
    /// A bit for each component that has had a scan.
    scanned: u8,
    quantizers: [Option<Quantizer>; 4],
    pub(super) dc: [Option<Rc<Decoder>>; 4],
    pub(super) ac: [Option<Rc<Decoder>>; 4],
    pub(super) conditioning: Conditioning,
    /// Ri, in MCUs; 0 for none.
    pub(super) restart_interval: usize,
    segments: Segments<'a>,
    /// Whether restart intervals that are not as they should be are an error.
    pub(super) is_strict: bool,
    pub(super) is_resynchronized: bool,
    /// Where EOI ends, or until it has been seen the last scan.
    pub(super) end: usize,
    has_frame: bool,
    scans: u64,
    limits: Limits,
    pub(super) memory: Memory,
}

impl<'a> Stream<'a> {
    /// Starts at SOI, for what [`Jpeg::parse`] has found sound up to the first scan.
    pub(super) fn new(jpeg: &Jpeg<'a>, limits: &Limits) -> Result<Self, Error> {
        let data = jpeg.whole()?;
        let frame = jpeg.frame();
        let grid = Grid::of(frame);
        Resource::Pixels.check(grid.width as u64 * grid.height as u64, limits.max_pixels)?;
        Ok(Self {
            data,
            process: frame.process,
            entropy_coding: frame.entropy_coding,
            latched: vec![None; grid.components.len()],
            grid,
            scanned: 0,
            quantizers: [None; 4],
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            conditioning: Conditioning::default(),
            restart_interval: 0,
            segments: Segments::new(data, limits.max_segments)?,
            is_strict: true,
            is_resynchronized: false,
            end: data.len(),
            has_frame: false,
            scans: 0,
            limits: *limits,
            memory: Memory::new(limits),
        })
    }

    /// Reads on to the next scan's entropy-coded data. `None` at EOI.
    ///
    /// A missing EOI is no fault where every MCU of the frame has been seen without it.
    pub(super) fn next_scan(&mut self) -> Result<Option<Scan>, Error> {
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
                Marker::SOS => return self.scan_header(&segment).map(Some),
                Marker::DQT => self.quantization_tables(&segment)?,
                Marker::DHT => self.huffman_tables(&segment)?,
                Marker::DAC => self.conditioning.define(&segment)?,
                Marker::DRI => self.restart_interval = Fields::of(&segment).word()?.into(),
                marker if marker.is_sof() && std::mem::replace(&mut self.has_frame, true) => {
                    return Err(segment.malformed("second frame header"));
                }
                _ => {}
            }
        }
    }

    /// Goes on with the segments, at the marker that ends a scan.
    pub(super) fn resume(&mut self, end: End) {
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
        if self.scanned.count_ones() as usize == self.grid.components.len() {
            return Ok(());
        }
        Err(Error::Format {
            offset: self.data.len() as u64,
            reason: "a component has no scan",
        })
    }

    /// Whether sequential scans, which prove by themselves that they are whole, have delivered all components.
    fn is_whole(&self) -> bool {
        self.entropy_coding == EntropyCoding::Huffman
            && self.process != Process::Progressive
            && self.check_scanned().is_ok()
    }

    /// DQT (B.2.4.1).
    fn quantization_tables(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let mut fields = Fields::of(segment);
        while !fields.rest.is_empty() {
            let (precision, target) = fields.nibbles()?;
            let mut table = [0; 64];
            for step in &mut table {
                *step = match precision {
                    0 => fields.byte()?.into(),
                    _ => fields.word()?,
                };
            }
            *self
                .quantizers
                .get_mut(target)
                .ok_or(segment.malformed("quantization table number above 3"))? = Some(table);
        }
        Ok(())
    }

    /// DHT (B.2.4.2).
    fn huffman_tables(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let mut fields = Fields::of(segment);
        while !fields.rest.is_empty() {
            let (class, target) = fields.nibbles()?;
            let counts = *fields
                .bytes(16)?
                .first_chunk()
                .ok_or(segment.malformed("Huffman table cut off"))?;
            let total = counts.iter().map(|&n| usize::from(n)).sum();
            let spec = Spec {
                counts,
                values: fields.bytes(total)?.to_vec(),
            };
            let largest = match (class, self.process) {
                (0, Process::Lossless) => huffman::LOSSLESS,
                (0, _) => huffman::DC,
                _ => huffman::AC,
            };
            let decoder = spec
                .decoder(largest)
                .map(Rc::new)
                .ok_or(segment.malformed("Huffman table with impossible codes or values"))?;
            let tables = match class {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(segment.malformed("Huffman table class above 1")),
            };
            *tables
                .get_mut(target)
                .ok_or(segment.malformed("Huffman table number above 3"))? = Some(decoder);
        }
        Ok(())
    }

    /// SOS (B.2.3).
    fn scan_header(&mut self, segment: &Segment<'_>) -> Result<Scan, Error> {
        self.scans += 1;
        Resource::Scans.check(self.scans, self.limits.max_scans.into())?;
        let mut fields = Fields::of(segment);
        let count = usize::from(fields.byte()?);
        if !(1..=4).contains(&count) || fields.rest.len() != 2 * count + 3 {
            return Err(segment.malformed("scan header of a wrong size"));
        }
        let mut selectors: Vec<Selector> = Vec::with_capacity(count);
        for _ in 0..count {
            let (id, (td, ta)) = (fields.byte()?, fields.nibbles()?);
            let is_taken = |i| selectors.iter().any(|s| s.component == i);
            let component = (0..self.grid.components.len())
                .find(|&i| self.grid.components[i].id == id && !is_taken(i))
                .filter(|_| td < 4 && ta < 4)
                .ok_or(segment.malformed("scan of a component or table that there is not"))?;
            selectors.push(Selector { component, td, ta });
        }
        let (ss, se) = (fields.byte()?.into(), fields.byte()?.into());
        let (ah, al) = fields.nibbles()?;
        let scan = Scan {
            selectors,
            ss,
            se,
            ah: ah as u32,
            al: al as u32,
            offset: segment.offset,
            start: segment.payload_offset + segment.payload.len(),
        };
        if self.process == Process::Progressive && !scan.is_progression() {
            return Err(segment.malformed("impossible progression"));
        }
        if !self.grid.fits_mcu(&scan.selectors) {
            return Err(segment.malformed("more than 10 blocks in an MCU"));
        }
        for s in &scan.selectors {
            self.scanned |= 1 << s.component;
            let latch = &mut self.latched[s.component];
            *latch = latch.or(self.quantizers[self.grid.components[s.component].tq]);
            if latch.is_none() && self.process != Process::Lossless {
                return Err(segment.malformed("quantization table is missing"));
            }
            // Motion JPEG leaves out the typical tables.
            if s.td < 2 && self.dc[s.td].is_none() {
                self.dc[s.td] = Spec::from(standard::dc(s.td == 1))
                    .decoder(huffman::DC)
                    .map(Rc::new);
            }
            if s.ta < 2 && self.ac[s.ta].is_none() {
                self.ac[s.ta] = Spec::from(standard::ac(s.ta == 1))
                    .decoder(huffman::AC)
                    .map(Rc::new);
            }
        }
        Ok(scan)
    }
}

/// Big-endian fields of one segment.
struct Fields<'s> {
    segment: &'s Segment<'s>,
    rest: &'s [u8],
}

impl<'s> Fields<'s> {
    fn of(segment: &'s Segment<'s>) -> Self {
        Self {
            segment,
            rest: segment.payload,
        }
    }

    fn bytes(&mut self, count: usize) -> Result<&'s [u8], Error> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(self.segment.malformed("segment ends too early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, Error> {
        Ok(self.bytes(1)?[0])
    }

    fn word(&mut self) -> Result<u16, Error> {
        Ok(u16::from(self.byte()?) << 8 | u16::from(self.byte()?))
    }

    fn nibbles(&mut self) -> Result<(usize, usize), Error> {
        let byte = usize::from(self.byte()?);
        Ok((byte >> 4, byte & 0x0F))
    }
}

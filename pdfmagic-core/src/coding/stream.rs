//! Marker segments from the first scan to EOI, and the tables that they define for the scans (T.81 Annex B).

use std::rc::Rc;

use super::fault::{Fault, Found};
use super::grid::Grid;
use super::huffman::Decoder;
use super::memory::Memory;
use super::restart::ScanEnd;
use super::seams::Seams;
use crate::damage::{Damage, DamageKind, Sound};
use crate::error::{Error, Resource};
use crate::jpeg::{
    Class, Component, Conditioning, EOI, EntropyCoding, Frame, Jpeg, Marker, Process,
    QuantizationTable, Quantizer, ScanHeader, Segments, Tables,
};
use crate::limits::Limits;

/// The precision of a coefficient that no scan has coded.
pub(super) const UNKNOWN: u8 = u8::MAX;

/// The reason for damage by a marker that no decoder expects.
const FOREIGN: &str = "a marker that does not belong there";

/// A JPEG being read, with the state that its segments have defined.
pub(super) struct Stream<'a> {
    pub(super) data: &'a [u8],
    /// Whether the input continues after `data` with a marker that cannot be in an image.
    is_foreign_at_end: bool,
    has_one_scan: bool,
    frame: Frame,
    pub(super) grid: Grid,
    tables: Tables<'a>,
    /// The decoders, made from the tables when a scan first uses them.
    dc: [Option<Rc<Decoder>>; 4],
    ac: [Option<Rc<Decoder>>; 4],
    /// The quantization table of each component at its first scan.
    latched: Vec<Option<Quantizer>>,
    /// The lowest bit (Al) that the scans of a progression have reached, by component and zig-zag index; `UNKNOWN`
    /// before the first scan.
    precision: Vec<[u8; 64]>,
    segments: Segments<'a>,
    /// Whether a fault is an error. If not, decoding continues as in libjpeg.
    pub(super) is_strict: bool,
    /// The first fault that was tolerated.
    pub(super) damage: Option<Damage>,
    scans: u32,
    pub(super) limits: Limits,
    pub(super) memory: Memory,
}

impl<'a> Stream<'a> {
    /// Starts at the first scan.
    pub(super) fn new(jpeg: &Jpeg<'a>, limits: &Limits) -> Result<Self, Error> {
        let data = jpeg.image_data()?;
        let frame = jpeg.frame();
        let grid = Grid::of(frame);
        Resource::Pixels.check(grid.width as u64 * grid.height as u64, limits.max_pixels)?;
        Ok(Self {
            data,
            is_foreign_at_end: jpeg.is_foreign_at_end(),
            has_one_scan: jpeg.has_one_scan(),
            frame: frame.clone(),
            tables: jpeg.tables()?,
            dc: [const { None }; 4],
            ac: [const { None }; 4],
            latched: vec![None; grid.components.len()],
            precision: vec![[UNKNOWN; 64]; grid.components.len()],
            grid,
            segments: Segments::at(data, jpeg.scans_offset()),
            is_strict: true,
            damage: None,
            scans: 0,
            limits: limits.clone(),
            memory: Memory::beside_profile(jpeg, limits)?,
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

    /// Ri, in MCUs; 0 for no restart intervals.
    pub(super) fn restart_interval(&self) -> usize {
        self.tables.restart_interval.into()
    }

    /// The decoder for the DC table at a destination.
    pub(super) fn dc(&self, destination: usize) -> Option<&Rc<Decoder>> {
        self.dc.get(destination)?.as_ref()
    }

    /// The decoder for the AC table at a destination.
    pub(super) fn ac(&self, destination: usize) -> Option<&Rc<Decoder>> {
        self.ac.get(destination)?.as_ref()
    }

    /// Reads up to the entropy-coded data of the next scan. Returns `None` at EOI.
    ///
    /// A missing EOI is not a fault if every coefficient is complete.
    pub(super) fn next_scan(&mut self) -> Result<Option<ScanHeader>, Error> {
        match self.read_to_scan() {
            Err(Error::Truncated { offset }) if self.segments.last_is_foreign() => {
                self.stop(offset, DamageKind::Corrupt(FOREIGN))
            }
            Err(Error::Truncated { .. }) if self.is_complete() => Ok(None),
            Err(Error::Truncated { offset }) if self.scans > 0 => {
                self.stop(offset, DamageKind::Truncated)
            }
            Err(Error::Format { offset, reason }) if self.scans > 0 => {
                self.stop(offset, DamageKind::Corrupt(reason))
            }
            Ok(None) if self.latched.contains(&None) => {
                let reason = DamageKind::Corrupt("a component has no scan");
                self.stop(self.data.len() as u64, reason)
            }
            scan => scan,
        }
    }

    fn read_to_scan(&mut self) -> Result<Option<ScanHeader>, Error> {
        loop {
            let segment = self.segments.next()?;
            match segment.marker {
                Marker::EOI => return Ok(None),
                Marker::SOS => {
                    self.scans += 1;
                    // libjpeg expects no scan after a sequential one of all components.
                    if self.has_one_scan && self.scans > 1 {
                        return Err(segment.malformed("a scan after the last"));
                    }
                    Resource::Scans.check(self.scans.into(), self.limits.max_scans.into())?;
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
                marker if marker.is_reserved() => {
                    return Err(segment.malformed("reserved marker"));
                }
                _ => self.tables.define(&segment)?,
            }
        }
    }

    /// Ends the image at a fault between two scans.
    fn stop(&mut self, offset: u64, kind: DamageKind) -> Result<Option<ScanHeader>, Error> {
        if self.is_strict {
            return Err(Error::Format {
                offset,
                reason: match kind {
                    DamageKind::Truncated => "the data ends without EOI",
                    DamageKind::Corrupt(reason) => reason,
                },
            });
        }
        let sound = match self.frame.process {
            _ if self.is_complete() => self.rows(self.grid.height),
            Process::Progressive if !self.latched.contains(&None) => Sound::Scans {
                sound: self.scans,
                of: None,
            },
            _ => self.rows(0),
        };
        self.damage.get_or_insert(Damage {
            kind,
            offset,
            scan: self.scans,
            mcu: 0,
            sound,
        });
        Ok(None)
    }

    /// Returns a sink that finds where damage to a scan begins.
    pub(super) fn seams(&self, scan: &ScanHeader) -> Result<Seams, Error> {
        Seams::new(self.memory, &self.grid, scan.selectors(), self.quantizers())
    }

    /// Continues with the segments, at the marker that ends a scan. `seams` show where damage begins, if there is any.
    pub(super) fn resume(&mut self, scan: &ScanHeader, end: ScanEnd, seams: Option<&Seams>) {
        self.segments = Segments::at(self.data, end.at);
        let Some(found) = end.fault else {
            return;
        };
        let (kind, begin) = self.judge(scan, end, found, seams);
        let sound = match self.frame.process {
            Process::Progressive if self.scans > 1 => Sound::Scans {
                sound: self.scans - 1,
                of: None,
            },
            _ => self.rows(self.grid.lines_before(scan.selectors(), begin)),
        };
        self.damage.get_or_insert(Damage {
            kind,
            offset: found.offset as u64,
            scan: self.scans,
            mcu: found.mcu as u64,
            sound,
        });
    }

    /// Returns the kind of damage that caused a fault, and the MCU at which it begins.
    fn judge(
        &self,
        scan: &ScanHeader,
        end: ScanEnd,
        found: Found,
        seams: Option<&Seams>,
    ) -> (DamageKind, usize) {
        let layout = self.grid.layout(scan.selectors());
        let mcus = layout.across * layout.down;
        let kind = match found.fault {
            Fault::Short if self.ends_at_foreign(end) => DamageKind::Corrupt(FOREIGN),
            // Corrupt data loses some blocks. If more than a row is missing, data is missing as well.
            Fault::Short if !self.data.ends_with(EOI) || found.mcu + layout.across < mcus => {
                DamageKind::Truncated
            }
            fault => DamageKind::Corrupt(fault.reason()),
        };
        let begin = match (kind, seams) {
            (DamageKind::Corrupt(_), Some(seams)) if !self.ends_at_foreign(end) => {
                seams.begin_of_damage(found.interval, found.mcu)
            }
            _ => found.mcu,
        };
        (kind, begin)
    }

    /// Whether a scan ends at a marker that no decoder expects there.
    fn ends_at_foreign(&self, end: ScanEnd) -> bool {
        match self.data.get(end.at + 1) {
            Some(&code) => code < Marker::SOF0.0,
            None => self.is_foreign_at_end,
        }
    }

    fn rows(&self, sound: usize) -> Sound {
        Sound::Rows {
            sound: sound as u32,
            of: self.grid.height as u32,
        }
    }

    /// Returns the damage to the image, after all scans have been read.
    pub(super) fn into_damage(self) -> Option<Damage> {
        let mut damage = self.damage?;
        if let Sound::Scans { of, .. } = &mut damage.sound
            && self.data.ends_with(EOI)
        {
            *of = Some(self.scans);
        }
        Some(damage)
    }

    /// Returns the lowest bit (Al) that a progression has reached, by component and zig-zag index. `None` if it is
    /// complete.
    pub(super) fn precision(&self) -> Option<Vec<[u8; 64]>> {
        let is_progressive = self.frame.process == Process::Progressive;
        (is_progressive && !self.is_complete()).then(|| self.precision.clone())
    }

    /// Skips the data of a scan, and returns the offset of its end.
    pub(super) fn skip_data(&mut self) -> usize {
        self.segments.skip_data()
    }

    /// Returns the tables that the coefficients were quantized with, by component.
    pub(super) fn quantizers(&self) -> Vec<Quantizer> {
        let tables = &self.tables.quantization;
        let table = |c: &Component| tables[usize::from(c.quantization_table)];
        let latched = self.frame.components.iter().zip(&self.latched);
        latched
            .map(|(c, latched)| {
                // A component whose scans are lost has no coefficients either.
                latched.unwrap_or_else(|| table(c).map_or([1; 64], QuantizationTable::quantizer))
            })
            .collect()
    }

    /// Returns the maximum absolute value of DC for samples of a component after the point transform by Al, doubled to
    /// tolerate sloppy encoders.
    pub(super) fn max_dc(&self, component: usize, al: u32) -> i16 {
        let step = self.latched[component].map_or(1, |table| table[0].max(1));
        // Samples never have more than 16 bits, whatever the header says.
        let max = (8i32 << self.frame.precision.min(16)) / i32::from(step) + 2;
        let max = max.min(i32::from(i16::MAX)) as i16;
        // The transform rounds down (G.1.2.1), so negative values may exceed the shifted maximum by one.
        (max >> al) + i16::from(al > 0)
    }

    /// Whether all coefficients are complete.
    fn is_complete(&self) -> bool {
        match self.frame.process {
            Process::Progressive => self.precision.iter().flatten().all(|&al| al == 0),
            _ => !self.latched.contains(&None) && self.entropy_coding() == EntropyCoding::Huffman,
        }
    }

    /// Keeps the quantization table of each component at its first scan, and makes decoders from the Huffman tables.
    fn prepare(&mut self, scan: &ScanHeader) {
        for s in scan.selectors() {
            if self.frame.process == Process::Progressive {
                self.precision[s.component][scan.ss..=scan.se].fill(scan.al as u8);
            }
            let tq = usize::from(self.frame.components[s.component].quantization_table);
            let table = self.tables.quantization[tq];
            // Lossless coding has no quantization tables.
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

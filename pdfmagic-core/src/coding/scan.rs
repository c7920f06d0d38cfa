//! Sequential decoding of Huffman-coded scans (F.2.1, F.2.2), MCU by MCU.

use super::ac_lookup::AcLookup;
use super::bits::BitReader;
use super::coefficients::Plane;
use super::fault::{Fault, in_range, missing_table};
use super::grid::{Layout, Place};
use super::huffman::Decoder;
use super::restart::{Restarts, ScanEnd};
use super::sink::{Levels, Sink};
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::{EntropyCoding, ScanHeader};

/// One block of an MCU, with the tables to decode it.
#[derive(Clone, Copy)]
pub(super) struct Step<'t, T> {
    pub(super) place: Place,
    pub(super) dc: &'t Decoder,
    pub(super) ac: &'t Decoder,
    /// The look-up made from the AC table.
    pub(super) look: &'t T,
    /// The maximum absolute value of DC.
    max_dc: i16,
}

impl<T> Step<'_, T> {
    /// Adds the next DC difference to its prediction (F.2.2.1). The reader must have been refilled.
    #[inline(always)]
    pub(super) fn predict(&self, bits: &mut BitReader, prediction: &mut i16) -> Result<(), Fault> {
        self.dc.predict(bits, prediction)?;
        in_range(*prediction, self.max_dc)
    }
}

/// Makes a look-up from each AC table of a scan.
pub(super) fn looks<T>(
    stream: &Stream<'_>,
    scan: &ScanHeader,
    make: impl Fn(&Decoder) -> T,
) -> [Option<T>; 4] {
    std::array::from_fn(|ta| {
        let is_used = scan.selectors().iter().any(|s| s.ta == ta);
        let ac = stream.ac(ta).filter(|_| is_used)?;
        Some(make(ac))
    })
}

pub(super) fn steps<'t, T>(
    stream: &'t Stream,
    scan: &ScanHeader,
    places: &[Place],
    looks: &'t [Option<T>; 4],
) -> Result<Vec<Step<'t, T>>, Error> {
    let step = |&place: &Place| {
        let s = scan.selectors()[place.part];
        Some(Step {
            place,
            dc: stream.dc(s.td)?,
            ac: stream.ac(s.ta)?,
            look: looks[s.ta].as_ref()?,
            max_dc: stream.max_dc(s.component, 0),
        })
    };
    let steps: Option<_> = places.iter().map(step).collect();
    steps.ok_or(missing_table(scan))
}

/// The AC coefficients of the block being decoded.
struct HuffmanLevels<'s, 'b, 'a> {
    step: &'s Step<'s, AcLookup>,
    bits: &'b mut BitReader<'a>,
}

impl Levels for HuffmanLevels<'_, '_, '_> {
    #[inline(always)]
    fn read(self, put: impl FnMut(usize, i16)) -> Result<(), Fault> {
        self.step.look.read(self.step.ac, self.bits, put)
    }
}

/// Calls `decode` for each MCU with its row, its column, and whether decoding restarts there (E.2.4).
///
/// It is not called for MCUs that are missing from a truncated restart interval; see [`Restarts`].
#[inline(always)]
pub(super) fn mcus<'a>(
    stream: &Stream<'a>,
    scan: &ScanHeader,
    layout: &Layout,
    decode: impl FnMut(&mut BitReader<'a>, usize, usize, bool) -> Result<(), Fault>,
) -> Result<ScanEnd, Error> {
    let mut mcus = Mcus::new(stream, scan);
    mcus.rows(stream, layout.across, layout.down, decode)?;
    mcus.end()
}

/// The MCUs of a scan, and the state of their decoding.
pub(super) struct Mcus<'a> {
    bits: BitReader<'a>,
    restarts: Restarts<'a>,
    next: usize,
}

impl<'a> Mcus<'a> {
    pub(super) fn new(stream: &Stream<'a>, scan: &ScanHeader) -> Self {
        Self {
            bits: BitReader::new(stream.data, scan.start),
            restarts: Restarts::new(
                stream.data,
                stream.restart_interval(),
                stream.entropy_coding() == EntropyCoding::Huffman,
                stream.is_strict,
            ),
            next: 0,
        }
    }

    /// Calls `decode` like [`mcus`], for the next `down` rows, which are numbered from 0.
    #[inline(always)]
    pub(super) fn rows(
        &mut self,
        stream: &Stream<'a>,
        across: usize,
        down: usize,
        mut decode: impl FnMut(&mut BitReader<'a>, usize, usize, bool) -> Result<(), Fault>,
    ) -> Result<(), Error> {
        // An arithmetic encoder drops trailing zeros, so running out of data is no fault there (D.1.8).
        let is_huffman = stream.entropy_coding() == EntropyCoding::Huffman;
        let (mut bits, mut mcu, mut fresh) = (self.bits, self.next, self.next == 0);
        for down in 0..down {
            stream.limits.check_canceled()?;
            for across in 0..across {
                if self.restarts.due(mcu) {
                    bits = BitReader::new(stream.data, self.restarts.pass(bits)?);
                    fresh = true;
                }
                if !self.restarts.is_dry {
                    let decoded = decode(&mut bits, down, across, fresh);
                    if is_huffman && bits.overdrawn() {
                        self.restarts.run_dry(bits, mcu)?;
                    } else if let Err(fault) = decoded {
                        self.restarts.note(fault, bits.position(), mcu)?;
                        // An arithmetic decoder cannot resynchronize after a fault in its codes.
                        self.restarts.is_dry = !is_huffman && !matches!(fault, Fault::Range);
                    }
                }
                (mcu, fresh) = (mcu + 1, false);
            }
        }
        (self.bits, self.next) = (bits, mcu);
        Ok(())
    }

    pub(super) fn end(mut self) -> Result<ScanEnd, Error> {
        let at = self.bits.to_marker();
        self.restarts.check_unread(self.bits, at, self.next)?;
        Ok(ScanEnd {
            at,
            fault: self.restarts.first_fault,
        })
    }
}

/// Decodes a scan into `sink` (F.2.2.1, F.2.2.2).
pub(super) fn decode<S: Sink>(
    stream: &Stream,
    scan: &ScanHeader,
    sink: &mut S,
) -> Result<ScanEnd, Error> {
    let layout = stream.grid.layout(scan.selectors());
    let looks = looks(stream, scan, AcLookup::new);
    let steps = steps(stream, scan, &layout.blocks, &looks)?;
    let mut prediction = [0i16; 4];
    let mut mcus = Mcus::new(stream, scan);
    for down in 0..layout.down {
        sink.make_room(layout.across * steps.len())?;
        mcus.rows(stream, layout.across, 1, |bits, _, across, fresh| {
            if fresh {
                prediction = [0; 4];
            }
            let mut mcu = Ok(());
            for step in &steps {
                let p = &step.place;
                let sum = &mut prediction[p.part & 3];
                let block = apart(bits, |bits| {
                    bits.refill();
                    let dc = step.predict(bits, sum);
                    let ac = sink.block(p, p.at(down, across), *sum, HuffmanLevels { step, bits });
                    dc.and(ac)
                });
                if block.is_err() {
                    mcu = mcu.and(block);
                    if stream.is_strict {
                        break;
                    }
                }
            }
            mcu
        })?;
        sink.row(down);
    }
    mcus.end()
}

/// Runs `work` on a copy of the reader, which can then stay in registers.
#[inline(always)]
pub(super) fn apart<'a, T>(
    reader: &mut BitReader<'a>,
    work: impl FnOnce(&mut BitReader<'a>) -> T,
) -> T {
    let mut bits = *reader;
    let result = work(&mut bits);
    *reader = bits;
    result
}

/// Stores coefficients in planes that are padded to whole MCUs.
struct Store<'p>(&'p mut [Plane]);

impl Sink for Store<'_> {
    #[inline(always)]
    fn block(
        &mut self,
        p: &Place,
        at: (usize, usize),
        dc: i16,
        levels: impl Levels,
    ) -> Result<(), Fault> {
        levels.fill(dc, self.0[p.component].at(at), |_, value| value)
    }
}

/// Decodes a sequential scan into planes that are padded to whole MCUs.
pub(super) fn decode_into(
    stream: &Stream,
    scan: &ScanHeader,
    planes: &mut [Plane],
) -> Result<ScanEnd, Error> {
    decode(stream, scan, &mut Store(planes))
}

//! Sequential decoding of a Huffman-coded scan (F.2.1, F.2.2), MCU by MCU.

use super::Fault;
use super::bits::BitReader;
use super::coefficients::Plane;
use super::grid::{Layout, Place, Scan};
use super::huffman::{Decoder, Entry};
use super::restart::{End, Restarts};
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::EntropyCoding;

/// An error in entropy-coded data.
pub(super) fn broken(reason: &'static str, at: usize, mcu: usize) -> Error {
    Error::Scan {
        offset: at as u64,
        mcu: mcu as u64,
        reason,
    }
}

/// A scan names a table that was never defined.
pub(super) fn missing_table(scan: &Scan) -> Error {
    Error::Format {
        offset: scan.offset as u64,
        reason: "entropy coding table is missing",
    }
}

/// One block of an MCU with the tables that decode it.
#[derive(Clone, Copy)]
pub(super) struct Step<'t> {
    pub(super) place: Place,
    pub(super) dc: &'t Decoder,
    pub(super) ac: &'t Decoder,
}

pub(super) fn steps<'t>(
    stream: &'t Stream,
    scan: &Scan,
    places: &[Place],
) -> Result<Vec<Step<'t>>, Error> {
    places
        .iter()
        .map(|&place| {
            let s = scan.selectors[place.part];
            let dc = stream.dc[s.td].as_ref().ok_or(missing_table(scan))?;
            Ok(Step {
                place,
                dc,
                ac: stream.ac[s.ta].as_ref().ok_or(missing_table(scan))?,
            })
        })
        .collect()
}

/// What becomes of the symbols of a scan. `step` is the block's place in its MCU.
pub(super) trait Sink {
    /// The DC symbol of the block at (row, column); `value` is the predicted sum, `e` the difference.
    fn dc(&mut self, p: &Place, at: (usize, usize), value: i16, e: Entry);
    /// A coefficient that is not zero, at zig-zag index k.
    fn ac(&mut self, p: &Place, k: usize, e: Entry);
    /// ZRL.
    fn zeros(&mut self, _p: &Place) {}
    /// EOB.
    fn end(&mut self, _p: &Place) {}
    /// The block is complete.
    fn done(&mut self, _p: &Place, _at: (usize, usize)) {}
    /// A row of MCUs of so many blocks follows.
    fn make_room(&mut self, _blocks: usize) -> Result<(), Fault> {
        Ok(())
    }
    /// A row of MCUs is complete.
    fn row(&mut self, _down: usize) {}
}

/// Runs `decode` for each MCU, with its row and column and whether decoding begins afresh there (E.2.4).
///
/// It misses the MCUs that a restart interval cut short does not have; see [`Restarts`].
#[inline(always)]
pub(super) fn mcus<'a>(
    stream: &Stream<'a>,
    scan: &Scan,
    layout: &Layout,
    mut decode: impl FnMut(&mut BitReader<'a>, usize, usize, bool) -> Result<(), Fault>,
) -> Result<End, Error> {
    // An arithmetic encoder drops trailing zeros, so there running dry proves nothing (D.1.8).
    let strict = stream.entropy_coding == EntropyCoding::Huffman;
    let mut restarts = Restarts::new(stream);
    let mut bits = BitReader::new(stream.data, scan.start);
    let (mut mcu, mut fresh) = (0, true);
    for down in 0..layout.down {
        for across in 0..layout.across {
            if restarts.due(mcu) {
                bits = BitReader::new(stream.data, restarts.pass(bits.to_marker())?);
                fresh = true;
            }
            if !restarts.is_dry {
                let decoded = decode(&mut bits, down, across, fresh);
                if strict && bits.overdrawn() {
                    restarts.run_dry(bits, mcu)?;
                } else {
                    decoded.map_err(|fault| stream.error(fault, bits.position(), mcu))?;
                }
            }
            (mcu, fresh) = (mcu + 1, false);
        }
    }
    Ok(End {
        at: bits.to_marker(),
        is_resynchronized: restarts.is_resynchronized,
    })
}

/// Decodes a scan into `sink`.
pub(super) fn decode<S: Sink>(stream: &Stream, scan: &Scan, sink: &mut S) -> Result<End, Error> {
    let layout = stream.grid.layout(&scan.selectors);
    let steps = steps(stream, scan, &layout.blocks)?;
    let mut prediction = [0i16; 4];
    mcus(stream, scan, &layout, |bits, down, across, fresh| {
        if fresh {
            prediction = [0; 4];
        }
        if across == 0 {
            sink.make_room(layout.across * steps.len())?;
        }
        for step in &steps {
            let p = &step.place;
            let at = p.at(down, across);
            apart(bits, |bits| {
                block(bits, step, at, &mut prediction[p.part & 3], sink)
            })?;
            sink.done(p, at);
        }
        if across + 1 == layout.across {
            sink.row(down);
        }
        Ok(())
    })
}

/// Runs `work` on a copy of the reader, which so stays in registers.
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

/// F.2.2.1, F.2.2.2
#[inline(always)]
fn block<S: Sink>(
    bits: &mut BitReader,
    step: &Step,
    at: (usize, usize),
    prediction: &mut i16,
    sink: &mut S,
) -> Result<(), Fault> {
    bits.refill();
    let difference = step.dc.next(bits).ok_or(Fault::Code)?;
    *prediction = prediction.wrapping_add(difference.value());
    sink.dc(&step.place, at, *prediction, difference);
    let ac = step.ac;
    let mut k = 1;
    while k < 64 {
        bits.refill();
        let mut e = ac.glance(bits);
        if e.is_whole() {
            bits.skip(e.length());
        } else {
            e = ac.complete(bits, e).ok_or(Fault::Code)?;
            if e.symbol() == 0xF0 {
                sink.zeros(&step.place);
                k += 16;
                continue;
            }
            if e.size() == 0 {
                sink.end(&step.place);
                break;
            }
        }
        k += e.run();
        if k > 63 {
            return Err(Fault::Run);
        }
        sink.ac(&step.place, k, e);
        k += 1;
    }
    Ok(())
}

/// Stores coefficients in planes padded to whole MCUs.
struct Store<'p> {
    planes: &'p mut [Plane],
    block: [i16; 64],
}

impl Sink for Store<'_> {
    #[inline(always)]
    fn dc(&mut self, _: &Place, _: (usize, usize), value: i16, _: Entry) {
        self.block = [0; 64];
        self.block[0] = value;
    }

    #[inline(always)]
    fn ac(&mut self, _: &Place, k: usize, e: Entry) {
        self.block[k & 63] = e.value();
    }

    #[inline(always)]
    fn done(&mut self, p: &Place, at: (usize, usize)) {
        *self.planes[p.component].at(at) = self.block;
    }
}

/// Decodes a sequential scan into planes padded to whole MCUs.
pub(super) fn decode_into(
    stream: &Stream,
    scan: &Scan,
    planes: &mut [Plane],
) -> Result<End, Error> {
    decode(
        stream,
        scan,
        &mut Store {
            planes,
            block: [0; 64],
        },
    )
}

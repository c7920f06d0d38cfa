//! Walks a sequential Huffman scan without decoding the values of coefficients, so that one look-up can skip several
//! symbols. This verifies that every MCU is present, and allows replacing only the codes.

use super::bits::BitReader;
use super::fault::Fault;
use super::huffman::{Decoder, Entry};
use super::restart::ScanEnd;
use super::scan::{Step, apart, looks, mcus, steps};
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::ScanHeader;

pub(super) const WIDE: u32 = 12;
/// Set in a stride that ends with EOB.
const BLOCK_ENDS: u16 = 1 << 12;

/// The stride for each value of WIDE bits: bits 0-4 are the number of bits to skip, 5-11 the advance of k, and 12 is
/// `BLOCK_ENDS`.
struct Strides(Box<[u16; 1 << WIDE]>);

impl Strides {
    fn new(ac: &Decoder) -> Self {
        let stride = |ahead| {
            let (mut used, mut advance, mut end) = (0, 0, 0);
            for e in symbols(ac, ahead) {
                used += e.length() as u16;
                match advance_by(e) {
                    Some(by) => advance += by as u16,
                    None => end = BLOCK_ENDS,
                }
            }
            // If no complete code is within the bits, the advance leaves any block.
            end | used | if used == 0 { 127 } else { advance } << 5
        };
        Self(Box::new(std::array::from_fn(stride)))
    }
}

/// Returns by how much a symbol advances k. `None` for EOB.
fn advance_by(e: Entry) -> Option<usize> {
    match e.symbol() {
        0xF0 => Some(16),
        _ => (e.size() != 0).then_some(e.run() + 1),
    }
}

/// Returns the AC symbols of a stride: as many as have their code completely within the bits, up to the end of a block
/// or EOB. The magnitude bits of the last symbol may extend beyond.
pub(super) fn symbols(ac: &Decoder, ahead: usize) -> impl Iterator<Item = Entry> {
    let (mut used, mut advance) = (0, 0);
    std::iter::from_fn(move || {
        if used >= WIDE {
            return None;
        }
        let e = ac.code((ahead as u32) << (32 - WIDE + used) >> 16)?;
        let by = advance_by(e);
        if used + e.length() - e.size() > WIDE || advance + by.unwrap_or(0) > 64 {
            return None;
        }
        advance += by.unwrap_or(0);
        used = by.map_or(WIDE, |_| used + e.length());
        Some(e)
    })
}

/// Receives the symbols of a walk, by component.
pub(super) trait Follow {
    /// Takes the DC of a block, after prediction.
    fn dc(&mut self, component: usize, value: i16);
    /// Takes a stride: its index and its bits, of which those beyond the index are magnitude bits of the last symbol.
    fn stride(&mut self, component: usize, ac: &Decoder, index: usize, bits: u32);
    /// Takes one symbol and its magnitude bits.
    fn symbol(&mut self, component: usize, e: Entry, magnitude: u32);
    /// Takes a block outside the image, whose symbols are not reported.
    fn outside(&mut self, component: usize);
}

/// Ignores the symbols.
pub(super) struct Nothing;

impl Follow for Nothing {
    #[inline(always)]
    fn dc(&mut self, _: usize, _: i16) {}
    #[inline(always)]
    fn stride(&mut self, _: usize, _: &Decoder, _: usize, _: u32) {}
    #[inline(always)]
    fn symbol(&mut self, _: usize, _: Entry, _: u32) {}
    #[inline(always)]
    fn outside(&mut self, _: usize) {}
}

/// Walks a scan.
pub(super) fn follow<F: Follow>(
    stream: &Stream<'_>,
    scan: &ScanHeader,
    follower: &mut F,
) -> Result<ScanEnd, Error> {
    let layout = stream.grid.layout(scan.selectors());
    let looks = looks(stream, scan, Strides::new);
    let steps = steps(stream, scan, &layout.blocks, &looks)?;
    let mut prediction = [0i16; 4];
    mcus(stream, scan, &layout, |bits, down, across, fresh| {
        if fresh {
            prediction = [0; 4];
        }
        for step in &steps {
            let p = &step.place;
            let sum = &mut prediction[p.part & 3];
            apart(bits, |bits| {
                bits.refill();
                step.predict(bits, sum)?;
                if stream.grid.components[p.component].has(p.at(down, across)) {
                    follower.dc(p.component, *sum);
                    block(bits, step, follower)
                } else {
                    follower.outside(p.component);
                    block(bits, step, &mut Nothing)
                }
            })?;
        }
        Ok(())
    })
}

/// Walks the AC symbols of a block.
#[inline(always)]
fn block<F: Follow>(
    bits: &mut BitReader,
    step: &Step<'_, Strides>,
    follower: &mut F,
) -> Result<(), Fault> {
    let (component, strides) = (step.place.component, step.look);
    let take = |bits: &mut BitReader, follower: &mut F, index: usize, stride: u16| {
        let length = u32::from(stride & 31);
        follower.stride(component, step.ac, index, bits.peek(length) as u32);
        bits.skip(length);
    };
    let mut k = 1;
    while k < 64 {
        // Two strides take at most 54 bits, and a full window holds 56.
        bits.fill();
        let mut index = bits.peek(WIDE);
        let mut stride = strides.0[index];
        let mut next = k + usize::from(stride >> 5);
        if next < 64 {
            take(bits, follower, index, stride);
            k = next;
            index = bits.peek(WIDE);
            stride = strides.0[index];
            next = k + usize::from(stride >> 5);
            if next < 64 {
                take(bits, follower, index, stride);
                k = next;
                continue;
            }
        }
        if stride & BLOCK_ENDS != 0 && next - 128 < 64 {
            take(bits, follower, index, stride);
            break;
        }
        // The block ends within the stride, or a code is too long: take a single symbol.
        bits.refill();
        let e = step.ac.code(bits.peek(16) as u32).ok_or(Fault::Code)?;
        let magnitude = bits.take(e.length()) & ((1 << e.size()) - 1);
        follower.symbol(component, e, magnitude);
        match advance_by(e) {
            Some(by) => k += by,
            None => break,
        }
        if k > 64 && e.symbol() != 0xF0 {
            return Err(Fault::Run);
        }
    }
    Ok(())
}

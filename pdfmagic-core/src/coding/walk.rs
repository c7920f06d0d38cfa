//! Walking a sequential Huffman scan without keeping anything: proves that every MCU is there.
//!
//! What coefficients are worth doesn't matter here, so one look-up may pass several symbols.

use super::Fault;
use super::bits::BitReader;
use super::grid::Scan;
use super::huffman::Decoder;
use super::lossless;
use super::restart::End;
use super::scan::{Step, apart, mcus, steps};
use super::stream::Stream;
use super::whole::Coefficients;
use crate::error::Error;
use crate::jpeg::{EntropyCoding, Jpeg, Process};
use crate::options::Limits;

const WIDE: u32 = 12;
/// Set in a stride that ends with EOB.
const END: u16 = 1 << 12;

/// For each WIDE bits: bits 0-4 how many to skip, 5-11 how far k advances, and END.
struct Strides(Box<[u16; 1 << WIDE]>);

impl Strides {
    /// Packs symbols while the code of the next is wholly in sight; magnitude bits may lie beyond.
    fn new(ac: &Decoder) -> Self {
        let mut look = Box::new([0; 1 << WIDE]);
        for (ahead, stride) in (0u32..).zip(look.iter_mut()) {
            let (mut used, mut advance) = (0, 0);
            while used < WIDE {
                let Some(e) = ac.code(ahead << (32 - WIDE + used) >> 16) else {
                    break;
                };
                let code = e.length() - e.size();
                let next = advance
                    + if e.symbol() == 0xF0 {
                        16
                    } else {
                        e.run() as u32 + 1
                    };
                if used + code > WIDE || next > 64 && e.size() != 0 {
                    break;
                }
                used += e.length();
                if e.size() == 0 && e.symbol() != 0xF0 {
                    *stride = END;
                    break;
                }
                advance = next;
            }
            // No whole code in sight: an advance that leaves any block.
            *stride |= (used | if used == 0 { 127 } else { advance.min(127) } << 5) as u16;
        }
        Self(look)
    }
}

/// Passes over a JPEG from SOI to EOI, and returns its size in bytes. The error names the first MCU that is not
/// whole.
pub(crate) fn walk(jpeg: &Jpeg<'_>, limits: &Limits) -> Result<usize, Error> {
    let mut stream = Stream::new(jpeg, limits)?;
    match (stream.entropy_coding, stream.process) {
        (EntropyCoding::Huffman, Process::Baseline | Process::ExtendedSequential) => {}
        // What later scans say depends on the coefficients of those before.
        (_, Process::Progressive) | (EntropyCoding::Arithmetic, Process::ExtendedSequential) => {
            Coefficients::decode_stream(jpeg, limits, &mut stream)?;
            return Ok(stream.end);
        }
        _ => return Ok(lossless::decode(jpeg, limits)?.1),
    }
    while let Some(scan) = stream.next_scan()? {
        let end = walk_scan(&stream, &scan)?;
        stream.resume(end);
    }
    stream.check_scanned()?;
    Ok(stream.end)
}

/// Passes over a scan.
fn walk_scan(stream: &Stream<'_>, scan: &Scan) -> Result<End, Error> {
    let layout = stream.grid.layout(&scan.selectors);
    let steps = steps(stream, scan, &layout.blocks)?;
    let mut strides = [const { None }; 4];
    for s in &scan.selectors {
        strides[s.ta] = stream.ac[s.ta].as_ref().map(Strides::new);
    }
    let steps: Vec<_> = steps
        .into_iter()
        .filter_map(|step| {
            let strides: &Option<Strides> = &strides[scan.selectors[step.place.part].ta];
            Some((step, strides.as_ref()?))
        })
        .collect();
    mcus(stream, scan, &layout, |bits, _, _, _| {
        for (step, strides) in &steps {
            apart(bits, |bits| block(bits, step, strides))?;
        }
        Ok(())
    })
}

#[inline(always)]
fn block(bits: &mut BitReader, step: &Step, strides: &Strides) -> Result<(), Fault> {
    bits.refill();
    step.dc.pass(bits).ok_or(Fault::Code)?;
    let mut k = 1;
    loop {
        // Two strides take at most 54 bits, and a full window holds 56.
        bits.fill();
        let mut stride = strides.0[bits.peek(WIDE)];
        let mut next = k + usize::from(stride >> 5);
        if next < 64 {
            bits.skip(u32::from(stride & 31));
            k = next;
            stride = strides.0[bits.peek(WIDE)];
            next = k + usize::from(stride >> 5);
            if next < 64 {
                bits.skip(u32::from(stride & 31));
                k = next;
                continue;
            }
        }
        if stride & END != 0 && next - 128 < 64 {
            bits.skip(u32::from(stride & 31));
            break;
        }
        // The end of the block, or a code too long: symbol by symbol.
        bits.refill();
        let e = step.ac.pass(bits).ok_or(Fault::Code)?;
        if e.symbol() == 0xF0 {
            k += 16;
        } else if e.size() == 0 {
            break;
        } else {
            k += e.run() + 1;
            if k > 64 {
                return Err(Fault::Run);
            }
        }
        if k >= 64 {
            break;
        }
    }
    Ok(())
}

//! Progressive decoding of Huffman-coded scans (Annex G).

use super::Fault;
use super::bits::BitReader;
use super::coefficients::Plane;
use super::grid::Scan;
use super::huffman::Decoder;
use super::restart::End;
use super::scan::{apart, mcus, missing_table};
use super::stream::Stream;
use crate::error::Error;

/// Decodes one scan into the planes; what earlier scans left there is refined.
pub(super) fn decode_into(
    stream: &Stream,
    scan: &Scan,
    planes: &mut [Plane],
) -> Result<End, Error> {
    match (scan.ss, scan.ah) {
        (0, 0) => dc_first(stream, scan, planes),
        (0, _) => dc_refine(stream, scan, planes),
        _ => ac(stream, scan, planes),
    }
}

/// G.1.2.1: the point-transformed DC, predicted as in a sequential scan.
fn dc_first(stream: &Stream, scan: &Scan, planes: &mut [Plane]) -> Result<End, Error> {
    let layout = stream.grid.layout(&scan.selectors);
    let tables = scan
        .selectors
        .iter()
        .map(|s| stream.dc[s.td].as_ref().ok_or(missing_table(scan)))
        .collect::<Result<Vec<_>, _>>()?;
    let mut prediction = [0i16; 4];
    mcus(stream, scan, &layout, |bits, down, across, fresh| {
        if fresh {
            prediction = [0; 4];
        }
        for p in &layout.blocks {
            bits.refill();
            let sum = &mut prediction[p.part & 3];
            tables[p.part].predict(bits, sum)?;
            planes[p.component].at(p.at(down, across))[0] = *sum << scan.al;
        }
        Ok(())
    })
}

/// G.1.2.1: one more bit of each DC.
fn dc_refine(stream: &Stream, scan: &Scan, planes: &mut [Plane]) -> Result<End, Error> {
    let layout = stream.grid.layout(&scan.selectors);
    mcus(stream, scan, &layout, |bits, down, across, _| {
        for p in &layout.blocks {
            let zz = planes[p.component].at(p.at(down, across));
            zz[0] |= i16::from(bits.bit()) << scan.al;
        }
        Ok(())
    })
}

/// G.1.2.2, G.1.2.3: a band of AC coefficients of one component.
fn ac(stream: &Stream, scan: &Scan, planes: &mut [Plane]) -> Result<End, Error> {
    let layout = stream.grid.layout(&scan.selectors);
    let s = scan.selectors[0];
    let table = stream.ac[s.ta].as_ref().ok_or(missing_table(scan))?;
    let plane = &mut planes[s.component];
    let mut eobrun = 0;
    mcus(stream, scan, &layout, |bits, down, across, fresh| {
        if fresh {
            eobrun = 0;
        }
        let zz = plane.at((down, across));
        apart(bits, |bits| {
            if scan.ah == 0 {
                first(bits, table, scan, zz, &mut eobrun)
            } else {
                refine(bits, table, scan, zz, &mut eobrun)
            }
        })
    })
}

/// The run of blocks that an `EOBn` begins: r bits say how far beyond 2^r blocks the run goes (Table G.1).
#[inline(always)]
fn run_of_blocks(bits: &mut BitReader, r: u32) -> u32 {
    (1 << r) + if r == 0 { 0 } else { bits.take(r) }
}

/// G.1.2.2
#[inline(always)]
fn first(
    bits: &mut BitReader,
    table: &Decoder,
    scan: &Scan,
    zz: &mut [i16; 64],
    eobrun: &mut u32,
) -> Result<(), Fault> {
    if *eobrun > 0 {
        *eobrun -= 1;
        return Ok(());
    }
    let mut k = scan.ss;
    while k <= scan.se {
        bits.refill();
        let e = table.next(bits).ok_or(Fault::Code)?;
        k += e.run();
        if e.size() != 0 {
            // Where an interval has ended too early, libjpeg keeps even what leaves the band.
            zz[k.min(63)] = e.value() << scan.al;
            if k > scan.se {
                return Err(Fault::Run);
            }
        } else if e.run() < 15 {
            *eobrun = run_of_blocks(bits, e.run() as u32) - 1;
            break;
        }
        k += 1;
    }
    Ok(())
}

/// G.1.2.3, Figure G.7: bits that correct coefficients already known lie between the new ones.
fn refine(
    bits: &mut BitReader,
    table: &Decoder,
    scan: &Scan,
    zz: &mut [i16; 64],
    eobrun: &mut u32,
) -> Result<(), Fault> {
    let bit = 1i16 << scan.al;
    let mut k = scan.ss;
    if *eobrun == 0 {
        while k <= scan.se {
            bits.refill();
            let symbol = table.symbol(bits).ok_or(Fault::Code)?;
            let (mut run, mut new) = (symbol >> 4, 0);
            if symbol & 15 != 0 {
                new = if bits.bit() { bit } else { -bit };
            } else if run < 15 {
                *eobrun = run_of_blocks(bits, u32::from(run));
                break;
            }
            while k <= scan.se {
                if zz[k & 63] != 0 {
                    correct(bits, &mut zz[k & 63], bit);
                } else if run == 0 {
                    break;
                } else {
                    run -= 1;
                }
                k += 1;
            }
            if new != 0 {
                zz[k.min(63)] = new;
                if k > scan.se {
                    return Err(Fault::Run);
                }
            }
            k += 1;
        }
    }
    if *eobrun > 0 {
        for known in zz[k.min(64)..=scan.se.max(k.min(64) - 1)]
            .iter_mut()
            .filter(|c| **c != 0)
        {
            correct(bits, known, bit);
        }
        *eobrun -= 1;
    }
    Ok(())
}

#[inline(always)]
fn correct(bits: &mut BitReader, known: &mut i16, bit: i16) {
    if bits.bit() {
        *known = known.wrapping_add(if *known < 0 { -bit } else { bit });
    }
}

//! Lossless decoding (T.81 Annex H).

use super::bits::BitReader;
use super::fault::{Fault, missing_table};
use super::huffman::{Decoder, extend};
use super::memory::Memory;
use super::restart::ScanEnd;
use super::samples::Samples;
use super::scan::mcus;
use super::stream::Stream;
use crate::damage::Damage;
use crate::error::{Error, Feature};
use crate::jpeg::{EntropyCoding, Jpeg, ScanHeader};
use crate::limits::Limits;

/// The samples of one component, padded to whole MCUs.
struct SamplePlane {
    across: usize,
    values: Vec<u16>,
}

/// Decodes a Huffman-coded lossless JPEG, as far as its data is intact, and returns any damage.
pub(crate) fn decode(jpeg: &Jpeg<'_>, limits: &Limits) -> Result<(Samples, Option<Damage>), Error> {
    let frame = jpeg.frame();
    if frame.entropy_coding == EntropyCoding::Arithmetic {
        return Err(Error::Unsupported(Feature::LosslessArithmetic));
    }
    let mut stream = Stream::new(jpeg, limits)?;
    stream.is_strict = false;
    jpeg.check_decodable(limits)?;
    let grid = stream.grid.clone();
    let sizes = grid.components.iter().map(|c| {
        let (across, down) = (grid.mcus_across * c.h, grid.mcus_down * c.v);
        (across, across * down)
    });
    let count: usize = sizes.clone().map(|(_, count)| count).sum();
    let memory = stream.memory.take(count * size_of::<u16>())?;
    let plane = |(across, count)| SamplePlane {
        across,
        values: vec![0; count],
    };
    let mut planes: Vec<_> = sizes.map(plane).collect();
    while let Some(scan) = stream.next_scan()? {
        let end = decode_into(&stream, &scan, frame.precision.into(), &mut planes)?;
        stream.resume(&scan, end, None);
    }
    let mut samples = Samples::new(frame, memory)?;
    for (component, plane) in planes.iter().enumerate() {
        samples.enlarge(&grid, component, false, |(row, column)| {
            plane.values[row * plane.across + column].into()
        });
    }
    samples.memory = Memory::beside_profile(jpeg, limits)?.take(samples.size())?;
    Ok((samples, stream.into_damage()))
}

fn decode_into(
    stream: &Stream<'_>,
    scan: &ScanHeader,
    precision: u32,
    planes: &mut [SamplePlane],
) -> Result<ScanEnd, Error> {
    let malformed = |reason| Error::Format {
        offset: scan.offset as u64,
        reason,
    };
    // Ss selects the predictor (Table H.1), where 0 is reserved for hierarchical coding. Al is the point transform.
    if !(1..=7).contains(&scan.ss) || scan.al >= precision {
        return Err(malformed("impossible predictor or point transform"));
    }
    let layout = stream.grid.layout(scan.selectors());
    if !stream.restart_interval().is_multiple_of(layout.across) {
        return Err(malformed("restart interval that ends inside a line"));
    }
    let tables = scan
        .selectors()
        .iter()
        .map(|s| stream.dc(s.td).ok_or(missing_table(scan)))
        .collect::<Result<Vec<_>, _>>()?;
    let al = scan.al;
    // The first line of the scan or of a restart interval is predicted without the line above (H.1.2.1).
    let mut first = 0;
    mcus(stream, scan, &layout, |bits, down, across, is_fresh| {
        if is_fresh {
            first = down;
        }
        for p in &layout.blocks {
            let (row, column) = p.at(down, across);
            let SamplePlane { across, values } = &mut planes[p.component];
            let at = row * *across + column;
            let value = |at: usize| i32::from(values[at] >> al);
            let predicted = match (row == p.top(first), column == 0) {
                (true, true) => 1 << (precision - al - 1),
                (true, false) => value(at - 1),
                (false, true) => value(at - *across),
                (false, false) => {
                    let (a, b) = (value(at - 1), value(at - *across));
                    predict(scan.ss, a, b, value(at - *across - 1))
                }
            };
            // Differences are modulo 2^16 (H.1.2.2).
            let sum = predicted.wrapping_add(difference(bits, tables[p.part])?) as u16;
            values[at] = sum << al;
        }
        Ok(())
    })
}

/// Returns the prediction Px from Ra (left), Rb (above) and Rc (above left): Table H.1.
fn predict(selector: usize, a: i32, b: i32, c: i32) -> i32 {
    match selector {
        1 => a,
        2 => b,
        3 => c,
        4 => a + b - c,
        5 => a + ((b - c) >> 1),
        6 => b + ((a - c) >> 1),
        _ => (a + b) >> 1,
    }
}

/// Decodes a difference, which is coded like a DC difference except for category 16 (H.1.2.2).
#[inline(always)]
fn difference(bits: &mut BitReader<'_>, table: &Decoder) -> Result<i32, Fault> {
    bits.refill();
    match table.symbol(bits).ok_or(Fault::Code)? {
        0 => Ok(0),
        16 => Ok(0x8000),
        size => {
            bits.refill();
            Ok(extend(bits.take(u32::from(size)), u32::from(size)))
        }
    }
}

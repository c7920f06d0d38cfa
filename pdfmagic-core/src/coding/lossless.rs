//! Lossless decoding (T.81 Annex H).

use super::Fault;
use super::bits::BitReader;
use super::grid::{Layout, Scan};
use super::huffman::{self, Decoder, extend};
use super::restart::End;
use super::samples::Samples;
use super::scan::{mcus, missing_table};
use super::stream::Stream;
use crate::error::Error;
use crate::jpeg::{EntropyCoding, Feature, Jpeg};
use crate::options::Limits;

/// Decodes a Huffman-coded lossless JPEG of components that all have the same sampling, and finds its size in bytes.
pub(crate) fn decode(jpeg: &Jpeg<'_>, limits: &Limits) -> Result<(Samples, usize), Error> {
    let frame = jpeg.frame();
    let is_sampled =
        |c: &crate::jpeg::Component| (c.h, c.v) != (frame.components[0].h, frame.components[0].v);
    if frame.entropy_coding == EntropyCoding::Arithmetic || frame.components.iter().any(is_sampled)
    {
        return Err(Error::Unsupported(Feature::Lossless));
    }
    let mut stream = Stream::new(jpeg, limits)?;
    jpeg.check_decodable(limits)?;
    let mut samples = Samples::new(frame, stream.memory)?;
    while let Some(scan) = stream.next_scan()? {
        let end = decode_into(&stream, &scan, &mut samples)?;
        stream.resume(end);
    }
    stream.check_scanned()?;
    Ok((samples, stream.end))
}

fn decode_into(stream: &Stream<'_>, scan: &Scan, samples: &mut Samples) -> Result<End, Error> {
    let malformed = |reason| Error::Format {
        offset: scan.offset as u64,
        reason,
    };
    // Ss selects the predictor (Table H.1); 0 is for hierarchical coding. Al is the point transform.
    if !(1..=7).contains(&scan.ss) || scan.al >= u32::from(samples.precision) {
        return Err(malformed("impossible predictor or point transform"));
    }
    if !stream.restart_interval.is_multiple_of(samples.width) {
        return Err(malformed("restart interval that ends inside a line"));
    }
    let tables = scan
        .selectors
        .iter()
        .map(|s| stream.dc[s.td].as_ref().ok_or(missing_table(scan)))
        .collect::<Result<Vec<_>, _>>()?;
    let layout = Layout {
        across: samples.width,
        down: samples.height,
        blocks: Vec::new(),
    };
    let (count, al) = (samples.components, scan.al);
    let pitch = samples.width * count;
    // The line that begins the scan or an interval is predicted without the one above (H.1.2.1).
    let mut first = 0;
    mcus(stream, scan, &layout, |bits, down, across, is_fresh| {
        if is_fresh {
            first = down;
        }
        for (table, s) in tables.iter().zip(&scan.selectors) {
            let at = down * pitch + across * count + s.component;
            let value = |at: usize| i32::from(samples.values[at] >> al);
            let predicted = match (down == first, across == 0) {
                (true, true) => 1 << (u32::from(samples.precision) - al - 1),
                (true, false) => value(at - count),
                (false, true) => value(at - pitch),
                (false, false) => {
                    let (a, b) = (value(at - count), value(at - pitch));
                    predict(scan.ss, a, b, value(at - pitch - count))
                }
            };
            // Differences are modulo 2^16 (H.1.2.2).
            let sum = predicted.wrapping_add(difference(bits, table)?) as u16;
            samples.values[at] = sum << al;
        }
        Ok(())
    })
}

/// Px of Ra (left), Rb (above) and Rc (above left): Table H.1.
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

/// A difference, coded as those of DC are, but for category 16 (H.1.2.2).
#[inline(always)]
fn difference(bits: &mut BitReader<'_>, table: &Decoder) -> Result<i32, Fault> {
    bits.refill();
    match table.symbol(bits).ok_or(Fault::Code)? {
        0 => Ok(0),
        huffman::LOSSLESS => Ok(0x8000),
        size => {
            bits.refill();
            Ok(extend(bits.take(u32::from(size)), u32::from(size)))
        }
    }
}

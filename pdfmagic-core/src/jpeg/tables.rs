//! Table segments and the scan header (T.81 B.2.3 and B.2.4), as far as a decoder would refuse them.

use super::frame::{Frame, Process};
use super::segment::Segment;
use crate::error::Error;

/// Which tables have been defined before the first scan: a bit for each destination.
#[derive(Debug, Default)]
pub(super) struct Tables {
    quantization: u8,
    /// DC (or lossless) and AC.
    huffman: [u8; 2],
}

impl Tables {
    /// DQT (B.2.4.1).
    pub(super) fn define_quantization(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let mut rest = segment.payload;
        while let Some((&pq_tq, table)) = rest.split_first() {
            let (precision, target) = (pq_tq >> 4, pq_tq & 0x0F);
            let size = if precision == 0 { 64 } else { 128 };
            rest = table
                .get(size..)
                .ok_or(segment.malformed("quantization table cut off"))?;
            if target > 3 {
                return Err(segment.malformed("quantization table number above 3"));
            }
            self.quantization |= 1 << target;
        }
        Ok(())
    }

    /// DHT (B.2.4.2).
    pub(super) fn define_huffman(&mut self, segment: &Segment<'_>) -> Result<(), Error> {
        let mut rest = segment.payload;
        while let Some((&tc_th, table)) = rest.split_first() {
            let (class, target) = (tc_th >> 4, tc_th & 0x0F);
            let (counts, values) = table
                .split_first_chunk::<16>()
                .ok_or(segment.malformed("Huffman table cut off"))?;
            let total = counts.iter().map(|&n| usize::from(n)).sum();
            rest = values
                .get(total..)
                .ok_or(segment.malformed("Huffman table cut off"))?;
            if class > 1 || target > 3 {
                return Err(segment.malformed("Huffman table class above 1 or number above 3"));
            }
            if total > 256 || !fits(counts) {
                return Err(segment.malformed("Huffman table has more codes than there are"));
            }
            self.huffman[usize::from(class)] |= 1 << target;
        }
        Ok(())
    }

    /// Whether no Huffman table is defined, as in motion JPEG.
    pub(super) fn lacks_huffman(&self) -> bool {
        self.huffman == [0, 0]
    }

    /// SOS of the first scan (B.2.3).
    pub(super) fn check_scan(&self, segment: &Segment<'_>, frame: &Frame) -> Result<(), Error> {
        let (&count, rest) = segment
            .payload
            .split_first()
            .ok_or(segment.malformed("empty scan header"))?;
        let (selectors, parameters) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or(segment.malformed("scan header cut off"))?;
        let &[start, end, approximation] = parameters else {
            return Err(segment.malformed("scan header length disagrees with its component count"));
        };
        if !(1..=4).contains(&count) {
            return Err(segment.malformed("scan of no or more than 4 components"));
        }
        let mut blocks = 0;
        for selector in selectors.chunks_exact(2) {
            let component = frame
                .components
                .iter()
                .find(|c| c.id == selector[0])
                .ok_or(segment.malformed("scan of a component that the frame does not have"))?;
            if frame.process != Process::Lossless
                && self.quantization & 1 << component.quantization_table == 0
            {
                return Err(segment.malformed("quantization table is missing"));
            }
            blocks += component.h * component.v;
        }
        // B.2.3: an interleaved MCU has at most ten blocks.
        if count > 1 && blocks > 10 {
            return Err(segment.malformed("more than 10 blocks in an MCU"));
        }
        let band = if start == 0 {
            end == 0
        } else {
            start <= end && end < 64 && count == 1
        };
        let (high, low) = (approximation >> 4, approximation & 0x0F);
        if frame.process == Process::Progressive && !(band && (high == 0 || low + 1 == high)) {
            return Err(segment.malformed("impossible progression"));
        }
        Ok(())
    }
}

/// Whether there can be so many codes of 1 to 16 bits of which none begins another (C.2).
fn fits(counts: &[u8; 16]) -> bool {
    // Of all codes of 16 bits, a shorter one takes those that it begins.
    let taken = counts.iter().fold(0, |taken, &n| 2 * taken + u32::from(n));
    taken <= 1 << 16
}

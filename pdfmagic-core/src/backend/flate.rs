//! Samples with `FlateDecode` (ISO 32000-1, 7.4.4).

use miniz_oxide::deflate::compress_to_vec_zlib;

use super::{Filter, ImageXObject};
use crate::coding::Samples;
use crate::error::Error;
use crate::jpeg::Jpeg;
use crate::notice::Notice;
use crate::piece::Piece;

/// zlib's default compromise between speed and size.
const LEVEL: u8 = 6;

/// PNG's number for the filter that is nearly always best for photographs.
const PAETH: u8 = 4;

/// Encodes samples of up to 8 bits as 8 bits, and larger ones as 16, scaled to the whole range, which is reversible.
pub(super) fn image(
    jpeg: &Jpeg<'_>,
    samples: &Samples,
    notices: Vec<Notice>,
) -> Result<ImageXObject, Error> {
    let bits_per_component = if samples.precision > 8 { 16 } else { 8 };
    let bytes = usize::from(bits_per_component / 8);
    let (full, max) = (
        (1u32 << bits_per_component) - 1,
        (1u32 << samples.precision) - 1,
    );
    let line_size = samples.width * samples.components * bytes;
    let size = samples.height * (line_size + 1);
    // Incompressible data takes twice its size, since its buffer doubles, and again while it is moved.
    samples.memory.take(size.saturating_mul(4))?;
    let mut raw = Vec::with_capacity(size);
    let mut above = vec![0; line_size];
    for line in samples
        .values
        .chunks_exact(samples.width * samples.components)
    {
        let spread = line.iter().flat_map(|&value| {
            let value = (u32::from(value) * full + max / 2) / max;
            value.to_be_bytes().into_iter().skip(4 - bytes)
        });
        let line: Vec<u8> = spread.collect();
        raw.push(PAETH);
        let step = samples.components * bytes;
        for (at, &byte) in line.iter().enumerate() {
            let [left, above_left] =
                [&line, &above].map(|l| at.checked_sub(step).map_or(0, |at| l[at]));
            raw.push(byte.wrapping_sub(paeth(left, above[at], above_left)));
        }
        above = line;
    }
    let data = vec![Piece::Made(compress_to_vec_zlib(&raw, LEVEL))];
    Ok(ImageXObject {
        filter: Filter::Flate { bits_per_component },
        ..ImageXObject::dct(jpeg, data, notices)
    })
}

/// Returns the one of the three that is nearest to left + above - above left (PNG, 9.4).
fn paeth(left: u8, above: u8, above_left: u8) -> u8 {
    let [a, b, c] = [left, above, above_left].map(i16::from);
    let [to_a, to_b, to_c] = [b - c, a - c, a + b - 2 * c].map(i16::abs);
    if to_a <= to_b && to_a <= to_c {
        left
    } else if to_b <= to_c {
        above
    } else {
        above_left
    }
}

//! Requantization of coefficients (A.3.4), and the tables to requantize to (Annex K.1).

use super::coefficients::NATURAL;
use crate::jpeg::Quantizer;

/// Tables K.1 and K.2, row by row.
const LUMINANCE: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
];
const CHROMINANCE: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
];

/// Scales a table of Annex K to a quality from 1 (worst) to 100, in the usual way.
pub(crate) fn table(quality: u8, chrominance: bool) -> Quantizer {
    let quality = u32::from(quality.clamp(1, 100));
    let percent = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    let base = if chrominance {
        &CHROMINANCE
    } else {
        &LUMINANCE
    };
    NATURAL.map(|n| ((u32::from(base[usize::from(n)]) * percent + 50) / 100).clamp(1, 255) as u16)
}

/// The old step, the rounding offset, and 2^32 divided by the new step, for each zig-zag index.
pub(super) struct Requantizer([(u32, u32, u64); 64]);

impl Requantizer {
    pub(super) fn new(from: &Quantizer, to: &Quantizer) -> Self {
        Requantizer(std::array::from_fn(|k| {
            let (old, new) = (from[k].max(1), u32::from(to[k].max(1)));
            // An AC coefficient is worth the bits of the next level only from three fifths of a step on.
            let rounding = if k == 0 { new / 2 } else { new * 2 / 5 };
            (
                u32::from(old),
                rounding,
                (1u64 << 32).div_ceil(u64::from(new)),
            )
        }))
    }

    /// Returns the level in new steps. The product is limited to 15 bits, which hold any legal coefficient and let a
    /// multiplication replace an exact division.
    #[inline(always)]
    pub(super) fn apply(&self, k: usize, value: i16) -> i16 {
        let (old, rounding, inverse) = self.0[k & 63];
        let most = 0x7FFF - rounding.min(0x3FFF);
        let scaled = (u32::from(value.unsigned_abs()) * old).min(most) + rounding;
        let level = ((u64::from(scaled) * inverse) >> 32) as i16;
        // A branch would be mispredicted half of the time.
        let sign = value >> 15;
        (level ^ sign) - sign
    }
}

/// Returns the steps to requantize to. A step is never finer than the old one, which would waste bits, nor only a
/// little coarser, which would lose much and save little, nor an even multiple, for which old levels would lie halfway
/// between new ones.
pub(crate) fn coarser(from: &Quantizer, to: &Quantizer) -> Quantizer {
    std::array::from_fn(|k| {
        let (old, new) = (u32::from(from[k]), u32::from(to[k]));
        if new * 10 < old * 13 {
            from[k]
        } else if new.is_multiple_of(2 * old) {
            to[k] + 1
        } else {
            to[k]
        }
    })
}

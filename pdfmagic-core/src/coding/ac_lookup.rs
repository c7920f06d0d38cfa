//! A look-up table that decodes two AC coefficients at once (F.2.2.2), and an EOB after them.

use super::bits::BitReader;
use super::fault::Fault;
use super::huffman::{Decoder, extend};

const LOOK: u32 = 11;
/// Added to the advance if the block ends.
const BLOCK_ENDS: usize = 0x80;
/// The advance if no complete coefficient is within the bits: it leaves any block.
const NONE: u8 = 0xFF;

/// The coefficients within LOOK bits. A single coefficient is stored as the second one, with 0 as the first.
#[derive(Clone, Copy)]
struct Pair {
    /// The number of bits of all complete symbols.
    length: u8,
    /// The number of zeros before the first coefficient.
    zeros: u8,
    /// The distance from the last coefficient before the pair to the second one of the pair.
    advance: u8,
    first: i16,
    second: i16,
}

impl Pair {
    fn new(ac: &Decoder, ahead: u32) -> Self {
        let mut pair = Pair {
            length: 0,
            zeros: 0,
            advance: NONE,
            first: 0,
            second: 0,
        };
        let (mut length, mut advance) = (0, 0);
        for i in 0..3 {
            let rest = ahead << length << (16 - LOOK) & 0xFFFF;
            let Some(e) = ac.code(rest).filter(|e| length + e.length() <= LOOK) else {
                break;
            };
            length += e.length();
            if e.size() == 0 {
                if e.symbol() != 0xF0 {
                    pair.length = length as u8;
                    pair.advance = advance.max(1) | BLOCK_ENDS as u8;
                }
                break;
            }
            if i == 2 {
                break;
            }
            let magnitude = ahead >> (LOOK - length) & ((1 << e.size()) - 1);
            (pair.zeros, pair.first) = (advance.saturating_sub(1), pair.second);
            pair.second = extend(magnitude, e.size()) as i16;
            advance += e.run() as u8 + 1;
            pair.length = length as u8;
            pair.advance = advance;
        }
        pair
    }
}

/// The coefficients for each value of LOOK bits.
pub(super) struct AcLookup(Box<[Pair; 1 << LOOK]>);

impl AcLookup {
    pub(super) fn new(ac: &Decoder) -> Self {
        Self(Box::new(std::array::from_fn(|ahead| {
            Pair::new(ac, ahead as u32)
        })))
    }

    /// Passes index and value of each AC coefficient of a block to `put`, and sometimes a zero.
    #[inline(always)]
    pub(super) fn read(
        &self,
        ac: &Decoder,
        bits: &mut BitReader,
        mut put: impl FnMut(usize, i16),
    ) -> Result<(), Fault> {
        let mut k = 0;
        while k < 63 {
            bits.refill();
            let pair = self.0[bits.peek(LOOK)];
            let first = k + 1 + usize::from(pair.zeros);
            let next = k + usize::from(pair.advance);
            if next < 64 {
                bits.skip(pair.length.into());
                put(first, pair.first);
                put(next, pair.second);
                k = next;
                continue;
            }
            let last = next.wrapping_sub(BLOCK_ENDS);
            if last < 63 {
                bits.skip(pair.length.into());
                put(first, pair.first);
                put(last, pair.second);
                break;
            }
            // The bits hold neither coefficients nor an end, so decode a single symbol.
            let e = ac.next(bits).ok_or(Fault::Code)?;
            if e.size() != 0 {
                k += e.run() + 1;
                // Like libjpeg, keep even a coefficient beyond the block.
                put(k.min(63), e.value());
                if k > 63 {
                    return Err(Fault::Run);
                }
            } else if e.symbol() == 0xF0 {
                k += 16;
            } else {
                break;
            }
        }
        Ok(())
    }
}

//! Huffman tables: specification (B.2.4.2), codes (Annex C), decoding (F.2.2.3) and optimal design (K.2).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::bits::BitReader;
use super::fault::Fault;
use crate::jpeg::HuffmanTable;

/// The specification of a table (B.2.4.2).
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Spec {
    /// BITS: the number of codes of each length.
    pub(super) counts: [u8; 16],
    /// HUFFVAL: the values in the order of their codes.
    pub(super) values: Vec<u8>,
}

pub(super) const LOOK: u32 = 10;

/// The meaning of the next bits. From the top: the extended coefficient (16 bits), RRRRSSSS or the DC category (8),
/// whether the coefficient is known because its code and magnitude fit the look-up (1), and the length of both (7).
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Entry(u32);

impl Entry {
    pub(super) fn new(value: i32, symbol: u8, length: u32) -> Self {
        Entry((value << 16) as u32 | u32::from(symbol) << 8 | length)
    }

    #[inline(always)]
    pub(super) fn value(self) -> i16 {
        (self.0 >> 16) as i16
    }

    #[inline(always)]
    pub(super) fn symbol(self) -> u8 {
        (self.0 >> 8) as u8
    }

    #[inline(always)]
    pub(super) fn run(self) -> usize {
        (self.0 >> 12 & 15) as usize
    }

    #[inline(always)]
    pub(super) fn size(self) -> u32 {
        self.0 >> 8 & 15
    }

    #[inline(always)]
    pub(super) fn length(self) -> u32 {
        self.0 & (WHOLE - 1)
    }

    #[inline(always)]
    fn is_whole(self) -> bool {
        self.0 & WHOLE != 0
    }
}

const WHOLE: u32 = 0x80;

/// The number of bits that libjpeg consumes for an invalid code.
const NO_CODE: u32 = 17;

/// A table prepared for decoding.
pub(super) struct Decoder {
    look: Box<[Entry; 1 << LOOK]>,
    /// MAXCODE + 1, left-aligned in 16 bits, for lengths above LOOK; the index is the length.
    limit: [u32; 17],
    /// VALPTR - MINCODE.
    offset: [i32; 17],
    values: Box<[u8; 256]>,
}

impl Spec {
    /// Returns (code, length) for each value, in order.
    pub(super) fn codes(&self) -> Vec<(u32, u32)> {
        codes(&self.counts)
    }
}

/// Generates (code, length) for each value, in order (C.1, C.2).
fn codes(counts: &[u8; 16]) -> Vec<(u32, u32)> {
    let mut codes = Vec::with_capacity(256);
    let mut code = 0;
    for (length, &count) in (1..).zip(counts) {
        for _ in 0..count {
            codes.push((code, length));
            code += 1;
        }
        code <<= 1;
    }
    codes
}

/// EXTEND (Figure F.12).
#[inline(always)]
pub(super) fn extend(bits: u32, size: u32) -> i32 {
    let below = (bits as i32) >> size.wrapping_sub(1).min(31) == 0;
    if size == 0 {
        0
    } else {
        bits as i32 - if below { (1 << size) - 1 } else { 0 }
    }
}

impl Decoder {
    /// Prepares the decoding procedure of F.2.2.3, with a look-up of LOOK bits before it.
    pub(super) fn new(table: HuffmanTable<'_>) -> Self {
        let mut d = Self {
            look: Box::new([Entry::default(); 1 << LOOK]),
            limit: [0; 17],
            offset: [0; 17],
            values: Box::new([0; 256]),
        };
        let codes = codes(table.counts());
        for (i, (&(code, length), &symbol)) in codes.iter().zip(table.values()).enumerate() {
            d.values[i] = symbol;
            let size = u32::from(symbol) & 15;
            if length > LOOK {
                if d.limit[length as usize] == 0 {
                    d.offset[length as usize] = i as i32 - code as i32;
                }
                d.limit[length as usize] = (code + 1) << (16 - length);
                continue;
            }
            let free = LOOK - length;
            for tail in 0..1u32 << free {
                let (value, whole) = if size <= free {
                    (extend(tail >> (free - size), size), WHOLE)
                } else {
                    (0, 0)
                };
                d.look[(code << free | tail) as usize] =
                    Entry::new(value, symbol, (length + size) | whole);
            }
        }
        d
    }

    /// The memory that a decoder takes, in bytes.
    pub(super) const SIZE: usize = size_of::<Self>() + size_of::<[Entry; 1 << LOOK]>() + 256;

    /// Decodes the next symbol, with its extended magnitude. The reader must have been refilled. Returns `None` for an
    /// invalid code.
    #[inline(always)]
    pub(super) fn next(&self, bits: &mut BitReader) -> Option<Entry> {
        let mut e = self.look[bits.peek(LOOK)];
        if !e.is_whole() {
            if e.length() == 0 {
                let Some(long) = self.long(bits.peek(16) as u32) else {
                    bits.skip(NO_CODE);
                    return None;
                };
                e = long;
            }
            let magnitude = bits.peek(e.length()) as u32 & ((1 << e.size()) - 1);
            e = Entry::new(extend(magnitude, e.size()), e.symbol(), e.length());
        }
        bits.skip(e.length());
        Some(e)
    }

    /// Adds the next DC difference to its prediction (F.2.2.1). The reader must have been refilled.
    #[inline(always)]
    pub(super) fn predict(&self, bits: &mut BitReader, prediction: &mut i16) -> Result<(), Fault> {
        let difference = self.next(bits).ok_or(Fault::Code)?;
        *prediction = prediction.wrapping_add(difference.value());
        Ok(())
    }

    /// Decodes the next symbol without its magnitude bits, to which G.2 gives other meanings.
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut BitReader) -> Option<u8> {
        let Some(e) = self.code(bits.peek(16) as u32) else {
            bits.skip(NO_CODE);
            return None;
        };
        bits.skip(e.length() - e.size());
        Some(e.symbol())
    }

    /// Looks up the code that 16 bits begin with.
    #[inline(always)]
    pub(super) fn code(&self, ahead: u32) -> Option<Entry> {
        let e = self.look[(ahead >> (16 - LOOK)) as usize];
        if e.length() == 0 {
            self.long(ahead)
        } else {
            Some(e)
        }
    }

    /// DECODE (Figure F.16), for codes longer than the look-up.
    #[cold]
    #[inline(never)]
    fn long(&self, ahead: u32) -> Option<Entry> {
        let length = (LOOK + 1..=16).find(|&l| ahead < self.limit[l as usize])?;
        let index = (ahead >> (16 - length)) as i32 + self.offset[length as usize];
        let symbol = *self.values.get(index as usize)?;
        Some(Entry::new(0, symbol, length + u32::from(symbol & 15)))
    }
}

/// Designs the table with the shortest codes for these frequencies (K.2). No code is longer than 16 bits or all ones.
pub(super) fn optimal(counts: &[u32; 256]) -> Spec {
    let sizes = code_sizes(counts);
    // Figure K.2. The reserved value 256 is included, so that its code stays unused.
    let mut bits = [0u32; 258];
    for &(size, _) in &sizes {
        bits[size] += 1;
    }
    // Figure K.3: codes above 16 bits are shortened, longest first.
    for long in (17..bits.len()).rev() {
        while bits[long] > 0 {
            let short = (1..long - 1).rev().find(|&j| bits[j] > 0).unwrap_or(1);
            bits[long] -= 2;
            bits[long - 1] += 1;
            bits[short + 1] += 2;
            bits[short] -= 1;
        }
    }
    if let Some(longest) = bits.iter().rposition(|&n| n > 0) {
        bits[longest] -= 1;
    }
    // Figure K.4: the values are in the order of their sizes before shortening.
    Spec {
        counts: std::array::from_fn(|i| bits[i + 1] as u8),
        values: sizes
            .iter()
            .filter(|(_, v)| *v < 256)
            .map(|&(_, v)| v as u8)
            .collect(),
    }
}

/// Returns (code size, value) in ascending order (Figure K.1). Among equal frequencies, the largest value is merged
/// first, and a merged tree keeps the value of its first subtree.
fn code_sizes(counts: &[u32; 256]) -> Vec<(usize, u16)> {
    let used = (0u16..)
        .zip(counts)
        .filter(|(_, n)| **n > 0)
        .map(|(value, &n)| (u64::from(n), value));
    let leaves: Vec<(u64, u16)> = used.chain([(1, 256)]).collect();
    let mut heap: BinaryHeap<_> = leaves
        .iter()
        .enumerate()
        .map(|(node, &(n, value))| (Reverse(n), value, node))
        .collect();
    let mut parent = vec![0; 2 * leaves.len()];
    let mut root = leaves.len();
    while let (Some((Reverse(n1), value, first)), Some((Reverse(n2), _, second))) =
        (heap.pop(), heap.pop())
    {
        (parent[first], parent[second]) = (root, root);
        heap.push((Reverse(n1 + n2), value, root));
        root += 1;
    }
    let mut depth = vec![0; root];
    for node in (0..root - 1).rev() {
        depth[node] = depth[parent[node]] + 1;
    }
    let mut sizes: Vec<(usize, u16)> = leaves
        .iter()
        .zip(depth)
        .map(|(&(_, value), size)| (size, value))
        .collect();
    sizes.sort_unstable();
    sizes
}

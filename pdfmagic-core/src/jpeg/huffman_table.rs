//! A Huffman table as a JPEG specifies it.

/// A Huffman table (B.2.4.2) whose codes exist: none begins with another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HuffmanTable<'a> {
    counts: &'a [u8; 16],
    values: &'a [u8],
}

impl<'a> HuffmanTable<'a> {
    /// `None` if there are more codes of these lengths than fit into 16 bits, or another number of values (C.2).
    pub(crate) const fn new(counts: &'a [u8; 16], values: &'a [u8]) -> Option<Self> {
        // Each shorter code uses up all codes of 16 bits that begin with it.
        let (mut used, mut total, mut i) = (0u32, 0, 0);
        while i < 16 {
            used = 2 * used + counts[i] as u32;
            total += counts[i] as usize;
            i += 1;
        }
        if used > 1 << 16 || total != values.len() || total > 256 {
            return None;
        }
        Some(Self { counts, values })
    }

    /// BITS: the number of codes of 1 to 16 bits.
    pub(crate) fn counts(self) -> &'a [u8; 16] {
        self.counts
    }

    /// HUFFVAL: the values in the order of their codes.
    pub(crate) fn values(self) -> &'a [u8] {
        self.values
    }
}

/// What a Huffman table codes (B.2.4.2): Tc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// DC differences, or those of lossless coding.
    Dc,
    /// AC coefficients.
    Ac,
}

//! A Huffman table as a JPEG specifies it.

/// A Huffman table (B.2.4.2) with valid code lengths: no code is a prefix of another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HuffmanTable<'a> {
    counts: &'a [u8; 16],
    values: &'a [u8],
}

impl<'a> HuffmanTable<'a> {
    /// Returns `None` if the code lengths need more than all 16-bit codes, or if the number of values differs from that
    /// of the codes (C.2).
    pub(crate) fn new(counts: &'a [u8; 16], values: &'a [u8]) -> Option<Self> {
        let total: usize = counts.iter().map(|&n| usize::from(n)).sum();
        // Each shorter code uses up all 16-bit codes that begin with it.
        let used = counts.iter().fold(0, |used, &n| 2 * used + u32::from(n));
        (used <= 1 << 16 && total == values.len() && total <= 256)
            .then_some(Self { counts, values })
    }

    /// BITS: the number of codes of each length, 1 to 16 bits.
    pub(crate) fn counts(self) -> &'a [u8; 16] {
        self.counts
    }

    /// Whether any value is above `max`.
    pub(super) fn has_above(self, max: u8) -> bool {
        self.values.iter().fold(0, |a, &b| a.max(b)) > max
    }

    /// HUFFVAL: the values in the order of their codes.
    pub(crate) fn values(self) -> &'a [u8] {
        self.values
    }
}

/// Tc: the class of a Huffman table (B.2.4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// DC differences, or the differences of lossless coding.
    Dc,
    /// AC coefficients.
    Ac,
}

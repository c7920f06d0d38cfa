//! A Huffman table as a JPEG specifies it.

/// A Huffman table (B.2.4.2) whose codes exist: none begins with another.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HuffmanTable<'a> {
    counts: &'a [u8; 16],
    values: &'a [u8],
}

impl<'a> HuffmanTable<'a> {
    /// `None` if there are more codes of these lengths than fit into 16 bits, or another number of values (C.2).
    pub(crate) fn new(counts: &'a [u8; 16], values: &'a [u8]) -> Option<Self> {
        let total: usize = counts.iter().map(|&n| usize::from(n)).sum();
        // Each shorter code uses up all codes of 16 bits that begin with it.
        let used = counts.iter().fold(0, |used, &n| 2 * used + u32::from(n));
        (used <= 1 << 16 && total == values.len() && total <= 256)
            .then_some(Self { counts, values })
    }

    /// BITS: the number of codes of 1 to 16 bits.
    pub(crate) fn counts(self) -> &'a [u8; 16] {
        self.counts
    }

    /// Whether a value is above this.
    pub(super) fn has_above(self, max: u8) -> bool {
        self.values.iter().fold(0, |a, &b| a.max(b)) > max
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

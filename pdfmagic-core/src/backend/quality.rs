//! How finely a JPEG is quantized.

/// JPEG quality on libjpeg's scale, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quality(u8);

impl Quality {
    /// The lowest.
    pub const MIN: Self = Self(1);

    /// `None` outside 1 ..= 100.
    #[must_use]
    pub fn new(quality: u8) -> Option<Self> {
        matches!(quality, 1..=100).then_some(Self(quality))
    }

    /// As a number.
    #[must_use]
    pub fn get(self) -> u8 {
        self.0
    }
}

impl Default for Quality {
    fn default() -> Self {
        Self(85)
    }
}

//! Pixels per inch.

/// Pixels per inch, in the range that scanners, cameras and presses use.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Density(f64);

impl Density {
    /// `None` outside 10 to 12,800, which film scanners reach.
    #[must_use]
    pub fn new(per_inch: f64) -> Option<Self> {
        (10.0..=12_800.0)
            .contains(&per_inch)
            .then_some(Self(per_inch))
    }

    /// As a number of pixels per inch.
    #[must_use]
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Default for Density {
    fn default() -> Self {
        Self(96.0)
    }
}

//! Bounds on what an input may make the library spend.

/// Bounds on what an input may make the core spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum width × height of a frame that is decoded. Default: 178,956,970, which is 512 MiB of RGB samples.
    pub max_pixels: u64,
    /// Maximum number of scans of a frame that is decoded; each costs a pass over the image. Default: 1,000.
    pub max_scans: u32,
    /// Maximum number of bytes held at a time for everything that is made from the data of an image, not counting that
    /// data, and for two copies of its color profile. Default: 1 GiB.
    pub max_memory: u64,
    /// Maximum number of marker segments before the first scan. Default: 4,096.
    pub max_segments: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 178_956_970,
            max_scans: 1_000,
            max_memory: 1 << 30,
            max_segments: 4_096,
        }
    }
}

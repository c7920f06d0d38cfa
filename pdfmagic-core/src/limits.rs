//! Bounds on what an input may make the library spend.

/// Bounds on what an input may make the core spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Largest width × height of a frame to be decoded. Default: 178,956,970, which is 512 MiB of RGB samples.
    pub max_pixels: u64,
    /// Most scans of a frame to be decoded; each costs a pass over the image. Default: 1,000.
    pub max_scans: u32,
    /// Most bytes at a time for all that is made of the data of an image, beside that data, and for two copies of its
    /// color profile. Default: 1 GiB.
    pub max_memory: u64,
    /// Most marker segments before the first scan. Default: 4,096.
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

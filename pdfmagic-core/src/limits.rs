//! Limits on the resources that an input may use.

/// Limits on the resources that an input may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The maximum of width × height of a decoded frame, in pixels. Default: 178,956,970, which is 512 MiB of RGB
    /// samples.
    pub max_pixels: u64,
    /// The maximum number of scans of a decoded frame, each of which takes a pass over the image. Default: 1,000.
    pub max_scans: u32,
    /// The maximum memory for everything made from the data of an image, in bytes. It includes two copies of the color
    /// profile, and excludes the input. Default: 1 GiB.
    pub max_memory: u64,
    /// The maximum number of marker segments before the first scan. Default: 4,096.
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

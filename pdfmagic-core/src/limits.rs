//! Limits on the resources that an input may use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::Error;

/// Limits on the resources that an input may use.
#[derive(Debug, Clone)]
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
    /// A flag that ends decoding and encoding with [`Error::Canceled`] once it is set. Default: none.
    pub cancel: Option<CancelFlag>,
}

impl Limits {
    /// Fails once the work is canceled. Loops over an image call this for each row of MCUs.
    ///
    /// # Errors
    ///
    /// [`Error::Canceled`].
    pub(crate) fn check_canceled(&self) -> Result<(), Error> {
        let is_canceled = self.cancel.as_ref().is_some_and(CancelFlag::is_set);
        if is_canceled {
            Err(Error::Canceled)
        } else {
            Ok(())
        }
    }
}

/// A flag that stops running work whose result is no longer needed. All clones share one flag.
///
/// The work checks the flag for each row of MCUs. Decoders and encoders of other crates finish their image first.
///
/// ```
/// use pdfmagic_core::{CancelFlag, Error, Options, Page, Transcode};
///
/// # let photo = include_bytes!("../tests/corpus/gray.jpg");
/// let flag = CancelFlag::default();
/// let mut options = Options::default();
/// options.limits.cancel = Some(flag.clone());
/// flag.set(); // In another thread, while this one works.
/// let page = Page::from_jpeg(photo, &options, &Transcode::default());
/// assert!(matches!(page, Err(Error::Canceled)));
/// ```
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Ends the work soon, for good.
    pub fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the work is to end.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 178_956_970,
            max_scans: 1_000,
            max_memory: 1 << 30,
            max_segments: 4_096,
            cancel: None,
        }
    }
}

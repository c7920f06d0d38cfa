//! The errors of a conversion, and who causes them.

use std::fmt;

use crate::damage::Damage;
use crate::file_kind::FileKind;
use crate::standard::Nonconformance;
use crate::value::OptionError;

/// The reason why a JPEG could not become a PDF.
///
/// The text is in lower case and ends with the place of the error. The [`code`](Self::code) is stable. This crate does
/// no I/O, so there is no I/O variant.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input is another kind of file, which the caller took for a JPEG.
    #[error("not a JPEG: {0}")]
    NotJpeg(FileKind),
    /// The input violates T.81 Annex B. The program that wrote it is at fault.
    #[error("malformed JPEG at byte {offset}: {reason}")]
    Format {
        /// The offset of the fault, in bytes from the start of the input.
        offset: u64,
        /// The fault.
        reason: &'static str,
    },
    /// The entropy-coded data is damaged or incomplete, and [`OnDamage::Fail`](crate::OnDamage) was requested.
    #[error("{0}")]
    Damaged(Box<Damage>),
    /// The input is truncated inside its header.
    #[error("truncated JPEG: its header is cut off at byte {offset}")]
    Truncated {
        /// The size of the input, in bytes.
        offset: u64,
    },
    /// A valid JPEG that the chosen backend does not support. The text names a backend that does, if there is one.
    #[error("unsupported JPEG: {0}{alternative}", alternative = Alternative(*.0))]
    Unsupported(Feature),
    /// The input exceeds [`Limits`](crate::Limits).
    #[error("{actual} {what} are over the limit of {max}")]
    Limit {
        /// The limited resource.
        what: Resource,
        /// The actual amount.
        actual: u64,
        /// The maximum amount.
        max: u64,
    },
    /// Only parts of the input were given, and more is needed. This is not a fault of the input: pass more of it, or
    /// all.
    #[error("bytes {} to {} of the input are also needed: {reason}", .wanted.start, .wanted.end)]
    NeedsInput {
        /// The range that is needed in addition, in bytes; the whole input if nothing less suffices.
        wanted: std::ops::Range<u64>,
        /// The reason.
        reason: &'static str,
    },
    /// An option contradicts others, or the input. The caller is at fault.
    #[error("{option}: {reason}")]
    Option {
        /// The name of the option.
        option: &'static str,
        /// The fault.
        reason: &'static str,
    },
    /// A standard forbids something in the image or the options. The text says what to do.
    #[error("{0}")]
    Nonconforming(Nonconformance),
    /// The caller set the `CancelFlag` that ends the work.
    #[error("the work was canceled")]
    Canceled,
    /// A document was finished without a page.
    #[error("a PDF needs at least one page")]
    NoPages,
    /// A library that decodes or encodes samples failed. The type of the source is not part of the API.
    #[error("the samples could not be decoded or encoded")]
    Codec {
        /// The error of the library.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    /// A stable name for the kind of error, for programs: `format.truncated`, `unsupported.arithmetic`, ….
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJpeg(kind) => kind.code(),
            Self::Format { .. } => "format.malformed",
            Self::Damaged(damage) => damage.code(),
            Self::Truncated { .. } => "format.truncated",
            Self::Unsupported(feature) => feature.code(),
            Self::Limit { what, .. } => what.code(),
            Self::NeedsInput { .. } => "needs_input",
            Self::Option { .. } => "option",
            Self::Nonconforming(what) => what.requirement.code(),
            Self::Canceled => "canceled",
            Self::NoPages => "no_pages",
            Self::Codec { .. } => "codec",
        }
    }
}

impl From<Error> for OptionError {
    fn from(error: Error) -> Self {
        match error {
            Error::Option { option, reason } => Self::new(option, reason),
            Error::Nonconforming(what) => Self::new(what.standard.option(), what.to_string()),
            error => Self::new("input", error.to_string()),
        }
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, error)
    }
}

/// The resources that [`Limits`](crate::Limits) limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resource {
    /// Width × height of a frame to be decoded.
    Pixels,
    /// Marker segments before the first scan.
    Segments,
    /// Scans of a frame to be decoded.
    Scans,
    /// Bytes of memory for decoding and encoding.
    Memory,
    /// Bytes of an image's data, if the caller limits them.
    ImageBytes,
    /// Bytes of a PDF, if the caller limits them.
    PdfBytes,
}

impl Resource {
    pub(crate) fn check(self, actual: u64, max: u64) -> Result<(), Error> {
        if actual <= max {
            return Ok(());
        }
        Err(Error::Limit {
            what: self,
            actual,
            max,
        })
    }

    const fn code(self) -> &'static str {
        match self {
            Self::Pixels => "limit.pixels",
            Self::Segments => "limit.segments",
            Self::Scans => "limit.scans",
            Self::Memory => "limit.memory",
            Self::ImageBytes => "limit.image_size",
            Self::PdfBytes => "limit.pdf_size",
        }
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pixels => "pixels",
            Self::Segments => "segments",
            Self::Scans => "scans",
            Self::Memory => "bytes of memory",
            Self::ImageBytes => "bytes of image at the lowest quality",
            Self::PdfBytes => "bytes of PDF",
        })
    }
}

/// A feature of a valid JPEG that this crate, or the backend, does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// Hierarchical coding (SOF5 ..= SOF7, SOF13 ..= SOF15).
    Hierarchical,
    /// JPEG-LS (SOF55, ITU-T T.87).
    JpegLs,
    /// A number of components other than 1, 3 or 4.
    ComponentCount(u8),
    /// A sample precision other than 8 bits.
    Precision(u8),
    /// Lossless coding (SOF3).
    Lossless,
    /// Arithmetic coding (SOF9 and SOF10).
    Arithmetic,
    /// Lossless arithmetic coding (SOF11).
    LosslessArithmetic,
}

impl Feature {
    const fn code(self) -> &'static str {
        match self {
            Self::Hierarchical => "unsupported.hierarchical",
            Self::JpegLs => "unsupported.jpeg_ls",
            Self::ComponentCount(_) => "unsupported.component_count",
            Self::Precision(_) => "unsupported.precision",
            Self::Lossless => "unsupported.lossless",
            Self::Arithmetic => "unsupported.arithmetic",
            Self::LosslessArithmetic => "unsupported.lossless_arithmetic",
        }
    }

    /// The name of the backend that supports this feature, if there is one.
    #[must_use]
    pub const fn carried_by(self) -> Option<&'static str> {
        match self {
            Self::Arithmetic | Self::Lossless | Self::Precision(12) => Some("auto"),
            _ => None,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hierarchical => f.write_str("hierarchical coding"),
            Self::JpegLs => f.write_str("JPEG-LS"),
            Self::ComponentCount(n) => write!(f, "{n} components"),
            Self::Precision(bits) => write!(f, "{bits}-bit samples"),
            Self::Lossless => f.write_str("lossless coding"),
            Self::Arithmetic => f.write_str("arithmetic coding"),
            Self::LosslessArithmetic => f.write_str("lossless arithmetic coding"),
        }
    }
}

/// A phrase that names the backend that supports a feature.
struct Alternative(Feature);

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.carried_by() {
            Some(backend) => write!(f, " (the backend {backend} supports it)"),
            None => Ok(()),
        }
    }
}

//! The frame header (T.81 B.2.2).

use std::fmt;
use std::num::NonZeroU16;

use super::app::AdobeTransform;
use super::segment::Segment;
use crate::error::Error;

/// What a SOFn segment says, less quantization and sampling, which PDF does not ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame {
    /// Coding process, from the marker.
    pub process: Process,
    /// Entropy coding, from the marker.
    pub entropy_coding: EntropyCoding,
    /// P: sample precision, in bits.
    pub precision: u8,
    /// X: samples per line, in pixels.
    pub width: NonZeroU16,
    /// Y: number of lines, in pixels.
    pub height: NonZeroU16,
    /// Ci: component identifiers, in order; those beyond [`component_count`](Self::component_count) are 0.
    pub component_ids: [u8; 4],
    /// Nf: 1, 3 or 4.
    pub component_count: u8,
}

/// Coding process (T.81 Table B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// SOF0: baseline sequential DCT.
    Baseline,
    /// SOF1, SOF9: extended sequential DCT.
    ExtendedSequential,
    /// SOF2, SOF10: progressive DCT.
    Progressive,
    /// SOF3, SOF11: lossless.
    Lossless,
}

/// Entropy coding (T.81 Table B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntropyCoding {
    /// SOF0 ..= SOF3.
    Huffman,
    /// SOF9 ..= SOF11.
    Arithmetic,
}

/// How components spell colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorModel {
    /// One component.
    Gray,
    /// Three, transformed.
    YCbCr,
    /// Three, as they are.
    Rgb,
    /// Four, as they are.
    Cmyk,
    /// Four, the first three transformed.
    Ycck,
}

impl ColorModel {
    /// Adobe's marker decides; else JFIF means Y′CbCr; else identifiers R, G, B mean RGB.
    pub(super) fn of(frame: &Frame, adobe: Option<AdobeTransform>, is_jfif: bool) -> Self {
        match (frame.component_count, adobe) {
            (1, _) => Self::Gray,
            (3, Some(AdobeTransform::None)) => Self::Rgb,
            (3, None) if !is_jfif && frame.component_ids[..3] == *b"RGB" => Self::Rgb,
            (3, _) => Self::YCbCr,
            (_, Some(AdobeTransform::Ycck)) => Self::Ycck,
            _ => Self::Cmyk,
        }
    }
}

/// Something sound that we, or the backend, cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Feature {
    /// SOF5 ..= SOF7, SOF13 ..= SOF15.
    Hierarchical,
    /// SOF55: JPEG-LS (ITU-T T.87).
    JpegLs,
    /// A frame header with Y = 0 (B.2.5).
    Dnl,
    /// A number of components other than 1, 3 or 4.
    ComponentCount(u8),
    /// A sample precision other than 8 bits.
    Precision(u8),
    /// A process that DCTDecode does not know.
    Process(Process),
    /// An entropy coding that DCTDecode does not know.
    EntropyCoding(EntropyCoding),
}

impl Feature {
    pub(crate) const fn code(self) -> &'static str {
        match self {
            Self::Hierarchical => "unsupported.hierarchical",
            Self::JpegLs => "unsupported.jpeg_ls",
            Self::Dnl => "unsupported.dnl",
            Self::ComponentCount(_) => "unsupported.component_count",
            Self::Precision(_) => "unsupported.precision",
            Self::Process(_) => "unsupported.lossless",
            Self::EntropyCoding(_) => "unsupported.arithmetic",
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hierarchical => f.write_str("hierarchical frame"),
            Self::JpegLs => f.write_str("JPEG-LS"),
            Self::Dnl => f.write_str("height given by a DNL segment"),
            Self::ComponentCount(n) => write!(f, "{n} components"),
            Self::Precision(bits) => write!(f, "{bits}-bit samples"),
            Self::Process(process) => write!(f, "{process:?} process"),
            Self::EntropyCoding(coding) => write!(f, "{coding:?} coding"),
        }
    }
}

impl Frame {
    pub(super) fn parse(segment: &Segment<'_>) -> Result<Self, Error> {
        let (process, entropy_coding) = match segment.marker.0 & 0x0F {
            0 => (Process::Baseline, EntropyCoding::Huffman),
            1 => (Process::ExtendedSequential, EntropyCoding::Huffman),
            2 => (Process::Progressive, EntropyCoding::Huffman),
            3 => (Process::Lossless, EntropyCoding::Huffman),
            9 => (Process::ExtendedSequential, EntropyCoding::Arithmetic),
            10 => (Process::Progressive, EntropyCoding::Arithmetic),
            11 => (Process::Lossless, EntropyCoding::Arithmetic),
            _ => return Err(Error::Unsupported(Feature::Hierarchical)),
        };
        let (&[precision, y0, y1, x0, x1, count], components) = segment
            .payload
            .split_first_chunk::<6>()
            .ok_or(segment.malformed("frame header below 8 bytes"))?;
        let width =
            NonZeroU16::new(u16::from_be_bytes([x0, x1])).ok_or(segment.malformed("width is 0"))?;
        let height = NonZeroU16::new(u16::from_be_bytes([y0, y1]))
            .ok_or(Error::Unsupported(Feature::Dnl))?;
        if !matches!(count, 1 | 3 | 4) {
            return Err(Error::Unsupported(Feature::ComponentCount(count)));
        }
        if components.len() != 3 * usize::from(count) {
            return Err(segment.malformed("frame header length disagrees with its component count"));
        }
        let mut component_ids = [0; 4];
        for (id, component) in component_ids.iter_mut().zip(components.chunks_exact(3)) {
            *id = component[0];
        }
        Ok(Self {
            process,
            entropy_coding,
            precision,
            width,
            height,
            component_ids,
            component_count: count,
        })
    }
}

//! The frame header (T.81 B.2.2), and the color model of its components.

use std::num::NonZeroU16;

use super::app::AdobeTransform;
use super::segment::{Marker, Segment};
use crate::error::{Error, Feature};

/// The offset of Y in the payload of a frame header, in bytes.
pub(super) const LINES_OFFSET: usize = 1;

const TOO_SHORT: &str = "frame header below 8 bytes";

/// The contents of an SOFn segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Coding process, from the marker.
    pub process: Process,
    /// Entropy coding, from the marker.
    pub entropy_coding: EntropyCoding,
    /// P: sample precision, in bits.
    pub precision: u8,
    /// X: samples per line, in pixels.
    pub width: NonZeroU16,
    /// Y: number of lines, in pixels. It comes from a DNL segment if the frame header says 0.
    pub height: NonZeroU16,
    /// The 1, 3 or 4 components, in order.
    pub components: Vec<Component>,
}

/// A component of a frame (B.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Component {
    /// Ci: identifier.
    pub id: u8,
    /// Hi: horizontal sampling factor, 1 to 4.
    pub h: u8,
    /// Vi: vertical sampling factor, 1 to 4.
    pub v: u8,
    /// Tqi: quantization table, 0 to 3.
    pub quantization_table: u8,
}

/// Coding process (T.81 Table B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "snake_case")
)]
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
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "lowercase")
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "lowercase")
)]
pub enum EntropyCoding {
    /// SOF0 ..= SOF3.
    Huffman,
    /// SOF9 ..= SOF11.
    Arithmetic,
}

/// How the components encode color.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "lowercase")
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "lowercase")
)]
pub enum ColorModel {
    /// One component.
    Gray,
    /// Three components with a color transform.
    YCbCr,
    /// Three components without a color transform.
    Rgb,
    /// Four components without a color transform.
    Cmyk,
    /// Four components, of which the first three have a color transform.
    Ycck,
}

/// The reason for a color model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "snake_case")
)]
#[cfg_attr(
    feature = "utoipa",
    derive(utoipa::ToSchema),
    schema(rename_all = "snake_case")
)]
pub enum ColorReason {
    /// The number of components: one is gray, three are YCbCr, four are CMYK.
    ComponentCount,
    /// A JFIF segment.
    Jfif,
    /// An Adobe segment.
    Adobe,
    /// The identifiers of the components: R, G and B.
    Identifiers,
    /// Lossless coding, which does not benefit from a transform.
    Lossless,
}

impl ColorModel {
    /// Decides like libjpeg, and so like nearly every viewer: for three components by JFIF, then Adobe, then the
    /// identifiers; for four by Adobe. In lossless JPEGs, JFIF is ignored unless chroma is subsampled: lossless coding
    /// does not benefit from a color transform, and RGB is never subsampled.
    pub(super) fn of(
        frame: &Frame,
        adobe: Option<AdobeTransform>,
        is_jfif: bool,
    ) -> (Self, ColorReason) {
        use ColorReason::{Adobe, ComponentCount, Identifiers, Jfif, Lossless};
        let is_lossless = frame.process == Process::Lossless;
        match (frame.components.len(), adobe) {
            (1, _) => (Self::Gray, ComponentCount),
            (3, _) if is_jfif && (!is_lossless || frame.is_subsampled()) => (Self::YCbCr, Jfif),
            (3, Some(AdobeTransform::None)) => (Self::Rgb, Adobe),
            (3, Some(_)) => (Self::YCbCr, Adobe),
            (3, None) if frame.has_rgb_identifiers() => (Self::Rgb, Identifiers),
            (3, None) if is_lossless => (Self::Rgb, Lossless),
            (3, None) => (Self::YCbCr, ComponentCount),
            (_, Some(AdobeTransform::None)) => (Self::Cmyk, Adobe),
            (_, Some(_)) => (Self::Ycck, Adobe),
            (_, None) => (Self::Cmyk, ComponentCount),
        }
    }

    pub(super) fn is_cmyk(self) -> bool {
        matches!(self, Self::Cmyk | Self::Ycck)
    }

    /// Returns the transform with which Adobe's segment states this model. `None` if the segment has no effect on it.
    pub(crate) fn transform(self) -> Option<AdobeTransform> {
        match self {
            Self::Gray => None,
            Self::Rgb | Self::Cmyk => Some(AdobeTransform::None),
            Self::YCbCr => Some(AdobeTransform::YCbCr),
            Self::Ycck => Some(AdobeTransform::Ycck),
        }
    }
}

impl Frame {
    /// Whether the scans are sequential and Huffman-coded, so that they can be checked without storing coefficients.
    #[must_use]
    pub fn is_sequential_huffman(&self) -> bool {
        self.entropy_coding == EntropyCoding::Huffman
            && matches!(
                self.process,
                Process::Baseline | Process::ExtendedSequential
            )
    }

    /// Whether the components differ in their sampling factors.
    fn is_subsampled(&self) -> bool {
        let factors = |component: &Component| (component.h, component.v);
        self.components
            .windows(2)
            .any(|pair| factors(&pair[0]) != factors(&pair[1]))
    }

    /// Returns Y of an SOFn segment. `None` if it is left to a DNL segment (B.2.5).
    pub(super) fn lines(segment: &Segment<'_>) -> Result<Option<NonZeroU16>, Error> {
        let rest = segment.payload.get(LINES_OFFSET..).unwrap_or_default();
        let bytes = rest
            .first_chunk()
            .ok_or_else(|| segment.malformed(TOO_SHORT))?;
        Ok(NonZeroU16::new(u16::from_be_bytes(*bytes)))
    }

    /// Parses an SOFn segment. `height` replaces its Y, which may be 0.
    pub(super) fn parse(segment: &Segment<'_>, height: NonZeroU16) -> Result<Self, Error> {
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
        let (&[precision, _, _, x0, x1, count], components) =
            segment
                .payload
                .split_first_chunk()
                .ok_or_else(|| segment.malformed(TOO_SHORT))?;
        if components.len() != 3 * usize::from(count) {
            return Err(segment.malformed("frame header length disagrees with its component count"));
        }
        if !matches!(count, 1 | 3 | 4) {
            return Err(Error::Unsupported(Feature::ComponentCount(count)));
        }
        if process == Process::Lossless && !matches!(precision, 2..=16) {
            return Err(segment.malformed("precision of lossless samples outside 2 to 16 bits"));
        }
        let components: Vec<_> = components.chunks_exact(3).map(Component::parse).collect();
        let sound = |c: &Component| {
            (1..=4).contains(&c.h) && (1..=4).contains(&c.v) && c.quantization_table < 4
        };
        if !components.iter().all(sound) {
            return Err(segment.malformed("sampling factor or quantization table out of range"));
        }
        let width = NonZeroU16::new(u16::from_be_bytes([x0, x1]))
            .ok_or_else(|| segment.malformed("width is 0"))?;
        Ok(Self {
            process,
            entropy_coding,
            precision,
            width,
            height,
            components,
        })
    }

    /// Returns the number of blocks that hold samples of the image, over all components (A.1.1, A.2.4).
    pub(super) fn blocks(&self) -> u64 {
        let max = |factor: fn(&Component) -> u8| self.components.iter().map(factor).max();
        let (h_max, v_max) = (max(|c| c.h).unwrap_or(1), max(|c| c.v).unwrap_or(1));
        let side = |size: NonZeroU16, factor: u8, max: u8| {
            (u64::from(size.get()) * u64::from(factor)).div_ceil(8 * u64::from(max))
        };
        let blocks = |c: &Component| side(self.width, c.h, h_max) * side(self.height, c.v, v_max);
        self.components.iter().map(blocks).sum()
    }

    /// Whether the identifiers are the letters R, G, B.
    pub(super) fn has_rgb_identifiers(&self) -> bool {
        self.components.iter().map(|c| c.id).eq(*b"RGB")
    }
}

impl Component {
    fn parse(bytes: &[u8]) -> Self {
        let &[id, factors, quantization_table] = bytes else {
            unreachable!("chunks of three")
        };
        Self {
            id,
            h: factors >> 4,
            v: factors & 0x0F,
            quantization_table,
        }
    }
}

impl Marker {
    /// Returns the unsupported feature that this marker announces, if any.
    pub(super) fn foreign_frame(self) -> Option<Feature> {
        match self {
            Self::SOF55 => Some(Feature::JpegLs),
            Self::DHP | Self::EXP => Some(Feature::Hierarchical),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component has ⌈X · Hi / Hmax⌉ by ⌈Y · Vi / Vmax⌉ samples (A.1.1), and a block has 8 by 8.
    #[test]
    fn blocks_are_those_that_hold_samples() {
        let side = |size| NonZeroU16::new(size).unwrap();
        let component = |(h, v)| Component {
            id: 0,
            h,
            v,
            quantization_table: 0,
        };
        for (width, height, factors, expected) in [
            (8, 8, &[(1, 1)][..], 1),
            (9, 17, &[(1, 1)], 2 * 3),
            (9, 17, &[(4, 4)], 2 * 3),
            // 33 × 20 samples, 17 × 20, and 17 × 10.
            (33, 20, &[(2, 2), (1, 2), (1, 1)], 5 * 3 + 3 * 3 + 3 * 2),
            // 40 × 20 samples, 40 × 10, 20 × 20 and 10 × 5.
            (
                40,
                20,
                &[(4, 4), (4, 2), (2, 4), (1, 1)],
                5 * 3 + 5 * 2 + 3 * 3 + 2,
            ),
        ] {
            let frame = Frame {
                process: Process::Baseline,
                entropy_coding: EntropyCoding::Huffman,
                precision: 8,
                width: side(width),
                height: side(height),
                components: factors.iter().copied().map(component).collect(),
            };
            assert_eq!(frame.blocks(), expected, "{width} {height} {factors:?}");
        }
    }
}

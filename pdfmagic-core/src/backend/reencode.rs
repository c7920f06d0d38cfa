//! Decodes and encodes anew.

use jpeg_decoder::{ColorTransform, Decoder};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::{Backend, ColorSpace, ImageXObject, check_dct_decode};
use crate::error::Error;
use crate::jpeg::{ColorModel, Jpeg};
use crate::options::Limits;
use crate::pdf::Piece;

/// JPEG quality on libjpeg's scale, 1 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quality(u8);

impl Quality {
    /// `None` outside 1 ..= 100.
    #[must_use]
    pub fn new(quality: u8) -> Option<Self> {
        matches!(quality, 1..=100).then_some(Self(quality))
    }
}

impl Default for Quality {
    fn default() -> Self {
        Self(85)
    }
}

/// Decodes to samples and encodes a baseline JPEG from them, in pure Rust.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reencode {
    /// Quality of the new JPEG. Default: 85.
    pub quality: Quality,
}

const NAME: &str = "reencode";

fn codec(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Codec {
        backend: NAME,
        source: Box::new(source),
    }
}

impl Backend for Reencode {
    fn name(&self) -> &'static str {
        NAME
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        let frame = jpeg.frame();
        // jpeg-decoder gets some lossless frames wrong, and knows no arithmetic coding and no 12 bits.
        check_dct_decode(frame)?;
        jpeg.check_decodable(limits)?;
        let input = jpeg.whole()?;
        let (pieces, notices) = jpeg.mended();
        let mended: Vec<&[u8]> = pieces.iter().map(|piece| piece.bytes(input)).collect();
        let mended = mended.concat();
        let mut decoder = Decoder::new(&mended[..]);
        decoder.set_color_transform(match jpeg.color_model() {
            ColorModel::Gray => ColorTransform::Grayscale,
            ColorModel::YCbCr => ColorTransform::YCbCr,
            ColorModel::Rgb => ColorTransform::RGB,
            ColorModel::Cmyk => ColorTransform::CMYK,
            ColorModel::Ycck => ColorTransform::YCCK,
        });
        let mut samples = decoder.decode().map_err(codec)?;
        let color_space = ColorSpace::of(jpeg.color_model());
        let color_type = match color_space {
            ColorSpace::DeviceGray => ColorType::Luma,
            ColorSpace::DeviceRgb => ColorType::Rgb,
            ColorSpace::DeviceCmyk => ColorType::Cmyk,
        };
        if color_space == ColorSpace::DeviceCmyk && jpeg.adobe().is_none() {
            // jpeg-decoder takes every CMYK file for Adobe's and inverts it.
            for sample in &mut samples {
                *sample = !*sample;
            }
        }
        let mut data = Vec::new();
        let mut encoder = Encoder::new(&mut data, self.quality.0);
        encoder.set_optimized_huffman_tables(true);
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        if color_type == ColorType::Cmyk {
            // Subsampling suits chroma; C, M and Y are not chroma.
            encoder.set_sampling_factor(SamplingFactor::F_1_1);
        }
        encoder
            .encode(&samples, frame.width.get(), frame.height.get(), color_type)
            .map_err(codec)?;
        Ok(ImageXObject {
            width: frame.width,
            height: frame.height,
            color_space,
            icc_profile: jpeg.icc_profile().map(<[u8]>::to_vec),
            inverted: color_space == ColorSpace::DeviceCmyk,
            data: vec![Piece::Made(data)],
            notices,
        })
    }
}

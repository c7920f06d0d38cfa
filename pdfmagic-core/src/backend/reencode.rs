//! Decodes and encodes anew.

use jpeg_decoder::{Decoder, PixelFormat};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use super::{Backend, ColorSpace, ImageXObject};
use crate::error::Error;
use crate::jpeg::Jpeg;
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

impl Reencode {
    fn codec(&self, source: impl std::error::Error + Send + Sync + 'static) -> Error {
        Error::Codec {
            backend: self.name(),
            source: Box::new(source),
        }
    }
}

impl Backend for Reencode {
    fn name(&self) -> &'static str {
        "reencode"
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        let (width, height) = (jpeg.frame().width, jpeg.frame().height);
        let pixels = u64::from(width.get()) * u64::from(height.get());
        if pixels > limits.max_decoded_pixels {
            return Err(Error::Limit {
                what: crate::error::Resource::Pixels,
                actual: pixels,
                max: limits.max_decoded_pixels,
            });
        }
        let mut decoder = Decoder::new(jpeg.whole()?);
        let mut samples = decoder.decode().map_err(|e| self.codec(e))?;
        let format = decoder.info().expect("decode succeeded").pixel_format;
        let (color_space, color_type) = match format {
            PixelFormat::L8 => (ColorSpace::DeviceGray, ColorType::Luma),
            PixelFormat::RGB24 => (ColorSpace::DeviceRgb, ColorType::Rgb),
            PixelFormat::CMYK32 => (ColorSpace::DeviceCmyk, ColorType::Cmyk),
            PixelFormat::L16 => {
                return Err(Error::Unsupported(crate::jpeg::Feature::Precision(
                    jpeg.frame().precision,
                )));
            }
        };
        if format == PixelFormat::CMYK32 && jpeg.adobe().is_none() {
            // jpeg-decoder takes every CMYK file for Adobe's and inverts it.
            samples.iter_mut().for_each(|sample| *sample = !*sample);
        }
        let mut data = Vec::new();
        let mut encoder = Encoder::new(&mut data, self.quality.0);
        if color_type == ColorType::Cmyk {
            // Subsampling suits chroma; C, M and Y are not chroma.
            encoder.set_sampling_factor(SamplingFactor::F_1_1);
        }
        encoder
            .encode(&samples, width.get(), height.get(), color_type)
            .map_err(|e| self.codec(e))?;
        Ok(ImageXObject {
            width,
            height,
            color_space,
            icc_profile: jpeg.icc_profile().map(<[u8]>::to_vec),
            inverted: color_space == ColorSpace::DeviceCmyk,
            color_transform: None,
            data: vec![Piece::Made(data)],
        })
    }
}

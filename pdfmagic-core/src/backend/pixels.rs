//! Resamples by decoding, for what coefficients cannot say.

use image::imageops::{FilterType, resize};
use image::{ImageBuffer, Luma, Pixel, Rgb, Rgba};
use jpeg_decoder::{ColorTransform, Decoder};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};

use super::ColorSpace;
use super::reencode::{NAME, Quality};
use crate::error::Error;
use crate::jpeg::{ColorModel, Jpeg};

/// Samples of 8 bits, in a device color space; CMYK inverted, as Adobe stores it.
pub(super) struct Pixels {
    pub(super) width: u16,
    pub(super) height: u16,
    color_space: ColorSpace,
    samples: Vec<u8>,
}

fn codec(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Codec {
        backend: NAME,
        source: Box::new(source),
    }
}

impl Pixels {
    /// Decodes `data`, coded anew from `jpeg`.
    pub(super) fn decode(
        data: &[u8],
        jpeg: &Jpeg<'_>,
        color_model: ColorModel,
    ) -> Result<Self, Error> {
        let mut decoder = Decoder::new(data);
        decoder.set_color_transform(match color_model {
            ColorModel::Gray => ColorTransform::Grayscale,
            ColorModel::YCbCr => ColorTransform::YCbCr,
            ColorModel::Rgb => ColorTransform::RGB,
            ColorModel::Cmyk => ColorTransform::CMYK,
            ColorModel::Ycck => ColorTransform::YCCK,
        });
        let mut samples = decoder.decode().map_err(codec)?;
        let info = decoder.info().expect("it has been decoded");
        let color_space = ColorSpace::of(color_model);
        if color_space == ColorSpace::DeviceCmyk && jpeg.adobe().is_none() {
            // jpeg-decoder takes every CMYK file for Adobe's and inverts it.
            for sample in &mut samples {
                *sample = !*sample;
            }
        }
        Ok(Self {
            width: info.width,
            height: info.height,
            color_space,
            samples,
        })
    }

    /// 1/`ratio` as wide and high.
    pub(super) fn shrink(self, ratio: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "ratio is at least 1, so a side stays in its range"
        )]
        let [width, height] =
            [self.width, self.height].map(|side| (f64::from(side) / ratio).floor().max(1.0) as u16);
        let color_space = self.color_space;
        let samples = match color_space {
            ColorSpace::DeviceGray => self.resized::<Luma<u8>>(width, height),
            ColorSpace::DeviceRgb => self.resized::<Rgb<u8>>(width, height),
            ColorSpace::DeviceCmyk => self.resized::<Rgba<u8>>(width, height),
        };
        Self {
            width,
            height,
            color_space,
            samples,
        }
    }

    fn resized<P: Pixel<Subpixel = u8> + 'static>(self, width: u16, height: u16) -> Vec<u8> {
        let [from, to] =
            [(self.width, self.height), (width, height)].map(|(w, h)| [w, h].map(u32::from));
        let image = ImageBuffer::<P, _>::from_raw(from[0], from[1], self.samples)
            .expect("a decoder gives as many samples as it says");
        resize(&image, to[0], to[1], FilterType::Triangle).into_raw()
    }

    pub(super) fn encode(&self, quality: Quality) -> Result<Vec<u8>, Error> {
        let mut data = Vec::new();
        let mut encoder = Encoder::new(&mut data, quality.get());
        encoder.set_optimized_huffman_tables(true);
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        let color_type = match self.color_space {
            ColorSpace::DeviceGray => ColorType::Luma,
            ColorSpace::DeviceRgb => ColorType::Rgb,
            ColorSpace::DeviceCmyk => {
                // Subsampling suits chroma; C, M and Y are not chroma.
                encoder.set_sampling_factor(SamplingFactor::F_1_1);
                ColorType::Cmyk
            }
        };
        encoder
            .encode(&self.samples, self.width, self.height, color_type)
            .map_err(codec)?;
        Ok(data)
    }
}

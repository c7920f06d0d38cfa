//! Resamples decoded images, for changes that coefficients cannot express.

use jpeg_decoder::{ColorTransform, Decoder};
use jpeg_encoder::{ChromaSubsamplingMethod, ColorType, Encoder, SamplingFactor};
use resize::Pixel::Gray8;
use resize::Type;
use resize::px::Gray;

use super::ColorSpace;
use crate::coding::Memory;
use crate::error::Error;
use crate::jpeg::{ColorModel, Jpeg};
use crate::limits::Limits;
use crate::quality::Quality;

/// Samples of 8 bits in a device color space. CMYK is inverted, as Adobe stores it.
pub(super) struct Pixels {
    pub(super) width: u16,
    pub(super) height: u16,
    color_space: ColorSpace,
    samples: Vec<u8>,
}

/// The maximum memory that the libraries take for each sample, in bytes: samples, coefficients and data when it is
/// re-encoded, and sums of f32 when it is resampled.
const PER_SAMPLE: usize = 5;
/// The memory that they take for each pixel in addition, in bytes.
const PER_PIXEL: usize = 4;

fn codec(source: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Codec {
        source: Box::new(source),
    }
}

impl Pixels {
    /// Decodes `data`, transcoded from `jpeg`, if there is memory for this and all later steps.
    pub(super) fn decode(
        data: &[u8],
        jpeg: &Jpeg<'_>,
        color_model: ColorModel,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let mut decoder = Decoder::new(data);
        decoder.set_color_transform(match color_model {
            ColorModel::Gray => ColorTransform::Grayscale,
            ColorModel::YCbCr => ColorTransform::YCbCr,
            ColorModel::Rgb => ColorTransform::RGB,
            ColorModel::Cmyk => ColorTransform::CMYK,
            ColorModel::Ycck => ColorTransform::YCCK,
        });
        decoder.read_info().map_err(codec)?;
        let info = decoder.info().expect("it has been read");
        let color_space = ColorSpace::of(color_model);
        let pixels = usize::from(info.width) * usize::from(info.height);
        let per_pixel = PER_SAMPLE * color_space.components() + PER_PIXEL;
        Memory::new(limits)
            .take(data.len())?
            .take(pixels * per_pixel)?;
        let mut samples = decoder.decode().map_err(codec)?;
        if color_space == ColorSpace::DeviceCmyk && !jpeg.is_inverted() {
            // jpeg-decoder assumes that all CMYK is inverted, and inverts it.
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

    /// Divides width and height by `ratio`.
    pub(super) fn shrink(self, ratio: f64) -> Result<Self, Error> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "ratio is at least 1, so a side stays in its range"
        )]
        let [width, height] =
            [self.width, self.height].map(|side| (f64::from(side) / ratio).floor().max(1.0) as u16);
        let [from, to] = [(self.width, self.height), (width, height)]
            .map(|(width, height)| (usize::from(width), usize::from(height)));
        let mut resizer =
            resize::new(from.0, from.1, to.0, to.1, Gray8, Type::Triangle).map_err(codec)?;
        let components = self.color_space.components();
        let mut samples = vec![0; to.0 * to.1 * components];
        let mut shrunk = vec![Gray::new(0); to.0 * to.1];
        for component in 0..components {
            let plane = self.samples.iter().skip(component).step_by(components);
            let plane: Vec<_> = plane.map(|&sample| Gray::new(sample)).collect();
            resizer.resize(&plane, &mut shrunk).map_err(codec)?;
            let places = samples.iter_mut().skip(component).step_by(components);
            for (sample, shrunk) in places.zip(&shrunk) {
                *sample = shrunk.value();
            }
        }
        Ok(Self {
            width,
            height,
            color_space: self.color_space,
            samples,
        })
    }

    /// Keeps only the brightness (ITU-T T.871, 7). Each ink absorbs its part of the light, and black ink absorbs all.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a mean of samples is in their range"
    )]
    pub(super) fn into_gray(self) -> Self {
        let luma = |[r, g, b]: [u8; 3]| {
            let [r, g, b] = [r, g, b].map(u32::from);
            ((299 * r + 587 * g + 114 * b + 500) / 1000) as u8
        };
        let light =
            |ink: u8, black: u8| ((255 - u32::from(ink)) * (255 - u32::from(black)) / 255) as u8;
        let pixels = self.samples.chunks_exact(self.color_space.components());
        let samples = pixels.map(|pixel| match *pixel {
            [r, g, b] => luma([r, g, b]),
            [c, m, y, k] => luma([c, m, y].map(|ink| light(ink, k))),
            _ => pixel[0],
        });
        Self {
            samples: samples.collect(),
            color_space: ColorSpace::DeviceGray,
            ..self
        }
    }

    pub(super) fn encode(&self, quality: Quality, subsample: bool) -> Result<Vec<u8>, Error> {
        let mut data = Vec::new();
        let mut encoder = Encoder::new(&mut data, quality.get());
        encoder.set_optimized_huffman_tables(true);
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        let color_type = match self.color_space {
            ColorSpace::DeviceGray => ColorType::Luma,
            ColorSpace::DeviceRgb => {
                if subsample {
                    encoder.set_sampling_factor(SamplingFactor::F_2_2);
                }
                ColorType::Rgb
            }
            ColorSpace::DeviceCmyk => {
                // Subsampling is for chroma, and C, M and Y are not chroma.
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

//! Resamples decoded images, for changes that coefficients cannot express.

use std::io::{self, Write};

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
    /// The memory budget, from which the samples are not yet taken.
    memory: Memory,
}

/// Returns the memory that a pixel takes in the libraries before it is written, in bytes: first samples and coefficients
/// while it is decoded; then samples of both sizes, a component of both, and sums of f32 while it is resampled; and then
/// samples twice and coefficients while it is encoded.
fn per_pixel(color_space: ColorSpace) -> usize {
    let components = color_space.components();
    (4 * components).max(2 * components + 6)
}

/// The memory for the weights of each column and row while an image is resampled, in bytes.
const PER_SIDE: usize = 160;

/// The memory for each sample while it is written: itself, and its coefficient.
const PER_WRITTEN: usize = 3;

/// Data while it is written, within the limit on memory.
struct Output {
    data: Vec<u8>,
    memory: Memory,
    refused: Option<Error>,
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.memory.make_room(&mut self.data, bytes.len()) {
            self.refused = Some(error);
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        self.data.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

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
        let memory = Memory::beside_profile(jpeg, limits)?;
        memory
            .take(data.len())?
            .take(pixels * per_pixel(color_space))?
            .take(PER_SIDE * (usize::from(info.width) + usize::from(info.height)))?;
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
            memory,
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
            samples,
            ..self
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
        let mut output = Output {
            data: Vec::new(),
            memory: self.memory.take(PER_WRITTEN * self.samples.len())?,
            refused: None,
        };
        let mut encoder = Encoder::new(&mut output, quality.get());
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
        let done = encoder.encode(&self.samples, self.width, self.height, color_type);
        if let Some(error) = output.refused {
            return Err(error);
        }
        done.map_err(codec)?;
        Ok(output.data)
    }
}

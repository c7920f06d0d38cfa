//! Lossy re-encoding into fewer bytes.

use std::num::NonZeroU16;

use super::pixels::Pixels;
use super::{Backend, ColorSpace, ImageXObject, Needs, check_dct_8_bit, with_metadata};
use crate::coding::{self, Coefficients, Reduction};
use crate::density::Density;
use crate::error::{Error, Feature, Resource};
use crate::jpeg::{ColorModel, Component, Jpeg, Quantizer};
use crate::limits::Limits;
use crate::notice::Notice;
use crate::piece::Piece;
use crate::quality::Quality;

/// Requantizes and downscales DCT coefficients, as far as this is possible without decoding them to samples.
///
/// Never quantizes more finely than the input does: an image at or below the requested quality loses nothing.
///
/// ```
/// use pdfmagic_core::{Density, Document, Options, Page, Quality, Reencode};
///
/// # let photo = include_bytes!("../../tests/corpus/ycbcr_420.jpg");
/// let small = Reencode {
///     quality: Quality::new(60).ok_or("60 is out of range")?,
///     max_density: Density::new(150.0),
///     ..Reencode::default()
/// };
/// let page = Page::from_jpeg(photo, &Options::default(), &small)?;
/// # let (mut document, mut pdf) = (Document::new(), Vec::new());
/// # document.write_page(page, photo, &mut pdf)?;
/// # document.finish_into(&mut pdf)?;
/// # assert!(pdf.len() < pdfmagic_core::jpeg_to_pdf(photo)?.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Reencode {
    /// The quality of the new JPEG. Default: 85.
    pub quality: Quality,
    /// The maximum number of pixels per inch. An image that states no density counts as 96. Default: no limit.
    ///
    /// Reductions to a half, a quarter or an eighth are made with coefficients; for all others, samples are decoded.
    pub max_density: Option<Density>,
    /// The maximum width and height, in pixels. Default: no limit.
    pub max_side: Option<NonZeroU16>,
    /// The maximum of width × height, in pixels. Default: no limit.
    pub max_pixels: Option<u64>,
    /// Whether to keep only the brightness. Default: false.
    pub gray: bool,
    /// Whether to subsample chroma to half the columns and rows (4:2:0). Default: false.
    pub subsample: bool,
    /// The maximum size of the image, in bytes. The quality is lowered until the image fits. Default: no limit.
    pub max_size: Option<u64>,
}

impl Backend for Reencode {
    fn name(&self) -> &'static str {
        "reencode"
    }

    fn can_carry(&self, jpeg: &Jpeg<'_>) -> Result<(), Feature> {
        check_dct_8_bit(jpeg.frame())
    }

    fn needs(&self, _: &Jpeg<'_>) -> Needs {
        Needs::Whole
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        self.can_carry(jpeg).map_err(Error::Unsupported)?;
        let (_, notices) = jpeg.mended();
        let mut image = ImageXObject::dct(jpeg, Vec::new(), notices);
        let becomes_gray = self.gray && jpeg.color_model() != ColorModel::Gray;
        let keeps_luminance = becomes_gray && has_luminance(jpeg);
        if becomes_gray {
            image.color_space = ColorSpace::DeviceGray;
            image.inverted = false;
            image.icc_profile = None;
            image
                .notices
                .retain(|notice| *notice != Notice::AdobeRgbEmbedded);
            if jpeg.icc_profile().is_some() {
                image.notices.push(Notice::IccDropped);
            }
        }
        let color_model = if keeps_luminance {
            ColorModel::Gray
        } else {
            jpeg.color_model()
        };
        let decoded = || {
            let (coefficients, damage) = Coefficients::decode(jpeg, limits)?;
            let coefficients = if keeps_luminance {
                coefficients.into_gray()
            } else {
                coefficients
            };
            Ok::<_, Error>((coefficients, damage))
        };
        let too_dense = self.too_dense(jpeg);
        let excess = too_dense.max(self.too_large(image.width, image.height));
        let factor = [8u16, 4, 2]
            .into_iter()
            .find(|&factor| excess >= f64::from(factor))
            .unwrap_or(1);
        let shrunk = |side: NonZeroU16| {
            NonZeroU16::new(side.get().div_ceil(factor)).expect("rounded up, a side is at least 1")
        };
        (image.width, image.height) = (shrunk(image.width), shrunk(image.height));
        let too_dense =
            Some(too_dense / f64::from(factor)).filter(|&ratio| ratio > 1.0 + Density::ROUNDING);
        let too_large = self.too_large(image.width, image.height);
        let ratio = too_dense.map_or(too_large, |ratio| ratio.max(too_large));
        let reduction = Reduction {
            factor: factor.into(),
            subsample: self.subsample
                && matches!(color_model, ColorModel::YCbCr | ColorModel::Ycck),
        };
        let metadata = jpeg.kept_metadata()?.iter().map(Piece::size).sum();
        let data = if ratio > 1.0 || (becomes_gray && !keeps_luminance) {
            let (coefficients, damage) = decoded()?;
            image.damage = damage;
            let data = match reduction.factor {
                1 => coefficients.encode()?,
                // The steps are the finest possible here, since the encoder quantizes later.
                _ => coefficients.encode_reduced(reduction, |_, _| [1; 64])?,
            };
            drop(coefficients);
            let mut pixels = Pixels::decode(&data, jpeg, color_model, limits)?;
            drop(data);
            if becomes_gray {
                pixels = pixels.into_gray();
            }
            if ratio > 1.0 {
                pixels = pixels.shrink(ratio)?;
            }
            let sides = [pixels.width, pixels.height].map(NonZeroU16::new);
            [image.width, image.height] =
                sides.map(|side| side.expect("a side is at least 1 when it shrinks"));
            image.inverted = image.color_space == ColorSpace::DeviceCmyk;
            self.fit(metadata, |quality| {
                limits.check_canceled()?;
                pixels.encode(quality, reduction.subsample)
            })?
        } else if becomes_gray || self.max_size.is_some() {
            let (source, damage) = decoded()?;
            image.damage = damage;
            self.fit(metadata, |quality| {
                source.encode_reduced(reduction, target(color_model, quality, reduction.factor))
            })?
        } else {
            let target = target(color_model, self.quality, reduction.factor);
            let (data, damage) = coding::reduce(jpeg, limits, reduction, target)?;
            image.damage = damage;
            data
        };
        image.data = with_metadata(jpeg, data)?;
        Ok(image)
    }
}

/// Whether the first component is the brightness of the image, in full detail.
fn has_luminance(jpeg: &Jpeg<'_>) -> bool {
    let components = &jpeg.frame().components;
    let is_finest = |first: &Component| components.iter().all(|c| c.h <= first.h && c.v <= first.v);
    jpeg.color_model() == ColorModel::YCbCr && is_finest(&components[0])
}

impl Reencode {
    /// Returns the factor by which the sides of an image are too long, and at least 1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a limit above 2^53 pixels has no effect"
    )]
    fn too_large(&self, width: NonZeroU16, height: NonZeroU16) -> f64 {
        let [width, height] = [width, height].map(|side| f64::from(side.get()));
        let sides = self
            .max_side
            .map_or(1.0, |max| width.max(height) / f64::from(max.get()));
        let pixels = self
            .max_pixels
            .map_or(1.0, |max| (width * height / max as f64).sqrt());
        sides.max(pixels).max(1.0)
    }

    /// Returns the factor by which an image is too dense, and at least 1.
    fn too_dense(&self, jpeg: &Jpeg<'_>) -> f64 {
        let Some(max) = self.max_density else {
            return 1.0;
        };
        let [x, y] = jpeg.density().unwrap_or_default().map(Density::get);
        (x.max(y) / max.get()).max(1.0)
    }

    /// Returns the data at the highest quality, up to the requested one, that fits together with `metadata` bytes.
    fn fit(
        &self,
        metadata: u64,
        encode: impl Fn(Quality) -> Result<Vec<u8>, Error>,
    ) -> Result<Vec<u8>, Error> {
        let best = encode(self.quality)?;
        let size = |data: &[u8]| metadata + data.len() as u64;
        let Some(max) = self.max_size.filter(|&max| size(&best) > max) else {
            return Ok(best);
        };
        drop(best);
        let least = encode(Quality::MIN)?;
        Resource::ImageBytes.check(size(&least), max)?;
        let (mut fits, mut fitting, mut exceeds) = (1, least, self.quality.get());
        while exceeds - fits > 1 {
            let middle = fits.midpoint(exceeds);
            let data = encode(Quality::new(middle).expect("between two qualities"))?;
            if size(&data) <= max {
                (fits, fitting) = (middle, data);
            } else {
                exceeds = middle;
            }
        }
        Ok(fitting)
    }
}

/// Returns the tables to quantize with, which are those of T.81 K.1, scaled. They depend on the old tables only if the
/// image keeps its size, since old steps say nothing about an image of other pixels.
fn target(
    color_model: ColorModel,
    quality: Quality,
    factor: usize,
) -> impl Fn(usize, &Quantizer) -> Quantizer {
    move |component, old| {
        let is_transformed = matches!(color_model, ColorModel::YCbCr | ColorModel::Ycck);
        let table = coding::table(quality.get(), is_transformed && matches!(component, 1 | 2));
        if factor > 1 {
            return table;
        }
        coding::coarser(old, &table)
    }
}

//! Chooses a way that loses nothing.

use super::{Backend, ImageXObject, Passthrough, Transcode, check_dct_decode, flate};
use crate::coding::{Samples, decode_lossless};
use crate::error::{Error, Feature};
use crate::jpeg::Jpeg;
use crate::limits::Limits;

/// Whatever carries the image into PDF without loss, at the least cost.
///
/// [`Passthrough`] where `DCTDecode` takes the data as it is; else [`Transcode`], where it is arithmetic coding
/// that forbids it; else, for lossless JPEG and for more than 8 bits, the samples under `FlateDecode`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lossless;

impl Backend for Lossless {
    fn name(&self) -> &'static str {
        "lossless"
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        let Err(forbidden) = check_dct_decode(jpeg.frame()) else {
            return Passthrough.image(jpeg, limits);
        };
        let mut notices = Vec::new();
        let mut samples = match forbidden {
            Error::Unsupported(Feature::Lossless) => decode_lossless(jpeg, limits)?.0,
            Error::Unsupported(Feature::Precision(12)) => {
                Samples::from_dct(jpeg, limits, &mut notices)?
            }
            Error::Unsupported(Feature::Arithmetic) => {
                return Transcode::default().image(jpeg, limits);
            }
            error => return Err(error),
        };
        samples.convert_color(jpeg.color_model());
        flate::image(jpeg, &samples, notices)
    }
}

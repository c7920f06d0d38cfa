//! Chooses a way that loses nothing.

use super::{Backend, ImageXObject, Needs, Passthrough, Transcode, check_dct_decode, flate};
use crate::coding::{Samples, decode_lossless};
use crate::error::{Error, Feature};
use crate::jpeg::Jpeg;
use crate::limits::Limits;
use crate::notice::Notice;
use crate::piece::Piece;

/// Carries the image without loss, in the way that costs least.
///
/// That is [`Passthrough`] where `DCTDecode` takes the data as it is; [`Transcode`] where arithmetic coding forbids it,
/// or damage is to be mended; and for lossless JPEG and samples of 12 bits the samples under `FlateDecode`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Auto;

/// Size of a JFIF segment, which says nothing that the page does not.
const JFIF_SIZE: u64 = 18;

/// The ways to choose from.
enum Way {
    Passthrough,
    Transcode,
    /// Under `FlateDecode`, decoded from lossless coding or from DCT coefficients.
    Samples {
        is_lossless: bool,
    },
}

/// The way that costs least.
fn choose(jpeg: &Jpeg<'_>) -> Result<Way, Feature> {
    match check_dct_decode(jpeg.frame()) {
        Ok(()) if jpeg.damage().is_some() => Ok(Way::Transcode),
        Ok(()) => Ok(Way::Passthrough),
        Err(Feature::Arithmetic) => Ok(Way::Transcode),
        Err(Feature::Lossless) => Ok(Way::Samples { is_lossless: true }),
        Err(Feature::Precision(12)) => Ok(Way::Samples { is_lossless: false }),
        Err(feature) => Err(feature),
    }
}

impl Backend for Auto {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn can_carry(&self, jpeg: &Jpeg<'_>) -> Result<(), Feature> {
        choose(jpeg).map(|_| ())
    }

    fn needs(&self, jpeg: &Jpeg<'_>) -> Needs {
        match choose(jpeg) {
            Ok(Way::Passthrough) => Needs::Ends,
            _ => Needs::Whole,
        }
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        let (mut samples, damage) = match choose(jpeg).map_err(Error::Unsupported)? {
            Way::Passthrough => return Passthrough.image(jpeg, limits),
            Way::Transcode => return Transcode::default().image(jpeg, limits),
            Way::Samples { is_lossless: true } => decode_lossless(jpeg, limits)?,
            Way::Samples { is_lossless: false } => Samples::from_dct(jpeg, limits)?,
        };
        samples.convert_color(jpeg.color_model());
        let (_, mut notices) = jpeg.mended();
        // Samples have no room for it.
        let size = jpeg.kept_metadata()?.iter().map(Piece::size).sum();
        if size > JFIF_SIZE {
            notices.push(Notice::MetadataRemoved { size });
        }
        let image = flate::image(jpeg, &samples, notices)?;
        Ok(ImageXObject { damage, ..image })
    }
}

//! Chooses a lossless method.

use super::{Backend, ImageXObject, Needs, Passthrough, Transcode, check_dct_decode, flate};
use crate::coding::{Samples, decode_lossless};
use crate::error::{Error, Feature};
use crate::jpeg::Jpeg;
use crate::limits::Limits;
use crate::notice::Notice;
use crate::piece::Piece;

/// Embeds the image without loss, with the least work.
///
/// [`Passthrough`] is used if `DCTDecode` accepts the data as it is; [`Transcode`] for arithmetic coding, or if damage
/// has to be repaired; and decoded samples with `FlateDecode` for lossless JPEGs and for samples of 12 bits.
#[derive(Debug, Clone, Copy, Default)]
pub struct Auto;

/// The size of a JFIF segment, in bytes. It says nothing that the page does not.
const JFIF_SIZE: u64 = 18;

/// The methods to choose from.
enum Method {
    Passthrough,
    Transcode,
    /// Samples with `FlateDecode`, decoded from lossless coding or from DCT coefficients.
    Samples {
        is_lossless: bool,
    },
}

/// Returns the method that takes the least work.
fn choose(jpeg: &Jpeg<'_>) -> Result<Method, Feature> {
    match check_dct_decode(jpeg.frame()) {
        Ok(()) if jpeg.damage().is_some() => Ok(Method::Transcode),
        Ok(()) => Ok(Method::Passthrough),
        Err(Feature::Arithmetic) => Ok(Method::Transcode),
        Err(Feature::Lossless) => Ok(Method::Samples { is_lossless: true }),
        Err(Feature::Precision(12)) => Ok(Method::Samples { is_lossless: false }),
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
            Ok(Method::Passthrough) => Needs::Ends,
            _ => Needs::Whole,
        }
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        let (mut samples, damage) = match choose(jpeg).map_err(Error::Unsupported)? {
            Method::Passthrough => return Passthrough.image(jpeg, limits),
            Method::Transcode => return Transcode::default().image(jpeg, limits),
            Method::Samples { is_lossless: true } => decode_lossless(jpeg, limits)?,
            Method::Samples { is_lossless: false } => Samples::from_dct(jpeg, limits)?,
        };
        samples.convert_color(jpeg.color_model());
        let (_, mut notices) = jpeg.mended();
        // There is no place for metadata with samples.
        let size = jpeg.kept_metadata()?.iter().map(Piece::size).sum();
        if size > JFIF_SIZE {
            notices.push(Notice::MetadataRemoved { size });
        }
        let image = flate::image(jpeg, &samples, notices)?;
        Ok(ImageXObject { damage, ..image })
    }
}

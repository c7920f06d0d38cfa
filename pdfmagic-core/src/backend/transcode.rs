//! Re-encodes the same coefficients.

use super::{Backend, ImageXObject, Needs, Passthrough, check_dct_8_bit, with_metadata};
use crate::coding::{Coefficients, optimize};
use crate::error::{Error, Feature};
use crate::jpeg::Jpeg;
use crate::limits::Limits;
use crate::piece::Piece;

/// Decodes the entropy coding, whatever it is, and re-encodes the same coefficients without loss.
///
/// Arithmetic coding becomes Huffman coding with tables made for the image, and several scans become one. A height from
/// DNL and the tables that motion JPEG omits are inserted. The result is never larger than the input: if `DCTDecode`
/// accepts the input and it is smaller, it is kept.
#[derive(Debug, Clone, Copy, Default)]
pub struct Transcode {
    /// Whether to encode progressively, which is smaller but slower. Default: false.
    pub progressive: bool,
}

impl Backend for Transcode {
    fn name(&self) -> &'static str {
        "transcode"
    }

    fn can_carry(&self, jpeg: &Jpeg<'_>) -> Result<(), Feature> {
        check_dct_8_bit(jpeg.frame())
    }

    fn needs(&self, _: &Jpeg<'_>) -> Needs {
        Needs::Whole
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        self.can_carry(jpeg).map_err(Error::Unsupported)?;
        let (mended, notices) = jpeg.mended();
        let (data, damage) = if self.progressive {
            let (image, damage) = Coefficients::decode(jpeg, limits)?;
            (image.encode_progressive()?, damage)
        } else {
            optimize(jpeg, limits)?
        };
        let mut data = with_metadata(jpeg, data)?;
        let size = |pieces: &[Piece]| pieces.iter().map(Piece::size).sum::<u64>();
        if damage.is_none() && Passthrough.can_carry(jpeg).is_ok() && size(&mended) <= size(&data) {
            data = mended;
        }
        Ok(ImageXObject {
            damage,
            ..ImageXObject::dct(jpeg, data, notices)
        })
    }
}

//! Codes the same coefficients anew.

use super::{Backend, ImageXObject, Needs, check_dct_8_bit};
use crate::coding::{Coefficients, optimize};
use crate::error::{Error, Feature};
use crate::jpeg::Jpeg;
use crate::limits::Limits;
use crate::piece::Piece;

/// Decodes the entropy coding and codes the same coefficients anew: no loss, whatever the data was coded with.
///
/// Arithmetic coding becomes Huffman coding with tables made for the image; scans become one; a height that
/// DNL gives and tables that motion JPEG leaves out are put in. Nearly always smaller than the input.
#[derive(Debug, Clone, Copy, Default)]
pub struct Transcode {
    /// Code progressively, which is smaller still and slower. Default: false.
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
        let (_, mut notices) = jpeg.mended();
        let data = if self.progressive {
            Coefficients::decode(jpeg, limits, &mut notices)?.encode_progressive()?
        } else {
            optimize(jpeg, limits, &mut notices)?
        };
        let data = vec![Piece::Made(data)];
        Ok(ImageXObject::dct(jpeg, data, notices))
    }
}

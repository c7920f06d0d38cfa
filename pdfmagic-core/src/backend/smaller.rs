//! Makes the data smaller wherever that can be done.

use super::{Auto, Backend, ImageXObject, Needs, Transcode};
use crate::error::{Error, Feature};
use crate::jpeg::Jpeg;
use crate::limits::Limits;
use crate::notice::Notice;

/// What [`Transcode`] does and, with a notice, what [`Auto`] does for images that cannot be transcoded. So it never fails
/// where [`Auto`] succeeds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Smaller(pub(super) Transcode);

impl Backend for Smaller {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn can_carry(&self, jpeg: &Jpeg<'_>) -> Result<(), Feature> {
        Auto.can_carry(jpeg)
    }

    fn needs(&self, _: &Jpeg<'_>) -> Needs {
        Needs::Whole
    }

    fn image(&self, jpeg: &Jpeg<'_>, limits: &Limits) -> Result<ImageXObject, Error> {
        match self.0.image(jpeg, limits) {
            Err(Error::NeedsInput { wanted, reason }) => Err(Error::NeedsInput { wanted, reason }),
            Err(_) => {
                let mut image = Auto.image(jpeg, limits)?;
                image.notices.push(Notice::NotSmaller);
                Ok(image)
            }
            done => done,
        }
    }
}

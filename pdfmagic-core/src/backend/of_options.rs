//! The backend that options select.

#[cfg(feature = "reencode")]
use super::Reencode;
use super::smaller::Smaller;
use super::{Auto, Backend, Passthrough, Transcode};
use crate::options::{BackendName, ImageOptions};
use crate::value::OptionError;

impl ImageOptions {
    /// Returns the backend that these options name or, by default, the one that they imply.
    ///
    /// # Errors
    ///
    /// The first option that contradicts the backend.
    pub fn backend(&self) -> Result<Box<dyn Backend>, OptionError> {
        let name = self.backend_name()?;
        Ok(match name {
            BackendName::Auto => Box::new(Auto),
            BackendName::Passthrough => Box::new(Passthrough),
            BackendName::Transcode => {
                let transcode = Transcode {
                    progressive: self.progressive,
                };
                // If the user names this backend, images that it cannot carry are errors.
                match self.backend {
                    BackendName::Transcode => Box::new(transcode),
                    _ => Box::new(Smaller(transcode)),
                }
            }
            #[cfg(feature = "reencode")]
            BackendName::Reencode => Box::new(Reencode {
                quality: self.quality.unwrap_or_default(),
                max_density: self.max_density,
                max_side: self.max_side,
                max_pixels: self.max_pixels.map(crate::amount::Amount::get),
                gray: self.gray,
                subsample: self.subsample,
                max_size: self.max_size.map(crate::amount::Amount::get),
            }),
        })
    }

    fn backend_name(&self) -> Result<BackendName, OptionError> {
        let implied = [
            #[cfg(feature = "reencode")]
            (self.lossy(), BackendName::Reencode),
            (
                self.progressive.then_some("progressive"),
                BackendName::Transcode,
            ),
            (self.optimize.then_some("optimize"), BackendName::Transcode),
        ];
        let mut name = self.backend;
        for (option, backend) in implied {
            let Some(option) = option else { continue };
            if name == BackendName::Auto {
                name = backend;
            }
            // Re-encoded data is optimized anyway.
            let is_done_anyway = option == "optimize" && name != BackendName::Passthrough;
            if name != backend && !is_done_anyway {
                return Err(OptionError::new(
                    option,
                    format!("requires the backend {backend}, not {name}"),
                ));
            }
        }
        Ok(name)
    }

    /// Returns the first option that causes a loss.
    #[cfg(feature = "reencode")]
    fn lossy(&self) -> Option<&'static str> {
        let lossy = [
            ("quality", self.quality.is_some()),
            ("max-size", self.max_size.is_some()),
            ("max-side", self.max_side.is_some()),
            ("max-pixels", self.max_pixels.is_some()),
            ("max-density", self.max_density.is_some()),
            ("gray", self.gray),
            ("subsample", self.subsample),
        ];
        lossy
            .into_iter()
            .find_map(|(name, is_set)| is_set.then_some(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(change: impl FnOnce(&mut ImageOptions)) -> Result<&'static str, OptionError> {
        let mut options = ImageOptions::default();
        change(&mut options);
        Ok(options.backend()?.name())
    }

    #[test]
    fn backends_are_lossless_unless_an_option_is_lossy() {
        assert_eq!(chosen(|_| {}), Ok("auto"));
        assert_eq!(chosen(|o| o.optimize = true), Ok("transcode"));
        assert_eq!(chosen(|o| o.progressive = true), Ok("transcode"));
        for name in ["auto", "passthrough", "transcode"] {
            assert_eq!(chosen(|o| o.backend = name.parse().unwrap()), Ok(name));
        }
        assert_eq!(
            chosen(|o| o.backend = "lossless".parse().unwrap()),
            Ok("auto")
        );
    }

    #[test]
    fn an_option_that_the_backend_lacks_is_rejected_by_name() {
        let error = chosen(|o| {
            o.backend = BackendName::Passthrough;
            o.optimize = true;
        });
        let reason = "requires the backend transcode, not passthrough";
        assert_eq!(error, Err(OptionError::new("optimize", reason)));
    }

    #[cfg(feature = "reencode")]
    #[test]
    fn lossy_options_imply_reencode() {
        let set: [fn(&mut ImageOptions); 7] = [
            |o| o.quality = "40".parse().ok(),
            |o| o.max_size = "100k".parse().ok(),
            |o| o.max_side = "1000".parse().ok(),
            |o| o.max_pixels = "1M".parse().ok(),
            |o| o.max_density = "150".parse().ok(),
            |o| o.gray = true,
            |o| o.subsample = true,
        ];
        for set in set {
            assert_eq!(chosen(set), Ok("reencode"));
            assert_eq!(
                chosen(|o| {
                    set(o);
                    o.optimize = true;
                }),
                Ok("reencode")
            );
            for backend in [BackendName::Passthrough, BackendName::Transcode] {
                let chosen = chosen(|o| {
                    set(o);
                    o.backend = backend;
                });
                assert!(chosen.is_err(), "{backend}");
            }
            let both = chosen(|o| {
                set(o);
                o.progressive = true;
            });
            assert_eq!(both.unwrap_err().name, "progressive");
        }
    }
}

//! Backends and their settings by name, for command lines and forms.

use super::{Auto, Backend, Passthrough, Transcode};
#[cfg(feature = "reencode")]
use super::{Quality, Reencode};
#[cfg(feature = "reencode")]
use crate::density::Density;

/// A backend in the making, from names and values as people write them.
///
/// | name | value | goes with |
/// |---|---|---|
/// | `backend` | `auto` (default; also `lossless`), `passthrough`, `transcode` or `reencode` | |
/// | `optimize` | `true` or `false` | `transcode`, which it implies |
/// | `progressive` | `true` or `false` | `transcode`, which it implies |
/// | `quality` | 1 to 100 | `reencode` |
/// | `max-density` | pixels per inch, 10 to 12,800 | `reencode` |
/// | `gray` | `true` or `false` | `reencode` |
/// | `subsample` | `true` or `false` | `reencode` |
/// | `max-size` | bytes | `reencode` |
///
/// Nothing implies `reencode`: what loses something must be named.
#[derive(Debug, Clone, Default)]
#[cfg_attr(
    feature = "reencode",
    expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")
)]
pub struct Choice {
    backend: Option<Name>,
    optimize: bool,
    progressive: bool,
    #[cfg(feature = "reencode")]
    quality: Option<Quality>,
    #[cfg(feature = "reencode")]
    max_density: Option<Density>,
    #[cfg(feature = "reencode")]
    max_size: Option<u64>,
    #[cfg(feature = "reencode")]
    gray: bool,
    #[cfg(feature = "reencode")]
    subsample: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Auto,
    Passthrough,
    Transcode,
    #[cfg(feature = "reencode")]
    Reencode,
}

/// A name or value that makes no sense, or not beside the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct ChoiceError {
    /// The name, as it was given.
    pub name: String,
    /// What would make sense.
    pub reason: &'static str,
}

impl ChoiceError {
    fn new(name: &str, reason: &'static str) -> Self {
        Self {
            name: name.to_owned(),
            reason,
        }
    }
}

impl Choice {
    /// All names.
    pub const NAMES: &[&str] = &[
        "backend",
        "optimize",
        "progressive",
        #[cfg(feature = "reencode")]
        "quality",
        #[cfg(feature = "reencode")]
        "max-density",
        #[cfg(feature = "reencode")]
        "gray",
        #[cfg(feature = "reencode")]
        "subsample",
        #[cfg(feature = "reencode")]
        "max-size",
    ];

    /// Sets one thing.
    ///
    /// # Errors
    ///
    /// An unknown name, or a value out of range.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ChoiceError> {
        let wrong = |reason| ChoiceError::new(name, reason);
        let switch = || match value {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(wrong("expected true or false")),
        };
        match name {
            "backend" => {
                self.backend = Some(match value {
                    "auto" | "lossless" => Name::Auto,
                    "passthrough" => Name::Passthrough,
                    "transcode" => Name::Transcode,
                    #[cfg(feature = "reencode")]
                    "reencode" => Name::Reencode,
                    _ => {
                        return Err(wrong("expected auto, passthrough, transcode or reencode"));
                    }
                });
            }
            "optimize" => self.optimize = switch()?,
            "progressive" => self.progressive = switch()?,
            #[cfg(feature = "reencode")]
            "quality" => {
                let quality = value.parse().ok().and_then(Quality::new);
                self.quality = Some(quality.ok_or(wrong("expected a whole number from 1 to 100"))?);
            }
            #[cfg(feature = "reencode")]
            "max-density" => {
                let density = value.parse().ok().and_then(Density::new);
                self.max_density =
                    Some(density.ok_or(wrong("expected 10 to 12800 pixels per inch"))?);
            }
            #[cfg(feature = "reencode")]
            "max-size" => {
                let size = value.parse().ok();
                self.max_size = Some(size.ok_or(wrong("expected a number of bytes"))?);
            }
            #[cfg(feature = "reencode")]
            "gray" => self.gray = switch()?,
            #[cfg(feature = "reencode")]
            "subsample" => self.subsample = switch()?,
            _ => return Err(wrong("there is no such option")),
        }
        Ok(())
    }

    /// The backend.
    ///
    /// # Errors
    ///
    /// Settings that do not go together.
    pub fn backend(&self) -> Result<Box<dyn Backend>, ChoiceError> {
        let transcodes = [
            ("optimize", self.optimize),
            ("progressive", self.progressive),
        ];
        let transcode = transcodes
            .into_iter()
            .find_map(|(name, is_set)| is_set.then_some(name));
        let name = match (self.backend, transcode) {
            (None, None) => Name::Auto,
            (None | Some(Name::Transcode), _) => Name::Transcode,
            (Some(_), Some(name)) => {
                return Err(ChoiceError::new(
                    name,
                    "goes with the backend transcode only",
                ));
            }
            (Some(name), None) => name,
        };
        self.check_lossy(name)?;
        Ok(match name {
            Name::Auto => Box::new(Auto),
            Name::Passthrough => Box::new(Passthrough),
            Name::Transcode => Box::new(Transcode {
                progressive: self.progressive,
            }),
            #[cfg(feature = "reencode")]
            Name::Reencode => Box::new(Reencode {
                quality: self.quality.unwrap_or_default(),
                max_density: self.max_density,
                gray: self.gray,
                subsample: self.subsample,
                max_size: self.max_size,
            }),
        })
    }

    #[cfg(feature = "reencode")]
    fn check_lossy(&self, name: Name) -> Result<(), ChoiceError> {
        let lossy = [
            ("quality", self.quality.is_some()),
            ("max-density", self.max_density.is_some()),
            ("max-size", self.max_size.is_some()),
            ("gray", self.gray),
            ("subsample", self.subsample),
        ];
        match lossy.into_iter().find(|&(_, is_set)| is_set) {
            Some((lossy, _)) if name != Name::Reencode => Err(ChoiceError::new(
                lossy,
                "goes with the backend reencode only",
            )),
            _ => Ok(()),
        }
    }

    #[cfg(not(feature = "reencode"))]
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "its twin checks"
    )]
    fn check_lossy(&self, _: Name) -> Result<(), ChoiceError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(words: &[(&str, &str)]) -> Result<&'static str, ChoiceError> {
        let mut choice = Choice::default();
        for (name, value) in words {
            choice.set(name, value)?;
        }
        Ok(choice.backend()?.name())
    }

    #[test]
    fn nothing_is_lost_unless_that_is_named() {
        assert_eq!(chosen(&[]), Ok("auto"));
        assert_eq!(chosen(&[("optimize", "true")]), Ok("transcode"));
        assert_eq!(chosen(&[("progressive", "true")]), Ok("transcode"));
        assert_eq!(chosen(&[("backend", "passthrough")]), Ok("passthrough"));
    }

    #[test]
    fn every_name_is_known() {
        for name in Choice::NAMES {
            let error = Choice::default().set(name, "nonsense").unwrap_err();
            assert!(error.reason.starts_with("expected"), "{error}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_its_name() {
        for (words, name) in [
            (&[("qualty", "1")][..], "qualty"),
            (&[("backend", "magic")], "backend"),
            (&[("optimize", "yes")], "optimize"),
            (
                &[("backend", "lossless"), ("progressive", "true")],
                "progressive",
            ),
        ] {
            assert_eq!(chosen(words).unwrap_err().name, name);
        }
    }

    #[cfg(feature = "reencode")]
    #[test]
    fn settings_that_lose_something_go_with_reencode_only() {
        for (name, value, wrong) in [
            ("quality", "40", "101"),
            ("max-density", "150", "9"),
            ("max-size", "100000", "-1"),
            ("gray", "true", "1"),
            ("subsample", "true", "1"),
        ] {
            assert_eq!(
                chosen(&[("backend", "reencode"), (name, value)]),
                Ok("reencode")
            );
            assert_eq!(chosen(&[(name, value)]).unwrap_err().name, name);
            assert_eq!(
                chosen(&[("backend", "reencode"), (name, wrong)])
                    .unwrap_err()
                    .name,
                name
            );
        }
    }
}

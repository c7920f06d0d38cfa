//! Values that are written as text.

use std::borrow::Cow;

/// Text that is not a valid value. The error says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct ValueError(Cow<'static, str>);

impl ValueError {
    pub(crate) const fn expected(what: &'static str) -> Self {
        Self(Cow::Borrowed(what))
    }
}

/// An option that does not exist, has an invalid value, or contradicts other options or the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct OptionError {
    /// The name of the option, as it was given.
    pub name: Cow<'static, str>,
    /// The reason.
    pub reason: Cow<'static, str>,
}

impl OptionError {
    /// Rejects an option for this reason.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            reason: reason.into(),
        }
    }
}

/// A type with a few named values.
pub(crate) trait Named: Copy + PartialEq + 'static {
    /// The values with their names. Further names of a value follow the first, and are accepted but never written.
    const NAMES: &[(&str, Self)];
}

/// Implements parsing and writing by name.
macro_rules! by_name {
    ($($type:ty),+) => {$(
        impl std::str::FromStr for $type {
            type Err = $crate::value::ValueError;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                $crate::value::named(name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::value::name_of(*self))
            }
        }
    )+};
}

pub(crate) use by_name;

/// Returns the value with this name, in upper or lower case.
pub(crate) fn named<T: Named>(name: &str) -> Result<T, ValueError> {
    let known = T::NAMES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known));
    known.map(|&(_, value)| value).ok_or_else(|| {
        let mut first: Vec<(&str, T)> = Vec::new();
        for &(name, value) in T::NAMES {
            if first.iter().all(|&(_, seen)| seen != value) {
                first.push((name, value));
            }
        }
        let names: Vec<&str> = first.iter().map(|&(name, _)| name).collect();
        ValueError(match names.split_last() {
            Some((last, [])) => (*last).to_owned().into(),
            Some((last, names)) => format!("{} or {last}", names.join(", ")).into(),
            None => "nothing".into(),
        })
    })
}

/// Returns the name of a value.
pub(crate) fn name_of<T: Named>(value: T) -> &'static str {
    let known = T::NAMES.iter().find(|&&(_, known)| known == value);
    known.expect("every value has a name").0
}

/// Parses a finite number above 0.
pub(crate) fn positive(text: &str) -> Option<f64> {
    non_negative(text).filter(|&number| number > 0.0)
}

/// Parses a finite number that is 0 or more.
pub(crate) fn non_negative(text: &str) -> Option<f64> {
    let number = text.trim().parse().ok()?;
    (0.0..f64::INFINITY).contains(&number).then_some(number)
}

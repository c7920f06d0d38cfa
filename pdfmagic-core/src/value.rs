//! What values have in common that people write as text.

use std::borrow::Cow;

/// Text that is no value of its kind. Says what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct ValueError(Cow<'static, str>);

impl ValueError {
    pub(crate) const fn expected(what: &'static str) -> Self {
        Self(Cow::Borrowed(what))
    }
}

/// An option that does not exist, whose value makes no sense, or that does not go with the others or with the input.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {reason}")]
pub struct OptionError {
    /// The name of the option, as it was given.
    pub name: Cow<'static, str>,
    /// What is wrong.
    pub reason: Cow<'static, str>,
}

impl OptionError {
    /// Refuses an option for this reason.
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>, reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            reason: reason.into(),
        }
    }
}

/// A value that is one of a few, each with a name.
pub(crate) trait Named: Copy + PartialEq + 'static {
    /// Each value with its name. Further names of a value come after it, and are understood only.
    const NAMES: &[(&str, Self)];
}

/// Lets values be read and written by their names.
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

/// The value of this name, in upper or lower case.
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

/// The name of a value.
pub(crate) fn name_of<T: Named>(value: T) -> &'static str {
    let known = T::NAMES.iter().find(|&&(_, known)| known == value);
    known.expect("every value has a name").0
}

/// A number that is greater than 0 and finite, from decimal digits.
pub(crate) fn positive(text: &str) -> Option<f64> {
    non_negative(text).filter(|&number| number > 0.0)
}

/// The same, or 0.
pub(crate) fn non_negative(text: &str) -> Option<f64> {
    let number = text.trim().parse().ok()?;
    (0.0..f64::INFINITY).contains(&number).then_some(number)
}

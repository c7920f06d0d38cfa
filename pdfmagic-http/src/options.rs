//! Options of a conversion, from a query, a form field or a JSON part, by the names that the command line gives them.

use std::borrow::Cow;

use pdfmagic_core::{Backend, OptionError, Settings};

use crate::problem::Problem;

impl From<OptionError> for Problem {
    fn from(error: OptionError) -> Self {
        Self::Option {
            name: error.name.into_owned(),
            reason: error.reason.into_owned(),
        }
    }
}

/// Options by name, each known and sound.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice(Settings);

impl Choice {
    pub(crate) fn set(&mut self, name: &str, value: &str) -> Result<(), OptionError> {
        let mut one = Settings::default();
        one.set(name, value);
        one.options(Vec::new())?;
        self.0.set(name, value);
        Ok(())
    }

    pub(crate) fn backend(&self) -> Result<Box<dyn Backend>, OptionError> {
        let options = self.0.clone().options(Vec::new())?;
        options.page(0).1.backend()
    }
}

/// Takes the options of a query. An unknown one is refused, never ignored.
pub(crate) fn of_query(query: &str) -> Result<Choice, Problem> {
    of_pairs(form_urlencoded::parse(query.as_bytes()))
}

/// The same, and whether the answer is to be streamed.
pub(crate) fn of_query_with_stream(query: &str) -> Result<(Choice, bool), Problem> {
    let pairs = form_urlencoded::parse(query.as_bytes());
    let (stream, others): (Vec<_>, Vec<_>) = pairs.partition(|(name, _)| name == "stream");
    let mut is_streamed = false;
    for (name, value) in stream {
        is_streamed = value.parse().map_err(|_| Problem::Option {
            name: name.into_owned(),
            reason: "expected true or false".to_owned(),
        })?;
    }
    Ok((of_pairs(others)?, is_streamed))
}

fn of_pairs<'q>(
    pairs: impl IntoIterator<Item = (Cow<'q, str>, Cow<'q, str>)>,
) -> Result<Choice, Problem> {
    let mut choice = Choice::default();
    for (name, value) in pairs {
        choice.set(&name, &value)?;
    }
    Ok(choice)
}

/// The options of each page from a JSON part: an object of options for all pages, in which `pages` may be an array of
/// such objects for one page each.
pub(crate) fn of_pages(json: &[u8], all: &Choice, pages: usize) -> Result<Vec<Choice>, Problem> {
    let mut all = all.0.clone();
    let single = all.set_object(json)?;
    if single.len() > pages {
        return Err(Problem::Option {
            name: "options".to_owned(),
            reason: format!("pages is not an array of at most {pages} objects"),
        });
    }
    all.clone().options(single.clone())?;
    let mut choices = vec![Choice(all); pages];
    for (choice, single) in choices.iter_mut().zip(&single) {
        choice.0.merge(single);
    }
    Ok(choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_chooses_a_backend() {
        assert_eq!(of_query("").unwrap().backend().unwrap().name(), "auto");
        let choice = of_query("backend=reencode&quality=40&max-density=150").unwrap();
        assert_eq!(choice.backend().unwrap().name(), "reencode");
    }

    #[test]
    fn an_unknown_option_is_refused() {
        assert!(
            matches!(of_query("qualty=1"), Err(Problem::Option { name, .. }) if name == "qualty")
        );
    }

    #[test]
    fn pages_have_options_of_their_own() {
        let json =
            br#"{"backend": "reencode", "pages": [{"quality": 10}, {"backend": "passthrough"}]}"#;
        let choices = of_pages(json, &Choice::default(), 3).unwrap();
        let names: Vec<_> = choices
            .iter()
            .map(|c| c.backend().unwrap().name())
            .collect();
        assert_eq!(names, ["reencode", "passthrough", "reencode"]);
        for wrong in [
            "",
            "[]",
            r#"{"pages": 1}"#,
            r#"{"pages": [1]}"#,
            r#"{"pages": [{}, {}, {}, {}]}"#,
            r#"{"a": 1}"#,
        ] {
            assert!(
                of_pages(wrong.as_bytes(), &Choice::default(), 3).is_err(),
                "{wrong}"
            );
        }
    }
}

//! The texts of the page, in the reader's preferred language.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::http::{HeaderMap, header};

/// Texts by name.
pub(super) type Texts = BTreeMap<String, String>;

/// The texts of each language.
static CATALOGUE: LazyLock<BTreeMap<String, Texts>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../web/texts.json")).expect("the catalogue is valid")
});

/// A language for which there are texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Language(&'static str);

impl Language {
    pub(super) const ENGLISH: Self = Self("en");

    /// Returns the language that a client prefers (RFC 9110, 12.5.4), or English if there are no texts in any of its
    /// languages.
    pub(super) fn preferred(headers: &HeaderMap) -> Self {
        let wanted = headers.get(header::ACCEPT_LANGUAGE);
        let wanted = wanted
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let mut best = (0.0, "en");
        for range in wanted.split(',') {
            let (tag, weight) = range.split_once(';').unwrap_or((range, "q=1"));
            let weight = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|q| q.parse().ok());
            let weight: f64 = weight.unwrap_or(0.0);
            let primary = tag.trim().split('-').next().unwrap_or_default();
            let known = CATALOGUE
                .keys()
                .find(|known| known.eq_ignore_ascii_case(primary));
            if let Some(known) = known
                && weight > best.0
            {
                best = (weight, known);
            }
        }
        Self(best.1)
    }

    /// The tag of the language.
    pub(super) fn tag(self) -> &'static str {
        self.0
    }

    /// The texts of the language.
    pub(super) fn texts(self) -> &'static Texts {
        &CATALOGUE[self.0]
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_preferred_language_is_taken() {
        for (wanted, expected) in [
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("es, fr;q=0.5, en;q=0.4", "fr"),
            ("en;q=0.1, DE;q=0.2", "de"),
            ("de;q=0", "en"),
            ("*", "en"),
            ("ja", "en"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(wanted));
            assert_eq!(Language::preferred(&headers).tag(), expected, "{wanted}");
        }
    }

    #[test]
    fn every_language_has_every_text_with_the_same_placeholders() {
        let gaps = |text: &str| {
            let mut gaps: Vec<_> = text
                .split('{')
                .skip(1)
                .map(|gap| gap.split('}').next())
                .map(|gap| gap.map(str::to_owned))
                .collect();
            gaps.sort();
            gaps
        };
        let english = &CATALOGUE["en"];
        for (tag, texts) in &*CATALOGUE {
            let names = |texts: &Texts| texts.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(texts), names(english), "{tag}");
            for (name, text) in texts {
                assert_eq!(gaps(text), gaps(&english[name]), "{tag}: {name}");
            }
        }
    }
}

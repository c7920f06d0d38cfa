//! Options by name, as in queries, forms and JSON.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error};
use serde_json::{Map, Value};

use super::from_text::{Fields, names};
use super::{DocumentOptions, ImageOptions, InputOptions, PageOptions};
use crate::value::OptionError;

/// Options by name, as in queries, forms and JSON. A later value replaces an earlier one.
///
/// Names are those of the fields of [`PageOptions`], [`ImageOptions`], [`InputOptions`] and [`DocumentOptions`], with
/// `-` or `_` between words. A switch is `true`, `false`, `1`, `0`, `yes`, `no`, `on` or `off`; other values have the
/// text form of the type of the field.
///
/// ```
/// use pdfmagic_core::{PageOptions, Settings};
///
/// let mut settings = Settings::default();
/// settings.set("pagesize", "A4");
/// settings.set("auto_orient", "yes");
/// let page: PageOptions = settings.take()?;
/// assert!(page.auto_orient && page.pagesize.is_some());
///
/// settings.set("bordr", "1cm");
/// assert_eq!(settings.finish().unwrap_err().to_string(), "bordr: no such option; did you mean border?");
/// # Ok::<(), pdfmagic_core::OptionError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Settings(BTreeMap<String, String>);

/// The options of a whole conversion: of the document, of all pages, and of single pages.
#[derive(Debug, Clone, Default)]
pub struct ConversionOptions {
    document: DocumentOptions,
    all: PageSettings,
    single: Vec<PageSettings>,
}

/// The options of a page.
#[derive(Debug, Clone, Default)]
struct PageSettings {
    page: PageOptions,
    image: ImageOptions,
    input: InputOptions,
}

impl PageSettings {
    fn take(settings: &mut Settings) -> Result<Self, OptionError> {
        Ok(Self {
            page: settings.take()?,
            image: settings.take()?,
            input: settings.take()?,
        })
    }
}

impl Settings {
    /// Sets one option. Whether it exists is checked later.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.replace('_', "-"), value.into());
    }

    /// Sets every option that `other` sets.
    pub fn merge(&mut self, other: &Settings) {
        let settings = other
            .0
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()));
        self.0.extend(settings);
    }

    /// Sets every option in `options`.
    ///
    /// # Errors
    ///
    /// If the value of an option is itself a structure. No option of this crate has such a value.
    pub fn set_all(&mut self, options: &impl Serialize) -> Result<(), OptionError> {
        let options = serde_json::to_value(options).map_err(OptionError::custom)?;
        for (name, value) in options.as_object().into_iter().flatten() {
            self.set_json(name, value)?;
        }
        Ok(())
    }

    /// Sets the options in a JSON object. Its member `pages` may be an array of such objects, one for each page; these
    /// are returned.
    ///
    /// # Errors
    ///
    /// If the JSON is not such an object; the error names `options`.
    pub fn set_object(&mut self, json: &[u8]) -> Result<Vec<Settings>, OptionError> {
        let refuse = |reason: String| OptionError::new("options", reason);
        let object: Map<String, Value> =
            serde_json::from_slice(json).map_err(|error| refuse(error.to_string()))?;
        let mut pages = Vec::new();
        for (name, value) in &object {
            match value {
                Value::Array(single) if name == "pages" => pages.extend(single),
                _ if name == "pages" => return Err(refuse("pages is not an array".to_owned())),
                value => self.set_json(name, value)?,
            }
        }
        let single = pages.into_iter().map(|page| {
            let mut settings = Self::default();
            let page = page
                .as_object()
                .ok_or_else(|| refuse("pages holds more than objects".to_owned()))?;
            for (name, value) in page {
                settings.set_json(name, value)?;
            }
            Ok(settings)
        });
        single.collect()
    }

    fn set_json(&mut self, name: &str, value: &Value) -> Result<(), OptionError> {
        match value {
            Value::Null => {}
            Value::String(text) => self.set(name, text),
            Value::Array(parts) => {
                let parts = parts.iter().map(|part| match part {
                    Value::String(text) => text.clone(),
                    part => part.to_string(),
                });
                let parts: Vec<_> = parts.collect();
                if !parts.is_empty() {
                    self.set(name, parts.join(","));
                }
            }
            Value::Object(_) => {
                return Err(OptionError::new(
                    name.to_owned(),
                    "expected a value, not an object",
                ));
            }
            value => self.set(name, value.to_string()),
        }
        Ok(())
    }

    /// Whether no option is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the options of one type.
    ///
    /// # Errors
    ///
    /// An invalid value.
    pub fn take<T: DeserializeOwned + Default>(&mut self) -> Result<T, OptionError> {
        if self.is_empty() {
            return Ok(T::default());
        }
        let names = names::<T>();
        let (taken, rest) = std::mem::take(&mut self.0)
            .into_iter()
            .partition(|(name, _)| names.contains(&&**name));
        self.0 = rest;
        T::deserialize(MapAccessDeserializer::new(Fields::new(&taken)))
    }

    /// Returns all options. `single` has the options of single pages, where they differ.
    ///
    /// # Errors
    ///
    /// The same as those of [`take`](Self::take) and [`finish`](Self::finish).
    pub fn options(mut self, single: Vec<Settings>) -> Result<ConversionOptions, OptionError> {
        let single = single.into_iter().map(|mut own| {
            let mut merged = self.clone();
            merged.merge(&own);
            // This rejects options of the document and unknown options.
            PageSettings::take(&mut own)?;
            own.finish()?;
            PageSettings::take(&mut merged)
        });
        let single = single.collect::<Result<_, _>>()?;
        let options = ConversionOptions {
            all: PageSettings::take(&mut self)?,
            document: self.take()?,
            single,
        };
        self.finish().map(|()| options)
    }

    /// Checks that no option is left.
    ///
    /// # Errors
    ///
    /// An option that does not exist, or was not taken.
    pub fn finish(self) -> Result<(), OptionError> {
        let Some((name, _)) = self.0.into_iter().next() else {
            return Ok(());
        };
        let known = Self::names();
        if known.contains(&&*name) {
            return Err(OptionError::new(name, "cannot be set here"));
        }
        let likeness = |known: &&str| strsim::jaro(known, &name);
        let nearest = known
            .into_iter()
            .max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
            .filter(|nearest| likeness(nearest) > 0.7);
        let reason = match nearest {
            Some(nearest) => format!("no such option; did you mean {nearest}?").into(),
            None => "no such option".into(),
        };
        Err(OptionError {
            name: name.into(),
            reason,
        })
    }

    /// The names of all options.
    #[must_use]
    pub fn names() -> Vec<&'static str> {
        [
            names::<PageOptions>(),
            names::<ImageOptions>(),
            names::<InputOptions>(),
            names::<DocumentOptions>(),
        ]
        .concat()
    }
}

impl ConversionOptions {
    /// Creates options that are the same for all pages.
    #[must_use]
    pub fn new(
        document: DocumentOptions,
        page: PageOptions,
        image: ImageOptions,
        input: InputOptions,
    ) -> Self {
        Self {
            document,
            all: PageSettings { page, image, input },
            single: Vec::new(),
        }
    }

    /// The options of the document.
    #[must_use]
    pub fn document(&self) -> &DocumentOptions {
        &self.document
    }

    /// The options of a page, by the index of its input, from 0.
    #[must_use]
    pub fn page(&self, index: usize) -> (&PageOptions, &ImageOptions) {
        let own = self.single.get(index).unwrap_or(&self.all);
        (&own.page, &own.image)
    }

    /// The input options of a page, by the index of its input, from 0.
    #[must_use]
    pub fn input(&self, index: usize) -> InputOptions {
        self.single.get(index).unwrap_or(&self.all).input
    }

    /// The number of pages with options of their own.
    #[must_use]
    pub fn single(&self) -> usize {
        self.single.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(settings: &[(&str, &str)]) -> String {
        let mut all = Settings::default();
        for (name, value) in settings {
            all.set(name, *value);
        }
        all.options(Vec::new()).unwrap_err().to_string()
    }

    #[test]
    fn empty_settings_give_the_defaults() {
        let options = Settings::default().options(Vec::new()).unwrap();
        assert_eq!(options.page(0).0, &PageOptions::default());
        assert_eq!(options.page(7).1, &ImageOptions::default());
        assert_eq!(options.document(), &DocumentOptions::default());
    }

    #[test]
    fn a_switch_has_many_spellings() {
        for (text, is_set) in [
            ("true", true),
            ("1", true),
            ("YES", true),
            ("on", true),
            ("False", false),
            ("0", false),
            ("no", false),
            ("OFF", false),
        ] {
            let mut settings = Settings::default();
            settings.set("optimize", text);
            let options: ImageOptions = settings.take().unwrap();
            assert_eq!(options.optimize, is_set, "{text}");
        }
    }

    #[test]
    fn invalid_settings_are_rejected_with_name_and_reason() {
        for (name, value, refusal) in [
            ("optimize", "perhaps", "optimize: expected true or false"),
            (
                "quality",
                "101",
                "quality: expected a whole number from 1 to 100",
            ),
            (
                "quality",
                "good",
                "quality: expected a whole number from 1 to 100",
            ),
            (
                "max-side",
                "0",
                "max-side: expected a whole number from 1 to 65535",
            ),
            (
                "fallback_density",
                "9",
                "fallback-density: expected 10 to 12800 pixels per inch",
            ),
            (
                "fit",
                "tight",
                "fit: expected into, fill, exact, shrink or enlarge",
            ),
            (
                "rotation",
                "45",
                "rotation: expected auto, none, 90, 180, 270, auto+90, auto+180 or auto+270",
            ),
            (
                "max-size",
                "-1",
                "max-size: expected a number such as 500000, 500k, 2M or 2MiB",
            ),
            (
                "qualty",
                "50",
                "qualty: no such option; did you mean quality?",
            ),
            (
                "bordr",
                "1cm",
                "bordr: no such option; did you mean border?",
            ),
            ("zzz", "", "zzz: no such option"),
        ] {
            assert_eq!(refused(&[(name, value)]), refusal);
        }
    }

    #[test]
    fn page_options_override_common_options() {
        let json = br#"{"quality": 40, "pagesize": "A4", "gray": true, "keywords": ["a", "b"],
            "pages": [{}, {"pagesize": "A5", "gray": false, "border": null}]}"#;
        let mut settings = Settings::default();
        settings.set("quality", "90");
        let single = settings.set_object(json).unwrap();
        let options = settings.options(single).unwrap();
        let size = |index| options.page(index).0.pagesize;
        assert_eq!(size(0), "A4".parse().ok());
        assert_eq!(size(1), "A5".parse().ok());
        assert_eq!(size(2), "A4".parse().ok());
        let quality = options.page(1).1.quality.map(crate::quality::Quality::get);
        assert_eq!((quality, options.page(1).1.gray), (Some(40), false));
        assert_eq!(options.document().keywords, ["a,b"]);
        assert_eq!(options.single(), 2);
    }

    #[test]
    fn document_options_are_rejected_for_a_page() {
        let single = Settings::default().set_object(br#"{"pages": [{"title": "T"}]}"#);
        let refusal = Settings::default().options(single.unwrap()).unwrap_err();
        assert_eq!(refusal.to_string(), "title: cannot be set here");
    }

    #[test]
    fn invalid_option_objects_are_rejected() {
        for json in [
            "",
            "[]",
            r#"{"pages": 1}"#,
            r#"{"pages": [1]}"#,
            r#"{"fit": {}}"#,
        ] {
            assert!(
                Settings::default().set_object(json.as_bytes()).is_err(),
                "{json}"
            );
        }
    }

    #[test]
    fn options_round_trip_through_settings() {
        let page = PageOptions {
            pagesize: "x10cm".parse().ok(),
            imgsize: "300dpix50%".parse().ok(),
            border: "1cm:2in:3pt:4.25mm".parse().ok(),
            density: "123.5".parse().ok(),
            split_strips: true,
            rotation: "270".parse().unwrap(),
            ..PageOptions::default()
        };
        let document = DocumentOptions {
            title: Some("Ünïcode".to_owned()),
            keywords: vec!["a".to_owned()],
            moddate: "2026-01-02T03:04:05Z".parse().ok(),
            lang: "de-AT".parse().ok(),
            viewer_initial_page: "3".parse().ok(),
            viewer_magnification: "1.25".parse().ok(),
            ..DocumentOptions::default()
        };
        let mut settings = Settings::default();
        settings.set_all(&page).unwrap();
        settings.set_all(&document).unwrap();
        assert_eq!(settings.take(), Ok(page));
        assert_eq!(settings.take(), Ok(document));
        assert_eq!(settings.finish(), Ok(()));
    }
}

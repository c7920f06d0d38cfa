//! Deserializes the fields of a structure from strings.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};
use std::str::FromStr;

use serde::de::value::SeqDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use crate::value::OptionError;

/// Returns the names of a structure's fields.
pub(super) fn names<T: DeserializeOwned>() -> &'static [&'static str] {
    let mut names: &[&str] = &[];
    // The deserializer always fails, but only after it has recorded the names.
    let _ = T::deserialize(Names(&mut names));
    names
}

/// A deserializer that records the names of fields and has no values.
struct Names<'n>(&'n mut &'static [&'static str]);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = OptionError;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, OptionError> {
        Err(OptionError::custom(
            "only the names of fields are asked for",
        ))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, OptionError> {
        *self.0 = fields;
        self.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// Settings as the fields of a structure.
pub(super) struct Fields<'s> {
    rest: btree_map::Iter<'s, String, String>,
    next: Option<(&'s String, &'s String)>,
}

impl<'s> Fields<'s> {
    pub(super) fn new(settings: &'s BTreeMap<String, String>) -> Self {
        Self {
            rest: settings.iter(),
            next: None,
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'de> {
    type Error = OptionError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, OptionError> {
        self.next = self.rest.next();
        let name = self.next.map(|(name, _)| Text(name));
        name.map(|name| seed.deserialize(name)).transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, OptionError> {
        let (name, text) = self.next.expect("a value comes after its key");
        let value = seed.deserialize(Text(text));
        // The error does not have the name of the option yet.
        value.map_err(|error| OptionError::new(name.clone(), error.reason))
    }
}

/// A string, to be parsed as any type that is requested.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl Text<'_> {
    fn number<T: FromStr>(self, expected: &str) -> Result<T, OptionError> {
        let number = self.0.trim().parse();
        number.map_err(|_| OptionError::custom(format_args!("expected {expected}")))
    }
}

impl<'de> IntoDeserializer<'de, OptionError> for Text<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Text<'de> {
    type Error = OptionError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        visitor.visit_borrowed_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        visitor.visit_some(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        visitor.visit_seq(SeqDeserializer::new([self].into_iter()))
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        visitor.visit_bool(match &*self.0.to_ascii_lowercase() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => return Err(OptionError::custom("expected true or false")),
        })
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        // Every type based on u8 checks its range, and excludes 0.
        visitor.visit_u8(self.0.trim().parse().unwrap_or(0))
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        let number: NonZeroU16 = self.number("a whole number from 1 to 65535")?;
        visitor.visit_u16(number.get())
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        let number: NonZeroU32 = self.number("a whole number from 1 to 4294967295")?;
        visitor.visit_u32(number.get())
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, OptionError> {
        visitor.visit_f64(self.number("a number")?)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 i128 u64 u128 f32 char str string bytes byte_buf unit unit_struct newtype_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// An invalid value. The caller adds the name of the option.
impl Error for OptionError {
    fn custom<T: fmt::Display>(reason: T) -> Self {
        Self::new("", reason.to_string())
    }
}

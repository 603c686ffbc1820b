//! Looking at JSON without building it: is it valid, and which keys does it have?

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What JSON looks like from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Shape {
    /// Whether it is a list; the keys are then those of its first member.
    pub list: bool,
    /// The keys of the object.
    pub keys: Vec<String>,
}

/// How many keys are remembered; no sender has half as many.
const MOST_KEYS: usize = 100;

/// Looks at the whole of `text`.
///
/// # Errors
/// When it is not JSON, or neither an object nor a list.
pub(super) fn probe(text: &str) -> Result<Shape, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let shape = json.deserialize_any(Outside)?;
    json.end()?;
    Ok(shape)
}

struct Outside;

impl<'de> Visitor<'de> for Outside {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object, or a list of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut keys = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            map.next_value::<IgnoredAny>()?;
            if keys.len() < MOST_KEYS {
                keys.push(key);
            }
        }
        Ok(Shape { list: false, keys })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let first = list.next_element_seed(Member)?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape { list: true, keys: first.unwrap_or_default().keys })
    }
}

/// The first member of a list, which may be anything.
struct Member;

impl<'de> serde::de::DeserializeSeed<'de> for Member {
    type Value = Shape;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Shape, D::Error> {
        let raw = <&serde_json::value::RawValue as serde::Deserialize>::deserialize(deserializer)?;
        Ok(match raw.get().starts_with('{') {
            true => probe(raw.get()).unwrap_or_default(),
            false => Shape::default(),
        })
    }
}

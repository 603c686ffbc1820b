//! What is written: YAML as a tree in which every value knows its place.
//!
//! Reading the tree instead of deserialising into structures lets validation report every mistake at once, each with
//! line and column. Values are never part of an error here: they may be secrets.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::Problem;

/// A place in the configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Place {
    /// From 1.
    pub(crate) line: u64,
    /// From 1.
    pub(crate) column: u64,
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) value: Value,
}

#[derive(Debug, Clone)]
pub(crate) enum Value {
    Null,
    /// Text, a number or a boolean, as it is written.
    Scalar(String),
    List(Vec<Node>),
    /// Keys in the order of the file; YAML refuses two of one name.
    Map(Vec<(Node, Node)>),
}

/// A value before its written form is known.
enum Parsed {
    Null,
    Text(String),
    /// A plain scalar that YAML takes for a number or boolean; people may mean the text (a mobile number).
    Plain(String),
    List(Vec<Spanned<Parsed>>),
    Map(Vec<(Spanned<Parsed>, Spanned<Parsed>)>),
}

/// Parses a configuration file.
pub(crate) fn parse(source: &str) -> Result<Node, Problem> {
    let options = serde_saphyr::options! { with_snippet: false };
    let parsed: Spanned<Parsed> = serde_saphyr::from_str_with_options(source, options).map_err(|error| {
        let place = error.location().map(|at| Place { line: at.line(), column: at.column() }).unwrap_or_default();
        // The place is said by the problem itself.
        let text = error.without_snippet().to_string();
        let message = text.split(" at line ").next().unwrap_or_default().trim_start_matches("error: ");
        // The library's advice is for programmers.
        let message = message.split(", set DuplicateKeyPolicy").next().unwrap_or_default().to_owned();
        Problem { place: Some(place), path: String::new(), message }
    })?;
    Ok(Node::from_parsed(parsed, source))
}

// === impl Node ===

impl Node {
    fn from_parsed(parsed: Spanned<Parsed>, source: &str) -> Self {
        let at = parsed.referenced;
        let written = || {
            let span = parsed.defined.span();
            let start = span.byte_offset()? as usize;
            source.get(start..start + span.byte_len()? as usize).map(str::to_owned)
        };
        let value = match parsed.value {
            Parsed::Null => Value::Null,
            Parsed::Text(text) => Value::Scalar(text),
            Parsed::Plain(text) => Value::Scalar(written().unwrap_or(text)),
            Parsed::List(list) => Value::List(list.into_iter().map(|node| Self::from_parsed(node, source)).collect()),
            Parsed::Map(map) => Value::Map(
                map.into_iter()
                    .map(|(key, value)| (Self::from_parsed(key, source), Self::from_parsed(value, source)))
                    .collect(),
            ),
        };
        Self { place: Place { line: at.line(), column: at.column() }, value }
    }
}

// === impl Parsed ===

impl<'de> Deserialize<'de> for Parsed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ParsedVisitor;

        impl<'de> Visitor<'de> for ParsedVisitor {
            type Value = Parsed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("YAML")
            }

            fn visit_unit<E>(self) -> Result<Parsed, E> {
                Ok(Parsed::Null)
            }

            fn visit_none<E>(self) -> Result<Parsed, E> {
                Ok(Parsed::Null)
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Parsed, D::Error> {
                Parsed::deserialize(deserializer)
            }

            fn visit_str<E>(self, text: &str) -> Result<Parsed, E> {
                Ok(Parsed::Text(text.to_owned()))
            }

            fn visit_bool<E>(self, value: bool) -> Result<Parsed, E> {
                Ok(Parsed::Plain(value.to_string()))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Parsed, E> {
                Ok(Parsed::Plain(value.to_string()))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Parsed, E> {
                Ok(Parsed::Plain(value.to_string()))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Parsed, E> {
                Ok(Parsed::Plain(value.to_string()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Parsed, A::Error> {
                let mut list = Vec::new();
                while let Some(node) = seq.next_element()? {
                    list.push(node);
                }
                Ok(Parsed::List(list))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Parsed, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Parsed::Map(entries))
            }
        }

        deserializer.deserialize_any(ParsedVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry<'a>(node: &'a Node, key: &str) -> &'a Node {
        let Value::Map(map) = &node.value else { panic!("not a map: {node:?}") };
        let is_key = |node: &Node| matches!(&node.value, Value::Scalar(text) if text == key);
        &map.iter().find(|(name, _)| is_key(name)).expect("key").1
    }

    fn scalar(node: &Node) -> &str {
        let Value::Scalar(text) = &node.value else { panic!("not a scalar: {node:?}") };
        text
    }

    #[test]
    fn every_value_knows_its_place_and_keeps_its_writing() {
        let root = parse("a: 1\nb:\n  - 0138\n  - yes\n  - 1.10\n  - \"x\"\n  -\nc: {d: 2m}\n").expect("valid");
        assert_eq!(entry(&root, "a").place, Place { line: 1, column: 4 });
        let Value::List(list) = &entry(&root, "b").value else { panic!("not a list") };
        assert_eq!(list[..4].iter().map(scalar).collect::<Vec<_>>(), ["0138", "yes", "1.10", "x"]);
        assert!(matches!(list[4].value, Value::Null));
        let d = entry(entry(&root, "c"), "d");
        assert_eq!((scalar(d), d.place), ("2m", Place { line: 8, column: 8 }));
    }

    #[test]
    fn merges_and_aliases_are_followed() {
        let root = parse("base: &base {x: 1}\none: {<<: *base, y: 2}\ntwo: *base\n").expect("valid");
        assert_eq!(scalar(entry(entry(&root, "one"), "x")), "1");
        assert_eq!(scalar(entry(entry(&root, "two"), "x")), "1");
    }

    #[test]
    fn broken_yaml_and_duplicate_keys_are_told_with_their_place_and_no_value() {
        for (source, line) in [("a: [1\n", 1), ("x: 1\na: canary\nb: 2\na: canary\n", 4), ("a: 'canary\n", 2)] {
            let problem = parse(source).expect_err(source);
            assert_eq!(problem.place.expect("a place").line, line, "{source}: {problem:?}");
            assert!(!problem.message.contains("canary"), "{problem:?}");
        }
    }
}

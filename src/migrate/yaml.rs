//! Writes a configuration from the tree that it was read as.

use std::fmt::Write;

use crate::config::raw::{Node, Place, Value};

/// A text in the tree.
pub(super) fn scalar(text: impl Into<String>) -> Node {
    node(Value::Scalar(text.into()))
}

/// A list of texts in the tree.
pub(super) fn list<'a>(texts: impl IntoIterator<Item = &'a str>) -> Node {
    node(Value::List(texts.into_iter().map(scalar).collect()))
}

/// Names with values in the tree.
pub(super) fn map(entries: Vec<(&str, Node)>) -> Node {
    node(Value::Map(entries.into_iter().map(|(name, value)| (scalar(name), value)).collect()))
}

fn node(value: Value) -> Node {
    Node { place: Place::default(), value }
}

/// The value of `key` in a map.
pub(super) fn get<'n>(node: &'n Node, key: &str) -> Option<&'n Node> {
    entries(node).iter().find(|(name, _)| text(name) == Some(key)).map(|(_, value)| value)
}

/// The entries of a map; none of anything else.
pub(super) fn entries(node: &Node) -> &[(Node, Node)] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

/// The text that a node is.
pub(super) fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(text) => Some(text),
        _ => None,
    }
}

/// The texts of a list, or the only one.
pub(super) fn texts(node: &Node) -> Vec<&str> {
    match &node.value {
        Value::List(list) => list.iter().filter_map(text).collect(),
        _ => text(node).into_iter().collect(),
    }
}

/// The tree as YAML.
pub(super) fn written(node: &Node) -> String {
    let mut out = String::new();
    block(node, 0, &mut out);
    out
}

/// Writes what stands on lines of its own, `indent` levels deep.
fn block(node: &Node, indent: usize, out: &mut String) {
    let margin = "  ".repeat(indent);
    match &node.value {
        Value::Map(entries) if entries.is_empty() => {
            let _ = writeln!(out, "{margin}{{}}");
        }
        Value::Map(entries) => {
            for (name, value) in entries {
                let _ = write!(out, "{margin}{}:", quoted(text(name).unwrap_or_default()));
                below(value, indent, out);
            }
        }
        Value::List(list) => {
            for value in list {
                let mut inner = String::new();
                block(value, indent + 1, &mut inner);
                let _ = write!(out, "{margin}- {}", inner.trim_start());
            }
        }
        Value::Scalar(text) => {
            let _ = writeln!(out, "{margin}{}", quoted(text));
        }
        Value::Null => {
            let _ = writeln!(out, "{margin}null");
        }
    }
}

/// Writes what follows a name: on its line, or below it.
fn below(value: &Node, indent: usize, out: &mut String) {
    match &value.value {
        Value::Null => out.push('\n'),
        Value::Scalar(text) => {
            let _ = writeln!(out, " {}", quoted(text));
        }
        Value::List(list) if list.iter().all(|value| matches!(value.value, Value::Scalar(_))) => {
            let texts: Vec<_> = list.iter().filter_map(text).map(quoted).collect();
            let _ = writeln!(out, " [{}]", texts.join(", "));
        }
        Value::Map(entries) if entries.is_empty() => out.push_str(" {}\n"),
        Value::Map(_) | Value::List(_) => {
            out.push('\n');
            block(value, indent + 1, out);
        }
    }
}

/// A text so that YAML reads it as that text.
fn quoted(text: &str) -> String {
    let plain = |char: char| char.is_ascii_alphanumeric() || "_-./=?&%+@:".contains(char);
    let word = |text: &str| matches!(text, "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n");
    let starts = text.starts_with(|char: char| char.is_ascii_alphanumeric() || char == '/');
    let number = text.parse::<f64>().is_ok() || text.starts_with('0');
    if starts && text.chars().all(plain) && !text.ends_with(':') && (!number || text.len() < 6) && !word(text) {
        text.to_owned()
    } else if matches!(text, "true" | "false") {
        // A switch stays one.
        text.to_owned()
    } else if text.contains(|char: char| char.is_control() || char == '\u{FEFF}') {
        serde_json::Value::from(text).to_string()
    } else {
        format!("'{}'", text.replace('\'', "''"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::config::raw::parse;

    fn same(left: &Node, right: &Node) -> bool {
        match (&left.value, &right.value) {
            (Value::Map(left), Value::Map(right)) => {
                left.len() == right.len()
                    && left.iter().zip(right).all(|(left, right)| same(&left.0, &right.0) && same(&left.1, &right.1))
            }
            (Value::List(left), Value::List(right)) => {
                left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
            }
            (Value::Scalar(left), Value::Scalar(right)) => left == right,
            (Value::Null, Value::Null) => true,
            _ => false,
        }
    }

    #[test]
    fn a_configuration_is_written_as_people_write_it() {
        let tree = parse(
            "timeout: 5s\ntargets:\n  a: {url: 'https://x.test/robot/send?access_token=1', secret: SEC1, mention: {all: true, \
             mobiles: ['13800000000', \"13900000000\"]}}\n  b:\n    robots:\n      - url: sandbox\n        secret: \"x y\"\n      - {}\n    x:\n",
        );
        insta::assert_snapshot!(written(&tree.expect("YAML")), @r"
        timeout: 5s
        targets:
          a:
            url: https://x.test/robot/send?access_token=1
            secret: SEC1
            mention:
              all: true
              mobiles: ['13800000000', '13900000000']
          b:
            robots:
              - url: sandbox
                secret: 'x y'
              - {}
            x:
        ");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_the_same(texts in proptest::collection::vec(any::<String>(), 1..4), words in "[a-z0-9:#'\"\\[{}&*!|>%@` \n-]{0,12}") {
            // YAML has no way to write these.
            let texts: Vec<String> = texts.into_iter().chain([words]).map(|text| text.replace('\0', "")).collect();
            let entries = texts.iter().map(|text| ("k", map(vec![("text", scalar(text.clone())), ("list", list([text.as_str(), "x"]))])));
            let names: Vec<String> = (0..texts.len()).map(|index| format!("k{index}")).collect();
            let tree = map(names.iter().map(String::as_str).zip(entries.map(|(_, node)| node)).collect());
            let written = written(&tree);
            let read = parse(&written);
            prop_assert!(read.as_ref().is_ok_and(|read| same(read, &tree)), "{written}\n{read:?}");
        }
    }
}

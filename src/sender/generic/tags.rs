//! Labels, in the forms in which people write names and values.

use serde_json::{Value, json};

use crate::notification::Labels;
use crate::sender::fields::{field, first_of, gather, present, put};

/// How many members of a list or a text are read.
const MOST: usize = 40;

/// The labels that a value holds: an object, a list of objects with `name` and `value` or `tag` and `value` as Zabbix
/// has them, a list of texts, or a text such as `a=b, c=d`.
pub(super) fn labels(value: &Value) -> Labels {
    let mut labels = Labels::new();
    match value {
        Value::Object(_) => gather(&mut labels, value, &[]),
        Value::Array(list) => list.iter().take(MOST).enumerate().for_each(|(at, member)| add(&mut labels, at, member)),
        Value::String(text) if text.contains('=') => {
            text.split([',', ';', '\n']).take(MOST).for_each(|text| pair(&mut labels, text));
        }
        Value::String(text) => put(&mut labels, "labels", text),
        other => gather(&mut labels, &json!({ "labels": other }), &[]),
    }
    labels
}

/// `name` of a field that is called `labels[name]` or `labels.name`.
pub(super) fn named_in(field: &str) -> Option<&str> {
    let rest = field.strip_prefix("labels")?;
    let name = rest.strip_prefix('.').or_else(|| rest.strip_prefix('[')?.strip_suffix(']'))?;
    present(name)
}

fn add(labels: &mut Labels, at: usize, member: &Value) {
    let name = first_of(["name", "tag", "key", "label"].map(|name| field(member, name)).each_ref().map(String::as_str));
    match member {
        Value::Object(_) if !name.is_empty() => {
            // A tag without a value says what it says by being there.
            put(labels, &name, &first_of([&field(member, "value"), "true"]));
        }
        Value::Object(_) => gather(labels, member, &[]),
        Value::String(text) if text.contains(['=', ':']) => pair(labels, text),
        other => gather(labels, &json!({ at.to_string(): other }), &[]),
    }
}

fn pair(labels: &mut Labels, text: &str) {
    match text.split_once('=').or_else(|| text.split_once(':')) {
        Some((name, value)) if present(name).is_some() => put(labels, name.trim(), value),
        _ => put(labels, "labels", text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for (value, read) in [
            (json!({"a": "b", "n": 5, "x": {"y": true}}), "a=b n=5 x.y=true"),
            (
                json!([{"tag": "a", "value": "b"}, {"tag": "c", "value": ""}, {"name": "d", "value": 1}]),
                "a=b c=true d=1",
            ),
            (json!(["a=b", "c: d", "e", 5, null, ["f"]]), "2=e 3=5 5.0=f a=b c=d"),
            (json!([{"a": "b", "c": {"d": 1}}]), "a=b c.d=1"),
            (json!("a=b, c = d;e=f=g"), "a=b c=d e=f=g"),
            (json!("production"), "labels=production"),
            (json!("a=b,rest"), "a=b labels=rest"),
            (json!(5), "labels=5"),
            (json!(null), ""),
        ] {
            let labels = labels(&value);
            let told: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(told.join(" "), read, "{value}");
        }
    }

    #[test]
    fn names_in_names() {
        assert_eq!(named_in("labels[a b]"), Some("a b"));
        assert_eq!(named_in("labels.a.b"), Some("a.b"));
        for other in ["labels", "labels[]", "labels.", "labels[a", "label.a", "labelsa"] {
            assert_eq!(named_in(other), None, "{other}");
        }
    }
}

//! Single fields: what counts as absent, what is a text, what must not be shown.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::notification::Labels;

/// How many fields are gathered from an object whose fields are not known.
const MOST_FIELDS: usize = 40;

/// How deep such an object is followed.
const MOST_DEPTH: usize = 6;

/// How many characters of a field's value are gathered.
const MOST_CHARS: usize = 500;

/// Labels that every alert has, whoever sent it.
const COMMON: [&str; 3] = ["alertname", "instance", "severity"];

/// The text of a single value; `None` for what senders write when there is nothing: `null`, `"null"`, an empty text.
pub(super) fn text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => present(text).map(Cow::Borrowed),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text without the space around it; `None` when it stands for nothing: `null`, or a variable that nobody filled in.
pub(super) fn present(text: &str) -> Option<&str> {
    let text = text.trim();
    let unfilled = || {
        let name = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        name.is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'))
    };
    let absent = text.is_empty() || text.eq_ignore_ascii_case("null") || unfilled();
    (!absent).then_some(text)
}

/// The text of `value[name]`; empty when it is absent.
pub(super) fn field(value: &Value, name: &str) -> String {
    text(&value[name]).map(Cow::into_owned).unwrap_or_default()
}

/// The first of several texts that is there; else empty.
pub(super) fn first_of<const N: usize>(texts: [&str; N]) -> String {
    texts.into_iter().find_map(present).unwrap_or_default().to_owned()
}

/// Adds `name` to `labels` if there is something to add.
pub(super) fn put(labels: &mut Labels, name: &str, value: &str) {
    if let Some(value) = present(value) {
        labels.insert(name.to_owned(), value.to_owned());
    }
}

/// Adds every single value of an object, those inside it under names joined by dots, up to a number; names that
/// `labels` has already, and those that `hidden` names, are left out.
pub(super) fn gather(labels: &mut Labels, object: &Value, hidden: &[&str]) {
    gather_into(labels, object, hidden, &mut String::new(), 0);
}

/// Adds every single value of an object as [`gather`] does. What `labels` has already with another value, and what has the
/// name of a label that every alert has, is added under `prefix`, a dot and its name.
pub(super) fn gather_beside(labels: &mut Labels, object: &Value, hidden: &[&str], prefix: &str) {
    let mut gathered = Labels::new();
    gather(&mut gathered, object, hidden);
    for (name, value) in gathered {
        let taken = match labels.get(&name) {
            Some(known) => *known != value,
            None => COMMON.contains(&name.as_str()),
        };
        let name = if taken { format!("{prefix}.{name}") } else { name };
        labels.entry(name).or_insert(value);
    }
}

fn gather_into(labels: &mut Labels, value: &Value, hidden: &[&str], path: &mut String, depth: usize) {
    let members: Box<dyn Iterator<Item = (Cow<'_, str>, &Value)> + '_> = match value {
        Value::Object(map) => Box::new(map.iter().map(|(name, value)| (Cow::Borrowed(name.as_str()), value))),
        Value::Array(list) => Box::new(list.iter().enumerate().map(|(at, value)| (Cow::Owned(at.to_string()), value))),
        _ => return,
    };
    for (name, value) in members {
        if labels.len() >= MOST_FIELDS || depth >= MOST_DEPTH {
            return;
        }
        if hidden.contains(&name.as_ref()) {
            continue;
        }
        let length = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&name);
        match text(value) {
            Some(text) if !labels.contains_key(path.as_str()) => {
                labels.insert(path.clone(), shorten(&text, MOST_CHARS));
            }
            Some(_) => {}
            None => gather_into(labels, value, hidden, path, depth + 1),
        }
        path.truncate(length);
    }
}

/// At most so many characters of a text, with an ellipsis for the rest.
pub(super) fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// The first line of a text that says something, without markdown's marks, at most so many characters: a title.
pub(super) fn headline(text: &str, most: usize) -> String {
    let marks: &[char] = &['#', '>', '*', '-', ' ', '\t', '`'];
    let line = text.lines().map(|line| line.trim().trim_matches(marks)).find(|line| !line.is_empty());
    shorten(line.unwrap_or_default(), most)
}

/// A number that belongs to a person: the middle of it is hidden.
pub(super) fn mask(number: &str) -> String {
    let chars: Vec<char> = number.trim().chars().collect();
    match chars.len() {
        0..=4 => "*".repeat(chars.len()),
        5..=7 => format!("{}{}", "*".repeat(chars.len() - 2), chars[chars.len() - 2..].iter().collect::<String>()),
        count => {
            let (head, tail): (String, String) = (chars[..3].iter().collect(), chars[count - 4..].iter().collect());
            format!("{head}{}{tail}", "*".repeat(count - 7))
        }
    }
}

/// A value without the members of these names, however deep they stand.
pub(super) fn without(value: &Value, names: &[&str]) -> Value {
    match value {
        Value::Object(map) => {
            let kept = map.iter().filter(|(name, _)| !names.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), without(value, names))).collect::<Map<_, _>>())
        }
        Value::Array(list) => Value::Array(list.iter().map(|value| without(value, names)).collect()),
        other => other.clone(),
    }
}

/// The resource that an ARN of Alibaba Cloud names, without the account: `instance/i-abc` of
/// `acs:ecs:cn-hangzhou:1234567890:instance/i-abc`. Anything else is given back as it is.
pub(super) fn resource(arn: &str) -> &str {
    match arn.splitn(5, ':').collect::<Vec<_>>().as_slice() {
        ["acs", _, _, _, resource] if !resource.is_empty() => resource,
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_for_nothing_is_absent() {
        for nothing in [
            json!(null),
            json!(""),
            json!(" "),
            json!("null"),
            json!("NULL"),
            json!("${alarm_url}"),
            json!([]),
            json!({}),
        ] {
            assert_eq!(text(&nothing), None, "{nothing}");
        }
        assert_eq!(field(&json!({"a": 5.5, "b": true, "c": " x "}), "a"), "5.5");
        assert_eq!(field(&json!({"b": true}), "b"), "true");
        assert_eq!(field(&json!({"c": " x "}), "c"), "x");
        assert_eq!(field(&json!([1]), "c"), "");
        assert_eq!(first_of(["", "null", " b ", "c"]), "b");
    }

    #[test]
    fn every_single_value_of_an_object_is_gathered_once() {
        let mut labels = Labels::from([("kept".to_owned(), "as it is".to_owned())]);
        let object = json!({"kept": 1, "a": {"b": [{"c": 2}, "x"], "secret": 3}, "n": null, "t": "y"});
        gather(&mut labels, &object, &["secret"]);
        let gathered: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(gathered, ["a.b.0.c=2", "a.b.1=x", "kept=as it is", "t=y"]);
        let many: Map<String, Value> = (0..1_000).map(|n| (format!("k{n}"), "v".repeat(9_000).into())).collect();
        let mut labels = Labels::new();
        gather(&mut labels, &Value::Object(many), &[]);
        assert_eq!(labels.len(), MOST_FIELDS);
        assert!(labels.values().all(|value| value.chars().count() == MOST_CHARS + 1));
    }

    #[test]
    fn what_is_gathered_beside_others_does_not_hide_them() {
        let mut labels =
            Labels::from([("status".to_owned(), "Executed".to_owned()), ("id".to_owned(), "i-1".to_owned())]);
        gather_beside(
            &mut labels,
            &json!({"status": "started", "id": "i-1", "instance": "x", "a": {"b": 1}}),
            &[],
            "data",
        );
        let gathered: Vec<_> = labels.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(gathered, ["a.b=1", "data.instance=x", "data.status=started", "id=i-1", "status=Executed"]);
    }

    #[test]
    fn numbers_of_people_are_hidden() {
        assert_eq!(mask("13800000000"), "138****0000");
        assert_eq!(mask("075500000000"), "075*****0000");
        assert_eq!(mask("123456"), "****56");
        assert_eq!(mask("123"), "***");
        assert_eq!(mask(""), "");
        let cleaned = without(&json!({"a": {"userId": 1, "b": [{"userId": 2, "c": 3}]}}), &["userId"]);
        assert_eq!(cleaned, json!({"a": {"b": [{"c": 3}]}}));
        assert_eq!(resource("acs:ecs:cn-hangzhou:130013558060:instance/i-j6c"), "instance/i-j6c");
        assert_eq!(resource("i-j6c"), "i-j6c");
    }

    #[test]
    fn a_headline_is_the_first_line_that_says_something() {
        assert_eq!(headline("\n### **OCP 告警**\n- x", 100), "OCP 告警");
        assert_eq!(headline("> a b c", 3), "a b…");
        assert_eq!(headline("---\n", 9), "");
    }
}

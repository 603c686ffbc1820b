//! Helpers that write and read JSON, as Go's encoder does.

use handlebars::{Helper, RenderError};
use serde_json::{Map, Value};

use super::arguments::Building;
use super::shown::float;
use super::{Arguments, Declared, Scope, value};
use crate::render::escape;

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("toJson", (1, 1), "{{toJson labels}}", |_, helper| write(helper, false)),
    value("toPrettyJson", (1, 1), "{{toPrettyJson labels}}", |_, helper| write(helper, true)),
    value("fromJson", (1, 1), r#"{{lookup (fromJson annotations.details) "owner"}}"#, from_json),
];

/// The fields of an alert in the order in which Alertmanager writes them.
const ALERT: [&str; 7] = ["status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"];
/// What every alert has, and hardly anything else.
const ALERT_MARKS: [&str; 4] = ["labels", "annotations", "startsAt", "fingerprint"];

struct Writer<'a> {
    out: Building<'a>,
    given: &'a Arguments<'a>,
    pretty: bool,
}

fn write(helper: &Helper<'_>, pretty: bool) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let mut writer = Writer { out: given.build(), given: &given, pretty };
    writer.value(given.value(0), 0)?;
    Ok(writer.out.done())
}

/// Text that is no JSON gives nothing, as in sprig. What is in it is as foreign as it is.
fn from_json(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let text = Arguments::of(helper).text(0)?;
    Ok(cleaned(serde_json::from_str(&text).unwrap_or_default()))
}

fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(escape::text(&text, true)),
        Value::Array(list) => Value::Array(list.into_iter().map(cleaned).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(name, value)| (name, cleaned(value))).collect()),
        other => other,
    }
}

// === impl Writer ===

impl<'a> Writer<'a> {
    fn value(&mut self, value: &'a Value, depth: usize) -> Result<(), RenderError> {
        match value {
            Value::Null => self.out.push("null"),
            Value::Bool(bool) => self.out.push(if *bool { "true" } else { "false" }),
            Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
                Some(value) => self.out.push(&fraction(value)),
                None => self.out.push(&number.to_string()),
            },
            Value::String(_) => {
                let text = self.given.read(value)?;
                self.text(&text)
            }
            Value::Array(list) => {
                let values = list.iter().map(|value| (None, value));
                self.all(['[', ']'], values, depth)
            }
            Value::Object(map) if is_alert(map) => {
                let fields = ALERT.iter().filter_map(|name| map.get_key_value(*name));
                self.all(['{', '}'], fields.map(|(name, value)| (Some(name.as_str()), value)), depth)
            }
            Value::Object(map) => {
                self.all(['{', '}'], map.iter().map(|(name, value)| (Some(name.as_str()), value)), depth)
            }
        }
    }

    /// A list or a map.
    fn all(
        &mut self,
        [open, close]: [char; 2],
        values: impl Iterator<Item = (Option<&'a str>, &'a Value)>,
        depth: usize,
    ) -> Result<(), RenderError> {
        self.out.push(open.encode_utf8(&mut [0; 4]))?;
        let mut any = false;
        for (name, value) in values {
            self.out.push(if any { "," } else { "" })?;
            any = true;
            self.line(depth + 1)?;
            if let Some(name) = name {
                self.text(&escape::plain(name))?;
                self.out.push(if self.pretty { ": " } else { ":" })?;
            }
            self.value(value, depth + 1)?;
        }
        if any {
            self.line(depth)?;
        }
        self.out.push(close.encode_utf8(&mut [0; 4]))
    }

    fn line(&mut self, depth: usize) -> Result<(), RenderError> {
        if self.pretty { self.out.push(&format!("\n{}", "  ".repeat(depth))) } else { Ok(()) }
    }

    fn text(&mut self, text: &str) -> Result<(), RenderError> {
        let mut out = String::with_capacity(text.len() + 2);
        out.push('"');
        for char in text.chars() {
            match char {
                '"' | '\\' => out.extend(['\\', char]),
                '\n' => out.push_str("\\n"),
                '\r' => out.push_str("\\r"),
                '\t' => out.push_str("\\t"),
                '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                    out.push_str(&format!("\\u{:04x}", char as u32));
                }
                _ => out.push(char),
            }
        }
        out.push('"');
        self.out.push(&out)
    }
}

fn is_alert(map: &Map<String, Value>) -> bool {
    ALERT_MARKS.iter().all(|name| map.contains_key(*name))
}

/// With an exponent only where it is very small or large, and that without a zero before it.
fn fraction(number: f64) -> String {
    let shown = float(number);
    let small = number != 0.0 && number.abs() < 1e-6;
    match shown.split_once('e') {
        Some((digits, exponent)) if small => format!("{digits}e{}", exponent.replacen("-0", "-", 1)),
        Some(_) if number.abs() < 1e21 => number.to_string(),
        _ => shown,
    }
}

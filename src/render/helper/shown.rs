//! Values as Go's text has them.

use serde_json::Value;

/// `value` as Go's `%v` shows it; marks stay where they are.
pub(super) fn shown(value: &Value) -> String {
    let mut out = String::new();
    push(&mut out, value);
    out
}

fn push(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("<nil>"),
        Value::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Value::Number(number) if number.is_f64() => out.push_str(&float(number.as_f64().unwrap_or(0.0))),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(text),
        Value::Array(list) => {
            out.push('[');
            for (index, value) in list.iter().enumerate() {
                out.push_str(if index > 0 { " " } else { "" });
                push(out, value);
            }
            out.push(']');
        }
        Value::Object(map) => {
            out.push_str("map[");
            for (index, (name, value)) in map.iter().enumerate() {
                out.push_str(if index > 0 { " " } else { "" });
                out.push_str(name);
                out.push(':');
                push(out, value);
            }
            out.push(']');
        }
    }
}

/// A number with a fraction: as short as it can be told apart, with an exponent when it is very small or large.
pub(super) fn float(number: f64) -> String {
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..21).contains(&exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        _ => number.to_string(),
    }
}

/// A whole number as Go's source has it: `12`, `-0x1F`, `0b11`, `017`, `1_000`; `.0` at the end counts for nothing.
pub(super) fn whole(text: &str) -> Option<i64> {
    let text = match text.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|byte| byte == b'0') => whole,
        _ => text,
    };
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (radix, rest) = match lower.as_bytes() {
        [b'0', b'x', ..] => (16, &lower[2..]),
        [b'0', b'o', ..] => (8, &lower[2..]),
        [b'0', b'b', ..] => (2, &lower[2..]),
        [b'0', _, ..] => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    // i128 would take another sign.
    let bare = rest.starts_with(|char: char| char.is_ascii_alphanumeric()) || (radix != 10 && rest.starts_with('_'));
    if !bare || rest.ends_with('_') || rest.contains("__") || (radix == 10 && rest.contains('_')) {
        return None;
    }
    let number = i128::from_str_radix(&rest.replace('_', ""), radix).ok()?;
    i64::try_from(if negative { -number } else { number }).ok()
}

//! Helpers that know DingTalk: what is safe in its markdown, whom a message calls, how much room there is.

use handlebars::{Helper, JsonTruthy, RenderError};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::arguments::boundary;
use super::{Arguments, Declared, Scope, kind, value};
use crate::render::escape;

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("md", (1, 1), "{{md annotations.summary}}", md),
    value("raw", (1, 1), "{{raw annotations.table}}", |_, helper| Ok(unmarked(Arguments::of(helper).value(0)))),
    value("mention", (0, 0), "{{mention}}", |scope, _| Ok(Value::String(scope.mention.text()))),
    value("mobiles", (0, 0), r#"{{join ", " (mobiles)}}"#, |scope, _| Ok(scope.mention.mobiles.iter().map(String::as_str).collect())),
    value("truncate", (1, 2), "{{truncate annotations.description 80}}", truncate).named(&["bytes"]),
    value("pad", (2, 2), "{{pad labels.instance 20}}", pad).named(&["left"]),
];

/// Whatever it holds, it is shown as it is.
fn md(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Value::String(escape::mark(Arguments::of(helper).text(0)?.into_owned(), true)))
}

/// A value trusted with markdown.
fn unmarked(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(escape::plain(text).into_owned()),
        Value::Array(list) => list.iter().map(unmarked).collect(),
        Value::Object(map) => Value::Object(map.iter().map(|(name, value)| (name.clone(), unmarked(value))).collect()),
        other => other.clone(),
    }
}

/// Ends in `…` when something was cut off; that counts as well.
fn truncate(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let text = given.text(0)?;
    let mut end = text.len();
    if given.count() > 1 {
        let most = given.size(1)?;
        if text.chars().nth(most).is_some() {
            end = text.char_indices().nth(most.saturating_sub(1)).map_or(0, |(at, _)| at);
        }
    }
    let bytes = given.named("bytes");
    if !bytes.is_null() {
        let most = usize::try_from(given.whole(bytes)?).unwrap_or(0);
        let shown = if end < text.len() { end + '…'.len_utf8() } else { end };
        if shown > most {
            end = boundary(&text, end.min(most.saturating_sub('…'.len_utf8())));
        }
        if most < '…'.len_utf8() && end < text.len() {
            return Ok(given.made(""));
        }
    } else if given.count() < 2 {
        return Err(given.wrong("it is not said how much may stay"));
    }
    Ok(match text.len() {
        whole if end == whole => given.made(text),
        _ if given.count() > 1 && given.size(1)? == 0 => given.made(""),
        _ => given.made(format!("{}…", text[..end].trim_end())),
    })
}

/// Filled with spaces to so many columns, of which a Chinese character takes two.
fn pad(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (text, columns) = (given.text(0)?, given.size(1)?);
    let mut spaces = given.build();
    for _ in text.width()..columns {
        spaces.push(" ")?;
    }
    let left = match given.named("left") {
        odd @ (Value::Array(_) | Value::Object(_)) => return Err(given.wrong(format!("left= is {}", kind(odd)))),
        left => left.is_truthy(false),
    };
    Ok(given.made(match left {
        true => format!("{}{text}", spaces.as_str()),
        false => format!("{text}{}", spaces.as_str()),
    }))
}

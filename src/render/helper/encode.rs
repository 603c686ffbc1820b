//! Helpers that write a text as another language needs it, and read it back.
//!
//! What is read back is cleaned like any value from outside: an encoded `@` calls nobody either.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use handlebars::{Helper, RenderError};
use serde_json::Value;

use super::arguments::change;
use super::go::quote::is_printable;
use super::{Arguments, Declared, Scope, value};
use crate::render::escape;

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("html", (1, 1), "{{html annotations.summary}}", |_, helper| replaced(helper, html)),
    value("js", (1, 1), "{{js annotations.summary}}", |_, helper| replaced(helper, js)),
    value("urlquery", (1, 1), "{{urlquery labels.instance}}", |_, helper| replaced(helper, query)),
    value("urlUnescape", (1, 1), "{{urlUnescape labels.path}}", url_unescape),
    value("safeHtml", (1, 1), "{{safeHtml annotations.summary}}", |_, helper| Ok(Arguments::of(helper).value(0).clone())),
    value("safeUrl", (1, 1), "{{safeUrl generatorURL}}", |_, helper| Ok(Arguments::of(helper).value(0).clone())),
    value("markdown", (1, 1), "{{markdown labels.alertname}}", markdown),
    value("base64encode", (1, 1), "{{base64encode labels.instance}}", |_, helper| change(helper, |text| URL_SAFE.encode(text))),
    value("base64decode", (1, 1), "{{base64decode labels.token}}", |_, helper| decode(helper, |text| URL_SAFE.decode(text))),
    value("b64enc", (1, 1), "{{b64enc labels.instance}}", |_, helper| change(helper, |text| STANDARD.encode(text))),
    value("b64dec", (1, 1), "{{b64dec labels.token}}", |_, helper| decode(helper, |text| STANDARD.decode(text))),
];

/// What is written for a character; nothing when it stays.
type Written = Option<Cow<'static, str>>;

/// The text with characters written in another way.
fn replaced(helper: &Helper<'_>, written: fn(char) -> Written) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let text = given.text(0)?;
    let mut out = given.build();
    for char in text.chars() {
        match written(char) {
            Some(other) => out.push(&other)?,
            None => out.push(char.encode_utf8(&mut [0; 4]))?,
        }
    }
    Ok(out.done())
}

fn html(char: char) -> Written {
    Some(Cow::Borrowed(match char {
        '<' => "&lt;",
        '>' => "&gt;",
        '&' => "&amp;",
        '\'' => "&#39;",
        '"' => "&#34;",
        '\0' => "\u{FFFD}",
        _ => return None,
    }))
}

fn js(char: char) -> Written {
    Some(match char {
        '\\' => Cow::Borrowed("\\\\"),
        '\'' => Cow::Borrowed("\\'"),
        '"' => Cow::Borrowed("\\\""),
        '<' | '>' | '&' | '=' => Cow::Owned(format!("\\u{:04X}", char as u32)),
        _ if char == '\u{7f}' || is_printable(char) => return None,
        _ => Cow::Owned(format!("\\u{:04X}", char as u32)),
    })
}

fn query(char: char) -> Written {
    match char {
        'A'..='Z' | 'a'..='z' | '0'..='9' | '-' | '_' | '.' | '~' => None,
        ' ' => Some(Cow::Borrowed("+")),
        _ => {
            let bytes = char.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("%{byte:02X}")).collect();
            Some(Cow::Owned(bytes))
        }
    }
}

fn url_unescape(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let text = given.text(0)?;
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                match (digit(bytes.next()), digit(bytes.next())) {
                    (Some(high), Some(low)) => (high * 16 + low) as u8,
                    _ => return Err(given.wrong(format!("{text:?} has a % without two hexadecimal digits after it"))),
                }
            }
            other => other,
        });
    }
    Ok(read_back(&out))
}

/// A text that came out of a code is as foreign as what it came in.
fn read_back(bytes: &[u8]) -> Value {
    Value::String(escape::text(&String::from_utf8_lossy(bytes), true))
}

fn decode<E: std::fmt::Display>(
    helper: &Helper<'_>,
    decode: impl FnOnce(&str) -> Result<Vec<u8>, E>,
) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    match decode(given.text(0)?.as_ref()) {
        Ok(bytes) => Ok(read_back(&bytes)),
        Err(error) => Err(given.wrong(format!("this is not base64: {error}"))),
    }
}

/// Emphasis and code escaped as prometheus-webhook-dingtalk does, and nothing else ever: the result is no longer foreign.
fn markdown(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let text = Arguments::of(helper).text(0)?.into_owned();
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        if matches!(char, '_' | '*' | '`') {
            out.push('\\');
        }
        out.push(char);
    }
    Ok(Value::String(out))
}

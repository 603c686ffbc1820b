//! Durations: nanoseconds, as Go's `time.Duration` has them.

use handlebars::template::Parameter;
use handlebars::{Helper, RenderError};
use serde_json::Value;

use super::value::{check_span, literal, span};
use crate::render::escape;
use crate::render::helper::Scope;
use crate::render::helper::arguments::{Arguments, kind};
use crate::render::helper::go::duration;

/// Units that a duration is counted in, and how long they are.
const UNITS: [(&str, i64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// `{{goDuration (since startsAt)}}`: `1h2m3.5s`.
pub(super) fn go_duration(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Value::String(duration::format(span(&Arguments::of(helper), 0)?)))
}

/// `{{parseDuration "8h30m"}}`: its nanoseconds.
pub(super) fn parse_duration(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Value::from(span(&Arguments::of(helper), 0)?))
}

/// `{{durationIn (since startsAt) "h"}}`: in hours, minutes or seconds with a fraction, in smaller units whole.
pub(super) fn duration_in(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (span, name) = (span(&given, 0)?, given.text(1)?);
    if name.is_empty() {
        return Ok(Value::Null);
    }
    let (_, unit) = UNITS.into_iter().find(|(unit, _)| *unit == name).ok_or_else(|| given.wrong(no_unit(&name)))?;
    if unit < 1_000_000_000 {
        return Ok(Value::from(span / unit));
    }
    Ok(Value::from((span / unit) as f64 + (span % unit) as f64 / unit as f64))
}

/// `{{roundDuration (since startsAt) "1m"}}`: to the nearest multiple, of two the one further from zero.
pub(super) fn round(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    Ok(Value::from(rounded(span(&given, 0)?, span(&given, 1)?)))
}

/// `{{truncateDuration (since startsAt) "1m"}}`: to the next multiple towards zero.
pub(super) fn truncate(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (span, unit) = (span(&given, 0)?, span(&given, 1)?);
    Ok(Value::from(if unit > 0 { span - span % unit } else { span }))
}

/// `{{humanizeDuration annotations.seconds}}`: seconds as Alertmanager shows them.
pub(super) fn humanize(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    seconds(given.value(0))
        .map(|seconds| Value::String(duration::humanize(seconds)))
        .map_err(|message| given.wrong(message))
}

pub(super) fn check_duration_in(arguments: &[Parameter]) -> Result<(), String> {
    match literal(arguments, 1).map(|unit| unit.as_str().unwrap_or_default()) {
        Some(name) if UNITS.iter().all(|(unit, _)| *unit != name) => Err(format!("durationIn: {}", no_unit(name))),
        _ => check_span("durationIn", arguments, 0),
    }
}

pub(super) fn check_humanize(arguments: &[Parameter]) -> Result<(), String> {
    let judged = literal(arguments, 0).map_or(Ok(()), |value| seconds(value).map(drop));
    judged.map_err(|message| format!("humanizeDuration: {message}"))
}

fn no_unit(name: &str) -> String {
    format!("there is no unit {name:?}: write h, m, s, ms, us or ns")
}

fn rounded(span: i64, unit: i64) -> i64 {
    if unit <= 0 {
        return span;
    }
    let rest = (span % unit).abs();
    // Both are below 2^63, so twice the one is no more than an u64 holds.
    if rest.unsigned_abs() * 2 < unit.unsigned_abs() {
        return span - span % unit;
    }
    // What cannot be counted is as much as can.
    if span < 0 { span.saturating_sub(unit - rest) } else { span.saturating_add(unit - rest) }
}

/// The seconds that a value says.
fn seconds(value: &Value) -> Result<f64, String> {
    match value {
        Value::Null => Ok(0.0),
        Value::Number(number) => Ok(number.as_f64().unwrap_or_default()),
        Value::String(text) => {
            let text = escape::plain(text);
            let number = text.parse::<f64>().ok();
            // Only a number with digits can be too large to be one.
            let fits = |number: &f64| !number.is_infinite() || !text.bytes().any(|byte| byte.is_ascii_digit());
            number.filter(fits).ok_or_else(|| format!("{text:?} is no number of seconds"))
        }
        other => Err(format!("{} is no number of seconds", kind(other))),
    }
}

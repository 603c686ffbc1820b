//! Times and durations as values of a template.

use handlebars::RenderError;
use handlebars::template::Parameter;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use crate::render::escape;
use crate::render::helper::arguments::{Arguments, kind};
use crate::render::helper::go::{duration, layout};

/// The time at `index`; none when there is none.
///
/// # Errors
/// It is no time.
pub(super) fn time(given: &Arguments<'_>, index: usize) -> Result<Option<Zoned>, RenderError> {
    let text = match given.value(index) {
        Value::Null => return Ok(None),
        Value::String(text) => escape::plain(text),
        other => return Err(given.wrong(format!("{} is no time", kind(other)))),
    };
    match text.trim() {
        "" => Ok(None),
        text => read(text).map(Some).ok_or_else(|| given.wrong(format!("{text:?} is no time"))),
    }
}

/// The time that `text` says, in the zone or with the offset that it has.
pub(super) fn read(text: &str) -> Option<Zoned> {
    let pieces = Pieces::parse(text).ok()?;
    if pieces.time_zone_annotation().is_some() {
        return text.parse().ok();
    }
    let offset = pieces.to_numeric_offset()?;
    let zone = if offset == Offset::UTC { TimeZone::UTC } else { TimeZone::fixed(offset) };
    Some(text.parse::<Timestamp>().ok()?.to_zoned(zone))
}

/// The time as a value.
pub(super) fn written(time: &Zoned) -> Value {
    let (zone, at) = (time.time_zone(), time.timestamp());
    Value::String(match zone.iana_name() {
        Some("UTC") => at.to_string(),
        Some(_) => time.to_string(),
        // Only the offset is known; seconds of it cannot be written.
        None => {
            let minutes = time.offset().seconds() / 60;
            let offset = Offset::from_seconds(minutes * 60).unwrap_or(Offset::UTC);
            at.display_with_offset(offset).to_string()
        }
    })
}

/// The time zone of that name, as Go reads it.
///
/// # Errors
/// There is none.
pub(super) fn zone(name: &str, local: &TimeZone) -> Result<TimeZone, String> {
    let unknown = || format!("there is no time zone {name:?}; expected a name such as \"Asia/Shanghai\" or \"UTC\"");
    match name {
        "" => Ok(TimeZone::UTC),
        "Local" => Ok(local.clone()),
        name => TimeZone::get(name).ok().filter(|zone| !zone.is_unknown()).ok_or_else(unknown),
    }
}

/// The duration at `index`: nanoseconds, or a text such as `8h30m`.
///
/// # Errors
/// It is neither.
pub(super) fn span(given: &Arguments<'_>, index: usize) -> Result<i64, RenderError> {
    nanoseconds(given.value(index)).map_err(|message| given.wrong(message))
}

/// The nanoseconds that a value says.
///
/// # Errors
/// It is no duration.
pub(super) fn nanoseconds(value: &Value) -> Result<i64, String> {
    match value {
        Value::Null => Ok(0),
        Value::String(text) => duration::parse(escape::plain(text).trim()),
        Value::Number(_) => whole(value).ok_or_else(|| format!("{value} is no whole number of nanoseconds")),
        other => Err(format!("{} is no duration", kind(other))),
    }
}

/// The whole number at `index`.
///
/// # Errors
/// It is something else.
pub(super) fn integer(given: &Arguments<'_>, index: usize) -> Result<i64, RenderError> {
    let value = given.value(index);
    let missing = value.is_null().then_some(0);
    missing.or_else(|| whole(value)).ok_or_else(|| match value {
        Value::Number(_) => given.wrong(format!("{value} is no whole number")),
        other => given.wrong(format!("{} is no number", kind(other))),
    })
}

fn whole(value: &Value) -> Option<i64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    let even = |number: &f64| number.fract() == 0.0 && number.abs() <= MOST;
    value.as_i64().or_else(|| value.as_f64().filter(even).map(|number| number as i64))
}

/// The argument at `index` if the template spells it out.
pub(super) fn literal(arguments: &[Parameter], index: usize) -> Option<&Value> {
    match arguments.get(index) {
        Some(Parameter::Literal(value)) => Some(value),
        _ => None,
    }
}

/// Whether the layout that the template spells out at `index` shows anything.
///
/// # Errors
/// It does not.
pub(super) fn check_layout(helper: &str, arguments: &[Parameter], index: usize) -> Result<(), String> {
    match literal(arguments, index) {
        Some(Value::String(text)) if !layout::shows(text) => Err(format!(
            "{helper}: the layout {text:?} shows nothing of a time; write as Go does how 15:04:05 on 2 January 2006 would be \
             written, such as \"2006-01-02 15:04:05\""
        )),
        Some(Value::String(_)) | None => Ok(()),
        Some(other) => {
            Err(format!("{helper}: the layout is {}; expected one such as \"2006-01-02 15:04:05\"", kind(other)))
        }
    }
}

/// Whether there is the zone that the template spells out at `index`.
///
/// # Errors
/// There is none.
pub(super) fn check_zone(helper: &str, arguments: &[Parameter], index: usize) -> Result<(), String> {
    match literal(arguments, index) {
        Some(Value::String(name)) => {
            zone(name, &TimeZone::UTC).map(drop).map_err(|message| format!("{helper}: {message}"))
        }
        None => Ok(()),
        Some(other) => {
            Err(format!("{helper}: the time zone is {}; expected a name such as \"Asia/Shanghai\"", kind(other)))
        }
    }
}

/// Whether what the template spells out at `index` is a duration.
///
/// # Errors
/// It is none.
pub(super) fn check_span(helper: &str, arguments: &[Parameter], index: usize) -> Result<(), String> {
    let judged = literal(arguments, index).map_or(Ok(()), |value| nanoseconds(value).map(drop));
    judged.map_err(|message| format!("{helper}: {message}"))
}

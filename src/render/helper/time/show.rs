//! Times as somebody reads them: in the target's zone, in words of the language.

use handlebars::template::Parameter;
use handlebars::{Helper, RenderError};
use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use super::value::{literal, read as read_with_zone};
use crate::render::escape;
use crate::render::helper::arguments::{Arguments, kind};
use crate::render::helper::go::layout;
use crate::render::helper::{Scope, argument, wrong};

/// Seconds before which a time means "none": Go writes year 1 for it.
const YEAR_TWO: i64 = -62_104_060_800;

/// `{{date "%m-%d %H:%M" startsAt}}` or `{{date "01-02 15:04" startsAt}}`: a time in the target's zone, unless it has one
/// of its own. What is no time is shown as it is, year 1 not at all.
pub(super) fn date(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (format, index) = match given.count() {
        1 => ("%Y-%m-%d %H:%M:%S".into(), 0),
        _ => (given.text(0)?, 1),
    };
    let text = match given.value(index) {
        Value::Null => return Ok(Value::Null),
        Value::String(text) => text,
        other => return Err(given.wrong(format!("{} is no time", kind(other)))),
    };
    match read(text) {
        Reading::Time(time) => {
            let own = read_with_zone(escape::plain(text).trim()).filter(|time| time.time_zone().iana_name().is_some());
            let own = own.filter(|time| *time.time_zone() != TimeZone::UTC);
            let time = own.unwrap_or_else(|| time.to_zoned(scope.time_zone.clone()));
            let shown =
                shown_as(&format, &time).map_err(|error| given.wrong(format!("cannot use {format:?}: {error}")))?;
            Ok(given.made(shown))
        }
        Reading::Never => Ok(Value::from("")),
        Reading::Text => Ok(Value::from(text.as_str())),
    }
}

/// The time in a format of strftime, which has a `%`, or in a layout of Go.
fn shown_as(format: &str, time: &Zoned) -> Result<String, jiff::Error> {
    if format.contains('%') { strtime::format(format, time) } else { Ok(layout::format(format, time)) }
}

/// Whether `date` can use the format that the template spells out.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_date(arguments: &[Parameter]) -> Result<(), String> {
    let format = match literal(arguments, 0) {
        Some(format) if arguments.len() == 2 => format,
        _ => return Ok(()),
    };
    let format = format.as_str().ok_or_else(|| "date: the format must be a text, as in \"%H:%M\"".to_owned())?;
    if !format.contains('%') && !layout::shows(format) {
        return Err(format!(
            "date: {format:?} shows no time; a format is written as in \"%Y-%m-%d %H:%M:%S\" or, as Go does it, in \
             \"2006-01-02 15:04:05\""
        ));
    }
    shown_as(format, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC))
        .map(drop)
        .map_err(|error| format!("date: cannot use the format {format:?}: {error}"))
}

/// `{{duration startsAt endsAt}}` or `{{duration seconds}}`: `5m`, `1h 2m`, `3d 4h`. Nothing when it cannot be told.
pub(super) fn duration(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let seconds = match (argument(helper, 0), argument(helper, 1)) {
        (Value::Number(seconds), Value::Null) => seconds.as_i64(),
        (Value::String(start), Value::String(end)) => between(start, end),
        (Value::Null, _) | (Value::String(_), Value::Null) => None,
        (start, _) => return Err(wrong("duration", format!("{} is no time", kind(start)))),
    };
    Ok(shown(scope, seconds))
}

/// `{{ago startsAt}}`: how long ago that was.
pub(super) fn ago(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let seconds = match argument(helper, 0) {
        Value::String(start) => match read(start) {
            Reading::Time(time) => Some(scope.now.as_second() - time.as_second()),
            _ => None,
        },
        Value::Null => None,
        other => return Err(wrong("ago", format!("{} is no time", kind(other)))),
    };
    Ok(shown(scope, seconds))
}

/// `{{when startsAt}}` or `{{when startsAt endsAt}}`: `10:02`, `10:02–10:07`; with the day where it is not today's.
pub(super) fn when(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let text = |index| match argument(helper, index) {
        Value::String(text) => Ok(text.as_str()),
        Value::Null => Ok(""),
        other => Err(wrong("when", format!("{} is no time", kind(other)))),
    };
    Ok(Value::String(period(text(0)?, text(1)?, scope.now, scope.time_zone)))
}

/// From when until when, as somebody reads it at `now`: `10:02–10:07`, `11-19 23:58–11-20 00:03`. What has no end, or
/// one within the same minute, is only its beginning; what is no time is shown as it is.
pub(in crate::render) fn period(start: &str, end: &str, now: Timestamp, time_zone: &TimeZone) -> String {
    let today = now.to_zoned(time_zone.clone()).date();
    let shown = |time: Timestamp, day| {
        let zoned = time.to_zoned(time_zone.clone());
        let format = if zoned.date() == day { "%H:%M" } else { "%m-%d %H:%M" };
        (zoned.strftime(format).to_string(), zoned.date())
    };
    let (mut text, day) = match read(start) {
        Reading::Time(time) => shown(time, today),
        Reading::Never => return String::new(),
        Reading::Text => return start.to_owned(),
    };
    if let Reading::Time(time) = read(end) {
        let (end, _) = shown(time, day);
        if !text.ends_with(&end) {
            text.push('–');
            text.push_str(&end);
        }
    }
    text
}

/// The seconds between two times as senders write them, when both are times and in order.
pub(in crate::render) fn between(start: &str, end: &str) -> Option<i64> {
    match (read(start), read(end)) {
        (Reading::Time(start), Reading::Time(end)) => Some(end.as_second() - start.as_second()),
        _ => None,
    }
}

enum Reading {
    Time(Timestamp),
    Never,
    Text,
}

fn read(text: &str) -> Reading {
    let text = escape::plain(text);
    match text.trim().parse::<Timestamp>() {
        Ok(time) if time.as_second() < YEAR_TWO => Reading::Never,
        Ok(time) => Reading::Time(time),
        Err(_) => Reading::Text,
    }
}

fn shown(scope: &Scope<'_>, seconds: Option<i64>) -> Value {
    let seconds = seconds.filter(|seconds| *seconds >= 0);
    seconds.map_or(Value::Null, |seconds| Value::String(scope.language.span(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn year_one_is_no_end() {
        assert_eq!(between("2026-11-20T09:00:00Z", "2026-11-20T17:05:00.5+08:00"), Some(300));
        assert_eq!(between("2026-11-20T09:00:00Z", "0001-01-01T00:00:00Z"), None);
        assert_eq!(between("yesterday", "2026-11-20T09:00:00Z"), None);
    }

    #[test]
    fn the_day_is_told_when_it_is_another() {
        let now = "2026-11-20T10:30:00Z".parse().expect("time");
        let shown = |start, end| period(start, end, now, &TimeZone::UTC);
        assert_eq!(shown("2026-11-20T10:02:59Z", ""), "10:02");
        assert_eq!(shown("2026-11-20T10:02:00Z", "2026-11-20T10:07:00Z"), "10:02–10:07");
        assert_eq!(shown("2026-11-19T10:02:00Z", "2026-11-19T10:07:00Z"), "11-19 10:02–10:07");
        assert_eq!(shown("2026-11-19T23:58:00Z", "2026-11-20T00:03:00Z"), "11-19 23:58–11-20 00:03");
        assert_eq!(shown("2026-11-20T10:02:00Z", "0001-01-01T00:00:00Z"), "10:02");
        assert_eq!(shown("2026-11-20T10:02:00Z", "2026-11-20T10:02:30Z"), "10:02");
        assert_eq!((shown("", "").as_str(), shown("soon", "").as_str()), ("", "soon"));
    }

    #[test]
    fn formats_are_checked() {
        let check = |format: &str| {
            let literal = |text: &str| Parameter::Literal(Value::from(text));
            check_date(&[literal(format), literal("2026-11-20T10:02:59Z")])
        };
        for right in ["%m-%d %H:%M %Z", "2006-01-02"] {
            check(right).expect(right);
        }
        for wrong in ["tomorrow", "%!", ""] {
            check(wrong).expect_err(wrong);
        }
    }
}

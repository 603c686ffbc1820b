//! The arithmetic of times, as Go's `time.Time` has it.

use handlebars::template::Parameter;
use handlebars::{Helper, RenderError};
use jiff::civil::Date;
use jiff::{Span, Timestamp, Zoned};
use serde_json::Value;

use super::value::{integer, literal, span, time, written};
use crate::render::helper::Scope;
use crate::render::helper::arguments::Arguments;
use crate::render::helper::go::zoned;

/// Nanoseconds from the beginning of year 1, which Go counts from, until 1970.
const UNTIL_1970: i128 = 62_135_596_800 * 1_000_000_000;

/// The parts of a time that `timePart` tells.
const PARTS: [&str; 9] = ["year", "month", "day", "hour", "minute", "second", "nanosecond", "yearDay", "weekday"];

/// `{{now}}`: the present, in the target's zone.
pub(super) fn now(scope: &Scope<'_>, _: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(written(&scope.now.to_zoned(scope.time_zone.clone())))
}

/// `{{since startsAt}}`: nanoseconds from then until now.
pub(super) fn since(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let time = time(&Arguments::of(helper), 0)?;
    Ok(time.map_or(Value::Null, |time| Value::from(difference(scope.now, time.timestamp()))))
}

/// `{{subTime endsAt startsAt}}`: nanoseconds from the second to the first; at most the 292 years that Go counts.
pub(super) fn sub_time(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    Ok(match (time(&given, 0)?, time(&given, 1)?) {
        (Some(end), Some(start)) => Value::from(difference(end.timestamp(), start.timestamp())),
        _ => Value::Null,
    })
}

/// `{{addDuration startsAt "8h"}}`
pub(super) fn add_duration(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    moved(&given, 0, |_| span(&given, 1).map(i128::from))
}

/// `{{dateModify "+1h" startsAt}}`
pub(super) fn date_modify(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    moved(&given, 1, |_| span(&given, 0).map(i128::from))
}

/// `{{truncateTime startsAt "1h"}}`: the last multiple of that since year 1.
pub(super) fn truncate_time(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    moved(&given, 0, |since_year_one| Ok(-remainder(since_year_one, span(&given, 1)?)))
}

/// `{{roundTime startsAt "1h"}}`: the nearest multiple of that since year 1, the later one of two.
pub(super) fn round_time(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    moved(&given, 0, |since_year_one| {
        let unit = span(&given, 1)?;
        let rest = remainder(since_year_one, unit);
        Ok(if rest * 2 < i128::from(unit) || rest == 0 { -rest } else { i128::from(unit) - rest })
    })
}

/// `{{addDate startsAt 0 1 0}}`: so many years, months and days later. A day that the month does not have is one of the
/// next, as in Go.
pub(super) fn add_date(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let Some(time) = time(&given, 0)? else { return Ok(Value::Null) };
    let (years, months, days) = (integer(&given, 1)?, integer(&given, 2)?, integer(&given, 3)?);
    later(&time, years, months, days)
        .map(|time| written(&time))
        .ok_or_else(|| given.wrong(format!("{years}, {months}, {days} leads out of the years 1 to 9999")))
}

/// `{{before startsAt endsAt}}`
pub(super) fn before(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    compared(helper, |first, second| matches!((first, second), (Some(first), Some(second)) if first < second))
}

/// `{{after endsAt startsAt}}`
pub(super) fn after(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    compared(helper, |first, second| matches!((first, second), (Some(first), Some(second)) if first > second))
}

/// `{{sameTime startsAt endsAt}}`: whether they are the same, whatever their zones.
pub(super) fn same_time(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    compared(helper, |first, second| first == second)
}

/// `{{isZero endsAt}}`: whether it is no time: missing, or Go's zero time.
pub(super) fn is_zero(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let time = time(&Arguments::of(helper), 0)?;
    Ok(Value::from(time.is_none_or(|time| time.timestamp().as_nanosecond() == -UNTIL_1970)))
}

/// `{{unix startsAt}}`: seconds since 1970.
pub(super) fn unix(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    counted(helper, 1_000_000_000)
}

/// `{{unixMilli startsAt}}`
pub(super) fn unix_milli(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    counted(helper, 1_000_000)
}

/// `{{unixNano startsAt}}`
pub(super) fn unix_nano(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    counted(helper, 1)
}

/// `{{unixEpoch startsAt}}`: seconds since 1970, as text.
pub(super) fn unix_epoch(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(match counted(helper, 1_000_000_000)? {
        Value::Null => Value::Null,
        seconds => Value::String(seconds.to_string()),
    })
}

/// `{{timePart startsAt "hour"}}`: a part of the time, in the zone that it carries.
pub(super) fn time_part(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let part = given.text(1)?;
    let Some(time) = time(&given, 0)?.filter(|_| !part.is_empty()) else { return Ok(Value::Null) };
    let number = match part.as_ref() {
        "year" => i32::from(time.year()),
        "month" => time.month().into(),
        "day" => time.day().into(),
        "hour" => time.hour().into(),
        "minute" => time.minute().into(),
        "second" => time.second().into(),
        "nanosecond" => time.subsec_nanosecond(),
        "yearDay" => time.day_of_year().into(),
        "weekday" => time.weekday().to_sunday_zero_offset().into(),
        other => return Err(given.wrong(no_part(other))),
    };
    Ok(Value::from(number))
}

pub(super) fn check_time_part(arguments: &[Parameter]) -> Result<(), String> {
    match literal(arguments, 1).map(|part| part.as_str().unwrap_or_default()) {
        Some(part) if !PARTS.contains(&part) => Err(format!("timePart: {}", no_part(part))),
        _ => Ok(()),
    }
}

fn no_part(name: &str) -> String {
    format!("a time has no part {name:?}, but {}", PARTS.join(", "))
}

/// The time at `index` moved by so many nanoseconds, which may depend on how many there were since year 1.
fn moved(
    given: &Arguments<'_>,
    index: usize,
    by: impl FnOnce(i128) -> Result<i128, RenderError>,
) -> Result<Value, RenderError> {
    let Some(time) = time(given, index)? else { return Ok(Value::Null) };
    let at = time.timestamp().as_nanosecond();
    let by = by(at + UNTIL_1970)?;
    let moved =
        Timestamp::from_nanosecond(at + by).map_err(|_| given.wrong("the result is not in the years 1 to 9999"))?;
    Ok(written(&moved.to_zoned(time.time_zone().clone())))
}

/// What is left of `nanoseconds` after whole units; nothing when the unit is no length of time.
fn remainder(nanoseconds: i128, unit: i64) -> i128 {
    if unit > 0 { nanoseconds.rem_euclid(unit.into()) } else { 0 }
}

fn difference(end: Timestamp, start: Timestamp) -> i64 {
    let nanoseconds = end.as_nanosecond() - start.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

fn later(time: &Zoned, years: i64, months: i64, days: i64) -> Option<Zoned> {
    let month = i64::from(time.year()).checked_add(years)?.checked_mul(12)?;
    let month = month.checked_add(i64::from(time.month()) - 1)?.checked_add(months)?;
    let year = i16::try_from(month.div_euclid(12)).ok()?;
    let first = Date::new(year, i8::try_from(month.rem_euclid(12)).ok()? + 1, 1).ok()?;
    let days = Span::new().try_days(days.checked_add(i64::from(time.day()) - 1)?).ok()?;
    let civil = first.checked_add(days).ok()?.to_datetime(time.time());
    zoned(civil, time.time_zone().clone())
}

fn compared(
    helper: &Helper<'_>,
    holds: impl FnOnce(Option<Timestamp>, Option<Timestamp>) -> bool,
) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let [first, second] = [time(&given, 0)?, time(&given, 1)?].map(|time| time.map(|time| time.timestamp()));
    Ok(Value::from(holds(first, second)))
}

/// So many of a unit as passed since 1970. What no integer holds is as Go gives it: without its higher bits.
fn counted(helper: &Helper<'_>, unit: i128) -> Result<Value, RenderError> {
    let time = time(&Arguments::of(helper), 0)?;
    Ok(time.map_or(Value::Null, |time| Value::from(time.timestamp().as_nanosecond().div_euclid(unit) as i64)))
}

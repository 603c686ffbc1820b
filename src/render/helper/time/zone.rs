//! Times in layouts and zones.

use handlebars::{Helper, RenderError};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};
use serde_json::Value;

use super::value::{time, written, zone};
use crate::render::helper::Scope;
use crate::render::helper::arguments::Arguments;
use crate::render::helper::go::layout;

/// The layout of a day, as HTML's form fields take it.
const DAY: &str = "2006-01-02";
/// Go's zero time.
const ZERO: &str = "0001-01-01T00:00:00Z";

/// `{{format startsAt "2006-01-02 15:04:05"}}`: in the zone that the time carries, as Go does it.
pub(super) fn format(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let layout = given.text(1)?;
    shown(&given, &layout, time(&given, 0)?)
}

/// `{{tz "Asia/Shanghai" startsAt}}`: the time in that zone.
pub(super) fn tz(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    in_zone(&given, 1, named_zone(&given, 0, scope)?)
}

/// `{{local startsAt}}`: the time in the target's zone.
pub(super) fn local(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    in_zone(&Arguments::of(helper), 0, scope.time_zone.clone())
}

/// `{{utc startsAt}}`
pub(super) fn utc(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    in_zone(&Arguments::of(helper), 0, TimeZone::UTC)
}

/// `{{dateInZone "15:04" startsAt "Asia/Shanghai"}}`: as sprig has it, a time or seconds since 1970.
pub(super) fn date_in_zone(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let layout = given.text(0)?;
    let time = time_or_seconds(&given, 1)?;
    let zone = named_zone(&given, 2, scope)?;
    shown(&given, &layout, time.map(|time| time.with_time_zone(zone)))
}

/// `{{htmlDate startsAt}}`: the day in the target's zone.
pub(super) fn html_date(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let time = time_or_seconds(&given, 0)?;
    shown(&given, DAY, time.map(|time| time.with_time_zone(scope.time_zone.clone())))
}

/// `{{htmlDateInZone startsAt "Asia/Shanghai"}}`
pub(super) fn html_date_in_zone(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let time = time_or_seconds(&given, 0)?;
    let zone = named_zone(&given, 1, scope)?;
    shown(&given, DAY, time.map(|time| time.with_time_zone(zone)))
}

/// `{{toDate "2006-01-02" annotations.day}}`: the time that a text says; Go's zero time when it says none.
pub(super) fn to_date(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(parsed(scope, &Arguments::of(helper))?.map_or_else(|_| Value::from(ZERO), |time| written(&time)))
}

/// `{{mustToDate "2006-01-02" annotations.day}}`: the time that a text says.
pub(super) fn must_to_date(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    if given.value(1).is_null() {
        return Ok(Value::Null);
    }
    parsed(scope, &given)?.map(|time| written(&time)).map_err(|message| given.wrong(message))
}

fn parsed(scope: &Scope<'_>, given: &Arguments<'_>) -> Result<Result<Zoned, String>, RenderError> {
    let (layout, text) = (given.text(0)?, given.text(1)?);
    Ok(layout::parse(&layout, &text, scope.time_zone)
        .map_err(|message| format!("{text:?} is not as {layout:?}: {message}")))
}

fn in_zone(given: &Arguments<'_>, index: usize, zone: TimeZone) -> Result<Value, RenderError> {
    Ok(time(given, index)?.map_or(Value::Null, |time| written(&time.with_time_zone(zone))))
}

fn shown(given: &Arguments<'_>, layout: &str, time: Option<Zoned>) -> Result<Value, RenderError> {
    Ok(time.map_or(Value::Null, |time| given.made(layout::format(layout, &time))))
}

fn named_zone(given: &Arguments<'_>, index: usize, scope: &Scope<'_>) -> Result<TimeZone, RenderError> {
    zone(given.text(index)?.trim(), scope.time_zone).map_err(|message| given.wrong(message))
}

/// A time, or a number of seconds since 1970.
fn time_or_seconds(given: &Arguments<'_>, index: usize) -> Result<Option<Zoned>, RenderError> {
    let value = given.value(index);
    let Value::Number(_) = value else { return time(given, index) };
    let at = value.as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok());
    let at = at.ok_or_else(|| given.wrong(format!("{value} is no time, nor seconds since 1970")))?;
    Ok(Some(at.to_zoned(TimeZone::UTC)))
}

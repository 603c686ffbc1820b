//! Helpers of times and durations.
//!
//! A time is a text: as RFC 3339 has it, `2026-11-20T17:23:45.759+08:00`, or with its zone, as RFC 9557 has it,
//! `2026-11-20T17:23:45.759+08:00[Asia/Shanghai]`. A duration is a whole number of nanoseconds, as in Go; where one is
//! wanted, `8h30m` may be written too. What Go has is exact: the layouts, the arithmetic, and its zero time, which is
//! the first second of year 1.

mod calendar;
mod show;
mod span;
mod value;
mod zone;

pub(in crate::render) use self::show::{between, period};
use self::value::{check_layout, check_span, check_zone};
use super::{Declared, both, value as function};

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    // As somebody reads them.
    function("date", (1, 2), r#"{{date "%m-%d %H:%M" startsAt}}"#, show::date).checked(show::check_date),
    function("when", (1, 2), "{{when startsAt endsAt}}", show::when),
    function("duration", (1, 2), "{{duration startsAt endsAt}}", show::duration),
    function("ago", (1, 1), "{{ago startsAt}}", show::ago),
    // In layouts and zones.
    function("format", (2, 2), r#"{{format startsAt "2006-01-02 15:04:05"}}"#, zone::format).checked(|given| check_layout("format", given, 1)),
    function("tz", (2, 2), r#"{{date "15:04 MST" (tz "Asia/Shanghai" startsAt)}}"#, zone::tz).checked(|given| check_zone("tz", given, 0)),
    function("local", (1, 1), r#"{{format (local startsAt) "15:04"}}"#, zone::local),
    function("utc", (1, 1), r#"{{format (utc startsAt) "15:04"}}"#, zone::utc),
    function("dateInZone", (3, 3), r#"{{dateInZone "15:04" startsAt "Asia/Shanghai"}}"#, zone::date_in_zone).checked(|given| check_layout("dateInZone", given, 0).and_then(|()| check_zone("dateInZone", given, 2))),
    function("date_in_zone", (3, 3), r#"{{date_in_zone "15:04" startsAt "Asia/Shanghai"}}"#, zone::date_in_zone).checked(|given| check_layout("date_in_zone", given, 0).and_then(|()| check_zone("date_in_zone", given, 2))),
    function("htmlDate", (1, 1), "{{htmlDate startsAt}}", zone::html_date),
    function("htmlDateInZone", (2, 2), r#"{{htmlDateInZone startsAt "Asia/Shanghai"}}"#, zone::html_date_in_zone).checked(|given| check_zone("htmlDateInZone", given, 1)),
    function("toDate", (2, 2), r#"{{toDate "2006-01-02" annotations.day}}"#, zone::to_date).checked(|given| check_layout("toDate", given, 0)),
    function("mustToDate", (2, 2), r#"{{mustToDate "2006-01-02" annotations.day}}"#, zone::must_to_date).checked(|given| check_layout("mustToDate", given, 0)),
    // Their arithmetic.
    function("now", (0, 0), r#"{{date "15:04" (now)}}"#, calendar::now),
    function("since", (1, 1), "{{goDuration (since startsAt)}}", calendar::since),
    function("addDuration", (2, 2), r#"{{addDuration startsAt "8h"}}"#, calendar::add_duration).checked(|given| check_span("addDuration", given, 1)),
    function("dateModify", (2, 2), r#"{{dateModify "+1h" startsAt}}"#, calendar::date_modify).checked(|given| check_span("dateModify", given, 0)),
    function("date_modify", (2, 2), r#"{{date_modify "+1h" startsAt}}"#, calendar::date_modify).checked(|given| check_span("date_modify", given, 0)),
    function("addDate", (4, 4), "{{addDate startsAt 0 1 0}}", calendar::add_date),
    function("subTime", (2, 2), "{{goDuration (subTime endsAt startsAt)}}", calendar::sub_time),
    function("truncateTime", (2, 2), r#"{{truncateTime startsAt "1h"}}"#, calendar::truncate_time).checked(|given| check_span("truncateTime", given, 1)),
    function("roundTime", (2, 2), r#"{{roundTime startsAt "1h"}}"#, calendar::round_time).checked(|given| check_span("roundTime", given, 1)),
    both("before", (2, 2), "{{#if (before startsAt endsAt)}}…{{/if}}", calendar::before),
    both("after", (2, 2), "{{#if (after endsAt startsAt)}}…{{/if}}", calendar::after),
    both("sameTime", (2, 2), "{{#if (sameTime startsAt endsAt)}}…{{/if}}", calendar::same_time),
    both("isZero", (1, 1), "{{#if (isZero endsAt)}}…{{/if}}", calendar::is_zero),
    function("unix", (1, 1), "{{unix startsAt}}", calendar::unix),
    function("unixMilli", (1, 1), "{{unixMilli startsAt}}", calendar::unix_milli),
    function("unixNano", (1, 1), "{{unixNano startsAt}}", calendar::unix_nano),
    function("unixEpoch", (1, 1), "{{unixEpoch startsAt}}", calendar::unix_epoch),
    function("timePart", (2, 2), r#"{{timePart startsAt "hour"}}"#, calendar::time_part).checked(calendar::check_time_part),
    // Durations.
    function("goDuration", (1, 1), "{{goDuration (since startsAt)}}", span::go_duration).checked(|given| check_span("goDuration", given, 0)),
    function("parseDuration", (1, 1), r#"{{parseDuration "8h30m"}}"#, span::parse_duration).checked(|given| check_span("parseDuration", given, 0)),
    function("durationIn", (2, 2), r#"{{durationIn (since startsAt) "h"}}"#, span::duration_in).checked(span::check_duration_in),
    function("roundDuration", (2, 2), r#"{{goDuration (roundDuration (since startsAt) "1s")}}"#, span::round).checked(|given| check_span("roundDuration", given, 0).and_then(|()| check_span("roundDuration", given, 1))),
    function("truncateDuration", (2, 2), r#"{{goDuration (truncateDuration (since startsAt) "1s")}}"#, span::truncate).checked(|given| check_span("truncateDuration", given, 0).and_then(|()| check_span("truncateDuration", given, 1))),
    function("humanizeDuration", (1, 1), "{{humanizeDuration annotations.seconds}}", span::humanize).checked(span::check_humanize),
];

#[cfg(test)]
pub(super) mod tests;

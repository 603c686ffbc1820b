//! The helpers as templates call them. Where Go has the same, the results are Go's.

use proptest::prelude::*;

use crate::notification::{Notification, Sender};
use crate::render::language::Language;
use crate::render::{Circumstances, Library, Style, TemplateSource, escape};

/// The present of these tests.
const NOW: &str = "2026-11-20T09:33:45.759Z";

/// What a template writes in Shanghai.
pub(in crate::render::helper) fn said(template: &str) -> Result<String, String> {
    let name = "test";
    let source = TemplateSource { name: name.to_owned(), text: template.to_owned(), origin: String::new() };
    let library = Library::compile(Language::En, vec![source]).map_err(|problems| format!("{problems:?}"))?;
    let time_zone = jiff::tz::TimeZone::get("Asia/Shanghai").expect("zone");
    let style = Style { time_zone, ..Style::default() };
    let now = NOW.parse().expect("time");
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: false };
    let notification = Notification::new(Sender::Alertmanager, "group".to_owned(), Vec::new());
    let written = library.written(name, &notification, &style, &circumstances);
    written.map(|text| escape::plain(&text).into_owned()).map_err(|failure| failure.reason)
}

/// Whether each template writes what stands beside it.
#[track_caller]
pub(in crate::render::helper) fn all_say(vectors: &[(&str, &str)]) {
    let wrong: Vec<_> = vectors.iter().map(|(template, want)| (*template, said(template), *want)).collect();
    let wrong: Vec<_> = wrong.iter().filter(|(_, got, want)| got.as_deref() != Ok(*want)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether each template is refused in words that have what stands beside it.
#[track_caller]
pub(in crate::render::helper) fn all_refused(vectors: &[(&str, &str)]) {
    for (template, part) in vectors {
        let message = said(template).expect_err(template);
        assert!(message.contains(part), "{template}: {message}");
    }
}

#[test]
fn layouts_are_go_s() {
    all_say(&[
        (
            r#"{{format "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" "Mon, 02 Jan 2006 15:04:05 MST"}}"#,
            "Fri, 20 Nov 2026 17:23:45 CST",
        ),
        (
            r#"{{format "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" "Monday January _2 2006 3:04pm MST -07:00:00"}}"#,
            "Friday November 20 2026 5:23pm CST +08:00:00",
        ),
        (
            r#"{{format "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" "06-1-2 __2 002 03.000 Z0700 ,999999"}}"#,
            "26-11-20 324 324 05.759 +0800 ,759",
        ),
        (r#"{{format "2026-11-20T09:23:45.759Z" "Mon, 02 Jan 2006 15:04:05 MST"}}"#, "Fri, 20 Nov 2026 09:23:45 UTC"),
        (
            r#"{{format "2026-11-20T09:23:45.759Z" "Monday January _2 2006 3:04pm MST -07:00:00"}}"#,
            "Friday November 20 2026 9:23am UTC +00:00:00",
        ),
        (
            r#"{{format "2026-11-20T09:23:45.759Z" "06-1-2 __2 002 03.000 Z0700 ,999999"}}"#,
            "26-11-20 324 324 09.759 Z ,759",
        ),
        (
            r#"{{format "2026-01-31T23:59:59.5+05:30" "Mon, 02 Jan 2006 15:04:05 MST"}}"#,
            "Sat, 31 Jan 2026 23:59:59 +0530",
        ),
        (
            r#"{{format "2026-01-31T23:59:59.5+05:30" "Monday January _2 2006 3:04pm MST -07:00:00"}}"#,
            "Saturday January 31 2026 11:59pm +0530 +05:30:00",
        ),
        (
            r#"{{format "2026-01-31T23:59:59.5+05:30" "06-1-2 __2 002 03.000 Z0700 ,999999"}}"#,
            "26-1-31  31 031 11.500 +0530 ,5",
        ),
        (r#"{{format "0001-01-01T00:00:00Z" "Mon, 02 Jan 2006 15:04:05 MST"}}"#, "Mon, 01 Jan 0001 00:00:00 UTC"),
        (
            r#"{{format "0001-01-01T00:00:00Z" "Monday January _2 2006 3:04pm MST -07:00:00"}}"#,
            "Monday January  1 0001 12:00am UTC +00:00:00",
        ),
        (r#"{{format "0001-01-01T00:00:00Z" "06-1-2 __2 002 03.000 Z0700 ,999999"}}"#, "01-1-1   1 001 12.000 Z "),
        (
            r#"{{format "0001-01-01T08:05:43+08:06[Asia/Shanghai]" "Mon, 02 Jan 2006 15:04:05 MST"}}"#,
            "Mon, 01 Jan 0001 08:05:43 LMT",
        ),
        (
            r#"{{format "0001-01-01T08:05:43+08:06[Asia/Shanghai]" "Monday January _2 2006 3:04pm MST -07:00:00"}}"#,
            "Monday January  1 0001 8:05am LMT +08:05:43",
        ),
        (
            r#"{{format "0001-01-01T08:05:43+08:06[Asia/Shanghai]" "06-1-2 __2 002 03.000 Z0700 ,999999"}}"#,
            "01-1-1   1 001 08.000 +0805 ",
        ),
        (
            r#"{{format "2026-11-20T04:23:45.759-05:00[America/New_York]" "Mon, 02 Jan 2006 15:04:05 MST"}}"#,
            "Fri, 20 Nov 2026 04:23:45 EST",
        ),
        (
            r#"{{format "2026-11-20T04:23:45.759-05:00[America/New_York]" "Monday January _2 2006 3:04pm MST -07:00:00"}}"#,
            "Friday November 20 2026 4:23am EST -05:00:00",
        ),
        (
            r#"{{format "2026-11-20T04:23:45.759-05:00[America/New_York]" "06-1-2 __2 002 03.000 Z0700 ,999999"}}"#,
            "26-11-20 324 324 04.759 -0500 ,759",
        ),
    ]);
}

#[test]
fn dates_are_in_the_zone_of_the_target_unless_they_have_one() {
    all_say(&[
        (r#"{{date "2026-11-20T09:23:45.759Z"}}"#, "2026-11-20 17:23:45"),
        (r#"{{date "%m-%d %H:%M" "2026-11-20T09:23:45.759Z"}}"#, "11-20 17:23"),
        (r#"{{date "01-02 15:04 MST" "2026-11-20T10:23:45.759+01:00"}}"#, "11-20 17:23 CST"),
        (r#"{{date "01-02 15:04 MST" (tz "America/New_York" "2026-11-20T09:23:45.759Z")}}"#, "11-20 04:23 EST"),
        (r#"{{date "%H:%M %Z" (tz "America/New_York" "2026-11-20T09:23:45.759Z")}}"#, "04:23 EST"),
        (
            r#"{{date "15:04" "soon"}}[{{date "15:04" "0001-01-01T00:00:00Z"}}][{{date "15:04" labels.nothing}}]"#,
            "soon[][]",
        ),
        (r#"{{format labels.nothing "15:04"}}[{{tz "UTC" labels.nothing}}]{{format "" "15:04"}}"#, "[]"),
        (r#"{{dateInZone "2006-01-02 15:04 MST" "2026-11-20T09:23:45Z" "America/New_York"}}"#, "2026-11-20 04:23 EST"),
        (r#"{{date_in_zone "15:04" 1795166625 ""}} {{dateInZone "15:04 MST" 1795166625 "Local"}}"#, "09:23 17:23 CST"),
        (
            r#"{{htmlDate "2026-11-20T20:00:00Z"}} {{htmlDateInZone "2026-11-20T20:00:00Z" "UTC"}}"#,
            "2026-11-21 2026-11-20",
        ),
        (r#"{{tz "Asia/Shanghai" "2026-11-20T09:23:45.759Z"}}"#, "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]"),
        (r#"{{utc (tz "Asia/Shanghai" "2026-11-20T09:23:45.759Z")}}"#, "2026-11-20T09:23:45.759Z"),
        (r#"{{local "2026-11-20T10:23:45+01:00"}}"#, "2026-11-20T17:23:45+08:00[Asia/Shanghai]"),
        (r#"{{format (now) "15:04:05.000 MST"}}"#, "17:33:45.759 CST"),
    ]);
}

#[test]
fn texts_are_read_as_in_go() {
    all_say(&[
        (r#"{{toDate "2006-01-02" "2026-11-20"}}"#, "2026-11-20T00:00:00+08:00[Asia/Shanghai]"),
        (r#"{{toDate "2006-01-02 15:04" "2026-11-20 07:08"}}"#, "2026-11-20T07:08:00+08:00[Asia/Shanghai]"),
        (r#"{{toDate "2006-01-02" "soon"}}"#, "0001-01-01T00:00:00Z"),
        (r#"{{toDate "2006-01-02T15:04:05Z07:00" "2026-11-20T09:23:45+05:30"}}"#, "2026-11-20T09:23:45+05:30"),
        (
            r#"{{toDate "2006-01-02T15:04:05Z07:00" "2026-11-20T09:23:45+08:00"}}"#,
            "2026-11-20T09:23:45+08:00[Asia/Shanghai]",
        ),
        (r#"{{toDate "15:04" "10:11"}}"#, "0000-01-01T10:11:00+08:06[Asia/Shanghai]"),
        (r#"{{toDate "Mon, 02 Jan 2006 15:04:05 MST" "Fri, 20 Nov 2026 09:23:45 GMT"}}"#, "2026-11-20T09:23:45Z"),
        (r#"{{toDate "2006-01-02 MST" "2026-11-20 CST"}}"#, "2026-11-20T00:00:00+08:00[Asia/Shanghai]"),
        (
            r#"{{mustToDate "2006-01-02" "2026-11-20"}}{{mustToDate "2006-01-02" labels.nothing}}"#,
            "2026-11-20T00:00:00+08:00[Asia/Shanghai]",
        ),
    ]);
    all_refused(&[(r#"{{mustToDate "2006-01-02" "soon"}}"#, "mustToDate")]);
}

#[test]
fn days_and_months_are_added_as_in_go() {
    all_say(&[
        (r#"{{addDate "2026-01-31T23:59:59.5+05:30" 0 1 0}}"#, "2026-03-03T23:59:59.5+05:30"),
        (r#"{{addDate "2026-01-31T23:59:59.5+05:30" 1 -14 40}}"#, "2026-01-10T23:59:59.5+05:30"),
        (r#"{{addDate "2026-01-31T23:59:59.5+05:30" 0 0 -1}}"#, "2026-01-30T23:59:59.5+05:30"),
        (r#"{{addDate "2026-01-31T23:59:59.5+05:30" -1 0 0}}"#, "2025-01-31T23:59:59.5+05:30"),
        (
            r#"{{addDate "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" 0 1 0}}"#,
            "2026-12-20T17:23:45.759+08:00[Asia/Shanghai]",
        ),
        (
            r#"{{addDate "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" 1 -14 40}}"#,
            "2026-10-30T17:23:45.759+08:00[Asia/Shanghai]",
        ),
        (r#"{{addDate "0001-01-01T00:00:00Z" 0 1 0}}"#, "0001-02-01T00:00:00Z"),
        (r#"{{addDate "0001-01-01T00:00:00Z" 1 -14 40}}"#, "0000-12-11T00:00:00Z"),
        (r#"{{addDate "0001-01-01T00:00:00Z" -1 0 0}}"#, "0000-01-01T00:00:00Z"),
        (
            r#"{{addDate "2026-03-07T02:30:00-05:00[America/New_York]" 0 0 1}}"#,
            "2026-03-08T01:30:00-05:00[America/New_York]",
        ),
        (
            r#"{{addDuration "2026-03-07T02:30:00-05:00[America/New_York]" "24h"}}"#,
            "2026-03-08T03:30:00-04:00[America/New_York]",
        ),
    ]);
    all_refused(&[
        (r#"{{addDate "2026-11-20T09:23:45Z" 9000 0 0}}"#, "addDate"),
        (r#"{{addDate "2026-11-20T09:23:45Z" 0 0 9223372036854775807}}"#, "addDate"),
    ]);
}

#[test]
fn multiples_are_go_s() {
    all_say(&[
        (
            r#"{{truncateTime "2026-01-31T23:59:59.5+05:30" "1h"}} {{roundTime "2026-01-31T23:59:59.5+05:30" "1h"}}"#,
            "2026-01-31T23:30:00+05:30 2026-01-31T23:30:00+05:30",
        ),
        (
            r#"{{truncateTime "2026-01-31T23:59:59.5+05:30" "1s"}} {{roundTime "2026-01-31T23:59:59.5+05:30" "1s"}}"#,
            "2026-01-31T23:59:59+05:30 2026-02-01T00:00:00+05:30",
        ),
        (
            r#"{{truncateTime "2026-01-31T23:59:59.5+05:30" "24h"}} {{roundTime "2026-01-31T23:59:59.5+05:30" "24h"}}"#,
            "2026-01-31T05:30:00+05:30 2026-02-01T05:30:00+05:30",
        ),
        (
            r#"{{truncateTime "2026-01-31T23:59:59.5+05:30" "7m"}} {{roundTime "2026-01-31T23:59:59.5+05:30" "7m"}}"#,
            "2026-01-31T23:59:00+05:30 2026-01-31T23:59:00+05:30",
        ),
        (
            r#"{{truncateTime "2026-01-31T23:59:59.5+05:30" "-1s"}} {{roundTime "2026-01-31T23:59:59.5+05:30" "-1s"}}"#,
            "2026-01-31T23:59:59.5+05:30 2026-01-31T23:59:59.5+05:30",
        ),
        (
            r#"{{truncateTime "2026-01-31T23:59:59.5+05:30" "168h"}} {{roundTime "2026-01-31T23:59:59.5+05:30" "168h"}}"#,
            "2026-01-26T05:30:00+05:30 2026-02-02T05:30:00+05:30",
        ),
        (
            r#"{{truncateTime "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" "1s"}} {{roundTime "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" "1s"}}"#,
            "2026-11-20T17:23:45+08:00[Asia/Shanghai] 2026-11-20T17:23:46+08:00[Asia/Shanghai]",
        ),
        (
            r#"{{truncateTime "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" "168h"}} {{roundTime "2026-11-20T17:23:45.759+08:00[Asia/Shanghai]" "168h"}}"#,
            "2026-11-16T08:00:00+08:00[Asia/Shanghai] 2026-11-23T08:00:00+08:00[Asia/Shanghai]",
        ),
        (
            r#"{{truncateTime "0001-01-01T00:00:00.000000005Z" "1h"}} {{roundTime "0001-01-01T00:00:00.000000005Z" "1h"}}"#,
            "0001-01-01T00:00:00Z 0001-01-01T00:00:00Z",
        ),
        (
            r#"{{truncateTime "0001-01-01T00:00:00.000000005Z" "1s"}} {{roundTime "0001-01-01T00:00:00.000000005Z" "1s"}}"#,
            "0001-01-01T00:00:00Z 0001-01-01T00:00:00Z",
        ),
        (
            r#"{{truncateTime "0001-01-01T00:00:00.000000005Z" "168h"}} {{roundTime "0001-01-01T00:00:00.000000005Z" "168h"}}"#,
            "0001-01-01T00:00:00Z 0001-01-01T00:00:00Z",
        ),
        (
            r#"{{truncateDuration 5400000000000 "1h"}} {{roundDuration 5400000000000 "1h"}}"#,
            "3600000000000 7200000000000",
        ),
        (
            r#"{{truncateDuration 5400000000000 "1s"}} {{roundDuration 5400000000000 "1s"}}"#,
            "5400000000000 5400000000000",
        ),
        (
            r#"{{truncateDuration -5400000000000 "1h"}} {{roundDuration -5400000000000 "1h"}}"#,
            "-3600000000000 -7200000000000",
        ),
        (r#"{{truncateDuration 1234567890123 "1h"}} {{roundDuration 1234567890123 "1h"}}"#, "0 0"),
        (
            r#"{{truncateDuration 9223372036854775807 "1h"}} {{roundDuration 9223372036854775807 "1h"}}"#,
            "9223369200000000000 9223372036854775807",
        ),
        (
            r#"{{truncateDuration 9223372036854775807 "1s"}} {{roundDuration 9223372036854775807 "1s"}}"#,
            "9223372036000000000 9223372036854775807",
        ),
        (
            r#"{{truncateDuration -9223372036854775808 "1h"}} {{roundDuration -9223372036854775808 "1h"}}"#,
            "-9223369200000000000 -9223372036854775808",
        ),
        (r#"{{truncateDuration 499 "1h"}} {{roundDuration 499 "1h"}}"#, "0 0"),
        (r#"{{truncateDuration -500 "1h"}} {{roundDuration -500 "1h"}}"#, "0 0"),
        (r#"{{truncateDuration -500 "1s"}} {{roundDuration -500 "1s"}}"#, "0 0"),
        (r#"{{truncateDuration 500 "1h"}} {{roundDuration 500 "1h"}}"#, "0 0"),
    ]);
}

#[test]
fn times_are_compared_and_counted() {
    all_say(&[
        (r#"{{goDuration (since "2026-11-20T09:23:45.759Z")}} {{since "2026-11-20T09:33:45.75Z"}}"#, "10m0s 9000000"),
        (r#"{{goDuration (subTime "0001-01-01T00:00:00Z" "2026-11-20T09:23:45Z")}}"#, "-2562047h47m16.854775808s"),
        (
            r#"{{subTime "2026-11-20T09:23:45Z" "0001-01-01T00:00:00Z"}}[{{subTime labels.nothing "2026-11-20T09:23:45Z"}}]"#,
            "9223372036854775807[]",
        ),
        (
            r#"{{addDuration "2026-11-20T09:23:45Z" "-8h30m"}} {{addDuration "2026-11-20T09:23:45+08:00" 1500000000}}"#,
            "2026-11-20T00:53:45Z 2026-11-20T09:23:46.5+08:00",
        ),
        (
            r#"{{dateModify "+1h" "2026-11-20T09:23:45Z"}} {{date_modify "-1h" "2026-11-20T09:23:45Z"}}"#,
            "2026-11-20T10:23:45Z 2026-11-20T08:23:45Z",
        ),
        (
            r#"{{before "2026-11-20T09:00:00Z" "2026-11-20T17:00:01+08:00"}}{{after "2026-11-20T09:00:00Z" "2026-11-20T17:00:01+08:00"}}"#,
            "truefalse",
        ),
        (
            r#"{{sameTime "2026-11-20T09:00:00Z" "2026-11-20T17:00:00+08:00"}}{{before labels.nothing "2026-11-20T17:00:00Z"}}"#,
            "truefalse",
        ),
        (
            r#"{{#if (isZero "0001-01-01T00:00:00Z")}}never{{/if}}{{isZero "2026-11-20T17:00:00Z"}}{{isZero labels.nothing}}"#,
            "neverfalsetrue",
        ),
        (
            r#"{{unix "2026-11-20T09:23:45.759Z"}} {{unixMilli "2026-11-20T09:23:45.759Z"}} {{unixNano "0001-01-01T00:00:00Z"}} {{unixEpoch "1969-12-31T23:59:59.5Z"}}"#,
            "1795166625 1795166625759 -6795364578871345152 -1",
        ),
        (
            r#"{{timePart "2026-01-31T23:59:59.5+05:30" "month"}}/{{timePart "2026-01-31T23:59:59.5+05:30" "yearDay"}}/{{timePart "2026-01-31T23:59:59.5+05:30" "weekday"}}/{{timePart "2026-01-31T23:59:59.5+05:30" "nanosecond"}}"#,
            "1/31/6/500000000",
        ),
        (
            r#"{{timePart (tz "Asia/Shanghai" "2026-11-20T20:23:45Z") "day"}} {{timePart "0001-01-01T00:00:00Z" "year"}}"#,
            "21 1",
        ),
    ]);
}

#[test]
fn durations_are_go_s() {
    all_say(&[
        (
            r#"{{goDuration 3723500000000}} {{goDuration "90m"}} {{goDuration 0}} {{goDuration 1500}} {{goDuration labels.nothing}}"#,
            "1h2m3.5s 1h30m0s 0s 1.5µs 0s",
        ),
        (r#"{{parseDuration "8h30m"}} {{parseDuration "-1.5us"}}"#, "30600000000000 -1500"),
        (
            r#"{{durationIn 5400000000000 "h"}} {{durationIn "90m" "m"}} {{durationIn -123456789 "ms"}} {{durationIn -123456789 "us"}}"#,
            "1.5 90 -123 -123456",
        ),
        (
            r#"{{humanizeDuration 0.0125}} {{humanizeDuration "90061.5"}} {{humanizeDuration -61}} {{humanizeDuration labels.nothing}}"#,
            "12.5ms 1d 1h 1m 1s -1m 1s 0s",
        ),
    ]);
}

#[test]
fn what_cannot_be_right_is_refused_when_it_is_loaded() {
    all_refused(&[
        (r#"{{format startsAt "%H:%M"}}"#, "format: the layout"),
        (r#"{{date "today" startsAt}}"#, "shows no time"),
        (r#"{{date "%!" startsAt}}"#, "date: cannot use"),
        (r#"{{tz "Nope/Nope" startsAt}}"#, r#"tz: there is no time zone \"Nope/Nope\""#),
        (r#"{{dateInZone "15:04" startsAt "Nope"}}"#, "there is no time zone"),
        (r#"{{htmlDateInZone startsAt "Nope"}}"#, "there is no time zone"),
        (r#"{{toDate "%Y" "2026"}}"#, "toDate: the layout"),
        (r#"{{addDuration startsAt "soon"}}"#, "no duration"),
        (r#"{{dateModify "1d" startsAt}}"#, "there is no unit"),
        (r#"{{parseDuration "5"}}"#, "has no unit"),
        (r#"{{durationIn 5 "d"}}"#, "there is no unit"),
        (r#"{{timePart startsAt "week"}}"#, "no part"),
        (r#"{{humanizeDuration "x"}}"#, "humanizeDuration: \\\"x\\\" is no number"),
        (r#"{{humanizeDuration "1e999"}}"#, "is no number"),
    ]);
}

#[test]
fn what_is_no_time_is_an_error() {
    all_refused(&[
        (r#"{{format "soon" "15:04"}}"#, r#"format: "soon" is no time; write"#),
        (r#"{{format 5 "15:04"}}"#, "format: a number is no time"),
        (r#"{{unix "2026-11-20 09:23:45"}}"#, "unix"),
        (
            r#"{{tz receiver "2026-11-20T09:23:45Z"}}{{tz target "2026-11-20T09:23:45Z"}}"#,
            r#"tz: there is no time zone "ops""#,
        ),
        (r#"{{goDuration 1.5}}"#, "goDuration: 1.5 is no whole number"),
        (r#"{{addDate "2026-11-20T09:23:45Z" 0 "x" 0}}"#, "addDate: a text is no number"),
    ]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A time comes back from what is written of it.
    #[test]
    fn times_survive_being_written(
        seconds in -62_135_596_800_i64..253_000_000_000,
        nanoseconds in 0..1_000_000_000_i32,
        zone in prop::sample::select(vec!["UTC", "Asia/Shanghai", "America/New_York", "Europe/London"]),
    ) {
        let zone = jiff::tz::TimeZone::get(zone).expect("zone");
        let time = jiff::Timestamp::new(seconds, nanoseconds).expect("time").to_zoned(zone);
        let written = super::value::written(&time);
        let read = super::value::read(written.as_str().expect("text")).expect("time");
        prop_assert_eq!((read.timestamp(), read.offset()), (time.timestamp(), time.offset()));
    }
}

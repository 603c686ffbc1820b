//! When something happened, in any of the forms that senders write.
//!
//! | form | who |
//! |---|---|
//! | `1685646149981`, `1508136760`, as number or text | milliseconds from 10¹¹ on, else seconds: CloudMonitor, SLS |
//! | `20230217T103516.475+0800` | CloudMonitor's events |
//! | RFC 3339 with up to nine digits, `+0800` without a colon, `2019-11-11T11:00Z` without seconds | most |
//! | `2022/02/17,13:10:06:836`, `2024-01-01 04:00:00.000` | Huawei, Uptime Kuma, scripts: no zone |
//! | `2020-11-19T21:04:42.179PRC`, `2024-01-01 12:00:00 +0800 CST` | EventBridge, kube-eventer |
//!
//! What cannot be read is kept as it is: people can.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::clock::from_millis;

/// Numbers from here on are milliseconds: as seconds they would be the year 5138.
const MILLIS_FROM: i64 = 100_000_000_000;

/// China's offset, which most of these systems mean when they name none.
const CHINA: Offset = Offset::constant(8);

/// How a time without a zone is understood.
#[derive(Debug, Clone)]
pub(super) struct Zone(TimeZone);

/// A time as the model has it: RFC 3339 when it can be read, else as it was written.
pub(super) fn time(text: &str, zone: &Zone) -> String {
    parse(text, zone).map_or_else(|| text.trim().to_owned(), |time| time.to_string())
}

/// A time in any form.
pub(super) fn parse(text: &str, zone: &Zone) -> Option<Timestamp> {
    let text = text.trim();
    number(text).or_else(|| text.parse().ok()).or_else(|| written(text, zone))
}

/// Seconds or milliseconds since the Unix epoch; zero is no time.
fn number(text: &str) -> Option<Timestamp> {
    let number: i64 = text.split_once('.').map_or(text, |(whole, _)| whole).parse().ok()?;
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    match number {
        _ if !is_number => None,
        // Nothing, or eight digits: a date, not the spring of 1970.
        ..100_000_000 => None,
        MILLIS_FROM.. => Some(from_millis(number)),
        _ => Some(from_millis(number * 1000)),
    }
}

/// A date, a time of day and perhaps an offset, with whatever stands between them.
fn written(text: &str, zone: &Zone) -> Option<Timestamp> {
    let mut rest = text;
    let date = date(&mut rest)?;
    rest = rest.trim_start_matches(['T', 't', ',', ' ']);
    let time = time_of_day(&mut rest)?;
    let civil = DateTime::from_parts(date, time);
    match offset(rest.trim()) {
        Some(Some(offset)) => offset.to_timestamp(civil).ok(),
        Some(None) => zone.0.to_timestamp(civil).ok(),
        None => None,
    }
}

/// `2024-01-02`, `2024/01/02` or `20240102`.
fn date(rest: &mut &str) -> Option<Date> {
    let year = digits(rest, 4)?;
    let mark = rest.starts_with(['-', '/']);
    if mark {
        *rest = &rest[1..];
    }
    let month = digits(rest, 2)?;
    if mark {
        *rest = rest.strip_prefix(['-', '/'])?;
    }
    let day = digits(rest, 2)?;
    Date::new(year as i16, month as i8, day as i8).ok()
}

/// `12:30`, `12:30:15`, `12:30:15.250`, `12:30:15:250` or `123015.250`.
fn time_of_day(rest: &mut &str) -> Option<Time> {
    let hour = digits(rest, 2)?;
    *rest = rest.strip_prefix(':').unwrap_or(rest);
    let minute = digits(rest, 2)?;
    *rest = rest.strip_prefix(':').unwrap_or(rest);
    let second = digits(rest, 2).unwrap_or(0);
    let mut nanos = 0;
    if let Some(fraction) = rest.strip_prefix(['.', ':', ',']) {
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let shown = &fraction[..length.min(9)];
        nanos = format!("{shown:0<9}").parse().ok()?;
        *rest = &fraction[length..];
    }
    Time::new(hour as i8, minute as i8, second as i8, nanos).ok()
}

/// An offset; `Some(None)` when there is none, `None` when it cannot be read.
fn offset(text: &str) -> Option<Option<Offset>> {
    match text {
        "" => return Some(None),
        "Z" | "z" | "UTC" | "GMT" => return Some(Some(Offset::UTC)),
        "PRC" | "CST" => return Some(Some(CHINA)),
        _ => {}
    }
    let sign = match text.as_bytes() {
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let mut rest = &text[1..];
    let hours = i64::from(digits(&mut rest, 2)?);
    rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = i64::from(digits(&mut rest, 2).unwrap_or(0));
    // What follows is the zone's name.
    if !rest.is_empty() && !rest.starts_with(' ') {
        return None;
    }
    let offset = SignedDuration::from_mins(sign * (hours * 60 + minutes));
    Offset::try_from(offset).ok().map(Some)
}

fn digits(rest: &mut &str, count: usize) -> Option<u32> {
    let (number, behind) = rest.split_at_checked(count)?;
    let number = number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())??;
    *rest = behind;
    Some(number)
}

// === impl Zone ===

impl Zone {
    /// The configured zone; without one, China's.
    pub(super) fn of(configured: Option<&TimeZone>) -> Self {
        Self(configured.cloned().unwrap_or_else(|| TimeZone::fixed(CHINA)))
    }

    /// The zone with that offset, such as `+08:00`; this one when it cannot be read.
    pub(super) fn at_offset(&self, text: &str) -> Self {
        match offset(text.trim()) {
            Some(Some(offset)) => Self(TimeZone::fixed(offset)),
            _ => self.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_is_read() {
        let china = Zone::of(None);
        for (text, time) in [
            ("1685646149981", "2023-06-01T19:02:29.981Z"),
            ("1508136760", "2017-10-16T06:52:40Z"),
            ("1508136760.5", "2017-10-16T06:52:40Z"),
            ("20230217T103516.475+0800", "2023-02-17T02:35:16.475Z"),
            ("2026-07-29T06:00:00Z", "2026-07-29T06:00:00Z"),
            ("2026-07-29T06:00:00+0800", "2026-07-28T22:00:00Z"),
            ("2021-02-22T07:18:15.578000000Z", "2021-02-22T07:18:15.578Z"),
            ("2019-11-11T11:00Z", "2019-11-11T11:00:00Z"),
            ("2022/02/17,13:10:06:836", "2022-02-17T05:10:06.836Z"),
            ("2024-01-01 04:00:00.000", "2023-12-31T20:00:00Z"),
            ("2020-11-19T21:04:42.179PRC", "2020-11-19T13:04:42.179Z"),
            ("2024-01-01 12:00:00 +0800 CST", "2024-01-01T04:00:00Z"),
            (" 2020-12-03T09:44:04+08:00 ", "2020-12-03T01:44:04Z"),
            ("2020-12-03T09:44:04-03:30", "2020-12-03T13:14:04Z"),
        ] {
            assert_eq!(self::time(text, &china), time, "{text}");
        }
        let utc = Zone::of(Some(&TimeZone::UTC));
        assert_eq!(time("2022/02/17,13:10:06:836", &utc), "2022-02-17T13:10:06.836Z");
        assert_eq!(time("2024-01-01 04:00:00", &utc.at_offset("+09:00")), "2023-12-31T19:00:00Z");
    }

    #[test]
    fn what_is_no_time_stays_as_it_is() {
        let china = Zone::of(None);
        for text in ["", "0", "soon", "2024-13-01 00:00:00", "12:30", "20240101", "-5", "2024-01-01 00:00:00 Mars"] {
            assert_eq!(time(text, &china), text);
            assert_eq!(parse(text, &china), None);
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_asked(text in ".{0,40}", like in "[0-9T:/, .+-]{0,40}") {
            let china = Zone::of(None);
            let _ = (time(&text, &china), time(&like, &china));
        }
    }
}

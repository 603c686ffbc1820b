//! Times read as a Go layout says.

use jiff::Zoned;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use super::{DAYS, Element, Form, MONTHS, Pad, next};
use crate::render::helper::go::zoned;

/// What was read of a time so far. What is not read is as Go leaves it: year 0, and the first of January.
#[derive(Default)]
struct Parts {
    year: i16,
    month: Option<i8>,
    day: Option<i8>,
    day_of_year: Option<i16>,
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    /// Whether `PM` was read.
    afternoon: Option<bool>,
    utc: bool,
    offset: Option<i32>,
    zone: Option<String>,
}

/// The time that `text` says when it is written as `layout`. It is in `local` unless it says otherwise.
///
/// # Errors
/// What of the text is not as the layout wants it.
pub(in crate::render::helper) fn parse(layout: &str, text: &str, local: &TimeZone) -> Result<Zoned, String> {
    let mut parts = Parts::default();
    let (mut layout, mut rest) = (layout, text);
    while let Some((before, element, after)) = next(layout) {
        let at = skip(rest, before)?;
        layout = after;
        rest = parts.read(element, at, layout).map_err(|message| format!("{message} at {at:?}"))?;
    }
    match skip(rest, layout)? {
        "" => parts.time(local),
        extra => Err(format!("there is more than the layout has: {extra:?}")),
    }
}

/// `text` without the `literal` it must begin with. A run of spaces stands for any other.
fn skip<'a>(mut text: &'a str, literal: &str) -> Result<&'a str, String> {
    let mut expected = literal;
    while let Some(char) = expected.chars().next() {
        if char == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return Err(format!("expected a space at {text:?}"));
            }
            expected = expected.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
        } else {
            text = text.strip_prefix(char).ok_or_else(|| format!("expected {expected:?} at {text:?}"))?;
            expected = &expected[char.len_utf8()..];
        }
    }
    Ok(text)
}

// === impl Parts ===

impl Parts {
    /// Reads `element` from the start of `text`; what is left of it. `layout` is what follows the element.
    fn read<'a>(&mut self, element: Element, text: &'a str, layout: &str) -> Result<&'a str, String> {
        let mut text = text;
        match element {
            Element::LongYear => (self.year, text) = digits(text, 4).ok_or("expected a year of four digits")?,
            Element::Year => {
                let (year, rest) = digits(text, 2).ok_or("expected a year of two digits")?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
                text = rest;
            }
            Element::LongMonth | Element::Month => {
                let (index, rest) = named(&MONTHS, text, element == Element::Month).ok_or("expected a month")?;
                self.month = Some(index + 1);
                text = rest;
            }
            Element::LongWeekday | Element::Weekday => {
                (_, text) = named(&DAYS, text, element == Element::Weekday).ok_or("expected a day of the week")?;
            }
            Element::MonthNumber(pad) => {
                let month;
                (month, text) = number(text, pad, 1..=12, "a month")?;
                self.month = Some(month);
            }
            Element::Day(pad) => {
                let day;
                let start = if pad == Pad::Space { text.strip_prefix(' ').unwrap_or(text) } else { text };
                (day, text) = number(start, pad, 0..=99, "a day")?;
                self.day = Some(day);
            }
            Element::DayOfYear(pad) => {
                let (day, rest) = day_of_year(text, pad).ok_or("expected a day of the year")?;
                self.day_of_year = Some(day);
                text = rest;
            }
            Element::Hour => (self.hour, text) = number(text, Pad::None, 0..=23, "an hour")?,
            Element::Hour12(pad) => (self.hour, text) = number(text, pad, 0..=12, "an hour")?,
            Element::Minute(pad) => (self.minute, text) = number(text, pad, 0..=59, "a minute")?,
            Element::Second(pad) => {
                (self.second, text) = number(text, pad, 0..=59, "a second")?;
                // A fraction may follow even if the layout has none.
                let own = matches!(next(layout), Some((_, Element::Fraction { .. }, _)));
                if !own && fraction_length(text) > 0 {
                    text = self.fraction(text, fraction_length(text))?;
                }
            }
            Element::Fraction { trim: true, .. } => text = self.fraction(text, fraction_length(text).min(10))?,
            Element::Fraction { digits, .. } => text = self.fraction(text, digits + 1)?,
            Element::UpperHalf => text = self.half(text, ["AM", "PM"])?,
            Element::LowerHalf => text = self.half(text, ["am", "pm"])?,
            Element::ZoneName => text = self.zone(text)?,
            Element::Offset { z: true, form } if !form.seconds && text.starts_with('Z') => {
                self.utc = true;
                text = &text[1..];
            }
            Element::Offset { form, .. } => text = self.offset(text, form)?,
        }
        Ok(text)
    }

    /// Reads a fraction of a second of `length` bytes, its separator included.
    fn fraction<'a>(&mut self, text: &'a str, length: usize) -> Result<&'a str, String> {
        if length == 0 {
            return Ok(text);
        }
        let fraction = text.get(..length).filter(|fraction| fraction.starts_with(['.', ',']));
        let digits = fraction.map(|fraction| &fraction[1..]).filter(|digits| all_digits(digits));
        let digits = digits.ok_or("expected a fraction of a second")?;
        let shown = &digits[..digits.len().min(9)];
        self.nanosecond = format!("{shown:0<9}").parse().map_err(|_| "expected a fraction of a second")?;
        Ok(&text[length..])
    }

    fn half<'a>(&mut self, text: &'a str, [morning, afternoon]: [&str; 2]) -> Result<&'a str, String> {
        if let Some(rest) = text.strip_prefix(afternoon) {
            self.afternoon = Some(true);
            return Ok(rest);
        }
        let rest = text.strip_prefix(morning).ok_or_else(|| format!("expected {morning} or {afternoon}"))?;
        // Go forgets no `PM`.
        self.afternoon.get_or_insert(false);
        Ok(rest)
    }

    fn zone<'a>(&mut self, text: &'a str) -> Result<&'a str, String> {
        if let Some(rest) = text.strip_prefix("UTC") {
            self.utc = true;
            return Ok(rest);
        }
        let length = zone_length(text).ok_or("expected the short name of a time zone")?;
        self.zone = Some(text[..length].to_owned());
        Ok(&text[length..])
    }

    fn offset<'a>(&mut self, text: &'a str, form: Form) -> Result<&'a str, String> {
        let expected = || "expected an offset from UTC".to_owned();
        let sign = match text.bytes().next() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(expected()),
        };
        let mut rest = &text[1..];
        let mut seconds = 0;
        for (unit, shown) in [(3_600, true), (60, form.minutes), (1, form.seconds)] {
            if !shown {
                continue;
            }
            if form.colon && unit < 3_600 {
                rest = rest.strip_prefix(':').ok_or_else(expected)?;
            }
            let count;
            (count, rest) = digits(rest, 2).ok_or_else(expected)?;
            if i32::from(count) > if unit == 3_600 { 24 } else { 60 } {
                return Err("the offset from UTC is out of range".to_owned());
            }
            seconds += unit * i32::from(count);
        }
        self.offset = Some(sign * seconds);
        Ok(rest)
    }

    /// The time itself.
    fn time(self, local: &TimeZone) -> Result<Zoned, String> {
        let date = self.date()?;
        let hour = match self.afternoon {
            Some(true) if self.hour < 12 => self.hour + 12,
            Some(false) if self.hour == 12 => 0,
            _ => self.hour,
        };
        let civil = date.at(hour, self.minute, self.second, self.nanosecond);
        if self.utc {
            return in_zone(civil, TimeZone::UTC);
        }
        if let Some(seconds) = self.offset {
            let at = in_zone(civil, fixed(seconds)?)?.timestamp();
            let info = local.to_offset_info(at);
            let same = self.zone.as_deref().is_none_or(|name| name == info.abbreviation());
            let here = info.offset().seconds() == seconds && same;
            return Ok(at.to_zoned(if here { local.clone() } else { fixed(seconds)? }));
        }
        match &self.zone {
            Some(name) => named_zone(civil, name, local),
            None => in_zone(civil, local.clone()),
        }
    }

    fn date(&self) -> Result<Date, String> {
        let mut month_and_day = (self.month, self.day);
        if let Some(number) = self.day_of_year {
            let first = Date::new(self.year, 1, 1).map_err(|error| error.to_string())?;
            if !(1..=first.days_in_year()).contains(&number) {
                return Err(format!("year {} has no day {number}", self.year));
            }
            let date = first.saturating_add(jiff::Span::new().days(number - 1));
            if self.month.is_some_and(|month| month != date.month()) || self.day.is_some_and(|day| day != date.day()) {
                return Err("the day of the year is not that of month and day".to_owned());
            }
            month_and_day = (Some(date.month()), Some(date.day()));
        }
        let (month, day) = (month_and_day.0.unwrap_or(1), month_and_day.1.unwrap_or(1));
        Date::new(self.year, month, day).map_err(|_| format!("there is no day {day} in that month"))
    }
}

/// The time in a zone of which only the short name is known.
fn named_zone(civil: DateTime, name: &str, local: &TimeZone) -> Result<Zoned, String> {
    let here = in_zone(civil, local.clone())?;
    if local.to_offset_info(here.timestamp()).abbreviation() == name {
        return Ok(here);
    }
    // Go knows no other zone by its short name. It reads `GMT+3`, but only as how the time is shown.
    let hours = name.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok()).unwrap_or(0);
    Ok(in_zone(civil, TimeZone::UTC)?.with_time_zone(fixed(hours * 3_600)?))
}

fn fixed(seconds: i32) -> Result<TimeZone, String> {
    match seconds {
        0 => Ok(TimeZone::UTC),
        _ => Offset::from_seconds(seconds).map(TimeZone::fixed).map_err(|error| error.to_string()),
    }
}

fn in_zone(civil: DateTime, zone: TimeZone) -> Result<Zoned, String> {
    zoned(civil, zone).ok_or_else(|| "that is beyond the years that there are".to_owned())
}

/// The number that `text` begins with, and the rest: of two digits at most, of just two when they are padded with zeros.
fn number<'a>(
    text: &'a str,
    pad: Pad,
    range: std::ops::RangeInclusive<i8>,
    what: &str,
) -> Result<(i8, &'a str), String> {
    let short = || if pad == Pad::Zero { None } else { digits(text, 1) };
    let (number, rest) = digits(text, 2).or_else(short).ok_or_else(|| format!("expected {what}"))?;
    // Two digits are no more than 99.
    let number = i8::try_from(number).unwrap_or(i8::MAX);
    if range.contains(&number) { Ok((number, rest)) } else { Err(format!("{number} is out of range for {what}")) }
}

/// The number of just so many digits that `text` begins with.
fn digits(text: &str, count: usize) -> Option<(i16, &str)> {
    let number = text.get(..count).filter(|digits| all_digits(digits))?;
    Some((number.parse().ok()?, &text[count..]))
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn day_of_year(text: &str, pad: Pad) -> Option<(i16, &str)> {
    let mut start = text;
    if pad == Pad::Space {
        for _ in 0..2 {
            start = start.strip_prefix(' ').unwrap_or(start);
        }
    }
    let shorter = || if pad == Pad::Zero { None } else { digits(start, 2).or_else(|| digits(start, 1)) };
    digits(start, 3).or_else(shorter)
}

/// How long a fraction of a second is that `text` begins with, its separator included; 0 when there is none.
fn fraction_length(text: &str) -> usize {
    let digits = text.strip_prefix(['.', ',']).unwrap_or_default();
    match digits.bytes().take_while(u8::is_ascii_digit).count() {
        0 => 0,
        count => count + 1,
    }
}

/// The index of the name, of which only three letters are read when it is `short`, in any case.
fn named<'a>(names: &[&str], text: &'a str, short: bool) -> Option<(i8, &'a str)> {
    names.iter().zip(0..).find_map(|(name, index)| {
        let name = if short { &name[..3] } else { name };
        let start = text.get(..name.len())?;
        start.eq_ignore_ascii_case(name).then(|| (index, &text[name.len()..]))
    })
}

/// How long the short name of a zone is that `text` begins with.
fn zone_length(text: &str) -> Option<usize> {
    if text.len() < 3 {
        return None;
    }
    if text.starts_with("ChST") || text.starts_with("MeST") {
        return Some(4);
    }
    if let Some(after) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(after));
    }
    if text.starts_with(['+', '-']) {
        return Some(signed_hours(text)).filter(|length| *length > 0);
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase).count();
    match capitals {
        3 => Some(3),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        5 if text.as_bytes()[4] == b'T' => Some(5),
        _ => None,
    }
}

/// How long a sign with hours up to 23 is that `text` begins with; 0 when there is none.
fn signed_hours(text: &str) -> usize {
    let Some(digits) = text.strip_prefix(['+', '-']) else { return 0 };
    let count = digits.bytes().take_while(u8::is_ascii_digit).count();
    match digits[..count].parse::<u64>() {
        Ok(hours) if hours <= 23 => 1 + count,
        _ => 0,
    }
}

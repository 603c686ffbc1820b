//! Go's layouts: times are written as the second of January 2006, 15:04:05, would be.

mod parse;

use jiff::Zoned;
use jiff::tz::TimeZone;

pub(in crate::render::helper) use self::parse::parse;

/// The names of months; their first three letters are the short ones.
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// The names of days from Sunday; their first three letters are the short ones.
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// A part of a layout that stands for a part of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Element {
    /// `2006`
    LongYear,
    /// `06`
    Year,
    /// `January`
    LongMonth,
    /// `Jan`
    Month,
    /// `01`, `1`
    MonthNumber(Pad),
    /// `Monday`
    LongWeekday,
    /// `Mon`
    Weekday,
    /// `02`, `2`, `_2`
    Day(Pad),
    /// `002`, `__2`
    DayOfYear(Pad),
    /// `15`
    Hour,
    /// `03`, `3`
    Hour12(Pad),
    /// `04`, `4`
    Minute(Pad),
    /// `05`, `5`
    Second(Pad),
    /// `.000`, `,000`; `.999`, `,999` leave zeros at the end out.
    Fraction { separator: char, digits: usize, trim: bool },
    /// `PM`
    UpperHalf,
    /// `pm`
    LowerHalf,
    /// `MST`
    ZoneName,
    /// `-0700` and its like; with a `Z` for UTC when it is written as `Z0700`.
    Offset { z: bool, form: Form },
}

/// How a number is filled up to its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pad {
    None,
    Zero,
    Space,
}

/// How an offset from UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Form {
    colon: bool,
    minutes: bool,
    seconds: bool,
}

const HOURS: Form = Form { colon: false, minutes: false, seconds: false };
const MINUTES: Form = Form { colon: false, minutes: true, seconds: false };
const COLON_MINUTES: Form = Form { colon: true, ..MINUTES };
const SECONDS: Form = Form { seconds: true, ..MINUTES };
const COLON_SECONDS: Form = Form { colon: true, ..SECONDS };

/// Elements of one spelling. Of those that begin alike the longer comes first.
const SPELLINGS: [(&str, Element); 33] = [
    ("January", Element::LongMonth),
    ("Jan", Element::Month),
    ("Monday", Element::LongWeekday),
    ("Mon", Element::Weekday),
    ("MST", Element::ZoneName),
    ("002", Element::DayOfYear(Pad::Zero)),
    ("01", Element::MonthNumber(Pad::Zero)),
    ("02", Element::Day(Pad::Zero)),
    ("03", Element::Hour12(Pad::Zero)),
    ("04", Element::Minute(Pad::Zero)),
    ("05", Element::Second(Pad::Zero)),
    ("06", Element::Year),
    ("15", Element::Hour),
    ("1", Element::MonthNumber(Pad::None)),
    ("2006", Element::LongYear),
    ("2", Element::Day(Pad::None)),
    ("__2", Element::DayOfYear(Pad::Space)),
    ("_2", Element::Day(Pad::Space)),
    ("3", Element::Hour12(Pad::None)),
    ("4", Element::Minute(Pad::None)),
    ("5", Element::Second(Pad::None)),
    ("PM", Element::UpperHalf),
    ("pm", Element::LowerHalf),
    ("-070000", Element::Offset { z: false, form: SECONDS }),
    ("-07:00:00", Element::Offset { z: false, form: COLON_SECONDS }),
    ("-0700", Element::Offset { z: false, form: MINUTES }),
    ("-07:00", Element::Offset { z: false, form: COLON_MINUTES }),
    ("-07", Element::Offset { z: false, form: HOURS }),
    ("Z070000", Element::Offset { z: true, form: SECONDS }),
    ("Z07:00:00", Element::Offset { z: true, form: COLON_SECONDS }),
    ("Z0700", Element::Offset { z: true, form: MINUTES }),
    ("Z07:00", Element::Offset { z: true, form: COLON_MINUTES }),
    ("Z07", Element::Offset { z: true, form: HOURS }),
];

/// Whether anything in `layout` stands for a part of a time.
pub(in crate::render::helper) fn shows(layout: &str) -> bool {
    next(layout).is_some()
}

/// `time` as `layout` says, in the time's own zone.
pub(in crate::render::helper) fn format(layout: &str, time: &Zoned) -> String {
    let mut out = String::with_capacity(layout.len() + 16);
    let mut rest = layout;
    while let Some((before, element, after)) = next(rest) {
        out.push_str(before);
        push(&mut out, element, time);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The first element of `layout`, with what stands before and after it.
fn next(layout: &str) -> Option<(&str, Element, &str)> {
    layout.char_indices().find_map(|(at, _)| {
        let (before, rest) = layout.split_at(at);
        element_at(rest).map(|(element, length)| (before, element, &rest[length..]))
    })
}

/// The element that `rest` begins with, and its length.
fn element_at(rest: &str) -> Option<(Element, usize)> {
    if let Some(fraction) = fraction_at(rest) {
        return Some(fraction);
    }
    // `_2006` is an underscore before a year.
    if rest.starts_with("_2006") {
        return None;
    }
    SPELLINGS.iter().find_map(|(spelling, element)| {
        let after = rest.strip_prefix(spelling)?;
        let short = matches!(element, Element::Month | Element::Weekday);
        // `Janet` and `Month` are words.
        let word = short && after.starts_with(|next: char| next.is_ascii_lowercase());
        (!word).then_some((*element, spelling.len()))
    })
}

/// `.000` or `.999`, of any length, unless other digits follow.
fn fraction_at(rest: &str) -> Option<(Element, usize)> {
    let separator = rest.chars().next().filter(|char| matches!(char, '.' | ','))?;
    let digit = rest[1..].chars().next().filter(|char| matches!(char, '0' | '9'))?;
    let after = rest[1..].trim_start_matches(digit);
    let digits = rest.len() - 1 - after.len();
    let ends = !after.starts_with(|next: char| next.is_ascii_digit());
    ends.then_some((Element::Fraction { separator, digits, trim: digit == '9' }, 1 + digits))
}

fn push(out: &mut String, element: Element, time: &Zoned) {
    let hour12 = (time.hour() + 11) % 12 + 1;
    match element {
        Element::LongYear => push_number(out, time.year().into(), 4),
        Element::Year => push_number(out, i64::from(time.year().max(0) % 100), 2),
        Element::LongMonth => out.push_str(month(time)),
        Element::Month => out.push_str(&month(time)[..3]),
        Element::MonthNumber(pad) => push_padded(out, time.month().into(), pad, 2),
        Element::LongWeekday => out.push_str(weekday(time)),
        Element::Weekday => out.push_str(&weekday(time)[..3]),
        Element::Day(pad) => push_padded(out, time.day().into(), pad, 2),
        Element::DayOfYear(pad) => push_padded(out, time.day_of_year().into(), pad, 3),
        Element::Hour => push_number(out, time.hour().into(), 2),
        Element::Hour12(pad) => push_padded(out, hour12.into(), pad, 2),
        Element::Minute(pad) => push_padded(out, time.minute().into(), pad, 2),
        Element::Second(pad) => push_padded(out, time.second().into(), pad, 2),
        Element::Fraction { separator, digits, trim } => {
            push_fraction(out, time.subsec_nanosecond(), separator, digits, trim);
        }
        Element::UpperHalf => out.push_str(if time.hour() >= 12 { "PM" } else { "AM" }),
        Element::LowerHalf => out.push_str(if time.hour() >= 12 { "pm" } else { "am" }),
        Element::ZoneName => match zone_name(time) {
            Some(name) => out.push_str(&name),
            None => push_offset(out, time.offset().seconds(), MINUTES),
        },
        Element::Offset { z: true, .. } if time.offset().seconds() == 0 => out.push('Z'),
        Element::Offset { form, .. } => push_offset(out, time.offset().seconds(), form),
    }
}

fn month(time: &Zoned) -> &'static str {
    usize::try_from(time.month() - 1).ok().and_then(|index| MONTHS.get(index)).copied().unwrap_or(MONTHS[0])
}

fn weekday(time: &Zoned) -> &'static str {
    let index = time.weekday().to_sunday_zero_offset();
    usize::try_from(index).ok().and_then(|index| DAYS.get(index)).copied().unwrap_or(DAYS[0])
}

/// What the time's zone is called then; none for a mere offset.
fn zone_name(time: &Zoned) -> Option<String> {
    let zone = time.time_zone();
    if *zone == TimeZone::UTC {
        return Some("UTC".to_owned());
    }
    if zone.iana_name().is_none() && zone.to_fixed_offset().is_ok() {
        return None;
    }
    Some(zone.to_offset_info(time.timestamp()).abbreviation().to_owned())
}

fn push_number(out: &mut String, number: i64, width: usize) {
    if number < 0 {
        out.push('-');
    }
    out.push_str(&format!("{:0width$}", number.unsigned_abs()));
}

fn push_padded(out: &mut String, number: i64, pad: Pad, width: usize) {
    match pad {
        Pad::None => out.push_str(&number.to_string()),
        Pad::Zero => push_number(out, number, width),
        Pad::Space => out.push_str(&format!("{number:width$}")),
    }
}

fn push_fraction(out: &mut String, nanoseconds: i32, separator: char, digits: usize, trim: bool) {
    let all = format!("{nanoseconds:09}");
    let mut shown = &all[..digits.min(9)];
    if trim {
        shown = shown.trim_end_matches('0');
        if shown.is_empty() {
            return;
        }
    }
    out.push(separator);
    out.push_str(shown);
}

fn push_offset(out: &mut String, seconds: i32, form: Form) {
    // An offset of less than a minute has no sign of its own in Go.
    let minutes = seconds / 60;
    out.push(if minutes < 0 { '-' } else { '+' });
    let seconds = if minutes < 0 { -seconds } else { seconds };
    push_number(out, i64::from(minutes.abs() / 60), 2);
    for (shown, number) in [(form.minutes, minutes.abs() % 60), (form.seconds, seconds % 60)] {
        if shown {
            if form.colon {
                out.push(':');
            }
            push_number(out, number.into(), 2);
        }
    }
}

#[cfg(test)]
mod tests;

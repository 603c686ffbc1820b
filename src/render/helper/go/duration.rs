//! Durations as Go counts and writes them: whole nanoseconds, up to 292 years.

use super::float;

const SECOND: u64 = 1_000_000_000;

/// The units that durations are written in.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    // Unicode has two of them: the sign, and the letter.
    ("\u{B5}s", 1_000),
    ("\u{3BC}s", 1_000),
    ("ms", 1_000_000),
    ("s", SECOND),
    ("m", 60 * SECOND),
    ("h", 3_600 * SECOND),
];

/// `1h2m3.5s`, as Go prints a duration.
pub(in crate::render::helper) fn format(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let size = nanoseconds.unsigned_abs();
    if size == 0 {
        return "0s".to_owned();
    }
    if size < SECOND {
        let (name, unit) = match size {
            0..1_000 => ("ns", 1),
            1_000..1_000_000 => ("\u{B5}s", 1_000),
            _ => ("ms", 1_000_000),
        };
        return format!("{sign}{}{name}", decimal(size, unit));
    }
    let (hours, minutes) = (size / (3_600 * SECOND), size / (60 * SECOND) % 60);
    let seconds = decimal(size % (60 * SECOND), SECOND);
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `size` in a unit that is a power of ten, without zeros at the end.
fn decimal(size: u64, unit: u64) -> String {
    if size.is_multiple_of(unit) {
        return (size / unit).to_string();
    }
    let width = unit.ilog10() as usize;
    let fraction = format!("{:0width$}", size % unit);
    format!("{}.{}", size / unit, fraction.trim_end_matches('0'))
}

/// The nanoseconds that `1h15m30.5s` says.
///
/// # Errors
/// What is wrong with it.
pub(in crate::render::helper) fn parse(text: &str) -> Result<i64, String> {
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Ok(0);
    }
    let invalid = || format!("{text:?} is no duration such as \"1h30m\" or \"1.5s\"");
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let part;
        (part, rest) = first_part(rest).map_err(|why| why.unwrap_or_else(invalid))?;
        total = total.checked_add(part).filter(|total| *total <= 1 << 63).ok_or_else(|| too_long(text))?;
    }
    let signed = if negative { -i128::from(total) } else { i128::from(total) };
    i64::try_from(signed).map_err(|_| too_long(text))
}

fn too_long(text: &str) -> String {
    format!("{text:?} is longer than the 292 years that a duration can be")
}

/// The nanoseconds of the number with its unit that `text` begins with, and the rest.
///
/// # Errors
/// What is wrong with it, unless it is no number at all.
fn first_part(text: &str) -> Result<(u64, &str), Option<String>> {
    let (whole, after) = split(text, |byte| byte.is_ascii_digit());
    let (fraction, after) = match after.strip_prefix('.') {
        Some(after) => split(after, |byte| byte.is_ascii_digit()),
        None => ("", after),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(None);
    }
    let (name, after) = split(after, |byte| byte != b'.' && !byte.is_ascii_digit());
    if name.is_empty() {
        return Err(Some(format!("{text:?} has no unit, such as h, m or s")));
    }
    let unit = UNITS.iter().find(|(unit, _)| *unit == name).map(|(_, length)| *length);
    let unit = unit.ok_or_else(|| Some(format!("there is no unit {name:?}: write h, m, s, ms, us or ns")))?;
    let whole = if whole.is_empty() { Some(0) } else { whole.parse::<u64>().ok() };
    let total = whole.and_then(|whole| whole.checked_mul(unit)?.checked_add(part_of(fraction, unit)));
    Ok((total.filter(|total| *total <= 1 << 63).ok_or_else(|| Some(too_long(text)))?, after))
}

/// The start of `text` whose bytes are as told, and the rest.
fn split(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    // Bytes of a longer character are all alike to the callers, so it is never cut.
    text.split_at(text.bytes().position(|byte| !belongs(byte)).unwrap_or(text.len()))
}

/// That fraction of the unit, as exact as Go counts it.
fn part_of(fraction: &str, unit: u64) -> u64 {
    let (mut digits, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction.bytes() {
        let next = digits.checked_mul(10).and_then(|digits| digits.checked_add(u64::from(digit - b'0')));
        let Some(next) = next.filter(|next| *next <= 1 << 63 && digits <= (i64::MAX as u64) / 10) else { break };
        (digits, scale) = (next, scale * 10.0);
    }
    (digits as f64 * (unit as f64 / scale)) as u64
}

/// Seconds as Alertmanager's `humanizeDuration` writes them: `1d 1h 1m 1s`, `12.35s`, `12.5ms`.
pub(in crate::render::helper) fn humanize(seconds: f64) -> String {
    let short = |number: f64| float::format(number, 'g', Some(4));
    if !seconds.is_finite() {
        return short(seconds);
    }
    if seconds == 0.0 {
        return short(seconds) + "s";
    }
    let size = seconds.abs();
    if size < 1.0 {
        let (mut shown, mut prefix) = (seconds, "");
        for next in ["m", "u", "n", "p", "f", "a", "z", "y"] {
            if shown.abs() >= 1.0 {
                break;
            }
            (shown, prefix) = (shown * 1000.0, next);
        }
        return format!("{}{prefix}s", short(shown));
    }
    let sign = if seconds < 0.0 { "-" } else { "" };
    // What no integer holds is the least of them in Go.
    let whole = if size < 9_223_372_036_854_775_808.0 { size as i64 } else { i64::MIN };
    let (days, hours) = (whole / 86_400, whole / 3_600 % 24);
    let (minutes, rest) = (whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", short(size)),
        (0, 0, _) => format!("{sign}{minutes}m {rest}s"),
        (0, ..) => format!("{sign}{hours}h {minutes}m {rest}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {rest}s"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    #[rustfmt::skip]
    fn durations_are_written_as_in_go() {
        for (nanoseconds, want) in [
            (i64::MIN, "-2562047h47m16.854775808s"),
            (92749000000000, "25h45m49s"),
            (-4256613818717633681, "-1182392h43m38.717633681s"),
            (70174895920, "1m10.17489592s"),
            (54823000000000, "15h13m43s"),
            (55675000000000, "15h27m55s"),
            (7743063757533155248, "2150851h2m37.533155248s"),
            (-6005759, "-6.005759ms"),
            (98872000000000, "27h27m52s"),
            (4581790143394590708, "1272719h29m3.394590708s"),
            (15486000000000, "4h18m6s"),
            (-8302632527700175985, "-2306286h48m47.700175985s"),
            (-6060573, "-6.060573ms"),
            (-7834461464111571905, "-2176239h17m44.111571905s"),
            (925207572549, "15m25.207572549s"),
        ] {
            assert_eq!(format(nanoseconds), want);
        }
    }

    #[test]
    #[rustfmt::skip]
    fn durations_are_read_as_in_go() {
        for (text, want) in [
            ("-9223372036854775808ns", Some(i64::MIN)),
            ("+0µs", Some(0)),
            ("+1ns", Some(1)),
            ("+0.000000000000000000001µs", Some(0)),
            ("-0µs", Some(0)),
            ("-3.1415926535897932384626μs", Some(-3141)),
            ("1000000ms0ms", Some(1000000000000)),
            ("-9223372036.854775808μs0µs", Some(-9223372036854)),
            (".5s", Some(500000000)),
            ("+9223372036.854775808us", Some(9223372036854)),
            ("+2562047h5.m", Some(9223369500000000000)),
            ("1000000ns", Some(1000000)),
            ("0s5.µs1000000ms", Some(1000000005000)),
            ("1m9223372036.854775808ms5.s", Some(9223437036854775)),
            ("-9223372036.854775808ns.5m5.ns", Some(-39223372041)),
            ("+1000000s", Some(1000000000000000)),
            ("-1000000ns", Some(-1000000)),
            ("0ms", Some(0)),
            ("5.us", Some(5000)),
            ("+9223372036.854775808ns.5s", Some(9723372036)),
            ("+0ms", Some(0)),
            ("-0ns", Some(0)),
            ("2562047ns", Some(2562047)),
            ("-", None),
            ("", None),
            ("-", None),
            ("+", None),
            (".µs1μs", None),
            ("9223372036854775808ms", None),
            ("9223372036.854775808m0", None),
            ("-9223372036854775807m", None),
            ("-2562047s.h", None),
            ("", None),
            ("+", None),
            ("-", None),
        ] {
            assert_eq!(parse(text).ok(), want, "{text}");
        }
    }

    #[test]
    #[rustfmt::skip]
    fn seconds_are_shown_as_by_alertmanager() {
        for (seconds, want) in [
            (0.0, "0s"), (1.0, "1s"), (59.99, "59.99s"), (60.0, "1m 0s"), (3_600.0, "1h 0m 0s"), (86_400.0, "1d 0h 0m 0s"),
            (90_061.5, "1d 1h 1m 1s"), (12.3456, "12.35s"), (0.0125, "12.5ms"), (-61.0, "-1m 1s"), (-0.5, "-500ms"),
            (1e-9, "1ns"), (1.5e-25, "0.15ys"), (1e-30, "1e-06ys"), (999.9, "16m 39s"), (0.999_99, "1000ms"),
            (1e18, "11574074074074d 1h 46m 40s"), (1e19, "-106751991167300d -15h -30m -8s"), (f64::INFINITY, "+Inf"), (f64::NAN, "NaN"),
        ] {
            assert_eq!(humanize(seconds), want, "{seconds}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(nanoseconds in any::<i64>()) {
            prop_assert_eq!(parse(&format(nanoseconds)), Ok(nanoseconds));
        }

        #[test]
        fn anything_can_be_read(text in any::<String>(), near in "[-+]?([0-9.]{0,25}(h|m|s|ns|µs|d)?){0,4}", seconds in any::<f64>()) {
            let _ = (parse(&text), parse(&near), humanize(seconds));
        }
    }
}

//! What single values mean: durations, sizes, rate limits, time zones. Every error says what is expected.

use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo};

use crate::clock;
use crate::outbox::pace::RateLimit;

/// The longest window or period that is accepted: the outbox remembers for a day.
pub(super) const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A duration as Prometheus writes it.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a duration such as 90s, 10m, 1h30m or 7d";
    let units = text.chars().all(|c| c.is_ascii_digit() || "smhdw".contains(c));
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let span: Span = text.parse().ok().filter(|_| units).ok_or(EXPECTED)?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| EXPECTED)?;
    Duration::try_from(duration).map_err(|_| EXPECTED.into())
}

/// A duration longer than zero and at most `longest`.
pub(super) fn duration_up_to(longest: Duration) -> impl Fn(&str) -> Result<Duration, String> {
    move |text| match duration(text)? {
        Duration::ZERO => Err("expected a duration longer than zero".into()),
        duration if duration > longest => Err(format!("expected at most {}", clock::show(longest))),
        duration => Ok(duration),
    }
}

/// A size in bytes.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let factor = match text[digits.len()..].trim() {
        "" | "B" => Some(1),
        "KiB" => Some(1 << 10),
        "MiB" => Some(1 << 20),
        "GiB" => Some(1 << 30),
        _ => None,
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .zip(factor)
        .and_then(|(number, factor)| number.checked_mul(factor))
        .filter(|size| *size > 0)
        .ok_or_else(|| "expected a size such as 512KiB, 32MiB or 1GiB".into())
}

/// A whole number of at least one.
pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "expected a whole number of at least 1".into())
}

/// A rate limit: messages per period.
pub(super) fn rate_limit(text: &str) -> Result<RateLimit, String> {
    let expected = || "expected messages per period, such as 20/1m".to_owned();
    let (messages, period) = text.split_once('/').ok_or_else(expected)?;
    let messages = messages.trim().parse().ok().filter(|count| *count > 0).ok_or_else(expected)?;
    let period = duration_up_to(DAY)(period.trim()).map_err(|error| format!("{}: {error}", expected()))?;
    Ok(RateLimit { messages, period })
}

/// A range of addresses, or a single one.
pub(super) fn range(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| address()).map_err(|_| "expected a range such as 10.0.0.0/8".to_owned())
}

/// A time zone by its IANA name.
pub(super) fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| "no such time zone; expected a name such as Asia/Shanghai or UTC".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_prometheus() {
        for (text, seconds) in
            [("0", 0), ("0s", 0), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("7d", 604_800), ("1w", 604_800)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1500)));
        for wrong in ["", "5", "-5s", "1.5h", "5 minutes", "10m ago", "PT5M", "1y", "9999999999999999999d"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn sizes_are_binary() {
        for (text, bytes) in [("1", 1), ("5B", 5), ("2KiB", 2048), ("32MiB", 32 << 20), ("1 GiB", 1 << 30)] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for wrong in ["", "0", "MiB", "5MB", "5k", "-1", "1.5GiB", "99999999999999GiB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rate_limits_are_messages_per_period() {
        assert_eq!(rate_limit("20/1m"), Ok(RateLimit::DINGTALK));
        for wrong in ["20", "0/1m", "20/0s", "20/2d", "/1m", "20/", "-1/1m", "a/1m"] {
            assert!(rate_limit(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn time_zones_are_known_by_name() {
        assert!(time_zone("Asia/Shanghai").is_ok());
        assert!(time_zone("Mars/Olympus").is_err());
    }
}

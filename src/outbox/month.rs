//! The months that DingTalk counts calls by.

use std::time::Duration;

use jiff::Zoned;
use jiff::tz::{TimeZone, offset};

use crate::clock::Timestamp;

/// A calendar month in DingTalk's time zone. Shanghai has no daylight saving time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Month {
    /// Year and month, as in 202611.
    pub number: i64,
    /// When it began.
    pub began: Timestamp,
    /// When the next one begins.
    pub ends: Timestamp,
}

// === impl Month ===

impl Month {
    /// The month of that time.
    pub fn of(now: Timestamp) -> Self {
        let local = Zoned::new(now, TimeZone::fixed(offset(8)));
        let number = i64::from(local.year()) * 100 + i64::from(local.month());
        let first = local.first_of_month().and_then(|day| day.start_of_day());
        let next = first.clone().and_then(|first| first.checked_add(jiff::Span::new().months(1)));
        // Only the first and the last month of time itself have no beginning or no end.
        let began = first.map_or(Timestamp::MIN, |first| first.timestamp());
        Self { number, began, ends: next.map_or(Timestamp::MAX, |next| next.timestamp()) }
    }

    /// How much of it is over at that time, from 0 to 1.
    pub fn elapsed(&self, now: Timestamp) -> f64 {
        let seconds = |from: Timestamp, to: Timestamp| {
            Duration::try_from(to.duration_since(from)).unwrap_or_default().as_secs_f64()
        };
        (seconds(self.began, now) / seconds(self.began, self.ends).max(1.0)).min(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_shanghai() {
        let at = |time: &str| Month::of(time.parse().expect("a time"));
        assert_eq!(at("2026-10-31T15:59:59Z").number, 202_610);
        let november = at("2026-10-31T16:00:00Z");
        assert_eq!(november.number, 202_611);
        assert_eq!(november.began.to_string(), "2026-10-31T16:00:00Z");
        assert_eq!(november.ends.to_string(), "2026-11-30T16:00:00Z");
        assert_eq!(at("2026-12-31T16:00:00Z").number, 202_701);
        let half: Timestamp = "2026-11-15T16:00:00Z".parse().expect("a time");
        assert!((november.elapsed(half) - 0.5).abs() < 0.001);
    }
}

//! How thrifty the organisation has to be with this month's calls. Pure.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::outbox::{Calls, Month};

/// How thrifty to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Thrift {
    /// There is enough.
    None,
    /// More is used than the month is old: what is not urgent is gathered.
    Gather,
    /// All is used up: what is not urgent is gathered for a day.
    UsedUp,
}

/// The part of the budget that may be used however young the month is.
const HEAD_START: f64 = 0.2;

/// Parts of the budget at which people are told.
const TELL: [(f64, u32); 2] = [(0.8, 80), (0.95, 95)];

// === impl Thrift ===

impl Thrift {
    /// How thrifty to be after so many `calls`, with a budget of `monthly`, or without one when it is 0.
    pub(super) fn of(calls: Calls, monthly: u64, now: Timestamp) -> Self {
        let allowed = monthly as f64 * Month::of(now).elapsed(now).max(HEAD_START);
        match monthly {
            _ if calls.used_up => Self::UsedUp,
            0 => Self::None,
            _ if calls.count >= monthly => Self::UsedUp,
            _ if calls.count as f64 > allowed => Self::Gather,
            _ => Self::None,
        }
    }

    /// For how long what is not urgent is gathered.
    pub(super) fn interval(self) -> Option<Duration> {
        match self {
            Self::None => None,
            Self::Gather => Some(Duration::from_secs(30 * 60)),
            Self::UsedUp => Some(Duration::from_secs(24 * 60 * 60)),
        }
    }
}

/// The percentage of the budget that this call reached, when people are to be told of it.
pub(super) fn reached(calls: u64, monthly: u64) -> Option<u32> {
    let threshold = |part: f64| (monthly as f64 * part).ceil() as u64;
    let told = TELL.into_iter().find(|(part, _)| monthly > 0 && threshold(*part) == calls);
    told.map(|(_, percent)| percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thrift(count: u64, monthly: u64, now: &str) -> Thrift {
        Thrift::of(Calls { count, used_up: false }, monthly, now.parse().expect("a time"))
    }

    #[test]
    fn a_budget_is_spread_over_the_month_after_a_head_start() {
        let (first_day, middle) = ("2026-11-01T00:00:00Z", "2026-11-15T16:00:00Z");
        assert_eq!(thrift(600, 3_000, first_day), Thrift::None);
        assert_eq!(thrift(601, 3_000, first_day), Thrift::Gather);
        assert_eq!(thrift(1_500, 3_000, middle), Thrift::None);
        assert_eq!(thrift(1_501, 3_000, middle), Thrift::Gather);
        assert_eq!(thrift(3_000, 3_000, middle), Thrift::UsedUp);
        assert_eq!(thrift(1_000_000, 0, middle), Thrift::None);
    }

    #[test]
    fn dingtalks_word_counts_with_and_without_a_budget() {
        let now: Timestamp = "2026-11-15T16:00:00Z".parse().expect("a time");
        for monthly in [0, 3_000] {
            assert_eq!(Thrift::of(Calls { count: 1, used_up: true }, monthly, now), Thrift::UsedUp);
        }
    }

    #[test]
    fn people_are_told_once_at_each_threshold() {
        let told: Vec<_> =
            (1..=3_000).filter_map(|calls| reached(calls, 3_000).map(|percent| (calls, percent))).collect();
        assert_eq!(told, [(2_400, 80), (2_850, 95)]);
        assert_eq!(reached(5, 0), None);
    }
}

//! The sliding window that keeps a robot under DingTalk's limit.
//!
//! A robot may be sent so many messages in any period; DingTalk bans it for ten minutes if it gets one more. A
//! message may have arrived at any time between the call and its answer, so a slot is taken before the call and
//! becomes free one period after the answer. Token buckets are not used: with a burst they let almost twice the
//! limit through.

use std::fmt;
use std::time::Duration;

use crate::clock::{self, Timestamp, later};

/// How many messages a robot may be sent in any period of that length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// At least 1.
    pub messages: u32,
    /// Longer than zero.
    pub period: Duration,
}

/// A message that was or is being sent to a robot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// Its row in the outbox.
    pub id: i64,
    /// When its answer came or its deadline passed; `None` while the call is under way.
    pub settled_at: Option<Timestamp>,
}

/// When a robot may be sent the next message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Now.
    Free,
    /// Not before this time.
    At(Timestamp),
    /// Not before a call that is under way has been answered.
    AfterAnswer,
}

/// Added to every period, because the stored times are cut to the millisecond and the receiver's clock is another.
const MARGIN: Duration = Duration::from_millis(20);

/// When the next message may go under all of `limits`, given the messages sent so far, in any order.
///
/// A slot that was settled later than `now` (the clock was set back between two runs) counts as settled now.
pub fn pace<'a>(slots: impl Iterator<Item = &'a Slot> + Clone, limits: &[RateLimit], now: Timestamp) -> Pace {
    let mut pace = Pace::Free;
    let known = slots.clone().count();
    for limit in limits.iter().filter(|limit| known >= limit.messages as usize) {
        let mut frees_at: Vec<Option<Timestamp>> = slots
            .clone()
            .map(|slot| frees_at(slot, limit.period, now))
            .filter(|at| at.is_none_or(|at| at > now))
            .collect();
        let Some(surplus) = frees_at.len().checked_sub(limit.messages as usize) else { continue };
        // The (surplus + 1)th slot to become free makes room; those under way come last.
        frees_at.sort_unstable_by_key(|at| (at.is_none(), *at));
        pace = match (frees_at[surplus], pace) {
            (None, _) | (_, Pace::AfterAnswer) => Pace::AfterAnswer,
            (Some(at), Pace::At(other)) => Pace::At(at.max(other)),
            (Some(at), Pace::Free) => Pace::At(at),
        };
    }
    pace
}

/// When a settled slot no longer counts for a limit over `period`.
pub(super) fn frees_at(slot: &Slot, period: Duration, now: Timestamp) -> Option<Timestamp> {
    slot.settled_at.map(|settled_at| later(settled_at.min(now), period + MARGIN))
}

/// The longest period of some limits: how long a slot is worth remembering.
pub(super) fn longest(limits: &[RateLimit]) -> Duration {
    limits.iter().map(|limit| limit.period).max().unwrap_or_default()
}

// === impl RateLimit ===

impl RateLimit {
    /// What DingTalk allows a robot: 20 messages a minute.
    pub const DINGTALK: Self = Self { messages: 20, period: Duration::from_secs(60) };
}

impl fmt::Display for RateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.messages, clock::show(self.period))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::from_millis;

    fn limit(messages: u32, seconds: u64) -> RateLimit {
        RateLimit { messages, period: Duration::from_secs(seconds) }
    }

    fn slots(settled: &[Option<i64>]) -> Vec<Slot> {
        settled.iter().enumerate().map(|(id, at)| Slot { id: id as i64, settled_at: at.map(from_millis) }).collect()
    }

    fn at(seconds: i64) -> Timestamp {
        from_millis(seconds * 1000)
    }

    #[test]
    fn a_slot_is_free_one_period_after_its_answer() {
        let two_a_minute = [limit(2, 60)];
        assert_eq!(pace(slots(&[Some(0)]).iter(), &two_a_minute, at(1)), Pace::Free);
        let full = slots(&[Some(5_000), Some(1_000)]);
        let free = later(at(61), MARGIN);
        assert_eq!(pace(full.iter(), &two_a_minute, at(10)), Pace::At(free));
        assert_eq!(pace(full.iter(), &two_a_minute, free), Pace::Free);
    }

    #[test]
    fn a_call_under_way_holds_its_slot() {
        assert_eq!(pace(slots(&[None]).iter(), &[limit(1, 1)], at(1_000_000)), Pace::AfterAnswer);
        let one_settled = slots(&[None, Some(0)]);
        assert_eq!(pace(one_settled.iter(), &[limit(2, 60)], at(0)), Pace::At(later(at(60), MARGIN)));
    }

    #[test]
    fn all_limits_hold() {
        let sent = slots(&[Some(0), Some(1_000)]);
        let limits = [limit(2, 10), limit(3, 3600)];
        assert_eq!(pace(sent.iter(), &limits, at(2)), Pace::At(later(at(10), MARGIN)));
        assert_eq!(pace(sent.iter(), &[limit(2, 10), limit(2, 3600)], at(11)), Pace::At(later(at(3600), MARGIN)));
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_robot_for_long() {
        assert_eq!(pace(slots(&[Some(9_000_000)]).iter(), &[limit(1, 60)], at(0)), Pace::At(later(at(60), MARGIN)));
    }

    proptest! {
        /// However long calls take and whenever within them the message arrives, no window of the receiver holds
        /// more than the limit.
        #[test]
        fn the_receiver_never_sees_one_too_many(
            calls in proptest::collection::vec((0u64..3_000, 1u64..4_000, 0.0f64..=1.0), 1..120),
            messages in 1u32..8,
            lanes in 1usize..4,
        ) {
            let limits = [RateLimit { messages, period: Duration::from_secs(10) }];
            let mut slots: Vec<Slot> = Vec::new();
            let mut under_way: Vec<(usize, i64)> = Vec::new(); // slot, its answer's time
            let mut arrivals: Vec<i64> = Vec::new();
            let mut now = 0i64;
            for (idle, takes, arrives) in calls {
                now += idle as i64;
                loop {
                    under_way.retain(|&(slot, answer)| {
                        if answer <= now { slots[slot].settled_at = Some(from_millis(answer)); }
                        answer > now
                    });
                    let next_answer = under_way.iter().map(|&(_, answer)| answer).min();
                    if under_way.len() >= lanes {
                        now = next_answer.expect("a lane is busy");
                        continue;
                    }
                    match pace(slots.iter(), &limits, from_millis(now)) {
                        Pace::Free => break,
                        Pace::At(time) => now = time.as_millisecond(),
                        Pace::AfterAnswer => now = next_answer.expect("a call is under way"),
                    }
                }
                arrivals.push(now + (takes as f64 * arrives) as i64);
                under_way.push((slots.len(), now + takes as i64));
                slots.push(Slot { id: slots.len() as i64, settled_at: None });
            }
            arrivals.sort_unstable();
            for window in arrivals.windows(messages as usize + 1) {
                prop_assert!(window[messages as usize] - window[0] > 10_000, "{window:?}");
            }
        }
    }
}

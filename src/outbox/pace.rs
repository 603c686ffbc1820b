//! The sliding window that keeps a robot under DingTalk's limit.
//!
//! A robot may be sent so many messages in any period; DingTalk bans it for ten minutes if it gets one more. A
//! message may have arrived at any time between the call and its answer, so a slot is taken before the call and
//! becomes free one period after the answer. Token buckets are not used: with a burst they let almost twice the
//! limit through.
//!
//! A part of every window is kept for critical alerts. What is left is spread: once half of a window is used, plans
//! go at the distance that makes the rest last until slots become free again.

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

/// Which part of a window a message may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Share {
    /// All but the reserve for critical alerts.
    Common,
    /// All of it.
    Critical,
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

/// How a robot's windows stand for one share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tempo {
    /// When the next message may go.
    pub pace: Pace,
    /// How many may go now.
    pub free: u32,
    /// Whether more than half of every window is free, so that nothing has to be saved.
    pub roomy: bool,
    /// When the next plan should go, if it is to leave room until slots become free: in the past when it may go now.
    pub due: Timestamp,
}

/// Added to every period, because the stored times are cut to the millisecond and the receiver's clock is another.
const MARGIN: Duration = Duration::from_millis(20);

/// How a robot stands under all of `limits`, given the messages sent so far, in any order.
///
/// A slot that was settled later than `now` (the clock was set back between two runs) counts as settled now.
pub fn tempo<'a>(
    slots: impl Iterator<Item = &'a Slot> + Clone,
    limits: &[RateLimit],
    share: Share,
    now: Timestamp,
) -> Tempo {
    let mut tempo = Tempo { pace: Pace::Free, free: u32::MAX, roomy: true, due: now };
    for limit in limits {
        let frees_at = slots.clone().map(|slot| frees_at(slot, limit.period, now));
        let mut used: Vec<Option<Timestamp>> = frees_at.filter(|at| at.is_none_or(|at| at > now)).collect();
        let capacity = limit.capacity(share) as usize;
        let free = capacity.saturating_sub(used.len());
        tempo.free = tempo.free.min(free as u32);
        if used.len() * 2 < limit.messages as usize {
            continue;
        }
        tempo.roomy = false;
        // Those under way become free last.
        used.sort_unstable_by_key(|at| (at.is_none(), *at));
        if free > 0 {
            tempo.due = tempo.due.max(spread(&used, free, limit.period, now));
            continue;
        }
        // The (surplus + 1)th slot to become free makes room.
        tempo.pace = match (used[used.len() - capacity], tempo.pace) {
            (None, _) | (_, Pace::AfterAnswer) => Pace::AfterAnswer,
            (Some(at), Pace::At(other)) => Pace::At(at.max(other)),
            (Some(at), Pace::Free) => Pace::At(at),
        };
    }
    tempo
}

/// When the next of `free` slots should be used, so that they last until the first `used` one is free again.
fn spread(used: &[Option<Timestamp>], free: usize, period: Duration, now: Timestamp) -> Timestamp {
    let settled_at = |frees_at: &Option<Timestamp>| {
        frees_at.map_or(now, |at| at.checked_sub(period + MARGIN).unwrap_or(Timestamp::MIN))
    };
    let first_free = used.first().copied().flatten().unwrap_or_else(|| later(now, period));
    let last_used = used.iter().map(settled_at).max().unwrap_or(now);
    // Whole milliseconds, as clocks tell them.
    let (from, to) = (last_used.as_millisecond(), first_free.as_millisecond());
    clock::from_millis(from + (to - from).max(0) / (free as i64 + 1))
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

    /// How many messages of a window may be used by `share`.
    fn capacity(&self, share: Share) -> u32 {
        match share {
            Share::Critical => self.messages,
            Share::Common => self.messages - (self.messages / 10).max(1).min(self.messages - 1),
        }
    }

    /// Half of it, for a robot that somebody else uses too.
    pub(super) fn halved(&self) -> Self {
        Self { messages: (self.messages / 2).max(1), ..*self }
    }
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

    fn pace(slots: &[Slot], limits: &[RateLimit], now: Timestamp) -> Pace {
        tempo(slots.iter(), limits, Share::Critical, now).pace
    }

    #[test]
    fn a_slot_is_free_one_period_after_its_answer() {
        let two_a_minute = [limit(2, 60)];
        assert_eq!(pace(&slots(&[Some(0)]), &two_a_minute, at(1)), Pace::Free);
        let full = slots(&[Some(5_000), Some(1_000)]);
        let free = later(at(61), MARGIN);
        assert_eq!(pace(&full, &two_a_minute, at(10)), Pace::At(free));
        assert_eq!(pace(&full, &two_a_minute, free), Pace::Free);
    }

    #[test]
    fn a_call_under_way_holds_its_slot() {
        assert_eq!(pace(&slots(&[None]), &[limit(1, 1)], at(1_000_000)), Pace::AfterAnswer);
        let one_settled = slots(&[None, Some(0)]);
        assert_eq!(pace(&one_settled, &[limit(2, 60)], at(0)), Pace::At(later(at(60), MARGIN)));
    }

    #[test]
    fn all_limits_hold() {
        let sent = slots(&[Some(0), Some(1_000)]);
        let limits = [limit(2, 10), limit(3, 3600)];
        assert_eq!(pace(&sent, &limits, at(2)), Pace::At(later(at(10), MARGIN)));
        assert_eq!(pace(&sent, &[limit(2, 10), limit(2, 3600)], at(11)), Pace::At(later(at(3600), MARGIN)));
        assert_eq!(tempo(sent.iter(), &[limit(20, 60), limit(5, 3600)], Share::Critical, at(2)).free, 3);
    }

    #[test]
    fn a_clock_that_was_set_back_does_not_stop_the_robot_for_long() {
        assert_eq!(pace(&slots(&[Some(9_000_000)]), &[limit(1, 60)], at(0)), Pace::At(later(at(60), MARGIN)));
    }

    #[test]
    fn a_part_of_every_window_is_kept_for_critical_alerts() {
        for (messages, common) in [(1, 1), (2, 1), (9, 8), (20, 18), (200, 180)] {
            assert_eq!(limit(messages, 60).capacity(Share::Common), common, "{messages}");
            assert_eq!(limit(messages, 60).capacity(Share::Critical), messages, "{messages}");
        }
        let used = slots(&[Some(0); 18]);
        let now = at(1);
        assert_eq!(tempo(used.iter(), &[RateLimit::DINGTALK], Share::Critical, now).free, 2);
        let common = tempo(used.iter(), &[RateLimit::DINGTALK], Share::Common, now);
        assert_eq!((common.free, common.pace), (0, Pace::At(later(at(60), MARGIN))));
    }

    #[test]
    fn what_is_left_of_a_window_is_spread_until_slots_become_free() {
        let tempo_of =
            |used: &[Option<i64>], now| tempo(slots(used).iter(), &[RateLimit::DINGTALK], Share::Common, at(now));
        assert!(tempo_of(&[Some(0); 9], 1).roomy);
        let half_used = tempo_of(&[Some(0); 10], 1);
        assert!(!half_used.roomy);
        assert_eq!(half_used.due.as_second(), 6, "60 s for 8 slots and the 10 that become free then");
        // The distance stays while it is kept to.
        let mut used = vec![Some(0); 10];
        let mut now = 1;
        for slot in 1..=8 {
            let due = tempo_of(&used, now).due;
            assert_eq!(due.as_second(), slot * 60_020 / 9 / 1_000, "slot {slot}");
            used.push(Some(due.as_millisecond()));
            now = due.as_second() + 1;
        }
        assert!(matches!(tempo_of(&used, now).pace, Pace::At(at) if at.as_second() == 60));
    }

    proptest! {
        /// However long calls take and whenever within them the message arrives, no window of the receiver holds
        /// more than the limit.
        #[test]
        fn the_receiver_never_sees_one_too_many(
            calls in proptest::collection::vec((0u64..3_000, 1u64..4_000, 0.0f64..=1.0, any::<bool>()), 1..120),
            messages in 1u32..8,
            lanes in 1usize..4,
            a_minute in proptest::option::of(1u32..30),
        ) {
            let in_a_minute = a_minute.map(|messages| limit(messages, 60));
            let limits: Vec<RateLimit> = [Some(limit(messages, 10)), in_a_minute].into_iter().flatten().collect();
            let mut slots: Vec<Slot> = Vec::new();
            let mut under_way: Vec<(usize, i64)> = Vec::new(); // slot, its answer's time
            let mut arrivals: Vec<i64> = Vec::new();
            let mut now = 0i64;
            for (idle, takes, arrives, critical) in calls {
                let share = if critical { Share::Critical } else { Share::Common };
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
                    let tempo = tempo(slots.iter(), &limits, share, from_millis(now));
                    prop_assert_eq!(tempo.free > 0, tempo.pace == Pace::Free);
                    match tempo.pace {
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
            for RateLimit { messages, period } in limits {
                for window in arrivals.windows(messages as usize + 1) {
                    prop_assert!(window[messages as usize] - window[0] > period.as_millis() as i64, "{window:?}");
                }
            }
        }
    }
}

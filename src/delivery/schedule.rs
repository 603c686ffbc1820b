//! What a lane does next. Pure: everything it depends on is an argument.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use crate::clock::{Timestamp, later};
use crate::outbox::Waiting;
use crate::outbox::pace::Pace;

/// What the lane does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Send this entry now.
    Send(i64),
    /// Give this entry up: it has waited for as long as the outbox keeps things.
    Expire(i64),
    /// Nothing may be sent before this time.
    Wait(Timestamp),
    /// Nothing may be sent before a call that is under way, in another lane, has been answered.
    WaitForAnswer,
    /// Nothing is waiting.
    Idle,
}

/// Whether the robot may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Availability {
    /// What its rate limits allow.
    pub pace: Pace,
    /// Until when it, or its host, is left alone.
    pub paused_until: Option<Timestamp>,
}

/// Decides a lane's next step.
///
/// Entries go in the order in which they were accepted. One that has to wait for its next attempt holds back only
/// the later entries of its own group, so that no older state of a group follows a newer one.
pub fn schedule(waiting: &BTreeMap<i64, Waiting>, robot: Availability, retention: Duration, now: Timestamp) -> Step {
    let Some(oldest) = waiting.values().next() else { return Step::Idle };
    let expires = later(oldest.accepted_at, retention);
    if expires <= now {
        return Step::Expire(oldest.seq);
    }

    let mut held_back = HashSet::new();
    let mut next_attempt = expires;
    let mut ready = None;
    for entry in waiting.values() {
        if held_back.contains(&entry.group) {
            continue;
        }
        if entry.not_before <= now {
            ready = Some(entry.seq);
            break;
        }
        next_attempt = next_attempt.min(entry.not_before);
        held_back.insert(entry.group);
    }
    let Some(seq) = ready else { return Step::Wait(next_attempt) };

    match (robot.paused_until.filter(|until| *until > now), robot.pace) {
        (Some(until), Pace::At(free)) => Step::Wait(until.max(free).min(expires)),
        (Some(until), _) => Step::Wait(until.min(expires)),
        (None, Pace::Free) => Step::Send(seq),
        (None, Pace::At(free)) => Step::Wait(free.min(expires)),
        (None, Pace::AfterAnswer) => Step::WaitForAnswer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;
    use crate::notification::GroupId;

    const DAY: Duration = Duration::from_secs(86_400);
    const FREE: Availability = Availability { pace: Pace::Free, paused_until: None };

    fn at(seconds: i64) -> Timestamp {
        from_millis(seconds * 1000)
    }

    /// Entries accepted at 0, numbered from 1, each with its group and the second before which it is not tried.
    fn lane(entries: &[(u8, i64)]) -> BTreeMap<i64, Waiting> {
        let waiting = entries.iter().zip(1..).map(|(&(group, not_before), seq)| Waiting {
            seq,
            group: GroupId::from_bytes([group; 16]),
            accepted_at: at(0),
            not_before: at(not_before),
        });
        waiting.map(|entry| (entry.seq, entry)).collect()
    }

    #[test]
    fn entries_go_in_order() {
        assert_eq!(schedule(&lane(&[]), FREE, DAY, at(1)), Step::Idle);
        assert_eq!(schedule(&lane(&[(1, 0), (2, 0)]), FREE, DAY, at(1)), Step::Send(1));
    }

    #[test]
    fn an_entry_that_waits_holds_back_its_own_group_only() {
        let lane = lane(&[(1, 60), (1, 0), (2, 30), (3, 0)]);
        assert_eq!(schedule(&lane, FREE, DAY, at(1)), Step::Send(4));
        assert_eq!(schedule(&lane, FREE, DAY, at(30)), Step::Send(3));
        assert_eq!(schedule(&lane, FREE, DAY, at(60)), Step::Send(1));
    }

    #[test]
    fn waits_for_the_first_attempt_that_is_due() {
        assert_eq!(schedule(&lane(&[(1, 60), (1, 0), (2, 30)]), FREE, DAY, at(1)), Step::Wait(at(30)));
    }

    #[test]
    fn waits_for_the_robot() {
        let lane = lane(&[(1, 0)]);
        let paced = Availability { pace: Pace::At(at(9)), paused_until: None };
        assert_eq!(schedule(&lane, paced, DAY, at(1)), Step::Wait(at(9)));
        let paused = Availability { pace: Pace::At(at(9)), paused_until: Some(at(600)) };
        assert_eq!(schedule(&lane, paused, DAY, at(1)), Step::Wait(at(600)));
        let pause_over = Availability { pace: Pace::Free, paused_until: Some(at(600)) };
        assert_eq!(schedule(&lane, pause_over, DAY, at(600)), Step::Send(1));
        let under_way = Availability { pace: Pace::AfterAnswer, paused_until: None };
        assert_eq!(schedule(&lane, under_way, DAY, at(1)), Step::WaitForAnswer);
    }

    #[test]
    fn gives_up_at_the_end_of_retention_even_when_the_robot_is_paused() {
        let lane = lane(&[(1, 0)]);
        let paused = Availability { pace: Pace::Free, paused_until: Some(at(100_000)) };
        assert_eq!(schedule(&lane, paused, DAY, at(1)), Step::Wait(at(86_400)));
        assert_eq!(schedule(&lane, paused, DAY, at(86_400)), Step::Expire(1));
    }
}

//! Knowing what is news.
//!
//! A notification is suppressed only if it says what its group said last and that was accepted less than the window
//! ago. Any other state of the group overwrites the last one, so a flap, a partial resolve and a re-fire with the
//! same start all pass, while the copies of a cluster's peers, of retries and of restarts do not. A cache of whole
//! bodies would do both wrong: peers differ in `externalURL`, and a re-fire can be equal to the first to the byte.
//!
//! The outbox keeps the truth; [`LastStates`] is a cache before it.

use std::time::Duration;

use moka::sync::Cache;
use uuid::Uuid;

use crate::clock::{Timestamp, later};
use crate::notification::{GroupId, StateDigest};

/// Repeats closer together than this are copies of one: the peers of a cluster repeat at the same time.
pub const REPEAT_FLOOR: Duration = Duration::from_secs(60);

/// The last state of a group that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupState {
    /// What it said.
    pub digest: StateDigest,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The notification that said it.
    pub id: Uuid,
    /// How often it has been suppressed since.
    pub repeats: u32,
}

/// Whether a notification is worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It says something that its group did not say last, or said long ago.
    News,
    /// It says what its group said last, within the window.
    Duplicate,
}

/// Judges a notification by what its group said last.
///
/// `repeat` is whether the sender says that it repeats itself on purpose; then only `floor` holds it back, so that
/// one of a cluster's repeats passes. A `window` of zero lets everything pass.
pub fn judge(
    last: Option<&GroupState>,
    digest: StateDigest,
    repeat: bool,
    now: Timestamp,
    window: Duration,
    floor: Duration,
) -> Verdict {
    let hold = if repeat { window.min(floor) } else { window };
    match last {
        Some(last) if last.digest == digest && now < later(last.accepted_at, hold) => Verdict::Duplicate,
        _ => Verdict::News,
    }
}

/// The last states of the groups that spoke lately.
#[derive(Debug, Clone)]
pub struct LastStates(Cache<GroupId, GroupState>);

/// How many groups are remembered without asking the outbox, at about 400 bytes each; asking takes microseconds.
const CACHED_GROUPS: u64 = 10_000;

/// How long they are: a bound on memory, not the window, which [`judge`] takes from the target.
const CACHED_FOR: Duration = Duration::from_secs(600);

// === impl LastStates ===

impl LastStates {
    /// An empty cache.
    pub fn new() -> Self {
        Self(Cache::builder().max_capacity(CACHED_GROUPS).time_to_live(CACHED_FOR).build())
    }

    /// The last state of a group, if it is remembered.
    pub fn get(&self, group: &GroupId) -> Option<GroupState> {
        self.0.get(group)
    }

    /// Remembers a state once it is committed.
    pub fn insert(&self, group: GroupId, state: GroupState) {
        self.0.insert(group, state);
    }

    /// Forgets a group whose state no longer counts.
    pub fn forget(&self, group: &GroupId) {
        self.0.invalidate(group);
    }
}

impl Default for LastStates {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;

    const WINDOW: Duration = Duration::from_secs(600);

    fn state(byte: u8, accepted_at: i64) -> GroupState {
        GroupState {
            digest: StateDigest::from_bytes([byte; 32]),
            accepted_at: from_millis(accepted_at * 1000),
            id: Uuid::nil(),
            repeats: 0,
        }
    }

    fn judged(last: Option<&GroupState>, byte: u8, repeat: bool, at: i64, window: Duration) -> Verdict {
        judge(last, StateDigest::from_bytes([byte; 32]), repeat, from_millis(at * 1000), window, REPEAT_FLOOR)
    }

    #[test]
    fn the_same_state_within_the_window_is_a_duplicate() {
        let last = state(1, 100);
        assert_eq!(judged(None, 1, false, 100, WINDOW), Verdict::News);
        assert_eq!(judged(Some(&last), 1, false, 100, WINDOW), Verdict::Duplicate);
        assert_eq!(judged(Some(&last), 1, false, 699, WINDOW), Verdict::Duplicate);
        assert_eq!(judged(Some(&last), 1, false, 700, WINDOW), Verdict::News);
        assert_eq!(judged(Some(&last), 2, false, 101, WINDOW), Verdict::News);
    }

    #[test]
    fn a_wanted_repeat_passes_after_the_floor() {
        let last = state(1, 100);
        assert_eq!(judged(Some(&last), 1, true, 159, WINDOW), Verdict::Duplicate);
        assert_eq!(judged(Some(&last), 1, true, 160, WINDOW), Verdict::News);
    }

    #[test]
    fn a_window_of_zero_lets_everything_pass() {
        let last = state(1, 100);
        assert_eq!(judged(Some(&last), 1, false, 100, Duration::ZERO), Verdict::News);
        assert_eq!(judged(Some(&last), 1, true, 100, Duration::ZERO), Verdict::News);
    }
}

//! What the stand-in remembers: windows, bans, `msgUuid`s that were taken, and what arrived. All of it is bounded.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::Arrival;

const MAX_ARRIVALS: usize = 100_000;
const MAX_ARRIVAL_BYTES: usize = 256 * 1024 * 1024;
const MAX_UUIDS: usize = 100_000;
/// Past this many tokens, windows that have become empty are dropped.
const MAX_IDLE_WINDOWS: usize = 10_000;

#[derive(Debug, Default)]
pub(super) struct Ledger {
    windows: HashMap<String, Window>,
    taken: HashSet<(String, String)>,
    taken_order: VecDeque<(String, String)>,
    arrivals: VecDeque<Arrival>,
    arrival_bytes: usize,
}

/// One robot's last arrivals.
#[derive(Debug, Default)]
struct Window {
    arrivals: VecDeque<Instant>,
    banned_until: Option<Instant>,
}

// === impl Ledger ===

impl Ledger {
    /// Counts a request for `token`: how many arrived within the period, and, when it is one too many, how long the ban
    /// lasts still. Refused ones count too; they do not lengthen the ban.
    pub(super) fn count(
        &mut self,
        token: &str,
        rate: (u32, Duration),
        ban: Duration,
        now: Instant,
    ) -> (usize, Option<Duration>) {
        if self.windows.len() > MAX_IDLE_WINDOWS {
            self.windows.retain(|_, window| !window.is_idle(rate.1, now));
        }
        let window = self.windows.entry(token.to_owned()).or_default();
        window.expire(rate.1, now);
        window.arrivals.push_back(now);
        let count = window.arrivals.len();
        window.banned_until = window.banned_until.filter(|until| now < *until);
        if count > rate.0 as usize && window.banned_until.is_none() {
            window.banned_until = Some(now + ban);
        }
        (count, window.banned_until.map(|until| until - now))
    }

    /// How many requests for `token` arrived within the period.
    pub(super) fn window(&mut self, token: &str, period: Duration, now: Instant) -> usize {
        self.windows.get_mut(token).map_or(0, |window| {
            window.expire(period, now);
            window.arrivals.len()
        })
    }

    /// Whether a message with this `msgUuid` was taken by this robot.
    pub(super) fn was_taken(&self, token: &str, uuid: &str) -> bool {
        self.taken.contains(&(token.to_owned(), uuid.to_owned()))
    }

    /// Keeps an arrival, and gives up the oldest when there are too many.
    pub(super) fn keep(&mut self, arrival: Arrival) {
        if let (true, Some(uuid)) = (arrival.delivered, &arrival.msg_uuid) {
            let key = (arrival.token.clone(), uuid.clone());
            if self.taken.insert(key.clone()) {
                self.taken_order.push_back(key);
            }
            if self.taken_order.len() > MAX_UUIDS
                && let Some(oldest) = self.taken_order.pop_front()
            {
                self.taken.remove(&oldest);
            }
        }
        self.arrival_bytes += arrival.body.len();
        self.arrivals.push_back(arrival);
        while self.arrivals.len() > MAX_ARRIVALS || self.arrival_bytes > MAX_ARRIVAL_BYTES {
            let Some(oldest) = self.arrivals.pop_front() else { return };
            self.arrival_bytes -= oldest.body.len();
        }
    }

    pub(super) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.iter().cloned().collect()
    }

    pub(super) fn forget_arrivals(&mut self) {
        self.arrivals.clear();
        self.arrival_bytes = 0;
    }
}

// === impl Window ===

impl Window {
    fn expire(&mut self, period: Duration, now: Instant) {
        while self.arrivals.front().is_some_and(|first| now.duration_since(*first) >= period) {
            self.arrivals.pop_front();
        }
    }

    fn is_idle(&mut self, period: Duration, now: Instant) -> bool {
        self.expire(period, now);
        self.arrivals.is_empty() && self.banned_until.is_none_or(|until| until <= now)
    }
}

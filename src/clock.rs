//! Wall time as a value.
//!
//! Decisions take `now` as an argument; only the tasks that carry them out ask a [`Clock`]. It is anchored once, at
//! start, and then follows the monotonic clock: a wall clock that is set back or forward while the bridge runs
//! neither stops a lane for an hour nor lets a robot exceed its limit.

use std::time::Duration;

pub use jiff::Timestamp;
use tokio::time::Instant;

/// A source of the current time. Under tokio's paused time it is virtual.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    anchor: Timestamp,
    since: Instant,
}

// === impl Clock ===

impl Clock {
    /// A clock that starts at the system's present time.
    pub fn system() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
        let now = Timestamp::now();
        Self::starting_at(now)
    }

    /// A clock that starts at `anchor`, for tests in virtual time.
    pub fn starting_at(anchor: Timestamp) -> Self {
        Self { anchor, since: Instant::now() }
    }

    /// The time now, to the millisecond, as it is stored.
    pub fn now(&self) -> Timestamp {
        from_millis(self.anchor.as_millisecond() + self.since.elapsed().as_millis() as i64)
    }

    /// How long from now until `time`; zero when it has passed.
    pub fn until(&self, time: Timestamp) -> Duration {
        Duration::try_from(time.duration_since(self.now())).unwrap_or(Duration::ZERO)
    }
}

/// The time `after` later than `time`. Saturates at the end of time.
pub fn later(time: Timestamp, after: Duration) -> Timestamp {
    time.checked_add(after).unwrap_or(Timestamp::MAX)
}

/// The time that many milliseconds after the Unix epoch. Saturates at both ends of time.
pub fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(if millis < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// A duration as Prometheus writes it: `90s`, `10m`, `7d`.
pub fn show(duration: Duration) -> String {
    match (duration.as_secs(), duration.subsec_millis()) {
        (_, 1..) => format!("{}ms", duration.as_millis()),
        (seconds, _) if seconds.is_multiple_of(86_400) && seconds > 0 => format!("{}d", seconds / 86_400),
        (seconds, _) if seconds.is_multiple_of(3600) && seconds > 0 => format!("{}h", seconds / 3600),
        (seconds, _) if seconds.is_multiple_of(60) && seconds > 0 => format!("{}m", seconds / 60),
        (seconds, _) => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follows_virtual_time_and_counts_down() {
        let clock = Clock::starting_at(from_millis(1_000));
        let deadline = later(clock.now(), Duration::from_secs(5));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now().as_millisecond(), 3_000);
        assert_eq!(clock.until(deadline), Duration::from_secs(3));
        tokio::time::advance(Duration::from_secs(9)).await;
        assert_eq!(clock.until(deadline), Duration::ZERO);
    }

    #[test]
    fn durations_are_shown_in_their_largest_unit() {
        for (millis, shown) in [(0, "0s"), (1500, "1500ms"), (90_000, "90s"), (600_000, "10m"), (86_400_000, "1d")] {
            assert_eq!(show(Duration::from_millis(millis)), shown);
        }
    }

    #[test]
    fn saturates() {
        assert_eq!(later(Timestamp::MAX, Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(from_millis(i64::MIN), Timestamp::MIN);
    }
}

//! How far the clocks of the hosts are from ours.
//!
//! DingTalk refuses a signature whose time is more than an hour off, so a bridge with a wrong clock would be mute. Each
//! answer's `Date` tells the right time, and the next signature is made for that. There is one number for each host
//! of the configuration.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;

use http::HeaderValue;

/// A clock this far off is worth a warning: certificates and the times in messages suffer too.
const WARN: u64 = 5 * 60 * 1000;

/// By host, the milliseconds to add to our time.
#[derive(Default)]
pub(super) struct Skews(Mutex<HashMap<String, i64>>);

// === impl Skews ===

impl Skews {
    /// The milliseconds to add to our time for `host`; 0 until it has answered.
    pub(super) fn of(&self, host: &str) -> i64 {
        self.lock().get(host).copied().unwrap_or(0)
    }

    /// Learns from a `Date` that was written when it was `middle` here, in milliseconds since the Unix epoch. What is
    /// not a date is ignored.
    pub(super) fn learn(&self, host: &str, date: &HeaderValue, middle: i64) {
        let date = date.to_str().ok().and_then(|text| httpdate::parse_http_date(text).ok());
        let Some(since_epoch) = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()) else { return };
        // A `Date` has whole seconds, cut off: on average it is half a second old.
        let skew = since_epoch.as_millis() as i64 + 500 - middle;
        let before = self.lock().insert(host.to_owned(), skew);
        if skew.unsigned_abs() >= WARN && before.is_none_or(|before| before.unsigned_abs() < WARN) {
            let seconds = skew / 1000;
            tracing::warn!(host, seconds, "this clock differs from DingTalk's, signing with DingTalk's; set it (NTP)");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learns_from_dates_for_each_host_apart() {
        let skews = Skews::default();
        assert_eq!(skews.of("a"), 0);
        let date = HeaderValue::from_static("Wed, 15 Nov 2023 00:13:20 GMT");
        skews.learn("a", &date, 1_700_000_000_000);
        assert_eq!(skews.of("a"), 7_200_500);
        skews.learn("a", &HeaderValue::from_static("yesterday"), 0);
        assert_eq!((skews.of("a"), skews.of("b")), (7_200_500, 0));
        skews.learn("a", &date, 1_700_007_200_000);
        assert_eq!(skews.of("a"), 500);
    }
}

//! Comparing signatures, and how old they may be.

use std::time::Duration;

use jiff::Timestamp;
use subtle::ConstantTimeEq;

use super::Unverified;
use crate::clock::from_millis;

/// Whether what was presented is what it should be, in a time that does not tell how much of it is right.
pub(super) fn compare(expected: &str, presented: &str) -> Result<(), Unverified> {
    match expected.as_bytes().ct_eq(presented.as_bytes()).into() {
        true => Ok(()),
        false => Err(Unverified::Wrong),
    }
}

/// Whether a signed time, in milliseconds since the Unix epoch, is near `now`. A window of zero lets any time pass.
pub(super) fn fresh(millis: i64, window: Duration, now: Timestamp) -> Result<(), Unverified> {
    let apart = from_millis(millis).duration_since(now).unsigned_abs();
    match window.is_zero() || apart <= window {
        true => Ok(()),
        false => Err(Unverified::Replayed),
    }
}

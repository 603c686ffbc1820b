//! What Go's library does with times, durations and values that are printed, for templates that were written for it.
//!
//! Everything here is exact: results are the same bytes that Go 1.20 gives. Nothing here knows of templates.

pub(super) mod duration;
pub(super) mod float;
pub(super) mod fmt;
pub(super) mod layout;
pub(super) mod quote;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use jiff::{Timestamp, Zoned};

/// The time that the clocks of a zone show as `civil`; none where no calendar goes. Of two such times, and in place of
/// one that clocks skip, it is the one that Go takes.
pub(super) fn zoned(civil: DateTime, zone: TimeZone) -> Option<Zoned> {
    let at = |offset: Offset| -> Option<Timestamp> { offset.to_timestamp(civil).ok() };
    let guess = zone.to_offset(at(Offset::UTC)?);
    let offset = zone.to_offset(at(guess)?);
    Some(at(offset)?.to_zoned(zone))
}

//! What the API tells, on a terminal.

use std::fmt::Write;

use jiff::tz::TimeZone;
use serde::Deserialize;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::outbox::story::{Item, Listing, State, Story};

/// The API's answer to an order.
#[derive(Debug, Deserialize)]
pub(super) struct Done {
    status: String,
    id: Uuid,
}

/// The last column may be of any length.
const HEADS: [&str; 7] = ["ID", "TARGET", "STATE", "ACCEPTED", "ALERTS", "TRIED", "WHAT"];

/// What waits and what is dead, as a table.
pub(super) fn listing(listing: &Listing) -> String {
    let rows: Vec<_> = listing.items.iter().map(row).collect();
    let heads = HEADS.map(str::to_owned);
    let all = || std::iter::once(&heads).chain(&rows);
    let widths: Vec<_> =
        (0..HEADS.len()).map(|at| all().map(|row| row[at].chars().count()).max().unwrap_or(0)).collect();
    let mut page = String::new();
    for row in all().filter(|_| !rows.is_empty()) {
        let cells: Vec<_> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(page, "{}", cells.join("  ").trim_end());
    }
    let _ = write!(page, "{} waiting, {} dead", listing.waiting, listing.dead);
    if listing.more > 0 {
        let _ = write!(page, "; {} more are older and not listed, see --limit", listing.more);
    }
    page + "\n"
}

fn row(item: &Item) -> [String; HEADS.len()] {
    let mut what = item.alertname.clone().unwrap_or_default();
    if let Some(next_attempt) = item.next_attempt {
        let _ = write!(what, ", tried from {}", local(next_attempt));
    }
    if let Some(reason) = &item.reason {
        let _ = write!(what, ": {reason}");
    }
    [
        item.id.to_string(),
        plain(&item.target),
        item.state.as_str().to_owned(),
        local(item.accepted_at),
        format!("{} firing, {} resolved", item.firing, item.resolved),
        item.attempts.to_string(),
        plain(&what),
    ]
}

/// Everything that is known of some notifications, one after the other.
pub(super) fn story(story: &Story) -> String {
    let mut page = String::new();
    if story.more {
        page.push_str("There are older ones, which are left out.\n\n");
    }
    for (at, told) in story.entries.iter().enumerate() {
        let gap = if at > 0 { "\n" } else { "" };
        let alertname = told.alertname.as_ref().map(|name| format!("  {}", plain(name))).unwrap_or_default();
        let _ = writeln!(page, "{gap}{}  {}  {}{alertname}", told.id, plain(&told.target), told.state.as_str());
        for event in &told.events {
            let _ = writeln!(page, "  {}  {}", local(event.at), plain(&event.what));
        }
        if told.state == State::Dead {
            let id = told.id;
            let _ = writeln!(page, "  try it anew: dingbridge outbox replay {id}");
        }
    }
    page
}

/// What was done.
pub(super) fn done(done: &Done) -> String {
    match done.status.as_str() {
        "replayed" => format!("replayed: it waits as {}\n", done.id),
        status => format!("{}: {}\n", plain(status), done.id),
    }
}

/// A text of somebody else's, without what a terminal would obey.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A time as the person's clock shows it.
fn local(time: Timestamp) -> String {
    time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

//! What became of each notification, in words for people: which wait, which are dead letters, and everything that is
//! known of one notification, or of all that named one alert.
//!
//! Nothing is written and nothing is decided here. A program that holds no right to the folder may ask as well
//! ([`Beside`]): SQLite lets others read while a bridge writes.

use std::path::Path;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::events::Events;
use self::known::{DEAD_LETTERS, ENTRIES, Failure, Ids, Known, RECEIPTS, Whereabouts, newest};
use super::{OpenError, Outbox, StoreError, schema};
use crate::clock::Timestamp;
use crate::notification::Notification;

mod events;
mod known;
#[cfg(test)]
mod tests;

/// Which notifications to list.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// Those of this target only.
    pub target: Option<String>,
    /// The dead letters only.
    pub dead_only: bool,
    /// How many at the most, the newest.
    pub limit: u32,
}

/// What waits and what is dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// How many entries wait.
    pub waiting: u64,
    /// How many dead letters there are.
    pub dead: u64,
    /// How many of those asked for are older than the listed ones.
    pub more: u64,
    /// The newest, in the order of acceptance.
    pub items: Vec<Item>,
}

/// One notification in a [`Listing`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The id its sender was told.
    pub id: Uuid,
    /// The target it is for.
    pub target: String,
    /// Where it stands.
    pub state: State,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// The name of its first alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alertname: Option<String>,
    /// How many of its alerts fire.
    pub firing: usize,
    /// How many of its alerts are over.
    pub resolved: usize,
    /// How many calls were to tell it.
    pub attempts: u64,
    /// When it may be tried next, if it has to wait for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt: Option<Timestamp>,
    /// Why it was given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Where a notification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It has its turn later.
    Waiting,
    /// It was rendered, and goes out again until it is delivered or given up.
    #[serde(rename = "being tried")]
    BeingTried,
    /// It is a dead letter.
    Dead,
    /// There is a receipt.
    Delivered,
}

/// Everything that is known of some notifications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// In the order of acceptance.
    pub entries: Vec<Chronicle>,
    /// Whether there are older ones, which are left out.
    #[serde(default)]
    pub more: bool,
}

/// Everything that is known of one notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chronicle {
    /// The id its sender was told.
    pub id: Uuid,
    /// The target it is for.
    pub target: String,
    /// Where it stands.
    pub state: State,
    /// The name of its first alert, while its content is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alertname: Option<String>,
    /// What happened, in the order of time; the last may be yet to come.
    pub events: Vec<Event>,
}

/// Something that happened to a notification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What, in a line.
    pub what: String,
}

/// What there is of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<T> {
    /// Nothing.
    Nothing,
    /// More than one.
    Several,
    /// This.
    One(T),
}

/// A look into an outbox that another process may be using.
#[derive(Debug)]
pub struct Beside(Connection);

/// What [`Found::Nothing`] means to a person.
pub const UNKNOWN: &str = "nothing is known of this id or fingerprint; what is past storage.retention is forgotten";

/// What [`Found::Several`] means to a person.
pub const SEVERAL: &str = "several ids begin like this; give more of the one that is meant";

/// How many notifications one [`Story`] tells of.
const STORY: usize = 100;

// === impl Outbox ===

impl Outbox {
    /// What waits and what is dead.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn list(&self, wish: Wish) -> Result<Listing, StoreError> {
        self.storyteller.ask(move |connection| list(connection, &wish)).await
    }

    /// Everything that is known of a notification, by its id or a unique beginning of it, or of all notifications
    /// that named an alert, by its fingerprint.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn story(&self, wanted: String) -> Result<Found<Story>, StoreError> {
        self.storyteller.ask(move |connection| story(connection, &wanted)).await
    }

    /// The waiting entry or dead letter whose id begins like this.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn undelivered(&self, wanted: String) -> Result<Found<Uuid>, StoreError> {
        self.storyteller.ask(move |connection| undelivered(connection, &wanted)).await
    }
}

// === impl Beside ===

impl Beside {
    /// Opens the outbox in a folder for reading; whoever uses it goes on.
    ///
    /// # Errors
    /// When there is none, or it is not one that this version can read.
    pub fn open(folder: &Path) -> Result<Self, OpenError> {
        schema::open_to_read(folder).map(Self)
    }

    /// Like [`Outbox::list`].
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub fn list(&self, wish: &Wish) -> Result<Listing, StoreError> {
        Ok(list(&self.0, wish)?)
    }

    /// Like [`Outbox::story`].
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub fn story(&self, wanted: &str) -> Result<Found<Story>, StoreError> {
        Ok(story(&self.0, wanted)?)
    }
}

// === impl State ===

impl State {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::BeingTried => "being tried",
            Self::Dead => "dead",
            Self::Delivered => "delivered",
        }
    }
}

fn list(connection: &Connection, wish: &Wish) -> rusqlite::Result<Listing> {
    // All of it at one moment.
    let connection = &*connection.unchecked_transaction()?;
    let count = |table| {
        let sql = format!("SELECT count(*) FROM {table} WHERE ?1 IS NULL OR target = ?1");
        connection.prepare_cached(&sql)?.query_row([&wish.target], |row| row.get::<_, u64>(0))
    };
    let (waiting, dead) = (count("entries")?, count("dead_letters")?);
    let tables = if wish.dead_only { &[DEAD_LETTERS][..] } else { &[ENTRIES, DEAD_LETTERS] };
    let condition = "?1 IS NULL OR target = ?1";
    let known = newest(connection, tables, condition, params![wish.target], wish.limit as usize)?;
    let failures = Failure::of(connection, &known)?;
    let items = known.iter().map(|known| item(connection, known, &failures)).collect::<rusqlite::Result<Vec<_>>>()?;
    let asked_for = if wish.dead_only { dead } else { waiting + dead };
    Ok(Listing { waiting, dead, more: asked_for.saturating_sub(items.len() as u64), items })
}

fn item(connection: &Connection, known: &Known, failures: &[Failure]) -> rusqlite::Result<Item> {
    let notification = known.content(connection)?;
    let frozen = known.frozen(connection)?;
    let (firing, resolved) = known.count_alerts(notification.as_ref());
    let next_attempt = match &known.whereabouts {
        Whereabouts::Waits { not_before } => {
            frozen.as_ref().map_or(*not_before, |plan| plan.not_before.max(*not_before))
        }
        _ => known.accepted_at,
    };
    let reason = match &known.whereabouts {
        Whereabouts::Dead { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    let failed = failures.iter().filter(|failure| failure.concerns(known)).count() as u64;
    let attempts = frozen.as_ref().map_or(failed, |plan| failed.max(u64::from(plan.attempts)));
    Ok(Item {
        id: known.id,
        target: known.target.clone(),
        state: known.state(frozen.as_ref()),
        accepted_at: known.accepted_at,
        alertname: notification.as_ref().and_then(alertname),
        firing,
        resolved,
        attempts,
        next_attempt: (next_attempt > known.accepted_at).then_some(next_attempt),
        reason,
    })
}

fn story(connection: &Connection, wanted: &str) -> rusqlite::Result<Found<Story>> {
    let connection = &*connection.unchecked_transaction()?;
    let tables = &[ENTRIES, DEAD_LETTERS, RECEIPTS];
    let ids = Ids::like(wanted);
    let by_id = |ids: Option<Ids>| match ids {
        Some(ids) => newest(connection, tables, "id BETWEEN ?1 AND ?2", params![ids.first, ids.last], 2),
        None => Ok(Vec::new()),
    };
    // An id and a fingerprint may look alike: what is whole comes before what is the beginning of something.
    let mut known = by_id(ids.filter(|ids| ids.is_one()))?;
    let mut fingerprint = None;
    // Lines are matched whole, so what is asked for must be within one.
    if known.is_empty() && !wanted.contains(char::is_control) {
        let named = "instr(char(10) || alerts || char(10), char(10) || '+' || ?1 || char(10))
            OR instr(char(10) || alerts || char(10), char(10) || '-' || ?1 || char(10))";
        known = newest(connection, tables, named, params![wanted], STORY + 1)?;
        fingerprint = (!known.is_empty()).then_some(wanted);
    }
    if known.is_empty() {
        known = by_id(ids)?;
        if known.len() > 1 {
            return Ok(Found::Several);
        }
    }
    if known.is_empty() {
        return Ok(Found::Nothing);
    }
    let more = known.len() > STORY;
    known.drain(..known.len().saturating_sub(STORY));
    let events = Events::gather(connection, &known)?;
    let entries = known.iter().map(|known| events.of(connection, known, fingerprint));
    Ok(Found::One(Story { entries: entries.collect::<rusqlite::Result<_>>()?, more }))
}

fn undelivered(connection: &Connection, wanted: &str) -> rusqlite::Result<Found<Uuid>> {
    let Some(ids) = Ids::like(wanted) else { return Ok(Found::Nothing) };
    let range = params![ids.first, ids.last];
    let known = newest(connection, &[ENTRIES, DEAD_LETTERS], "id BETWEEN ?1 AND ?2", range, 2)?;
    Ok(match &known[..] {
        [] => Found::Nothing,
        [known] => Found::One(known.id),
        _ => Found::Several,
    })
}

fn alertname(notification: &Notification) -> Option<String> {
    notification.alerts.first()?.labels.get("alertname").cloned()
}

//! What happened to a notification, line by line.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::known::{Failure, Frozen, Known, Whereabouts};
use super::{Chronicle, Event, alertname};
use crate::clock::{Timestamp, from_millis};

/// What the other tables know of some notifications.
#[derive(Debug)]
pub(super) struct Events {
    failures: Vec<Failure>,
    copies: Vec<Copied>,
    /// How many entries wait in each plan.
    waiting_together: HashMap<i64, u64>,
    /// How many were delivered by each plan at each time.
    told_together: HashMap<(i64, i64), u64>,
}

/// An entry that was copied to another target.
#[derive(Debug)]
struct Copied {
    seq: i64,
    copy: i64,
    at: Timestamp,
}

// === impl Events ===

impl Events {
    /// Reads each table once, however many notifications there are.
    pub(super) fn gather(connection: &Connection, known: &[Known]) -> rusqlite::Result<Self> {
        let plans: Vec<_> = known.iter().map(|known| known.plan).filter(|plan| *plan > 0).collect();
        let (plans, first) = (numbers(&plans), plans.iter().min().copied().unwrap_or(i64::MAX));
        let seqs: Vec<_> = known.iter().map(|known| known.seq).collect();
        // No member is older than its plan, so what is older than the first plan need not be looked at.
        let waiting_together = connection
            .prepare_cached(
                "SELECT coalesce(plan, seq), count(*) FROM entries
                 WHERE seq >= ?1 AND coalesce(plan, seq) IN (SELECT value FROM json_each(?2)) GROUP BY 1",
            )?
            .query_map((first, &plans), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let told_together = connection
            .prepare_cached(
                "SELECT plan, delivered_at, count(*) FROM receipts
                 WHERE seq >= ?1 AND plan IN (SELECT value FROM json_each(?2)) GROUP BY 1, 2",
            )?
            .query_map((first, &plans), |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        let copies = connection
            .prepare_cached(
                "SELECT seq, copy, copied_at FROM copies
                 WHERE seq IN (SELECT value FROM json_each(?1)) OR copy IN (SELECT value FROM json_each(?1))",
            )?
            .query_map([numbers(&seqs)], |row| {
                Ok(Copied { seq: row.get(0)?, copy: row.get(1)?, at: from_millis(row.get(2)?) })
            })?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Self { failures: Failure::of(connection, known)?, copies, waiting_together, told_together })
    }

    /// Everything about one of them. `fingerprint` is the alert that was asked about, if it was one.
    pub(super) fn of(
        &self,
        connection: &Connection,
        known: &Known,
        fingerprint: Option<&str>,
    ) -> rusqlite::Result<Chronicle> {
        let notification = known.content(connection)?;
        let frozen = known.frozen(connection)?;
        let mut events = vec![accepted(known, known.count_alerts(notification.as_ref()), fingerprint)];
        for copied in &self.copies {
            events.extend(copied.event(connection, known)?);
        }
        events.extend(self.failures.iter().filter(|failure| failure.concerns(known)).map(Failure::event));
        events.sort_by_key(|event| event.at);
        events.push(self.last(known, frozen.as_ref(), events.last().map_or(known.accepted_at, |event| event.at)));
        Ok(Chronicle {
            id: known.id,
            target: known.target.clone(),
            state: known.state(frozen.as_ref()),
            alertname: notification.as_ref().and_then(alertname),
            events,
        })
    }

    /// How it ended, or what it waits for since `latest`, when the last thing happened.
    fn last(&self, known: &Known, frozen: Option<&Frozen>, latest: Timestamp) -> Event {
        match &known.whereabouts {
            Whereabouts::Dead { at, reason } => Event { at: *at, what: format!("given up: {reason}") },
            Whereabouts::Delivered { at, msg_uuid, attempts } => {
                let together = self.told_together.get(&(known.plan, at.as_millisecond())).copied().unwrap_or(1);
                let took = Duration::try_from(at.duration_since(known.accepted_at)).unwrap_or_default();
                let mut what = format!("delivered after {} under msgUuid {msg_uuid}", lasting(took));
                if *attempts > 1 {
                    let _ = write!(what, ", at attempt {attempts}");
                }
                Event { at: *at, what: what + &with_others(together) }
            }
            Whereabouts::Waits { not_before } => {
                let not_before = frozen.map_or(*not_before, |plan| plan.not_before.max(*not_before));
                let together = self.waiting_together.get(&known.plan).copied().unwrap_or(1);
                let mut what = frozen.map_or("waits for its turn".into(), |plan| plan.describe(together));
                if not_before > latest {
                    what.push_str("; it is tried from then on");
                }
                Event { at: not_before.max(latest), what }
            }
        }
    }
}

// === impl Copied ===

impl Copied {
    /// What it means for one of the two.
    fn event(&self, connection: &Connection, known: &Known) -> rusqlite::Result<Option<Event>> {
        if self.at < known.accepted_at || ![self.seq, self.copy].contains(&known.seq) {
            return Ok(None);
        }
        let is_copy = self.copy == known.seq;
        let other = named(connection, if is_copy { self.seq } else { self.copy })?;
        let what = match (is_copy, other) {
            (true, Some((id, target))) => format!("is a copy of {id}, which {target} could not be told"),
            (true, None) => "is a copy of what another target could not be told".into(),
            (false, Some((id, target))) => format!("copied to {target} as {id}"),
            (false, None) => "copied to another target".into(),
        };
        Ok(Some(Event { at: self.at, what }))
    }
}

// === impl Failure ===

impl Failure {
    fn event(&self) -> Event {
        let Self { part, parts, msg_uuid, .. } = self;
        let part = if *parts > 1 { format!("part {part} of {parts} ") } else { String::new() };
        let others = with_others(self.members.len() as u64);
        Event { at: self.at, what: format!("{part}not delivered under msgUuid {msg_uuid}{others}: {}", self.answer) }
    }
}

// === impl Frozen ===

impl Frozen {
    fn describe(&self, together: u64) -> String {
        let Self { left, parts, msg_uuid, attempts, .. } = self;
        let times = if *attempts == 1 { "once".into() } else { format!("{attempts} times") };
        let parts = if *parts > 1 { format!(", {left} of its {parts} parts left") } else { String::new() };
        format!("is being told under msgUuid {msg_uuid}{}{parts}, tried {times}", with_others(together))
    }
}

fn accepted(known: &Known, (firing, resolved): (usize, usize), fingerprint: Option<&str>) -> Event {
    let mut what = String::from("accepted");
    if firing + resolved > 0 {
        let _ = write!(what, ": {firing} firing, {resolved} resolved");
    }
    if let Some(fingerprint) = fingerprint {
        let is_over = known.alerts.lines().any(|line| line.strip_prefix('-') == Some(fingerprint));
        let _ = write!(what, "; this alert is {}", if is_over { "resolved" } else { "firing" });
    }
    Event { at: known.accepted_at, what }
}

fn with_others(together: u64) -> String {
    match together.saturating_sub(1) {
        0 => String::new(),
        1 => ", in one message with another".into(),
        others => format!(", in one message with {others} others"),
    }
}

/// The id and the target of the notification with that number.
fn named(connection: &Connection, seq: i64) -> rusqlite::Result<Option<(Uuid, String)>> {
    connection
        .prepare_cached(
            "SELECT id, target FROM entries WHERE seq = ?1 UNION ALL SELECT id, target FROM receipts WHERE seq = ?1
             UNION ALL SELECT id, target FROM dead_letters WHERE seq = ?1",
        )?
        .query_row([seq], |row| Ok((Uuid::from_bytes(row.get(0)?), row.get(1)?)))
        .optional()
}

/// Numbers as SQLite takes a list of them.
fn numbers(numbers: &[i64]) -> String {
    serde_json::to_string(numbers).unwrap_or_default()
}

/// A duration as a person says it, to the second: `740ms`, `12s`, `3m5s`, `2h10m`.
fn lasting(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{}ms", duration.as_millis()),
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m{seconds}s"),
        (hours, minutes, _) => format!("{hours}h{minutes}m"),
    }
}

//! The rows that a story is told from.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Params, Row};
use uuid::Uuid;

use super::State;
use crate::clock::{Timestamp, from_millis};
use crate::notification::Notification;

/// The three tables that a notification can be in, as the columns of [`Known`].
pub(super) const ENTRIES: &str = "SELECT 0 AS kind, seq, id, target, accepted_at, alerts, coalesce(plan, seq) AS plan,
    not_before AS at, NULL AS msg_uuid, 0 AS attempts, NULL AS reason FROM entries";
pub(super) const DEAD_LETTERS: &str = "SELECT 1 AS kind, seq, id, target, accepted_at, alerts, 0 AS plan,
    died_at AS at, NULL AS msg_uuid, 0 AS attempts, reason FROM dead_letters";
pub(super) const RECEIPTS: &str = "SELECT 2 AS kind, seq, id, target, accepted_at, alerts, plan,
    delivered_at AS at, msg_uuid, attempts, NULL AS reason FROM receipts";

/// A notification, in whichever table it is.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) seq: i64,
    pub(super) id: Uuid,
    pub(super) target: String,
    pub(super) accepted_at: Timestamp,
    pub(super) alerts: String,
    /// The plan it belongs or belonged to; its own number when it was not frozen, 0 when that is not known.
    pub(super) plan: i64,
    pub(super) whereabouts: Whereabouts,
}

#[derive(Debug)]
pub(super) enum Whereabouts {
    Waits { not_before: Timestamp },
    Dead { at: Timestamp, reason: String },
    Delivered { at: Timestamp, msg_uuid: Uuid, attempts: u32 },
}

/// What is left of a plan: its first message that was not delivered yet.
#[derive(Debug)]
pub(super) struct Frozen {
    pub(super) left: u32,
    pub(super) parts: u32,
    pub(super) msg_uuid: Uuid,
    pub(super) attempts: u32,
    pub(super) not_before: Timestamp,
}

/// A call that did not deliver.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) at: Timestamp,
    pub(super) members: Vec<i64>,
    pub(super) part: u32,
    pub(super) parts: u32,
    pub(super) msg_uuid: Uuid,
    pub(super) answer: String,
}

/// The ids that begin in the same way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    pub(super) first: [u8; 16],
    pub(super) last: [u8; 16],
}

/// The fewest digits of an id that stand for it.
const SHORTEST_PREFIX: usize = 8;

// === impl Ids ===

impl Ids {
    /// The ids that begin with `prefix`, if that is enough of one.
    pub(super) fn like(prefix: &str) -> Option<Self> {
        let digits: String = prefix.chars().filter(|c| *c != '-').collect();
        if !(SHORTEST_PREFIX..=32).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let id = |digits: &str| u128::from_str_radix(digits, 16).ok().map(u128::to_be_bytes);
        Some(Self { first: id(&format!("{digits:0<32}"))?, last: id(&format!("{digits:f<32}"))? })
    }

    /// Whether it is one whole id.
    pub(super) fn is_one(self) -> bool {
        self.first == self.last
    }
}

// === impl Known ===

impl Known {
    /// Where it stands.
    pub(super) fn state(&self, frozen: Option<&Frozen>) -> State {
        match &self.whereabouts {
            Whereabouts::Waits { .. } if frozen.is_some() => State::BeingTried,
            Whereabouts::Waits { .. } => State::Waiting,
            Whereabouts::Dead { .. } => State::Dead,
            Whereabouts::Delivered { .. } => State::Delivered,
        }
    }

    /// How many of its alerts fire, and how many are over. What an older version accepted has no lines for them.
    pub(super) fn count_alerts(&self, notification: Option<&Notification>) -> (usize, usize) {
        match notification {
            Some(notification) if self.alerts.is_empty() => {
                (notification.firing().count(), notification.resolved().count())
            }
            _ => {
                let count = |sign| self.alerts.lines().filter(|line| line.starts_with(sign)).count();
                (count('+'), count('-'))
            }
        }
    }

    /// What it says, unless it was delivered.
    pub(super) fn content(&self, connection: &Connection) -> rusqlite::Result<Option<Notification>> {
        let sql = match &self.whereabouts {
            Whereabouts::Waits { .. } => "SELECT json FROM notifications WHERE seq = ?1",
            Whereabouts::Dead { .. } => "SELECT json FROM dead_letters WHERE seq = ?1",
            Whereabouts::Delivered { .. } => return Ok(None),
        };
        let json: Option<Vec<u8>> =
            connection.prepare_cached(sql)?.query_row([self.seq], |row| row.get(0)).optional()?;
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// The plan it is frozen into, if it waits and was tried.
    pub(super) fn frozen(&self, connection: &Connection) -> rusqlite::Result<Option<Frozen>> {
        if !matches!(self.whereabouts, Whereabouts::Waits { .. }) {
            return Ok(None);
        }
        connection
            .prepare_cached(
                "SELECT (SELECT count(*) FROM parts WHERE plan = ?1), parts, msg_uuid, attempts, not_before
                 FROM parts WHERE plan = ?1 ORDER BY part LIMIT 1",
            )?
            .query_row([self.plan], |row| {
                Ok(Frozen {
                    left: row.get(0)?,
                    parts: row.get(1)?,
                    msg_uuid: Uuid::from_bytes(row.get(2)?),
                    attempts: row.get(3)?,
                    not_before: from_millis(row.get(4)?),
                })
            })
            .optional()
    }
}

// === impl Failure ===

impl Failure {
    /// The calls that were to tell any of these and did not, in the order of time.
    pub(super) fn of(connection: &Connection, known: &[Known]) -> rusqlite::Result<Vec<Self>> {
        let wanted: HashSet<i64> = known.iter().map(|known| known.seq).collect();
        let since = known.iter().map(|known| known.accepted_at).min().unwrap_or(Timestamp::MAX);
        let mut statement = connection.prepare_cached(
            "SELECT at, members, part, parts, msg_uuid, answer FROM failures WHERE at >= ?1 ORDER BY at, rowid",
        )?;
        let mut rows = statement.query([since.as_millisecond()])?;
        let mut failures = Vec::new();
        while let Some(row) = rows.next()? {
            let members = row.get_ref(1)?.as_str()?.split(' ').filter_map(|seq| seq.parse().ok());
            let members: Vec<i64> = members.collect();
            if !members.iter().any(|seq| wanted.contains(seq)) {
                continue;
            }
            failures.push(Self {
                at: from_millis(row.get(0)?),
                members,
                part: row.get(2)?,
                parts: row.get(3)?,
                msg_uuid: Uuid::from_bytes(row.get(4)?),
                answer: row.get(5)?,
            });
        }
        Ok(failures)
    }

    /// Whether the call was to tell this one. A number may be given again once all that had it is gone.
    pub(super) fn concerns(&self, known: &Known) -> bool {
        self.at >= known.accepted_at && self.members.contains(&known.seq)
    }
}

/// The newest that satisfy a condition, in the order of acceptance.
pub(super) fn newest(
    connection: &Connection,
    tables: &[&str],
    condition: &str,
    params: impl Params,
    limit: usize,
) -> rusqlite::Result<Vec<Known>> {
    let tables: Vec<_> = tables.iter().map(|table| format!("{table} WHERE {condition}")).collect();
    let sql = format!("{} ORDER BY seq DESC LIMIT {limit}", tables.join(" UNION ALL "));
    let mut statement = connection.prepare(&sql)?;
    let mut known = statement.query_map(params, known)?.collect::<rusqlite::Result<Vec<_>>>()?;
    known.reverse();
    Ok(known)
}

fn known(row: &Row<'_>) -> rusqlite::Result<Known> {
    let at = from_millis(row.get("at")?);
    let whereabouts = match row.get("kind")? {
        0 => Whereabouts::Waits { not_before: at },
        1 => Whereabouts::Dead { at, reason: row.get("reason")? },
        _ => {
            let msg_uuid = Uuid::from_bytes(row.get("msg_uuid")?);
            Whereabouts::Delivered { at, msg_uuid, attempts: row.get("attempts")? }
        }
    };
    Ok(Known {
        seq: row.get("seq")?,
        id: Uuid::from_bytes(row.get("id")?),
        target: row.get("target")?,
        accepted_at: from_millis(row.get("accepted_at")?),
        alerts: row.get("alerts")?,
        plan: row.get("plan")?,
        whereabouts,
    })
}

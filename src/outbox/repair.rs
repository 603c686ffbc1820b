//! What an operator does by hand: a dead letter is tried anew, or something is never told.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::entry::severity_of_code;
use super::writer::Request;
use super::{Offer, Outbox, Reservation, StoreError};
use crate::notification::{GroupId, StateDigest};

/// Something an operator wants done to one notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// The dead letter of this id is accepted anew.
    Replay(Uuid),
    /// The waiting entry or dead letter of this id is removed for good.
    Drop(Uuid),
}

/// What came of it. It is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repaired {
    /// The dead letter waits again, under this id.
    Replayed(Uuid),
    /// It is gone.
    Dropped,
    /// There is no such dead letter or entry.
    NotFound,
    /// It stays: a call that tells it is under way, or it is frozen into one message with others.
    Busy,
}

// === impl Repaired ===

impl Repaired {
    /// What [`NotFound`](Self::NotFound) means to a person.
    pub const NOT_FOUND: &str = "nothing of this id is there to be replayed or dropped: only dead letters are replayed, \
                                 and only what was not delivered is dropped";
    /// What [`Busy`](Self::Busy) means to a person.
    pub const BUSY: &str = "it goes out this moment, or in one message with others: wait until that message was \
                            delivered or given up";
}

// === impl Outbox ===

impl Outbox {
    /// Does what an operator wants. Answers once it is on disk.
    ///
    /// # Errors
    /// When the outbox cannot be written: then nothing has changed.
    pub async fn repair(&self, repair: Repair) -> Result<Repaired, StoreError> {
        self.ask(|reply| Request::Repair(repair, reply)).await?
    }
}

/// Takes the dead letter `id` out, as an offer to its target. Its group's last state does not matter any more, for an
/// operator has said that it is to be told.
pub(super) fn exhume(connection: &Connection, id: Uuid) -> rusqlite::Result<Option<Offer>> {
    connection
        .query_row(
            "DELETE FROM dead_letters WHERE id = ?1 RETURNING target, grp, severity, alerts, json",
            [id.as_bytes()],
            |row| {
                Ok(Offer {
                    target: row.get::<_, String>(0)?.into(),
                    group: GroupId::from_bytes(row.get(1)?),
                    digest: StateDigest::from_bytes([0; 32]),
                    repeat: false,
                    window: Duration::ZERO,
                    severity: severity_of_code(row.get(2)?),
                    alerts: row.get(3)?,
                    json: row.get(4)?,
                })
            },
        )
        .optional()
}

/// Removes the entry or dead letter `id`. The target it waited for comes back, if it did wait.
pub(super) fn remove(connection: &Connection, id: Uuid) -> rusqlite::Result<(Repaired, Option<Arc<str>>)> {
    if connection.execute("DELETE FROM dead_letters WHERE id = ?1", [id.as_bytes()])? > 0 {
        return Ok((Repaired::Dropped, None));
    }
    let entry = connection
        .query_row("SELECT seq, coalesce(plan, seq), target FROM entries WHERE id = ?1", [id.as_bytes()], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?))
        })
        .optional()?;
    let Some((seq, plan, target)) = entry else { return Ok((Repaired::NotFound, None)) };
    if is_busy(connection, seq, plan)? {
        return Ok((Repaired::Busy, None));
    }
    connection.execute("DELETE FROM parts WHERE plan = ?1", [plan])?;
    connection.execute("DELETE FROM notifications WHERE seq = ?1", [seq])?;
    connection.execute("DELETE FROM entries WHERE seq = ?1", [seq])?;
    // Its number may be given again after a start. Calls that failed are told apart by their time.
    connection.execute("DELETE FROM copies WHERE copy = ?1", [seq])?;
    Ok((Repaired::Dropped, Some(target.into())))
}

/// Whether everything that a lane is about to tell is there: an operator may have dropped it since the lane looked.
pub(super) fn still_there(connection: &Connection, reservation: &Reservation) -> rusqlite::Result<bool> {
    let Some(fresh) = &reservation.fresh else {
        let mut part = connection.prepare_cached("SELECT 1 FROM parts WHERE plan = ?1 AND part = ?2")?;
        return part.exists((reservation.plan, reservation.part));
    };
    let mut entry = connection.prepare_cached("SELECT 1 FROM entries WHERE seq = ?1")?;
    for member in &fresh.members {
        if !entry.exists([member])? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether others are told by the same plan, or its robot is being called this moment, for this plan or another.
fn is_busy(connection: &Connection, seq: i64, plan: i64) -> rusqlite::Result<bool> {
    connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM entries WHERE coalesce(plan, seq) = ?2 AND seq <> ?1)
             OR EXISTS (SELECT 1 FROM parts JOIN ledger USING (robot) WHERE plan = ?2 AND settled_at IS NULL)",
        [seq, plan],
        |row| row.get(0),
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::params;

    use super::*;
    use crate::dingtalk::RobotId;
    use crate::notification::Severity;
    use crate::outbox::pace::Share;
    use crate::outbox::{Fresh, schema};

    /// A dead letter 1; entries 2 and 3 in one plan; 4 in a plan of its own; 5 that was not tried, a copy of 1.
    fn outbox() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().expect("temporary folder");
        let connection = schema::open(folder.path()).expect("a new outbox");
        let group = [7_u8; 16];
        connection
            .execute(
                "INSERT INTO dead_letters (seq, id, target, grp, accepted_at, died_at, reason, json, severity, alerts)
                 VALUES (1, ?1, 'ops', ?2, 1000, 2000, 'refused', x'7b7d', 2, '+disk')",
                params![id(1).as_bytes(), group],
            )
            .expect("a dead letter");
        for (seq, plan) in [(2, None), (3, Some(2)), (4, None), (5, None)] {
            connection
                .execute(
                    "INSERT INTO entries (seq, id, target, grp, accepted_at, repeats, form, not_before, plan)
                     VALUES (?1, ?2, 'ops', ?3, 1000, 0, 0, 1000, ?4)",
                    params![seq, id(seq).as_bytes(), group, plan],
                )
                .expect("an entry");
            connection.execute("INSERT INTO notifications VALUES (?1, x'7b7d')", [seq]).expect("its content");
        }
        connection
            .execute_batch(
                "INSERT INTO copies VALUES (1, 5, 1500);
                 INSERT INTO parts SELECT column1, 1, 1, zeroblob(16), column2, x'', 1, 0
                 FROM (VALUES (2, x'01'), (4, x'02'));",
            )
            .expect("plans");
        (folder, connection)
    }

    fn id(seq: i64) -> Uuid {
        Uuid::from_u128(seq as u128)
    }

    fn count(connection: &Connection, rows: &str) -> u64 {
        connection.query_row(&format!("SELECT count(*) FROM {rows}"), [], |row| row.get(0)).expect("readable")
    }

    #[test]
    fn a_dead_letter_is_offered_anew() {
        let (_folder, connection) = outbox();
        let offer = exhume(&connection, id(1)).expect("written").expect("a dead letter");
        assert_eq!((&*offer.target, offer.group), ("ops", GroupId::from_bytes([7; 16])));
        assert_eq!((offer.severity, &*offer.alerts, &offer.json[..]), (Some(Severity::Warning), "+disk", &b"{}"[..]));
        assert_eq!(count(&connection, "dead_letters"), 0);
        for gone in [1, 2] {
            assert!(exhume(&connection, id(gone)).expect("written").is_none(), "{gone} is no dead letter");
        }
        assert_eq!(count(&connection, "entries"), 4);
    }

    #[test]
    fn what_nobody_else_needs_is_removed_without_a_trace() {
        let (_folder, connection) = outbox();
        assert_eq!(remove(&connection, id(1)).expect("written"), (Repaired::Dropped, None));
        for seq in [4, 5] {
            assert_eq!(
                remove(&connection, id(seq)).expect("written"),
                (Repaired::Dropped, Some("ops".into())),
                "{seq}"
            );
            assert_eq!(remove(&connection, id(seq)).expect("written"), (Repaired::NotFound, None), "{seq}");
        }
        for (rows, left) in
            [("entries", 2), ("notifications", 2), ("dead_letters", 0), ("parts WHERE plan > 2", 0), ("copies", 0)]
        {
            assert_eq!(count(&connection, rows), left, "{rows}");
        }
    }

    #[test]
    fn what_goes_out_with_others_or_this_moment_stays() {
        let (_folder, connection) = outbox();
        for seq in [2, 3] {
            assert_eq!(remove(&connection, id(seq)).expect("written"), (Repaired::Busy, None), "{seq}");
        }
        connection.execute("INSERT INTO ledger VALUES (1, x'03', NULL)", []).expect("a call of another robot");
        connection.execute("INSERT INTO ledger VALUES (2, x'02', NULL)", []).expect("a call");
        assert_eq!(remove(&connection, id(4)).expect("written"), (Repaired::Busy, None));
        connection.execute("UPDATE ledger SET settled_at = 1 WHERE slot = 2", []).expect("its end");
        assert_eq!(remove(&connection, id(4)).expect("written"), (Repaired::Dropped, Some("ops".into())));
        assert_eq!(count(&connection, "parts"), 1);
    }

    #[test]
    fn what_was_dropped_meanwhile_is_not_sent() {
        let (_folder, connection) = outbox();
        let reservation = |plan, members: Option<Vec<i64>>| Reservation {
            plan,
            fresh: members.map(|members| Fresh { members, parts: Vec::new() }),
            part: 1,
            robot: RobotId::from_bytes([2; 16]),
            limits: Vec::new(),
            share: Share::Common,
            counted: false,
        };
        let there = |reservation| still_there(&connection, &reservation).expect("readable");
        assert!(there(reservation(4, None)) && there(reservation(5, Some(vec![5]))));
        for seq in [4, 5] {
            assert_eq!(remove(&connection, id(seq)).expect("written").0, Repaired::Dropped);
        }
        assert!(!there(reservation(4, None)) && !there(reservation(5, Some(vec![5]))));
        assert!(!there(reservation(2, Some(vec![2, 5, 3]))) && there(reservation(2, Some(vec![2, 3]))));
    }
}

//! What the outbox does to its tables: each function is one decision's part of a transaction.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::{Entry, Form, Offer, Plan, Waiting};
use crate::clock::{Timestamp, from_millis};
use crate::dedupe::GroupState;
use crate::dingtalk::RobotId;
use crate::notification::{GroupId, StateDigest};

/// How many rows are tidied away at once, so that nobody waits for long.
const TIDY: i64 = 2_000;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The number the next entry gets: numbers are never given twice.
pub(super) fn next_seq(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row(
        "SELECT 1 + max((SELECT coalesce(max(seq), 0) FROM entries), (SELECT coalesce(max(seq), 0) FROM receipts),
                        (SELECT coalesce(max(seq), 0) FROM dead_letters))",
        [],
        |row| row.get(0),
    )
}

/// How many entries wait for each target.
pub(super) fn backlogs(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    let mut statement = connection.prepare("SELECT target, count(*) FROM entries GROUP BY target")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}

/// How many bytes the database uses.
pub(super) fn bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let pragma = |sql| connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, u64>(0));
    let pages = pragma("PRAGMA page_count")?.saturating_sub(pragma("PRAGMA freelist_count")?);
    Ok(pages * pragma("PRAGMA page_size")?)
}

/// The last accepted state of a group.
pub(super) fn state(connection: &Connection, group: &GroupId) -> rusqlite::Result<Option<GroupState>> {
    connection
        .prepare_cached("SELECT digest, accepted_at, id, repeats FROM states WHERE grp = ?1")?
        .query_row([group.as_bytes()], |row| {
            Ok(GroupState {
                digest: StateDigest::from_bytes(row.get(0)?),
                accepted_at: from_millis(row.get(1)?),
                id: Uuid::from_bytes(row.get(2)?),
                repeats: row.get(3)?,
            })
        })
        .optional()
}

/// Writes the last accepted state of a group.
pub(super) fn set_state(connection: &Connection, group: &GroupId, state: &GroupState) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO states (grp, digest, accepted_at, id, repeats) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            group.as_bytes(),
            state.digest.as_bytes(),
            state.accepted_at.as_millisecond(),
            state.id.as_bytes(),
            state.repeats
        ])?;
    Ok(())
}

/// Forgets the state of a group if it is that of the notification `id`.
pub(super) fn forget_state(connection: &Connection, group: &GroupId, id: &Uuid) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM states WHERE grp = ?1 AND id = ?2", params![group.as_bytes(), id.as_bytes()])?;
    Ok(())
}

/// Appends an entry.
pub(super) fn append(
    connection: &Connection,
    seq: i64,
    id: Uuid,
    offer: &Offer,
    repeats: u32,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO entries (seq, id, target, grp, accepted_at, repeats, form, not_before)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?5)",
        )?
        .execute(params![
            seq,
            id.as_bytes(),
            &*offer.target,
            offer.group.as_bytes(),
            now.as_millisecond(),
            repeats,
            Form::Full.code()
        ])?;
    connection
        .prepare_cached("INSERT INTO notifications (seq, json) VALUES (?1, ?2)")?
        .execute(params![seq, offer.json])?;
    Ok(())
}

/// The entries that wait for a target, in order.
pub(super) fn waiting(connection: &Connection, target: &str) -> rusqlite::Result<Vec<Waiting>> {
    let mut statement = connection.prepare(
        "SELECT seq, grp, accepted_at, max(entries.not_before, coalesce(plans.not_before, 0))
         FROM entries LEFT JOIN plans USING (seq) WHERE target = ?1 ORDER BY seq",
    )?;
    let rows = statement.query_map([target], |row| {
        Ok(Waiting {
            seq: row.get(0)?,
            group: GroupId::from_bytes(row.get(1)?),
            accepted_at: from_millis(row.get(2)?),
            not_before: from_millis(row.get(3)?),
        })
    })?;
    rows.collect()
}

/// Reads an entry with its content and its plan.
pub(super) fn entry(connection: &Connection, seq: i64) -> rusqlite::Result<Option<Entry>> {
    connection
        .prepare_cached(
            "SELECT id, accepted_at, repeats, form, json, msg_uuid, robot, body, attempts
             FROM entries JOIN notifications USING (seq) LEFT JOIN plans USING (seq) WHERE seq = ?1",
        )?
        .query_row([seq], |row| {
            let json = row.get_ref(4)?.as_bytes()?;
            let notification = serde_json::from_slice(json).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Blob, Box::new(error))
            })?;
            Ok(Entry {
                id: Uuid::from_bytes(row.get(0)?),
                accepted_at: from_millis(row.get(1)?),
                repeats: row.get(2)?,
                form: Form::of_code(row.get(3)?),
                notification,
                plan: plan(row)?,
            })
        })
        .optional()
}

fn plan(row: &Row<'_>) -> rusqlite::Result<Option<Plan>> {
    let Some(msg_uuid) = row.get::<_, Option<[u8; 16]>>(5)? else { return Ok(None) };
    Ok(Some(Plan {
        msg_uuid: Uuid::from_bytes(msg_uuid),
        robot: RobotId::from_bytes(row.get(6)?),
        body: String::from_utf8_lossy(row.get_ref(7)?.as_bytes()?).into_owned(),
        attempts: row.get(8)?,
    }))
}

/// Freezes an entry into a plan, or counts one more attempt of it.
pub(super) fn freeze(connection: &Connection, seq: i64, plan: &Plan) -> rusqlite::Result<()> {
    if plan.attempts > 1 {
        connection.execute("UPDATE plans SET attempts = ?2 WHERE seq = ?1", params![seq, plan.attempts])?;
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO plans (seq, msg_uuid, robot, body, attempts, not_before)
             VALUES (?1, ?2, ?3, ?4, ?5, 0)",
        )?
        .execute(params![seq, plan.msg_uuid.as_bytes(), plan.robot.as_bytes(), plan.body.as_bytes(), plan.attempts])?;
    Ok(())
}

/// Keeps a plan for another attempt.
pub(super) fn postpone(connection: &Connection, seq: i64, not_before: Timestamp) -> rusqlite::Result<()> {
    connection.execute("UPDATE plans SET not_before = ?2 WHERE seq = ?1", params![seq, not_before.as_millisecond()])?;
    Ok(())
}

/// Drops a plan, so that the entry is rendered anew.
pub(super) fn thaw(connection: &Connection, seq: i64, form: Form, not_before: Timestamp) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM plans WHERE seq = ?1", [seq])?;
    connection.execute(
        "UPDATE entries SET form = ?2, not_before = ?3 WHERE seq = ?1",
        params![seq, form.code(), not_before.as_millisecond()],
    )?;
    Ok(())
}

/// Turns an entry into a receipt.
pub(super) fn deliver(connection: &Connection, seq: i64, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO receipts (seq, id, target, grp, accepted_at, delivered_at, msg_uuid, attempts)
             SELECT seq, id, target, grp, accepted_at, ?2, msg_uuid, attempts
             FROM entries JOIN plans USING (seq) WHERE seq = ?1",
        )?
        .execute(params![seq, now.as_millisecond()])?;
    remove(connection, seq)
}

/// Turns an entry into a dead letter; its group and id come back.
pub(super) fn bury(
    connection: &Connection,
    seq: i64,
    reason: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<(GroupId, Uuid)>> {
    let buried = connection
        .query_row(
            "INSERT INTO dead_letters (seq, id, target, grp, accepted_at, died_at, reason, json)
             SELECT seq, id, target, grp, accepted_at, ?2, ?3, json
             FROM entries JOIN notifications USING (seq) WHERE seq = ?1 RETURNING grp, id",
            params![seq, now.as_millisecond(), reason],
            |row| Ok((GroupId::from_bytes(row.get(0)?), Uuid::from_bytes(row.get(1)?))),
        )
        .optional()?;
    remove(connection, seq)?;
    Ok(buried)
}

fn remove(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM plans WHERE seq = ?1")?.execute([seq])?;
    connection.prepare_cached("DELETE FROM notifications WHERE seq = ?1")?.execute([seq])?;
    connection.prepare_cached("DELETE FROM entries WHERE seq = ?1")?.execute([seq])?;
    Ok(())
}

/// Deletes what is older than `retention`: receipts, a little at a time, and dead letters, whose number is returned.
/// States and ledgers are kept for a day at least, the longest window and period that can be configured.
pub(super) fn tidy(connection: &Connection, now: Timestamp, retention: Duration) -> rusqlite::Result<usize> {
    let ago = |duration| now.checked_sub(duration).unwrap_or(Timestamp::MIN).as_millisecond();
    let (before, day_before) = (ago(retention), ago(retention.max(DAY)));
    connection.execute(
        "DELETE FROM receipts WHERE seq IN (SELECT seq FROM
             (SELECT seq, delivered_at FROM receipts ORDER BY seq LIMIT ?2) WHERE delivered_at < ?1)",
        [before, TIDY],
    )?;
    connection.execute("DELETE FROM states WHERE accepted_at < ?1", [day_before])?;
    connection.execute("DELETE FROM ledger WHERE settled_at < ?1", [day_before])?;
    connection.execute("DELETE FROM dead_letters WHERE died_at < ?1", [before])
}

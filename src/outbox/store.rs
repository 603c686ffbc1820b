//! What the outbox does to its tables: each function is one decision's part of a transaction.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::entry::{severity_code, severity_of_code};
use super::{Batch, Call, Copy, Entry, Form, Fresh, Frozen, Loaded, Offer, Part, Settlement, Waiting};
use crate::clock::{Timestamp, from_millis};
use crate::dedupe::GroupState;
use crate::dingtalk::RobotId;
use crate::notification::{GroupId, StateDigest};

/// How many rows are tidied away at once, so that nobody waits for long.
const TIDY: i64 = 2_000;

/// For how long it is remembered that a group was shown as firing.
const SHOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

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
pub(super) fn append(connection: &Connection, waiting: &Waiting, offer: &Offer, repeats: u32) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO entries (seq, id, target, grp, accepted_at, repeats, form, not_before, severity, bytes, batch, alerts)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            waiting.seq,
            waiting.id.as_bytes(),
            &*offer.target,
            offer.group.as_bytes(),
            waiting.accepted_at.as_millisecond(),
            repeats,
            waiting.form.code(),
            waiting.not_before.as_millisecond(),
            severity_code(waiting.severity),
            waiting.bytes,
            waiting.batch.code(),
            offer.alerts,
        ])?;
    connection
        .prepare_cached("INSERT INTO notifications (seq, json) VALUES (?1, ?2)")?
        .execute(params![waiting.seq, offer.json])?;
    Ok(())
}

/// The entries that wait for a target, oldest first.
pub(super) fn waiting(connection: &Connection, target: &str) -> rusqlite::Result<Vec<Waiting>> {
    let mut statement = connection.prepare(
        "SELECT seq, grp, accepted_at, entries.not_before, severity, bytes, form, batch, copied,
                coalesce(entries.plan, (SELECT plan FROM parts WHERE parts.plan = seq LIMIT 1)), substr(alerts, 1, 1), id
         FROM entries WHERE target = ?1 ORDER BY seq",
    )?;
    let rows = statement.query_map([target], |row| {
        Ok(Waiting {
            seq: row.get(0)?,
            group: GroupId::from_bytes(row.get(1)?),
            accepted_at: from_millis(row.get(2)?),
            not_before: from_millis(row.get(3)?),
            severity: severity_of_code(row.get(4)?),
            bytes: row.get(5)?,
            form: Form::of_code(row.get(6)?),
            batch: Batch::of_code(row.get(7)?),
            copied: row.get(8)?,
            plan: row.get(9)?,
            resolves: row.get_ref(10)?.as_str()? == "-",
            id: Uuid::from_bytes(row.get(11)?),
        })
    })?;
    rows.collect()
}

/// The plans that the entries of a target are frozen into.
pub(super) fn plans(connection: &Connection, target: &str) -> rusqlite::Result<Vec<Frozen>> {
    let mut statement = connection.prepare(
        "SELECT parts.plan, robot, max(parts.not_before) FROM parts JOIN entries ON entries.seq = parts.plan
         WHERE target = ?1 GROUP BY parts.plan",
    )?;
    let rows = statement.query_map([target], |row| {
        Ok(Frozen {
            plan: row.get(0)?,
            robot: row.get::<_, Option<[u8; 16]>>(1)?.map(RobotId::from_bytes),
            not_before: from_millis(row.get(2)?),
        })
    })?;
    rows.collect()
}

/// The groups of a target that another one was told about.
pub(super) fn forwarded(connection: &Connection, target: &str) -> rusqlite::Result<Vec<GroupId>> {
    let mut statement = connection.prepare("SELECT grp FROM forwarded WHERE target = ?1")?;
    let rows = statement.query_map([target], |row| Ok(GroupId::from_bytes(row.get(0)?)))?;
    rows.collect()
}

/// Reads entries with what was told of their groups before.
pub(super) fn load(connection: &Connection, seqs: &[i64]) -> rusqlite::Result<Loaded> {
    let mut entries = Vec::with_capacity(seqs.len());
    let mut times: HashMap<GroupId, u32> = HashMap::new();
    for seq in seqs {
        if let Some(entry) = entry(connection, *seq)? {
            *times.entry(entry.group).or_default() += 1;
            entries.push(entry);
        }
    }
    let mut known = HashMap::new();
    for (group, _) in times.into_iter().filter(|(_, times)| *times > 1) {
        known.insert(group, shown(connection, &group)?);
    }
    Ok(Loaded { entries, shown: known })
}

fn entry(connection: &Connection, seq: i64) -> rusqlite::Result<Option<Entry>> {
    connection
        .prepare_cached(
            "SELECT id, grp, accepted_at, repeats, json FROM entries JOIN notifications USING (seq) WHERE seq = ?1",
        )?
        .query_row([seq], |row| {
            let notification = serde_json::from_slice(row.get_ref(4)?.as_bytes()?).map_err(|error| {
                rusqlite::Error::FromSqlConversionFailure(4, rusqlite::types::Type::Blob, Box::new(error))
            })?;
            Ok(Entry {
                seq,
                id: Uuid::from_bytes(row.get(0)?),
                group: GroupId::from_bytes(row.get(1)?),
                accepted_at: from_millis(row.get(2)?),
                repeats: row.get(3)?,
                notification,
            })
        })
        .optional()
}

/// The fingerprints of the alerts that a group was last shown as firing.
fn shown(connection: &Connection, group: &GroupId) -> rusqlite::Result<BTreeSet<String>> {
    let alerts: Option<String> = connection
        .prepare_cached("SELECT alerts FROM shown WHERE grp = ?1")?
        .query_row([group.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(alerts.unwrap_or_default().lines().map(str::to_owned).collect())
}

/// The part of a plan that is sent next.
pub(super) fn next_part(connection: &Connection, plan: i64) -> rusqlite::Result<Option<Part>> {
    connection
        .prepare_cached(
            "SELECT part, parts, msg_uuid, body, attempts FROM parts WHERE plan = ?1 ORDER BY part LIMIT 1",
        )?
        .query_row([plan], |row| {
            Ok(Part {
                part: row.get(0)?,
                parts: row.get(1)?,
                msg_uuid: Uuid::from_bytes(row.get(2)?),
                body: String::from_utf8_lossy(row.get_ref(3)?.as_bytes()?).into_owned(),
                attempts: row.get(4)?,
            })
        })
        .optional()
}

/// Freezes entries into a plan.
pub(super) fn freeze(connection: &Connection, plan: i64, robot: RobotId, fresh: &Fresh) -> rusqlite::Result<()> {
    let parts = fresh.parts.len();
    for (part, (msg_uuid, body)) in (1..).zip(&fresh.parts) {
        connection
            .prepare_cached(
                "INSERT INTO parts (plan, part, parts, msg_uuid, robot, body, attempts, not_before)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0)",
            )?
            .execute(params![
                plan,
                part,
                parts,
                msg_uuid.as_bytes(),
                robot.as_bytes(),
                body.as_bytes(),
                i64::from(part == 1)
            ])?;
    }
    for member in fresh.members.iter().filter(|member| **member != plan) {
        connection.prepare_cached("UPDATE entries SET plan = ?2 WHERE seq = ?1")?.execute(params![member, plan])?;
    }
    Ok(())
}

/// Counts one more attempt of a part, by that robot.
pub(super) fn try_again(connection: &Connection, plan: i64, part: u32, robot: RobotId) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE parts SET attempts = attempts + 1, robot = ?3 WHERE plan = ?1 AND part = ?2")?
        .execute(params![plan, part, robot.as_bytes()])?;
    Ok(())
}

/// Keeps a plan for another attempt by the same robot.
pub(super) fn postpone(connection: &Connection, plan: i64, not_before: Timestamp) -> rusqlite::Result<()> {
    connection
        .execute("UPDATE parts SET not_before = ?2 WHERE plan = ?1", params![plan, not_before.as_millisecond()])?;
    Ok(())
}

/// Lets any robot bring what is left of a plan.
pub(super) fn unbind(connection: &Connection, plan: i64) -> rusqlite::Result<()> {
    connection.execute("UPDATE parts SET robot = NULL, not_before = 0 WHERE plan = ?1", [plan])?;
    Ok(())
}

/// Drops a plan, so that its entries are told anew.
pub(super) fn thaw(
    connection: &Connection,
    plan: i64,
    members: &[i64],
    form: Form,
    not_before: Timestamp,
) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM parts WHERE plan = ?1")?.execute([plan])?;
    for member in members {
        connection
            .prepare_cached("UPDATE entries SET plan = NULL, form = ?2, not_before = ?3 WHERE seq = ?1")?
            .execute(params![member, form.code(), not_before.as_millisecond()])?;
    }
    Ok(())
}

/// Has entries told only with each other.
pub(super) fn set_apart(connection: &Connection, members: &[i64], batch: Batch) -> rusqlite::Result<()> {
    for member in members {
        connection
            .prepare_cached("UPDATE entries SET batch = ?2 WHERE seq = ?1")?
            .execute(params![member, batch.code()])?;
    }
    Ok(())
}

/// One part of a plan has arrived.
pub(super) fn remove_part(connection: &Connection, plan: i64, part: u32) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM parts WHERE plan = ?1 AND part = ?2")?.execute(params![plan, part])?;
    Ok(())
}

/// Turns an entry into a receipt, and remembers what its group was shown.
pub(super) fn deliver(
    connection: &Connection,
    plan: i64,
    seq: i64,
    call: &Call,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let delivered = connection
        .prepare_cached(
            "INSERT INTO receipts (seq, id, target, grp, accepted_at, delivered_at, msg_uuid, attempts, plan, alerts)
             SELECT seq, id, target, grp, accepted_at, ?2, ?3, ?4, ?5, alerts FROM entries WHERE seq = ?1
             RETURNING grp, alerts",
        )?
        .query_row(params![seq, now.as_millisecond(), call.msg_uuid.as_bytes(), call.attempts, plan], |row| {
            Ok((GroupId::from_bytes(row.get(0)?), row.get::<_, String>(1)?))
        })
        .optional()?;
    if let Some((group, alerts)) = delivered {
        show(connection, &group, &alerts, now)?;
    }
    remove(connection, seq)
}

/// A group has been told these alerts.
fn show(connection: &Connection, group: &GroupId, alerts: &str, now: Timestamp) -> rusqlite::Result<()> {
    let mut shown = shown(connection, group)?;
    for line in alerts.lines() {
        match (line.strip_prefix('+'), line.strip_prefix('-')) {
            (Some(fires), _) => drop(shown.insert(fires.to_owned())),
            (None, Some(over)) => drop(shown.remove(over)),
            (None, None) => {}
        }
    }
    if shown.is_empty() {
        connection.prepare_cached("DELETE FROM shown WHERE grp = ?1")?.execute([group.as_bytes()])?;
        return Ok(());
    }
    let lines: Vec<_> = shown.into_iter().collect();
    connection
        .prepare_cached("INSERT OR REPLACE INTO shown (grp, alerts, shown_at) VALUES (?1, ?2, ?3)")?
        .execute(params![group.as_bytes(), lines.join("\n"), now.as_millisecond()])?;
    Ok(())
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
            "INSERT INTO dead_letters (seq, id, target, grp, accepted_at, died_at, reason, json, severity, alerts)
             SELECT seq, id, target, grp, accepted_at, ?2, ?3, json, severity, alerts
             FROM entries JOIN notifications USING (seq) WHERE seq = ?1 RETURNING grp, id",
            params![seq, now.as_millisecond(), reason],
            |row| Ok((GroupId::from_bytes(row.get(0)?), Uuid::from_bytes(row.get(1)?))),
        )
        .optional()?;
    remove(connection, seq)?;
    Ok(buried)
}

/// Remembers a call that did not deliver.
pub(super) fn record_failure(
    connection: &Connection,
    settlement: &Settlement,
    call: &Call,
    answer: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let members: Vec<_> = settlement.members.iter().map(i64::to_string).collect();
    connection
        .prepare_cached(
            "INSERT INTO failures (at, target, members, part, parts, msg_uuid, answer)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            now.as_millisecond(),
            &*settlement.target,
            members.join(" "),
            call.part,
            call.parts,
            call.msg_uuid.as_bytes(),
            answer
        ])?;
    Ok(())
}

/// An entry was copied to another target, as the entry `copy`. `over` is whether nothing of its group fires any more.
pub(super) fn record_copy(connection: &Connection, copied: &Copy, copy: i64, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE entries SET copied = 1, batch = ?2 WHERE seq = ?1")?
        .execute(params![copied.seq, Batch::Missed.code()])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO copies (seq, copy, copied_at) VALUES (?1, ?2, ?3)")?
        .execute(params![copied.seq, copy, now.as_millisecond()])?;
    let group = copied.group.as_bytes();
    if copied.offer.severity.is_none() {
        connection.prepare_cached("DELETE FROM forwarded WHERE grp = ?1")?.execute([group])?;
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO forwarded (grp, target, forwarded_at)
             SELECT ?1, target, ?3 FROM entries WHERE seq = ?2",
        )?
        .execute(params![group, copied.seq, now.as_millisecond()])?;
    Ok(())
}

fn remove(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM notifications WHERE seq = ?1")?.execute([seq])?;
    connection.prepare_cached("DELETE FROM entries WHERE seq = ?1")?.execute([seq])?;
    Ok(())
}

/// Drops what is left of a plan.
pub(super) fn remove_plan(connection: &Connection, plan: i64) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM parts WHERE plan = ?1")?.execute([plan])?;
    Ok(())
}

/// Deletes what is older than `retention`: receipts, a little at a time, and dead letters, whose number is returned.
/// States and ledgers are kept for a day at least, the longest window and period that can be configured.
///
/// When the outbox is `crowded`, receipts go before their time: what was delivered must not keep out what is news.
pub(super) fn tidy(
    connection: &Connection,
    now: Timestamp,
    retention: Duration,
    crowded: bool,
) -> rusqlite::Result<usize> {
    let ago = |duration| now.checked_sub(duration).unwrap_or(Timestamp::MIN).as_millisecond();
    let (before, day_before) = (ago(retention), ago(retention.max(DAY)));
    connection.execute(
        "DELETE FROM receipts WHERE seq IN (SELECT seq FROM
             (SELECT seq, delivered_at FROM receipts ORDER BY seq LIMIT ?2) WHERE delivered_at < ?1)",
        [if crowded { i64::MAX } else { before }, TIDY],
    )?;
    connection.execute("DELETE FROM states WHERE accepted_at < ?1", [day_before])?;
    connection.execute("DELETE FROM failures WHERE at < ?1", [before])?;
    connection.execute("DELETE FROM copies WHERE copied_at < ?1", [before])?;
    // What was shown and never said to be over: silenced, or its rule is gone.
    connection.execute("DELETE FROM shown WHERE shown_at < ?1", [ago(SHOWN)])?;
    connection.execute("DELETE FROM forwarded WHERE forwarded_at < ?1", [ago(SHOWN)])?;
    connection.execute("DELETE FROM ledger WHERE settled_at < ?1", [day_before])?;
    connection.execute("DELETE FROM dead_letters WHERE died_at < ?1", [before])
}

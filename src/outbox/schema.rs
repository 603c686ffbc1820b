//! The outbox's file: how it is opened, what its tables are, how an older one is brought up to date.

use std::cmp::Ordering;
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::OpenError;

/// The database's name in the storage folder.
const FILE: &str = "outbox.db";

/// How long a statement waits for another process that has locked the file. Senders wait as long for their answer,
/// and Alertmanager gives up after 10 seconds at the earliest.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How many statements a connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;

/// Each step brings the schema one version forward. Steps are only ever appended.
const MIGRATIONS: [&str; 2] = [
    // Times are milliseconds since the epoch. What changes often or is large stands in tables of its own, so that a
    // start reads only the small rows.
    "
    -- What was accepted and not yet delivered.
    CREATE TABLE entries (
        seq         INTEGER PRIMARY KEY,
        id          BLOB NOT NULL,
        target      TEXT NOT NULL,
        grp         BLOB NOT NULL,
        accepted_at INTEGER NOT NULL,
        repeats     INTEGER NOT NULL,
        form        INTEGER NOT NULL,
        not_before  INTEGER NOT NULL
    ) STRICT;
    -- What each entry says, as JSON.
    CREATE TABLE notifications (
        seq  INTEGER PRIMARY KEY,
        json BLOB NOT NULL
    ) STRICT;
    -- The message an entry was frozen into before its first attempt.
    CREATE TABLE plans (
        seq        INTEGER PRIMARY KEY,
        msg_uuid   BLOB NOT NULL,
        robot      BLOB NOT NULL,
        body       BLOB NOT NULL,
        attempts   INTEGER NOT NULL,
        not_before INTEGER NOT NULL
    ) STRICT;
    -- The last accepted state of each group.
    CREATE TABLE states (
        grp         BLOB PRIMARY KEY,
        digest      BLOB NOT NULL,
        accepted_at INTEGER NOT NULL,
        id          BLOB NOT NULL,
        repeats     INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- The messages a robot was sent lately; settled_at is null while a call is under way.
    CREATE TABLE ledger (
        slot       INTEGER PRIMARY KEY,
        robot      BLOB NOT NULL,
        settled_at INTEGER
    ) STRICT;
    -- Robots and hosts that are not called for a while.
    CREATE TABLE pauses (
        scope    TEXT PRIMARY KEY,
        until    INTEGER NOT NULL,
        strikes  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- What was delivered.
    CREATE TABLE receipts (
        seq          INTEGER PRIMARY KEY,
        id           BLOB NOT NULL,
        target       TEXT NOT NULL,
        grp          BLOB NOT NULL,
        accepted_at  INTEGER NOT NULL,
        delivered_at INTEGER NOT NULL,
        msg_uuid     BLOB NOT NULL,
        attempts     INTEGER NOT NULL
    ) STRICT;
    -- What can never be delivered, and why.
    CREATE TABLE dead_letters (
        seq         INTEGER PRIMARY KEY,
        id          BLOB NOT NULL,
        target      TEXT NOT NULL,
        grp         BLOB NOT NULL,
        accepted_at INTEGER NOT NULL,
        died_at     INTEGER NOT NULL,
        reason      TEXT NOT NULL,
        json        BLOB NOT NULL
    ) STRICT;
    ",
    "
    -- 0 nothing fires, 1 info, 2 warning, 3 unknown, 4 critical: the worst that fires.
    ALTER TABLE entries ADD COLUMN severity INTEGER NOT NULL DEFAULT 3;
    -- The bytes of its JSON.
    ALTER TABLE entries ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    -- Entries are told together only with those of their batch; 0 for all that were not set apart.
    ALTER TABLE entries ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
    -- Whether the fallback was told.
    ALTER TABLE entries ADD COLUMN copied INTEGER NOT NULL DEFAULT 0;
    -- The plan it is frozen into, when that is not its own: a plan is numbered like its oldest member.
    ALTER TABLE entries ADD COLUMN plan INTEGER;
    -- A line for each alert: - (is over) or + (fires) and its fingerprint; those that are over first. It is the last
    -- column because it can be long.
    ALTER TABLE entries ADD COLUMN alerts TEXT NOT NULL DEFAULT '';
    -- The messages of each plan that were not delivered yet; robot is null when any may bring it.
    CREATE TABLE parts (
        plan       INTEGER NOT NULL,
        part       INTEGER NOT NULL,
        parts      INTEGER NOT NULL,
        msg_uuid   BLOB NOT NULL,
        robot      BLOB,
        body       BLOB NOT NULL,
        attempts   INTEGER NOT NULL,
        not_before INTEGER NOT NULL,
        PRIMARY KEY (plan, part)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO parts SELECT seq, 1, 1, msg_uuid, robot, body, attempts, not_before FROM plans;
    DROP TABLE plans;
    -- The alerts that each group was last shown as firing: their fingerprints, a line each.
    CREATE TABLE shown (
        grp      BLOB PRIMARY KEY,
        shown_at INTEGER NOT NULL,
        alerts   TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- Groups that another target was told about, until it is told that they are over.
    CREATE TABLE forwarded (
        grp          BLOB PRIMARY KEY,
        target       TEXT NOT NULL,
        forwarded_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    -- The plan that told it, numbered like its oldest member.
    ALTER TABLE receipts ADD COLUMN plan INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE receipts ADD COLUMN alerts TEXT NOT NULL DEFAULT '';
    ALTER TABLE dead_letters ADD COLUMN severity INTEGER NOT NULL DEFAULT 3;
    ALTER TABLE dead_letters ADD COLUMN alerts TEXT NOT NULL DEFAULT '';
    -- Calls that did not deliver: when, which entries they were to tell (their numbers, separated by spaces), which
    -- part of how many, and the answer in a line.
    CREATE TABLE failures (
        at       INTEGER NOT NULL,
        target   TEXT NOT NULL,
        members  TEXT NOT NULL,
        part     INTEGER NOT NULL,
        parts    INTEGER NOT NULL,
        msg_uuid BLOB NOT NULL,
        answer   TEXT NOT NULL
    ) STRICT;
    -- What was copied to another target: which entry became which, and where.
    CREATE TABLE copies (
        seq       INTEGER NOT NULL,
        copy      INTEGER PRIMARY KEY,
        copied_at INTEGER NOT NULL
    ) STRICT;
    -- The calls of each month, as 202611, in DingTalk's time zone, and whether DingTalk said that they are used up.
    CREATE TABLE calls (
        month   INTEGER PRIMARY KEY,
        calls   INTEGER NOT NULL,
        used_up INTEGER NOT NULL
    ) STRICT;
    -- Until when a robot is trusted with half its limit, because somebody else uses it too.
    CREATE TABLE halved (
        robot BLOB PRIMARY KEY,
        until INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    ",
];

/// Opens the database for writing, makes it when it is missing and brings it up to date.
pub(super) fn open(folder: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(folder.join(FILE))?;
    prepare(&connection)?;
    // A 200 is given after the commit, so the commit must be on disk: NORMAL would lose the last ones with the power.
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    // Checkpoints run from a connection of their own, so that they do not stall commits.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// Opens a further connection to a database that [`open`] has prepared.
pub(super) fn open_beside(folder: &Path, writes: bool) -> rusqlite::Result<Connection> {
    let flags = if writes { OpenFlags::SQLITE_OPEN_READ_WRITE } else { OpenFlags::SQLITE_OPEN_READ_ONLY };
    let connection = Connection::open_with_flags(folder.join(FILE), flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    prepare(&connection)?;
    Ok(connection)
}

/// Opens the database to look into it, whoever else has opened it.
pub(super) fn open_to_read(folder: &Path) -> Result<Connection, OpenError> {
    match folder.join(FILE).metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(OpenError::Missing),
        Err(error) => return Err(OpenError::Folder(error)),
        Ok(_) => {}
    }
    let opened = open_beside(folder, false).and_then(|connection| {
        let found: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((connection, found))
    });
    // Readers of a write-ahead log write beside it who they are.
    let (connection, found) = opened.map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen) => OpenError::Folder(std::io::Error::other(error)),
        _ => OpenError::Database(error),
    })?;
    match found.cmp(&MIGRATIONS.len()) {
        Ordering::Less => Err(OpenError::Older { found, known: MIGRATIONS.len() }),
        Ordering::Equal => Ok(connection),
        Ordering::Greater => Err(OpenError::Newer { found, known: MIGRATIONS.len() }),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    // Without it a statement is compiled anew whenever it gets another value, in the hope of a better plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let version: usize = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version > MIGRATIONS.len() {
        return Err(OpenError::Newer { found: version, known: MIGRATIONS.len() });
    }
    for (done, step) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", done + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::store;
    use super::*;

    #[test]
    fn a_file_of_a_newer_program_is_refused() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let connection = open(folder.path()).expect("a new file");
        connection.pragma_update(None, "user_version", MIGRATIONS.len() + 1).expect("update");
        drop(connection);
        let error = open(folder.path()).expect_err("newer").to_string();
        assert_eq!(
            error,
            "made by a newer dingbridge (schema 3, this one knows 2): start that version, or another folder"
        );
    }

    #[test]
    fn what_the_first_schema_held_goes_on_as_it_was() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let old = Connection::open(folder.path().join(FILE)).expect("a new file");
        old.execute_batch(MIGRATIONS[0]).expect("the first schema");
        old.execute_batch(
            "PRAGMA user_version = 1;
             INSERT INTO entries VALUES (4, zeroblob(16), 'ops', zeroblob(16), 1000, 0, 0, 1000), (5, zeroblob(16), 'ops', zeroblob(16), 2000, 0, 0, 2000);
             INSERT INTO plans VALUES (4, zeroblob(16), zeroblob(16), CAST('body' AS BLOB), 3, 9000);",
        )
        .expect("two entries, one of them frozen");
        drop(old);

        let connection = open(folder.path()).expect("brought up to date");
        let waiting = store::waiting(&connection, "ops").expect("readable");
        let plans: Vec<_> = waiting.iter().map(|entry| (entry.seq, entry.plan, entry.is_urgent())).collect();
        assert_eq!(plans, [(4, Some(4), true), (5, None, true)], "how bad they are is not known");
        let frozen = store::plans(&connection, "ops").expect("readable");
        assert_eq!((frozen.len(), frozen[0].not_before.as_millisecond()), (1, 9000));
        let part = store::next_part(&connection, 4).expect("readable").expect("frozen");
        assert_eq!((part.part, part.parts, part.body.as_str(), part.attempts), (1, 1, "body", 3));
    }

    #[test]
    fn opening_twice_changes_nothing() {
        let folder = tempfile::tempdir().expect("temporary folder");
        drop(open(folder.path()).expect("a new file"));
        let connection = open(folder.path()).expect("an existing file");
        let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).expect("pragma");
        assert_eq!(synchronous, 2, "FULL");
    }
}

//! The outbox's file: how it is opened, what its tables are, how an older one is brought up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::OpenError;

/// The database's name in the storage folder.
const FILE: &str = "outbox.db";

/// How long a statement waits for another process that has locked the file. Senders wait as long for their answer,
/// and Alertmanager gives up after 10 seconds at the earliest.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// How many statements a connection keeps prepared: more than there are.
const STATEMENTS: usize = 64;

/// Each step brings the schema one version forward. Steps are only ever appended.
const MIGRATIONS: [&str; 1] = [
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
            "made by a newer dingbridge (schema 2, this one knows 1): start that version, or another folder"
        );
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

//! The least that SQLite takes for what an accept writes: the same rows in a bare loop, nothing around it.

use std::ops::Range;
use std::path::Path;

use rusqlite::{Connection, params};
use tokio::time::Instant;

use crate::load::Bodies;

/// How many notifications share a commit: as many as there are connections that wait for one.
const BATCH: u64 = 64;

/// A database with the outbox's tables that an accept writes to.
pub struct Bare(Connection);

// === impl Bare ===

impl Bare {
    pub fn open(path: &Path) -> Self {
        let connection = Connection::open(path).expect("a database");
        connection.pragma_update(None, "journal_mode", "wal").expect("write-ahead log");
        connection.pragma_update(None, "synchronous", "full").expect("durable");
        let tables = "
            CREATE TABLE entries (seq INTEGER PRIMARY KEY, id BLOB, target TEXT, grp BLOB, accepted_at INTEGER,
                                  repeats INTEGER, form INTEGER, not_before INTEGER) STRICT;
            CREATE TABLE notifications (seq INTEGER PRIMARY KEY, json BLOB) STRICT;
            CREATE TABLE states (grp BLOB PRIMARY KEY, digest BLOB, accepted_at INTEGER, id BLOB, repeats INTEGER)
                                STRICT, WITHOUT ROWID;";
        connection.execute_batch(tables).expect("tables");
        Self(connection)
    }

    /// Inserts the rows of these notifications; returns how many of them a second.
    pub fn insert(&mut self, numbers: Range<u64>, bodies: &Bodies) -> f64 {
        let count = (numbers.end - numbers.start) as f64;
        let bodies: Vec<_> = numbers.clone().map(|number| bodies.body(number)).collect();
        let began = Instant::now();
        for (batch, first) in bodies.chunks(BATCH as usize).zip(numbers.step_by(BATCH as usize)) {
            self.commit(batch, first).expect("an insert");
        }
        count / began.elapsed().as_secs_f64()
    }

    fn commit(&mut self, bodies: &[bytes::Bytes], first: u64) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        for (body, number) in bodies.iter().zip(first..) {
            let (seq, group, digest) = (number as i64 + 1, fastrand::u128(..).to_le_bytes(), [7_u8; 32]);
            let (target, now) = (format!("t{}", number % 64), 1_700_000_000_000_i64 + seq);
            transaction
                .prepare_cached("INSERT INTO entries VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, ?5)")?
                .execute(params![seq, group, target, group, now])?;
            transaction
                .prepare_cached("INSERT INTO notifications VALUES (?1, ?2)")?
                .execute(params![seq, &body[..]])?;
            transaction
                .prepare_cached("INSERT OR REPLACE INTO states VALUES (?1, ?2, ?3, ?4, 0)")?
                .execute(params![group, digest, now, group])?;
        }
        transaction.commit()
    }
}

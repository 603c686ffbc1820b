//! Moves what is committed from the write-ahead log into the database, beside the writer.
//!
//! The log can start anew only when nothing in it is left to move, but under an unbroken load the writer is always a
//! little ahead. So once the log is long, the writer itself moves the little that is left, between two transactions:
//! it is the only one that does not have to wait for the writer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};

use super::folder::BALLAST_BYTES;
use super::{OpenError, schema};

/// A thread with a connection of its own that checkpoints when it is told that enough was written.
#[derive(Debug)]
pub(super) struct Checkpoints {
    due: SyncSender<()>,
    written: usize,
    found: Arc<Found>,
}

/// What the last checkpoint found.
#[derive(Debug, Default)]
struct Found {
    /// The log is long and almost nothing in it is left to move: now it is the writer's turn.
    long: AtomicBool,
    /// The disk is full.
    full: AtomicBool,
}

/// How many bytes are written between two checkpoints. On a full disk the database grows by as much when the log is
/// emptied into it, and has only the ballast's room to do so.
const EVERY: usize = BALLAST_BYTES / 2;

/// The same on a full disk.
const EVERY_ON_A_FULL_DISK: usize = BALLAST_BYTES / 16;

/// How many pages (of 4 KiB) the log may hold before the writer makes it start anew.
const LOG_PAGES: i64 = 32 << 10;

/// How long the writer waits for those who read the log, such as an operator's backup. It tries again at the next
/// checkpoint.
const READERS_PATIENCE: Duration = Duration::from_millis(20);

// === impl Checkpoints ===

impl Checkpoints {
    /// Starts the thread; it ends when this is dropped.
    pub(super) fn start(folder: &Path) -> Result<Self, OpenError> {
        let connection = schema::open_beside(folder, true)?;
        let (due, told) = sync_channel(1);
        let found = Arc::new(Found::default());
        let finding = Arc::clone(&found);
        let thread = std::thread::Builder::new().name("outbox-checkpoint".into());
        thread.spawn(move || run(&connection, &told, &finding)).map_err(OpenError::Thread)?;
        Ok(Self { due, written: 0, found })
    }

    /// The writer, on its `connection`, has committed about that many bytes at once. If that is much, it is moved before
    /// anybody is told: were the disk full a moment later, the ballast would be too small for it, and nothing could be
    /// delivered.
    pub(super) fn move_large(&self, connection: &Connection, bytes: usize) {
        if bytes >= EVERY {
            log_failure(&start_anew(connection));
        }
    }

    /// The writer, on its `connection`, has committed about that many bytes. When the disk is full, it empties the log
    /// itself: a checkpoint beside it may come too late for the little room there is.
    pub(super) fn committed(&mut self, connection: &Connection, bytes: usize, disk_full: bool) {
        self.written += bytes;
        if disk_full && self.written >= EVERY_ON_A_FULL_DISK {
            self.written = 0;
            self.empty_log(connection);
        } else if self.written >= EVERY {
            self.written = 0;
            // A full channel means that a checkpoint is due already.
            let _ = self.due.try_send(());
        }
        if self.found.long.load(Ordering::Acquire) {
            log_failure(&start_anew(connection));
            self.found.long.store(false, Ordering::Release);
        }
    }

    /// Whether the last checkpoint found the disk full: what is committed from now on could only stay in the log.
    pub(super) fn out_of_room(&self) -> bool {
        self.found.full.load(Ordering::Relaxed)
    }

    /// Moves the whole log into the database by `connection`, at once, so that its room can be used again: on a full
    /// disk the next checkpoint may never be due. Whether that worked.
    pub(super) fn empty_log(&self, connection: &Connection) -> bool {
        let busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
        log_failure(&busy);
        let emptied = matches!(busy, Ok(false));
        if emptied {
            self.found.full.store(false, Ordering::Relaxed);
        }
        emptied
    }
}

/// Whether there may be no room: where the log's index cannot grow, SQLite speaks of the system's failure.
pub(super) fn is_full(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
}

fn run(connection: &Connection, due: &Receiver<()>, found: &Found) {
    while due.recv().is_ok() {
        // Two at once would only stand in each other's way.
        if found.long.load(Ordering::Acquire) {
            continue;
        }
        let done = checkpoint(connection, "PASSIVE").and_then(|pages| {
            if pages >= LOG_PAGES {
                // Moves what was written during the first, so that next to nothing is left to the writer.
                checkpoint(connection, "PASSIVE")?;
                found.long.store(true, Ordering::Release);
            }
            Ok(())
        });
        found.full.store(done.as_ref().is_err_and(is_full), Ordering::Relaxed);
        log_failure(&done);
    }
}

fn start_anew(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(READERS_PATIENCE)?;
    let done = checkpoint(connection, "RESTART").map(drop);
    connection.busy_timeout(schema::BUSY_TIMEOUT)?;
    done
}

fn log_failure<T>(done: &rusqlite::Result<T>) {
    if let Err(error) = done {
        tracing::warn!(%error, "the outbox's log cannot be moved into its database for now");
    }
}

/// Returns how many pages the log holds.
fn checkpoint(connection: &Connection, mode: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA wal_checkpoint({mode})"), [], |row| row.get(1))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_long_log_starts_anew_once_nobody_reads_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let connection = schema::open(folder.path()).expect("a new file");
        let reader = schema::open_beside(folder.path(), false).expect("the file");
        let mut checkpoints = Checkpoints::start(folder.path()).expect("a thread");
        let write = |count: i64| {
            let insert = "INSERT INTO notifications (json) VALUES (zeroblob(?1))";
            connection.execute(insert, [count * 4096]).expect("an insert");
            fs::metadata(folder.path().join("outbox.db-wal")).expect("the log").len()
        };
        let mut commit = |connection| {
            checkpoints.found.long.store(true, Ordering::Release);
            checkpoints.committed(connection, 0, false);
            assert!(!checkpoints.found.long.load(Ordering::Acquire));
        };
        let length = write(100);
        reader.execute_batch("BEGIN; SELECT count(*) FROM notifications;").expect("a read");
        commit(&connection);
        let longer = write(10);
        assert!(longer > length, "what is read stays in the log");
        reader.execute_batch("COMMIT").expect("the end");
        commit(&connection);
        assert_eq!(write(100), longer, "the room is used again");
    }
}

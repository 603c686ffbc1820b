//! The outbox: what was accepted stays here, on disk, until it is delivered.
//!
//! It is one SQLite file in the storage folder (write-ahead log, `synchronous=FULL`), the only thing that both sides
//! of the bridge touch. Requests put notifications in; lanes take them out.
//!
//! **Accept** checks a group's last state and appends the entry in one transaction, so that of two copies that arrive
//! together one passes. It answers after the commit: what was accepted survives a crash and a power cut.
//!
//! **Reserve** freezes entries into a plan before its first attempt: its members and the body and `msgUuid` of each of
//! its messages are committed together with a slot in the robot's ledger, so that pacing survives a restart and a retry
//! is the same to the byte.
//!
//! **Settle** ends an attempt: delivered (receipts remain), again later, thawed (to be told anew, because the answer
//! proves that nothing was delivered) or dead (dead letters remain).
//!
//! **Forward** copies entries to another target, which is told in place of one that cannot be reached.
//!
//! One thread writes. It takes whatever waits, up to 256 requests, into one transaction, commits once and answers all
//! of them: the disk's flush is shared under load, and nobody waits for a timer when there is none. Checkpoints run
//! beside it on a connection of their own.
//!
//! When the disk is full, a ballast file is given up so that what lanes do still commits; nothing new is accepted
//! until the ballast could be made again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, mpsc, oneshot};

pub use self::entry::{Accepted, Batch, Entry, Form, Loaded, Offer, Refusal, Subscription, Waiting};
use self::ledger::Ledgers;
pub use self::month::Month;
use self::pace::{RateLimit, Share, Tempo};
pub use self::plan::{
    Call, Calls, Copy, Fate, Fresh, Frozen, Part, Pause, Reservation, Reserved, Scope, Settlement, Standing,
};
use self::reader::Reader;
use self::writer::Request;
use crate::clock::{Clock, Timestamp, later};
use crate::dingtalk::RobotId;

pub use self::repair::{Repair, Repaired};

mod checkpoint;
mod entry;
mod folder;
mod ledger;
mod month;
pub mod pace;
mod plan;
mod reader;
mod repair;
mod schema;
mod store;
pub mod story;
mod writer;

/// Where the outbox is and how large it may become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The storage folder.
    pub path: PathBuf,
    /// How long receipts and dead letters are kept, and how long delivery is tried.
    pub retention: Duration,
    /// How many entries may wait for one target.
    pub backlog: u64,
    /// How many bytes the outbox may hold.
    pub max_bytes: u64,
    /// How long a call may take.
    pub longest_call: Duration,
}

/// The outbox's handle; clones share it.
#[derive(Debug, Clone)]
pub struct Outbox {
    requests: mpsc::Sender<Request>,
    reader: Reader,
    /// A story may take seconds: the lanes do not wait for it.
    storyteller: Reader,
    ledgers: Arc<Mutex<Ledgers>>,
    settled: Arc<Notify>,
}

/// Why the outbox could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database's own words.
    #[error("the outbox cannot be written: {0}")]
    Storage(String),
    /// The writer has stopped.
    #[error("the outbox is closed")]
    Closed,
}

/// Why the outbox could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the lock.
    #[error("another dingbridge uses this folder; stop it, or give each its own --storage.path")]
    InUse,
    /// The folder cannot be made or written.
    #[error("the folder cannot be used; give --storage.path a folder that this user may write")]
    Folder(#[source] std::io::Error),
    /// The file was made by a newer version.
    #[error(
        "made by a newer dingbridge (schema {found}, this one knows {known}): start that version, or another folder"
    )]
    Newer {
        /// The file's schema version.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// There is none to look into.
    #[error(
        "there is no outbox in this folder; name the bridge's folder with --storage.path, or its address with --api.url"
    )]
    Missing,
    /// The file was made by an older version, and is only to be looked into.
    #[error(
        "made by an older dingbridge (schema {found}, this one knows {known}): start this version on it once, or look \
         with that version"
    )]
    Older {
        /// The file's schema version.
        found: usize,
        /// The newest version this program knows.
        known: usize,
    },
    /// SQLite could not open it.
    #[error("the database cannot be used; restore it, or move it away to start with an empty one")]
    Database(#[from] rusqlite::Error),
    /// A thread could not be started.
    #[error("no thread for the outbox")]
    Thread(#[source] std::io::Error),
}

/// How many requests may wait for the writer.
const WAITING_REQUESTS: usize = 1024;

// === impl Outbox ===

impl Outbox {
    /// Opens the outbox in its folder, makes it when it is missing, and starts its threads. They end when the last
    /// handle is dropped. Blocks.
    ///
    /// # Errors
    /// When another bridge uses the folder ([`OpenError::InUse`]), or it cannot be used at all.
    pub fn open(settings: &Settings, clock: Clock) -> Result<Self, OpenError> {
        let folder = folder::Folder::take(&settings.path)?;
        let connection = schema::open(folder.path())?;
        let reader = Reader::start(schema::open_beside(folder.path(), false)?)?;
        let storyteller = Reader::start(schema::open_beside(folder.path(), false)?)?;
        let deadline = later(clock.now(), settings.longest_call);
        let ledgers = Arc::new(Mutex::new(Ledgers::load(&connection, deadline)?));
        let (requests, waiting) = mpsc::channel(WAITING_REQUESTS);
        writer::start(folder, connection, settings.clone(), clock, Arc::clone(&ledgers), waiting)?;
        Ok(Self { requests, reader, storyteller, ledgers, settled: Arc::new(Notify::new()) })
    }

    /// Accepts a notification, unless it is a duplicate. Answers once it is on disk.
    ///
    /// # Errors
    /// When it is not accepted; then nothing has been stored.
    pub async fn accept(&self, offer: Offer) -> Result<Accepted, Refusal> {
        self.ask(|reply| Request::Accept(offer, reply)).await.unwrap_or(Err(Refusal::NotReady))
    }

    /// What waits for `target`, and a channel of what will. The last subscriber gets it.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn subscribe(&self, target: Arc<str>) -> Result<Subscription, StoreError> {
        self.ask(|reply| Request::Subscribe(target, reply)).await?
    }

    /// Reads entries with what was told of their groups before.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn load(&self, seqs: Vec<i64>) -> Result<Loaded, StoreError> {
        self.reader.ask(move |connection| store::load(connection, &seqs)).await
    }

    /// Reads the part of a plan that is sent next; `None` when the plan is gone.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn part(&self, plan: i64) -> Result<Option<Part>, StoreError> {
        self.reader.ask(move |connection| store::next_part(connection, plan)).await
    }

    /// How many entries wait for each target that has any, configured or not.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn backlogs(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.reader.ask(store::backlogs).await
    }

    /// Freezes a plan if it is new, and takes a slot for its next message, if there is room for all of them. Answers
    /// once it is on disk.
    ///
    /// # Errors
    /// When the outbox cannot be written: then nothing may be sent.
    pub async fn reserve(&self, reservation: Reservation) -> Result<Reserved, StoreError> {
        self.ask(|reply| Request::Reserve(reservation, reply)).await?
    }

    /// Ends an attempt. Answers once it is on disk.
    ///
    /// # Errors
    /// When the outbox cannot be written: the attempt is still under way as far as the outbox knows.
    pub async fn settle(&self, settlement: Settlement) -> Result<(), StoreError> {
        let settled = self.ask(|reply| Request::Settle(settlement, reply)).await?;
        self.settled.notify_waiters();
        settled
    }

    /// Ends the pauses of misconfigured robots and the waits for a next attempt: somebody may have put right what was wrong.
    /// Lanes see it when they subscribe anew.
    ///
    /// # Errors
    /// When the outbox cannot be written.
    pub async fn forgive(&self) -> Result<(), StoreError> {
        self.ask(Request::Forgive).await?
    }

    /// Waits until some call, of any lane, has been settled.
    pub async fn call_settled(&self) {
        self.settled.notified().await;
    }

    /// Copies entries to other targets. Answers once that is on disk.
    ///
    /// # Errors
    /// When the outbox cannot be written: nothing is copied.
    pub async fn forward(&self, copies: Vec<Copy>) -> Result<(), StoreError> {
        self.ask(|reply| Request::Forward(copies, reply)).await?
    }

    /// How `robot` stands under its limits, as far as is known; [`reserve`](Self::reserve) decides.
    pub fn tempo(&self, robot: RobotId, limits: &[RateLimit], share: Share, now: Timestamp) -> Tempo {
        self.ledgers().tempo(robot, limits, share, now)
    }

    /// The calls of this month.
    pub fn calls(&self, now: Timestamp) -> Calls {
        self.ledgers().calls(Month::of(now))
    }

    /// The pause of a robot or host, over or not.
    pub fn pause(&self, scope: &Scope) -> Option<Pause> {
        self.ledgers().pause(scope)
    }

    /// Deletes what is past its retention and regains lost ballast now and then, until the outbox is closed.
    pub fn tidying(&self) -> impl Future<Output = ()> + Send + 'static {
        writer::tidy_regularly(self.requests.downgrade())
    }

    /// Waits until everything that was asked so far is on disk, then stops the writer; later calls fail.
    pub async fn close(&self) {
        let _ = self.ask(Request::Stop).await;
    }

    /// Ends when the writer has stopped, for whatever reason.
    pub async fn closed(&self) {
        self.requests.closed().await;
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| StoreError::Closed)?;
        answer.await.map_err(|_| StoreError::Closed)
    }

    fn ledgers(&self) -> std::sync::MutexGuard<'_, Ledgers> {
        self.ledgers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl StoreError ===

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Storage(error.to_string())
    }
}

#[cfg(test)]
mod tests;

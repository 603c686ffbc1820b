//! The outbox: what was accepted stays here, on disk, until it is delivered.
//!
//! It is one SQLite file in the storage folder (write-ahead log, `synchronous=FULL`), the only thing that both sides
//! of the bridge touch. Requests put notifications in; lanes take them out.
//!
//! **Accept** checks a group's last state and appends the entry in one transaction, so that of two copies that arrive
//! together one passes. It answers after the commit: what was accepted survives a crash and a power cut.
//!
//! **Reserve** freezes an entry into a plan before its first attempt: body, robot and `msgUuid` are committed together
//! with a slot in the robot's ledger, so that pacing survives a restart and a retry is the same to the byte.
//!
//! **Settle** ends an attempt: delivered (a receipt remains), again later, thawed (to be rendered anew, because the
//! answer proves that nothing was delivered) or dead (a dead letter remains).
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
use uuid::Uuid;

use self::ledger::Ledgers;
use self::pace::{Pace, RateLimit};
use self::reader::Reader;
use self::writer::Request;
use crate::clock::{Clock, Timestamp, later};
use crate::dingtalk::RobotId;
use crate::notification::{GroupId, Notification, StateDigest};

mod checkpoint;
mod folder;
mod ledger;
pub mod pace;
mod reader;
mod schema;
mod store;
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
    ledgers: Arc<Mutex<Ledgers>>,
    settled: Arc<Notify>,
}

/// A notification that asks to be accepted.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The target it is for.
    pub target: Arc<str>,
    /// Its group there.
    pub group: GroupId,
    /// What it says.
    pub digest: StateDigest,
    /// Whether its sender repeats itself on purpose.
    pub repeat: bool,
    /// For how long a copy of it is a duplicate.
    pub window: Duration,
    /// The notification as JSON.
    pub json: Vec<u8>,
}

/// What became of an offer. Both are on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepted {
    /// It will be delivered under this id.
    New(Uuid),
    /// It says what the notification of this id said.
    Duplicate(Uuid),
}

/// Why an offer was not accepted. Every reason may pass, so the sender should try again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The target's backlog is full.
    #[error("{0} notifications wait for this target already (storage.backlog)")]
    Backlog(u64),
    /// The outbox has reached its size.
    #[error("the outbox holds {0} bytes already (storage.max_bytes)")]
    TooLarge(u64),
    /// The disk is full, read-only, gone, or locked by another process.
    #[error("the outbox cannot be written: {0}")]
    Storage(String),
    /// The bridge is starting or stopping.
    #[error("the bridge is not ready")]
    NotReady,
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
    /// SQLite could not open it.
    #[error("the database cannot be used; restore it, or move it away to start with an empty one")]
    Database(#[from] rusqlite::Error),
    /// A thread could not be started.
    #[error("no thread for the outbox")]
    Thread(#[source] std::io::Error),
}

/// What scheduling needs to know of an entry; its content stays on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// Its group: the states of one group are delivered in order.
    pub group: GroupId,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it may be tried next.
    pub not_before: Timestamp,
}

/// An entry as it is needed to send it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The id its sender was told.
    pub id: Uuid,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// How often the state before it was suppressed.
    pub repeats: u32,
    /// How it is to be rendered.
    pub form: Form,
    /// What is to be told.
    pub notification: Notification,
    /// The message it was frozen into, once it was tried.
    pub plan: Option<Plan>,
}

/// How an entry is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// By the target's template.
    Full,
    /// As plain text without links, after DingTalk refused the full form.
    Plain,
}

/// A message as it is sent, the same at every attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// DingTalk drops a second message of the same `msgUuid`.
    pub msg_uuid: Uuid,
    /// Whom it is sent to.
    pub robot: RobotId,
    /// The bytes on the wire.
    pub body: String,
    /// How often it was tried, the present attempt included.
    pub attempts: u32,
}

/// A lane's wish to send a plan now.
#[derive(Debug, Clone)]
pub struct Reservation {
    /// The entry that the plan tells.
    pub seq: i64,
    /// The plan, with the present attempt counted.
    pub plan: Plan,
    /// The limits of the plan's robot.
    pub limits: Vec<RateLimit>,
}

/// The answer to a [`Reservation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reserved {
    /// The plan is frozen and the slot taken: send it.
    Slot(i64),
    /// Another lane was faster; nothing has changed.
    Busy(Pace),
}

/// How an attempt, or the wait for one, ended.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The entry.
    pub seq: i64,
    /// Its target.
    pub target: Arc<str>,
    /// The robot and the slot that was taken, if there was a call.
    pub slot: Option<(RobotId, i64)>,
    /// What becomes of the entry.
    pub fate: Fate,
    /// What was learnt about the robot or its host.
    pub standing: Standing,
}

/// What becomes of an entry after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// DingTalk took it.
    Delivered,
    /// It may or may not have arrived: the same bytes again, not before that time.
    Again(Timestamp),
    /// It did not arrive: rendered anew, in that form, not before that time.
    Thawed(Form, Timestamp),
    /// It can never arrive, for this reason.
    Dead(String),
}

/// What an attempt tells about the robot or its host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nothing.
    Unchanged,
    /// They work: pauses are lifted.
    Healthy(Vec<Scope>),
    /// One of them is left alone for a while.
    Paused(Scope, Pause),
}

/// What a pause is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// One robot.
    Robot(RobotId),
    /// Every robot of a host.
    Host(String),
}

/// A time during which a robot or host is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// When it is tried again.
    pub until: Timestamp,
    /// How often in a row the robot was found misconfigured, this time included; 0 for a throttle or a ban, which no
    /// change of the configuration ends.
    pub strikes: u32,
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
        let deadline = later(clock.now(), settings.longest_call);
        let ledgers = Arc::new(Mutex::new(Ledgers::load(&connection, deadline)?));
        let (requests, waiting) = mpsc::channel(WAITING_REQUESTS);
        writer::start(folder, connection, settings.clone(), clock, Arc::clone(&ledgers), waiting)?;
        Ok(Self { requests, reader, ledgers, settled: Arc::new(Notify::new()) })
    }

    /// Accepts a notification, unless it is a duplicate. Answers once it is on disk.
    ///
    /// # Errors
    /// When it is not accepted; then nothing has been stored.
    pub async fn accept(&self, offer: Offer) -> Result<Accepted, Refusal> {
        self.ask(|reply| Request::Accept(offer, reply)).await.unwrap_or(Err(Refusal::NotReady))
    }

    /// The entries that wait for `target`, and a channel of those that will. The last subscriber gets them.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn subscribe(
        &self,
        target: Arc<str>,
    ) -> Result<(Vec<Waiting>, mpsc::UnboundedReceiver<Waiting>), StoreError> {
        let (announce, announced) = mpsc::unbounded_channel();
        let waiting = self.ask(|reply| Request::Subscribe(target, announce, reply)).await??;
        Ok((waiting, announced))
    }

    /// Reads an entry; `None` when it is gone.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn entry(&self, seq: i64) -> Result<Option<Entry>, StoreError> {
        self.reader.ask(move |connection| store::entry(connection, seq)).await
    }

    /// How many entries wait for each target that has any, configured or not.
    ///
    /// # Errors
    /// When the outbox cannot be read.
    pub async fn backlogs(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.reader.ask(store::backlogs).await
    }

    /// Freezes a plan and takes a slot for it, or says when there is one. Answers once it is on disk.
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

    /// Ends the pauses of misconfigured robots, and the waits of messages that they did not like: the configuration may
    /// have been put right. Lanes see it when they subscribe anew.
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

    /// When `robot` may be sent the next message, as far as is known; [`reserve`](Self::reserve) decides.
    pub fn pace(&self, robot: RobotId, limits: &[RateLimit], now: Timestamp) -> Pace {
        self.ledgers().pace(robot, limits, now)
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

// === impl Scope ===

impl Scope {
    fn key(&self) -> String {
        match self {
            Self::Robot(robot) => format!("robot {robot:?}"),
            Self::Host(host) => format!("host {host}"),
        }
    }
}

// === impl Form ===

impl Form {
    fn code(self) -> i64 {
        match self {
            Self::Full => 0,
            Self::Plain => 1,
        }
    }

    fn of_code(code: i64) -> Self {
        if code == 0 { Self::Full } else { Self::Plain }
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

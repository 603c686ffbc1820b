//! What is offered, accepted and waits.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::notification::{GroupId, Notification, Severity, StateDigest};
use crate::render::Severities;

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
    /// The worst that fires; `None` when nothing does.
    pub severity: Option<Severity>,
    /// A line for each alert: `-` (is over) or `+` (fires) and its fingerprint; those that are over first.
    pub alerts: String,
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

/// Which entries are told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Batch {
    /// With whatever waits, when there is too much for messages of their own.
    Any,
    /// With all others of this kind as soon as anything can be sent: what was copied to another target or from one.
    Missed,
    /// Only with those of the same number: parts of what DingTalk refused as a whole.
    Apart(i64),
}

/// How an entry is rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// By the target's template.
    Full,
    /// As plain text without links, after DingTalk refused the full form.
    Plain,
}

/// What scheduling needs to know of an entry; its content stays on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// The id its sender was told.
    pub id: Uuid,
    /// Its group: the states of one group are delivered in order.
    pub group: GroupId,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// When it may be told next.
    pub not_before: Timestamp,
    /// The worst that fires in it; `None` when nothing does.
    pub severity: Option<Severity>,
    /// Whether something in it is over.
    pub resolves: bool,
    /// The bytes of its JSON.
    pub bytes: u32,
    /// How it is to be rendered.
    pub form: Form,
    /// With which others it is told.
    pub batch: Batch,
    /// Whether the fallback was told.
    pub copied: bool,
    /// The plan that it is frozen into.
    pub plan: Option<i64>,
}

/// Everything that waits for a target, and what comes.
#[derive(Debug)]
pub struct Subscription {
    /// The entries, oldest first.
    pub waiting: Vec<Waiting>,
    /// The plans that some of them are frozen into.
    pub plans: Vec<super::Frozen>,
    /// The groups that the fallback was told about and is not yet told that they are over.
    pub forwarded: Vec<GroupId>,
    /// What is accepted from now on.
    pub announced: mpsc::UnboundedReceiver<Vec<Waiting>>,
}

/// An entry as it is needed to tell it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// The id its sender was told.
    pub id: Uuid,
    /// Its group.
    pub group: GroupId,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// How often the state before it was suppressed.
    pub repeats: u32,
    /// What is to be told.
    pub notification: Notification,
}

/// Entries with what was told of their groups before.
#[derive(Debug)]
pub struct Loaded {
    /// Those that still wait, in the order asked for.
    pub entries: Vec<Entry>,
    /// The fingerprints that each group was last shown as firing; only for groups of several entries.
    pub shown: HashMap<GroupId, BTreeSet<String>>,
}

// === impl Offer ===

impl Offer {
    /// An offer of `notification` to `target`, where it belongs to `group`.
    ///
    /// # Errors
    /// When it cannot be written as JSON, which no decoded notification does.
    pub fn new(
        target: Arc<str>,
        group: GroupId,
        notification: &Notification,
        severities: &Severities,
        window: Duration,
    ) -> Result<Self, Refusal> {
        let json = serde_json::to_vec(notification).map_err(|error| Refusal::Storage(error.to_string()))?;
        Ok(Self {
            target,
            group,
            digest: notification.state_digest(),
            repeat: notification.is_repeat(),
            window,
            severity: notification.firing().map(|alert| severities.level(alert)).max(),
            alerts: alert_lines(notification),
            json,
        })
    }
}

fn alert_lines(notification: &Notification) -> String {
    let mut lines = String::new();
    let signed = notification.resolved().map(|alert| ('-', alert));
    for (sign, alert) in signed.chain(notification.firing().map(|alert| ('+', alert))) {
        let fingerprint = alert.fingerprint.replace(char::is_control, " ");
        let _ = writeln!(lines, "{sign}{fingerprint}");
    }
    lines
}

// === impl Waiting ===

impl Waiting {
    /// Whether it never waits for company: what is critical, and what nobody said how bad it is.
    pub fn is_urgent(&self) -> bool {
        matches!(self.severity, Some(Severity::Critical | Severity::Unknown))
    }
}

// === impl Batch ===

impl Batch {
    pub(super) fn code(self) -> i64 {
        match self {
            Self::Any => 0,
            Self::Missed => -1,
            Self::Apart(number) => number,
        }
    }

    pub(super) fn of_code(code: i64) -> Self {
        match code {
            0 => Self::Any,
            -1 => Self::Missed,
            number => Self::Apart(number),
        }
    }
}

// === impl Form ===

impl Form {
    /// The form of several that are told as one: plain when one of them has to be.
    pub fn together(mut forms: impl Iterator<Item = Self>) -> Self {
        if forms.any(|form| form == Self::Plain) { Self::Plain } else { Self::Full }
    }

    pub(super) fn code(self) -> i64 {
        match self {
            Self::Full => 0,
            Self::Plain => 1,
        }
    }

    pub(super) fn of_code(code: i64) -> Self {
        if code == 0 { Self::Full } else { Self::Plain }
    }
}

/// The number that a severity is stored as.
pub(super) fn severity_code(severity: Option<Severity>) -> i64 {
    match severity {
        None => 0,
        Some(Severity::Info) => 1,
        Some(Severity::Warning) => 2,
        Some(Severity::Unknown) => 3,
        Some(Severity::Critical) => 4,
    }
}

/// The severity that was stored as that number.
pub(super) fn severity_of_code(code: i64) -> Option<Severity> {
    match code {
        0 => None,
        1 => Some(Severity::Info),
        2 => Some(Severity::Warning),
        4 => Some(Severity::Critical),
        _ => Some(Severity::Unknown),
    }
}

//! Delivery: one lane per target takes what waits in the outbox to the target's robots.
//!
//! What a lane does next is decided by [`schedule`](schedule::schedule), what an answer leads to by
//! [`conclude`](retry::conclude), both pure; the lane only carries it out. It tells groups, not entries: what waits of a
//! group is folded into its newest state, and when there is more than the robot has room for, digests tell many at once.
//!
//! A lane that fails never touches another, and an entry that cannot be sent never blocks the others of its lane:
//! back-off belongs to the plan, pauses to the robot or its host. What cannot be delivered in time is told to the
//! target's fallback.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::metrics::Metrics;
use crate::clock::Clock;
use crate::dingtalk::{Client, Webhook, WebhookError};
use crate::outbox::Outbox;
use crate::outbox::pace::RateLimit;
use crate::render::{Library, Style};
use crate::secret::{Secret, Source};
use crate::tasks::Tasks;

pub mod backlog;
mod lane;
mod metrics;
mod note;
pub mod retry;
pub mod schedule;
mod thrift;

/// A target as its lane sees it.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name.
    pub name: Arc<str>,
    /// The robots that bring its messages; at least one.
    pub robots: Vec<Robot>,
    /// How they look.
    pub style: Style,
    /// The templates they are made of.
    pub library: Arc<Library>,
    /// For how long delivery is tried.
    pub retention: Duration,
    /// When notifications are told together, and how.
    pub digest: DigestPolicy,
    /// The target that is told what this one cannot deliver.
    pub fallback: Option<Arc<str>>,
    /// DingTalk's calls per month of the whole organisation; 0 when they are only counted.
    pub monthly: u64,
}

/// When a target's notifications are told together, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DigestPolicy {
    /// When.
    pub mode: DigestMode,
    /// For how long [`DigestMode::Always`] gathers.
    pub interval: Duration,
    /// How many messages one digest, or one notification, may take at the most; at least 1.
    pub max_parts: usize,
}

/// When notifications are told together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestMode {
    /// When there are more than the robot's limit has room for.
    Auto,
    /// Always, but for what is critical or of unknown severity, which does not wait.
    Always,
    /// Never: one message for each notification, however late.
    Never,
}

/// A robot of a DingTalk group.
#[derive(Debug, Clone)]
pub struct Robot {
    /// Where it is called.
    pub address: Address,
    /// What signs each call, if it asks for a signature.
    pub secret: Option<Source>,
    /// How many messages it may be sent.
    pub limits: Vec<RateLimit>,
}

/// Where a robot is called.
#[derive(Debug, Clone)]
pub enum Address {
    /// The stand-in inside this process.
    Sandbox,
    /// DingTalk.
    Webhook {
        /// The robot's URL with its access token.
        url: Source,
        /// Whether it may be plain http.
        allow_http: bool,
    },
}

/// Starts, changes and stops the lanes.
#[derive(Debug)]
pub struct Delivery {
    means: Means,
    lanes: HashMap<Arc<str>, Handle>,
    /// Lanes that may still be in their last call.
    ending: HashMap<Arc<str>, JoinHandle<()>>,
}

/// What every lane works with.
#[derive(Debug, Clone)]
pub struct Means {
    /// Where entries come from.
    pub outbox: Outbox,
    /// Who calls DingTalk.
    pub client: watch::Receiver<Client>,
    /// Where the stand-in listens, once there is one.
    pub sandbox: Arc<OnceLock<SocketAddr>>,
    /// The present time.
    pub clock: Clock,
    /// What is counted.
    pub metrics: Metrics,
    /// Where lanes run.
    pub tasks: Tasks,
}

#[derive(Debug)]
struct Handle {
    target: watch::Sender<Arc<Target>>,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

// === impl DigestPolicy ===

impl Default for DigestPolicy {
    fn default() -> Self {
        Self { mode: DigestMode::Auto, interval: Duration::from_secs(5 * 60), max_parts: 3 }
    }
}

// === impl Robot ===

impl Robot {
    /// Where it is called now: its URL may stand in a file that changes.
    ///
    /// # Errors
    /// When the file no longer holds a robot's URL.
    pub fn webhook(&self, target: &str, sandbox: Option<SocketAddr>) -> Result<Webhook, WebhookError> {
        match (&self.address, sandbox) {
            (Address::Webhook { url, allow_http }, _) => Webhook::parse(url.read().expose(), *allow_http),
            (Address::Sandbox, Some(at)) => {
                Webhook::parse(&format!("http://{at}/robot/send?access_token={target}"), true)
            }
            (Address::Sandbox, None) => Err(WebhookError::Empty),
        }
    }

    /// Whether it is the stand-in.
    pub fn is_sandbox(&self) -> bool {
        matches!(self.address, Address::Sandbox)
    }

    /// What signs the next call.
    pub fn secret(&self) -> Option<Secret> {
        self.secret.as_ref().map(Source::read)
    }
}

// === impl Delivery ===

impl Delivery {
    /// No lanes yet.
    pub fn new(means: Means) -> Self {
        Self { means, lanes: HashMap::new(), ending: HashMap::new() }
    }

    /// Makes the lanes those of `targets`: new ones start, changed ones go on with their new target, and those that
    /// are gone stop after their current call. What waits for these stays in the outbox.
    pub fn apply(&mut self, targets: &BTreeMap<Arc<str>, Arc<Target>>) {
        self.ending.retain(|_, task| !task.is_finished());
        for (name, lane) in self.lanes.extract_if(|name, _| !targets.contains_key(name)) {
            lane.stop.cancel();
            self.means.metrics.forget(&name);
            self.ending.insert(name, lane.task);
        }
        for (name, target) in targets {
            match self.lanes.get(name) {
                Some(lane) => drop(lane.target.send_replace(Arc::clone(target))),
                None => {
                    let before = self.ending.remove(name);
                    drop(self.lanes.insert(Arc::clone(name), self.start(target, before)));
                }
            }
        }
    }

    /// Starts a lane once the one `before` it has ended: two would send one notification twice.
    fn start(&self, target: &Arc<Target>, before: Option<JoinHandle<()>>) -> Handle {
        let (sender, receiver) = watch::channel(Arc::clone(target));
        let stop = self.means.tasks.stopping().child_token();
        let lane = lane::keep_running(self.means.clone(), receiver, stop.clone());
        // Shown from now on, not only when the lane has begun.
        drop(self.means.metrics.of(&target.name));
        let task = self.means.tasks.spawn("lane", async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            lane.await;
        });
        Handle { target: sender, stop, task }
    }
}

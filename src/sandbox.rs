//! The stand-in for DingTalk.
//!
//! It answers `POST /robot/send` as DingTalk is known to: signature, keyword, 20,000 bytes, message types, 20 messages
//! a minute and then ten minutes of refusals, all of it with HTTP 200 and an `errcode`. It keeps what arrived, tells
//! it as it happens, and fails on order. It serves `url: sandbox`, `dingbridge demo`, `dingbridge sandbox` and the
//! tests, so it holds to DingTalk rather than to what the bridge expects; where DingTalk is not documented it is the
//! stricter of what may be. It pages nobody, and it keeps nothing when the process ends.
//!
//! Besides the robot it serves four routes, for tests of the whole program. They have no password: the stand-in is
//! for loopback.
//!
//! | route | what |
//! |---|---|
//! | `POST /faults` | orders [`Fault`]s, a JSON array: `["hang", {"slow": 1500}, {"errcode": {"code": -1, "errmsg": "busy"}}]`; times in milliseconds; `?access_token=…` for one robot; with `&lasting=true` its one fault stays |
//! | `DELETE /faults` | takes back what was ordered and lifts what lasts, with `?access_token=…` for one robot; bans stay |
//! | `GET /arrivals` | what arrived, oldest first, a JSON array of objects with the fields of [`Arrival`] |
//! | `DELETE /arrivals` | forgets it |

mod ledger;
mod reply;
mod rules;
mod serve;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Deserializer};
use tokio::sync::broadcast;
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::ledger::Ledger;
pub use self::rules::Seen;
use crate::clock::{Clock, Timestamp};
use crate::secret::Secret;

/// How strict the stand-in is, and how far away.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How many messages a robot takes in any period; the next one bans it. DingTalk: 20 in a minute.
    pub rate: (u32, Duration),
    /// How long a robot is banned. DingTalk: 10 minutes, which it does not say; of any other time the answer tells how
    /// much is left, for nobody could know.
    pub ban: Duration,
    /// How long the network takes, each way, at random within the range; none by default.
    pub delay: Option<RangeInclusive<Duration>>,
    /// The robots there are. Without any, every token is a robot, without secret and keyword.
    pub robots: Vec<KnownRobot>,
    /// Its clock, which judges signatures and dates the answers.
    pub clock: Clock,
}

/// A robot, as its settings page shows it.
#[derive(Debug, Clone)]
pub struct KnownRobot {
    /// Its access token.
    pub token: String,
    /// Its signing secret, if it asks for signatures.
    pub secret: Option<Secret>,
    /// What must stand in every message.
    pub keyword: Option<String>,
}

/// The stand-in. A clone is the same one.
#[derive(Debug, Clone)]
pub struct Sandbox(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rate: (u32, Duration),
    ban: Duration,
    delay: Option<RangeInclusive<Duration>>,
    clock: Clock,
    started: Instant,
    state: Mutex<State>,
    news: broadcast::Sender<Arrival>,
    /// The connections of [`Sandbox::connect`].
    connections: Mutex<JoinSet<()>>,
}

#[derive(Debug, Default)]
struct State {
    robots: HashMap<String, KnownRobot>,
    ledger: Ledger,
    faults: VecDeque<Fault>,
    faults_for: HashMap<String, VecDeque<Fault>>,
    lasting: HashMap<String, Fault>,
}

/// What goes wrong with one request.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The message is not looked at; the answer is this.
    Errcode {
        /// The `errcode`.
        code: i64,
        /// The `errmsg`.
        errmsg: String,
    },
    /// As `errcode`, but only for a message whose body holds these words; any other is treated as if there was no fault.
    Moderate {
        /// The words.
        words: String,
        /// The `errcode`.
        code: i64,
        /// The `errmsg`.
        errmsg: String,
    },
    /// The message is not looked at; the answer is any HTTP answer: an error, HTML, nothing.
    Body {
        /// The HTTP status.
        status: u16,
        /// The `Content-Type`.
        content_type: String,
        /// The body.
        body: String,
    },
    /// The message is not looked at; the answer is that of the gateway that bans the caller's address.
    Ban,
    /// The connection is closed before the message is read.
    ResetBeforeRead,
    /// The message is taken, then the connection is closed without an answer.
    ResetAfterRead,
    /// The message is taken, the answer comes this much later.
    Slow(#[serde(deserialize_with = "millis")] Duration),
    /// The message is taken, the answer comes byte by byte with this pause before each.
    Trickle(#[serde(deserialize_with = "millis")] Duration),
    /// The message is taken, the answer never comes.
    Hang,
}

/// One request to a robot.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// When it had arrived.
    pub at: Timestamp,
    /// The same, since the stand-in began.
    pub since_start: Duration,
    /// Whom it was for; empty when it named no robot.
    pub token: String,
    /// What its signature was worth.
    pub signed: Signature,
    /// Its `msgUuid`.
    pub msg_uuid: Option<String>,
    /// Whether a message with this `msgUuid` was taken before.
    pub repeated: bool,
    /// Its body; empty when the connection was closed before it was read.
    pub body: Arc<str>,
    /// Whether the robot took the message: also when no answer told so.
    pub delivered: bool,
    /// What was decided, unless a fault kept it from being decided.
    pub errcode: Option<i64>,
    /// The name of the fault it met.
    pub fault: Option<&'static str>,
    /// How many requests for this robot arrived within the last period, this one included.
    pub window: usize,
}

/// What a signature was worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signature {
    /// It is right.
    Valid,
    /// There is none, and the robot asks for one.
    Missing,
    /// It does not match.
    Invalid,
    /// It is right, or was, more than an hour off.
    Expired,
    /// The robot asks for none.
    Unchecked,
}

/// How many arrivals wait for a subscriber before it misses the oldest.
const NEWS: usize = 1024;
/// The bytes that an in-process connection holds on their way, each way.
const PIPE: usize = 64 * 1024;

// === impl Settings ===

impl Default for Settings {
    /// As DingTalk: 20 a minute, ten minutes of ban; any robot, no delay, the system's time.
    fn default() -> Self {
        Self {
            rate: (20, Duration::from_secs(60)),
            ban: Duration::from_secs(10 * 60),
            delay: None,
            robots: Vec::new(),
            clock: Clock::system(),
        }
    }
}

// === impl Sandbox ===

impl Sandbox {
    /// A stand-in to which nothing has happened yet.
    pub fn new(settings: Settings) -> Self {
        let Settings { rate, ban, delay, robots, clock } = settings;
        let sandbox = Self(Arc::new(Inner {
            rate,
            ban,
            delay,
            clock,
            started: Instant::now(),
            state: Mutex::default(),
            news: broadcast::Sender::new(NEWS),
            connections: Mutex::default(),
        }));
        robots.into_iter().for_each(|robot| sandbox.register(robot));
        sandbox
    }

    /// Adds a robot; one with the same token is replaced and keeps its window. From the first one on, a token that is
    /// not registered is refused.
    pub fn register(&self, robot: KnownRobot) {
        self.state().robots.insert(robot.token.clone(), robot);
    }

    /// Lets the next request meet `fault`; those ordered before come first.
    pub fn order(&self, fault: Fault) {
        self.state().faults.push_back(fault);
    }

    /// Lets the next request for one robot meet `fault`, before those ordered for any.
    pub fn order_for(&self, token: &str, fault: Fault) {
        self.state().faults_for.entry(token.to_owned()).or_default().push_back(fault);
    }

    /// Lets every request for one robot meet `fault` until [`recover`](Self::recover); those ordered for single requests
    /// come first.
    pub fn order_lasting(&self, token: &str, fault: Fault) {
        self.state().lasting.insert(token.to_owned(), fault);
    }

    /// Takes back what was ordered for one robot. Its window and its ban stay.
    pub fn recover(&self, token: &str) {
        let mut state = self.state();
        state.lasting.remove(token);
        state.faults_for.remove(token);
    }

    /// Takes back all that was ordered.
    pub fn recover_all(&self) {
        let mut state = self.state();
        (state.faults, state.faults_for, state.lasting) = Default::default();
    }

    /// What arrived, oldest first, also what was refused: the last 100,000, or 256 MiB of bodies.
    pub fn arrivals(&self) -> Vec<Arrival> {
        self.state().ledger.arrivals()
    }

    /// Forgets what arrived; windows, bans and `msgUuid`s stay.
    pub fn forget_arrivals(&self) {
        self.state().ledger.forget_arrivals();
    }

    /// What arrives from now on. Who is more than 1,024 behind misses the oldest.
    pub fn subscribe(&self) -> broadcast::Receiver<Arrival> {
        self.0.news.subscribe()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl State ===

impl State {
    fn next_fault(&mut self, token: &str) -> Option<Fault> {
        let own = self.faults_for.get_mut(token).and_then(VecDeque::pop_front);
        own.or_else(|| self.lasting.get(token).cloned()).or_else(|| self.faults.pop_front())
    }
}

// === impl Fault ===

impl Fault {
    /// Its name, as in the orders.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Errcode { .. } => "errcode",
            Self::Moderate { .. } => "moderate",
            Self::Body { .. } => "body",
            Self::Ban => "ban",
            Self::ResetBeforeRead => "reset_before_read",
            Self::ResetAfterRead => "reset_after_read",
            Self::Slow(_) => "slow",
            Self::Trickle(_) => "trickle",
            Self::Hang => "hang",
        }
    }

    /// Whether a message of this body meets it.
    fn concerns(&self, body: &[u8]) -> bool {
        match self {
            Self::Moderate { words, .. } => String::from_utf8_lossy(body).contains(words),
            _ => true,
        }
    }
}

fn millis<'de, D: Deserializer<'de>>(millis: D) -> Result<Duration, D::Error> {
    u64::deserialize(millis).map(Duration::from_millis)
}

// === impl Arrival ===

impl Arrival {
    /// The message in it, if it is one that robots take.
    pub fn message(&self) -> Option<Seen> {
        Seen::read(&self.body)
    }

    /// Whether the group sees it: taken, and not the repetition of one that was taken.
    pub fn shown(&self) -> bool {
        self.delivered && !self.repeated
    }
}

// === impl Signature ===

impl Signature {
    /// Its name, as in `GET /arrivals`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Missing => "missing",
            Self::Invalid => "invalid",
            Self::Expired => "expired",
            Self::Unchecked => "unchecked",
        }
    }
}

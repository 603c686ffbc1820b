//! One request: is it allowed, what does it say, is it news, is it on disk?
//!
//! Everything here happens before the answer and nothing waits for DingTalk. A 200 means that the notification, or
//! the one that it repeats, is in the outbox on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::watch;

pub use self::metrics::Metrics;
use crate::clock::Clock;
use crate::dingtalk::Mention;
use crate::notification::{Notification, Sender};
use crate::outbox::{Accepted, Offer, Outbox, Refusal};
use crate::render::Severities;
use crate::secret::{Secret, Source};
use crate::sender::{self, DecodeError, Request, Unverified};

mod metrics;

/// Who may post to a target, and what is a duplicate there.
#[derive(Debug, Clone)]
pub struct Gate {
    /// Any of them opens it.
    pub tokens: Tokens,
    /// The senders it takes; `None` for all.
    pub accept: Option<BTreeSet<Sender>>,
    /// How long a copy of the last state is a duplicate.
    pub dedupe_window: Duration,
    /// What severities mean.
    pub severities: Arc<Severities>,
    /// How requests are read and verified.
    pub senders: Arc<sender::Settings>,
}

/// The tokens of a target.
#[derive(Debug, Clone)]
pub enum Tokens {
    /// Written in the configuration; none means that anybody may post.
    Written(Vec<Secret>),
    /// One on each line of a file, `#` begins a comment.
    File(Source),
}

/// The gates of all targets.
pub type Gates = BTreeMap<Arc<str>, Arc<Gate>>;

/// Takes requests in; clones share everything.
#[derive(Debug, Clone)]
pub struct Intake {
    gates: watch::Receiver<Gates>,
    outbox: watch::Receiver<Option<Outbox>>,
    clock: Clock,
    metrics: Metrics,
}

/// What a request brings.
#[derive(Debug, Clone)]
pub struct Posted {
    /// Its sender, when its path names it.
    pub sender: Option<Sender>,
    /// Where it comes from.
    pub client: IpAddr,
    /// What stands behind the `?`.
    pub query: Option<String>,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Bytes,
}

/// A request that has been let in.
#[derive(Debug, Clone)]
pub struct Admitted {
    target: Arc<str>,
    gate: Arc<Gate>,
}

/// Why a request is refused. The text is for its sender.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// There is no such target.
    #[error("no target named {0}; the bridge's log lists those there are")]
    NoTarget(String),
    /// A token is needed and none came.
    #[error("a token is needed: as bearer token, as basic auth password, in the path or as access_token")]
    NoToken,
    /// A token came that is not one of the target's.
    #[error("the token is not one of this target's")]
    WrongToken,
    /// The target does not take this sender.
    #[error("this target does not accept {0}")]
    Sender(Sender),
    /// It is not its sender's, as far as that can be verified.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// The body cannot be understood.
    #[error(transparent)]
    Body(#[from] DecodeError),
    /// It cannot be stored now.
    #[error(transparent)]
    Store(#[from] Refusal),
}

// === impl Intake ===

impl Intake {
    /// An intake that follows the gates, and the outbox once it is open.
    pub fn new(
        gates: watch::Receiver<Gates>,
        outbox: watch::Receiver<Option<Outbox>>,
        clock: Clock,
        metrics: Metrics,
    ) -> Self {
        Self { gates, outbox, clock, metrics }
    }

    /// Decides whether a request may post to `target`; any of the tokens it presents may be the right one.
    ///
    /// # Errors
    /// When there is no such target or the token is not right.
    pub fn admit(&self, target: &str, presented: &[String]) -> Result<Admitted, Refused> {
        let admitted = {
            let gates = self.gates.borrow();
            match gates.get_key_value(target) {
                Some((name, gate)) => Ok(Admitted { target: Arc::clone(name), gate: Arc::clone(gate) }),
                None => {
                    let known: Vec<_> = gates.keys().map(AsRef::as_ref).collect();
                    let asked: String = target.chars().filter(|c| !c.is_control()).take(64).collect();
                    tracing::warn!(asked, known = known.join(","), "a request for a target that is not configured");
                    Err(Refused::NoTarget(asked))
                }
            }
        };
        let admitted = admitted.and_then(|admitted| match presented {
            _ if admitted.gate.is_open() => Ok(admitted),
            [] => Err(Refused::NoToken),
            tokens if tokens.iter().any(|token| admitted.gate.tokens.hold(token)) => Ok(admitted),
            _ => Err(Refused::WrongToken),
        });
        admitted.inspect_err(|refused| self.metrics.rejected(refused))
    }

    /// The target whose token is presented, for a path that names none.
    ///
    /// # Errors
    /// When no target has such a token, or several have.
    pub fn admit_by_token(&self, presented: &[String]) -> Result<Admitted, Refused> {
        let gates = self.gates.borrow();
        let holds = |gate: &Gate| presented.iter().any(|token| gate.tokens.hold(token));
        let mut found = gates.iter().filter(|(_, gate)| holds(gate));
        let admitted = match (found.next(), found.next()) {
            (Some((name, gate)), None) => Ok(Admitted { target: Arc::clone(name), gate: Arc::clone(gate) }),
            (Some((one, _)), Some((other, _))) => {
                tracing::error!(%one, %other, "refused a request: both targets have its token, give each its own");
                Err(Refused::WrongToken)
            }
            (None, _) if presented.is_empty() => Err(Refused::NoToken),
            (None, _) => Err(Refused::WrongToken),
        };
        admitted.inspect_err(|refused| self.metrics.rejected(refused))
    }

    /// Takes in an admitted request.
    ///
    /// # Errors
    /// When it is not accepted; then nothing has been stored.
    pub async fn take(&self, admitted: Admitted, posted: &Posted) -> Result<Accepted, Refused> {
        let taken = self.decode_and_offer(&admitted, posted).await;
        match &taken {
            Ok(Accepted::New(_)) => {}
            Ok(Accepted::Duplicate(id)) => {
                self.metrics.suppressed(&admitted.target);
                tracing::debug!(target = %admitted.target, %id, "suppressed a duplicate");
            }
            Err(refused) => {
                self.metrics.rejected(refused);
                match refused {
                    Refused::Store(_) => {
                        tracing::error!(target = %admitted.target, "not accepted, the sender should try again: {refused}");
                    }
                    _ => tracing::warn!(target = %admitted.target, "not accepted: {refused}"),
                }
            }
        }
        taken
    }

    async fn decode_and_offer(&self, admitted: &Admitted, posted: &Posted) -> Result<Accepted, Refused> {
        let Admitted { target, gate } = admitted;
        let notification = self.decode(admitted, posted)?;
        let group = notification.group_id(target);
        let offer = Offer::new(Arc::clone(target), group, &notification, &gate.severities, gate.dedupe_window)?;
        let outbox = self.outbox.borrow().clone().ok_or(Refusal::NotReady)?;
        let accepted = outbox.accept(offer).await?;
        if let Accepted::New(_) = accepted {
            self.metrics.accepted(target, notification.firing().count(), notification.resolved().count());
        }
        Ok(accepted)
    }

    /// What a request says, once it is known whose it is and that it is theirs.
    fn decode(&self, Admitted { target, gate }: &Admitted, posted: &Posted) -> Result<Notification, Refused> {
        let request = Request { query: posted.query.as_deref(), headers: &posted.headers, body: &posted.body };
        let recognised = sender::recognise(request, posted.sender)?;
        let sender = recognised.sender;
        if gate.accept.as_ref().is_some_and(|accept| !accept.contains(&sender)) {
            return Err(Refused::Sender(sender));
        }
        let now = self.clock.now();
        recognised.verify(&gate.senders, Some(posted.client), now)?;
        let decoded = recognised.decode(&gate.senders)?.told_at(now);
        if recognised.is_salvaged() {
            self.metrics.salvaged(sender);
        }
        if let Some(oddity) = &decoded.oddity {
            tracing::warn!(%target, %sender, oddity, "accepted something odd");
        }
        let mut notification = decoded.notification;
        // Where anybody may post, nobody may ring a group.
        let calls = notification.relay.as_mut().map(|relay| &mut relay.mention).filter(|calls| !calls.is_empty());
        if let Some(calls) = calls.filter(|_| gate.is_open()) {
            *calls = Mention::default();
            self.metrics.mention_removed(target);
            tracing::warn!(%target, %sender, "took `at` out of a message: set `tokens`, so that only those who have one may call people");
        }
        Ok(notification)
    }
}

// === impl Admitted ===

impl Admitted {
    /// The name of the target that is open to it.
    pub fn target(&self) -> &str {
        &self.target
    }
}

// === impl Gate ===

impl Gate {
    /// Whether anybody may post.
    pub fn is_open(&self) -> bool {
        self.tokens.are_none()
    }
}

// === impl Tokens ===

impl Tokens {
    /// Whether there are none, so that anybody may post.
    fn are_none(&self) -> bool {
        matches!(self, Self::Written(tokens) if tokens.is_empty())
    }

    /// Whether `presented` is one of them, in a time that does not tell how much of it is right.
    fn hold(&self, presented: &str) -> bool {
        self.each(|token| Secret::new(token).matches(presented)).contains(&true)
    }

    /// Whether all of them satisfy `valid`, and there is one.
    pub fn all(&self, valid: impl Fn(&str) -> bool) -> bool {
        let checked = self.each(valid);
        !checked.is_empty() && !checked.contains(&false)
    }

    /// Every token is looked at, whatever comes of it.
    fn each(&self, look: impl Fn(&str) -> bool) -> Vec<bool> {
        match self {
            Self::Written(tokens) => tokens.iter().map(|token| look(token.expose())).collect(),
            Self::File(source) => {
                let text = source.read();
                let tokens = text.expose().lines().map(|line| line.split('#').next().unwrap_or_default().trim());
                tokens.filter(|token| !token.is_empty()).map(look).collect()
            }
        }
    }
}

impl Default for Tokens {
    fn default() -> Self {
        Self::Written(Vec::new())
    }
}

// === impl Refused ===

impl Refused {
    /// The HTTP status that says it. 5xx is tried again by Alertmanager, 4xx is not, 429 and 408 are never used.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoTarget(_) => 404,
            Self::NoToken => 401,
            Self::WrongToken | Self::Sender(_) | Self::Unverified(_) => 403,
            Self::Body(_) => 400,
            Self::Store(_) => 503,
        }
    }

    /// Whether a token is what is missing or wrong.
    pub fn is_about_token(&self) -> bool {
        matches!(self, Self::NoToken | Self::WrongToken)
    }

    /// A short stable name, for metrics.
    fn label(&self) -> &'static str {
        match self {
            Self::NoTarget(_) => "no_target",
            Self::NoToken | Self::WrongToken => "token",
            Self::Sender(_) => "sender",
            Self::Unverified(_) => "signature",
            Self::Body(_) => "body",
            Self::Store(Refusal::Backlog(_) | Refusal::TooLarge(_)) => "full",
            Self::Store(Refusal::Storage(_)) => "storage",
            Self::Store(Refusal::NotReady) => "not_ready",
        }
    }

    const LABELS: [&str; 8] = ["no_target", "token", "sender", "signature", "body", "full", "storage", "not_ready"];
}

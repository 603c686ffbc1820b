//! The sending systems: what each one's requests say.
//!
//! A request is read once (`request`: charset, JSON, form, text; what is broken is mended where it can be), its sender is
//! told from what it holds (`recognise`), and that sender's module makes a [`Notification`] of it. One module per system,
//! each a few pure functions; what they share stands beside them: when something happened (`time`), how bad it is
//! (`level`), what counts as absent (`fields`) and what must not be shown (`account`), and the shape of a notification
//! about one thing (`event`). Nothing here knows of servers, queues or templates.
//!
//! Each sender's module text says what its group and its state are: a notification that tells the state that its group
//! told last is a repetition.

use std::fmt;
use std::net::IpAddr;
use std::sync::LazyLock;

use http::{HeaderMap, Method};
use ipnet::IpNet;
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::aicc::AiccKey;
pub use self::grafana::GrafanaKey;
use self::request::Reading;
pub use self::rulehit::RuleHitKey;
use crate::notification::{Alert, Notification, Sender, Status};

mod account;
mod aicc;
mod alertmanager;
mod cloudmonitor;
mod dingtalk;
mod event;
mod eventbridge;
mod fields;
mod generic;
mod grafana;
mod kube_eventer;
mod level;
mod mend;
mod ocp;
mod recognise;
mod request;
mod rulehit;
mod signature;
mod sls;
#[cfg(test)]
mod tests;
mod time;
mod uptimekuma;

/// A request as far as it matters to what it says.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// What stands behind the `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

/// How requests are read and verified. The keys of senders that sign are optional: without one, nothing is verified.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// The zone of times that name none; without it, China's.
    pub time_zone: Option<TimeZone>,
    /// What signs Smart Conversation Analysis' requests.
    pub rulehit: Option<RuleHitKey>,
    /// What signs AICC's requests.
    pub aicc: Option<AiccKey>,
    /// What signs Grafana's requests.
    pub grafana: Option<GrafanaKey>,
    /// Where CloudMonitor's requests come from; any address when empty.
    pub cloudmonitor: Vec<IpNet>,
}

/// A request whose sender is known.
#[derive(Debug)]
pub struct Recognised<'a> {
    /// Who sent it.
    pub sender: Sender,
    /// Why, in a few words for a person.
    pub why: &'static str,
    reading: Reading<'a>,
    request: Request<'a>,
}

/// What a request turned out to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoded {
    /// What was said.
    pub notification: Notification,
    /// What was unexpected but did no harm; worth a line in the log.
    pub oddity: Option<String>,
}

/// Why a request is refused. Its text goes back to the sender, which logs it: one line, no secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} column {column}: {reason}")]
pub struct DecodeError {
    /// The line where the reading ended, from 1.
    pub line: usize,
    /// The column where the reading ended, from 1; 0 before the first byte.
    pub column: usize,
    /// What is wrong and, where it can be known, what to change.
    pub reason: String,
}

/// Why a request is not believed to be its sender's. Nothing of it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// The sender's key is configured and this is not signed.
    #[error("{0} is missing: this sender's key is configured, so its requests must be signed")]
    Missing(&'static str),
    /// It was signed with another key, or is not what was signed.
    #[error("the signature is not right: see that the sender and dingbridge have the same key")]
    Wrong,
    /// The signed time is too far from the present.
    #[error("the signature is of another time than now: a replay, or a clock that is wrong (replay_window)")]
    Replayed,
    /// It comes from an address that is not the sender's.
    #[error("the request comes from an address that is not among the sender's (allow_from)")]
    Address,
}

/// The longest reason that is given, in characters: values that are quoted in it are the sender's and can be long.
const MAX_REASON: usize = 200;

/// The most bytes that a request of a sender other than Alertmanager may have: some of their shapes are read into trees,
/// which take many times as much.
const MAX_BODY: usize = 4 << 20;

/// Reads a request and tells who sent it; `named` when its path says so.
///
/// # Errors
/// When it cannot be read or has no known sender's form.
pub fn recognise<'a>(request: Request<'a>, named: Option<Sender>) -> Result<Recognised<'a>, DecodeError> {
    let mut reading = Reading::of(request)?;
    let (sender, why) = recognise::sender(&mut reading, named)?;
    if sender != Sender::Alertmanager && request.body.len() > MAX_BODY {
        return Err(DecodeError::shape(format!("larger than {MAX_BODY} bytes, which {sender} never sends")));
    }
    Ok(Recognised { sender, why, reading, request })
}

/// What a request says, whoever posted it: for bodies that are known to be well meant.
///
/// # Errors
/// As those of [`recognise()`] and [`Recognised::decode`].
pub fn decode(request: Request<'_>, named: Option<Sender>, settings: &Settings) -> Result<Decoded, DecodeError> {
    recognise(request, named)?.decode(settings)
}

/// The HTTP methods by which `sender` posts to a path that names it.
pub fn methods(sender: Sender) -> &'static [Method] {
    match sender {
        Sender::CloudMonitor | Sender::RuleHit | Sender::KubeEventer | Sender::UptimeKuma => {
            &[Method::POST, Method::GET]
        }
        Sender::Sls => &[Method::POST, Method::GET, Method::PUT],
        Sender::Grafana => &[Method::POST, Method::PUT],
        _ => &[Method::POST],
    }
}

/// For requests that are a body and nothing else.
static NO_HEADERS: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);

// === impl Request ===

impl<'a> Request<'a> {
    /// A request of which only the body is known, as one that was kept in a file.
    pub fn of_body(body: &'a [u8]) -> Self {
        Self { query: None, headers: &NO_HEADERS, body }
    }
}

// === impl Recognised ===

impl Recognised<'_> {
    /// Whether it really comes from its sender, as far as a key or addresses are configured for that. `client` is where
    /// it comes from.
    ///
    /// # Errors
    /// When it does not, or cannot be shown to.
    pub fn verify(&self, settings: &Settings, client: Option<IpAddr>, now: Timestamp) -> Result<(), Unverified> {
        match self.sender {
            Sender::RuleHit => settings.rulehit.as_ref().map_or(Ok(()), |key| key.verify(&self.reading, now)),
            Sender::Aicc => settings.aicc.as_ref().map_or(Ok(()), |key| key.verify(&self.reading, now)),
            Sender::Grafana => settings.grafana.as_ref().map_or(Ok(()), |key| key.verify(&self.request, now)),
            Sender::CloudMonitor => {
                let allowed = |client| settings.cloudmonitor.iter().any(|range| range.contains(&client));
                match settings.cloudmonitor.is_empty() || client.is_some_and(allowed) {
                    true => Ok(()),
                    false => Err(Unverified::Address),
                }
            }
            _ => Ok(()),
        }
    }

    /// What it says.
    ///
    /// # Errors
    /// When it is not of its sender's form.
    pub fn decode(&self, settings: &Settings) -> Result<Decoded, DecodeError> {
        let decoded = recognise::decode(self.sender, &self.reading, &time::Zone::of(settings.time_zone.as_ref()))?;
        let Some(broken) = &self.reading.broken else { return Ok(decoded) };
        let Decoded { mut notification, oddity } = decoded;
        notification.salvaged = true;
        let oddity = oddity.map(|oddity| format!("; {oddity}")).unwrap_or_default();
        Ok(Decoded { notification, oddity: Some(format!("not JSON ({broken}), but it could be read{oddity}")) })
    }

    /// Whether it was broken and had to be mended to be understood.
    pub fn is_salvaged(&self) -> bool {
        self.reading.broken.is_some()
    }
}

// === impl Decoded ===

impl Decoded {
    /// It with `now` as the time of what has none: it was told now, so it began, or was over, by now. Where the time
    /// belongs to the state, a repetition would seem to be news, so there it stays as it is.
    pub fn told_at(mut self, now: Timestamp) -> Self {
        let timeless = |alert: &&mut Alert| alert.starts_at.is_empty() && alert.ends_at.is_empty();
        if !self.notification.state.is_empty() {
            for alert in self.notification.alerts.iter_mut().filter(timeless) {
                match alert.status {
                    Status::Firing => alert.starts_at = now.to_string(),
                    Status::Resolved => alert.ends_at = now.to_string(),
                }
            }
        }
        self
    }
}

impl From<Notification> for Decoded {
    fn from(notification: Notification) -> Self {
        Self { notification, oddity: None }
    }
}

// === impl DecodeError ===

impl DecodeError {
    /// The body could be read, but it is not of the form that was looked for.
    fn shape(reason: impl fmt::Display) -> Self {
        Self { line: 1, column: 1, reason: reason.to_string() }
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        let text = error.to_string();
        // serde_json puts the place at the end; people look for it at the front.
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _place)| reason);
        let reason = reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect();
        Self { line: error.line(), column: error.column(), reason }
    }
}

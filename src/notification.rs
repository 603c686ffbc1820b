//! The one model that every sender's words are decoded into.
//!
//! It is Alertmanager's webhook, field by field and with its JSON names, because templates are written for those. It
//! is also what the outbox keeps: a field may be added with a default, none may change its meaning.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::dingtalk::{Mention, Message};

/// Names and values, in the order of the names.
pub type Labels = BTreeMap<String, String>;

/// What one sender said about one group of alerts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// The system that said it.
    pub sender: Sender,
    /// Firing when at least one alert fires.
    pub status: Status,
    /// The sender's name for whom it told, as people write it.
    pub receiver: String,
    /// What makes the group one group, in the sender's own words.
    pub group_key: String,
    /// The labels that the group was formed by.
    pub group_labels: Labels,
    /// The labels that all alerts share.
    pub common_labels: Labels,
    /// The annotations that all alerts share.
    pub common_annotations: Labels,
    /// The labels of the route that was taken, since Alertmanager 0.34.
    pub route_labels: Labels,
    /// Where the sender can be looked at.
    #[serde(rename = "externalURL")]
    pub external_url: String,
    /// How many alerts the sender left out.
    pub truncated_alerts: u64,
    /// Why it was sent, since Alertmanager 0.32; empty when unknown.
    pub notification_reason: String,
    /// The target it was meant for, when it is told to another one; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub meant_for: String,
    /// What it tells, for senders whose alerts' states and beginnings do not say it (a time that differs in each
    /// repetition, a level that rises); empty when they do.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub state: String,
    /// Whether the request was broken and this is what could be made of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub salvaged: bool,
    /// A message for the group as its sender wrote it, to be passed on as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relay: Option<Relay>,
    /// What the sender sent, without secrets and personal data; `null` when the fields above hold all of it.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub raw: Value,
    /// The alerts, in the sender's order.
    pub alerts: Vec<Alert>,
}

/// A message that its sender wrote for DingTalk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// What it says.
    pub message: Message,
    /// Whom it calls; the words that DingTalk asks for are the sender's own.
    #[serde(default, skip_serializing_if = "Mention::is_empty")]
    pub mention: Mention,
}

/// One alert of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    /// Whether it still fires.
    pub status: Status,
    /// What identifies it.
    pub labels: Labels,
    /// What describes it.
    pub annotations: Labels,
    /// When it began, as the sender wrote it (RFC 3339).
    pub starts_at: String,
    /// When it ended, as the sender wrote it; year 1 or empty while it fires.
    pub ends_at: String,
    /// Where it came from, for a link; may be empty.
    #[serde(rename = "generatorURL")]
    pub generator_url: String,
    /// A short identity of its labels.
    pub fingerprint: String,
    /// How bad it is, when the sender's words for that are known; else a label tells, as the configuration says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

/// How bad an alert is. A severity that nobody declared is `Unknown` and is never held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nobody says, or in words that were not declared.
    Unknown,
    /// Worth knowing.
    Info,
    /// Worth looking at today.
    Warning,
    /// Worth waking somebody.
    Critical,
}

/// The state of an alert or of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Something is wrong.
    Firing,
    /// It is over.
    Resolved,
}

/// A system that sends notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sender {
    /// Prometheus Alertmanager's webhook, protocol version 4.
    Alertmanager,
    /// Grafana's own alerting.
    Grafana,
    /// Alibaba Cloud's CloudMonitor, in all its shapes, and Managed Prometheus.
    #[serde(rename = "cloudmonitor")]
    CloudMonitor,
    /// Alibaba Cloud's Smart Conversation Analysis.
    #[serde(rename = "rulehit")]
    RuleHit,
    /// Huawei Cloud's AICC, when a voice notification ends.
    Aicc,
    /// OceanBase Cloud Platform.
    Ocp,
    /// Whoever speaks to DingTalk's robots.
    #[serde(rename = "dingtalk")]
    DingTalk,
    /// Alibaba Cloud's Log Service.
    Sls,
    /// Alibaba Cloud's EventBridge.
    #[serde(rename = "eventbridge")]
    EventBridge,
    /// Kubernetes' events, by kube-eventer.
    KubeEventer,
    /// Uptime Kuma.
    #[serde(rename = "uptimekuma")]
    UptimeKuma,
    /// Scripts, Zabbix, and text of any kind.
    Generic,
    /// The bridge itself, about what keeps it from delivering. Nobody can post in its name.
    Dingbridge,
}

/// The identity of a group at a target: everything that is news about it must stay in order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId([u8; 16]);

/// A digest of what a notification tells. Two notifications of a group with the same state say the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StateDigest([u8; 32]);

/// What Alertmanager gives as the reason when only `repeat_interval` made it send again.
const REPEAT: &str = "repeat interval elapsed";

// === impl Notification ===

impl Notification {
    /// What `sender` says of `alerts`, the group `group_key`: what they share and whether any fires is read from them,
    /// everything else is empty.
    pub fn new(sender: Sender, group_key: String, alerts: Vec<Alert>) -> Self {
        let fires = alerts.iter().any(|alert| alert.status == Status::Firing);
        Self {
            sender,
            status: if fires { Status::Firing } else { Status::Resolved },
            receiver: String::new(),
            group_key,
            group_labels: Labels::new(),
            common_labels: shared(alerts.iter().map(|alert| &alert.labels)),
            common_annotations: shared(alerts.iter().map(|alert| &alert.annotations)),
            route_labels: Labels::new(),
            external_url: String::new(),
            truncated_alerts: 0,
            notification_reason: String::new(),
            meant_for: String::new(),
            state: String::new(),
            salvaged: false,
            relay: None,
            raw: Value::Null,
            alerts,
        }
    }

    /// The alerts that fire.
    pub fn firing(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|alert| alert.status == Status::Firing)
    }

    /// The alerts that are over.
    pub fn resolved(&self) -> impl Iterator<Item = &Alert> {
        self.alerts.iter().filter(|alert| alert.status == Status::Resolved)
    }

    /// Whether the sender only repeats itself because its operator asked it to.
    pub fn is_repeat(&self) -> bool {
        self.notification_reason == REPEAT
    }

    /// The group this belongs to at `target`.
    ///
    /// The receiver is part of it: two sibling routes with equal matchers send the same group key.
    pub fn group_id(&self, target: &str) -> GroupId {
        let mut digest = Sha256::new();
        for part in [target, &self.receiver, &self.group_key] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        let mut id = [0; 16];
        id.copy_from_slice(&digest.finalize()[..16]);
        GroupId(id)
    }

    /// A digest of what this tells: which alerts are in which state since when, and how many are left out. Where
    /// [`state`](Self::state) says it, that stands in place of the beginnings.
    ///
    /// Left out on purpose is what differs between the peers of a cluster or never makes Alertmanager send: its
    /// URL, annotations, the end of resolved alerts (replicas of Prometheus disagree by milliseconds). The reason
    /// counts only for a truncated group, where it may be all that tells of a change beyond the cut.
    pub fn state_digest(&self) -> StateDigest {
        let mut alerts: Vec<_> =
            self.alerts.iter().map(|alert| (&alert.fingerprint, alert.status, self.since(alert))).collect();
        alerts.sort_unstable_by_key(|(fingerprint, status, since)| (*fingerprint, *status as u8, *since));
        let mut digest = Sha256::new();
        for (fingerprint, status, since) in alerts {
            digest.update(fingerprint);
            digest.update([0, status as u8]);
            digest.update(since);
            digest.update([0]);
        }
        digest.update(self.truncated_alerts.to_le_bytes());
        if self.truncated_alerts > 0 {
            digest.update(&self.notification_reason);
        }
        StateDigest(digest.finalize().into())
    }

    fn since<'a>(&'a self, alert: &'a Alert) -> &'a str {
        if self.state.is_empty() { &alert.starts_at } else { &self.state }
    }
}

/// The labels that all of several sets have.
pub fn shared<'a>(mut sets: impl Iterator<Item = &'a Labels>) -> Labels {
    let Some(first) = sets.next() else { return Labels::new() };
    let mut shared: Vec<(&String, &String)> = first.iter().collect();
    for other in sets {
        shared.retain(|(name, value)| other.get(*name) == Some(*value));
    }
    shared.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

// === impl Severity ===

impl Severity {
    /// The name that templates see: `critical`, `warning`, `info` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Unknown, Self::Info, Self::Warning, Self::Critical]
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(name))
    }
}

// === impl Status ===

impl Status {
    /// `firing` or `resolved`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

// === impl Sender ===

impl Sender {
    /// Every sender whose requests are understood.
    pub const ALL: [Self; 12] = [
        Self::Alertmanager,
        Self::Grafana,
        Self::CloudMonitor,
        Self::RuleHit,
        Self::Aicc,
        Self::Ocp,
        Self::DingTalk,
        Self::Sls,
        Self::EventBridge,
        Self::KubeEventer,
        Self::UptimeKuma,
        Self::Generic,
    ];

    /// The name in `/hook/{sender}/…` and `accept`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alertmanager => "alertmanager",
            Self::Grafana => "grafana",
            Self::CloudMonitor => "cloudmonitor",
            Self::RuleHit => "rulehit",
            Self::Aicc => "aicc",
            Self::Ocp => "ocp",
            Self::DingTalk => "dingtalk",
            Self::Sls => "sls",
            Self::EventBridge => "eventbridge",
            Self::KubeEventer => "kube-eventer",
            Self::UptimeKuma => "uptimekuma",
            Self::Generic => "generic",
            Self::Dingbridge => "dingbridge",
        }
    }

    /// The sender of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sender| sender.as_str() == name)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

// === impl GroupId ===

impl GroupId {
    /// The identity that this group has at `target` when it is told there in place of its own target.
    pub fn told_to(&self, target: &str) -> Self {
        let digest = Sha256::new().chain_update(self.0).chain_update(target).finalize();
        let mut id = [0; 16];
        id.copy_from_slice(&digest[..16]);
        Self(id)
    }

    /// The bytes it is stored as.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The identity that was stored as these bytes.
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

// === impl StateDigest ===

impl StateDigest {
    /// The bytes it is stored as.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The digest that was stored as these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl fmt::Debug for StateDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

//! One thing told, as most senders tell one at a time, in the shape that all notifications have.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::fields::{present, put};
use crate::notification::{Alert, Labels, Notification, Sender, Severity, Status};

/// One thing told. What is empty is not shown.
#[derive(Debug, Clone, Default)]
pub(super) struct Event {
    /// What people know it by; becomes `alertname`.
    pub title: String,
    /// What it is about: a host, an instance, a file; becomes `instance`.
    pub object: String,
    /// Whether it is over.
    pub resolved: bool,
    /// How bad it is, when its words are known.
    pub severity: Option<Severity>,
    /// It in one line.
    pub summary: String,
    /// It at length.
    pub description: String,
    /// When it began, RFC 3339 or the sender's words.
    pub starts_at: String,
    /// When it was over.
    pub ends_at: String,
    /// Where to look.
    pub url: String,
    /// Whatever else there is to know.
    pub labels: Labels,
    /// What makes messages about it one group, within its sender; without one, title and object do.
    pub key: String,
    /// What is news about it beside firing and resolved, such as a level that rises. Without one nothing is: told again
    /// it is a repetition, whatever its time.
    pub state: String,
    /// What was sent, without secrets and personal data.
    pub raw: Value,
}

// === impl Event ===

impl Event {
    /// It as the only alert of a notification by `sender`.
    pub(super) fn notification(mut self, sender: Sender) -> Notification {
        let raw = std::mem::take(&mut self.raw);
        let state = std::mem::take(&mut self.state);
        let key = self.key_or_name();
        let group_key = format!("{sender}:{key}");
        // Something must be said of the state, else the beginnings would be: those differ in each repetition.
        let state = if state.is_empty() { "told".to_owned() } else { state };
        Notification { state, raw, ..Notification::new(sender, group_key, vec![self.alert()]) }
    }

    /// It as an alert among others. Its identity is its key.
    pub(super) fn alert(self) -> Alert {
        let fingerprint = fingerprint(&self.key_or_name());
        let Self {
            title, object, resolved, severity, summary, description, starts_at, ends_at, url, mut labels, ..
        } = self;
        put(&mut labels, "alertname", &title);
        put(&mut labels, "instance", &object);
        if let Some(severity) = severity {
            labels.insert("severity".to_owned(), severity.as_str().to_owned());
        }
        let mut annotations = Labels::new();
        put(&mut annotations, "summary", &summary);
        put(&mut annotations, "description", &description);
        Alert {
            status: if resolved { Status::Resolved } else { Status::Firing },
            labels,
            annotations,
            starts_at,
            ends_at,
            generator_url: url,
            fingerprint,
            severity,
        }
    }

    fn key_or_name(&self) -> String {
        match present(&self.key) {
            Some(key) => key.to_owned(),
            None => format!("{}\n{}", self.title, self.object),
        }
    }
}

/// A short identity of what is told.
pub(super) fn fingerprint(key: &str) -> String {
    Sha256::digest(key)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

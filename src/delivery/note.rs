//! What the bridge itself has to say, in the shape of any other notification.
//!
//! It goes to a target's fallback like an alert would: rendered by its templates, delivered in its order, told once
//! and told again when it is over.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::notification::{Alert, Labels, Notification, Sender, Severity, Status};
use crate::outbox::{Offer, Refusal};
use crate::render::Severities;

/// Something that keeps a target from delivering.
#[derive(Debug, Clone)]
pub(super) struct Note<'a> {
    /// What it is called, like the name of an alert.
    pub name: &'static str,
    /// The target it is about.
    pub target: &'a str,
    /// Which of the target's robots, if it is about one.
    pub robot: Option<usize>,
    /// What is wrong, in a line.
    pub summary: String,
    /// What to do.
    pub description: String,
    /// Whether people should be woken for it.
    pub critical: bool,
    /// When it began.
    pub since: Timestamp,
    /// When it was over, if it is.
    pub until: Option<Timestamp>,
}

// === impl Note ===

impl Note<'_> {
    /// What is offered to `to`, where severities are called as they are there.
    pub(super) fn offer(&self, to: &Arc<str>, severities: &Severities) -> Result<Offer, Refusal> {
        let notification = self.notification(severities);
        let group = notification.group_id(to);
        let offer = Offer::new(Arc::clone(to), group, &notification, severities, Duration::ZERO)?;
        // It must not be gathered, least of all what it says of the budget. Nothing of unknown severity is.
        let severity = offer.severity.map(|severity| if self.critical { severity } else { Severity::Unknown });
        Ok(Offer { severity, ..offer })
    }

    fn notification(&self, severities: &Severities) -> Notification {
        let status = if self.until.is_some() { Status::Resolved } else { Status::Firing };
        let word = if self.critical { severities.critical.first() } else { severities.warning.first() };
        let mut labels = Labels::from([("alertname".into(), self.name.into()), ("target".into(), self.target.into())]);
        labels.extend(self.robot.map(|robot| ("robot".to_owned(), robot.to_string())));
        labels.extend(word.map(|word| (severities.label.clone(), word.clone())));
        let annotations = Labels::from([
            ("summary".to_owned(), self.summary.clone()),
            ("description".to_owned(), self.description.clone()),
        ]);
        let robot = self.robot.map(|robot| format!("/{robot}")).unwrap_or_default();
        let group_key = format!("dingbridge:{}:{}{robot}", self.name, self.target);
        let alert = Alert {
            status,
            labels: labels.clone(),
            annotations,
            starts_at: self.since.to_string(),
            ends_at: self.until.map(|until| until.to_string()).unwrap_or_default(),
            generator_url: String::new(),
            fingerprint: group_key.clone(),
            severity: None,
        };
        Notification {
            receiver: self.target.to_owned(),
            group_labels: labels,
            ..Notification::new(Sender::Dingbridge, group_key, vec![alert])
        }
    }
}

//! The data that templates see: Alertmanager's webhook with its JSON names, and a few fields of the bridge's own.
//!
//! Everything in it is cleaned (see `escape`). What is large is made only when some template asks for it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::escape;
use super::severity::{Severities, Severity};
use super::{Circumstances, Escape, Style};
use crate::notification::{Alert, Labels, Notification, Status};

/// How many alerts templates are given. A message shows a few hundred at most.
pub(super) const MAX_ALERTS: usize = 2_000;
/// Seconds from which on a message says that it waited.
pub(super) const DELAY_WORTH_TELLING: i64 = 60;

/// A notification made ready for its templates.
pub(super) struct Model {
    /// The data.
    pub value: Value,
    /// How many alerts are not in it because of [`MAX_ALERTS`].
    pub left_out: usize,
}

struct Builder<'a> {
    severities: &'a Severities,
    /// Whether label values are marked as foreign.
    labels: bool,
    /// Whether annotation values are.
    annotations: bool,
}

// === impl Model ===

impl Model {
    /// The data of `notification` for templates that look up `names`.
    pub(super) fn of(
        notification: &Notification,
        style: &Style,
        circumstances: &Circumstances<'_>,
        names: &BTreeSet<&str>,
    ) -> Self {
        let build = Builder {
            severities: &style.severities,
            labels: style.escape != Escape::None,
            annotations: style.escape == Escape::All,
        };
        let asked = |name: &str| names.contains(name) || names.contains("this");
        let (firing, resolved) = by_severity(notification, &style.severities);
        let left_out = notification.alerts.len().saturating_sub(MAX_ALERTS);
        let firing = &firing[..firing.len().min(MAX_ALERTS)];
        let resolved = &resolved[..resolved.len().min(MAX_ALERTS - firing.len())];

        let mut model = Map::new();
        let mut put = |name: &str, value: Value| model.insert(name.to_owned(), value);
        put("target", Value::from(circumstances.target));
        put("sender", Value::from(notification.sender.as_str()));
        put("status", Value::from(notification.status.as_str()));
        put("receiver", build.label(&notification.receiver));
        put("groupKey", build.label(&notification.group_key));
        put("groupLabels", build.labels(&notification.group_labels));
        put("commonLabels", build.labels(&notification.common_labels));
        put("commonAnnotations", build.annotations(&notification.common_annotations));
        put("routeLabels", build.labels(&notification.route_labels));
        put("externalURL", Value::String(escape::url(&notification.external_url)));
        put("truncatedAlerts", Value::from(notification.truncated_alerts));
        put("notificationReason", Value::String(escape::line(&notification.notification_reason, false)));
        put("severity", Value::from(style.severities.highest(notification).as_str()));
        put("repeats", Value::from(circumstances.repeats));
        put("part", Value::from(1));
        put("parts", Value::from(1));
        let delayed = circumstances.now.as_second() - circumstances.accepted_at.as_second();
        if delayed >= DELAY_WORTH_TELLING {
            put("delayed", Value::from(delayed));
        }
        if asked("alerts") {
            put(
                "alerts",
                match left_out {
                    0 => build.alerts(notification.alerts.iter().map(|alert| (build.severities.level(alert), alert))),
                    _ => build.alerts(firing.iter().chain(resolved).copied()),
                },
            );
        }
        if asked("firing") {
            put("firing", build.alerts(firing.iter().copied()));
        }
        if asked("resolved") {
            put("resolved", build.alerts(resolved.iter().copied()));
        }
        if asked("raw") {
            // A notification has only text, numbers and names: it always is JSON.
            put("raw", build.raw(serde_json::to_value(notification).unwrap_or_default()));
        }
        Self { value: Value::Object(model), left_out }
    }
}

/// Alerts with their severities.
pub(super) type Ranked<'a> = Vec<(Severity, &'a Alert)>;

/// The alerts that fire and those that are over, each with the worst first, else in the sender's order.
pub(super) fn by_severity<'a>(notification: &'a Notification, severities: &Severities) -> (Ranked<'a>, Ranked<'a>) {
    let ranked = notification.alerts.iter().map(|alert| (severities.level(alert), alert));
    let (mut firing, mut resolved): (Vec<_>, Vec<_>) = ranked.partition(|(_, alert)| alert.status == Status::Firing);
    firing.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    resolved.sort_by_key(|(severity, _)| std::cmp::Reverse(*severity));
    (firing, resolved)
}

// === impl Builder ===

impl Builder<'_> {
    fn alerts<'a>(&self, alerts: impl Iterator<Item = (Severity, &'a Alert)>) -> Value {
        Value::Array(alerts.map(|(severity, alert)| self.alert(severity, alert)).collect())
    }

    fn alert(&self, severity: Severity, alert: &Alert) -> Value {
        let mut model = Map::new();
        let mut put = |name: &str, value: Value| model.insert(name.to_owned(), value);
        put("status", Value::from(alert.status.as_str()));
        put("labels", self.labels(&alert.labels));
        put("annotations", self.annotations(&alert.annotations));
        put("startsAt", Value::String(escape::line(&alert.starts_at, false)));
        put("endsAt", Value::String(escape::line(&alert.ends_at, false)));
        put("generatorURL", Value::String(escape::url(&alert.generator_url)));
        put("fingerprint", Value::String(escape::line(&alert.fingerprint, false)));
        put("severity", Value::from(severity.as_str()));
        Value::Object(model)
    }

    fn label(&self, value: &str) -> Value {
        Value::String(escape::line(value, self.labels))
    }

    fn labels(&self, labels: &Labels) -> Value {
        Value::Object(labels.iter().map(|(name, value)| (name.clone(), self.label(value))).collect())
    }

    fn annotations(&self, annotations: &Labels) -> Value {
        let cleaned = |value: &String| Value::String(escape::text(value, self.annotations));
        Value::Object(annotations.iter().map(|(name, value)| (name.clone(), cleaned(value))).collect())
    }

    /// The sender's own JSON: nothing in it is known, so everything is foreign.
    fn raw(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(escape::text(&text, self.labels)),
            Value::Array(list) => Value::Array(list.into_iter().map(|value| self.raw(value)).collect()),
            Value::Object(map) => Value::Object(map.into_iter().map(|(name, value)| (name, self.raw(value))).collect()),
            other => other,
        }
    }
}

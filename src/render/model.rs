//! The data that templates see: Alertmanager's webhook with its JSON names, and a few fields of the bridge's own.
//!
//! Everything in it is cleaned (see `escape`). What is large is made only when some template asks for it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::escape;
use super::fit::Part;
use super::severity::Severities;
use super::{Circumstances, Escape, Style};
use crate::notification::{Alert, Labels, Notification, Severity, Status};

/// How many alerts templates are given. A message shows a few hundred at most.
pub(super) const MAX_ALERTS: usize = 2_000;
/// Seconds from which on a message says that it waited.
const DELAY_WORTH_TELLING: i64 = 60;

/// A notification made ready for its templates.
pub(super) struct Model {
    /// The data.
    pub value: Value,
    /// How many alerts are not in it because of [`MAX_ALERTS`].
    pub left_out: usize,
}

/// What one message shows of a notification.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// The notification.
    pub notification: &'a Notification,
    /// The alerts shown of those that fire.
    pub firing: &'a [(Severity, &'a Alert)],
    /// The alerts shown of those that are over.
    pub resolved: &'a [(Severity, &'a Alert)],
    /// Which message of how many it is.
    pub part: Part,
}

/// Makes values safe as a style wants it.
pub(super) struct Builder<'a> {
    severities: &'a Severities,
    /// Whether label values are marked as foreign.
    pub labels: bool,
    /// Whether annotation values are.
    pub annotations: bool,
}

// === impl Model ===

impl Model {
    /// The data of what is shown for templates that look up `names`.
    ///
    /// What is true of the group as a whole is so in every part of it; what is told once is in the first.
    pub(super) fn of(view: View<'_>, style: &Style, circumstances: &Circumstances<'_>, names: &BTreeSet<&str>) -> Self {
        let View { notification, part, .. } = view;
        let build = Builder::new(style);
        let asked = |name: &str| names.contains(name) || names.contains("this");
        let left_out = (view.firing.len() + view.resolved.len()).saturating_sub(MAX_ALERTS);
        let firing = &view.firing[..view.firing.len().min(MAX_ALERTS)];
        let resolved = &view.resolved[..view.resolved.len().min(MAX_ALERTS - firing.len())];
        let whole = firing.len() + resolved.len() == notification.alerts.len();
        let first = |value: u64| Value::from(if part.number == 1 { value } else { 0 });

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
        put("truncatedAlerts", first(notification.truncated_alerts));
        put("notificationReason", Value::String(escape::line(&notification.notification_reason, false)));
        let total = serde_json::json!({
            "firing": notification.firing().count(),
            "resolved": notification.resolved().count(),
            "alerts": notification.alerts.len(),
        });
        put("total", total);
        put("meantFor", build.label(&notification.meant_for));
        put("salvaged", Value::from(notification.salvaged));
        put("severity", Value::from(style.severities.highest(notification).as_str()));
        put("repeats", first(circumstances.repeats));
        put("part", Value::from(part.number));
        put("parts", Value::from(part.of));
        if let Some(delayed) = delayed(circumstances) {
            put("delayed", Value::from(delayed));
        }
        if asked("alerts") {
            put(
                "alerts",
                match whole {
                    true => {
                        build.alerts(notification.alerts.iter().map(|alert| (build.severities.level(alert), alert)))
                    }
                    false => build.alerts(firing.iter().chain(resolved).copied()),
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
            let raw = match &notification.raw {
                Value::Null => whole_of(notification, &view),
                raw => raw.clone(),
            };
            put("raw", build.raw(raw));
        }
        Self { value: Value::Object(model), left_out }
    }
}

/// The notification itself, with the alerts that are shown of it.
fn whole_of(notification: &Notification, view: &View<'_>) -> Value {
    // A notification has only text, numbers and names: it always is JSON.
    let mut raw = serde_json::to_value(notification).unwrap_or_default();
    if view.part.of > 1 {
        let shown = view.firing.iter().chain(view.resolved).map(|(_, alert)| alert);
        raw["alerts"] = shown.map(|alert| serde_json::to_value(alert).unwrap_or_default()).collect();
    }
    raw
}

/// The seconds that it waited, when they are worth telling.
pub(super) fn delayed(circumstances: &Circumstances<'_>) -> Option<i64> {
    let delayed = circumstances.now.as_second() - circumstances.accepted_at.as_second();
    (delayed >= DELAY_WORTH_TELLING).then_some(delayed)
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

impl<'s> Builder<'s> {
    /// Values as `style` wants them.
    pub(super) fn new(style: &'s Style) -> Self {
        Self {
            severities: &style.severities,
            labels: style.escape != Escape::None,
            annotations: style.escape == Escape::All,
        }
    }

    fn alerts<'a>(&self, alerts: impl Iterator<Item = (Severity, &'a Alert)>) -> Value {
        Value::Array(alerts.map(|(severity, alert)| self.alert(severity, alert)).collect())
    }

    fn alert(&self, severity: Severity, alert: &Alert) -> Value {
        let mut model = rest(severity, alert);
        model.insert("labels".to_owned(), self.labels(&alert.labels));
        model.insert("annotations".to_owned(), self.annotations(&alert.annotations));
        Value::Object(model)
    }

    /// A label's value.
    pub(super) fn label(&self, value: &str) -> Value {
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

/// What an alert's data are beside its labels and annotations.
pub(super) fn rest(severity: Severity, alert: &Alert) -> Map<String, Value> {
    let mut model = Map::new();
    let mut put = |name: &str, value: Value| model.insert(name.to_owned(), value);
    put("status", Value::from(alert.status.as_str()));
    // What is no time is shown as it is, and so may be anything.
    let time = |text: &str| Value::String(escape::line(text, text.parse::<Timestamp>().is_err()));
    put("startsAt", time(&alert.starts_at));
    put("endsAt", time(&alert.ends_at));
    put("generatorURL", Value::String(escape::url(&alert.generator_url)));
    put("fingerprint", Value::String(escape::line(&alert.fingerprint, false)));
    put("severity", Value::from(severity.as_str()));
    model
}

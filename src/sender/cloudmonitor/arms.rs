//! Managed Prometheus (ARMS): Alertmanager's JSON, told by a webhook contact whose content is `$alertmanager_content`.
//!
//! What differs from Alertmanager: no `version` and no `groupKey`; `endsAt` is set while an alert fires, so only `status`
//! says whether it does; labels and annotations are mixed with `_aliyun_arms_…`, of which nothing but the level is for
//! people; and `annotations.message` may be the rule's template as it was written. The fields that it asks for are at hand,
//! so they are filled in.
//!
//! **Group**: the group's labels (and, as with Alertmanager, the receiver). **State**: which alerts are in which state since
//! when, and at which level.
//!
//! The console's test of a contact sends the text `$alertmanager_content` itself. It is told as what it is: the contact
//! works.
//!
//! Source: `AlibabaCloudDocs/arms`, 通过Webhook上报告警的格式说明.md

use std::collections::BTreeSet;

use serde_json::Value;

use crate::notification::{Alert, Labels, Notification, Sender, Severity, Status};
use crate::sender::event::{Event, fingerprint};
use crate::sender::fields::{field, first_of, shorten, text};
use crate::sender::time::{Zone, time};
use crate::sender::{DecodeError, level};

/// What stands in place of the alerts when a contact is tested.
pub(super) const PLACEHOLDER: &str = "$alertmanager_content";

/// How the names begin that are for the system alone.
pub(super) const NOISE: &str = "_aliyun_arms_";

/// The level in words: `ERROR`, or `P2`.
const LEVEL: &str = "_aliyun_arms_alert_level";

/// How many characters of a label or an annotation are kept.
const MOST_CHARS: usize = 4_000;

/// Reads a group of alerts.
///
/// # Errors
/// When there are none.
pub(super) fn decode(body: &Value, zone: &Zone) -> Result<Notification, DecodeError> {
    let alerts = body["alerts"].as_array().map(Vec::as_slice).unwrap_or_default();
    let group_status = field(body, "status");
    let alerts: Vec<Alert> =
        alerts.iter().filter(|alert| alert.is_object()).map(|given| alert(given, &group_status, zone)).collect();
    if alerts.is_empty() {
        return Err(DecodeError::shape("`alerts` holds none: there is nothing to tell"));
    }
    let group_labels = texts(&body["groupLabels"]);
    let grouped: Vec<String> = match group_labels.is_empty() {
        true => alerts.iter().map(name).collect::<BTreeSet<_>>().into_iter().collect(),
        false => group_labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect(),
    };
    let mut states: Vec<String> =
        alerts.iter().map(|alert| format!("{} {:?} {}", alert.fingerprint, alert.severity, alert.starts_at)).collect();
    states.sort_unstable();
    Ok(Notification {
        receiver: field(body, "receiver"),
        group_labels,
        external_url: field(body, "externalURL"),
        state: fingerprint(&states.join("\n")),
        raw: body.clone(),
        ..Notification::new(Sender::CloudMonitor, format!("cloudmonitor:arms {{{}}}", grouped.join(", ")), alerts)
    })
}

/// What to tell when a contact is tested.
pub(super) fn contact_test() -> Event {
    Event {
        title: "Webhook contact test".to_owned(),
        summary: "Managed Prometheus reaches this group: the webhook contact works".to_owned(),
        severity: Some(Severity::Info),
        key: "arms contact test".to_owned(),
        ..Event::default()
    }
}

fn alert(given: &Value, group_status: &str, zone: &Zone) -> Alert {
    let mut labels = texts(&given["labels"]);
    let severity = severity(&field(&given["labels"], LEVEL), &field(&given["labels"], "severity"));
    if let Some(severity) = severity {
        labels.entry("severity".to_owned()).or_insert_with(|| severity.as_str().to_owned());
    }
    let mut annotations = texts(&given["annotations"]);
    let value = annotations.get("value").cloned().unwrap_or_default();
    for annotation in annotations.values_mut() {
        if annotation.contains("{{") {
            *annotation = filled(annotation, &labels, &value);
        }
    }
    let status = first_of([&field(given, "status"), group_status]);
    let status = if status.eq_ignore_ascii_case("resolved") { Status::Resolved } else { Status::Firing };
    let ends_at = if status == Status::Resolved { time(&field(given, "endsAt"), zone) } else { String::new() };
    let identity = || fingerprint(&labels.iter().map(|(name, value)| format!("{name}={value}\n")).collect::<String>());
    let fingerprint = Some(field(given, "fingerprint")).filter(|given| !given.is_empty()).unwrap_or_else(identity);
    Alert {
        status,
        annotations,
        starts_at: time(&field(given, "startsAt"), zone),
        ends_at,
        generator_url: field(given, "generatorURL"),
        fingerprint,
        severity,
        labels,
    }
}

/// What an alert is known by.
fn name(alert: &Alert) -> String {
    alert.labels.get("alertname").cloned().unwrap_or_default()
}

/// How bad it is: as the rule's author says, else by the level, whose `PAGE` is the lowest of four.
fn severity(arms: &str, label: &str) -> Option<Severity> {
    level::severity(label).or_else(|| match arms.to_ascii_uppercase().as_str() {
        "PAGE" => Some(Severity::Info),
        word => level::severity(word),
    })
}

/// The names and texts of an object, without those that are for the system alone.
fn texts(object: &Value) -> Labels {
    let Value::Object(map) = object else { return Labels::new() };
    let shown = map.iter().filter(|(name, _)| !name.starts_with(NOISE));
    shown.filter_map(|(name, value)| Some((name.clone(), shorten(&text(value)?, MOST_CHARS)))).collect()
}

/// A template of Prometheus with what it asks for filled in: `{{$labels.pod}}` and `{{ printf "%.2f" $value }}`. What is
/// not known stays as it is.
fn filled(template: &str, labels: &Labels, value: &str) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((asked, after)) = behind.split_once("}}") else {
            out.push_str("{{");
            rest = behind;
            break;
        };
        match answer(asked.trim(), labels, value) {
            Some(text) => out.push_str(&text),
            None => {
                out.push_str("{{");
                out.push_str(asked);
                out.push_str("}}");
            }
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn answer(asked: &str, labels: &Labels, value: &str) -> Option<String> {
    if let Some(name) = asked.strip_prefix("$labels.") {
        return labels.get(name).cloned();
    }
    if !asked.ends_with("$value") || value.is_empty() {
        return None;
    }
    match asked.strip_suffix("$value").map(str::trim)? {
        "" => Some(value.to_owned()),
        "printf \"%.2f\"" => value.parse::<f64>().ok().map(|value| format!("{value:.2}")),
        _ => None,
    }
}

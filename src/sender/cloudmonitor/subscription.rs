//! The push channel of event subscriptions, for system events and for thresholds.
//!
//! It comes as JSON, in the body or as the parameter `data`, or as a form whose fields `alert`, `subscription` and
//! `userInfo` hold JSON. What `alert` holds beside what all alerts have is documented for system events only
//! (`meta.sysEventMeta`, `eventContentMap`); of any other, title and object are looked for under the usual names and the
//! rest is gathered as it comes.
//!
//! **Group**: `alert.dedupId`, else `traceId`, else event name and resource. **State**: `alertStatus`, severity, and how
//! often it was escalated: a channel's retries and its reminders of what still goes on say the same.
//!
//! Source: <https://www.alibabacloud.com/help/en/cms/cloudmonitor-1-0/user-guide/configure-callbacks-for-system-event-triggered-alerts-recommended>

use serde_json::Value;

use super::event::{put_group, summary};
use super::phase::said;
use crate::notification::Labels;
use crate::sender::event::Event;
use crate::sender::fields::{field, first_of, gather_beside, put, resource, text};
use crate::sender::level;
use crate::sender::time::{Zone, time};

/// Fields of an alert that are shown under another name, or that say nothing to people.
const KNOWN: [&str; 22] = [
    "alertStatus",
    "source",
    "eventName",
    "eventType",
    "product",
    "severity",
    "arn",
    "groupId",
    "groupName",
    "dedupId",
    "traceId",
    "timestamp",
    "project",
    "eventContentMap",
    "eventRawContent",
    "sysEventMeta",
    "alertName",
    "ruleName",
    "instanceName",
    "regionId",
    "id",
    "uuid",
];

/// Reads what a push channel tells.
pub(super) fn decode(body: &Value, zone: &Zone) -> Event {
    let alert = &body["alert"];
    let meta = &alert["meta"]["sysEventMeta"];
    let content = match &alert["eventContentMap"] {
        Value::Object(map) if !map.is_empty() => &alert["eventContentMap"],
        _ => &alert["eventRawContent"],
    };
    let find = |name| found(alert, name, 0);

    let status = field(alert, "alertStatus");
    let severity = first_of([&field(alert, "severity"), &field(body, "severity"), &field(meta, "level")]);
    let arn = first_of([&field(alert, "arn"), &field(meta, "resourceId"), &find("resourceId")]);
    let resource = resource(&arn);
    let id = resource.rsplit_once('/').map_or(resource, |(_, id)| id);
    let object = first_of([&field(meta, "instanceName"), &find("instanceName"), id, &find("instanceId")]);
    let product = first_of([&field(alert, "product"), &field(meta, "product")]);
    let name = first_of([&field(alert, "eventName"), &field(meta, "name")]);
    let title = first_of([
        &field(meta, "eventNameZh"),
        &name,
        &find("alertName"),
        &find("ruleName"),
        &find("metricName"),
        &field(body, "strategyName"),
        "CloudMonitor",
    ]);

    let mut labels = Labels::new();
    put(&mut labels, "strategyName", &field(body, "strategyName"));
    put(&mut labels, "product", &product);
    if !resource.ends_with(&object) || object.is_empty() {
        put(&mut labels, "resource", resource);
    }
    put(&mut labels, "region", &first_of([&field(meta, "regionNameZh"), &field(meta, "regionId"), &find("regionId")]));
    put(&mut labels, "groupName", &field(alert, "groupName"));
    put_group(&mut labels, &field(alert, "groupId"));
    put(&mut labels, "eventType", &field(alert, "eventType"));
    let phase = field(meta, "status");
    if !phase.eq_ignore_ascii_case("normal") {
        put(&mut labels, "status", &phase);
    }
    gather_beside(&mut labels, content, &[], "content");
    gather_beside(&mut labels, alert, &KNOWN, "alert");

    let resolved = ["RESOLVED", "RECOVERED", "OK"].iter().any(|over| status.eq_ignore_ascii_case(over));
    let (starts_at, ends_at) = times(body, alert, resolved, zone);
    let escalated = first_of([&field(body, "escalationLevel"), "0"]);
    let named = if arn.is_empty() { &object } else { &arn };
    Event {
        resolved,
        severity: level::severity(&severity),
        summary: summary(&product, &object, first_of([&said(content), &phase_said(&phase)])),
        // What is no object is what somebody wrote.
        description: first_of([&text(alert).unwrap_or_default(), &text(content).unwrap_or_default()]),
        starts_at,
        ends_at,
        state: format!("{status} {severity} {escalated}"),
        key: key(alert, &format!("{name} {title} {named}")),
        title,
        object,
        labels,
        ..Event::default()
    }
}

fn key(alert: &Value, named: &str) -> String {
    format!("subscription {}", first_of([&field(alert, "dedupId"), &field(alert, "traceId"), named]))
}

fn phase_said(phase: &str) -> String {
    if phase.eq_ignore_ascii_case("normal") { String::new() } else { phase.to_owned() }
}

/// When it began, and when it was over: the time of the telling, of what is.
fn times(body: &Value, alert: &Value, resolved: bool, zone: &Zone) -> (String, String) {
    let event_time = field(&alert["meta"]["sysEventMeta"], "eventTime");
    let began = time(&first_of([&field(body, "startTime"), &field(alert, "timestamp"), &event_time]), zone);
    let told = time(&field(body, "time"), zone);
    match (resolved, began == told) {
        (false, _) if began.is_empty() => (told, String::new()),
        (false, _) => (began, String::new()),
        // One time for both says only when it was over.
        (true, true) => (String::new(), told),
        (true, false) => (began, told),
    }
}

/// The first text of that name, however deep it stands.
fn found(value: &Value, name: &str, depth: usize) -> String {
    let Value::Object(map) = value else { return String::new() };
    let own = field(value, name);
    if !own.is_empty() || depth > 4 {
        return own;
    }
    map.values().map(|value| found(value, name, depth + 1)).find(|text| !text.is_empty()).unwrap_or_default()
}

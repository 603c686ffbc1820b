//! Alibaba Cloud's Log Service (SLS): alerts of the default template, one as an object, several that were merged as a list.
//!
//! | field | becomes |
//! |---|---|
//! | `alert_name` | `alertname` |
//! | what `labels` say of a host, a pod or a service, else project and store | `instance` |
//! | `annotations.title` and `.desc` | `summary`, `description` |
//! | `severity`: 10 critical; 8 and 6 warning; 4 and 2 info | `severity` |
//! | `query_url`, `dashboard_url`, `alert_url` | the link, the first that is there |
//!
//! `signin_url` logs in whoever follows it. It is nowhere.
//!
//! **Group** of one alert: `alert_instance_id`, else `fingerprint`, else rule and labels. Of a list, even of one: project
//! and rules, because one list holds some instances of a rule and the next one others, and what fired in one is over in the
//! other. Lists of different rules are different groups; where one list has the alerts of several rules, a recovery of
//! only some of them is told by itself.
//!
//! **State**: which instances fire at which severity. A list may hold an instance twice, firing and resolved: what was said
//! of it last counts.
//!
//! Source: `AlibabaCloudDocs/sls`, 默认内容模板.md

use std::collections::BTreeSet;

use serde_json::Value;

use super::event::{Event, fingerprint};
use super::fields::{field, first_of, gather_beside, put, shorten, text};
use super::request::Reading;
use super::time::{Zone, time};
use super::{DecodeError, Decoded, account, level};
use crate::notification::{Alert, Labels, Notification, Sender, Severity};

/// Labels that say what it is about, the most exact first.
const OBJECTS: [&str; 9] = ["instance", "instanceId", "host", "hostname", "node", "pod", "service", "app", "ip"];

/// How many characters of an annotation are kept.
const MOST_CHARS: usize = 4_000;

/// How many bytes of rules are a group's name.
const MOST_KEY: usize = 500;

/// What was said of one instance of an alert, and when.
struct Said<'a> {
    identity: String,
    at: i64,
    told: &'a Value,
}

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    let json = reading.json()?;
    let has = |key| json.has(key) || json.items_have(key);
    let rule = has("alert_id") || has("alert_name");
    let is_alert =
        has("alert_instance_id") || (rule && ["fire_time", "alert_time", "fire_results"].into_iter().any(has));
    is_alert.then_some(if json.is_list() { "a list of `alert_instance_id`" } else { "`alert_instance_id`" })
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let body = account::cleaned(reading.json().map_or(Value::Null, |json| json.value().clone()));
    let told = match &body {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let told: Vec<&Value> = told.iter().filter(|one| is_alert(one)).collect();
    if told.is_empty() {
        return Err(DecodeError::shape(
            "not an alert of Log Service; looked for `alert_name`, `alert_id` or a list of them",
        ));
    }
    let last = last_words(&told, zone);
    let group_key = match (body.is_array(), last.as_slice()) {
        (false, [one]) => format!("sls:{}", one.identity),
        _ => format!("sls:rules {}", rules(&told)),
    };
    let alerts: Vec<Alert> = last.iter().map(|said| alert(said, zone)).collect();
    let mut states: Vec<String> =
        alerts.iter().map(|alert| format!("{} {:?}", alert.fingerprint, alert.severity)).collect();
    states.sort_unstable();
    let state = fingerprint(&states.join("\n"));
    Ok(Notification { state, raw: body, ..Notification::new(Sender::Sls, group_key, alerts) }.into())
}

fn is_alert(told: &Value) -> bool {
    ["alert_name", "alert_id", "alert_instance_id"].iter().any(|name| !field(told, name).is_empty())
}

/// What was said last of each instance, in the order in which they were told.
fn last_words<'a>(told: &[&'a Value], zone: &Zone) -> Vec<Said<'a>> {
    let mut last: Vec<Said<'a>> = Vec::with_capacity(told.len());
    let mut places = std::collections::HashMap::new();
    for &told in told {
        let said = Said { identity: identity(told), at: at(told, zone), told };
        match places.get(&said.identity).and_then(|place: &usize| last.get_mut(*place)) {
            Some(before) if before.at <= said.at => *before = said,
            Some(_) => {}
            None => {
                places.insert(said.identity.clone(), last.len());
                last.push(said);
            }
        }
    }
    last
}

/// When it was said, in milliseconds: the latest time that it holds.
fn at(told: &Value, zone: &Zone) -> i64 {
    let times = ["alert_time", "fire_time", "resolve_time"].map(|name| super::time::parse(&field(told, name), zone));
    times.into_iter().flatten().map(|time| time.as_millisecond()).max().unwrap_or_default()
}

/// What makes it the same alert.
fn identity(told: &Value) -> String {
    let given = first_of([&field(told, "alert_instance_id"), &field(told, "fingerprint")]);
    if given.is_empty() { format!("{} {}", rule(told), told["labels"]) } else { given }
}

fn rule(told: &Value) -> String {
    format!("{}/{}", field(told, "project"), first_of([&field(told, "alert_id"), &field(told, "alert_name")]))
}

/// The rules of a list, in an order of their own; of very many, a short identity.
fn rules(told: &[&Value]) -> String {
    let rules: BTreeSet<String> = told.iter().map(|one| rule(one)).collect();
    let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
    if rules.len() > MOST_KEY { fingerprint(&rules) } else { rules }
}

fn is_resolved(told: &Value) -> bool {
    let status = field(told, "status");
    ["resolved", "recovered", "ok"].iter().any(|over| status.eq_ignore_ascii_case(over))
}

fn alert(Said { identity, told, .. }: &Said<'_>, zone: &Zone) -> Alert {
    let annotations = &told["annotations"];
    let resolved = is_resolved(told);
    let moment = |name| Some(time(&field(told, name), zone)).filter(|time| time != "0").unwrap_or_default();
    let began = first_of([&moment("fire_time"), &moment("alert_time")]);
    let [query, dashboard, alert, incident] =
        ["query_url", "dashboard_url", "alert_url", "incident_url"].map(|name| field(told, name));
    let event = Event {
        title: first_of([&field(told, "alert_name"), &field(annotations, "title"), &field(told, "alert_id")]),
        object: object(told),
        resolved,
        severity: severity(&field(told, "severity")),
        summary: field(annotations, "title"),
        description: first_of([&field(annotations, "desc"), &field(annotations, "description")]),
        starts_at: began,
        ends_at: if resolved { first_of([&moment("resolve_time"), &moment("alert_time")]) } else { String::new() },
        url: first_of([&query, &dashboard, &alert, &incident]),
        labels: labels(told),
        key: identity.clone(),
        ..Event::default()
    };
    let mut alert = event.alert();
    for (name, value) in annotations.as_object().into_iter().flatten() {
        // Two underscores begin what the service reckons for itself.
        let spoken = matches!(name.as_str(), "title" | "desc" | "description") || name.starts_with("__");
        if let Some(text) = text(value).filter(|_| !spoken) {
            alert.annotations.entry(name.clone()).or_insert_with(|| shorten(&text, MOST_CHARS));
        }
    }
    alert
}

fn object(told: &Value) -> String {
    let known = OBJECTS.iter().map(|name| field(&told["labels"], name)).find(|value| !value.is_empty());
    known.unwrap_or_else(|| {
        let (project, store) = (field(told, "project"), field(&told["results"][0], "store"));
        if store.is_empty() { project } else { format!("{project}/{store}") }
    })
}

fn labels(told: &Value) -> Labels {
    let mut labels = Labels::new();
    put(&mut labels, "region", &field(told, "region"));
    put(&mut labels, "project", &field(told, "project"));
    put(&mut labels, "condition", &field(told, "condition"));
    gather_beside(&mut labels, &told["labels"], &[], "labels");
    let first =
        if told["fire_results"][0].is_object() { &told["fire_results"][0] } else { &told["results"][0]["fire_result"] };
    gather_beside(&mut labels, first, &[], "result");
    let count = field(told, "fire_results_count");
    if count != "1" && count != "0" {
        put(&mut labels, "count", &count);
    }
    labels
}

/// How bad it is, as a number or as the word that a template made of it.
fn severity(level: &str) -> Option<Severity> {
    match level.to_ascii_lowercase().as_str() {
        "10" => Some(Severity::Critical),
        // 8 is called high, and is the second of five.
        "8" | "6" | "high" => Some(Severity::Warning),
        "4" | "2" => Some(Severity::Info),
        word => level::severity(word),
    }
}

#[cfg(test)]
mod tests;

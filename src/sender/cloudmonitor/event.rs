//! Callbacks of event alert rules: a system event of any product.
//!
//! | field | becomes |
//! |---|---|
//! | `eventRealname`, else `name` with the phase that is true | `alertname` |
//! | `instanceName`, else the resource | `instance` |
//! | `level` | `severity` |
//! | every single value of `content` | a label: no product's fields are known here |
//!
//! **Group**: product, resource and the name without its phase. That is what all publications of one event share, be it
//! a maintenance (which has an id of its own in `content.eventId`), an agent that stops and runs again (which shares no
//! id) or a failure that begins and ends. Within the group, what bears another `content.eventId`, and each event that has
//! no phases, is an alert of its own, so that none takes another's place.
//!
//! **State**: the phase, the level, what `content` says has happened, and which event it is. A rule's retries, and other
//! rules that tell of the same event, say the same.
//!
//! An event is over when its phase is `Executed`, `Avoided`, `Canceled` or `Running` ([`Phase`]). Test events come without
//! `id`, `eventTime` and `ver`, and with placeholders for names; they are told as any other.
//!
//! Source: <https://www.alibabacloud.com/help/en/cms/cloudmonitor-1-0/user-guide/configure-callbacks-for-system-event-triggered-alerts>

use serde_json::Value;

use super::phase::{Phase, said, split};
use crate::notification::{Labels, Notification, Sender};
use crate::sender::event::{Event, fingerprint};
use crate::sender::fields::{field, first_of, gather_beside, present, put, resource};
use crate::sender::level;
use crate::sender::time::{Zone, time};

/// What an event is called that has no name.
const NAMELESS: &str = "CloudMonitor event";

/// Reads an event.
pub(super) fn decode(body: Value, zone: &Zone) -> Notification {
    let content = &body["content"];
    let name = field(&body, "name");
    let phase = Phase::of(&name, &field(&body, "status"), &field(&body, "eventType"), content);
    let said = said(content);
    let object = object(&body);
    let key = key(&body, &name, &object);
    let (starts_at, ends_at) = times(&body, phase.over, zone);

    // One event of several that may go on at the same time; those without phases are as many as are told.
    let told = first_of([&field(&body, "id"), &field(&body, "eventTime"), &field(&body, "time")]);
    let own = first_of([&field(content, "eventId"), if phase.staged { "" } else { &told }]);
    let event = Event {
        title: title(&body, &name, &phase),
        resolved: phase.over,
        severity: level::severity(&first_of([&field(&body, "level"), &field(&body, "curLevel")])),
        summary: summary(&field(&body, "product"), &object, first_of([&said, &phase.word])),
        starts_at,
        ends_at,
        labels: labels(&body, &phase.word, &object),
        state: [&phase.word, &field(&body, "level"), &said, &field(content, "notBefore"), &own]
            .map(String::as_str)
            .join(" "),
        key: key.clone(),
        object,
        raw: body,
        ..Event::default()
    };
    let mut notification = event.notification(Sender::CloudMonitor);
    for alert in &mut notification.alerts {
        alert.fingerprint = fingerprint(&format!("{key} {own}"));
    }
    notification
}

fn title(body: &Value, name: &str, phase: &Phase) -> String {
    // A name may say `:Scheduled` of what was avoided.
    let named = match split(name) {
        (base, Some(end)) if name.ends_with(&format!(":{end}")) => format!("{base}:{}", phase.word),
        _ => name.to_owned(),
    };
    first_of([
        &field(body, "eventRealname"),
        &named,
        &field(body, "eventRealnameEn"),
        &field(body, "ruleName"),
        NAMELESS,
    ])
}

/// What it is about, by name if it has one.
fn object(body: &Value) -> String {
    let content = &body["content"];
    let arn = field(body, "resourceId");
    let resource = resource(&arn);
    let id = resource.rsplit_once('/').map_or(resource, |(_, id)| id);
    let names = [
        field(body, "instanceName"),
        id.to_owned(),
        field(content, "instanceName"),
        field(content, "instanceId"),
        field(content, "resourceId"),
    ];
    let real = names.iter().find(|name| present(name).is_some_and(|name| !is_placeholder(name)));
    real.cloned().unwrap_or_else(|| first_of([resource, &names[0]]))
}

/// What the console's test events have in place of names: `instanceName`, `<resource-id>`, `{instanceId}`.
fn is_placeholder(name: &str) -> bool {
    name == "instanceName" || name.starts_with(['<', '{'])
}

fn key(body: &Value, name: &str, object: &str) -> String {
    let (base, _) = split(name);
    let about = first_of([&field(body, "resourceId"), object, &field(body, "id")]);
    format!("event {} {about} {base}", field(body, "product"))
}

/// When it began and when it was over. Each publication of what goes on has a time of its own.
fn times(body: &Value, over: bool, zone: &Zone) -> (String, String) {
    let content = &body["content"];
    let told = time(&first_of([&field(body, "eventTime"), &field(body, "time")]), zone);
    if !over {
        return (told, String::new());
    }
    let began = first_of([&field(content, "publishTime"), &field(content, "executeStartTime")]);
    let finished = field(content, "executeFinishTime");
    (time(&began, zone), if finished.is_empty() { told } else { time(&finished, zone) })
}

/// `ECS web-01: Executing`.
pub(super) fn summary(product: &str, object: &str, what: String) -> String {
    let about: Vec<&str> = [product, object].into_iter().filter(|text| !text.is_empty()).collect();
    match (about.is_empty(), what.is_empty()) {
        (true, _) => what,
        (_, true) => about.join(" "),
        _ => format!("{}: {what}", about.join(" ")),
    }
}

fn labels(body: &Value, phase: &str, object: &str) -> Labels {
    let mut labels = Labels::new();
    let arn = field(body, "resourceId");
    let resource = resource(&arn);
    // Of a resource that is told by its id, the type alone would be news.
    if !resource.ends_with(object) || object.is_empty() {
        put(&mut labels, "resource", resource);
    }
    put(&mut labels, "product", &field(body, "product"));
    put(&mut labels, "region", &first_of([&field(body, "regionName"), &field(body, "regionId")]));
    put(&mut labels, "status", phase);
    put(&mut labels, "eventType", &field(body, "eventType"));
    put(&mut labels, "ruleName", &field(body, "ruleName"));
    put_group(&mut labels, &field(body, "groupId"));
    match &body["content"] {
        Value::String(text) => put(&mut labels, "content", text),
        content => gather_beside(&mut labels, content, &[], "content"),
    }
    labels
}

/// The application group; `0` is none.
pub(super) fn put_group(labels: &mut Labels, id: &str) {
    if id != "0" {
        put(labels, "groupId", id);
    }
}

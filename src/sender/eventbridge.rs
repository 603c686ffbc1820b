//! Alibaba Cloud's EventBridge: CloudEvents, sent to an HTTP target.
//!
//! `type` is the title, `subject` (an ARN, shown without its account) what it is about, and every single value of `data` a
//! label. For system events, `data` is what CloudMonitor calls `content`, so it tells phases as that does.
//!
//! **Group**: `type`, `subject` and `data.eventId` when there is one: all publications of a maintenance. Else `id`: each
//! event is told by itself. **State**: the phase and what has happened. A target's retries repeat the `id`.
//!
//! EventBridge signs with a key whose certificate has to be fetched from Alibaba Cloud. That is not verified here: a token in
//! the path does.
//!
//! Source: <https://help.aliyun.com/en/eventbridge/user-guide/ecs-events>

use serde_json::Value;

use super::cloudmonitor::{Phase, said};
use super::event::Event;
use super::fields::{field, first_of, gather_beside, headline, put, resource, text};
use super::request::Reading;
use super::time::{Zone, time};
use super::{DecodeError, Decoded, account, level};
use crate::notification::{Labels, Sender};

/// How many characters of a text become the summary.
const SUMMARY: usize = 160;

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    let json = reading.json()?;
    let is_event = json.has("specversion") && (json.has("data") || json.has("aliyuneventbusname"));
    is_event.then_some("`specversion` and `data`")
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let mut body = account::cleaned(reading.json().map_or(Value::Null, |json| json.value().clone()));
    let kind = field(&body, "type");
    if kind.is_empty() {
        return Err(DecodeError::shape("not an event of EventBridge; looked for `type`, `specversion` and `data`"));
    }
    if let Some(map) = body.as_object_mut() {
        map.remove("aliyunpublishaddr");
        // Data may be JSON in a text.
        if let Some(Ok(data @ Value::Object(_))) = map.get("data").and_then(Value::as_str).map(serde_json::from_str) {
            map.insert("data".to_owned(), data);
        }
    }
    Ok(event(&body, kind, zone).notification(Sender::EventBridge).into())
}

fn event(body: &Value, kind: String, zone: &Zone) -> Event {
    let data = &body["data"];
    let phase = Phase::of(&kind, "", "", data);
    let subject = field(body, "subject");
    let resource = resource(&subject);
    let object = first_of([
        &field(data, "instanceName"),
        resource.rsplit_once('/').map_or(resource, |(_, id)| id),
        &field(data, "instanceId"),
        &field(body, "source"),
    ]);
    let told = time(&first_of([&field(body, "time"), &field(body, "aliyunpublishtime")]), zone);
    let finished = time(&field(data, "executeFinishTime"), zone);
    let (starts_at, ends_at) = match phase.over {
        true => {
            let began = first_of([&field(data, "publishTime"), &field(data, "executeStartTime")]);
            (time(&began, zone), first_of([&finished, &told]))
        }
        false => (told, String::new()),
    };
    let spoken = first_of([
        &text(data).unwrap_or_default(),
        &field(data, "message"),
        &field(data, "messageBody"),
        &field(data, "description"),
    ]);
    let words = first_of([&headline(&spoken, SUMMARY), &said(data), &phase.word]);
    let incident = field(data, "eventId");
    Event {
        summary: if words.is_empty() { String::new() } else { format!("{object}: {words}") },
        description: text(data).map(|text| text.into_owned()).unwrap_or_default(),
        severity: level::severity(&first_of([&field(data, "level"), &field(data, "severity")])),
        resolved: phase.over,
        starts_at,
        ends_at,
        key: match incident.is_empty() {
            true => first_of([&field(body, "id"), &format!("{kind} {subject}")]),
            false => format!("{kind} {subject} {incident}"),
        },
        state: format!("{} {}", phase.word, said(data)).trim().to_owned(),
        labels: labels(body, &phase.word, resource, &object),
        title: kind,
        object,
        raw: body.clone(),
        ..Event::default()
    }
}

fn labels(body: &Value, phase: &str, resource: &str, object: &str) -> Labels {
    let mut labels = Labels::new();
    put(&mut labels, "source", &field(body, "source"));
    put(&mut labels, "bus", &field(body, "aliyuneventbusname"));
    put(&mut labels, "region", &field(body, "aliyunregionid"));
    put(&mut labels, "status", phase);
    if !resource.ends_with(object) {
        put(&mut labels, "resource", resource);
    }
    gather_beside(&mut labels, &body["data"], &[], "data");
    labels
}

#[cfg(test)]
mod tests;

//! Alibaba Cloud's CloudMonitor (云监控), and Managed Prometheus, whose alerts reach people through the same console.
//!
//! One system, many shapes: which one arrives depends on the page of the console where the URL was entered. Users do not
//! know them by name, so they are told apart by what they hold.
//!
//! | entered at | shape | module |
//! |---|---|---|
//! | event alert rule, *URL callback* | JSON, `name`, `product`, `content` | [`event`] |
//! | event subscription, *push channel* | JSON or form, by POST or GET: `alert`, `subscription` | [`subscription`] |
//! | threshold alert rule, *alert callback* | form, or JSON of older days: `alertName`, `alertState` | [`threshold`] |
//! | CloudMonitor 2.0, *custom webhook* | JSON, `subtype`, `status`, `subject` | [`v2`] |
//! | Managed Prometheus, *webhook contact* | Alertmanager's JSON without `version`, or `$alertmanager_content` | [`arms`] |
//! | alert contact, *webhook or DingTalk robot* | DingTalk's own messages | `dingtalk`, not here |
//!
//! What the group and the state of each are is said in its module. None is signed in a way that could be verified.

use serde_json::Value;

use super::request::{Content, Json, Reading};
use super::time::Zone;
use super::{DecodeError, Decoded, account, dingtalk};
use crate::notification::Sender;

mod arms;
mod dimensions;
mod event;
mod phase;
mod subscription;
mod threshold;
mod v2;

pub(super) use self::phase::{Phase, said};

/// The shapes that CloudMonitor's requests have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Event,
    Subscription,
    Threshold,
    V2,
    Arms,
    ContactTest,
}

/// Fields that hold JSON as a text in some shapes and as it is in others.
const STRINGIFIED: [&str; 9] = [
    "content",
    "alert",
    "subscription",
    "userInfo",
    "eventContentMap",
    "eventRawContent",
    "message",
    "expression",
    "instanceInfo",
];

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    let (_, why) = shape(reading)?;
    Some(why)
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let Some(shape) = shape(reading).map(|(shape, _)| shape).or_else(|| likely(reading)) else {
        // A contact's webhook speaks DingTalk's language to any address.
        return match reading.json() {
            Some(json) if json.has("msgtype") => dingtalk::decode(reading, zone),
            _ => Err(DecodeError::shape(
                "none of CloudMonitor's forms; looked for `name` and `product`, `alert` and `subscription`, `alertName` \
                 and `alertState`, `subtype` and `status`, and `alerts`",
            )),
        };
    };
    let body = account::cleaned(body(reading)?);
    let event = match shape {
        Shape::Arms => return arms::decode(&body, zone).map(Decoded::from),
        Shape::Event => return Ok(event::decode(body, zone).into()),
        Shape::Subscription => subscription::decode(&body, zone),
        Shape::V2 => v2::decode(&body, zone),
        Shape::Threshold => threshold::decode(&body, zone),
        Shape::ContactTest => arms::contact_test(),
    };
    Ok(super::event::Event { raw: body, ..event }.notification(Sender::CloudMonitor).into())
}

/// Which shape a request has, and what shows it.
fn shape(reading: &Reading<'_>) -> Option<(Shape, &'static str)> {
    match &reading.content {
        Content::Text(text) if text.trim() == arms::PLACEHOLDER => {
            Some((Shape::ContactTest, "nothing but `$alertmanager_content`"))
        }
        Content::Text(_) => None,
        Content::Json(json) if json.has("alerts") => {
            let bears = !json.has("version") && !json.has("groupKey") && json.text.contains(arms::NOISE);
            bears.then_some((Shape::Arms, "`alerts` and names that begin with `_aliyun_arms_`"))
        }
        Content::Json(json) if is_queued(json) => Some((Shape::Threshold, "`message` with `levelDescription`")),
        Content::Json(json) => keys(|key| json.has(key)),
        Content::Form(form) => keys(|key| form.has(key)),
    }
}

/// Which shape has these keys.
fn keys(has: impl Fn(&str) -> bool) -> Option<(Shape, &'static str)> {
    let any = |keys: &[&str]| keys.iter().any(|key| has(key));
    if has("alert") && any(&["subscription", "strategyName", "batchId", "userInfo"]) {
        return Some((Shape::Subscription, "`alert`, and the subscription that it is for"));
    }
    if has("alertEntityId") || (has("subtype") && has("status") && any(&["subject", "severity"])) {
        return Some((Shape::V2, "`subtype`, `status` and `subject`"));
    }
    if has("alertName") && any(&["alertState", "metricName", "curValue", "levelDescription"]) {
        return Some((Shape::Threshold, "`alertName` with a state or a metric"));
    }
    // People's own JSON has a `title` or a `text`, and may have any of these.
    let is_event = has("name") && any(&["product", "resourceId"]) && any(&["content", "level"]);
    (is_event && !any(&["title", "text"])).then_some((Shape::Event, "`name` and `product` of a system event"))
}

/// Whether it is what the message queue holds of a threshold rule, which has few keys of its own outside.
fn is_queued(json: &Json<'_>) -> bool {
    json.has("message") && json.has("type") && json.text.contains("\"levelDescription\"")
}

/// The shape of what is known to be CloudMonitor's and bears no marks: by a single word that only one of them has.
fn likely(reading: &Reading<'_>) -> Option<Shape> {
    const WORDS: [(&str, Shape); 8] = [
        ("alerts", Shape::Arms),
        ("alert", Shape::Subscription),
        ("subtype", Shape::V2),
        ("subject", Shape::V2),
        ("alertName", Shape::Threshold),
        ("metricName", Shape::Threshold),
        ("eventRealname", Shape::Event),
        ("name", Shape::Event),
    ];
    let has = |key: &str| match &reading.content {
        Content::Json(json) => json.has(key),
        Content::Form(form) => form.has(key),
        Content::Text(_) => false,
    };
    WORDS.iter().find(|(key, _)| has(key)).map(|(_, shape)| *shape)
}

/// What was sent as a tree, in which the fields that may hold JSON as a text hold it as it is.
fn body(reading: &Reading<'_>) -> Result<Value, DecodeError> {
    let mut body = match &reading.content {
        Content::Json(json) if json.value().is_null() => return Err(DecodeError::shape("nested too deeply")),
        Content::Json(json) => json.value().clone(),
        Content::Form(form) => form.to_value(),
        Content::Text(_) => Value::Null,
    };
    open(&mut body);
    Ok(body)
}

fn open(value: &mut Value) {
    match value {
        Value::Object(map) => {
            // It says the same in another form.
            if map.get("eventContentMap").and_then(Value::as_object).is_some_and(|held| !held.is_empty()) {
                map.remove("eventRawContent");
            }
            for (name, value) in map.iter_mut() {
                if let Value::String(text) = &*value
                    && STRINGIFIED.contains(&name.as_str())
                    && text.trim_start().starts_with(['{', '['])
                    && let Ok(held) = serde_json::from_str(text)
                {
                    *value = held;
                }
                open(value);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(open),
        _ => {}
    }
}

#[cfg(test)]
mod tests;

//! Everything else: scripts and programs that post JSON or a form of dingbridge's own, Zabbix among them, and text.
//!
//! | field | what it means |
//! |---|---|
//! | `title`, `text` | what it is about, what happened; one of them is needed |
//! | `status` | `firing` or `resolved`, and the words that people use for them (see [`status`]); without one, firing |
//! | `severity` | `critical`, `warning`, `info`, and the words that other systems use; any other is left to the configuration |
//! | `time` | when it began or, if it is resolved, ended; in any form |
//! | `url` | where to look |
//! | `labels` | names and values; `instance` is the object that it is about |
//! | `key` | what makes messages one group; without it `title` and the label `instance` do |
//!
//! `event_value`, Zabbix' name for it, stands for `status`. Severities have no numbers here: 1 is the worst of one
//! system and the least of another. What has another name is shown as a label, so that nobody wonders where a field
//! went, except what must not be seen. Values of a wrong type are read as well as they can be.
//!
//! The state is severity, title and text. With a `key`, numbers in them do not count: the key says that it is the same
//! thing, so a value that differs each time is not news, but other words are. Without one, they do: `job 1 failed` and
//! `job 2 failed` are two things.
//!
//! A text is passed on as it is. Its group is its content, so that the same text again within the window is a
//! repetition.

use serde_json::{Map, Value};

use self::status::over;
use super::event::{Event, fingerprint};
use super::fields::{first_of, gather, headline, put, text};
use super::request::{Content, Form, Reading};
use super::time::{Zone, time};
use super::{DecodeError, Decoded, level};
use crate::dingtalk::{Mention, Message};
use crate::notification::{Notification, Relay, Sender};

mod status;
mod tags;
#[cfg(test)]
mod tests;

/// The names that mean something.
const KNOWN: [&str; 9] = ["title", "text", "status", "severity", "time", "url", "labels", "key", "event_value"];

/// What is neither shown nor kept.
const HIDDEN: [&str; 10] = [
    "access_token",
    "token",
    "sign",
    "signature",
    "password",
    "passwd",
    "secret",
    "api_key",
    "apikey",
    "authorization",
];

/// How long a title is that is made of a text, in characters.
const MOST_TITLE: usize = 100;

/// How long a text may be to stand in one line, in characters.
const MOST_SUMMARY: usize = 200;

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    match &reading.content {
        Content::Json(json) => (json.has("title") || json.has("text")).then_some("`title` or `text`"),
        Content::Form(form) => (form.has("title") || form.has("text")).then_some("`title` or `text` in a form"),
        Content::Text(_) => Some("a text"),
    }
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    match &reading.content {
        Content::Json(json) => told(json.value(), zone),
        Content::Form(form) => told(&of_form(form), zone),
        Content::Text(text) => Ok(relayed(text.trim(), Sender::Generic).into()),
    }
}

/// A text by `sender`, to be passed on.
pub(super) fn relayed(text: &str, sender: Sender) -> Notification {
    let event = Event {
        title: headline(text, MOST_TITLE),
        description: text.to_owned(),
        key: fingerprint(text),
        ..Event::default()
    };
    let message = Message::Text { content: text.to_owned() };
    let relay = Relay { message, mention: Mention::default() };
    Notification { relay: Some(relay), ..event.notification(sender) }
}

/// A form as the object that it stands for: its `labels` may be JSON, or come one by one as `labels[name]`.
fn of_form(form: &Form) -> Value {
    let mut object = form.to_value();
    if let Some(labels) = form.get("labels").and_then(|text| serde_json::from_str::<Value>(text).ok()) {
        object["labels"] = labels;
    }
    object
}

fn told(body: &Value, zone: &Zone) -> Result<Decoded, DecodeError> {
    let body = seen(body);
    let Value::Object(members) = &body else {
        return Err(DecodeError::shape("expected one JSON object with `title` or `text`"));
    };
    let read = |name: &str| words(&body[name]);
    let mut labels = tags::labels(&body["labels"]);
    for (name, value) in members {
        if let Some(name) = tags::named_in(name) {
            put(&mut labels, name, &words(value));
        }
    }
    let further = members.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()) && tags::named_in(name).is_none());
    let further: Map<_, _> = further.map(|(name, value)| (name.clone(), value.clone())).collect();
    gather(&mut labels, &Value::Object(further), &[]);
    labels.retain(|name, _| !is_hidden(name));

    let label = |name: &str| labels.get(name).cloned().unwrap_or_default();
    let (said, key) = (read("text"), read("key"));
    let title = first_of([&read("title"), &headline(&said, MOST_TITLE), &label("alertname")]);
    if title.is_empty() {
        return Err(DecodeError::shape("no `title` and no `text`: one of them is needed"));
    }
    let word = first_of([&read("severity"), &label("severity")]);
    let severity = level::severity(&word);
    let status = first_of([&read("status"), &read("event_value")]);
    // Some say in one word how bad it is or that it is over.
    let in_one = status.is_empty() && severity.is_none();
    let known = over(if in_one { &word } else { &status });
    let resolved = known.unwrap_or(false);
    if known.is_none() {
        put(&mut labels, "status", &status);
    }
    match in_one && known.is_some() {
        true => drop(labels.remove("severity")),
        // An unknown word may be known to the configuration.
        false => put(&mut labels, "severity", &word),
    }

    let what = format!("{title}\n{said}");
    let what = if key.is_empty() { what } else { without_numbers(&what) };
    let object = labels.get("instance").cloned().unwrap_or_default();
    let when = time(&read("time"), zone);
    let (starts_at, ends_at) = if resolved { (String::new(), when) } else { (when, String::new()) };
    let (summary, description) = split(&title, said);
    let event = Event {
        state: fingerprint(&format!("{word}\n{}\n{what}", if known.is_none() { &status } else { "" })),
        url: read("url"),
        title,
        object,
        resolved,
        severity,
        summary,
        description,
        starts_at,
        ends_at,
        labels,
        key,
        raw: body,
    };
    Ok(event.notification(Sender::Generic).into())
}

/// A text as one line, if it is one, else as a longer text; nothing when the title says all of it.
fn split(title: &str, said: String) -> (String, String) {
    match said {
        said if said == title => (String::new(), String::new()),
        said if said.contains('\n') || said.chars().nth(MOST_SUMMARY).is_some() => (String::new(), said),
        said => (said, String::new()),
    }
}

/// A value without what must not be seen, however deep it stands.
fn seen(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let seen = members.iter().filter(|(name, _)| !is_hidden(tags::named_in(name).unwrap_or(name)));
            Value::Object(seen.map(|(name, value)| (name.clone(), self::seen(value))).collect())
        }
        Value::Array(list) => list.iter().map(seen).collect(),
        other => other.clone(),
    }
}

fn is_hidden(name: &str) -> bool {
    HIDDEN.iter().any(|hidden| name.eq_ignore_ascii_case(hidden))
}

/// What a value says, whatever its type.
fn words(value: &Value) -> String {
    match value {
        Value::Array(list) => list.iter().map(words).filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", "),
        Value::Object(members) if !members.is_empty() => value.to_string(),
        other => text(other).unwrap_or_default().into_owned(),
    }
}

fn without_numbers(text: &str) -> String {
    let is_number = |c: char| c.is_ascii_digit() || c == '.' || c == ',';
    text.split(is_number).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#")
}

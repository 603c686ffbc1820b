//! Events of a Kubernetes cluster, by kube-eventer's webhook sink.
//!
//! One event a request, by GET with a body unless it is told otherwise. The body comes from a template that holds
//! `EventType`, `EventKind`, `EventReason`, `EventTime` and `EventMessage` unless a ConfigMap says otherwise. It is
//! filled in without escaping: a message's line breaks make it invalid JSON, which is mended. In some releases a comma
//! is missing behind `EventKind`, so that its value seems to go on; it is parted here.
//!
//! The default template does not name the object. It is shown as far as the message does so; a template of one's own
//! with more fields (`{{ .InvolvedObject.Namespace }}`, `{{ .InvolvedObject.Name }}`) is worth having, and all of them
//! are shown.
//!
//! The group is kind, reason, message and those further fields, except counts and times: Kubernetes repeats an event as
//! long as its cause lasts, with another time, and that is a repetition. Two objects with the same message can be told
//! apart only by further fields. The state is the type. Nothing is ever over: Kubernetes does not say so.
//!
//! Source: <https://github.com/AliyunContainerService/kube-eventer/blob/master/sinks/webhook/webhook.go>.

use std::borrow::Cow;

use serde_json::Value;

use super::event::Event;
use super::fields::{field, first_of, gather, headline, put};
use super::request::Reading;
use super::time::{Zone, time};
use super::{DecodeError, Decoded};
use crate::notification::{Labels, Sender, Severity};

/// The fields of the default template.
const KNOWN: [&str; 5] = ["EventType", "EventKind", "EventReason", "EventTime", "EventMessage"];

/// What Go prints for no time.
const NO_TIME: &str = "0001-01-01";

/// How long a message's first line may be to stand for it, in characters.
const MOST_SUMMARY: usize = 200;

/// Why a request is of this sender, if it is.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    let json = reading.json()?;
    let others = ["EventReason", "EventType", "EventMessage"].iter().filter(|name| json.has(name));
    (json.has("EventKind") && others.count() >= 2).then_some("`EventKind`, `EventReason`, `EventMessage`")
}

/// Reads what it says.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let body = match (reading.json(), reading.form()) {
        (Some(json), _) => Cow::Borrowed(json.value()),
        (None, Some(form)) => Cow::Owned(form.to_value()),
        (None, None) => Cow::Owned(Value::Null),
    };
    let (reason, message) = (field(&body, "EventReason"), field(&body, "EventMessage"));
    let (kind, reason) = parted(field(&body, "EventKind"), reason);
    if reason.is_empty() && message.is_empty() {
        return Err(DecodeError::shape("no `EventReason` and no `EventMessage`: this is not what kube-eventer posts"));
    }

    let kind_of_event = field(&body, "EventType");
    let mut further = Labels::new();
    gather(&mut further, &body, &KNOWN);
    let mut key = vec![kind.clone(), reason.clone(), message.clone()];
    key.extend(further.iter().filter(|(name, _)| !varies(name)).map(|(name, value)| format!("{name}={value}")));
    let mut labels = further;
    put(&mut labels, "kind", &kind);
    let when = field(&body, "EventTime");
    let summary = headline(&message, MOST_SUMMARY);
    let event = Event {
        title: first_of([&reason, &kind, &summary]),
        severity: match kind_of_event.as_str() {
            "Normal" => Some(Severity::Info),
            "Warning" => Some(Severity::Warning),
            _ => None,
        },
        description: if summary == message { String::new() } else { message },
        summary,
        starts_at: if when.starts_with(NO_TIME) { String::new() } else { time(&when, zone) },
        key: key.join("\n"),
        state: kind_of_event,
        labels,
        raw: body.into_owned(),
        ..Event::default()
    };
    Ok(event.notification(Sender::KubeEventer).into())
}

/// Kind and reason, when the comma between them was missing and all of it has become the kind.
fn parted(kind: String, reason: String) -> (String, String) {
    match kind.split_once('"') {
        Some((kind, behind)) if reason.is_empty() && behind.contains("\"EventReason\"") => {
            let reason = behind.rsplit('"').next().unwrap_or_default();
            (kind.to_owned(), reason.to_owned())
        }
        _ => (kind, reason),
    }
}

/// Whether a field differs each time that the same event is told.
fn varies(name: &str) -> bool {
    let name = name.to_lowercase();
    ["time", "count", "version", "uid"].iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::notification::{Notification, Status};
    use crate::sender::Request;
    use crate::sender::tests::{named, told};

    const BACK_OFF: &str = include_str!("../../tests/fixtures/senders/kube-eventer-webhook.json");

    fn of(body: &str) -> Notification {
        told(Request::of_body(body.as_bytes()), Sender::KubeEventer)
    }

    #[test]
    fn an_event_is_told() {
        let notification = of(BACK_OFF);
        assert_eq!(notification.status, Status::Firing);
        insta::assert_snapshot!(serde_json::to_string_pretty(&notification.alerts[0]).expect("JSON"), @r#"
        {
          "status": "firing",
          "labels": {
            "alertname": "BackOff",
            "kind": "Pod",
            "severity": "warning"
          },
          "annotations": {
            "summary": "Back-off restarting failed container"
          },
          "startsAt": "2024-01-01T04:00:00Z",
          "endsAt": "",
          "generatorURL": "",
          "fingerprint": "4289aaf10a24798a",
          "severity": "warning"
        }
        "#);
        let normal = of(&BACK_OFF.replace("Warning", "Normal"));
        assert_eq!(normal.alerts[0].severity, Some(Severity::Info));
    }

    #[test]
    fn a_message_with_raw_line_breaks_is_read() {
        let body = BACK_OFF.replace("Back-off restarting", "Back-off\n  C:\\x restarting");
        let notification = of(&body);
        assert!(notification.salvaged);
        assert_eq!(notification.alerts[0].annotations["summary"], "Back-off");
        assert_eq!(notification.alerts[0].annotations["description"], "Back-off\n  C:\\x restarting failed container");
    }

    #[test]
    fn the_missing_comma_of_some_releases_is_no_harm() {
        for between in ["\"Pod\"\n\t", "\"Pod\" "] {
            let body = BACK_OFF.replace("\"Pod\",\n  ", between);
            assert!(serde_json::from_str::<Value>(&body).is_err(), "{body}");
            let (notification, whole) = (of(&body), of(BACK_OFF));
            assert_eq!(notification.alerts, whole.alerts);
            assert_eq!(notification.group_id("t"), whole.group_id("t"));
        }
    }

    #[test]
    fn the_same_event_later_is_a_repetition() {
        let told = |change: &Value| {
            let mut body: Value = serde_json::from_str(BACK_OFF).expect("JSON");
            body.as_object_mut().expect("object").extend(change.as_object().expect("object").clone());
            let notification = of(&body.to_string());
            (notification.group_id("t"), notification.state_digest())
        };
        let first = told(&json!({}));
        assert_eq!(told(&json!({"EventTime": "2024-01-01 12:05:00 +0800 CST", "Count": 7})), first);
        assert_ne!(told(&json!({"EventReason": "Failed"})).0, first.0);
        assert_ne!(told(&json!({"Name": "web-1"})).0, told(&json!({"Name": "web-2"})).0);
        let normal = told(&json!({"EventType": "Normal"}));
        assert_eq!(normal.0, first.0);
        assert_ne!(normal.1, first.1);
    }

    #[test]
    fn odd_fields() {
        let body = r#"{"EventKind":"Node","EventType":"Odd","EventReason":null,"EventMessage":"gone","Name":"n1",
            "EventTime":"0001-01-01 00:00:00 +0000 UTC"}"#;
        let notification = of(body);
        let alert = &notification.alerts[0];
        assert_eq!((alert.labels["alertname"].as_str(), alert.labels["Name"].as_str()), ("Node", "n1"));
        assert_eq!((alert.starts_at.as_str(), alert.severity), ("", None));
        for body in ["[1]", r#"{"EventKind":"Pod"}"#, "a=b"] {
            let refusal = named(body, Sender::KubeEventer).expect_err(body);
            assert_eq!(refusal, "no `EventReason` and no `EventMessage`: this is not what kube-eventer posts");
        }
    }
}

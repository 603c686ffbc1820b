//! Every shape as it comes in, from the request to what it tells.

use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::notification::{Alert, Notification, Severity, Status};
use crate::sender::{Request, Settings, recognise};

mod arms;
mod event;
mod subscription;
mod threshold;
mod v2;

pub(super) use crate::sender::tests::kept as fixture;

/// What a body tells once it is recognised.
#[track_caller]
pub(super) fn told(body: &str) -> Notification {
    let notification = crate::sender::tests::told(Request::of_body(body.as_bytes()), Sender::CloudMonitor);
    assert_private(&notification, body);
    notification
}

/// What a kept body tells.
#[track_caller]
pub(super) fn told_of(file: &str) -> Notification {
    told(&fixture(file))
}

/// Its only alert.
#[track_caller]
pub(super) fn only(notification: &Notification) -> &Alert {
    assert_eq!(notification.alerts.len(), 1);
    &notification.alerts[0]
}

/// What people see first: title, object, severity, status, beginning, end.
pub(super) fn seen(notification: &Notification) -> [&str; 6] {
    let alert = only(notification);
    let label = |name: &str| alert.labels.get(name).map(String::as_str).unwrap_or_default();
    let severity = alert.severity.map(Severity::as_str).unwrap_or_default();
    assert_eq!(label("severity"), severity);
    [label("alertname"), label("instance"), severity, alert.status.as_str(), &alert.starts_at, &alert.ends_at]
}

/// The labels, in a line, without those that [`seen`] has.
pub(super) fn labels(notification: &Notification) -> String {
    let own = only(notification).labels.iter();
    let own = own.filter(|(name, _)| !["alertname", "instance", "severity"].contains(&name.as_str()));
    own.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
}

pub(super) fn summary(notification: &Notification) -> &str {
    only(notification).annotations.get("summary").map(String::as_str).unwrap_or_default()
}

/// Both tell of one group, and the second is news.
#[track_caller]
pub(super) fn assert_meet(first: &Notification, second: &Notification) {
    assert_eq!(first.group_id("t"), second.group_id("t"), "{} {}", first.group_key, second.group_key);
    assert_ne!(first.state_digest(), second.state_digest());
}

/// The second says what the first said.
#[track_caller]
pub(super) fn assert_repeats(first: &Notification, second: &Notification) {
    assert_eq!(first.group_id("t"), second.group_id("t"), "{} {}", first.group_key, second.group_key);
    assert_eq!(first.state_digest(), second.state_digest());
}

/// A body with one text replaced by another, which must be in it.
#[track_caller]
pub(super) fn with(body: &str, old: &str, new: &str) -> String {
    assert!(body.contains(old), "{old}");
    body.replace(old, new)
}

/// No account, no signature and no name of a person is in what is stored.
#[track_caller]
fn assert_private(notification: &Notification, sent: &str) {
    let stored = serde_json::to_string(notification).expect("JSON");
    for private in ["userId\"", "signature", "aliyunId\"", "nickName\"", "userName\"", "user@example.com", "_userid"] {
        assert!(!stored.contains(private), "{private}: {stored}");
    }
    for account in ["1234567890120000", "130013558060****", "169070********30", "173651113438", "1131971649496228"] {
        assert!(!stored.contains(account), "{account} of {sent}: {stored}");
    }
    assert!(!stored.contains("110803419679") && !stored.contains(":testuser:"), "{stored}");
}

#[test]
fn every_shape_is_told_apart_from_what_it_holds() {
    for (file, why) in [
        ("cms-event-legacy-doc.json", "`name` and `product` of a system event"),
        ("cms-event-agent-stopped-dryrun.json", "`name` and `product` of a system event"),
        ("cms-event-ecs-disk-overdue-invalid.json", "`name` and `product` of a system event"),
        ("cms-subscription-post-json.json", "`alert`, and the subscription that it is for"),
        ("cms-subscription-form-doc.form", "`alert`, and the subscription that it is for"),
        ("cms-threshold-alert-capture.form", "`alertName` with a state or a metric"),
        ("cms-threshold-doc-unescaped.form", "`alertName` with a state or a metric"),
        ("cms-threshold-2019.json", "`alertName` with a state or a metric"),
        ("cms-threshold-mns.json", "`message` with `levelDescription`"),
        ("cms2-triggered.json", "`subtype`, `status` and `subject`"),
        ("cms2-resolved.json", "`subtype`, `status` and `subject`"),
        ("arms-alertmanager.json", "`alerts` and names that begin with `_aliyun_arms_`"),
    ] {
        let body = fixture(file);
        let recognised = recognise(Request::of_body(body.as_bytes()), None).expect(file);
        assert_eq!((recognised.sender, recognised.why), (Sender::CloudMonitor, why), "{file}");
    }
}

#[test]
fn what_is_another_senders_is_left_to_it() {
    for body in [
        r#"{"version":"4","groupKey":"k","alerts":[{"labels":{"_aliyun_arms_x":"y"}}]}"#,
        r#"{"groupKey":"k","alerts":[{"labels":{"_aliyun_arms_x":"y"}}]}"#,
        r#"{"alerts":[{"labels":{"alertname":"x"}}]}"#,
        r#"{"title":"t","name":"n","product":"p","level":"high"}"#,
        r#"{"message":"m","type":"t"}"#,
        r#"{"subject":"s","status":"x"}"#,
        "$alertmanager_content is what I typed",
    ] {
        if let Ok(recognised) = recognise(Request::of_body(body.as_bytes()), None) {
            assert_ne!(recognised.sender, Sender::CloudMonitor, "{body}");
        }
    }
}

#[test]
fn at_a_path_of_its_own_a_word_is_enough() {
    let headers = HeaderMap::new();
    let decode = |body: &str| {
        let request = Request { query: None, headers: &headers, body: body.as_bytes() };
        crate::sender::decode(request, Some(Sender::CloudMonitor), &Settings::default())
    };
    for (body, title) in [
        (r#"{"name":"Instance:StateChange"}"#, "Instance:StateChange"),
        (r#"{"alertName":"CPU"}"#, "CPU"),
        (r#"{"subject":"s"}"#, "s"),
        (r#"{"alert":"disk full"}"#, "CloudMonitor"),
        (r#"{"alerts":[{"labels":{"alertname":"x"}}]}"#, "x"),
        ("alertName=CPU", "CPU"),
    ] {
        let notification = decode(body).expect(body).notification;
        assert_eq!(only(&notification).labels["alertname"], title, "{body}");
    }
    for (body, reason) in [
        ("{}", "line 1 column 1: none of CloudMonitor's forms; looked for `name` and `product`"),
        (r#"{"ruleIds":"x"}"#, "line 1 column 1: none of CloudMonitor's forms"),
        (r#"{"alerts":[]}"#, "line 1 column 1: `alerts` holds none"),
        (r#"{"alerts":5}"#, "line 1 column 1: `alerts` holds none"),
    ] {
        let error = decode(body).expect_err(body).to_string();
        assert!(error.starts_with(reason), "{body}: {error}");
    }
}

#[test]
fn what_holds_json_as_a_text_is_opened() {
    let mut value =
        json!({"content": "{\"a\":\"{}\"}", "alert": "[1", "name": "{\"b\":1}", "message": {"expression": "[5]"}});
    open(&mut value);
    let opened = json!({"content": {"a": "{}"}, "alert": "[1", "name": "{\"b\":1}", "message": {"expression": [5]}});
    assert_eq!(value, opened);
}

fn anything() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![".{0,8}".prop_map(Value::from), any::<i64>().prop_map(Value::from), Just(Value::Null)];
    leaf.prop_recursive(3, 24, 6, |inner| {
        let names =
            "alert|meta|sysEventMeta|content|labels|alerts|dimensions|expression|resource|entity|message|status";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names, inner, 0..6).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_stands_in_the_fields_there_is_an_answer(
        marks in prop::sample::select(vec![
            vec!["name", "product", "content"], vec!["alert", "subscription"], vec!["alertName", "alertState", "dimensions"],
            vec!["subtype", "status", "subject", "resource"], vec!["alerts", "_aliyun_arms_"], vec!["message", "type"],
        ]),
        values in prop::collection::vec(anything(), 5),
    ) {
        let body: serde_json::Map<String, Value> = marks.iter().map(|name| (*name).to_owned()).zip(values).collect();
        let body = Value::Object(body).to_string();
        let named = crate::sender::decode(Request::of_body(body.as_bytes()), Some(Sender::CloudMonitor), &Settings::default());
        if let Ok(decoded) = named {
            prop_assert!(!decoded.notification.alerts.is_empty());
            prop_assert!(decoded.notification.alerts.iter().all(|alert| alert.status == Status::Firing || alert.status == Status::Resolved));
        }
    }
}

use serde_json::json;

use super::*;
use crate::notification::Status;
use crate::sender::tests::{self, fixture};
use crate::sender::{Request, Settings};

#[track_caller]
fn told(body: &Value) -> Notification {
    let notification = tests::told(Request::of_body(body.to_string().as_bytes()), Sender::Sls);
    let stored = serde_json::to_string(&notification).expect("JSON");
    for private in ["1234567890120000", "aliuid", "signin"] {
        assert!(!stored.contains(private), "{stored}");
    }
    notification
}

/// A copy in which a field has another value.
fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

fn repeats(first: &Notification, second: &Notification) -> bool {
    assert_eq!(first.group_id("t"), second.group_id("t"), "{} {}", first.group_key, second.group_key);
    first.state_digest() == second.state_digest()
}

#[test]
fn what_is_seen_of_a_single_alert() {
    let mut body = fixture("sls-firing.json");
    body["signin_url"] = json!("https://signin.aliyun.example/federation?SigninToken=abcdef");
    body["query_url"] = json!("https://sls.console.aliyun.example/q");
    body["dashboard_url"] = json!("https://sls.console.aliyun.example/d");
    body["annotations"]["runbook_url"] = json!("https://runbooks.example.test/5xx");
    body["annotations"]["__count__"] = json!(3);
    let notification = told(&body);
    let alert = &notification.alerts[0];
    insta::assert_snapshot!(serde_json::to_string_pretty(alert).expect("JSON"), @r#"
    {
      "status": "firing",
      "labels": {
        "alertname": "nginx 5xx",
        "cnt": "120",
        "env": "test",
        "instance": "demo-project/nginx",
        "project": "demo-project",
        "region": "cn-hangzhou",
        "severity": "warning"
      },
      "annotations": {
        "description": "5xx 数量 120",
        "runbook_url": "https://runbooks.example.test/5xx",
        "summary": "nginx 5xx 过多"
      },
      "startsAt": "2021-03-26T07:59:00Z",
      "endsAt": "",
      "generatorURL": "https://sls.console.aliyun.example/q",
      "fingerprint": "3554153c7d514eae",
      "severity": "warning"
    }
    "#);
    assert_eq!(notification.group_key, "sls:ee16a39b5d6b0af3-5b0d41d1e1a5f-34a7b0c");
}

#[test]
fn what_fires_and_what_is_over_meet() {
    let body = fixture("sls-firing.json");
    let first = told(&body);
    assert!(repeats(&first, &told(&with(&body, "alert_time", json!(1_616_745_900)))));
    assert!(!repeats(&first, &told(&with(&body, "severity", json!(10)))));
    let over = with(&with(&body, "status", json!("resolved")), "resolve_time", json!(1_616_749_200));
    let over = told(&over);
    assert!(!repeats(&first, &over));
    assert_eq!((over.alerts[0].status, over.alerts[0].ends_at.as_str()), (Status::Resolved, "2021-03-26T09:00:00Z"));
    assert_eq!(over.alerts[0].fingerprint, first.alerts[0].fingerprint);
    let other = told(&with(&body, "alert_instance_id", json!("other")));
    assert_ne!(first.group_id("t"), other.group_id("t"));
}

#[test]
fn without_an_instance_the_rule_and_its_labels_are_the_group() {
    let mut body = fixture("sls-firing.json");
    body["alert_instance_id"] = json!(null);
    assert_eq!(told(&body).group_key, "sls:d7a7a5b3c8e3");
    body["fingerprint"] = json!("");
    let key = told(&body).group_key;
    assert_eq!(key, r#"sls:demo-project/alert-1616745492-572315 {"env":"test"}"#);
}

#[test]
fn of_an_instance_the_last_word_counts() {
    let list = fixture("sls-merged-array.json");
    let merged = told(&list);
    assert_eq!((merged.alerts.len(), merged.status), (1, Status::Resolved));
    assert_eq!(merged.group_key, "sls:rules demo-project/alert-1616745492-572315");
    let mut reversed = list.clone();
    reversed.as_array_mut().expect("a list").reverse();
    assert!(repeats(&merged, &told(&reversed)));
    // It fires anew.
    let mut anew = list.clone();
    anew[0]["alert_time"] = json!(1_616_750_000);
    assert_eq!(told(&anew).status, Status::Firing);
}

#[test]
fn lists_of_the_same_rules_meet() {
    let one = fixture("sls-firing.json");
    let other = with(&with(&one, "alert_instance_id", json!("b")), "severity", json!("10"));
    let both = told(&json!([one, other]));
    assert_eq!(both.alerts.len(), 2);
    assert_eq!(both.alerts[1].severity, Some(Severity::Critical));
    assert!(repeats(&both, &told(&json!([other, with(&one, "alert_time", json!(1_616_745_900))]))));
    let over = told(&json!([with(&one, "status", json!("resolved"))]));
    assert!(!repeats(&both, &over));
    let rule = with(&other, "alert_id", json!("x"));
    assert_eq!(told(&json!([rule, one])).group_key, "sls:rules demo-project/alert-1616745492-572315, demo-project/x");
}

#[test]
fn levels_are_numbers_or_words() {
    for (level, severity) in [
        (json!(10), Some(Severity::Critical)),
        (json!("8"), Some(Severity::Warning)),
        (json!("high"), Some(Severity::Warning)),
        (json!(6), Some(Severity::Warning)),
        (json!("Medium"), Some(Severity::Warning)),
        (json!(4), Some(Severity::Info)),
        (json!(2), Some(Severity::Info)),
        (json!("report"), Some(Severity::Info)),
        (json!(7), None),
        (json!(null), None),
    ] {
        let told = told(&json!({"alert_instance_id": "a", "alert_name": "n", "severity": level}));
        assert_eq!(told.alerts[0].severity, severity, "{level}");
    }
}

#[test]
fn odd_ones_are_told_or_refused() {
    let odd = told(&json!({
        "alert_instance_id": "a", "labels": {"host": "web-1", "project": "other"}, "project": "p", "fire_time": "soon",
        "annotations": [], "results": {}, "fire_results": [5],
    }));
    let alert = &odd.alerts[0];
    assert_eq!((alert.labels["instance"].as_str(), alert.starts_at.as_str()), ("web-1", "soon"));
    assert_eq!(alert.labels["labels.project"], "other");
    assert_eq!(alert.labels.get("alertname"), None);
    // What is no alert in a list is left out.
    assert_eq!(told(&json!([{"alert_instance_id": "a"}, 5, null])).alerts.len(), 1);
    for body in ["[]", "{}", "[5]", r#"{"alerts":[]}"#] {
        let error = super::super::decode(Request::of_body(body.as_bytes()), Some(Sender::Sls), &Settings::default());
        let error = error.expect_err(body).to_string();
        assert!(error.starts_with("line 1 column 1: not an alert of Log Service"), "{body}: {error}");
    }
}

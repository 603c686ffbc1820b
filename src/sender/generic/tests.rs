//! What scripts and Zabbix post, and any other JSON.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::notification::{Severity, Status};
use crate::sender::tests::{named, told};
use crate::sender::{Request, Settings, decode};

fn of(body: &Value) -> Notification {
    text(&body.to_string())
}

fn text(body: &str) -> Notification {
    told(Request::of_body(body.as_bytes()), Sender::Generic)
}

fn label<'a>(notification: &'a Notification, name: &str) -> &'a str {
    notification.alerts[0].labels.get(name).map_or("", String::as_str)
}

/// Whether the second is a repetition of the first.
fn repeats(first: &Value, second: &Value) -> bool {
    let (first, second) = (of(first), of(second));
    (first.group_id("t"), first.state_digest()) == (second.group_id("t"), second.state_digest())
}

#[test]
fn every_field_is_told() {
    let notification = of(&json!({
        "title": "Backup failed", "text": "disk full", "status": "firing", "severity": "High", "time": 1_700_000_000,
        "url": "https://ci.example.com/7", "labels": {"instance": "db-1", "job": 7}, "key": "backup-db-1",
        "attempt": 3, "more": {"a": [1, {"token": "hidden"}]}, "Password": "hidden", "labels.team": "dba",
    }));
    insta::assert_snapshot!(serde_json::to_string_pretty(&notification.alerts[0]).expect("JSON"), @r#"
    {
      "status": "firing",
      "labels": {
        "alertname": "Backup failed",
        "attempt": "3",
        "instance": "db-1",
        "job": "7",
        "more.a.0": "1",
        "severity": "critical",
        "team": "dba"
      },
      "annotations": {
        "summary": "disk full"
      },
      "startsAt": "2023-11-14T22:13:20Z",
      "endsAt": "",
      "generatorURL": "https://ci.example.com/7",
      "fingerprint": "d58447694307770a",
      "severity": "critical"
    }
    "#);
    assert!(!serde_json::to_string(&notification).expect("JSON").contains("hidden"));
    assert_eq!(notification.raw["attempt"], 3);
}

#[test]
fn one_of_title_and_text_is_enough() {
    let title = of(&json!({"title": "x"}));
    assert_eq!((label(&title, "alertname"), title.alerts[0].annotations.len()), ("x", 0));
    let line = of(&json!({"text": "disk is full", "title": null}));
    assert_eq!((label(&line, "alertname"), line.alerts[0].annotations.len()), ("disk is full", 0));
    let lines = of(&json!({"text": "## disk is full\non db-1"}));
    assert_eq!(label(&lines, "alertname"), "disk is full");
    assert_eq!(lines.alerts[0].annotations["description"], "## disk is full\non db-1");
    assert_eq!(label(&of(&json!({"title": "", "labels": {"alertname": "y"}})), "alertname"), "y");
    for body in [json!({"title": ""}), json!({}), json!({"message": "x"}), json!({"text": {}, "title": []})] {
        let refusal = named(&body.to_string(), Sender::Generic).expect_err("nothing to tell");
        assert_eq!(refusal, "no `title` and no `text`: one of them is needed");
    }
    let list = named("[{\"title\":1}]", Sender::Generic).expect_err("a list");
    assert_eq!(list, "expected one JSON object with `title` or `text`");
}

#[test]
fn status_and_severity_are_read_as_people_write_them() {
    for (fields, status, severity, shown) in [
        (json!({}), Status::Firing, None, ""),
        (json!({"status": "OK", "severity": "P1"}), Status::Resolved, Some(Severity::Critical), ""),
        (json!({"status": 0}), Status::Resolved, None, ""),
        (json!({"event_value": "0", "severity": "Average"}), Status::Resolved, Some(Severity::Warning), ""),
        (json!({"event_value": 1, "severity": "灾难"}), Status::Firing, Some(Severity::Critical), ""),
        (json!({"status": "acknowledged"}), Status::Firing, None, "status=acknowledged"),
        (json!({"severity": "恢复"}), Status::Resolved, None, ""),
        (json!({"severity": 5}), Status::Firing, None, "severity=5"),
        (json!({"labels": {"severity": "warn"}}), Status::Firing, Some(Severity::Warning), ""),
        (json!({"labels": {"severity": "blue"}, "status": "ok"}), Status::Resolved, None, "severity=blue"),
    ] {
        let mut body = fields.clone();
        body["title"] = "x".into();
        let notification = of(&body);
        let alert = &notification.alerts[0];
        assert_eq!((notification.status, alert.severity), (status, severity), "{fields}");
        let severity = severity.map(Severity::as_str);
        let labels =
            alert.labels.iter().filter(|(name, value)| *name != "alertname" && severity != Some(value.as_str()));
        let told: Vec<_> = labels.map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(told.join(" "), shown, "{fields}");
    }
    let over = of(&json!({"title": "x", "status": "resolved", "time": "2024-01-01 12:00:00"}));
    assert_eq!((over.alerts[0].starts_at.as_str(), over.alerts[0].ends_at.as_str()), ("", "2024-01-01T04:00:00Z"));
}

#[test]
fn wrong_types_are_read_as_well_as_they_can_be() {
    let notification = of(&json!({
        "title": 500, "text": ["a", {"b": 1}, null], "status": true, "time": ["soon"], "labels": ["k=v"], "url": 5,
    }));
    let alert = &notification.alerts[0];
    assert_eq!((label(&notification, "alertname"), label(&notification, "k")), ("500", "v"));
    assert_eq!(alert.annotations["summary"], r#"a, {"b":1}"#);
    assert_eq!((label(&notification, "status"), alert.starts_at.as_str()), ("true", "soon"));
}

#[test]
fn a_form_says_the_same() {
    let json = of(&json!({"title": "x y", "severity": "warn", "labels": {"instance": "db-1"}}));
    for form in [
        "title=x+y&severity=warn&labels[instance]=db-1",
        "title=x%20y&severity=warn&labels.instance=db-1",
        "title=x+y&severity=warn&labels=instance%3Ddb-1",
        "title=x+y&severity=warn&labels=%7B%22instance%22%3A%22db-1%22%7D&token=hidden",
    ] {
        let form = text(form);
        assert_eq!((&form.alerts, form.group_id("t")), (&json.alerts, json.group_id("t")));
        assert!(!serde_json::to_string(&form).expect("JSON").contains("hidden"));
    }
}

#[test]
fn what_is_news() {
    let told = json!({"title": "Job 1", "text": "failed: 5 errors", "labels": {"instance": "a"}});
    let with = |fields: Value| {
        let mut body = told.clone();
        body.as_object_mut().expect("object").extend(fields.as_object().expect("object").clone());
        body
    };
    assert!(repeats(&told, &with(json!({"time": "2024-01-01T00:00:00Z", "url": "https://x"}))));
    assert!(!repeats(&told, &with(json!({"text": "failed: 6 errors"}))));
    assert!(!repeats(&told, &with(json!({"severity": "critical"}))));
    assert!(!repeats(&told, &with(json!({"labels": {"instance": "b"}}))));
    let keyed = with(json!({"key": "k", "severity": "warn"}));
    let keyed_with = |fields: Value| {
        let mut body = keyed.clone();
        body.as_object_mut().expect("object").extend(fields.as_object().expect("object").clone());
        body
    };
    assert!(repeats(&keyed, &keyed_with(json!({"text": "failed: 6.25 errors"}))));
    assert!(!repeats(&keyed, &keyed_with(json!({"text": "acknowledged"}))));
    assert!(!repeats(&keyed, &keyed_with(json!({"severity": "critical"}))));
    assert!(!repeats(&keyed, &keyed_with(json!({"status": "acknowledged"}))));
    for (firing, resolved) in
        [(&told, with(json!({"status": "ok"}))), (&keyed, keyed_with(json!({"title": "over", "status": 0})))]
    {
        let (firing, resolved) = (of(firing), of(&resolved));
        assert_eq!((firing.group_id("t"), resolved.status), (resolved.group_id("t"), Status::Resolved));
        assert_ne!(firing.state_digest(), resolved.state_digest());
    }
}

#[test]
fn a_text_is_passed_on() {
    let notification = text("\n# cpu=95% on db1\nsee the graph\n");
    assert_eq!(label(&notification, "alertname"), "cpu=95% on db1");
    assert_eq!(notification.alerts[0].annotations["description"], "# cpu=95% on db1\nsee the graph");
    let content = "# cpu=95% on db1\nsee the graph".to_owned();
    let relay = Relay { message: Message::Text { content }, mention: Mention::default() };
    assert_eq!(notification.relay, Some(relay));
    let (again, other) = (text("# cpu=95% on db1\nsee the graph"), text("# cpu=96% on db1\nsee the graph"));
    assert_eq!((again.group_id("t"), again.state_digest()), (notification.group_id("t"), notification.state_digest()));
    assert_ne!(other.group_id("t"), notification.group_id("t"));
    assert_eq!(label(&text("[FIRING] disk full"), "alertname"), "[FIRING] disk full");
    assert!(text("\"quoted\"").relay.is_some_and(|relay| relay.message.text() == "quoted"));
}

#[test]
fn zabbix_problems_meet_their_recoveries() {
    let problem = text(include_str!("../../../tests/fixtures/senders/zabbix-problem.json"));
    let update = text(include_str!("../../../tests/fixtures/senders/zabbix-update.json"));
    let recovery = text(include_str!("../../../tests/fixtures/senders/zabbix-recovery.json"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&problem.alerts[0]).expect("JSON"), @r#"
    {
      "status": "firing",
      "labels": {
        "alertname": "Free disk space is less than 10% on volume /var",
        "hostgroup": "Databases, Linux servers",
        "instance": "db-1",
        "ip": "192.0.2.21",
        "prod": "true",
        "scope": "capacity",
        "severity": "critical"
      },
      "annotations": {
        "summary": "Space used: 91.4 %, time left: 5h"
      },
      "startsAt": "2024-03-05T01:12:40Z",
      "endsAt": "",
      "generatorURL": "https://zabbix.example.com/tr_events.php?triggerid=20731&eventid=184213",
      "fingerprint": "0e779b0433dcf1b8",
      "severity": "critical"
    }
    "#);
    for other in [&update, &recovery] {
        assert_eq!(other.group_id("t"), problem.group_id("t"));
        assert_eq!(other.alerts[0].fingerprint, problem.alerts[0].fingerprint);
        assert_ne!(other.state_digest(), problem.state_digest());
    }
    assert_eq!(update.alerts[0].annotations["summary"], "Han Mei acknowledged, commented: cleaning up");
    assert_eq!((recovery.status, recovery.alerts[0].ends_at.as_str()), (Status::Resolved, "2024-03-05T01:40:02Z"));
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![".{0,8}".prop_map(Value::from), any::<f64>().prop_map(Value::from), Just(Value::Null)];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{0,5}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn anything_is_told_or_refused(
        fields in prop::collection::btree_map(prop::sample::select(KNOWN.to_vec()), value(), 0..9),
        other in value(),
        words in ".{1,60}",
    ) {
        let mut body: Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        body.insert("other".to_owned(), other);
        let body = Value::Object(body).to_string();
        for body in [body.as_str(), &words] {
            for sender in Sender::ALL {
                let _ = decode(Request::of_body(body.as_bytes()), Some(sender), &Settings::default());
            }
        }
        let with_title = json!({"title": words, "text": "x"}).to_string();
        prop_assert!(decode(Request::of_body(with_title.as_bytes()), None, &Settings::default()).is_ok());
    }
}

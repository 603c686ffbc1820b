use serde_json::json;

use super::*;
use crate::notification::{Notification, Severity, Status};
use crate::sender::tests::{self, fixture};
use crate::sender::{Request, Settings};

#[track_caller]
fn told(body: &Value) -> Notification {
    let notification = tests::told(Request::of_body(body.to_string().as_bytes()), Sender::EventBridge);
    let stored = serde_json::to_string(&notification).expect("JSON");
    for private in ["123456789098", "164901546557", "16490154", "accountid", "42.120", "172.25"] {
        assert!(!stored.contains(private), "{private}: {stored}");
    }
    notification
}

fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

#[test]
fn what_is_seen_of_a_system_event() {
    let notification = told(&fixture("eventbridge-ecs-spot-constructed.json"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&notification.alerts[0]).expect("JSON"), @r#"
    {
      "status": "firing",
      "labels": {
        "action": "delete",
        "alertname": "ecs:Instance:PreemptibleInstanceInterruption",
        "bus": "default",
        "instance": "i-bp1ecr****5go2go",
        "instanceId": "i-bp1ecr****5go2go",
        "region": "cn-hangzhou",
        "source": "acs.ecs"
      },
      "annotations": {
        "summary": "i-bp1ecr****5go2go: delete"
      },
      "startsAt": "2020-11-19T13:04:41Z",
      "endsAt": "",
      "generatorURL": "",
      "fingerprint": "3462bb79c7711d26"
    }
    "#);
    assert_eq!(notification.group_key, "eventbridge:45ef4dewdwe1-7c35-447a-bd93-fab****");
    assert_eq!(notification.raw["subject"], "acs:ecs:cn-hangzhou::instance/i-bp1ecr****5go2go");
}

#[test]
fn what_is_seen_of_a_message_of_a_queue() {
    let body = fixture("eventbridge-envelope.json");
    let notification = told(&body);
    let alert = &notification.alerts[0];
    assert_eq!(alert.labels["alertname"], "mns:Queue:SendMessage");
    assert_eq!(alert.labels["instance"], "zeus");
    assert_eq!(alert.annotations["summary"], "zeus: TEST");
    assert_eq!(alert.starts_at, "2021-04-08T06:28:17.093Z");
    let published = told(&with(&body, "time", json!(null)));
    assert_eq!(published.alerts[0].starts_at, "2021-10-15T07:06:34.028Z");
}

#[test]
fn each_event_is_told_by_itself_and_once() {
    let body = fixture("eventbridge-ecs-spot-constructed.json");
    let first = told(&body);
    let again = told(&with(&body, "aliyunpublishtime", json!("2020-11-19T21:05:42.179PRC")));
    assert_eq!((first.group_id("t"), first.state_digest()), (again.group_id("t"), again.state_digest()));
    let other = told(&with(&body, "id", json!("other")));
    assert_ne!(first.group_id("t"), other.group_id("t"));
}

#[test]
fn what_has_an_id_of_its_own_goes_through_phases() {
    let body = fixture("eventbridge-ecs-spot-constructed.json");
    let at = |status: &str, id: &str| {
        let data = json!({"eventId": "e-1", "eventStatus": status, "publishTime": "2019-04-09T04:18:26Z"});
        told(&with(&with(&body, "data", data), "id", json!(id)))
    };
    let (scheduled, avoided) = (at("Scheduled", "a"), at("Avoided", "b"));
    assert_eq!(scheduled.group_id("t"), avoided.group_id("t"));
    assert_ne!(scheduled.state_digest(), avoided.state_digest());
    assert_ne!(scheduled.state_digest(), at("Executing", "c").state_digest());
    assert_eq!(scheduled.state_digest(), at("Scheduled", "d").state_digest());
    assert_eq!((scheduled.status, avoided.status), (Status::Firing, Status::Resolved));
    let alert = &avoided.alerts[0];
    assert_eq!([alert.starts_at.as_str(), &alert.ends_at], ["2019-04-09T04:18:26Z", "2020-11-19T13:04:41Z"]);
}

#[test]
fn data_of_any_kind_is_told() {
    let body = fixture("eventbridge-envelope.json");
    let opened = told(&with(&body, "data", json!(r#"{"level":"WARN","message":"x\ny","source":"other"}"#)));
    let alert = &opened.alerts[0];
    assert_eq!((alert.severity, alert.annotations["summary"].as_str()), (Some(Severity::Warning), "zeus: x"));
    assert_eq!(alert.labels["data.source"], "other");
    let text = told(&with(&body, "data", json!("line one\nline two")));
    assert_eq!(text.alerts[0].annotations["description"], "line one\nline two");
    assert_eq!(text.alerts[0].annotations["summary"], "zeus: line one");
    let list = told(&with(&with(&body, "data", json!([1])), "subject", json!(null)));
    assert_eq!(
        (list.alerts[0].labels["0"].as_str(), list.alerts[0].labels["instance"].as_str()),
        ("1", "MNS-Function-mnstrigger")
    );
    for body in ["[]", "{}", r#"{"type":"","specversion":"1.0","data":{}}"#] {
        let error =
            super::super::decode(Request::of_body(body.as_bytes()), Some(Sender::EventBridge), &Settings::default());
        assert!(error.expect_err(body).to_string().contains("not an event of EventBridge"), "{body}");
    }
}

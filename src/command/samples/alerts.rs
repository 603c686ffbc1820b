//! What Alertmanager posts.

use serde_json::{Value, json};

use super::ago;
use crate::clock::Timestamp;

/// What Alertmanager gives as the reason of a first notification.
const FIRST: &str = "first notification";

pub(super) fn one(now: Timestamp) -> String {
    payload("firing", FIRST, &[alert("10.0.0.1:9100", "critical", None, now)])
}

pub(super) fn firing(now: Timestamp) -> String {
    let second = alert("10.0.0.2:9100", "warning", None, now);
    payload("firing", FIRST, &[alert("10.0.0.1:9100", "critical", None, now), second])
}

pub(super) fn mixed(now: Timestamp) -> String {
    let second = alert("10.0.0.2:9100", "warning", Some(now), now);
    payload("firing", "some alerts resolved", &[alert("10.0.0.1:9100", "critical", None, now), second])
}

pub(super) fn resolved(now: Timestamp) -> String {
    payload("resolved", "all alerts resolved", &[alert("10.0.0.1:9100", "critical", Some(now), now)])
}

pub(super) fn many(now: Timestamp) -> String {
    payload("firing", FIRST, &hosts(30, now))
}

pub(super) fn crowd(now: Timestamp) -> String {
    payload("firing", FIRST, &hosts(120, now))
}

pub(super) fn no_severity(now: Timestamp) -> String {
    let mut alert = alert("10.0.0.1:9100", "", None, now);
    if let Some(labels) = alert["labels"].as_object_mut() {
        labels.remove("severity");
    }
    payload("firing", FIRST, &[alert])
}

pub(super) fn bare(now: Timestamp) -> String {
    let mut alert = alert("", "", None, now);
    alert["labels"] = json!({"alertname": "Watchdog"});
    alert["annotations"] = json!({});
    alert["generatorURL"] = "".into();
    payload("firing", FIRST, &[alert])
}

pub(super) fn long(now: Timestamp) -> String {
    let mut alert = alert("10.0.0.1:9100", "critical", None, now);
    let sentences: String =
        (1..=420).map(|number| format!("{number}. The host did not answer, and was asked again and again. ")).collect();
    alert["annotations"]["description"] = sentences.into();
    payload("firing", FIRST, &[alert])
}

pub(super) fn odd(now: Timestamp) -> String {
    let mut alert =
        alert("db_1 *bold* _under_ `code` [x](http://x.test) ~~no~~ | <b>b</b> # \\ 100%", "critical", None, now);
    alert["labels"]["alertname"] = "Odd \"quoted\" 'name' 名字 🔥 تنبيه".into();
    alert["labels"]["team"] = "@13800000000 @all \u{202e}desrever\u{202c}".into();
    alert["labels"]["path"] = "C:\\temp\\*.log {{ x }} &lt; &amp;".into();
    alert["annotations"]["summary"] = "磁盘 \"/data\" 已用 97 % 👩‍💻 قرص ممتلئ @everyone".into();
    alert["annotations"]["description"] = "First line\nsecond line\n\n# not a heading\n- a list\n> a quote\ttab".into();
    payload("firing", FIRST, &[alert])
}

/// What Alertmanager sends when a rack loses its power: many groups of alerts at once.
pub(crate) fn storm(now: Timestamp) -> Vec<String> {
    let names = [("HostDown", "critical"), ("PodNotReady", "warning"), ("KafkaUnderReplicated", "warning")];
    let group = |cluster: usize, (name, severity): (&str, &str)| {
        let named = |instance: usize| {
            let instance = format!("rack-7-{cluster}-{instance}");
            let mut alert = alert(&instance, severity, None, now);
            alert["labels"]["alertname"] = name.into();
            alert["labels"]["cluster"] = format!("cluster-{cluster}").into();
            alert["annotations"] = json!({"summary": format!("{name} on {instance}")});
            alert["generatorURL"] = "".into();
            alert["fingerprint"] = format!("{name}-{instance}").into();
            alert
        };
        let alerts: Vec<Value> = (1..=2).map(named).collect();
        let mut body = json!({"version": "4", "receiver": "dingtalk", "status": "firing", "alerts": alerts});
        body["groupKey"] = format!("{{}}:{{alertname=\"{name}\", cluster=\"cluster-{cluster}\"}}").into();
        body.to_string()
    };
    (1..=10).flat_map(|cluster| names.map(|name| group(cluster, name))).collect()
}

fn hosts(count: usize, now: Timestamp) -> Vec<Value> {
    (1..=count).map(|host| alert(&format!("10.0.1.{host}:9100"), "warning", None, now)).collect()
}

fn alert(instance: &str, severity: &str, ended: Option<Timestamp>, now: Timestamp) -> Value {
    json!({
        "status": if ended.is_some() { "resolved" } else { "firing" },
        "labels": {
            "alertname": "HostDown", "severity": severity, "instance": instance,
            "job": "node", "cluster": "cn-hangzhou-1", "team": "infra",
        },
        "annotations": {
            "summary": format!("{instance} is down"),
            "description": "The host has not answered for 10 minutes.",
            "runbook_url": "https://runbooks.example.com/HostDown",
        },
        "startsAt": ago(now, 12).to_string(),
        "endsAt": ended.map_or("0001-01-01T00:00:00Z".to_owned(), |ended| ended.to_string()),
        "generatorURL": "https://prometheus.example.com/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
        "fingerprint": instance,
    })
}

fn payload(status: &str, reason: &str, alerts: &[Value]) -> String {
    let name = &alerts[0]["labels"]["alertname"];
    let common = json!({"alertname": name, "job": "node", "cluster": "cn-hangzhou-1", "team": "infra"});
    let (labels, annotations) = match alerts {
        [alert] => (alert["labels"].clone(), alert["annotations"].clone()),
        _ => (common, json!({})),
    };
    json!({
        "version": "4",
        "groupKey": format!("{{}}:{{alertname={name}, cluster=\"cn-hangzhou-1\"}}"),
        "receiver": "dingtalk",
        "status": status,
        "notification_reason": reason,
        "groupLabels": {"alertname": name, "cluster": "cn-hangzhou-1"},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "https://alertmanager.example.com",
        "truncatedAlerts": 0,
        "alerts": alerts,
    })
    .to_string()
}

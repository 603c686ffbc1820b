//! Notifications that every bridge can render: what `check` tries templates on and `demo` sends.

use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::notification::{Alert, Labels, Notification, Sender, Severity, Status};
use crate::sender::{self, Request};

/// A payload to try, and what it is about.
pub(super) struct Sample {
    pub(super) about: &'static str,
    pub(super) body: String,
}

/// Payloads as Alertmanager sends them, with alerts that began a few minutes before `now`.
pub(super) fn samples(now: Timestamp) -> Vec<Sample> {
    let firing = [alert("10.0.0.1:9100", "critical", None, now), alert("10.0.0.2:9100", "warning", None, now)];
    let one_left = [alert("10.0.0.1:9100", "critical", None, now), alert("10.0.0.2:9100", "warning", Some(now), now)];
    let over = [alert("10.0.0.1:9100", "critical", Some(now), now)];
    let bare = json!({"status": "firing", "labels": {"alertname": "Watchdog"}, "annotations": {},
        "startsAt": ago(now, 1).to_string(), "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "", "fingerprint": "0"});
    vec![
        Sample { about: "two hosts are down", body: payload("firing", "first notification", &firing) },
        Sample { about: "one of them is back", body: payload("firing", "some alerts resolved", &one_left) },
        Sample { about: "the other is back as well", body: payload("resolved", "all alerts resolved", &over) },
        Sample {
            about: "an alert that says nothing but its name",
            body: payload("firing", "first notification", &[bare]),
        },
        Sample {
            about: "more alerts than one message holds",
            body: payload("firing", "first notification", &many(now)),
        },
    ]
}

/// What other senders post, each in its own way.
pub(super) fn others(now: Timestamp) -> Vec<Sample> {
    let threshold = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("alertName", "CPU usage of web servers"),
            ("alertState", "ALERT"),
            ("triggerLevel", "WARN"),
            ("preTriggerLevel", "null"),
            ("metricName", "cpu_total"),
            ("curValue", "97.39"),
            ("unit", "%"),
            ("expression", "$Average>=95"),
            ("lastTime", "5 minutes"),
            ("instanceName", "web-01"),
            ("dimensions", "{userId=1234567890123456, instanceId=i-bp1example}"),
            ("regionName", "China (Hangzhou)"),
            ("timestamp", &now.as_millisecond().to_string()),
            ("transId", "53767d2a-ae72-11ed-b2ca-00163e2c0000"),
        ])
        .finish();
    vec![
        Sample { about: "CloudMonitor calls back about a threshold", body: threshold },
        Sample {
            about: "a script has a word to say",
            body: "Backup of db1 has failed: no space left on device".into(),
        },
    ]
}

/// The samples as they are understood, and one event of every other sender: templates are chosen by the sender.
pub(super) fn notifications(now: Timestamp) -> Vec<(String, Notification)> {
    let decode = |sample: Sample| {
        let decoded = sender::decode(Request::of_body(sample.body.as_bytes()), None, &sender::Settings::default());
        (sample.about.to_owned(), decoded.expect("samples are well formed").notification)
    };
    let senders = Sender::ALL.into_iter().filter(|sender| *sender != Sender::Alertmanager);
    let events = senders.map(|sender| (format!("something happened, told by {sender}"), event(sender, now)));
    samples(now).into_iter().chain(others(now)).map(decode).chain(events).collect()
}

fn event(sender: Sender, now: Timestamp) -> Notification {
    let labels = |pairs: &[(&str, &str)]| -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let alert = Alert {
        status: Status::Firing,
        labels: labels(&[
            ("alertname", "CPU"),
            ("severity", "warning"),
            ("instance", "db-1"),
            ("region", "cn-hangzhou"),
        ]),
        annotations: labels(&[("summary", "CPU 91 %"), ("description", "The average of 5 minutes is above 90 %.")]),
        starts_at: ago(now, 1).to_string(),
        ends_at: String::new(),
        generator_url: "https://console.example.com/db-1".to_owned(),
        fingerprint: "db-1".to_owned(),
        severity: Some(Severity::Warning),
    };
    Notification::new(sender, "db-1".to_owned(), vec![alert])
}

/// What Alertmanager sends when a rack loses its power: many groups of alerts at once.
pub(super) fn storm(now: Timestamp) -> Vec<String> {
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

fn ago(now: Timestamp, minutes: i64) -> Timestamp {
    now.checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap_or(now)
}

fn many(now: Timestamp) -> Vec<Value> {
    (1..=120).map(|host| alert(&format!("10.0.1.{host}:9100"), "warning", None, now)).collect()
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
    let common = json!({"alertname": "HostDown", "job": "node", "cluster": "cn-hangzhou-1", "team": "infra"});
    json!({
        "version": "4",
        "groupKey": "{}:{alertname=\"HostDown\", cluster=\"cn-hangzhou-1\"}",
        "receiver": "dingtalk",
        "status": status,
        "notification_reason": reason,
        "groupLabels": {"alertname": "HostDown", "cluster": "cn-hangzhou-1"},
        "commonLabels": if alerts.len() == 1 { alerts[0]["labels"].clone() } else { common },
        "commonAnnotations": {},
        "externalURL": "https://alertmanager.example.com",
        "truncatedAlerts": 0,
        "alerts": alerts,
    })
    .to_string()
}

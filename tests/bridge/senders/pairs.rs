//! Firing and recovery of one incident: one firing and one resolved message, and what is repeated between counted.

use bytes::Bytes;
use dingbridge::sandbox::Arrival;
use http::{Method, StatusCode};
use serde_json::json;

use super::{body_of, bridge, generous, seen};
use crate::harness::{Answer, Bridge};

/// What fires, and what ends it.
struct Pair {
    name: &'static str,
    firing: String,
    resolved: String,
}

impl Pair {
    fn of(name: &'static str, firing: impl Into<String>, resolved: impl Into<String>) -> Self {
        Self { name, firing: firing.into(), resolved: resolved.into() }
    }

    /// Two fixtures.
    fn files(firing: &'static str, resolved: &'static str) -> Self {
        Self::of(firing, text_of(firing), text_of(resolved))
    }

    /// A fixture, and the same with other words.
    fn changed(name: &'static str, words: &[(&str, &str)]) -> Self {
        let firing = text_of(name);
        let change = |text: String, (from, to): &(&str, &str)| {
            assert!(text.contains(from), "{name}: {from}");
            text.replace(from, to)
        };
        let resolved = words.iter().fold(firing.clone(), change);
        Self::of(name, firing, resolved)
    }
}

fn pairs() -> Vec<Pair> {
    let ocp_ended = text_of("ocp-labels.json");
    let generic = |status: &str| json!({"title": "Backup failed", "status": status, "key": "backup"}).to_string();
    vec![
        Pair::files("cms-event-ecs-reboot-scheduled.json", "cms-event-ecs-reboot-avoided.json"),
        Pair::files("cms-event-ecs-disk-stalled-start.json", "cms-event-ecs-disk-stalled-end.json"),
        Pair::changed(
            "cms-event-agent-stopped-dryrun.json",
            &[("Agent_Status_Stopped", "Agent_Status_Running"), ("\"stopped\"", "\"Running\"")],
        ),
        Pair::files("cms-subscription-post-json.json", "cms-subscription-resolved-constructed.json"),
        Pair::changed(
            "cms-threshold-alert-capture.form",
            &[("alertState=ALERT", "alertState=OK"), ("&triggerLevel=INFO", "&triggerLevel=OK")],
        ),
        Pair::changed(
            "cms-threshold-doc-unescaped.form",
            &[("alertState=ALERT", "alertState=OK"), ("&triggerLevel=WARN", "&triggerLevel=OK")],
        ),
        Pair::changed("cms-threshold-2019.json", &[("\"ALARM\"", "\"OK\"")]),
        Pair::changed("cms-threshold-mns.json", &[("发生告警", "恢复告警")]),
        Pair::changed(
            "cms2-triggered.json",
            &[("OCCURRED", "RESOLVED"), ("NORMAL_TRIGGER", "NORMAL_RESOLVE"), ("alert-event-1", "alert-event-2")],
        ),
        Pair::changed("arms-alertmanager.json", &[("\"firing\"", "\"resolved\"")]),
        Pair::changed(
            "sls-firing.json",
            &[("\"firing\"", "\"resolved\""), ("\"resolve_time\": 0", "\"resolve_time\": 1616749200")],
        ),
        Pair::files("grafana-firing.json", "grafana-resolved.json"),
        Pair::files("ocp-http-markdown.json", "ocp-http-recover.json"),
        Pair::of("ocp-labels.json", ocp_ended.replace("已消除", "告警中"), ocp_ended),
        Pair::changed("uptimekuma-down.json", &[("\"status\": 0", "\"status\": 1"), ("Down", "Up")]),
        Pair::of("generic", generic("firing"), generic("resolved")),
    ]
}

fn text_of(name: &str) -> String {
    String::from_utf8(body_of(name).to_vec()).expect("text")
}

async fn post(bridge: &Bridge, body: &str) -> Answer {
    let content_type =
        if body.starts_with(['{', '[']) { "application/json" } else { "application/x-www-form-urlencoded" };
    let headers = [("Content-Type", content_type)];
    bridge.request(Method::POST, "/dingtalk/ops/send", &headers, Bytes::from(body.to_owned())).await
}

fn is_resolved(arrival: &Arrival) -> bool {
    let seen = seen(arrival).to_lowercase();
    ["resolved", "恢复", "recover"].iter().any(|word| seen.contains(word))
}

#[tokio::test]
async fn trigger_and_recovery_are_one_group_and_repetitions_are_counted() {
    for Pair { name, firing, resolved } in pairs() {
        let dingtalk = generous().await;
        let bridge = bridge(&dingtalk, "", "").await;
        for (number, body) in [&firing, &firing, &firing, &resolved, &resolved].iter().enumerate() {
            let answer = post(&bridge, body).await;
            assert_eq!(answer.status, StatusCode::OK, "{name}: {answer:?}");
            let told = if [0, 3].contains(&number) { "accepted" } else { "duplicate" };
            assert!(answer.body.contains(told), "{name}, number {number}: {answer:?}");
            bridge.until_settled("ops", if number < 3 { 1 } else { 2 }).await;
        }
        let shown = dingtalk.until_shown(2).await;
        let messages: Vec<String> = shown.iter().map(seen).collect();
        assert_eq!(messages.len(), 2, "{name}: {messages:?}");
        let states: Vec<bool> = shown.iter().map(is_resolved).collect();
        assert_eq!(states, [false, true], "{name}: {messages:#?}");
        let counted = messages[1].lines().any(|line| line.contains("held back") && line.contains('2'));
        assert!(counted, "{name}: {}", messages[1]);
    }
}

/// OCP fires anew every three minutes, with other values in its text each time.
#[tokio::test]
async fn an_alert_that_is_repeated_with_other_values_is_told_once() {
    let dingtalk = generous().await;
    let bridge = bridge(&dingtalk, "", "").await;
    let text = text_of("ocp-http-text.json");
    for (number, value) in ["60", "61", "75"].iter().enumerate() {
        let answer = post(&bridge, &text.replace("持续 60", &format!("持续 {value}"))).await;
        let told = if number == 0 { "accepted" } else { "duplicate" };
        assert!(answer.body.contains(told), "{value}: {answer:?}");
    }
    // Another alarm of the same object is not a repetition.
    let other = post(&bridge, &text.replace("CPU 使用率超限", "内存不足")).await;
    assert!(other.body.contains("accepted"), "{other:?}");
    dingtalk.until_shown(2).await;
}

#[tokio::test]
async fn what_gets_worse_is_news() {
    let dingtalk = generous().await;
    let bridge = bridge(&dingtalk, "", "").await;
    let warning = text_of("cms-threshold-alert-capture.form");
    let later =
        warning.replace("timestamp=1685646149981", "timestamp=1685646449981").replace("curValue=9", "curValue=11");
    let worse = later.replace("&triggerLevel=INFO", "&triggerLevel=CRITICAL");
    for (body, told) in [(&warning, "accepted"), (&later, "duplicate"), (&worse, "accepted")] {
        let answer = post(&bridge, body).await;
        assert!(answer.body.contains(told), "{told}: {answer:?}");
    }
    let shown = dingtalk.until_shown(2).await;
    assert!(seen(&shown[1]).contains("CRITICAL"), "{}", seen(&shown[1]));
}

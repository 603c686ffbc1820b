//! When a target cannot deliver: who is told, what, and what happens when it can again.

use std::sync::Arc;

use dingbridge::sandbox::{Arrival, Fault, Settings};
use rusqlite::Connection;
use tempfile::TempDir;

use crate::harness::{Bridge, DingTalk, SECRET, Start, canary, payload_of, until};

const STARTED: &str = "2026-11-20T09:00:00Z";

async fn dingtalk() -> DingTalk {
    DingTalk::start(Settings::default(), &["ops", "oncall"]).await
}

/// `ops` falls back to `oncall`.
fn config(dingtalk: &DingTalk, more: &str) -> String {
    let target = |name: &str| format!("  {name}:\n    url: {}\n    secret: {SECRET}\n", dingtalk.url(name));
    format!("{more}\ntargets:\n{}    fallback: oncall\n{}", target("ops"), target("oncall"))
}

fn refuse_token(dingtalk: &DingTalk) {
    let fault = Fault::Errcode { code: 300_005, errmsg: "token is not exist".into() };
    dingtalk.sandbox.order_for(&canary("ops"), fault);
}

/// What Alertmanager posts about a group of one alert.
fn alert(group: &str, status: &str, severity: &str) -> String {
    payload_of(group, status, &[("web-1", status, STARTED)]).replace("critical", severity)
}

fn calls(dingtalk: &DingTalk, token: &str) -> Vec<Arrival> {
    let token = canary(token);
    dingtalk.sandbox.arrivals().into_iter().filter(|arrival| arrival.token == token).collect()
}

/// The messages that the group of `token` sees and that hold `word`.
fn shown(dingtalk: &DingTalk, token: &str, word: &str) -> Vec<Arrival> {
    let is_it = |arrival: &Arrival| arrival.shown() && arrival.body.contains(word);
    calls(dingtalk, token).into_iter().filter(is_it).collect()
}

async fn until_told(dingtalk: &DingTalk, token: &str, word: &str) {
    until(&format!("{token} to be told of {word}"), || !shown(dingtalk, token, word).is_empty()).await;
}

/// Lets everything that waits have waited for so many minutes longer.
fn age(folder: &Arc<TempDir>, minutes: i64) {
    let connection = Connection::open(folder.path().join("data/outbox.db")).expect("open");
    let earlier = minutes * 60_000;
    connection.execute("UPDATE entries SET accepted_at = accepted_at - ?1", [earlier]).expect("update");
}

async fn post(bridge: &Bridge, group: &str, status: &str, severity: &str) {
    let answer = bridge.send("ops", alert(group, status, severity)).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

#[tokio::test]
async fn the_fallback_is_told_once_what_is_wrong_and_at_once_what_is_critical() {
    let dingtalk = dingtalk().await;
    let config = config(&dingtalk, "");
    let bridge = Start::new(&config).ready().await;
    refuse_token(&dingtalk);
    post(&bridge, "HostDown", "firing", "critical").await;
    until_told(&dingtalk, "oncall", "DingTalkRobotMisconfigured").await;
    until_told(&dingtalk, "oncall", "HostDown").await;
    post(&bridge, "DiskFull", "firing", "critical").await;
    until_told(&dingtalk, "oncall", "DiskFull").await;
    post(&bridge, "CertificateExpires", "firing", "warning").await;
    assert_eq!(bridge.metric("dingbridge_robots_misconfigured{target=\"ops\"}").await, Some(1.0));

    let note = &shown(&dingtalk, "oncall", "DingTalkRobotMisconfigured")[0];
    assert!(note.body.contains("token is not exist") && note.body.contains("ops"), "{}", note.body);
    assert!(shown(&dingtalk, "oncall", "HostDown")[0].body.contains("Meant for ops"), "it says whose it is");
    assert_eq!(calls(&dingtalk, "ops").len(), 1, "one clear answer is enough");

    // Somebody puts it right.
    bridge.reload(&config).await;
    until_told(&dingtalk, "ops", "HostDown").await;
    let missed = &shown(&dingtalk, "ops", "HostDown")[0];
    assert!(missed.body.contains("DiskFull"), "what was missed comes in one digest: {}", missed.body);
    until_told(&dingtalk, "ops", "CertificateExpires").await;
    until_told(&dingtalk, "oncall", "gets messages again").await;
    assert!(shown(&dingtalk, "oncall", "CertificateExpires").is_empty(), "it did not wait for long");
    assert_eq!(shown(&dingtalk, "oncall", "gets no messages").len(), 1);
    assert_eq!(bridge.metric("dingbridge_robots_misconfigured{target=\"ops\"}").await, Some(0.0));
    assert_eq!(bridge.metric("dingbridge_notifications_forwarded_total{target=\"ops\"}").await, Some(2.0));
}

#[tokio::test]
async fn what_waits_for_five_minutes_is_told_to_the_fallback_in_one_digest_and_so_is_its_end() {
    let dingtalk = dingtalk().await;
    let config = config(&dingtalk, "");
    let bridge = Start::new(&config).ready().await;
    refuse_token(&dingtalk);
    for group in ["DiskFull", "CertificateExpires", "ClockSkew"] {
        post(&bridge, group, "firing", "warning").await;
    }
    until_told(&dingtalk, "oncall", "DingTalkRobotMisconfigured").await;
    let folder = bridge.kill();
    age(&folder, 5);

    refuse_token(&dingtalk);
    let bridge = Start::new(&config).in_folder(folder).ready().await;
    until_told(&dingtalk, "oncall", "ClockSkew").await;
    let digest = &shown(&dingtalk, "oncall", "ClockSkew")[0];
    assert!(digest.body.contains("DiskFull") && digest.body.contains("CertificateExpires"), "{}", digest.body);
    until("the robot to be tried", || calls(&dingtalk, "ops").len() == 2).await;

    // What is over follows where it was shown to fire, though its own target still waits.
    post(&bridge, "DiskFull", "resolved", "warning").await;
    until("the end of it", || shown(&dingtalk, "oncall", "DiskFull").len() == 2).await;
    assert!(shown(&dingtalk, "oncall", "DiskFull")[1].body.contains("RESOLVED"));
    assert_eq!(calls(&dingtalk, "ops").len(), 2);

    bridge.reload(&config).await;
    until_told(&dingtalk, "ops", "ClockSkew").await;
    bridge.until_settled("ops", 4).await;
    let missed = shown(&dingtalk, "ops", "");
    assert_eq!(missed.len(), 1, "one digest: {missed:?}");
}

#[tokio::test]
async fn without_a_fallback_what_waits_stays() {
    let dingtalk = dingtalk().await;
    let config = dingtalk.config(&["ops"], "");
    let bridge = Start::new(&config).ready().await;
    refuse_token(&dingtalk);
    post(&bridge, "HostDown", "firing", "critical").await;
    bridge.until_metric("dingbridge_robots_misconfigured{target=\"ops\"}", |refuses| refuses == 1.0).await;
    assert!(bridge.log().lines().any(|line| line.contains("level=error") && line.contains("token is not exist")));
    bridge.reload(&config).await;
    until_told(&dingtalk, "ops", "HostDown").await;
}

#[tokio::test]
async fn a_budget_is_counted_told_of_and_kept_for_what_is_critical() {
    let dingtalk = dingtalk().await;
    let config = config(&dingtalk, "budget: {monthly: 10}");
    let bridge = Start::new(&config).ready().await;
    for group in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        post(&bridge, group, "firing", "critical").await;
    }
    until_told(&dingtalk, "oncall", "80 % of this month").await;
    for group in ["I", "J"] {
        post(&bridge, group, "firing", "critical").await;
    }
    bridge.until_settled("ops", 10).await;
    bridge.until_metric("dingbridge_dingtalk_calls_this_month", |calls| calls >= 11.0).await;
    assert_eq!(bridge.metric("dingbridge_dingtalk_calls_budget").await, Some(10.0));

    let folder = bridge.kill();
    let bridge = Start::new(&config).in_folder(folder).ready().await;
    post(&bridge, "DiskFull", "firing", "warning").await;
    post(&bridge, "HostDown", "firing", "critical").await;
    until_told(&dingtalk, "ops", "HostDown").await;
    bridge.until_metric("dingbridge_queue_length{target=\"ops\"}", |waiting| waiting == 1.0).await;
    assert!(shown(&dingtalk, "ops", "DiskFull").is_empty(), "it waits for the digest of the day");
}

#[tokio::test]
async fn when_dingtalk_says_that_the_quota_is_used_up_the_fallback_hears_what_is_critical() {
    let dingtalk = dingtalk().await;
    let bridge = Start::new(config(&dingtalk, "")).ready().await;
    let fault = Fault::Errcode { code: 90_030, errmsg: "webhook over limit".into() };
    dingtalk.sandbox.order_for(&canary("ops"), fault);
    post(&bridge, "HostDown", "firing", "critical").await;
    until_told(&dingtalk, "oncall", "HostDown").await;
    post(&bridge, "DiskFull", "firing", "warning").await;
    bridge.until_metric("dingbridge_queue_length{target=\"ops\"}", |waiting| waiting == 2.0).await;
    assert_eq!(calls(&dingtalk, "ops").len(), 1);
}

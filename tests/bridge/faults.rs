//! Faults that last: how often a robot is called meanwhile, what its fallback is told, and what comes of it all in the
//! end. What a single answer leads to is in `verdicts.rs`, the answers are in `answers.rs`, and what is wrong with the
//! network is in `network.rs`.
//!
//! Each fault has a target and a robot of its own, all in one bridge, so that nothing waits for anything else.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use dingbridge::sandbox::{Arrival, Fault, Settings};
use http::StatusCode;

use crate::answers::{
    Case, Keyword, Metrics, again, arrivals, body, code, corrected, keywords, misconfigured, named, rejected, send,
    told, until_metrics, until_nothing_waits,
};
use crate::harness::{Bridge, DingTalk, SECRET, Start, canary, payload_severe, until};

/// The target that is told what another cannot deliver.
const ONCALL: &str = "oncall";
/// More than anything here sends.
const FREE: (u32, Duration) = (100_000, Duration::from_secs(1));

/// A bridge whose robots have these faults for good, each with the same fallback.
async fn lasting(cases: &[(String, Case)], more: &str) -> (DingTalk, Bridge) {
    let names: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
    let every: Vec<&str> = names.iter().copied().chain([ONCALL]).collect();
    let dingtalk = DingTalk::start(Settings { rate: FREE, ..Settings::default() }, &every).await;
    for (name, (fault, ..)) in cases {
        dingtalk.sandbox.order_lasting(&canary(name), fault.clone());
    }
    let oncall = format!("  {ONCALL}: {{url: '{}', secret: {SECRET}, rate_limit: 100000/1s}}\n", dingtalk.url(ONCALL));
    let config = format!("timeout: 1s\n{}{oncall}", dingtalk.config(&names, &format!("rate_limit: 100000/1s\n{more}")));
    let bridge = Start::new(config).ready().await;
    (dingtalk, bridge)
}

/// Posts one alert of this severity, a group of its own.
async fn fire(bridge: &Bridge, target: &str, name: &str, severity: &str) {
    post(bridge, target, name, severity, "firing").await;
}

async fn post(bridge: &Bridge, target: &str, name: &str, severity: &str, status: &str) {
    let body = payload_severe(name, severity, status, &[(name, status, "2026-11-20T09:00:00Z")]);
    assert_eq!(bridge.send(target, body).await.status, StatusCode::OK, "{name}");
}

/// The messages that the group of a robot sees and that hold all of these words.
fn shown(dingtalk: &DingTalk, name: &str, words: &[&str]) -> Vec<Arrival> {
    let shown = arrivals(dingtalk, name).into_iter().filter(Arrival::shown);
    shown.filter(|arrival| words.iter().all(|word| arrival.body.contains(word))).collect()
}

/// What a fallback is told about a robot, apart from the alerts.
fn notes(dingtalk: &DingTalk, about: &str) -> Vec<Arrival> {
    shown(dingtalk, ONCALL, &["Misconfigured", about])
}

#[tokio::test]
async fn a_trouble_that_lasts_costs_few_calls_all_of_the_same_message() {
    let cases = named(again());
    let (dingtalk, bridge) = lasting(&cases, "fallback: oncall").await;
    for (name, _) in &cases {
        send(&bridge, name, "First").await;
    }
    let tried = |count: usize| cases.iter().all(|(name, _)| arrivals(&dingtalk, name).len() >= count);
    until("three calls of every robot", || tried(3)).await;
    let metrics = Metrics::of(&bridge).await;
    for (name, (fault, ..)) in &cases {
        assert_eq!(metrics.get("notifications_total", name), 0.0, "{fault:?}");
        assert!(metrics.reason("notification_requests_failed_total", name, "retry") >= 2.0, "{fault:?}");
        assert!(!metrics.is_paused(name), "{fault:?}");
    }
    dingtalk.sandbox.recover_all();
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, ..)) in &cases {
        let arrivals = arrivals(&dingtalk, name);
        assert_all_the_same(fault, &arrivals);
        assert_ever_more_slowly(fault, &arrivals);
        assert_eq!(arrivals.iter().filter(|arrival| arrival.shown()).count(), 1, "{fault:?}");
    }
    assert!(arrivals(&dingtalk, ONCALL).is_empty(), "nothing was missed for long enough to be told elsewhere");
}

/// Every attempt has the same `msgUuid` and the same bytes.
fn assert_all_the_same(fault: &Fault, arrivals: &[Arrival]) {
    let read = arrivals.iter().filter(|arrival| arrival.fault != Some("reset_before_read"));
    let messages: HashSet<_> = read.map(|arrival| (&arrival.msg_uuid, &arrival.body)).collect();
    assert_eq!(messages.len(), 1, "{fault:?}: {messages:?}");
}

/// At least 1 s before the second attempt, 2 s before the third, and so on; a little less by the receiver's clock.
fn assert_ever_more_slowly(fault: &Fault, arrivals: &[Arrival]) {
    for (pair, seconds) in arrivals.windows(2).zip([1.0, 2.0, 4.0, 8.0, 16.0]) {
        let gap = pair[1].since_start - pair[0].since_start;
        assert!(gap.as_secs_f64() >= 0.9 * seconds, "{fault:?}: {gap:?} instead of {seconds} s or more");
    }
}

#[tokio::test]
async fn a_robot_that_keeps_failing_is_not_asked_for_every_message_that_waits() {
    const WAITING: usize = 60;
    let faults = [body(200, "{}"), body(502, "<html>"), code(-1, "系统繁忙"), Fault::ResetAfterRead];
    let cases = named(faults.map(|fault| (fault, "", crate::answers::Again)).into());
    let (dingtalk, bridge) = lasting(&cases, "").await;
    for (name, _) in &cases {
        for number in 0..WAITING {
            fire(&bridge, name, &format!("Waiting{number:02}"), "warning").await;
        }
    }
    // The first one is tried for the third time; by then each of the others would have been tried once.
    let tried = |name: &str| {
        let arrivals = arrivals(&dingtalk, name);
        arrivals.iter().filter(|arrival| arrival.msg_uuid == arrivals[0].msg_uuid).count()
    };
    until("three calls for the first message", || cases.iter().all(|(name, _)| tried(name) >= 3)).await;
    for (name, (fault, ..)) in &cases {
        let calls = arrivals(&dingtalk, name).len();
        assert!(calls < WAITING / 2, "{fault:?}: {calls} calls for {WAITING} notifications");
    }
    dingtalk.sandbox.recover_all();
    // It is asked again after a minute at the latest.
    until_nothing_waits(&bridge, Duration::from_secs(100)).await;
    for (name, (fault, ..)) in &cases {
        for number in 0..WAITING {
            let group = format!("Waiting{number:02}");
            assert!(!shown(&dingtalk, name, &[&group]).is_empty(), "{fault:?}: {group} was not told");
        }
        assert_same_under_one_uuid(&arrivals(&dingtalk, name));
    }
}

/// Under one `msgUuid` go the same bytes, to the same robot.
pub fn assert_same_under_one_uuid(arrivals: &[Arrival]) {
    let read = arrivals.iter().filter(|arrival| arrival.fault != Some("reset_before_read"));
    let uuids: HashSet<_> = read.clone().map(|arrival| &arrival.msg_uuid).collect();
    let messages: HashSet<_> = read.map(|arrival| (&arrival.msg_uuid, &arrival.token, &arrival.body)).collect();
    assert_eq!(uuids.len(), messages.len(), "one `msgUuid` had two bodies");
}

#[tokio::test]
async fn a_misconfigured_robot_is_called_once_and_its_fallback_is_told_once() {
    let cases = named([misconfigured(), keywords(), corrected()].concat());
    let (dingtalk, bridge) = lasting(&cases, "fallback: oncall").await;
    for (name, _) in &cases {
        fire(&bridge, name, &format!("First-{name}-end"), "critical").await;
    }
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_paused(name));
    until_metrics(&bridge, "every robot to be left alone", all).await;
    for (name, (fault, ..)) in &cases {
        fire(&bridge, name, &format!("Second-{name}-end"), "warning").await;
        fire(&bridge, name, &format!("Third-{name}-end"), "critical").await;
        until(&format!("the note about {fault:?}"), || !notes(&dingtalk, name).is_empty()).await;
    }
    for (name, (fault, ..)) in &cases {
        for group in ["First", "Third"] {
            let group = format!("{group}-{name}-end");
            until(&format!("{group} at the fallback of {fault:?}"), || !shown(&dingtalk, ONCALL, &[&group]).is_empty())
                .await;
        }
    }
    let metrics = Metrics::of(&bridge).await;
    for (name, (fault, _, then)) in &cases {
        let expected = match then {
            // The message may be to blame, so it goes once more as plain text.
            Keyword => 2,
            // The answer has corrected the clock.
            crate::answers::Again => 2,
            _ => 1,
        };
        let calls = arrivals(&dingtalk, name).len();
        assert_eq!(calls, expected, "{fault:?}");
        let failed = metrics.reason("notification_requests_failed_total", name, "misconfigured");
        assert_eq!(failed, expected as f64, "{fault:?}");
        assert_eq!(metrics.get("notifications_total", name), 0.0, "{fault:?}");
        // What is not critical has five minutes' time.
        assert!(shown(&dingtalk, ONCALL, &[&format!("Second-{name}-end")]).is_empty(), "{fault:?}");
    }
    let named: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
    assert_one_note_each(&dingtalk, &named);
}

/// The fallback has seen one note about each, and not more.
fn assert_one_note_each(dingtalk: &DingTalk, about: &[&str]) {
    let notes: Vec<String> =
        shown(dingtalk, ONCALL, &["Misconfigured"]).iter().map(|note| note.body.to_string()).collect();
    assert!(notes.len() <= about.len(), "{} notes about {} robots", notes.len(), about.len());
    for name in about {
        let whole_word = |note: &&String| {
            note.match_indices(name).any(|(at, _)| !note[at + name.len()..].starts_with(|c: char| c.is_ascii_digit()))
        };
        assert_eq!(notes.iter().filter(whole_word).count(), 1, "notes about {name}: {notes:?}");
    }
}

#[tokio::test]
async fn a_group_is_told_what_it_missed_once_its_robot_is_put_right() {
    let dingtalk = DingTalk::start(Settings { rate: FREE, ..Settings::default() }, &["fixed", ONCALL]).await;
    let config = |token: &str| {
        let target = |name: &str, token: &str, more: &str| {
            format!("  {name}:\n    url: {}\n    secret: {SECRET}\n{more}", dingtalk.url(token))
        };
        format!("targets:\n{}{}", target("ops", token, "    fallback: oncall\n"), target(ONCALL, ONCALL, ""))
    };
    // There is no robot with this token.
    let bridge = Start::new(config("broken")).ready().await;
    for name in ["Burning", "Flooded", "Quenched"] {
        fire(&bridge, "ops", name, "critical").await;
        until(&format!("{name} at the fallback"), || !shown(&dingtalk, ONCALL, &[name]).is_empty()).await;
    }
    fire(&bridge, "ops", "Dusty", "warning").await;
    post(&bridge, "ops", "Quenched", "critical", "resolved").await;
    // Who was told that it fires is told that it is over.
    until("Quenched to be over", || shown(&dingtalk, ONCALL, &["Quenched"]).iter().any(is_resolved)).await;
    assert_eq!(arrivals(&dingtalk, "broken").len(), 1, "it was called again");

    bridge.reload(&config("fixed")).await;
    bridge.until_settled("ops", 5).await;
    let told = shown(&dingtalk, "fixed", &[]);
    assert!(told.len() <= 3, "one digest of what was missed: {told:?}");
    for name in ["Burning", "Flooded", "Dusty", "Quenched"] {
        assert!(told.iter().any(|arrival| arrival.body.contains(name)), "{name} was not told: {told:?}");
    }
    assert_one_note_each(&dingtalk, &["ops"]);
}

fn is_resolved(arrival: &Arrival) -> bool {
    arrival.message().is_some_and(|seen| seen.title.contains("RESOLVED"))
}

#[tokio::test]
async fn what_is_refused_takes_nothing_else_along() {
    // Each robot refuses one word, whether it stands in a message of its own or in one that tells many.
    let cases: Vec<(String, Case)> = named(rejected())
        .into_iter()
        .map(|(name, (fault, reason, then))| match fault {
            Fault::Errcode { code, errmsg } => {
                (name, (Fault::Moderate { words: "Unspeakable".into(), code, errmsg }, reason, then))
            }
            other => panic!("{other:?}"),
        })
        .collect();
    // So few at once that the others have to wait, and are told together.
    let names: Vec<&str> = cases.iter().map(|(name, _)| name.as_str()).collect();
    let rate = (10, Duration::from_secs(2));
    let dingtalk = DingTalk::start(Settings { rate, ..Settings::default() }, &names).await;
    for (name, (fault, ..)) in &cases {
        dingtalk.sandbox.order_lasting(&canary(name), fault.clone());
    }
    let bridge = Start::new(dingtalk.config(&names, "rate_limit: 10/2s")).ready().await;
    // Not so many that some would only be counted.
    let others: Vec<String> = (0..16).map(|number| format!("Harmless{number:02}")).collect();
    for (name, _) in &cases {
        for (number, other) in others.iter().enumerate() {
            fire(&bridge, name, other, "warning").await;
            if number == 10 {
                fire(&bridge, name, "Unspeakable", "warning").await;
            }
        }
    }
    let count = (others.len() + 1) as f64;
    let all = |metrics: &Metrics| {
        let done = |name: &str| metrics.get("notifications_total", name) == count;
        cases.iter().all(|(name, _)| done(name) && metrics.get("queue_length", name) == 0.0)
    };
    let metrics = until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, ..)) in &cases {
        assert_eq!(metrics.reason("notifications_failed_total", name, "rejected"), 1.0, "{fault:?}");
        assert!(told(&bridge, name, "gave a notification up").await.contains("dead letter"), "{fault:?}");
        assert!(shown(&dingtalk, name, &["Unspeakable"]).is_empty());
        let missing: BTreeSet<_> = others.iter().filter(|other| shown(&dingtalk, name, &[other]).is_empty()).collect();
        assert!(missing.is_empty(), "{fault:?}: {missing:?} were not told");
    }
}

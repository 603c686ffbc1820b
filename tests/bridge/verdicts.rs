//! What one answer of DingTalk leads to, in every wording that was published: what becomes of the message, of the
//! robot, and what the log tells. What lasting faults lead to is in `faults.rs`.
//!
//! Each answer has a target and a robot of its own, all in one bridge, so that nothing waits for anything else.

use std::time::Duration;

use dingbridge::sandbox::{Arrival, Fault, Signature};

use crate::answers::{
    Again, Delivered, GivenUp, Metrics, Waits, again, arrivals, code, corrected, delivered, keywords, lines, meet,
    misconfigured, named, rejected, send, throttled, told, until_metrics,
};
use crate::harness::until;

#[tokio::test]
async fn only_errcode_zero_is_a_delivery_and_everything_unclear_goes_again_unchanged() {
    let cases = named(delivered().into_iter().chain(again()).collect());
    let (dingtalk, bridge) = meet(&cases, 1).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    let metrics = until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, reason, then)) in &cases {
        let arrivals = arrivals(&dingtalk, name);
        let failed = metrics.reason("notification_requests_failed_total", name, "retry");
        assert!(arrivals.iter().all(|arrival| arrival.signed == Signature::Valid), "{fault:?}: {arrivals:?}");
        assert!(metrics.get("target_last_success_timestamp_seconds", name) > 0.0, "{fault:?}");
        if let Delivered = then {
            assert_eq!((arrivals.len(), failed), (1, 0.0), "{fault:?}");
            continue;
        }
        let [first, second] = &arrivals[..] else { panic!("{fault:?}: two calls: {arrivals:?}") };
        assert_eq!(failed, 1.0, "{fault:?}");
        // Its body was not read, so it is not known.
        if *fault != Fault::ResetBeforeRead {
            assert_eq!((&first.msg_uuid, &first.body), (&second.msg_uuid, &second.body), "{fault:?}");
        }
        assert!(second.msg_uuid.is_some() && second.delivered, "{fault:?}: {second:?}");
        let line = told(&bridge, name, "not delivered yet").await;
        assert!(line.contains("level=warn") && line.contains(&format!("reason={reason} ")), "{fault:?}: {line}");
        assert!(second.since_start - first.since_start >= Duration::from_millis(900), "{fault:?} was tried at once");
    }
    // What met a made-up answer was never looked at.
    let made_up = cases.iter().filter(|(_, (fault, _, then))| matches!((fault, then), (Fault::Body { .. }, Delivered)));
    assert_eq!(dingtalk.shown().len(), cases.len() - made_up.count(), "nobody is told twice");
}

#[tokio::test]
async fn a_robot_that_is_throttled_or_misconfigured_is_left_alone() {
    let cases = named(throttled().into_iter().chain(misconfigured()).collect());
    let (dingtalk, bridge) = meet(&cases, 1).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_paused(name));
    until_metrics(&bridge, "every robot to be paused", all).await;
    for (name, _) in &cases {
        send(&bridge, name, "Second").await;
    }
    let seen = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.get("queue_length", name) == 2.0);
    until_metrics(&bridge, "every lane to see the second notification", seen).await;
    // The others go on, and by then a lane that wanted to call would have called.
    send(&bridge, "witness", "First").await;
    until("the witness", || arrivals(&dingtalk, "witness").len() == 1).await;
    let metrics = Metrics::of(&bridge).await;
    for (name, (fault, reason, then)) in &cases {
        let Waits(level, words) = then else { panic!("{then:?}") };
        let arrivals = arrivals(&dingtalk, name);
        assert_eq!(arrivals.len(), 1, "{fault:?}: called while it is paused");
        let kind = if throttled().iter().any(|(f, ..)| f == fault) { "throttled" } else { "misconfigured" };
        assert_eq!(metrics.reason("notification_requests_failed_total", name, kind), 1.0, "{fault:?}");
        assert_eq!(metrics.get("notifications_total", name), 0.0, "{fault:?}");
        assert!(metrics.is_paused(name), "{fault:?}");
        let line = told(&bridge, name, "not delivered").await;
        assert!(line.contains(&format!("level={level}")), "{fault:?}: {line}");
        assert!(line.contains(&format!("reason={reason} ")) && line.contains(words), "{fault:?}: {line}");
    }
}

#[tokio::test]
async fn a_signature_that_is_too_old_is_made_anew_at_once() {
    let cases = named(corrected());
    let (dingtalk, bridge) = meet(&cases, 1).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, reason, _)) in &cases {
        let arrivals = arrivals(&dingtalk, name);
        let [first, second] = &arrivals[..] else { panic!("{fault:?}: two calls: {arrivals:?}") };
        assert_eq!((&first.msg_uuid, &first.body), (&second.msg_uuid, &second.body), "{fault:?}");
        assert!(second.delivered && second.signed == Signature::Valid, "{fault:?}: {second:?}");
        let line = told(&bridge, name, "not delivered").await;
        assert!(line.contains(&format!("reason={reason} ")) && line.contains("Set this machine's clock"), "{line}");
    }
}

#[tokio::test]
async fn a_throttle_that_says_how_long_it_lasts_is_believed() {
    let cases = named(vec![
        (code(410_100, "发送速度太快，请 2 秒后重试"), "throttled", Again),
        (code(660_026, "too many messages, retry after 2 seconds"), "throttled", Again),
    ]);
    let (dingtalk, bridge) = meet(&cases, 1).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, ..)) in &cases {
        let arrivals = arrivals(&dingtalk, name);
        let [first, second] = &arrivals[..] else { panic!("{fault:?}: two calls: {arrivals:?}") };
        assert!(second.since_start - first.since_start >= Duration::from_secs(2), "{fault:?}");
        // Nothing was delivered for certain, so it may be told as things are now.
        assert!(second.delivered && first.msg_uuid != second.msg_uuid, "{fault:?}");
    }
}

#[tokio::test]
async fn a_message_that_is_refused_goes_once_more_as_plain_text() {
    let cases = named(rejected().into_iter().chain(keywords()).collect());
    let (dingtalk, bridge) = meet(&cases, 1).await;
    dingtalk.until_shown(cases.len()).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_done(name));
    let metrics = until_metrics(&bridge, "every notification", all).await;
    for (name, (fault, reason, _)) in &cases {
        full_then_plain(fault, &arrivals(&dingtalk, name));
        assert_eq!(metrics.reason("notifications_failed_total", name, "rejected"), 0.0, "{fault:?}");
        assert!(!metrics.is_paused(name), "{fault:?}");
        let line = told(&bridge, name, "not delivered").await;
        assert!(line.contains("level=error") && line.contains(&format!("reason={reason} ")), "{fault:?}: {line}");
    }
}

fn full_then_plain(fault: &Fault, arrivals: &[Arrival]) {
    let [full, plain] = arrivals else { panic!("{fault:?}: two calls: {arrivals:?}") };
    assert!(full.body.contains(r#""msgtype":"markdown""#), "{fault:?}: {}", full.body);
    assert!(plain.body.contains(r#""msgtype":"text""#), "{fault:?}: {}", plain.body);
    assert!(plain.body.contains("First") && !plain.body.contains("]("), "{fault:?}: {}", plain.body);
    assert!(full.msg_uuid.is_some() && plain.msg_uuid.is_some() && full.msg_uuid != plain.msg_uuid, "{fault:?}");
    assert!(plain.signed == Signature::Valid, "{fault:?}: {plain:?}");
}

#[tokio::test]
async fn a_message_that_never_passes_becomes_a_dead_letter_and_delays_nobody() {
    let cases = named(rejected());
    let (dingtalk, bridge) = meet(&cases, 2).await;
    let given_up = |metrics: &Metrics, name: &str| metrics.reason("notifications_failed_total", name, "rejected");
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| given_up(metrics, name) == 1.0);
    until_metrics(&bridge, "every message to be given up", all).await;
    for (name, (fault, reason, then)) in &cases {
        let GivenUp(words) = then else { panic!("{then:?}") };
        full_then_plain(fault, &arrivals(&dingtalk, name));
        let line = told(&bridge, name, "gave a notification up").await;
        assert!(line.contains("level=error") && line.contains("dead letter"), "{fault:?}: {line}");
        assert!(line.contains(&format!("reason={reason}")) && line.contains(words), "{fault:?}: {line}");
        send(&bridge, name, "Second").await;
    }
    let shown = dingtalk.until_shown(cases.len()).await;
    assert!(shown.iter().all(|arrival| arrival.body.contains("Second")), "{shown:?}");
    let metrics = Metrics::of(&bridge).await;
    for (name, (fault, ..)) in &cases {
        assert!(!metrics.is_paused(name), "{fault:?}: others may pass");
        assert_eq!(metrics.reason("notification_requests_failed_total", name, "rejected"), 2.0, "{fault:?}");
    }
}

#[tokio::test]
async fn a_robot_that_wants_another_keyword_is_left_alone_once_plain_text_is_refused_too() {
    let cases = named(keywords());
    let (dingtalk, bridge) = meet(&cases, 2).await;
    let all = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.is_paused(name));
    until_metrics(&bridge, "every robot to be paused", all).await;
    for (name, (fault, ..)) in &cases {
        send(&bridge, name, "Second").await;
        full_then_plain(fault, &arrivals(&dingtalk, name));
        let advice = "Set `keyword` to one of those in the robot's security settings";
        until(&format!("{fault:?} twice in the log"), || lines(&bridge, name, advice).len() >= 2).await;
        let lines = lines(&bridge, name, advice);
        assert!(lines.len() == 2 && lines.iter().all(|line| line.contains("level=error")), "{fault:?}: {lines:?}");
    }
    let seen = |metrics: &Metrics| cases.iter().all(|(name, _)| metrics.get("queue_length", name) == 2.0);
    until_metrics(&bridge, "every lane to see the second notification", seen).await;
    send(&bridge, "witness", "First").await;
    until("the witness", || arrivals(&dingtalk, "witness").len() == 1).await;
    assert_eq!(dingtalk.sandbox.arrivals().len(), 2 * cases.len() + 1);
}

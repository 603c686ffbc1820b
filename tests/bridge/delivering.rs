//! From a webhook to a robot: what is told, once, in order, at what pace.

use std::time::Duration;

use dingbridge::sandbox::{Settings, Signature};
use http::StatusCode;
use serde_json::Value;

use crate::harness::{DingTalk, EACH, Start, payload, payload_of};

#[tokio::test]
async fn a_notification_is_told_once_signed_and_with_the_answer_that_was_promised() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = Start::new(dingtalk.config(&["ops"], "")).ready().await;
    let first = bridge.send("ops", payload("HostDown", "firing")).await;
    assert_eq!(first.status, StatusCode::OK);
    let first: Value = serde_json::from_str(&first.body).expect("JSON");
    assert_eq!((&first["errcode"], &first["errmsg"], &first["status"]), (&0.into(), &"ok".into(), &"accepted".into()));

    let again: Value =
        serde_json::from_str(&bridge.send("ops", payload("HostDown", "firing")).await.body).expect("JSON");
    assert_eq!((&again["status"], &again["id"]), (&"duplicate".into(), &first["id"]));
    bridge.send("ops", payload("HostDown", "resolved")).await;

    let shown = dingtalk.until_shown(2).await;
    assert!(shown.iter().all(|arrival| arrival.signed == Signature::Valid));
    let titles = dingtalk.titles();
    assert!(titles[0].contains("FIRING") && titles[1].contains("RESOLVED"), "{titles:?}");
    let (status, _) = bridge.stop().await;
    assert!(status.success());
    assert_eq!(dingtalk.shown().len(), 2);
}

#[tokio::test]
async fn the_states_of_a_group_arrive_in_order_at_the_robots_pace() {
    let rate = (4, Duration::from_secs(1));
    let dingtalk = DingTalk::start(Settings { rate, ..Settings::default() }, &["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], &format!("rate_limit: 4/1s\n{EACH}"))).ready().await;
    for number in 1..=10 {
        let starts_at = format!("2026-11-20T09:{number:02}:00Z");
        let body = payload_of("Flap", "firing", &[(&format!("host-{number}"), "firing", &starts_at)]);
        assert_eq!(bridge.send("ops", body).await.status, StatusCode::OK);
    }
    let shown = dingtalk.until_shown(10).await;
    for (number, arrival) in (1..).zip(&shown) {
        assert!(arrival.body.contains(&format!("host-{number} is down")), "{number}: {}", arrival.body);
        assert!(arrival.window <= 4, "the robot got one too many: {arrival:?}");
    }
}

//! A 200 means on disk: it is given after an fsync that began after the request came, and load shares fsyncs.

use http::StatusCode;
use tokio::task::JoinSet;

use crate::disk::Shim;
use crate::harness::{Bridge, DingTalk, Start, call, payload, until};

/// A bridge whose lane has used up its robot's limit and rests, so that every further sync is an accept's.
async fn with_a_resting_lane(shim: &Shim, dingtalk: &DingTalk) -> Bridge {
    let bridge = shim.under(Start::new(dingtalk.config(&["ops"], "rate_limit: 1/1d"))).ready().await;
    assert_eq!(bridge.send("ops", payload("First", "firing")).await.status, StatusCode::OK);
    bridge.until_settled("ops", 1).await;
    bridge
}

/// Posts without waiting for the answer.
fn post(bridge: &Bridge, name: &str) -> tokio::task::JoinHandle<StatusCode> {
    let (address, body) = (bridge.address, payload(name, "firing"));
    #[expect(clippy::disallowed_methods, reason = "a test's own task, awaited by the test")]
    tokio::spawn(async move {
        let answer = call(address, http::Method::POST, "/dingtalk/ops/send", &[], body.into()).await;
        answer.expect("an answer").status
    })
}

#[tokio::test]
async fn a_200_waits_for_the_disk() {
    let (shim, dingtalk) = (Shim::compile(), DingTalk::with_ops().await);
    let bridge = with_a_resting_lane(&shim, &dingtalk).await;

    shim.hold(true);
    let (begun, ended) = shim.syncs();
    let answer = post(&bridge, "Held");
    shim.until_held(begun).await;
    // Other requests go through and through meanwhile, so it is not the bridge as a whole that stands still.
    for _ in 0..20 {
        assert_eq!(bridge.get("/-/ready").await.status, StatusCode::OK);
    }
    assert!(!answer.is_finished(), "answered before the sync ended");
    assert_eq!(shim.syncs().1, ended);

    shim.hold(false);
    assert_eq!(answer.await.expect("no panic"), StatusCode::OK);
    assert!(shim.syncs().1 > ended);
}

#[tokio::test]
async fn every_accept_is_synced_and_those_that_come_together_share_a_sync() {
    const ALONE: usize = 20;
    const TOGETHER: usize = 100;
    let (shim, dingtalk) = (Shim::compile(), DingTalk::with_ops().await);
    let bridge = with_a_resting_lane(&shim, &dingtalk).await;

    let (begun, _) = shim.syncs();
    for number in 0..ALONE {
        assert_eq!(bridge.send("ops", payload(&format!("Alone{number}"), "firing")).await.status, StatusCode::OK);
    }
    let alone = shim.syncs().0 - begun;
    assert!(alone >= ALONE, "{ALONE} accepts one after the other took only {alone} syncs");

    shim.hold(true);
    let (begun, _) = shim.syncs();
    let mut answers = JoinSet::new();
    let first = post(&bridge, "First of many");
    shim.until_held(begun).await;
    for number in 1..TOGETHER {
        let answer = post(&bridge, &format!("Together{number}"));
        answers.spawn(async move { answer.await.expect("no panic") });
    }
    // All of them have come in before the disk goes on. The request for the metrics counts itself.
    bridge.until_metric("dingbridge_http_requests_in_flight", |requests| requests > TOGETHER as f64).await;
    shim.hold(false);
    assert_eq!(first.await.expect("no panic"), StatusCode::OK);
    while let Some(status) = answers.join_next().await {
        assert_eq!(status.expect("no panic"), StatusCode::OK);
    }
    let together = shim.syncs().0 - begun;
    assert!((2..TOGETHER / 2).contains(&together), "{TOGETHER} accepts that came together took {together} syncs");
}

#[tokio::test]
async fn a_sender_that_got_no_answer_tells_it_again_and_it_is_told_once() {
    let (shim, dingtalk) = (Shim::compile(), DingTalk::with_ops().await);
    let config = dingtalk.config(&["ops"], "");
    let bridge = shim.under(Start::new(config.clone())).ready().await;
    let begun = shim.syncs().0;
    shim.hold(true);
    let (address, body) = (bridge.address, payload("Cut", "firing"));
    #[expect(clippy::disallowed_methods, reason = "a test's own task, awaited by the test")]
    let answer =
        tokio::spawn(async move { call(address, http::Method::POST, "/dingtalk/ops/send", &[], body.into()).await });
    shim.until_held(begun).await;
    let folder = bridge.kill();
    assert!(answer.await.expect("no panic").is_err(), "nobody was there to answer");
    assert!(dingtalk.sandbox.arrivals().is_empty(), "told before it was on disk");

    shim.hold(false);
    let bridge = shim.under(Start::new(config).in_folder(folder)).ready().await;
    assert_eq!(bridge.send("ops", payload("Cut", "firing")).await.status, StatusCode::OK);
    // What comes after it shows that nothing more of it is on its way.
    assert_eq!(bridge.send("ops", payload("Cut", "resolved")).await.status, StatusCode::OK);
    until("the resolved state", || dingtalk.titles().iter().any(|title| title.contains("RESOLVED"))).await;
    assert_eq!(dingtalk.sandbox.arrivals().len(), 2);
}

//! A disk that fails in a storm: what cannot be stored is refused, what was accepted is told, and all goes on when the
//! disk does.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::told::Told;
use super::{
    Alert, CONNECTIONS, RATE, RATE_LIMIT, alerts, assert_all_told, assert_none_given_up, bodies, post, settings,
};
use crate::disk::{Mount, Shim};
use crate::harness::{Bridge, DingTalk, PATIENCE, Start};
use crate::pacing::assert_paced;

/// Posts these alerts; returns those that were accepted and those that were refused.
async fn sort(bridge: &Bridge, alerts: Vec<Alert>) -> (Vec<Alert>, Vec<Alert>) {
    let answers = post(bridge, "ops", bodies(&alerts, "firing")).await;
    assert!(answers.iter().all(|status| matches!(*status, StatusCode::OK | StatusCode::SERVICE_UNAVAILABLE)));
    let (accepted, refused): (Vec<_>, Vec<_>) =
        alerts.into_iter().zip(answers).partition(|(_, status)| *status == StatusCode::OK);
    let names = |sorted: Vec<(Alert, StatusCode)>| sorted.into_iter().map(|(alert, _)| alert).collect();
    (names(accepted), names(refused))
}

/// Posts them again and again, as Alertmanager does, until every one is accepted.
async fn insist(bridge: &Bridge, mut alerts: Vec<Alert>) {
    let began = Instant::now();
    while !alerts.is_empty() {
        alerts = sort(bridge, alerts).await.1;
        assert!(began.elapsed() < PATIENCE, "never accepted: {alerts:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

async fn until_nothing_waits(bridge: &Bridge) {
    bridge.until_metric("dingbridge_queue_length{target=\"ops\"}", |length| length == 0.0).await;
}

/// Everything was told, and nothing twice.
fn assert_told_once(dingtalk: &DingTalk, alerts: &[Alert]) {
    let told = Told::by(dingtalk);
    assert_all_told(&told, alerts);
    for alert in alerts {
        assert!(told.times(&alert.name) <= 1, "{} was told twice", alert.name);
    }
    assert_paced(&dingtalk.sandbox.arrivals(), RATE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fills_up_in_a_storm_keeps_nothing_from_being_told() {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let Some(disk) = Mount::at(folder.path().join("data"), 32) else { return };
    let dingtalk = DingTalk::start(settings(), &["ops"]).await;
    let config = dingtalk.config(&["ops"], RATE_LIMIT);
    let bridge = Start::new(config).in_folder(folder).through(disk.door()).ready().await;
    let mut storm = alerts("Storm", 5_000).into_iter();
    let (mut accepted, mut refused) = sort(&bridge, storm.by_ref().take(200).collect()).await;
    assert!(refused.is_empty(), "{refused:?}");

    disk.fill();
    while refused.is_empty() {
        let next: Vec<_> = storm.by_ref().take(CONNECTIONS).collect();
        assert!(!next.is_empty(), "everything was accepted on a full disk");
        let (more, none) = sort(&bridge, next).await;
        accepted.extend(more);
        refused.extend(none);
    }
    // The disk is still full.
    until_nothing_waits(&bridge).await;
    assert_told_once(&dingtalk, &accepted);

    disk.free();
    insist(&bridge, refused.clone()).await;
    until_nothing_waits(&bridge).await;
    assert_told_once(&dingtalk, &[accepted, refused].concat());
    assert_none_given_up(&bridge).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_becomes_read_only_in_a_storm_delays_it_and_loses_nothing() {
    let (shim, dingtalk) = (Shim::compile(), DingTalk::start(settings(), &["ops"]).await);
    let bridge = shim.under(Start::new(dingtalk.config(&["ops"], RATE_LIMIT))).ready().await;
    let mut storm = alerts("Storm", 250);
    let late = storm.split_off(200);
    let (accepted, refused) = sort(&bridge, storm).await;
    assert!(refused.is_empty(), "{refused:?}");
    // In the middle of its deliveries.
    dingtalk.until_shown(3).await;
    shim.read_only(true);
    let (more, refused) = sort(&bridge, late).await;
    assert!(more.is_empty(), "accepted without being on disk: {more:?}");
    assert_eq!(bridge.get("/-/healthy").await.status, StatusCode::OK);
    // What is sent has to be on disk before, so that nothing is sent but what was on its way.
    let sent = dingtalk.sandbox.arrivals().len();
    bridge.wait_for_log("the outbox cannot be written").await;
    for _ in 0..50 {
        assert_eq!(bridge.get("/-/ready").await.status, StatusCode::OK);
    }
    assert!(dingtalk.sandbox.arrivals().len() <= sent + 1);

    shim.read_only(false);
    insist(&bridge, refused.clone()).await;
    until_nothing_waits(&bridge).await;
    assert_told_once(&dingtalk, &[accepted, refused].concat());
    assert_none_given_up(&bridge).await;
}

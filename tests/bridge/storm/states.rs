//! Alerts that change while their robot is too busy to tell: what is told last is what is so.

use dingbridge::sandbox::Fault;

use super::told::{State, Told};
use super::{RATE_LIMIT, accept, alerts, bodies, settings};
use crate::harness::{DingTalk, EACH, Start, canary, payload, payload_of};
use crate::pacing::{assert_paced, assert_windows};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_shown_and_is_over_in_a_storm_is_told_as_over() {
    let dingtalk = DingTalk::start(settings(), &["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], RATE_LIMIT)).ready().await;
    let (known, storm) = (alerts("Known", 5), alerts("Storm", 300));
    accept(&bridge, "ops", bodies(&known, "firing")).await;
    dingtalk.until_shown(known.len()).await;
    accept(&bridge, "ops", bodies(&storm, "firing")).await;
    accept(&bridge, "ops", bodies(&known, "resolved")).await;
    bridge.until_settled("ops", 2 * known.len() + storm.len()).await;
    let told = Told::by(&dingtalk);
    for alert in &known {
        assert_eq!(told.last(&alert.name), Some(State::Over), "{}\n{told}", alert.name);
    }
    for alert in &storm {
        assert_ne!(told.last(&alert.name), Some(State::Over), "{}\n{told}", alert.name);
    }
    assert_paced(&dingtalk.sandbox.arrivals(), super::RATE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_came_and_went_while_the_robot_was_banned_is_told_and_never_as_firing() {
    let dingtalk = DingTalk::start(settings(), &["ops"]).await;
    let banned = "sending too many messages per minute, retry after 10 seconds";
    dingtalk.sandbox.order_for(&canary("ops"), Fault::Errcode { code: 660_026, errmsg: banned.into() });
    let bridge = Start::new(dingtalk.config(&["ops"], RATE_LIMIT)).ready().await;
    let alerts = alerts("Brief", 20);
    accept(&bridge, "ops", bodies(&alerts[..1], "firing")).await;
    dingtalk.until_arrived(1).await;
    accept(&bridge, "ops", bodies(&alerts[1..], "firing")).await;
    accept(&bridge, "ops", bodies(&alerts, "resolved")).await;
    assert!(dingtalk.shown().is_empty(), "the ban was over too soon to try anything");
    bridge.until_settled("ops", 2 * alerts.len()).await;
    let told = Told::by(&dingtalk);
    assert!(!told.any_firing(), "{told}");
    for alert in &alerts {
        assert_eq!(told.last(&alert.name), Some(State::Over), "{}\n{told}", alert.name);
    }
    // What is over is no reason for twenty messages.
    assert!(told.len() < alerts.len() / 2, "{} messages", told.len());
    assert_windows(&dingtalk.sandbox.arrivals(), super::RATE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_that_is_told_of_a_group_is_its_newest_state() {
    const GROUPS: usize = 30;
    const STATES: usize = 8;
    let dingtalk = DingTalk::start(settings(), &["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], RATE_LIMIT)).ready().await;
    let name = |group: usize| format!("Flapping{group:02}");
    // Half of them end firing, half of them over.
    let states = |group: usize| STATES - group % 2;
    for state in 0..STATES {
        let status = if state % 2 == 0 { "firing" } else { "resolved" };
        let starts_at = format!("2026-11-20T09:{state:02}:00Z");
        let body = |group| payload_of(&name(group), status, &[(&name(group), status, &starts_at)]);
        accept(&bridge, "ops", (0..GROUPS).filter(|group| state < states(*group)).map(body).collect()).await;
    }
    let count = (0..GROUPS).map(states).sum();
    bridge.until_settled("ops", count).await;
    let told = Told::by(&dingtalk);
    for group in 0..GROUPS {
        let newest = if states(group) % 2 == 0 { State::Over } else { State::Firing };
        assert_eq!(told.last(&name(group)), Some(newest), "{}\n{told}", name(group));
    }
    assert!(told.len() < count, "nothing was told together");
    assert_paced(&dingtalk.sandbox.arrivals(), super::RATE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_wants_no_digests_is_told_every_state_in_order() {
    const STATES: usize = 30;
    let dingtalk = DingTalk::start(settings(), &["ops"]).await;
    let config = dingtalk.config(&["ops"], &format!("{RATE_LIMIT}\n{EACH}"));
    let bridge = Start::new(config).ready().await;
    for state in 0..STATES {
        let status = if state % 2 == 0 { "firing" } else { "resolved" };
        accept(&bridge, "ops", vec![payload("Each", status)]).await;
    }
    bridge.until_settled("ops", STATES).await;
    let titles = dingtalk.titles();
    assert_eq!(titles.len(), STATES);
    for (state, title) in titles.iter().enumerate() {
        assert_eq!(title.contains("FIRING"), state % 2 == 0, "{titles:?}");
    }
    assert_paced(&dingtalk.sandbox.arrivals(), super::RATE);
}

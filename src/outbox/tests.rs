//! The outbox's promises, across restarts and failures.

use std::path::Path;

use super::*;
use crate::clock::{from_millis, later};

const WINDOW: Duration = Duration::from_secs(600);
const LIMITS: [RateLimit; 1] = [RateLimit { messages: 2, period: Duration::from_secs(60) }];
const ROBOT: RobotId = RobotId::from_bytes([1; 16]);

fn open(folder: &Path) -> Outbox {
    open_at(folder, 1_000_000)
}

fn open_at(folder: &Path, seconds: i64) -> Outbox {
    let settings = Settings {
        path: folder.to_owned(),
        retention: 7 * 24 * 60 * 60 * Duration::from_secs(1),
        backlog: 3,
        max_bytes: 1 << 20,
        longest_call: Duration::ZERO,
    };
    Outbox::open(&settings, Clock::starting_at(from_millis(seconds * 1000))).expect("the outbox opens")
}

fn notification() -> Notification {
    let body = br#"{"version":"4","groupKey":"k","alerts":[{"status":"firing","labels":{"alertname":"A"}}]}"#;
    crate::sender::decode(crate::notification::Sender::Alertmanager, body).expect("valid").notification
}

fn offer(group: u8, digest: u8) -> Offer {
    Offer {
        target: "ops".into(),
        group: GroupId::from_bytes([group; 16]),
        digest: StateDigest::from_bytes([digest; 32]),
        repeat: false,
        window: WINDOW,
        json: serde_json::to_vec(&notification()).expect("JSON"),
    }
}

fn plan(attempts: u32) -> Plan {
    Plan { msg_uuid: Uuid::from_u128(7), robot: ROBOT, body: "body".into(), attempts }
}

async fn reserve(outbox: &Outbox, seq: i64, attempts: u32) -> Reserved {
    let reservation = Reservation { seq, plan: plan(attempts), limits: LIMITS.to_vec() };
    outbox.reserve(reservation).await.expect("written")
}

async fn settle(outbox: &Outbox, seq: i64, slot: Option<i64>, fate: Fate, standing: Standing) {
    let slot = slot.map(|slot| (ROBOT, slot));
    outbox.settle(Settlement { seq, target: "ops".into(), slot, fate, standing }).await.expect("written");
}

async fn waiting(outbox: &Outbox) -> Vec<Waiting> {
    outbox.subscribe("ops".into()).await.expect("readable").0
}

#[tokio::test]
async fn of_copies_that_arrive_together_one_passes() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    let (first, second, third) =
        tokio::join!(outbox.accept(offer(1, 1)), outbox.accept(offer(1, 1)), outbox.accept(offer(1, 1)));
    let Ok(Accepted::New(id)) = first else { panic!("{first:?}") };
    assert_eq!((second, third), (Ok(Accepted::Duplicate(id)), Ok(Accepted::Duplicate(id))));
    // Fires, is over, fires again as it was: the last is news.
    assert!(matches!(outbox.accept(offer(1, 2)).await, Ok(Accepted::New(_))));
    assert!(matches!(outbox.accept(offer(1, 1)).await, Ok(Accepted::New(_))));

    let waiting = waiting(&outbox).await;
    assert_eq!(waiting.len(), 3);
    let repeats = outbox.entry(waiting[1].seq).await.expect("readable").expect("there").repeats;
    assert_eq!(repeats, 2, "the second state tells how often the first was suppressed");
}

#[tokio::test]
async fn what_was_accepted_survives_and_is_still_a_duplicate() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    let accepted = outbox.accept(offer(1, 1)).await;
    let Ok(Accepted::New(id)) = accepted else { panic!("{accepted:?}") };
    outbox.close().await;
    assert_eq!(outbox.accept(offer(2, 1)).await, Err(Refusal::NotReady));
    drop(outbox);

    let outbox = open(folder.path());
    assert_eq!(outbox.accept(offer(1, 1)).await, Ok(Accepted::Duplicate(id)));
    let waiting = waiting(&outbox).await;
    let entry = outbox.entry(waiting[0].seq).await.expect("readable").expect("there");
    assert_eq!((entry.id, entry.notification, entry.plan), (id, notification(), None));
}

#[tokio::test]
async fn the_window_ends_and_a_duplicate_does_not_lengthen_it() {
    let folder = tempfile::tempdir().expect("folder");
    for (after, expected_new) in [(0, true), (300, false), (590, false), (601, true)] {
        let outbox = open_at(folder.path(), 1_000_000 + after);
        let accepted = outbox.accept(offer(1, 1)).await.expect("accepted");
        assert_eq!(matches!(accepted, Accepted::New(_)), expected_new, "after {after} s");
        outbox.close().await;
    }
}

#[tokio::test]
async fn a_plan_is_frozen_before_its_first_attempt_and_counts_after_a_crash() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let seq = waiting(&outbox).await[0].seq;
    assert!(matches!(reserve(&outbox, seq, 1).await, Reserved::Slot(_)));
    // Stopped in the middle of the call.
    outbox.close().await;
    drop(outbox);

    let outbox = open(folder.path());
    let entry = outbox.entry(seq).await.expect("readable").expect("there");
    assert_eq!(entry.plan, Some(plan(1)));
    // Long enough for a ledger that has not been asked about its limits yet to forget what it should not.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(matches!(reserve(&outbox, seq, 2).await, Reserved::Slot(_)));
    // One slot from before, one now: the limit of two is reached for a minute.
    let opened_at = from_millis(1_000_000_000);
    let pace = outbox.pace(ROBOT, &LIMITS, later(opened_at, Duration::from_secs(5)));
    assert!(matches!(pace, Pace::At(at) if at > later(opened_at, Duration::from_secs(60))), "{pace:?}");
    assert_eq!(outbox.entry(seq).await.expect("readable").expect("there").plan, Some(plan(2)));
}

#[tokio::test]
async fn the_last_slot_goes_to_one_of_two_lanes() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    for group in 1..=3 {
        outbox.accept(offer(group, 1)).await.expect("accepted");
    }
    let seqs: Vec<_> = waiting(&outbox).await.iter().map(|entry| entry.seq).collect();
    let (a, b, c) =
        tokio::join!(reserve(&outbox, seqs[0], 1), reserve(&outbox, seqs[1], 1), reserve(&outbox, seqs[2], 1));
    assert!(matches!((a, b), (Reserved::Slot(_), Reserved::Slot(_))));
    assert_eq!(c, Reserved::Busy(Pace::AfterAnswer));
    assert_eq!(outbox.entry(seqs[2]).await.expect("readable").expect("there").plan, None, "nothing has changed");
}

#[tokio::test]
async fn an_attempt_ends_as_delivered_again_thawed_or_dead() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let seq = waiting(&outbox).await[0].seq;

    let Reserved::Slot(slot) = reserve(&outbox, seq, 1).await else { panic!("free") };
    let again = from_millis(1_000_005_000);
    settle(&outbox, seq, Some(slot), Fate::Again(again), Standing::Unchanged).await;
    assert_eq!(waiting(&outbox).await[0].not_before, again);
    assert!(outbox.entry(seq).await.expect("readable").expect("there").plan.is_some());

    let thawed = from_millis(1_000_009_000);
    settle(&outbox, seq, None, Fate::Thawed(Form::Plain, thawed), Standing::Unchanged).await;
    let entry = outbox.entry(seq).await.expect("readable").expect("there");
    assert_eq!((entry.plan, entry.form), (None, Form::Plain));
    assert_eq!(waiting(&outbox).await[0].not_before, thawed);

    settle(&outbox, seq, None, Fate::Dead("for a test".into()), Standing::Unchanged).await;
    assert!(waiting(&outbox).await.is_empty());
    let accepted = outbox.accept(offer(1, 1)).await;
    assert!(matches!(accepted, Ok(Accepted::New(_))), "what was never told is no duplicate: {accepted:?}");

    let seq = waiting(&outbox).await[0].seq;
    let Reserved::Slot(slot) = reserve(&outbox, seq, 1).await else { panic!("free") };
    settle(&outbox, seq, Some(slot), Fate::Delivered, Standing::Unchanged).await;
    assert!(waiting(&outbox).await.is_empty() && outbox.entry(seq).await.expect("readable").is_none());
    assert!(matches!(outbox.accept(offer(1, 1)).await, Ok(Accepted::Duplicate(_))));
}

#[tokio::test]
async fn pauses_survive_until_they_are_lifted() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let seq = waiting(&outbox).await[0].seq;
    let (scope, pause) = (Scope::Host("oapi.dingtalk.com".into()), Pause { until: from_millis(5), strikes: 0 });
    let standing = Standing::Paused(scope.clone(), pause);
    settle(&outbox, seq, None, Fate::Thawed(Form::Full, from_millis(0)), standing).await;
    outbox.close().await;
    drop(outbox);

    let outbox = open(folder.path());
    assert_eq!((outbox.pause(&scope), outbox.pause(&Scope::Robot(ROBOT))), (Some(pause), None));
    let healthy = Standing::Healthy(vec![scope.clone()]);
    settle(&outbox, seq, None, Fate::Thawed(Form::Full, from_millis(0)), healthy).await;
    assert_eq!(outbox.pause(&scope), None);
}

#[tokio::test]
async fn a_full_backlog_refuses_news_but_knows_duplicates() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    for group in 1..=3 {
        outbox.accept(offer(group, 1)).await.expect("accepted");
    }
    assert_eq!(outbox.accept(offer(4, 1)).await, Err(Refusal::Backlog(3)));
    assert!(matches!(outbox.accept(offer(1, 1)).await, Ok(Accepted::Duplicate(_))));
    let seq = waiting(&outbox).await[0].seq;
    settle(&outbox, seq, None, Fate::Dead("for a test".into()), Standing::Unchanged).await;
    assert!(matches!(outbox.accept(offer(4, 1)).await, Ok(Accepted::New(_))));
}

#[tokio::test]
async fn a_full_outbox_refuses_news() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    let large = Offer { json: vec![b' '; 2 << 20], ..offer(1, 1) };
    outbox.accept(large).await.expect("there was room");
    assert!(matches!(outbox.accept(offer(2, 1)).await, Err(Refusal::TooLarge(bytes)) if bytes > 2 << 20));
}

#[tokio::test]
async fn new_entries_are_announced_to_the_last_subscriber() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    let (before, mut announced) = outbox.subscribe("ops".into()).await.expect("readable");
    assert!(before.is_empty());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    outbox.accept(offer(1, 1)).await.expect("a duplicate");
    outbox.accept(Offer { target: "other".into(), ..offer(2, 1) }).await.expect("accepted");
    assert_eq!(announced.recv().await.expect("announced").group, GroupId::from_bytes([1; 16]));
    assert!(announced.try_recv().is_err(), "neither duplicates nor other targets");
}

#[tokio::test]
async fn a_misconfigured_robot_is_tried_at_once_after_a_reload_or_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let seq = waiting(&outbox).await[0].seq;
    let misconfigured = Pause { until: from_millis(i64::MAX / 2), strikes: 1 };
    let paused = || Standing::Paused(Scope::Robot(ROBOT), misconfigured);
    settle(&outbox, seq, None, Fate::Thawed(Form::Full, from_millis(0)), paused()).await;
    assert_eq!(outbox.pause(&Scope::Robot(ROBOT)), Some(misconfigured));
    outbox.forgive().await.expect("written");
    assert_eq!(outbox.pause(&Scope::Robot(ROBOT)), None);

    settle(&outbox, seq, None, Fate::Thawed(Form::Full, from_millis(0)), paused()).await;
    outbox.close().await;
    drop(outbox);
    assert_eq!(open(folder.path()).pause(&Scope::Robot(ROBOT)), None);
}

//! The outbox's promises, across restarts and failures.

use std::path::Path;

use uuid::Uuid;

use super::pace::Pace;
use super::*;
use crate::clock::{from_millis, later};
use crate::notification::{GroupId, Notification, Severity, StateDigest};
use crate::render::Severities;
use crate::sender::{self, Request};

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
    sender::decode(Request::of_body(body), None, &sender::Settings::default()).expect("valid").notification
}

fn offer(group: u8, digest: u8) -> Offer {
    let severities = Severities::default();
    let group = GroupId::from_bytes([group; 16]);
    let offer = Offer::new("ops".into(), group, &notification(), &severities, WINDOW).expect("JSON");
    Offer { digest: StateDigest::from_bytes([digest; 32]), ..offer }
}

fn reservation(plan: i64, fresh: Option<Fresh>, part: u32) -> Reservation {
    Reservation { plan, fresh, part, robot: ROBOT, limits: LIMITS.to_vec(), share: Share::Critical, counted: true }
}

/// Freezes entries into a plan of so many messages and takes a slot for the first.
async fn freeze(outbox: &Outbox, members: &[i64], parts: u128) -> Reserved {
    let parts = (1..=parts).map(|part| (Uuid::from_u128(part), format!("body {part}"))).collect();
    let fresh = Fresh { members: members.to_vec(), parts };
    outbox.reserve(reservation(members[0], Some(fresh), 1)).await.expect("written")
}

async fn try_again(outbox: &Outbox, plan: i64, part: u32) -> Reserved {
    outbox.reserve(reservation(plan, None, part)).await.expect("written")
}

fn slot(reserved: Reserved) -> i64 {
    let Reserved::Slot { slot, .. } = reserved else { panic!("free: {reserved:?}") };
    slot
}

fn call(slot: i64, part: u32, parts: u32) -> Call {
    Call {
        robot: ROBOT,
        slot,
        part,
        parts,
        msg_uuid: Uuid::from_u128(part.into()),
        attempts: 1,
        counted: true,
        failure: None,
    }
}

async fn settle(outbox: &Outbox, members: &[i64], call: Option<Call>, fate: Fate, standing: Standing) {
    let (plan, members) = (members[0], members.to_vec());
    outbox.settle(Settlement { target: "ops".into(), plan, members, call, fate, standing }).await.expect("written");
}

async fn waiting(outbox: &Outbox) -> Vec<Waiting> {
    outbox.subscribe("ops".into()).await.expect("readable").waiting
}

async fn seqs(outbox: &Outbox) -> Vec<i64> {
    waiting(outbox).await.iter().map(|entry| entry.seq).collect()
}

async fn entry(outbox: &Outbox, seq: i64) -> Option<Entry> {
    outbox.load(vec![seq]).await.expect("readable").entries.pop()
}

async fn part(outbox: &Outbox, plan: i64) -> Option<Part> {
    outbox.part(plan).await.expect("readable")
}

fn pace(outbox: &Outbox, now: Timestamp) -> Pace {
    outbox.tempo(ROBOT, &LIMITS, Share::Critical, now).pace
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
    let repeats = entry(&outbox, waiting[1].seq).await.expect("there").repeats;
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
    let entry = entry(&outbox, waiting[0].seq).await.expect("there");
    assert_eq!((entry.id, entry.notification, waiting[0].plan), (id, notification(), None));
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
    let seq = seqs(&outbox).await[0];
    slot(freeze(&outbox, &[seq], 1).await);
    // Stopped in the middle of the call.
    outbox.close().await;
    drop(outbox);

    let outbox = open(folder.path());
    let frozen = part(&outbox, seq).await.expect("frozen");
    assert_eq!((frozen.body.as_str(), frozen.attempts), ("body 1", 1));
    assert_eq!(waiting(&outbox).await[0].plan, Some(seq));
    // Long enough for a ledger that has not been asked about its limits yet to forget what it should not.
    tokio::time::sleep(Duration::from_millis(50)).await;
    slot(try_again(&outbox, seq, 1).await);
    // One slot from before, one now: the limit of two is reached for a minute.
    let opened_at = from_millis(1_000_000_000);
    let pace = pace(&outbox, later(opened_at, Duration::from_secs(5)));
    assert!(matches!(pace, Pace::At(at) if at > later(opened_at, Duration::from_secs(60))), "{pace:?}");
    assert_eq!(part(&outbox, seq).await.expect("frozen"), Part { attempts: 2, ..frozen });
}

#[tokio::test]
async fn the_last_slot_goes_to_one_of_two_lanes() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    for group in 1..=3 {
        outbox.accept(offer(group, 1)).await.expect("accepted");
    }
    let seqs = seqs(&outbox).await;
    let (a, b, c) =
        tokio::join!(freeze(&outbox, &seqs[..1], 1), freeze(&outbox, &seqs[1..2], 1), freeze(&outbox, &seqs[2..], 1));
    assert!(matches!((a, b), (Reserved::Slot { calls: 1, .. }, Reserved::Slot { calls: 2, .. })));
    assert_eq!(c, Reserved::Busy(Pace::AfterAnswer));
    assert_eq!(part(&outbox, seqs[2]).await, None, "nothing has changed");
}

#[tokio::test]
async fn an_attempt_ends_as_delivered_again_thawed_or_dead() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let seq = seqs(&outbox).await[0];

    let taken = slot(freeze(&outbox, &[seq], 1).await);
    let again = from_millis(1_000_005_000);
    settle(&outbox, &[seq], Some(call(taken, 1, 1)), Fate::Again(again), Standing::Unchanged).await;
    let plans = outbox.subscribe("ops".into()).await.expect("readable").plans;
    assert_eq!(plans, [Frozen { plan: seq, robot: Some(ROBOT), not_before: again }]);
    assert!(part(&outbox, seq).await.is_some());

    let thawed = from_millis(1_000_009_000);
    settle(&outbox, &[seq], None, Fate::Thawed(Form::Plain, thawed), Standing::Unchanged).await;
    let entry = waiting(&outbox).await.remove(0);
    assert_eq!((entry.plan, entry.form, entry.not_before), (None, Form::Plain, thawed));

    settle(&outbox, &[seq], None, Fate::Dead("for a test".into()), Standing::Unchanged).await;
    assert!(waiting(&outbox).await.is_empty());
    let accepted = outbox.accept(offer(1, 1)).await;
    assert!(matches!(accepted, Ok(Accepted::New(_))), "what was never told is no duplicate: {accepted:?}");

    let seq = seqs(&outbox).await[0];
    let taken = slot(freeze(&outbox, &[seq], 1).await);
    settle(&outbox, &[seq], Some(call(taken, 1, 1)), Fate::Delivered, Standing::Unchanged).await;
    assert!(waiting(&outbox).await.is_empty() && self::entry(&outbox, seq).await.is_none());
    assert!(matches!(outbox.accept(offer(1, 1)).await, Ok(Accepted::Duplicate(_))));
}

#[tokio::test]
async fn a_plan_of_several_messages_is_delivered_with_the_last() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    outbox.accept(offer(2, 1)).await.expect("accepted");
    let members = seqs(&outbox).await;
    assert!(matches!(freeze(&outbox, &members, 3).await, Reserved::Busy(_)), "there is room for two");
    let first = slot(freeze(&outbox, &members, 2).await);
    settle(&outbox, &members, Some(call(first, 1, 2)), Fate::Delivered, Standing::Unchanged).await;
    let left = waiting(&outbox).await;
    assert!(left.len() == 2 && left.iter().all(|entry| entry.plan == Some(members[0])), "{left:?}");
    // What has not arrived may go by another robot.
    let second = slot(try_again(&outbox, members[0], 2).await);
    settle(&outbox, &members, Some(call(second, 2, 2)), Fate::Moved, Standing::Unchanged).await;
    let plans = outbox.subscribe("ops".into()).await.expect("readable").plans;
    assert_eq!(plans, [Frozen { plan: members[0], robot: None, not_before: from_millis(0) }]);
    assert_eq!(part(&outbox, members[0]).await.expect("frozen").part, 2);
    settle(&outbox, &members, Some(call(second, 2, 2)), Fate::Delivered, Standing::Unchanged).await;
    assert!(waiting(&outbox).await.is_empty());
}

#[tokio::test]
async fn what_is_split_is_told_apart() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    for group in 1..=3 {
        outbox.accept(offer(group, 1)).await.expect("accepted");
    }
    let members = seqs(&outbox).await;
    freeze(&outbox, &members, 1).await;
    let halves = vec![members[..1].to_vec(), members[1..].to_vec()];
    settle(&outbox, &members, None, Fate::Split(halves), Standing::Unchanged).await;
    let batches: Vec<_> = waiting(&outbox).await.iter().map(|entry| (entry.form, entry.batch)).collect();
    let apart = |seq: usize| (Form::Plain, Batch::Apart(members[seq]));
    assert_eq!(batches, [apart(0), apart(1), apart(1)]);
}

#[tokio::test]
async fn what_a_group_was_shown_is_known_to_its_next_states() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let members = seqs(&outbox).await;
    let taken = slot(freeze(&outbox, &members, 1).await);
    settle(&outbox, &members, Some(call(taken, 1, 1)), Fate::Delivered, Standing::Unchanged).await;

    outbox.accept(offer(1, 2)).await.expect("accepted");
    outbox.accept(offer(1, 3)).await.expect("accepted");
    let loaded = outbox.load(seqs(&outbox).await).await.expect("readable");
    let fingerprint = notification().alerts[0].fingerprint.clone();
    assert_eq!(loaded.shown[&GroupId::from_bytes([1; 16])], [fingerprint].into());
}

#[tokio::test]
async fn a_copy_waits_for_the_other_target_and_the_group_is_remembered_until_it_is_over() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let (seq, group) = (seqs(&outbox).await[0], GroupId::from_bytes([1; 16]));
    let copy = |severity| {
        let offer = Offer { target: "oncall".into(), group: group.told_to("oncall"), severity, ..offer(1, 1) };
        Copy { seq, group, offer, at_once: false }
    };
    outbox.forward(vec![copy(Some(Severity::Critical))]).await.expect("written");
    let ops = outbox.subscribe("ops".into()).await.expect("readable");
    assert_eq!((ops.waiting[0].copied, ops.waiting[0].batch), (true, Batch::Missed));
    assert_eq!(ops.forwarded, [group]);
    let oncall = outbox.subscribe("oncall".into()).await.expect("readable").waiting;
    assert_eq!((oncall.len(), oncall[0].batch), (1, Batch::Missed));

    outbox.forward(vec![copy(None)]).await.expect("written");
    assert_eq!(outbox.subscribe("ops".into()).await.expect("readable").forwarded, []);
}

#[tokio::test]
async fn calls_are_counted_by_month_across_restarts() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let members = seqs(&outbox).await;
    let now = from_millis(1_000_000_000);
    let taken = slot(freeze(&outbox, &members, 1).await);
    let used_up = Standing::UsedUp(Scope::Robot(ROBOT), now);
    settle(&outbox, &members, Some(call(taken, 1, 1)), Fate::Again(now), used_up).await;
    assert_eq!(outbox.calls(now), Calls { count: 1, used_up: true });
    outbox.close().await;
    drop(outbox);

    let outbox = open(folder.path());
    assert_eq!(outbox.calls(now), Calls { count: 1, used_up: true });
    assert_eq!(outbox.calls(later(now, 40 * Duration::from_secs(86_400))), Calls::default());
    let taken = slot(try_again(&outbox, members[0], 1).await);
    let healthy = Standing::Healthy(vec![Scope::Robot(ROBOT)]);
    settle(&outbox, &members, Some(call(taken, 1, 1)), Fate::Delivered, healthy).await;
    assert_eq!(outbox.calls(now), Calls { count: 2, used_up: false });
}

#[tokio::test]
async fn a_throttle_that_the_ledger_does_not_explain_halves_the_limit_for_an_hour() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let members = seqs(&outbox).await;
    let now = from_millis(1_000_000_000);
    let taken = slot(freeze(&outbox, &members, 1).await);
    let throttled = Standing::Throttled(Scope::Robot(ROBOT), now);
    settle(&outbox, &members, Some(call(taken, 1, 1)), Fate::Again(now), throttled).await;
    outbox.close().await;
    drop(outbox);

    let outbox = open(folder.path());
    let free = |minutes: u64| {
        let now = later(now, Duration::from_secs(minutes * 60));
        outbox.tempo(ROBOT, &[RateLimit::DINGTALK], Share::Critical, now).free
    };
    assert_eq!((free(2), free(59), free(61)), (10, 10, 20));
}

#[tokio::test]
async fn pauses_survive_until_they_are_lifted() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let seq = waiting(&outbox).await[0].seq;
    let (scope, pause) = (Scope::Host("oapi.dingtalk.com".into()), Pause { until: from_millis(5), strikes: 0 });
    let standing = Standing::Throttled(scope.clone(), pause.until);
    settle(&outbox, &[seq], None, Fate::Thawed(Form::Full, from_millis(0)), standing).await;
    outbox.close().await;
    drop(outbox);

    let outbox = open(folder.path());
    assert_eq!((outbox.pause(&scope), outbox.pause(&Scope::Robot(ROBOT))), (Some(pause), None));
    let healthy = Standing::Healthy(vec![scope.clone()]);
    settle(&outbox, &[seq], None, Fate::Thawed(Form::Full, from_millis(0)), healthy).await;
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
    settle(&outbox, &[seq], None, Fate::Dead("for a test".into()), Standing::Unchanged).await;
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
async fn what_was_delivered_does_not_keep_out_what_is_news() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    let many_alerts = Offer { alerts: "+fingerprint\n".repeat(100_000), ..offer(1, 1) };
    outbox.accept(many_alerts).await.expect("there was room");
    let members = seqs(&outbox).await;
    let taken = slot(freeze(&outbox, &members, 1).await);
    settle(&outbox, &members, Some(call(taken, 1, 1)), Fate::Delivered, Standing::Unchanged).await;
    assert!(matches!(outbox.accept(offer(2, 1)).await, Err(Refusal::TooLarge(_))));
    let _ = tokio::time::timeout(Duration::from_millis(200), outbox.tidying()).await;
    assert!(matches!(outbox.accept(offer(2, 1)).await, Ok(Accepted::New(_))));
}

#[tokio::test]
async fn new_entries_are_announced_to_the_last_subscriber() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    let Subscription { waiting, mut announced, .. } = outbox.subscribe("ops".into()).await.expect("readable");
    assert!(waiting.is_empty());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    outbox.accept(offer(1, 1)).await.expect("a duplicate");
    outbox.accept(Offer { target: "other".into(), ..offer(2, 1) }).await.expect("accepted");
    assert_eq!(announced.recv().await.expect("announced")[0].group, GroupId::from_bytes([1; 16]));
    assert!(announced.try_recv().is_err(), "neither duplicates nor other targets");
}

#[tokio::test]
async fn a_misconfigured_robot_is_tried_at_once_after_a_reload_or_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let seq = waiting(&outbox).await[0].seq;
    let misconfigured = Pause { until: from_millis(i64::MAX / 2), strikes: 1 };
    let forgiven = Pause { until: from_millis(0), strikes: 1 };
    let standing = || Standing::Misconfigured(Scope::Robot(ROBOT), misconfigured);
    settle(&outbox, &[seq], None, Fate::Thawed(Form::Full, from_millis(0)), standing()).await;
    assert_eq!(outbox.pause(&Scope::Robot(ROBOT)), Some(misconfigured));
    outbox.forgive().await.expect("written");
    assert_eq!(outbox.pause(&Scope::Robot(ROBOT)), Some(forgiven), "it is not known to have been put right");

    settle(&outbox, &[seq], None, Fate::Thawed(Form::Full, from_millis(0)), standing()).await;
    outbox.close().await;
    drop(outbox);
    assert_eq!(open(folder.path()).pause(&Scope::Robot(ROBOT)), Some(forgiven));
}

#[tokio::test]
async fn a_plan_that_waits_for_its_next_attempt_is_tried_at_once_after_a_reload_or_a_restart() {
    let folder = tempfile::tempdir().expect("folder");
    let outbox = open(folder.path());
    outbox.accept(offer(1, 1)).await.expect("accepted");
    let members = seqs(&outbox).await;
    let taken = slot(freeze(&outbox, &members, 1).await);
    let again = Fate::Again(from_millis(i64::MAX / 2));
    let not_before = async |outbox: &Outbox| {
        outbox.subscribe("ops".into()).await.expect("readable").plans[0].not_before.as_millisecond()
    };
    settle(&outbox, &members, Some(call(taken, 1, 1)), again.clone(), Standing::Unchanged).await;
    assert_ne!(not_before(&outbox).await, 0);
    outbox.forgive().await.expect("written");
    assert_eq!(not_before(&outbox).await, 0);

    settle(&outbox, &members, Some(call(taken, 1, 1)), again, Standing::Unchanged).await;
    outbox.close().await;
    drop(outbox);
    assert_eq!(not_before(&open(folder.path())).await, 0);
}

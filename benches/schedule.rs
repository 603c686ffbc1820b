//! How long a lane takes to decide what it does next, with 100,000 notifications waiting.

#![allow(missing_docs, reason = "criterion's macros make items without")]

use std::collections::HashSet;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use dingbridge::clock::from_millis;
use dingbridge::delivery::DigestPolicy;
use dingbridge::delivery::backlog::Backlog;
use dingbridge::delivery::schedule::{RobotState, Situation, Why, schedule};
use dingbridge::dingtalk::RobotId;
use dingbridge::notification::GroupId;
use dingbridge::notification::Severity;
use dingbridge::outbox::pace::{RateLimit, Share, Slot, tempo};
use dingbridge::outbox::{Batch, Form, Waiting};

const WAITING: i64 = 100_000;

fn waiting(seq: i64) -> Waiting {
    let mut group = [0; 16];
    group[..8].copy_from_slice(&(seq / 2).to_be_bytes());
    let severities = [None, Some(Severity::Info), Some(Severity::Warning), Some(Severity::Critical)];
    Waiting {
        seq,
        id: uuid::Uuid::nil(),
        group: GroupId::from_bytes(group),
        accepted_at: from_millis(0),
        not_before: from_millis(0),
        severity: severities[seq as usize % severities.len()],
        resolves: false,
        bytes: 5_000,
        form: Form::Full,
        batch: Batch::Any,
        copied: false,
        plan: None,
    }
}

/// A robot that has been sent so many messages a second ago.
fn robot(id: u8, sent: i64) -> RobotState {
    let slots: Vec<Slot> = (0..sent).map(|id| Slot { id, settled_at: Some(from_millis(0)) }).collect();
    let tempo = |share| tempo(slots.iter(), &[RateLimit::DINGTALK], share, from_millis(30_000));
    RobotState {
        id: RobotId::from_bytes([id; 16]),
        paused: None,
        critical: tempo(Share::Critical),
        common: tempo(Share::Common),
    }
}

fn decide(criterion: &mut Criterion) {
    let backlog = Backlog::new((1..=WAITING).map(waiting).collect(), &[]);
    let forwarded = HashSet::new();
    let pool: Vec<RobotState> = (1..=5).map(|id| robot(id, 10)).collect();
    let refusing = RobotState { paused: Some((from_millis(600_000), Why::Refusing)), ..robot(1, 0) };
    for (name, robots, fallback) in [
        ("a message each", vec![robot(1, 0)], false),
        ("all together", vec![robot(1, 10)], false),
        ("wait for the window", vec![robot(1, 20)], false),
        ("all together, five robots", pool, false),
        ("a robot that refuses, with a fallback", vec![refusing], true),
    ] {
        let situation = Situation {
            backlog: &backlog,
            robots: &robots,
            digest: DigestPolicy::default(),
            thrift: None,
            retention: Duration::from_secs(7 * 86_400),
            forwarded: fallback.then_some(&forwarded),
        };
        let decide = || schedule(black_box(&situation), from_millis(30_000));
        criterion.bench_function(&format!("schedule, 100,000 waiting: {name}"), |bencher| bencher.iter(decide));
    }
}

criterion_group!(benches, decide);
criterion_main!(benches);

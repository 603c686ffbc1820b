//! Whole histories: notifications come, calls take their time, robots are throttled, fail and recover. Whatever
//! happens, the promises of the lane hold as the receiver sees them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::tests::entry;
use super::*;
use crate::clock::from_millis;
use crate::delivery::retry::{Attempt, conclude};
use crate::dingtalk::{Outcome, verdict};
use crate::outbox::pace::{RateLimit, Slot, tempo};
use crate::outbox::{Call, Fate, Frozen, Pause, Scope, Settlement, Standing};

const LIMIT: RateLimit = RateLimit { messages: 6, period: Duration::from_secs(60) };

/// What the receiver answers.
#[derive(Debug, Clone, Copy)]
enum Answer {
    Taken,
    /// It arrives, but the answer does not.
    Lost,
    Busy,
    Throttled,
    Unsuitable,
    /// The bridge is killed during the call, whether it arrives or not.
    Killed {
        arrives: bool,
    },
}

/// A notification that is posted.
#[derive(Debug, Clone, Copy)]
struct Posted {
    /// Milliseconds after the one before.
    after: i64,
    group: u8,
    severity: u8,
}

#[derive(Default)]
struct Robot {
    slots: Vec<Slot>,
    arrivals: Vec<i64>,
    paused_until: Option<Timestamp>,
    strikes: u32,
}

struct World {
    now: i64,
    backlog: Backlog,
    robots: Vec<Robot>,
    /// The entries of each message that arrived, in order; a second arrival of the same message is dropped.
    shown: Vec<i64>,
    seen: BTreeSet<(i64, u64)>,
    dead: BTreeSet<i64>,
    /// Which freezing of a plan it is, as its `msgUuid` would tell.
    freezings: BTreeMap<i64, u64>,
    freezing: u64,
    attempts: BTreeMap<i64, u32>,
}

fn id(robot: usize) -> RobotId {
    RobotId::from_bytes([robot as u8 + 1; 16])
}

impl World {
    fn new(robots: usize) -> Self {
        Self {
            now: 0,
            backlog: Backlog::default(),
            robots: (0..robots).map(|_| Robot::default()).collect(),
            shown: Vec::new(),
            seen: BTreeSet::new(),
            dead: BTreeSet::new(),
            freezings: BTreeMap::new(),
            freezing: 0,
            attempts: BTreeMap::new(),
        }
    }

    fn step(&self) -> Step {
        let now = from_millis(self.now);
        let states: Vec<RobotState> = (0..)
            .zip(&self.robots)
            .map(|(index, robot)| RobotState {
                id: id(index),
                paused: robot.paused_until.map(|until| (until, Why::Refusing)),
                critical: tempo(robot.slots.iter(), &[LIMIT], Share::Critical, now),
                common: tempo(robot.slots.iter(), &[LIMIT], Share::Common, now),
            })
            .collect();
        let situation = Situation {
            backlog: &self.backlog,
            robots: &states,
            digest: DigestPolicy::default(),
            thrift: None,
            retention: Duration::from_secs(86_400),
            forwarded: None,
        };
        schedule(&situation, now)
    }

    /// Does what the lane would do, until the next notification comes.
    fn run_until(&mut self, end: i64, answers: &mut impl Iterator<Item = (Answer, i64, f64)>) {
        while self.now < end {
            match self.step() {
                Step::Tell { members, robot, .. } => {
                    let mut members = members;
                    members.sort_unstable();
                    let plan = members[0];
                    self.backlog.freeze(plan, members, id(robot), from_millis(self.now));
                    self.freezing += 1;
                    self.freezings.insert(plan, self.freezing);
                    self.attempts.insert(plan, 0);
                    self.call(plan, robot, answers.next().expect("answers never end"));
                }
                Step::Resume { plan, robot, .. } => {
                    self.call(plan, robot, answers.next().expect("answers never end"));
                }
                Step::Wait(until) => {
                    assert!(until.as_millisecond() > self.now, "it would spin");
                    self.now = until.as_millisecond().min(end);
                }
                Step::Idle => self.now = end,
                step => panic!("{step:?} cannot come here"),
            }
        }
    }

    fn call(&mut self, plan: i64, robot: usize, (answer, takes, arrives): (Answer, i64, f64)) {
        let members = self.backlog.plans().find(|(number, _)| *number == plan).expect("frozen").1.members.clone();
        let slot = self.robots[robot].slots.len();
        self.robots[robot].slots.push(Slot { id: slot as i64, settled_at: None });
        self.robots[robot].arrivals.push(self.now + (takes as f64 * arrives) as i64);
        let arrives = matches!(answer, Answer::Taken | Answer::Lost | Answer::Killed { arrives: true });
        if arrives && self.seen.insert((plan, self.freezings[&plan])) {
            self.shown.extend(&members);
        }
        self.now += takes;
        let now = from_millis(self.now);
        self.robots[robot].slots[slot].settled_at = Some(now);

        let body = match answer {
            Answer::Taken => r#"{"errcode":0}"#,
            Answer::Lost => "",
            Answer::Busy => r#"{"errcode":-1}"#,
            Answer::Throttled => r#"{"errcode":660026}"#,
            Answer::Unsuitable => r#"{"errcode":430104}"#,
            // The next run finds the plan frozen and the slot taken, until the deadline.
            Answer::Killed { .. } => return self.restart(),
        };
        let verdict = verdict(&Outcome::Answer { status: 200, body: body.into() });
        let attempts = self.attempts.entry(plan).or_default();
        *attempts += 1;
        let attempt = Attempt {
            attempts: *attempts,
            partly: false,
            form: self.backlog.form(&members),
            groups: self.backlog.by_group(&members),
            robot: id(robot),
            host: "oapi.dingtalk.com".into(),
            strikes: self.robots[robot].strikes,
        };
        let (fate, standing) = conclude(&verdict, &attempt, now);
        match &standing {
            Standing::Throttled(_, until) | Standing::Misconfigured(Scope::Robot(_), Pause { until, .. }) => {
                self.robots[robot].paused_until = Some(*until);
            }
            _ => {}
        }
        if let Fate::Dead(_) = fate {
            self.dead.extend(&members);
        }
        let call = Call {
            robot: id(robot),
            slot: slot as i64,
            part: 1,
            parts: 1,
            msg_uuid: uuid::Uuid::nil(),
            attempts: *attempts,
            counted: true,
            failure: None,
        };
        let settlement = Settlement { target: "ops".into(), plan, members, call: Some(call), fate, standing };
        self.backlog.settle(&settlement, now);
    }
}

impl World {
    /// What a new process finds in the outbox.
    fn restart(&mut self) {
        let plans: Vec<_> = self
            .backlog
            .plans()
            .map(|(plan, state)| {
                (Frozen { plan, robot: state.robot, not_before: state.not_before }, state.members.clone())
            })
            .collect();
        let mut waiting: Vec<Waiting> = self.backlog.entries().cloned().collect();
        for entry in &mut waiting {
            let plan = plans.iter().find(|(_, members)| members.contains(&entry.seq));
            entry.plan = plan.map(|(frozen, _)| frozen.plan);
        }
        let plans: Vec<Frozen> = plans.into_iter().map(|(frozen, _)| frozen).collect();
        self.backlog = Backlog::new(waiting, &plans);
    }
}

fn severity_of(code: u8) -> Option<Severity> {
    [None, Some(Severity::Info), Some(Severity::Warning), Some(Severity::Unknown), Some(Severity::Critical)]
        [usize::from(code)]
}

fn posted() -> impl Strategy<Value = Vec<Posted>> {
    let one = (prop_oneof![8 => 0i64..300, 1 => 0i64..90_000], 0u8..12, 0u8..5);
    proptest::collection::vec(one.prop_map(|(after, group, severity)| Posted { after, group, severity }), 1..80)
}

fn answer() -> impl Strategy<Value = Answer> {
    prop_oneof![
        8 => Just(Answer::Taken),
        1 => Just(Answer::Lost),
        1 => Just(Answer::Busy),
        1 => Just(Answer::Throttled),
        1 => Just(Answer::Unsuitable),
        1 => any::<bool>().prop_map(|arrives| Answer::Killed { arrives }),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_the_promises_hold(
        posted in posted(),
        answers in proptest::collection::vec((answer(), 1i64..3_000, 0.0f64..=1.0), 1..60),
        robots in 1usize..4,
    ) {
        let mut world = World::new(robots);
        // In the end DingTalk takes everything.
        let mut answers = answers.into_iter().chain(std::iter::repeat((Answer::Taken, 100, 0.5)));
        let mut groups: BTreeMap<GroupId, Vec<i64>> = BTreeMap::new();
        for (seq, posted) in (1..).zip(&posted) {
            let next = world.now + posted.after;
            world.run_until(next, &mut answers);
            let accepted_at = from_millis(world.now);
            let entry = Waiting { accepted_at, not_before: accepted_at, ..entry(seq, posted.group, severity_of(posted.severity)) };
            groups.entry(entry.group).or_default().push(seq);
            world.backlog.extend(vec![entry]);
        }
        world.run_until(world.now + 86_000_000, &mut answers);

        prop_assert!(world.backlog.is_empty(), "something is never told: {:?}", world.backlog);
        for seq in 1..=posted.len() as i64 {
            prop_assert!(world.shown.contains(&seq) || world.dead.contains(&seq), "{seq} is lost");
        }
        // An entry may be told twice only after an answer that was lost. Its first telling keeps the order.
        for seqs in groups.values() {
            let told: Vec<_> = seqs.iter().filter_map(|seq| world.shown.iter().position(|shown| shown == seq)).collect();
            prop_assert!(told.is_sorted(), "an older state after a newer one: {seqs:?} in {:?}", world.shown);
            // What became a dead letter may have arrived before, when its answer was lost.
            let mut told = seqs.iter().rev().filter(|seq| !world.dead.contains(seq) || world.shown.contains(seq));
            if let Some(newest) = told.next() {
                let last = world.shown.iter().rev().find(|shown| seqs.contains(shown));
                prop_assert_eq!(last, Some(newest), "the newest state is told last");
            }
        }
        for robot in &mut world.robots {
            robot.arrivals.sort_unstable();
            for window in robot.arrivals.windows(LIMIT.messages as usize + 1) {
                prop_assert!(window[LIMIT.messages as usize] - window[0] > 60_000, "{window:?}");
            }
        }
    }

    #[test]
    fn in_a_storm_what_is_critical_is_told_within_half_a_window(
        groups in proptest::collection::vec((0i64..10_000, 0u8..5), 1..400),
        takes in 1i64..1_000,
    ) {
        let mut world = World::new(1);
        let mut groups = groups;
        groups.sort_unstable();
        let mut answers = std::iter::repeat((Answer::Taken, takes, 1.0));
        let mut posted: BTreeMap<i64, (i64, u8)> = BTreeMap::new();
        let mut told = BTreeMap::new();
        let watch = |world: &World, told: &mut BTreeMap<i64, i64>| {
            for seq in &world.shown {
                told.entry(*seq).or_insert(world.now);
            }
        };
        let advance = |world: &mut World, end: i64, answers: &mut _, told: &mut BTreeMap<i64, i64>| {
            while world.now < end {
                let next = (world.now + 250).min(end);
                world.run_until(next, answers);
                watch(world, told);
            }
        };
        for (seq, (came, severity)) in (1..).zip(groups) {
            advance(&mut world, came, &mut answers, &mut told);
            let accepted_at = from_millis(world.now);
            let mut group = [0; 16];
            group[..8].copy_from_slice(&i64::to_be_bytes(seq));
            let group = GroupId::from_bytes(group);
            world.backlog.extend(vec![Waiting { group, accepted_at, not_before: accepted_at, ..entry(seq, 0, severity_of(severity)) }]);
            posted.insert(seq, (world.now, severity));
        }
        let end = world.now + 120_000;
        advance(&mut world, end, &mut answers, &mut told);
        for (seq, (came, severity)) in posted {
            let waited = told.get(&seq).map(|told| told - came);
            let most = if severity == 4 { 30_000 } else { 60_000 };
            prop_assert!(waited.is_some_and(|waited| waited <= most + 2_000), "{seq} of severity {severity}: {waited:?}");
        }
    }
}

//! What a lane does next. Pure: everything it depends on is an argument.
//!
//! Few or many: while more than half of a robot's window is free, each group that waits gets a message of its own.
//! Beyond that, plans that tell everything that waits go at the distance that makes the rest of the window last. A part
//! of every window is kept for critical alerts.
//!
//! A robot that cannot be called holds back nobody else: of several robots, those that are healthy share all groups,
//! and each group stays with its robot while that is healthy.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::time::Duration;

use super::backlog::{Backlog, Plan};
use super::{DigestMode, DigestPolicy};
use crate::clock::{Timestamp, later};
use crate::dingtalk::RobotId;
use crate::notification::GroupId;
use crate::notification::Severity;
use crate::outbox::pace::{Pace, Share, Tempo};
use crate::outbox::{Batch, Form, Waiting};

/// What the lane does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Tell these entries, in this order, by that robot, in so many messages at the most.
    Tell {
        /// The entries; those of one group stand together, oldest first.
        members: Vec<i64>,
        /// Which of the target's robots.
        robot: usize,
        /// How many messages they may take.
        room: u32,
        /// Which part of the robot's windows they may use.
        share: Share,
    },
    /// Send the next message of this plan by that robot.
    Resume {
        /// The plan.
        plan: i64,
        /// Which of the target's robots.
        robot: usize,
        /// Which part of the robot's windows it may use.
        share: Share,
    },
    /// Tell the fallback these entries too.
    Forward(Vec<i64>),
    /// Give these entries up: they have waited for as long as the outbox keeps things.
    Expire(Vec<i64>),
    /// Nothing may be done before this time.
    Wait(Timestamp),
    /// Nothing may be sent before a call that is under way, in another lane, has been answered.
    WaitForAnswer,
    /// Nothing is waiting.
    Idle,
}

/// A robot as the lane finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RobotState {
    /// Which it is.
    pub id: RobotId,
    /// Until when it, or its host, is left alone, and why.
    pub paused: Option<(Timestamp, Why)>,
    /// How its windows stand for critical alerts.
    pub critical: Tempo,
    /// How they stand for all others.
    pub common: Tempo,
}

/// Why a robot is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Its last calls did not get through; it is tried again soon.
    Trouble,
    /// It refuses everything for a longer time: it is throttled, banned, misconfigured or out of quota.
    Refusing,
}

/// What is decided about.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What waits.
    pub backlog: &'a Backlog,
    /// The target's robots.
    pub robots: &'a [RobotState],
    /// When notifications are told together.
    pub digest: DigestPolicy,
    /// For how long what is not urgent has to be gathered to save calls.
    pub thrift: Option<Duration>,
    /// For how long delivery is tried.
    pub retention: Duration,
    /// The groups that the fallback was told about; `None` without a fallback.
    pub forwarded: Option<&'a HashSet<GroupId>>,
}

/// For how long a notification may wait before the fallback is told.
const PATIENCE: Duration = Duration::from_secs(5 * 60);

/// How many entries one plan tells at the most, and how many bytes of JSON: a bound on memory. What is beyond it is
/// told by the next plan.
const MOST_ENTRIES: usize = 5_000;
const MOST_BYTES: u64 = 8 << 20;

/// How many entries are copied to the fallback in one step.
const MOST_COPIES: usize = 256;

/// Decides a lane's next step.
pub fn schedule(situation: &Situation<'_>, now: Timestamp) -> Step {
    let Situation { backlog, robots, .. } = *situation;
    let Some(oldest) = backlog.oldest() else { return Step::Idle };
    let expires = later(oldest.accepted_at, situation.retention);
    if expires <= now {
        let plan = backlog.plans().find(|(_, plan)| plan.members.contains(&oldest.seq));
        return Step::Expire(plan.map_or_else(|| vec![oldest.seq], |(_, plan)| plan.members.clone()));
    }
    let mut wake = Wake { at: expires, after_answer: false };
    let copies = situation.copies(now, &mut wake);
    if !copies.is_empty() {
        return Step::Forward(copies);
    }
    for (number, plan) in backlog.plans() {
        if let Some(step) = situation.resume(number, plan, now, &mut wake) {
            return step;
        }
    }
    let healthy: Vec<usize> = (0..robots.len()).filter(|robot| robots[*robot].is_up(now)).collect();
    if let Some(first_up) =
        robots.iter().filter_map(|robot| robot.paused).map(|(until, _)| until).filter(|until| *until > now).min()
    {
        wake.no_later(first_up);
    }
    situation.tell(&healthy, now, &mut wake).unwrap_or_else(|| wake.step())
}

/// When to look again.
#[derive(Debug)]
struct Wake {
    at: Timestamp,
    after_answer: bool,
}

/// What a robot may be sent now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// A message for each group.
    Each,
    /// One plan for all that waits.
    Together,
    /// Nothing.
    Shut,
}

// === impl Situation ===

impl Situation<'_> {
    /// For how long what is not urgent is gathered.
    fn gathering(&self) -> Option<Duration> {
        let always = (self.digest.mode == DigestMode::Always).then_some(self.digest.interval);
        self.thrift.max(always)
    }

    /// Whether an entry is gathered rather than told as soon as there is room.
    fn gathers(&self, entry: &Waiting) -> bool {
        self.gathering().is_some() && !entry.is_urgent() && entry.batch != Batch::Missed
    }

    /// The entries that the fallback is to be told now.
    ///
    /// What is urgent is copied at once when every robot refuses; everything else when it has waited for too long, for
    /// whatever reason but that it is gathered. What is over follows where it was shown to fire.
    fn copies(&self, now: Timestamp, wake: &mut Wake) -> Vec<i64> {
        let Some(forwarded) = self.forwarded else { return Vec::new() };
        let refusing = self.robots.iter().all(|robot| robot.refuses(now));
        let gathering = self.gathering().unwrap_or_default();
        let mut copies = Vec::new();
        for entry in self.backlog.uncopied() {
            let patience = if self.gathers(entry) { PATIENCE + gathering } else { PATIENCE };
            let overdue = later(entry.accepted_at, patience);
            let follows = entry.resolves && forwarded.contains(&entry.group);
            if overdue <= now || follows || (refusing && entry.is_urgent()) {
                copies.push(entry.seq);
                if copies.len() == MOST_COPIES {
                    break;
                }
                continue;
            }
            wake.no_later(overdue);
            if !refusing && forwarded.is_empty() && gathering.is_zero() {
                // All others came later.
                break;
            }
        }
        copies
    }

    /// The next attempt of a plan, if it is due.
    fn resume(&self, number: i64, plan: &Plan, now: Timestamp, wake: &mut Wake) -> Option<Step> {
        if plan.not_before > now {
            wake.no_later(plan.not_before);
            return None;
        }
        let share = if plan.critical { Share::Critical } else { Share::Common };
        // One whose robot is no longer configured goes to any.
        let bound = plan.robot.and_then(|id| self.robots.iter().position(|robot| robot.id == id));
        let candidates = bound.map_or(0..self.robots.len(), |robot| robot..robot + 1);
        for robot in candidates {
            match self.robots[robot].paused.filter(|(until, _)| *until > now) {
                Some((until, _)) => wake.no_later(until),
                None => match self.robots[robot].tempo(share).pace {
                    Pace::Free => return Some(Step::Resume { plan: number, robot, share }),
                    pace => wake.for_pace(pace),
                },
            }
        }
        None
    }

    /// The next thing to tell, by one of the `healthy` robots.
    fn tell(&self, healthy: &[usize], now: Timestamp, wake: &mut Wake) -> Option<Step> {
        let mut is_open = |share| {
            // Each is asked, because each says when to wake.
            let open: Vec<_> =
                healthy.iter().filter(|robot| self.gate(**robot, share, now, wake) != Gate::Shut).collect();
            !open.is_empty()
        };
        // What is critical comes first.
        let is_critical = self.backlog.ready().next().is_some_and(|first| share(first) == Share::Critical);
        let (critical, common) = (is_critical && is_open(Share::Critical), is_open(Share::Common));
        for entry in self.backlog.ready() {
            if !common && (!critical || share(entry) == Share::Common) {
                break;
            }
            if entry.not_before > now {
                wake.no_later(entry.not_before);
                continue;
            }
            if self.gathers(entry) && !self.is_gathered(entry, now, wake) {
                continue;
            }
            let robot = home(&entry.group, healthy, self.robots);
            let share = share(entry);
            match self.gate(robot, share, now, wake) {
                Gate::Shut => {}
                gate => return Some(self.plan(entry, gate, robot, healthy, share, now)),
            }
        }
        None
    }

    /// Whether an entry that is gathered has waited for as long as it should.
    fn is_gathered(&self, entry: &Waiting, now: Timestamp, wake: &mut Wake) -> bool {
        let first = self.backlog.of_group(&entry.group).next().unwrap_or(entry);
        let due = later(first.accepted_at, self.gathering().unwrap_or_default());
        if due > now {
            wake.no_later(due);
        }
        due <= now
    }

    /// What `robot` may be sent for that share now.
    fn gate(&self, robot: usize, share: Share, now: Timestamp, wake: &mut Wake) -> Gate {
        let tempo = self.robots[robot].tempo(share);
        if tempo.pace != Pace::Free {
            wake.for_pace(tempo.pace);
            return Gate::Shut;
        }
        if tempo.roomy || self.is_never() {
            return Gate::Each;
        }
        if tempo.due > now {
            wake.no_later(tempo.due);
            return Gate::Shut;
        }
        Gate::Together
    }

    /// Whether every notification gets a message of its own. Saving calls goes before.
    fn is_never(&self) -> bool {
        self.digest.mode == DigestMode::Never && self.thrift.is_none()
    }

    /// What is told beginning with the group of `first`.
    fn plan(&self, first: &Waiting, gate: Gate, robot: usize, healthy: &[usize], share: Share, now: Timestamp) -> Step {
        let most = match self.robots[robot].tempo(Share::Common).free {
            // The others ride along with what is critical, but its reserve is not spent on them.
            0 if gate == Gate::Together => 1,
            _ => self.digest.max_parts as u32,
        };
        let room = self.robots[robot].tempo(share).free.min(most).max(1);
        let mut members: Vec<i64> = self.backlog.of_group(&first.group).map(|entry| entry.seq).collect();
        if self.is_never() && first.batch == Batch::Any {
            members.truncate(1);
            return Step::Tell { members, robot, room, share };
        }
        let gathered = self.gathers(first);
        let with_first = |entry: &Waiting| {
            let batch = match (first.batch, entry.batch) {
                // Among all that waits, what was missed is nothing apart.
                (Batch::Any | Batch::Missed, Batch::Any | Batch::Missed) if gate == Gate::Together => true,
                (one, other) => one == other,
            };
            batch
                && entry.group != first.group
                && self.form(entry) == self.form(first)
                && entry.not_before <= now
                && (gathered || !self.gathers(entry))
                && home(&entry.group, healthy, self.robots) == robot
        };
        if gate == Gate::Together || gathered || first.batch != Batch::Any {
            let mut bytes = 0;
            for entry in self.backlog.ready().filter(|entry| with_first(entry)) {
                for entry in self.backlog.of_group(&entry.group) {
                    bytes += u64::from(entry.bytes);
                    members.push(entry.seq);
                }
                if members.len() >= MOST_ENTRIES || bytes >= MOST_BYTES {
                    break;
                }
            }
        }
        Step::Tell { members, robot, room, share }
    }

    /// The form of a group.
    fn form(&self, entry: &Waiting) -> Form {
        Form::together(self.backlog.of_group(&entry.group).map(|entry| entry.form))
    }
}

/// Which part of a window a group may use.
fn share(entry: &Waiting) -> Share {
    if entry.severity == Some(Severity::Critical) { Share::Critical } else { Share::Common }
}

/// The robot of a group: the same as long as it is healthy, and another one for each group (rendezvous hashing).
fn home(group: &GroupId, healthy: &[usize], robots: &[RobotState]) -> usize {
    let hasher = std::hash::BuildHasherDefault::<std::hash::DefaultHasher>::default();
    match healthy {
        [only] => *only,
        _ => healthy
            .iter()
            .copied()
            .max_by_key(|robot| hasher.hash_one((group.as_bytes(), robots[*robot].id.as_bytes())))
            .unwrap_or_default(),
    }
}

// === impl RobotState ===

impl RobotState {
    fn is_up(&self, now: Timestamp) -> bool {
        self.paused.is_none_or(|(until, _)| until <= now)
    }

    fn refuses(&self, now: Timestamp) -> bool {
        self.paused.is_some_and(|(until, why)| until > now && why == Why::Refusing)
    }

    fn tempo(&self, share: Share) -> &Tempo {
        match share {
            Share::Critical => &self.critical,
            Share::Common => &self.common,
        }
    }
}

// === impl Wake ===

impl Wake {
    fn no_later(&mut self, at: Timestamp) {
        self.at = self.at.min(at);
    }

    fn for_pace(&mut self, pace: Pace) {
        match pace {
            Pace::Free => {}
            Pace::At(at) => self.no_later(at),
            Pace::AfterAnswer => self.after_answer = true,
        }
    }

    fn step(self) -> Step {
        if self.after_answer { Step::WaitForAnswer } else { Step::Wait(self.at) }
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;

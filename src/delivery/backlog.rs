//! What waits for one target, in the order in which it is told.
//!
//! Scheduling works on groups: the states of one group that wait are told together, as one. A group whose states are
//! frozen into a plan waits for that plan, so that no older state of it follows a newer one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock::Timestamp;
use crate::dingtalk::RobotId;
use crate::notification::GroupId;
use crate::notification::Severity;
use crate::outbox::{Batch, Fate, Form, Frozen, Settlement, Waiting};

/// Everything that waits for one target.
#[derive(Debug, Default)]
pub struct Backlog {
    entries: BTreeMap<i64, Waiting>,
    groups: HashMap<GroupId, Group>,
    /// The groups that no plan holds, in the order in which they are told.
    ready: BTreeSet<Turn>,
    plans: BTreeMap<i64, Plan>,
    /// The entries that the fallback was not told.
    uncopied: BTreeSet<i64>,
}

/// A plan whose messages have not all arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Who has to bring its next message; `None` when any robot may.
    pub robot: Option<RobotId>,
    /// When that may be tried next.
    pub not_before: Timestamp,
    /// The entries that it tells, oldest first.
    pub members: Vec<i64>,
    /// Whether something critical fires in it.
    pub critical: bool,
}

/// A group's place in the order: the worst first, then the one that waits longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Turn {
    severity: std::cmp::Reverse<Option<Priority>>,
    first: i64,
    group: GroupId,
}

/// How much a severity hurries. Nobody said how bad an unknown one is, so it goes before what is known to be less than
/// critical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Priority {
    Info,
    Warning,
    Unknown,
    Critical,
}

#[derive(Debug, Default)]
struct Group {
    /// Its entries, oldest first.
    seqs: BTreeSet<i64>,
    /// The plan that holds some of them.
    plan: Option<i64>,
    /// Where it stands in `ready`.
    turn: Option<Turn>,
}

// === impl Backlog ===

impl Backlog {
    /// What an outbox holds for a target.
    pub fn new(waiting: Vec<Waiting>, plans: &[Frozen]) -> Self {
        let mut backlog = Self::default();
        for plan in plans {
            let known = Plan { robot: plan.robot, not_before: plan.not_before, members: Vec::new(), critical: false };
            backlog.plans.insert(plan.plan, known);
        }
        backlog.extend(waiting);
        backlog
    }

    /// How many entries wait.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// An entry.
    pub fn get(&self, seq: i64) -> Option<&Waiting> {
        self.entries.get(&seq)
    }

    /// The entry that was accepted first.
    pub fn oldest(&self) -> Option<&Waiting> {
        self.entries.values().next()
    }

    /// All entries, oldest first.
    pub fn entries(&self) -> impl Iterator<Item = &Waiting> {
        self.entries.values()
    }

    /// The entries that the fallback was not told, oldest first.
    pub fn uncopied(&self) -> impl Iterator<Item = &Waiting> {
        self.uncopied.iter().filter_map(|seq| self.entries.get(seq))
    }

    /// The plans that have begun, oldest first.
    pub fn plans(&self) -> impl Iterator<Item = (i64, &Plan)> {
        self.plans.iter().map(|(number, plan)| (*number, plan))
    }

    /// The groups that no plan holds, in the order in which they are told, each by its newest entry.
    pub fn ready(&self) -> impl Iterator<Item = &Waiting> {
        self.ready.iter().filter_map(|turn| self.newest(&turn.group))
    }

    /// The entries of a group, oldest first.
    pub fn of_group(&self, group: &GroupId) -> impl Iterator<Item = &Waiting> {
        let seqs = self.groups.get(group).into_iter().flat_map(|group| &group.seqs);
        seqs.filter_map(|seq| self.entries.get(seq))
    }

    /// How some entries are told together.
    pub fn form(&self, seqs: &[i64]) -> Form {
        Form::together(seqs.iter().filter_map(|seq| self.get(*seq)).map(|entry| entry.form))
    }

    /// Some entries by their groups, those of a group in the order given.
    pub fn by_group(&self, seqs: &[i64]) -> Vec<Vec<i64>> {
        let mut groups: BTreeMap<GroupId, Vec<i64>> = BTreeMap::new();
        for entry in seqs.iter().filter_map(|seq| self.get(*seq)) {
            groups.entry(entry.group).or_default().push(entry.seq);
        }
        groups.into_values().collect()
    }

    fn newest(&self, group: &GroupId) -> Option<&Waiting> {
        self.entries.get(self.groups.get(group)?.seqs.last()?)
    }

    /// Adds entries, oldest first.
    pub fn extend(&mut self, entries: Vec<Waiting>) {
        entries.into_iter().for_each(|entry| self.insert(entry));
    }

    fn insert(&mut self, entry: Waiting) {
        let (seq, group) = (entry.seq, entry.group);
        // A plan that is gone from the outbox holds nothing.
        let plan = entry.plan.filter(|plan| self.plans.contains_key(plan));
        if !entry.copied {
            self.uncopied.insert(seq);
        }
        let critical = entry.severity == Some(Severity::Critical);
        self.entries.insert(seq, entry);
        self.groups.entry(group).or_default().seqs.insert(seq);
        if let Some(number) = plan
            && let Some(plan) = self.plans.get_mut(&number)
        {
            plan.members.push(seq);
            plan.critical |= critical;
            self.groups.entry(group).or_default().plan = Some(number);
        }
        self.place(&group);
    }

    /// Removes entries that were delivered, given up or dropped.
    pub fn remove(&mut self, seqs: &[i64]) {
        for seq in seqs {
            let Some(entry) = self.entries.remove(seq) else { continue };
            self.uncopied.remove(seq);
            if let Some(group) = self.groups.get_mut(&entry.group) {
                group.seqs.remove(seq);
            }
            self.place(&entry.group);
        }
    }

    /// Some entries are frozen into a plan that `robot` brings.
    pub fn freeze(&mut self, number: i64, members: Vec<i64>, robot: RobotId, now: Timestamp) {
        let groups = self.hold(&members, Some(number));
        let critical =
            members.iter().filter_map(|seq| self.get(*seq)).any(|entry| entry.severity == Some(Severity::Critical));
        self.plans.insert(number, Plan { robot: Some(robot), not_before: now, members, critical });
        groups.iter().for_each(|group| self.place(group));
    }

    /// Takes up how an attempt, or the wait for one, ended.
    pub fn settle(&mut self, settlement: &Settlement, now: Timestamp) {
        let Settlement { plan, members, call, fate, .. } = settlement;
        match fate {
            Fate::Delivered if call.as_ref().is_some_and(|call| call.part < call.parts) => {}
            Fate::Delivered | Fate::Dead(_) => {
                self.thaw(*plan);
                self.remove(members);
            }
            Fate::Again(not_before) => self.postpone(*plan, call.as_ref().map(|call| call.robot), *not_before),
            Fate::Moved => self.postpone(*plan, None, now),
            Fate::Thawed(form, not_before) => {
                self.thaw(*plan);
                self.change(members, |entry| (entry.form, entry.not_before) = (*form, *not_before));
            }
            Fate::Split(batches) => {
                self.thaw(*plan);
                self.change(members, |entry| (entry.form, entry.not_before) = (Form::Plain, now));
                for batch in batches {
                    let number = batch.first().copied().unwrap_or_default();
                    self.change(batch, |entry| entry.batch = Batch::Apart(number));
                }
            }
        }
    }

    /// A plan is over; its entries that are still there are told anew.
    pub fn thaw(&mut self, number: i64) {
        let Some(plan) = self.plans.remove(&number) else { return };
        let groups = self.hold(&plan.members, None);
        groups.iter().for_each(|group| self.place(group));
    }

    /// A plan waits for its next attempt, by any robot if it is `None`.
    fn postpone(&mut self, number: i64, robot: Option<RobotId>, not_before: Timestamp) {
        if let Some(plan) = self.plans.get_mut(&number) {
            plan.robot = robot;
            plan.not_before = not_before;
        }
    }

    /// The fallback was told.
    pub fn copied(&mut self, seqs: &[i64]) {
        for seq in seqs {
            self.uncopied.remove(seq);
        }
        self.change(seqs, |entry| (entry.copied, entry.batch) = (true, Batch::Missed));
    }

    fn change(&mut self, seqs: &[i64], change: impl Fn(&mut Waiting)) {
        seqs.iter().for_each(|seq| self.entries.get_mut(seq).map(&change).unwrap_or_default());
    }

    /// Says which plan holds the groups of some entries; these are returned.
    fn hold(&mut self, seqs: &[i64], plan: Option<i64>) -> BTreeSet<GroupId> {
        let groups: BTreeSet<GroupId> =
            seqs.iter().filter_map(|seq| self.entries.get(seq)).map(|entry| entry.group).collect();
        for group in &groups {
            if let Some(group) = self.groups.get_mut(group) {
                group.plan = plan;
            }
        }
        groups
    }

    /// Puts a group where it belongs after a change.
    fn place(&mut self, id: &GroupId) {
        let severity = self.newest(id).map(|newest| newest.severity);
        let Some(group) = self.groups.get_mut(id) else { return };
        if let Some(turn) = group.turn.take() {
            self.ready.remove(&turn);
        }
        match (severity, group.seqs.first(), group.plan) {
            (Some(severity), Some(first), None) => {
                let severity = std::cmp::Reverse(severity.map(Priority::of));
                let turn = Turn { severity, first: *first, group: *id };
                group.turn = Some(turn);
                self.ready.insert(turn);
            }
            (Some(_), Some(_), Some(_)) => {}
            _ => drop(self.groups.remove(id)),
        }
    }
}

// === impl Priority ===

impl Priority {
    fn of(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Info,
            Severity::Warning => Self::Warning,
            Severity::Unknown => Self::Unknown,
            Severity::Critical => Self::Critical,
        }
    }
}

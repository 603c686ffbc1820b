//! From a step to its end: what is told is frozen, sent and settled.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::report::Ended;
use super::telling::Telling;
use super::{Callable, Lane, TROUBLE};
use crate::clock::{Timestamp, later};
use crate::delivery::retry::{Attempt, conclude, trouble};
use crate::dingtalk::{RobotId, Verdict, verdict};
use crate::outbox::pace::Share;
use crate::outbox::{Call, Fresh, Part, Reservation, Reserved, Scope, Settlement, StoreError};

/// At least so long apart digests call people.
const DIGEST_CALLS: Duration = Duration::from_secs(5 * 60);

/// A message under way.
pub(super) struct Sending {
    pub(super) plan: i64,
    pub(super) members: Vec<i64>,
    pub(super) part: Part,
    pub(super) slot: i64,
}

// === impl Lane ===

impl Lane {
    /// Tells entries in a new plan.
    pub(super) async fn tell(
        &mut self,
        robot: &Callable,
        members: Vec<i64>,
        room: u32,
        share: Share,
    ) -> Result<(), StoreError> {
        let loaded = self.means.outbox.load(members.clone()).await?;
        if loaded.entries.len() < members.len() {
            // Somebody has dropped the others.
            let there: HashSet<i64> = loaded.entries.iter().map(|entry| entry.seq).collect();
            let dropped: Vec<i64> = members.iter().copied().filter(|seq| !there.contains(seq)).collect();
            self.backlog.remove(&dropped);
            return Ok(());
        }
        let now = self.means.clock.now();
        let digest_mentions = self.digest_called.is_none_or(|called| later(called, DIGEST_CALLS) <= now);
        let form = self.backlog.form(&members);
        let telling = Telling { loaded, form, room, digest_mentions, now };
        let target = Arc::clone(&self.target);
        let packed = telling.compose(target).await;
        self.count_rendered(&packed);
        let calls_people = packed.digest && packed.parts.iter().any(|part| !part.mention.is_empty());

        let mut members = members;
        members.sort_unstable();
        let plan = members[0];
        let parts: Vec<(Uuid, String)> = packed
            .parts
            .iter()
            .map(|part| {
                let msg_uuid = Uuid::now_v7();
                (msg_uuid, part.body(&msg_uuid.to_string()))
            })
            .collect();
        let (msg_uuid, body) = parts[0].clone();
        let part = Part { part: 1, parts: parts.len() as u32, msg_uuid, body, attempts: 1 };
        let fresh = Fresh { members: members.clone(), parts };
        if let Some(slot) = self.reserve(robot, plan, Some(fresh), 1, share).await? {
            if calls_people {
                self.digest_called = Some(now);
            }
            self.backlog.freeze(plan, members.clone(), robot.webhook.robot_id(), now);
            self.send(robot, Sending { plan, members, part, slot }).await;
        }
        Ok(())
    }

    /// Sends the next message of a plan.
    pub(super) async fn resume(&mut self, robot: &Callable, plan: i64, share: Share) -> Result<(), StoreError> {
        let Some(part) = self.means.outbox.part(plan).await? else {
            // Somebody has dropped what it told; whatever is still there is told anew.
            self.backlog.thaw(plan);
            return Ok(());
        };
        let members = self.backlog.plans().find(|(number, _)| *number == plan).map(|(_, plan)| plan.members.clone());
        if let Some(slot) = self.reserve(robot, plan, None, part.part, share).await? {
            let part = Part { attempts: part.attempts.saturating_add(1), ..part };
            self.send(robot, Sending { plan, members: members.unwrap_or_default(), part, slot }).await;
        }
        Ok(())
    }

    async fn reserve(
        &mut self,
        robot: &Callable,
        plan: i64,
        fresh: Option<Fresh>,
        part: u32,
        share: Share,
    ) -> Result<Option<i64>, StoreError> {
        let config = &self.target.robots[robot.index];
        let reservation = Reservation {
            plan,
            fresh,
            part,
            robot: robot.webhook.robot_id(),
            limits: config.limits.clone(),
            share,
            counted: !config.is_sandbox(),
        };
        match self.means.outbox.reserve(reservation).await? {
            Reserved::Slot { slot, calls } => {
                if !config.is_sandbox() {
                    self.watch_budget(calls).await;
                }
                Ok(Some(slot))
            }
            Reserved::Busy(_) => Ok(None),
        }
    }

    /// Calls DingTalk once, and writes down what came of it.
    async fn send(&mut self, robot: &Callable, sending: Sending) {
        let called = Instant::now();
        let client = self.means.client.borrow().clone();
        let secret = self.target.robots[robot.index].secret();
        let body = Bytes::from(sending.part.body.clone());
        let outcome = client.post(&robot.webhook, secret.as_ref(), body, self.means.clock.now()).await;
        let took = called.elapsed();
        self.metrics.called(took);

        let now = self.means.clock.now();
        let (verdict, id) = (verdict(&outcome), robot.webhook.robot_id());
        self.count_trouble(id, &verdict, now);
        let strikes = self.means.outbox.pause(&Scope::Robot(id)).map_or(0, |pause| pause.strikes);
        let settlement = self.conclude(robot, &sending, &verdict, strikes, now);
        let told: Vec<_> = sending.members.iter().filter_map(|seq| self.backlog.get(*seq)).collect();
        let accepted = told.iter().map(|entry| entry.accepted_at).collect();
        let id = told.first().map_or(sending.part.msg_uuid, |oldest| oldest.id);
        // Before it is written down that it was met, so that a crash between the two does not swallow it.
        self.tell_of_robot(robot, &verdict, &settlement.standing, strikes, now).await;
        self.settle(&settlement).await;
        // Once it is on disk: who counts on the metrics counts on that.
        let (sending, verdict, settlement) = (&sending, &verdict, &settlement);
        self.report(&Ended { robot: robot.index, sending, verdict, settlement, took, accepted, id }, now);
    }

    /// What the answer to a call leads to.
    fn conclude(
        &self,
        robot: &Callable,
        sending: &Sending,
        verdict: &Verdict,
        strikes: u32,
        now: Timestamp,
    ) -> Settlement {
        let Sending { plan, members, part, slot } = sending;
        let attempt = Attempt {
            attempts: part.attempts,
            partly: part.part > 1,
            form: self.backlog.form(members),
            groups: self.backlog.by_group(members),
            robot: robot.webhook.robot_id(),
            host: robot.webhook.host().to_owned(),
            strikes,
        };
        let (fate, standing) = conclude(verdict, &attempt, now);
        let call = Call {
            robot: attempt.robot,
            slot: *slot,
            part: part.part,
            parts: part.parts,
            msg_uuid: part.msg_uuid,
            attempts: part.attempts,
            counted: !self.target.robots[robot.index].is_sandbox(),
            failure: (*verdict != Verdict::Delivered).then(|| verdict.to_string()),
        };
        let (target, members) = (Arc::clone(&self.target.name), members.clone());
        Settlement { target, plan: *plan, members, call: Some(call), fate, standing }
    }

    /// A robot that does not get through is left alone for a moment, so that what waits is not frozen message by
    /// message.
    fn count_trouble(&mut self, robot: RobotId, verdict: &Verdict, now: Timestamp) {
        if !matches!(verdict, Verdict::Retry(..)) {
            self.failures.remove(&robot);
            return;
        }
        let (failures, until) = self.failures.entry(robot).or_insert((0, now));
        *failures = failures.saturating_add(1);
        *until = trouble(*failures).map_or(now, |pause| later(now, pause));
    }

    /// Writes the end of an attempt down, however long that takes: without it the attempt would be made again.
    pub(super) async fn settle(&mut self, settlement: &Settlement) {
        while let Err(error) = self.means.outbox.settle(settlement.clone()).await {
            tracing::error!(target = %settlement.target, %error, "the outbox does not take what DingTalk answered; trying again");
            if matches!(error, StoreError::Closed) || self.stop.is_cancelled() {
                return;
            }
            self.stop.run_until_cancelled(sleep(TROUBLE)).await;
        }
        self.backlog.settle(settlement, self.means.clock.now());
        self.metrics.queued(self.backlog.len());
    }
}

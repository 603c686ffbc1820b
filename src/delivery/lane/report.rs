//! What a lane tells of its calls: one line in the log for each, the metrics, and notes to the fallback.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use super::send::Sending;
use super::{Callable, Lane};
use crate::clock::Timestamp;
use crate::delivery::note::Note;
use crate::delivery::thrift;
use crate::dingtalk::{Cause, Verdict};
use crate::outbox::{Calls, Fate, Settlement, Standing};
use crate::render::Packed;

/// After so many attempts a message that does not arrive is an ERROR in the log.
const PATIENCE: u32 = 5;

/// A call that has ended.
pub(super) struct Ended<'a> {
    /// Which of the target's robots was called.
    pub robot: usize,
    /// What it was sent.
    pub sending: &'a Sending,
    /// What its answer means.
    pub verdict: &'a Verdict,
    /// What that led to.
    pub settlement: &'a Settlement,
    /// How long it took to answer.
    pub took: Duration,
    /// When the notifications that it tells were accepted.
    pub accepted: Vec<Timestamp>,
    /// The id of the oldest of them.
    pub id: Uuid,
}

// === impl Lane ===

impl Lane {
    /// One line in the log for each attempt, and the metrics.
    pub(super) fn report(&self, ended: &Ended<'_>, now: Timestamp) {
        let Ended { robot, sending, verdict, settlement, took, accepted, id } = ended;
        let Settlement { fate, standing, members, .. } = settlement;
        let name = &*self.target.name;
        let (msg_uuid, attempt, bytes) = (sending.part.msg_uuid, sending.part.attempts, sending.part.body.len());
        let (notifications, part, parts) = (members.len(), sending.part.part, sending.part.parts);
        let latency_ms = took.as_millis() as u64;
        if **verdict == Verdict::Delivered {
            let waited =
                |accepted_at: &Timestamp| Duration::try_from(now.duration_since(*accepted_at)).unwrap_or_default();
            self.metrics.message_delivered(now);
            if part == parts {
                accepted.iter().for_each(|accepted_at| self.metrics.delivered(waited(accepted_at)));
            }
            let waited_ms = accepted.iter().min().map_or(0, |oldest| waited(oldest).as_millis() as u64);
            tracing::info!(
                target = name, robot, %id, notifications, %msg_uuid, part, parts, bytes, attempt, latency_ms, waited_ms, "delivered"
            );
            return;
        }
        let reason = verdict.label();
        self.metrics.refused(verdict);
        if let Some((_, pause)) = standing.pause() {
            self.metrics.paused(pause.until);
        }
        if let Fate::Dead(_) = fate {
            members.iter().for_each(|_| self.metrics.gave_up("rejected"));
            tracing::error!(target = name, robot, %id, notifications, %msg_uuid, reason, "gave a notification up; it is kept as a dead letter: {verdict}");
            return;
        }
        let again = match (fate, standing.pause()) {
            (_, Some((_, pause))) => pause.until,
            (Fate::Again(until) | Fate::Thawed(_, until), None) => *until,
            _ => now,
        };
        let serious = match verdict {
            Verdict::Misconfigured(..) | Verdict::Rejected(..) => true,
            Verdict::Throttled { cause, .. } => *cause == Cause::Quota,
            _ => attempt > PATIENCE,
        };
        if serious {
            tracing::error!(target = name, robot, %id, notifications, %msg_uuid, reason, attempt, latency_ms, %again, "not delivered: {verdict}");
        } else {
            tracing::warn!(target = name, robot, %id, notifications, %msg_uuid, reason, attempt, latency_ms, %again, "not delivered yet: {verdict}");
        }
    }

    /// Counts what rendering came to.
    pub(super) fn count_rendered(&self, packed: &Packed) {
        for failure in packed.parts.iter().filter_map(|part| part.failure.as_ref()) {
            self.metrics.template_failed();
            tracing::error!(target = %self.target.name, %failure, "the template failed; a plain message goes out");
        }
        if packed.shortened {
            self.metrics.cut();
        }
        if packed.digest {
            self.metrics.digested();
        }
    }

    /// Tells the fallback once what is wrong with a robot, and once that it is over.
    pub(super) async fn tell_of_robot(
        &mut self,
        robot: &Callable,
        verdict: &Verdict,
        standing: &Standing,
        strikes: u32,
        now: Timestamp,
    ) {
        let id = robot.webhook.robot_id();
        let target = Arc::clone(&self.target);
        let which = (target.robots.len() > 1).then_some(robot.index);
        let summary = |over| target.style.language.refused(&target.name, which, over);
        let about = |summary: String, description: String, since, until| Note {
            name: "DingTalkRobotMisconfigured",
            target: &target.name,
            robot: which,
            summary,
            description,
            critical: true,
            since,
            until,
        };
        match standing {
            Standing::Misconfigured(..) => {
                let since = *self.refusing_since.entry(id).or_insert(now);
                if strikes == 0 {
                    self.note(&about(summary(false), verdict.to_string(), since, None)).await;
                }
            }
            Standing::Healthy(_) if strikes > 0 => {
                let since = self.refusing_since.remove(&id).unwrap_or(now);
                self.note(&about(summary(true), String::new(), since, Some(now))).await;
            }
            _ => {}
        }
    }

    /// Counts a call, and tells people when the month's budget is nearly used up.
    pub(super) async fn watch_budget(&self, count: u64) {
        let (monthly, now) = (self.target.monthly, self.means.clock.now());
        self.metrics.budget(Calls { count, used_up: false }, monthly);
        let Some(percent) = thrift::reached(count, monthly) else { return };
        tracing::warn!(calls = count, monthly, "{percent} % of this month's calls to DingTalk are used");
        let [summary, description] = self.target.style.language.budget(percent, count, monthly);
        let note = Note {
            name: "DingTalkBudget",
            target: &self.target.name,
            robot: None,
            summary,
            description,
            critical: false,
            since: now,
            until: None,
        };
        self.note(&note).await;
    }

    /// Tells the fallback; without one, the log and the metrics have said it.
    async fn note(&self, note: &Note<'_>) {
        let Some(fallback) = &self.target.fallback else { return };
        let offered = match note.offer(fallback, &self.target.style.severities) {
            Ok(offer) => self.means.outbox.accept(offer).await.map(drop),
            Err(error) => Err(error),
        };
        if let Err(error) = offered {
            tracing::error!(target = %self.target.name, %fallback, %error, "the fallback could not be told: {}", note.summary);
        }
    }
}

//! One target's lane: waits for a wake-up, a deadline or the end; schedules, freezes, sends, settles.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::metrics::LaneMetrics;
use super::retry::{Attempt, conclude};
use super::schedule::{Availability, Step, schedule};
use super::{Means, Target};
use crate::dingtalk::{Cause, RobotId, Verdict, Webhook, verdict};
use crate::outbox::{
    Entry, Fate, Form, Outbox, Pause, Plan, Reservation, Reserved, Scope, Settlement, Standing, StoreError, Waiting,
};
use crate::render::{Circumstances, Rendered};

/// How long a lane waits when the outbox or the robot's address cannot be used.
const TROUBLE: Duration = Duration::from_secs(1);

/// The longest sleep: what is waited for may come earlier than was known.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// After so many attempts a message that does not arrive is an ERROR in the log.
const PATIENCE: u32 = 5;

struct Lane {
    means: Means,
    metrics: LaneMetrics,
    targets: watch::Receiver<Arc<Target>>,
    target: Arc<Target>,
    stop: CancellationToken,
    announced: mpsc::UnboundedReceiver<Waiting>,
    waiting: BTreeMap<i64, Waiting>,
}

/// Runs a lane until it is stopped; starts it anew if a bug ends it.
pub(super) async fn keep_running(means: Means, target: watch::Receiver<Arc<Target>>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let run = run(means.clone(), target.clone(), stop.clone());
        let name = Arc::clone(&target.borrow().name);
        match means.tasks.spawn("lane's run", run).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::error!(target = %name, %error, "the lane cannot see what waits; trying again"),
            Err(_panic) => tracing::error!(target = %name, "the lane has stopped by a bug; starting it anew"),
        }
        stop.run_until_cancelled(sleep(TROUBLE)).await;
    }
}

async fn run(means: Means, targets: watch::Receiver<Arc<Target>>, stop: CancellationToken) -> Result<(), StoreError> {
    let target = Arc::clone(&targets.borrow());
    let name = Arc::clone(&target.name);
    let (waiting, announced) = subscribe(&means.outbox, &name).await?;
    if !waiting.is_empty() {
        tracing::info!(target = %name, waiting = waiting.len(), "taking up what waits");
    }
    let metrics = means.metrics.of(&name);
    let mut lane = Lane { means, metrics, targets, target, stop, announced, waiting };
    while !lane.stop.is_cancelled() {
        if let Err(error) = lane.step().await {
            tracing::error!(target = %name, %error, "the lane waits for the outbox");
            lane.sleep(TROUBLE).await;
        }
    }
    Ok(())
}

async fn subscribe(
    outbox: &Outbox,
    target: &Arc<str>,
) -> Result<(BTreeMap<i64, Waiting>, mpsc::UnboundedReceiver<Waiting>), StoreError> {
    let (waiting, announced) = outbox.subscribe(Arc::clone(target)).await?;
    Ok((waiting.into_iter().map(|entry| (entry.seq, entry)).collect(), announced))
}

// === impl Lane ===

impl Lane {
    async fn step(&mut self) -> Result<(), StoreError> {
        let target = Arc::clone(&self.targets.borrow_and_update());
        if !Arc::ptr_eq(&target, &self.target) {
            // After a reload entries may go that had to wait before.
            (self.waiting, self.announced) = subscribe(&self.means.outbox, &target.name).await?;
            self.target = Arc::clone(&target);
        }
        while let Ok(entry) = self.announced.try_recv() {
            self.waiting.insert(entry.seq, entry);
        }
        self.metrics.queued(self.waiting.len());
        if self.waiting.is_empty() {
            self.wait(None).await;
            return Ok(());
        }
        let webhook = match target.robot.webhook(&target.name, self.means.sandbox.get().copied()) {
            Ok(webhook) => webhook,
            Err(error) => {
                tracing::error!(target = %target.name, %error, "the robot cannot be called; correct its `url_file`");
                self.sleep(TROUBLE * 10).await;
                return Ok(());
            }
        };
        let now = self.means.clock.now();
        let robot = self.availability(&target, &webhook);
        // Another lane may have met what pauses this one's host, and a pause outlives a restart.
        if let Some(until) = robot.paused_until {
            self.metrics.paused(until);
        }
        match schedule(&self.waiting, robot, target.retention, now) {
            Step::Send(seq) => return self.send(&target, &webhook, seq).await,
            Step::Expire(seq) => return self.expire(&target, seq).await,
            Step::Wait(until) => self.wait(Some(self.means.clock.until(until))).await,
            Step::WaitForAnswer => {
                let outbox = self.means.outbox.clone();
                // The answer may have come between the decision and this line; then the sleep ends the wait.
                tokio::select! {
                    () = outbox.call_settled() => {}
                    () = self.sleep(TROUBLE) => {}
                }
            }
            Step::Idle => self.wait(None).await,
        }
        Ok(())
    }

    fn availability(&self, target: &Target, webhook: &Webhook) -> Availability {
        let outbox = &self.means.outbox;
        let scopes = [Scope::Robot(webhook.robot_id()), Scope::Host(webhook.host().to_owned())];
        Availability {
            pace: outbox.pace(webhook.robot_id(), &target.robot.limits, self.means.clock.now()),
            paused_until: scopes.iter().filter_map(|scope| outbox.pause(scope)).map(|pause| pause.until).max(),
        }
    }

    async fn send(&mut self, target: &Target, webhook: &Webhook, seq: i64) -> Result<(), StoreError> {
        let Some(entry) = self.means.outbox.entry(seq).await? else {
            self.waiting.remove(&seq);
            return Ok(());
        };
        let plan = match &entry.plan {
            Some(plan) if plan.robot == webhook.robot_id() => {
                Plan { attempts: plan.attempts.saturating_add(1), ..plan.clone() }
            }
            _ => self.compose(target, &entry, webhook.robot_id()),
        };
        let reservation = Reservation { seq, plan: plan.clone(), limits: target.robot.limits.clone() };
        let slot = match self.means.outbox.reserve(reservation).await? {
            Reserved::Slot(slot) => slot,
            Reserved::Busy(_) => return Ok(()),
        };

        let called = Instant::now();
        let client = self.means.client.borrow().clone();
        let secret = target.robot.secret();
        let body = Bytes::from(plan.body.clone());
        let outcome = client.post(webhook, secret.as_ref(), body, self.means.clock.now()).await;
        let took = called.elapsed();
        self.metrics.called(took);

        let verdict = verdict(&outcome);
        let robot = Scope::Robot(webhook.robot_id());
        let attempt = Attempt {
            attempts: plan.attempts,
            form: entry.form,
            robot: webhook.robot_id(),
            host: webhook.host().to_owned(),
            strikes: self.means.outbox.pause(&robot).map_or(0, |pause| pause.strikes),
        };
        let (fate, standing) = conclude(&verdict, &attempt, self.means.clock.now());
        let slot = Some((webhook.robot_id(), slot));
        let settlement = Settlement { seq, target: Arc::clone(&target.name), slot, fate, standing };
        self.settle(&settlement).await;
        self.report(target, &entry, &plan, &verdict, &settlement, took);
        Ok(())
    }

    /// Renders an entry into a new plan. A template that panics is as bad as one that fails, and no worse.
    fn compose(&self, target: &Target, entry: &Entry, robot: RobotId) -> Plan {
        let circumstances = Circumstances {
            target: &target.name,
            now: self.means.clock.now(),
            accepted_at: entry.accepted_at,
            repeats: u64::from(entry.repeats),
            digest_mentions: true,
        };
        let plain = || target.library.render_plain(&entry.notification, &target.style, &circumstances);
        let rendered: Rendered = match entry.form {
            Form::Full => {
                let full = || target.library.render(&entry.notification, &target.style, &circumstances);
                catch_unwind(AssertUnwindSafe(full)).unwrap_or_else(|_panic| {
                    self.metrics.template_failed();
                    plain()
                })
            }
            Form::Plain => plain(),
        };
        if let Some(failure) = &rendered.failure {
            self.metrics.template_failed();
            tracing::error!(target = %target.name, id = %entry.id, %failure, "the template failed; a plain message goes out");
        }
        if rendered.cut_bytes > 0 {
            self.metrics.cut();
        }
        let msg_uuid = Uuid::now_v7();
        Plan { msg_uuid, robot, body: rendered.body(&msg_uuid.to_string()), attempts: 1 }
    }

    async fn expire(&mut self, target: &Target, seq: i64) -> Result<(), StoreError> {
        let reason = "not delivered within storage.retention";
        tracing::error!(target = %target.name, seq, reason, "gave a notification up; it is kept as a dead letter");
        self.metrics.gave_up("retention");
        let fate = Fate::Dead(reason.to_owned());
        let target = Arc::clone(&target.name);
        self.settle(&Settlement { seq, target, slot: None, fate, standing: Standing::Unchanged }).await;
        Ok(())
    }

    /// Writes the end of an attempt down, however long that takes: without it the attempt would be made again.
    async fn settle(&mut self, settlement: &Settlement) {
        while let Err(error) = self.means.outbox.settle(settlement.clone()).await {
            tracing::error!(target = %settlement.target, %error, "the outbox does not take what DingTalk answered; trying again");
            if matches!(error, StoreError::Closed) || self.stop.is_cancelled() {
                return;
            }
            self.stop.run_until_cancelled(sleep(TROUBLE)).await;
        }
        match (&settlement.fate, self.waiting.get_mut(&settlement.seq)) {
            (Fate::Again(not_before) | Fate::Thawed(_, not_before), Some(entry)) => entry.not_before = *not_before,
            _ => drop(self.waiting.remove(&settlement.seq)),
        }
        self.metrics.queued(self.waiting.len());
    }

    /// Waits until something changes, at the longest for that long.
    async fn wait(&mut self, longest: Option<Duration>) {
        let timer = sleep(longest.unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP));
        tokio::select! {
            () = self.stop.cancelled() => {}
            Ok(()) = self.targets.changed() => {}
            Some(entry) = self.announced.recv() => drop(self.waiting.insert(entry.seq, entry)),
            () = timer => {}
        }
    }

    /// Waits that long, unless the lane is stopped.
    async fn sleep(&self, duration: Duration) {
        self.stop.run_until_cancelled(sleep(duration)).await;
    }

    /// One line in the log for each attempt, and the metrics.
    fn report(
        &self,
        target: &Target,
        entry: &Entry,
        plan: &Plan,
        verdict: &Verdict,
        settlement: &Settlement,
        took: Duration,
    ) {
        let Settlement { fate, standing, .. } = settlement;
        let (name, now) = (&*target.name, self.means.clock.now());
        let (id, attempt, bytes, latency_ms) = (entry.id, plan.attempts, plan.body.len(), took.as_millis() as u64);
        // A target has one robot in this version.
        let robot = 0;
        if *verdict == Verdict::Delivered {
            let waited = Duration::try_from(now.duration_since(entry.accepted_at)).unwrap_or_default();
            self.metrics.delivered(waited, now);
            let waited_ms = waited.as_millis() as u64;
            tracing::info!(target = name, robot, %id, bytes, attempt, latency_ms, waited_ms, "delivered");
            return;
        }
        let reason = verdict.label();
        self.metrics.refused(verdict);
        if let Standing::Paused(_, Pause { until, .. }) = standing {
            self.metrics.paused(*until);
        }
        if let Fate::Dead(_) = fate {
            self.metrics.gave_up("rejected");
            tracing::error!(target = name, robot, %id, reason, "gave a notification up; it is kept as a dead letter: {verdict}");
            return;
        }
        let again = match (fate, standing) {
            (_, Standing::Paused(_, Pause { until, .. })) | (Fate::Again(until) | Fate::Thawed(_, until), _) => until,
            _ => &now,
        };
        let serious = match verdict {
            Verdict::Misconfigured(..) | Verdict::Rejected(..) => true,
            Verdict::Throttled { cause, .. } => *cause == Cause::Quota,
            _ => attempt > PATIENCE,
        };
        if serious {
            tracing::error!(target = name, robot, %id, reason, attempt, latency_ms, %again, "not delivered: {verdict}");
        } else {
            tracing::warn!(target = name, robot, %id, reason, attempt, latency_ms, %again, "not delivered yet: {verdict}");
        }
    }
}

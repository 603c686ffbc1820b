//! One target's lane: waits for a wake-up, a deadline or the end; schedules, freezes, sends, settles.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::backlog::Backlog;
use super::metrics::LaneMetrics;
use super::schedule::{RobotState, Situation, Step, Why, schedule};
use super::thrift::Thrift;
use super::{Means, Target};
use crate::clock::{Timestamp, later};
use crate::dingtalk::{RobotId, Webhook};
use crate::notification::GroupId;
use crate::outbox::pace::Share;
use crate::outbox::{Copy, Fate, Offer, Scope, Settlement, Standing, StoreError, Waiting};

mod report;
mod send;
mod telling;

/// How long a lane waits when the outbox or a robot's address cannot be used.
const TROUBLE: Duration = Duration::from_secs(1);

/// The longest sleep: what is waited for may come earlier than was known.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

/// How long a robot's address is not read again after it could not be read.
const UNREADABLE: Duration = Duration::from_secs(10);

struct Lane {
    means: Means,
    metrics: LaneMetrics,
    target: Arc<Target>,
    targets: watch::Receiver<Arc<Target>>,
    stop: CancellationToken,
    announced: mpsc::UnboundedReceiver<Vec<Waiting>>,
    backlog: Backlog,
    /// The groups that the fallback was told about.
    forwarded: HashSet<GroupId>,
    /// How often in a row a robot did not get through, and until when it is left alone for it.
    failures: HashMap<RobotId, (u32, Timestamp)>,
    /// Until when a robot's address need not be read again, because it could not be read.
    unreadable: BTreeMap<usize, Timestamp>,
    /// Since when a robot has been found misconfigured.
    refusing_since: HashMap<RobotId, Timestamp>,
    /// When a digest last called people.
    digest_called: Option<Timestamp>,
}

/// A robot that can be called.
struct Callable {
    /// Its place among the target's robots.
    index: usize,
    webhook: Webhook,
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
    let metrics = means.metrics.of(&name);
    let (_, announced) = mpsc::unbounded_channel();
    let mut lane = Lane {
        means,
        metrics,
        targets,
        target,
        stop,
        announced,
        backlog: Backlog::default(),
        forwarded: HashSet::new(),
        failures: HashMap::new(),
        unreadable: BTreeMap::new(),
        refusing_since: HashMap::new(),
        digest_called: None,
    };
    lane.subscribe().await?;
    if !lane.backlog.is_empty() {
        tracing::info!(target = %name, waiting = lane.backlog.len(), "taking up what waits");
    }
    while !lane.stop.is_cancelled() {
        if let Err(error) = lane.step().await {
            tracing::error!(target = %name, %error, "the lane waits for the outbox");
            lane.sleep(TROUBLE).await;
        }
    }
    Ok(())
}

// === impl Lane ===

impl Lane {
    async fn subscribe(&mut self) -> Result<(), StoreError> {
        let subscription = self.means.outbox.subscribe(Arc::clone(&self.target.name)).await?;
        self.backlog = Backlog::new(subscription.waiting, &subscription.plans);
        self.forwarded = subscription.forwarded.into_iter().collect();
        self.announced = subscription.announced;
        self.metrics.budget(self.means.outbox.calls(self.means.clock.now()), self.target.monthly);
        Ok(())
    }

    async fn step(&mut self) -> Result<(), StoreError> {
        let target = Arc::clone(&self.targets.borrow_and_update());
        if !Arc::ptr_eq(&target, &self.target) {
            // After a reload entries may go that had to wait before.
            self.target = target;
            self.subscribe().await?;
            self.failures.clear();
            self.unreadable.clear();
        }
        while let Ok(entries) = self.announced.try_recv() {
            self.backlog.extend(entries);
        }
        self.metrics.queued(self.backlog.len());
        if self.backlog.is_empty() {
            self.wait(None).await;
            return Ok(());
        }
        let now = self.means.clock.now();
        let robots = self.robots(now);
        self.count_misconfigured(&robots);
        let states: Vec<RobotState> = robots.iter().map(|robot| self.state(robot, now)).collect();
        match self.schedule(&states, now) {
            // Boxed, so that a lane that has nothing to do is small: there may be thousands.
            Step::Tell { members, robot, room, share } => {
                Box::pin(self.tell(&robots[robot], members, room, share)).await?;
            }
            Step::Resume { plan, robot, share } => Box::pin(self.resume(&robots[robot], plan, share)).await?,
            Step::Forward(seqs) => Box::pin(self.forward(seqs)).await?,
            Step::Expire(seqs) => Box::pin(self.expire(seqs)).await,
            Step::Wait(until) => {
                let longest = self.means.clock.until(until);
                // An address that could not be read is read again.
                let unreadable = robots.len() < self.target.robots.len();
                self.wait(Some(if unreadable { longest.min(UNREADABLE) } else { longest })).await;
            }
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
        self.count_misconfigured(&robots);
        Ok(())
    }

    /// Shows how many robots refuse everything until somebody changes a setting.
    fn count_misconfigured(&self, robots: &[Callable]) {
        let pause = |robot: &&Callable| self.means.outbox.pause(&Scope::Robot(robot.webhook.robot_id()));
        let misconfigured = robots.iter().filter(|robot| pause(robot).is_some_and(|pause| pause.strikes > 0));
        self.metrics.misconfigured(misconfigured.count());
    }

    fn schedule(&self, robots: &[RobotState], now: Timestamp) -> Step {
        let thrift = Thrift::of(self.means.outbox.calls(now), self.target.monthly, now);
        let situation = Situation {
            backlog: &self.backlog,
            robots,
            digest: self.target.digest,
            thrift: thrift.interval(),
            retention: self.target.retention,
            forwarded: self.target.fallback.as_ref().map(|_| &self.forwarded),
        };
        schedule(&situation, now)
    }

    /// The robots that have an address now.
    fn robots(&mut self, now: Timestamp) -> Vec<Callable> {
        let target = Arc::clone(&self.target);
        let sandbox = self.means.sandbox.get().copied();
        let mut robots = Vec::with_capacity(target.robots.len());
        for (index, robot) in target.robots.iter().enumerate() {
            if self.unreadable.get(&index).is_some_and(|until| *until > now) {
                continue;
            }
            match robot.webhook(&target.name, sandbox) {
                Ok(webhook) => robots.push(Callable { index, webhook }),
                Err(error) => {
                    tracing::error!(target = %target.name, robot = index, %error, "the robot cannot be called; correct its `url_file`");
                    self.unreadable.insert(index, later(now, UNREADABLE));
                }
            }
        }
        robots
    }

    fn state(&self, robot: &Callable, now: Timestamp) -> RobotState {
        let (outbox, id) = (&self.means.outbox, robot.webhook.robot_id());
        let limits = &self.target.robots[robot.index].limits;
        let scopes = [Scope::Robot(id), Scope::Host(robot.webhook.host().to_owned())];
        // Another lane may have met what pauses this one's host, and a pause outlives a restart.
        let pauses: Vec<_> = scopes.iter().filter_map(|scope| outbox.pause(scope)).collect();
        let refusing = pauses.iter().map(|pause| pause.until).max();
        if let Some(until) = refusing {
            self.metrics.paused(until);
        }
        let refusing = refusing.filter(|until| *until > now).map(|until| (until, Why::Refusing));
        let in_trouble = self.failures.get(&id).map(|(_, until)| (*until, Why::Trouble));
        RobotState {
            id,
            paused: refusing.or(in_trouble),
            critical: outbox.tempo(id, limits, Share::Critical, now),
            common: outbox.tempo(id, limits, Share::Common, now),
        }
    }

    async fn expire(&mut self, members: Vec<i64>) {
        let reason = "not delivered within storage.retention";
        for seq in &members {
            tracing::error!(target = %self.target.name, seq, reason, "gave a notification up; it is kept as a dead letter");
            self.metrics.gave_up("retention");
        }
        let target = Arc::clone(&self.target.name);
        let (plan, fate) = (members[0], Fate::Dead(reason.to_owned()));
        self.settle(&Settlement { target, plan, members, call: None, fate, standing: Standing::Unchanged }).await;
    }

    /// Copies entries to the fallback.
    async fn forward(&mut self, seqs: Vec<i64>) -> Result<(), StoreError> {
        let target = Arc::clone(&self.target);
        let Some(fallback) = &target.fallback else { return Ok(()) };
        let loaded = self.means.outbox.load(seqs.clone()).await?;
        let mut copies = Vec::with_capacity(loaded.entries.len());
        for entry in loaded.entries {
            let mut notification = entry.notification;
            if notification.meant_for.is_empty() {
                notification.meant_for = target.name.to_string();
            }
            let group = entry.group.told_to(fallback);
            let severities = &target.style.severities;
            let offer = Offer::new(Arc::clone(fallback), group, &notification, severities, Duration::ZERO);
            let at_once = self.backlog.get(entry.seq).is_some_and(Waiting::is_urgent);
            match offer {
                Ok(offer) => copies.push(Copy { seq: entry.seq, group: entry.group, offer, at_once }),
                Err(error) => tracing::error!(target = %target.name, %error, "a notification could not be copied"),
            }
        }
        for copy in &copies {
            match copy.offer.severity {
                Some(_) => self.forwarded.insert(copy.group),
                None => self.forwarded.remove(&copy.group),
            };
        }
        self.metrics.forwarded(copies.len());
        tracing::warn!(target = %target.name, %fallback, notifications = copies.len(), "not delivered yet: the fallback is told");
        self.means.outbox.forward(copies).await?;
        self.backlog.copied(&seqs);
        Ok(())
    }

    /// Waits until something changes, at the longest for that long.
    async fn wait(&mut self, longest: Option<Duration>) {
        let timer = sleep(longest.unwrap_or(LONGEST_SLEEP).min(LONGEST_SLEEP));
        tokio::select! {
            () = self.stop.cancelled() => {}
            Ok(()) = self.targets.changed() => {}
            Some(entries) = self.announced.recv() => self.backlog.extend(entries),
            () = timer => {}
        }
    }

    /// Waits that long, unless the lane is stopped.
    async fn sleep(&self, duration: Duration) {
        self.stop.run_until_cancelled(sleep(duration)).await;
    }
}

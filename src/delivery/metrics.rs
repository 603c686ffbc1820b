//! What deliveries count.

use std::collections::BTreeMap;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::clock::Timestamp;
use crate::dingtalk::Verdict;
use crate::outbox::Calls;
use crate::telemetry::{ReasonLabel, TargetLabel};

/// The metrics of all lanes; clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    notifications: Family<TargetLabel, Counter>,
    failed: Family<ReasonLabel, Counter>,
    requests: Family<TargetLabel, Counter>,
    requests_failed: Family<ReasonLabel, Counter>,
    latency: Family<TargetLabel, Histogram>,
    queue: Family<TargetLabel, Gauge>,
    queue_wait: Family<TargetLabel, Histogram>,
    truncated: Family<TargetLabel, Counter>,
    template_errors: Family<TargetLabel, Counter>,
    paused_until: Family<TargetLabel, Gauge>,
    last_success: Family<TargetLabel, Gauge>,
    messages: Family<TargetLabel, Counter>,
    digests: Family<TargetLabel, Counter>,
    forwarded: Family<TargetLabel, Counter>,
    misconfigured: Family<TargetLabel, Gauge>,
    calls: Gauge,
    calls_budget: Gauge,
}

/// The metrics of one lane.
#[derive(Debug)]
pub(super) struct LaneMetrics {
    notifications: Counter,
    failed: BTreeMap<&'static str, Counter>,
    requests: Counter,
    requests_failed: BTreeMap<&'static str, Counter>,
    latency: Histogram,
    queue: Gauge,
    queue_wait: Histogram,
    truncated: Counter,
    template_errors: Counter,
    paused_until: Gauge,
    last_success: Gauge,
    messages: Counter,
    digests: Counter,
    forwarded: Counter,
    misconfigured: Gauge,
    calls: Gauge,
    calls_budget: Gauge,
}

/// The reasons for which a notification is given up; each is counted from 0.
const GIVEN_UP: [&str; 2] = ["rejected", "retention"];

/// Bounds of the latency histogram, in seconds.
const LATENCY: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds of the waiting time histogram, in seconds.
const WAIT: [f64; 9] = [0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 21_600.0];

// === impl Metrics ===

impl Metrics {
    /// Registers the families.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            notifications: Family::default(),
            failed: Family::default(),
            requests: Family::default(),
            requests_failed: Family::default(),
            latency: Family::new_with_constructor(|| Histogram::new(LATENCY)),
            queue: Family::default(),
            queue_wait: Family::new_with_constructor(|| Histogram::new(WAIT)),
            truncated: Family::default(),
            template_errors: Family::default(),
            paused_until: Family::default(),
            last_success: Family::default(),
            messages: Family::default(),
            digests: Family::default(),
            forwarded: Family::default(),
            misconfigured: Family::default(),
            calls: Gauge::default(),
            calls_budget: Gauge::default(),
        };
        registry.register(
            "notifications",
            "Notifications that were delivered or given up",
            metrics.notifications.clone(),
        );
        registry.register(
            "notifications_failed",
            "Notifications that were given up, by reason",
            metrics.failed.clone(),
        );
        registry.register("notification_requests", "Calls to DingTalk", metrics.requests.clone());
        registry.register(
            "notification_requests_failed",
            "Calls to DingTalk that did not deliver, by reason",
            metrics.requests_failed.clone(),
        );
        registry.register(
            "notification_latency_seconds",
            "How long DingTalk took to answer a call",
            metrics.latency.clone(),
        );
        registry.register("queue_length", "Notifications that wait", metrics.queue.clone());
        registry.register(
            "queue_wait_seconds",
            "How long a notification waited from its acceptance to its delivery",
            metrics.queue_wait.clone(),
        );
        registry.register("messages_truncated", "Messages that were shortened", metrics.truncated.clone());
        registry.register(
            "template_errors",
            "Messages whose template failed, so that a plain one went out",
            metrics.template_errors.clone(),
        );
        registry.register(
            "robot_paused_until_timestamp_seconds",
            "Until when the robot is left alone; 0 when it never was",
            metrics.paused_until.clone(),
        );
        registry.register(
            "target_last_success_timestamp_seconds",
            "When a message was last delivered",
            metrics.last_success.clone(),
        );
        registry.register("messages", "Messages that were delivered", metrics.messages.clone());
        registry.register("digests", "Digests that were made", metrics.digests.clone());
        registry.register(
            "notifications_forwarded",
            "Notifications that were copied to the target's fallback",
            metrics.forwarded.clone(),
        );
        registry.register(
            "robots_misconfigured",
            "Robots of the target that refuse everything until somebody changes a setting",
            metrics.misconfigured.clone(),
        );
        registry.register(
            "dingtalk_calls_this_month",
            "Calls to DingTalk in this month of Asia/Shanghai, over all targets",
            metrics.calls.clone(),
        );
        registry.register(
            "dingtalk_calls_budget",
            "Calls to DingTalk that a month may have (budget.monthly); 0 when they are only counted",
            metrics.calls_budget.clone(),
        );
        metrics
    }

    /// A lane's metrics, shown from now on, from 0.
    pub(super) fn of(&self, target: &str) -> LaneMetrics {
        let label = TargetLabel::new(target);
        let reasons = |family: &Family<ReasonLabel, Counter>, reasons: &[&'static str]| {
            let counter = |reason| (reason, family.get_or_create_owned(&ReasonLabel::new(target, reason)));
            reasons.iter().copied().map(counter).collect()
        };
        LaneMetrics {
            notifications: self.notifications.get_or_create_owned(&label),
            failed: reasons(&self.failed, &GIVEN_UP),
            requests: self.requests.get_or_create_owned(&label),
            requests_failed: reasons(&self.requests_failed, &Verdict::FAILURES),
            latency: self.latency.get_or_create_owned(&label),
            queue: self.queue.get_or_create_owned(&label),
            queue_wait: self.queue_wait.get_or_create_owned(&label),
            truncated: self.truncated.get_or_create_owned(&label),
            template_errors: self.template_errors.get_or_create_owned(&label),
            paused_until: self.paused_until.get_or_create_owned(&label),
            last_success: self.last_success.get_or_create_owned(&label),
            messages: self.messages.get_or_create_owned(&label),
            digests: self.digests.get_or_create_owned(&label),
            forwarded: self.forwarded.get_or_create_owned(&label),
            misconfigured: self.misconfigured.get_or_create_owned(&label),
            calls: self.calls.clone(),
            calls_budget: self.calls_budget.clone(),
        }
    }

    /// Removes the metrics of a target that is gone.
    pub(super) fn forget(&self, target: &str) {
        let label = TargetLabel::new(target);
        let outcomes = [&self.notifications, &self.requests, &self.truncated, &self.template_errors];
        for counters in outcomes.into_iter().chain([&self.messages, &self.digests, &self.forwarded]) {
            counters.remove(&label);
        }
        for gauges in [&self.queue, &self.paused_until, &self.last_success, &self.misconfigured] {
            gauges.remove(&label);
        }
        self.latency.remove(&label);
        self.queue_wait.remove(&label);
        for reason in GIVEN_UP {
            self.failed.remove(&ReasonLabel::new(target, reason));
        }
        for reason in Verdict::FAILURES {
            self.requests_failed.remove(&ReasonLabel::new(target, reason));
        }
    }
}

// === impl LaneMetrics ===

impl LaneMetrics {
    /// So many notifications wait.
    pub(super) fn queued(&self, waiting: usize) {
        self.queue.set(waiting as i64);
    }

    /// DingTalk was called and took that long.
    pub(super) fn called(&self, took: Duration) {
        self.requests.inc();
        self.latency.observe(took.as_secs_f64());
    }

    /// The call did not deliver.
    pub(super) fn refused(&self, verdict: &Verdict) {
        if let Some(counter) = self.requests_failed.get(verdict.kind()) {
            counter.inc();
        }
    }

    /// The robot or its host is left alone.
    pub(super) fn paused(&self, until: Timestamp) {
        self.paused_until.set(until.as_second());
    }

    /// A notification has arrived after that long.
    pub(super) fn delivered(&self, waited: Duration) {
        self.notifications.inc();
        self.queue_wait.observe(waited.as_secs_f64());
    }

    /// A message has arrived.
    pub(super) fn message_delivered(&self, now: Timestamp) {
        self.messages.inc();
        self.last_success.set(now.as_second());
    }

    /// A digest was made.
    pub(super) fn digested(&self) {
        self.digests.inc();
    }

    /// So many notifications were copied to the fallback.
    pub(super) fn forwarded(&self, count: usize) {
        self.forwarded.inc_by(count as u64);
    }

    /// How many robots refuse everything until somebody changes a setting.
    pub(super) fn misconfigured(&self, robots: usize) {
        self.misconfigured.set(robots as i64);
    }

    /// The calls of this month.
    pub(super) fn budget(&self, calls: Calls, monthly: u64) {
        self.calls.set(calls.count as i64);
        self.calls_budget.set(monthly as i64);
    }

    /// A notification was given up for one of [`GIVEN_UP`].
    pub(super) fn gave_up(&self, reason: &'static str) {
        self.notifications.inc();
        if let Some(counter) = self.failed.get(reason) {
            counter.inc();
        }
    }

    /// A message was shortened.
    pub(super) fn cut(&self) {
        self.truncated.inc();
    }

    /// A template failed.
    pub(super) fn template_failed(&self) {
        self.template_errors.inc();
    }
}

//! What the intake counts.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::{Gates, Refused};
use crate::notification::{Sender, Status};
use crate::telemetry::{ReasonLabel, TargetLabel};

/// What the intake counts; clones share it.
#[derive(Debug, Clone)]
pub struct Metrics {
    alerts: Family<AlertLabel, Counter>,
    accepted: Family<TargetLabel, Counter>,
    suppressed: Family<ReasonLabel, Counter>,
    rejected: Family<RejectionLabel, Counter>,
    salvaged: Family<SenderLabel, Counter>,
    mentions_removed: Family<TargetLabel, Counter>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlertLabel {
    target: String,
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SenderLabel {
    sender: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RejectionLabel {
    reason: &'static str,
}

/// Why a suppressed notification was not news.
const DUPLICATE: &str = "duplicate";

// === impl Metrics ===

impl Metrics {
    /// Registers the families.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            alerts: Family::default(),
            accepted: Family::default(),
            suppressed: Family::default(),
            rejected: Family::default(),
            salvaged: Family::default(),
            mentions_removed: Family::default(),
        };
        registry.register("alerts_received", "Alerts in accepted notifications, by status", metrics.alerts.clone());
        registry.register(
            "notifications_accepted",
            "Notifications that are or were in the outbox",
            metrics.accepted.clone(),
        );
        registry.register(
            "notifications_suppressed",
            "Notifications that said nothing new",
            metrics.suppressed.clone(),
        );
        registry.register("webhooks_rejected", "Requests that were not accepted, by reason", metrics.rejected.clone());
        registry.register(
            "webhooks_salvaged",
            "Accepted requests that were broken and had to be mended, by sender",
            metrics.salvaged.clone(),
        );
        registry.register(
            "mentions_removed",
            "Messages for DingTalk whose `at` was taken out, because anybody may post to the target",
            metrics.mentions_removed.clone(),
        );
        for sender in Sender::ALL {
            metrics.salvaged.get_or_create_owned(&SenderLabel { sender: sender.as_str() });
        }
        for reason in Refused::LABELS {
            metrics.rejected.get_or_create_owned(&RejectionLabel { reason });
        }
        metrics
    }

    /// Shows the metrics of these targets, from 0, and of no others.
    pub fn prepare(&self, targets: &Gates) {
        self.accepted.clear();
        self.alerts.clear();
        self.suppressed.clear();
        self.mentions_removed.clear();
        for target in targets.keys() {
            self.mentions_removed.get_or_create_owned(&TargetLabel::new(target));
            self.accepted.get_or_create_owned(&TargetLabel::new(target));
            self.suppressed.get_or_create_owned(&ReasonLabel::new(target, DUPLICATE));
            for status in [Status::Firing, Status::Resolved] {
                self.alerts.get_or_create_owned(&AlertLabel { target: target.to_string(), status: status.as_str() });
            }
        }
    }

    pub(super) fn accepted(&self, target: &str, firing: usize, resolved: usize) {
        self.accepted.get_or_create(&TargetLabel::new(target)).inc();
        for (status, count) in [(Status::Firing, firing), (Status::Resolved, resolved)] {
            let label = AlertLabel { target: target.to_owned(), status: status.as_str() };
            self.alerts.get_or_create(&label).inc_by(count as u64);
        }
    }

    pub(super) fn suppressed(&self, target: &str) {
        self.suppressed.get_or_create(&ReasonLabel::new(target, DUPLICATE)).inc();
    }

    pub(super) fn salvaged(&self, sender: Sender) {
        self.salvaged.get_or_create(&SenderLabel { sender: sender.as_str() }).inc();
    }

    pub(super) fn mention_removed(&self, target: &str) {
        self.mentions_removed.get_or_create(&TargetLabel::new(target)).inc();
    }

    pub(super) fn rejected(&self, refused: &Refused) {
        self.rejected.get_or_create(&RejectionLabel { reason: refused.label() }).inc();
    }
}

//! Payloads that every bridge can render: what `check` and `render` try templates on and `demo` sends.
//!
//! Each is what its sender would post about something of the last minutes, in the sender's own format. Nothing in them
//! is anybody's.

use crate::clock::Timestamp;
use crate::notification::Notification;
use crate::sender::{self, Request};

mod alerts;
mod senders;

pub(super) use self::alerts::storm;

/// A payload to try.
#[derive(Clone, Copy)]
pub(super) struct Sample {
    /// What it is called on the command line: its sender, if it is there for that sender.
    pub(super) name: &'static str,
    /// What it is about.
    pub(super) about: &'static str,
    make: fn(Timestamp) -> String,
}

/// Every sample: first Alertmanager's, then one of each other sender.
pub(super) const ALL: [Sample; 22] = [
    sample("one", "one host is down", alerts::one),
    sample("firing", "two hosts are down", alerts::firing),
    sample("mixed", "one of them is back", alerts::mixed),
    sample("resolved", "the other is back as well", alerts::resolved),
    sample("many", "30 hosts are down", alerts::many),
    sample("crowd", "more alerts than one message holds", alerts::crowd),
    sample("no-severity", "an alert without a severity", alerts::no_severity),
    sample("bare", "an alert that says nothing but its name", alerts::bare),
    sample("long", "a description of 25 kB", alerts::long),
    sample("odd", "markdown, quotes, `@`, emoji, Chinese and Arabic in names and values", alerts::odd),
    sample("grafana", "Grafana tells of a queue", senders::grafana),
    sample("cloudmonitor", "CloudMonitor calls back about a threshold", senders::cloudmonitor),
    sample("rulehit", "Smart Conversation Analysis has a call for a person to look at", senders::rulehit),
    sample("aicc", "nobody has answered a voice notification", senders::aicc),
    sample("ocp", "OceanBase tells of a full disk", senders::ocp),
    sample("dingtalk", "a program speaks to what it takes for DingTalk", senders::dingtalk),
    sample("sls", "Log Service has counted errors", senders::sls),
    sample("eventbridge", "an instance is about to be taken away", senders::eventbridge),
    sample("kube-eventer", "a container does not start", senders::kube_eventer),
    sample("uptimekuma", "a web page is down", senders::uptimekuma),
    sample("generic", "a script tells of a failed backup", senders::generic),
    sample("text", "a script has a word to say", senders::text),
];

const fn sample(name: &'static str, about: &'static str, make: fn(Timestamp) -> String) -> Sample {
    Sample { name, about, make }
}

/// The sample of this name.
pub(super) fn named(name: &str) -> Option<Sample> {
    ALL.into_iter().find(|sample| sample.name == name)
}

// === impl Sample ===

impl Sample {
    /// What is posted when it happened a few minutes before `now`.
    pub(super) fn body(&self, now: Timestamp) -> String {
        (self.make)(now)
    }

    /// What it says.
    pub(super) fn notification(&self, now: Timestamp) -> Notification {
        let body = self.body(now);
        let decoded = sender::decode(Request::of_body(body.as_bytes()), None, &sender::Settings::default());
        decoded.expect("samples are well formed").told_at(now).notification
    }
}

/// So many minutes before `now`.
fn ago(now: Timestamp, minutes: i64) -> Timestamp {
    now.checked_sub(jiff::SignedDuration::from_mins(minutes)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clock::from_millis;
    use crate::notification::Sender;

    #[test]
    fn every_sender_has_a_sample_that_is_taken_for_its_own() {
        let now = from_millis(1_800_000_000_000);
        let mut seen = BTreeSet::new();
        for sample in ALL {
            let notification = sample.notification(now);
            seen.insert(notification.sender);
            let named = match sample.name {
                "text" => Sender::Generic,
                name => Sender::named(name).unwrap_or(Sender::Alertmanager),
            };
            assert_eq!(notification.sender, named, "{}", sample.name);
            assert!(!notification.salvaged, "{}", sample.name);
            assert!(named == Sender::DingTalk || !notification.alerts.is_empty(), "{}", sample.name);
        }
        assert_eq!(seen, Sender::ALL.into_iter().collect());
        assert_eq!(ALL.iter().map(|sample| sample.name).collect::<BTreeSet<_>>().len(), ALL.len());
    }

    #[test]
    fn they_are_as_large_as_they_say() {
        let now = from_millis(1_800_000_000_000);
        let alerts = |name| named(name).expect("a sample").notification(now).alerts;
        assert_eq!((alerts("one").len(), alerts("many").len()), (1, 30));
        assert!(alerts("long")[0].annotations["description"].len() >= 25_000);
    }
}

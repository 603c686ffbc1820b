//! The states that a group went through while it waited, as one.
//!
//! A robot that is busy, banned or away lets notifications of one group pile up. Telling them one by one would take
//! messages to say what is no longer true. Folded, the group tells its newest state once, and what happened meanwhile
//! in a word: what fired and was over before anybody knew is *gone*, what was over and fires again has *flapped*.
//!
//! No alert is lost on the way: each one that any state named is in the notification or gone, once, as it was told
//! last. What fires now is never told as resolved.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::notification::{Alert, Labels, Notification, Status};

/// One group, folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded {
    /// The newest state: every alert once, as it was told last, without those in `gone`.
    pub notification: Notification,
    /// Alerts that fired and were over before anybody was shown that they fire.
    pub gone: Vec<Alert>,
    /// How often an alert fired anew while it waited, by its fingerprint; only those that did. An alert without a
    /// fingerprint is never in it.
    pub flaps: BTreeMap<String, u32>,
}

/// What makes an alert the same alert.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    Fingerprint(String),
    /// For senders that give none.
    Labels(Labels),
}

/// What was said of one alert so far.
struct History {
    /// What was said last.
    alert: Alert,
    /// The state that said it, and where in it.
    place: (usize, usize),
    /// Whether any state said that it fires.
    fired: bool,
    /// How often it fired after it was over.
    flaps: u32,
}

/// Folds the states of one group, oldest first. `shown` are the fingerprints of the alerts that people were last shown
/// as firing. `None` without states; one state alone is given back as it is.
pub fn fold(mut states: Vec<Notification>, shown: &BTreeSet<String>) -> Option<Folded> {
    let mut newest = states.pop()?;
    if states.is_empty() {
        return Some(Folded { notification: newest, gone: Vec::new(), flaps: BTreeMap::new() });
    }
    if newest.is_repeat()
        && let Some(news) = states.iter().rev().find(|state| !state.is_repeat())
    {
        // With a repetition last it would pass for one as a whole, and call nobody for what is news in it.
        newest.notification_reason.clone_from(&news.notification_reason);
    }
    newest.salvaged |= states.iter().any(|state| state.salvaged);
    let alerts = std::mem::take(&mut newest.alerts);
    let told = states.into_iter().map(|state| state.alerts).chain([alerts]);
    let mut histories: Vec<History> = histories(told).into_values().collect();
    histories.sort_unstable_by_key(|history| (Reverse(history.place.0), history.place.1));

    let mut folded = Folded { notification: newest, gone: Vec::new(), flaps: BTreeMap::new() };
    for history in histories {
        let History { alert, fired, flaps, .. } = history;
        if flaps > 0 && !alert.fingerprint.is_empty() {
            folded.flaps.insert(alert.fingerprint.clone(), flaps);
        }
        let gone = fired && alert.status == Status::Resolved && !shown.contains(&alert.fingerprint);
        if gone { folded.gone.push(alert) } else { folded.notification.alerts.push(alert) }
    }
    agree(&mut folded.notification);
    Some(folded)
}

/// What the states, oldest first, said of each alert.
fn histories(states: impl Iterator<Item = Vec<Alert>>) -> HashMap<Identity, History> {
    let mut histories = HashMap::new();
    for (state, alerts) in states.enumerate() {
        for (position, alert) in alerts.into_iter().enumerate() {
            let place = (state, position);
            let fires = alert.status == Status::Firing;
            match histories.entry(Identity::of(&alert)) {
                Entry::Vacant(entry) => {
                    entry.insert(History { alert, place, fired: fires, flaps: 0 });
                }
                Entry::Occupied(mut entry) => {
                    let history = entry.get_mut();
                    let anew = fires && history.alert.status == Status::Resolved;
                    history.flaps += u32::from(anew);
                    history.fired |= fires;
                    if history.place.0 < state {
                        history.place = place;
                    }
                    history.alert = alert;
                }
            }
        }
    }
    histories
}

/// Makes what `notification` says of its alerts as a whole true of those that it has now.
fn agree(notification: &mut Notification) {
    let Notification { alerts, common_labels, common_annotations, status, .. } = notification;
    common_labels.retain(|name, value| alerts.iter().all(|alert| alert.labels.get(name) == Some(value)));
    common_annotations.retain(|name, value| alerts.iter().all(|alert| alert.annotations.get(name) == Some(value)));
    let fires = alerts.iter().any(|alert| alert.status == Status::Firing);
    *status = if fires { Status::Firing } else { Status::Resolved };
}

// === impl Identity ===

impl Identity {
    fn of(alert: &Alert) -> Self {
        match alert.fingerprint.is_empty() {
            true => Self::Labels(alert.labels.clone()),
            false => Self::Fingerprint(alert.fingerprint.clone()),
        }
    }
}

#[cfg(test)]
mod tests;

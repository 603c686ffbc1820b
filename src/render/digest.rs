//! Several groups as one: what a digest is made from, and the ladder of its shorter forms.
//!
//! Alerts are gathered under their names, the worst and then the most frequent first: what fires, what is over, and what
//! is *gone*, that is, fired and was over before anybody could be told. A digest that is too large is told in a shorter
//! [`Form`]. Whatever the form, every alert is accounted for once: it is shown, or counted under its name, or counted
//! among the others. A digest in this form is a list of [`Row`]s, so that any stretch of it can be one message.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use super::Style;
use crate::dingtalk::Message;
use crate::fold::Folded;
use crate::notification::{Alert, Labels, Severity, Status, shared};

/// Some groups, as one.
pub(super) struct Digest<'a> {
    /// The groups.
    pub groups: &'a [Folded],
    /// The names under which something happened, section by section, the worst first.
    pub names: Vec<Name<'a>>,
    /// How many alerts there are in each section.
    pub totals: [usize; 3],
    /// How bad it is: of what fires, else of what is over.
    pub severity: Severity,
}

/// What became of alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Section {
    /// They fire.
    Firing,
    /// They are over.
    Resolved,
    /// They fired and were over before anybody could be told.
    Gone,
}

/// The alerts of one name and one severity in one section.
pub(super) struct Name<'a> {
    /// Where they stand.
    pub section: Section,
    /// Their `alertname`; for want of one their receiver.
    pub name: &'a str,
    /// How bad they are.
    pub severity: Severity,
    /// The alerts.
    pub alerts: Vec<Told<'a>>,
    /// The labels that they share, when there are several.
    pub common: Labels,
}

/// An alert with what its group knows of it.
#[derive(Clone, Copy)]
pub(super) struct Told<'a> {
    /// The alert.
    pub alert: &'a Alert,
    /// For whom its group was told.
    pub receiver: &'a str,
    /// How often it fired anew.
    pub flaps: u32,
    /// What its sender wrote about it for DingTalk, if it did.
    pub message: Option<&'a Message>,
}

/// How much is said of each alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Detail {
    /// Everything.
    Full,
    /// A line.
    Lines,
    /// Only names, with how many there are.
    Names,
}

/// A form of a digest: how much is said, and of how many alerts under one name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    /// How much is said of each.
    pub detail: Detail,
    /// Of how many that fire and are critical.
    critical: usize,
    /// Of how many that fire otherwise.
    firing: usize,
    /// Of how many that are over or gone.
    over: usize,
}

/// A piece of a digest that stays together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    /// Which of the names it belongs to.
    pub name: usize,
    /// Which of its alerts it shows.
    pub alert: Option<usize>,
    /// How many of its alerts it only counts.
    pub more: usize,
    /// Whether it is the first of its name.
    pub first: bool,
}

const ALL: usize = usize::MAX;

/// The forms, each shorter than the one before. What is over gives way before what fires, and that before what is
/// critical.
pub(super) const LADDER: [Form; 10] = [
    Form { detail: Detail::Full, critical: ALL, firing: ALL, over: ALL },
    Form { detail: Detail::Lines, critical: ALL, firing: ALL, over: ALL },
    Form { detail: Detail::Lines, critical: ALL, firing: ALL, over: 3 },
    Form { detail: Detail::Lines, critical: 20, firing: 20, over: 3 },
    Form { detail: Detail::Lines, critical: 20, firing: 5, over: 1 },
    Form { detail: Detail::Lines, critical: 5, firing: 5, over: 0 },
    Form { detail: Detail::Lines, critical: 5, firing: 1, over: 0 },
    Form { detail: Detail::Lines, critical: 1, firing: 1, over: 0 },
    Form { detail: Detail::Lines, critical: 1, firing: 0, over: 0 },
    Form { detail: Detail::Names, critical: 0, firing: 0, over: 0 },
];

// === impl Digest ===

impl<'a> Digest<'a> {
    /// What is to be said of `groups`.
    pub(super) fn of(groups: &'a [Folded], style: &Style) -> Self {
        let Style { severities, language, .. } = style;
        let mut names: Vec<Name<'a>> = Vec::new();
        let mut places: HashMap<(Section, &str, Severity), usize> = HashMap::new();
        for folded in groups {
            let notification = &folded.notification;
            let receiver = match notification.receiver.as_str() {
                "" => language.alert(),
                receiver => receiver,
            };
            let message = notification.relay.as_ref().map(|relay| &relay.message);
            let told = notification.alerts.iter().map(|alert| (Section::of(alert), alert));
            for (section, alert) in told.chain(folded.gone.iter().map(|alert| (Section::Gone, alert))) {
                let name =
                    alert.labels.get("alertname").filter(|name| !name.is_empty()).map_or(receiver, String::as_str);
                let severity = severities.level(alert);
                let flaps = folded.flaps.get(&alert.fingerprint).copied().unwrap_or(0);
                let place = *places.entry((section, name, severity)).or_insert_with(|| {
                    names.push(Name { section, name, severity, alerts: Vec::new(), common: Labels::new() });
                    names.len() - 1
                });
                names[place].alerts.push(Told { alert, receiver: &notification.receiver, flaps, message });
            }
        }
        names.sort_by_key(|name| (name.section, Reverse(name.severity), Reverse(name.alerts.len()), name.name));
        names.iter_mut().for_each(|name| name.common = common(&name.alerts));
        let total = |section| names.iter().filter(|name| name.section == section).map(|name| name.alerts.len()).sum();
        let totals = [total(Section::Firing), total(Section::Resolved), total(Section::Gone)];
        let severity = names.first().map(|first| first.section).map_or(Severity::Unknown, |section| {
            let of_it = names.iter().filter(|name| name.section == section);
            of_it.map(|name| name.severity).max().unwrap_or(Severity::Unknown)
        });
        Self { groups, names, totals, severity }
    }

    /// How many alerts of `section` there are.
    pub(super) fn total(&self, section: Section) -> usize {
        self.totals[section as usize]
    }

    /// Whether anything fires.
    pub(super) fn status(&self) -> Status {
        if self.total(Section::Firing) > 0 { Status::Firing } else { Status::Resolved }
    }

    /// The alerts that fire and may have people called, the worst first: whom a message calls that its sender wrote is for
    /// the sender to say.
    pub(super) fn calling(&self) -> impl Iterator<Item = &'a Alert> {
        let firing = self.names.iter().filter(|name| name.section == Section::Firing);
        let told = firing.flat_map(|name| &name.alerts).filter(|told| told.message.is_none());
        told.map(|told| told.alert)
    }

    /// The digest in `form`.
    pub(super) fn rows(&self, form: Form) -> Vec<Row> {
        let mut rows = Vec::new();
        for (index, name) in self.names.iter().enumerate() {
            let count = name.alerts.len();
            let shown = form.cap(name).min(count);
            let more = count - shown;
            let row = |alert, more, first| Row { name: index, alert, more, first };
            match shown.checked_sub(1) {
                None => rows.push(row(None, more, true)),
                // What is only counted stands behind the last one that is shown.
                Some(last) => rows
                    .extend((0..shown).map(|alert| row(Some(alert), if alert == last { more } else { 0 }, alert == 0))),
            }
        }
        rows
    }

    /// What the groups agree on, when they do: the sender's address.
    pub(super) fn external_url(&self) -> &'a str {
        let mut urls = self.groups.iter().map(|folded| folded.notification.external_url.as_str());
        let first = urls.next().unwrap_or_default();
        if urls.all(|url| url == first) { first } else { "" }
    }

    /// How many of the groups' requests were broken.
    pub(super) fn salvaged(&self) -> usize {
        self.groups.iter().filter(|folded| folded.notification.salvaged).count()
    }

    /// The targets that the groups were meant for, when those were others.
    pub(super) fn meant_for(&self) -> String {
        let meant = self.groups.iter().map(|folded| folded.notification.meant_for.as_str());
        let meant: BTreeSet<&str> = meant.filter(|name| !name.is_empty()).collect();
        meant.into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// The labels that several alerts share.
fn common(alerts: &[Told<'_>]) -> Labels {
    match alerts {
        [_, _, ..] => shared(alerts.iter().map(|told| &told.alert.labels)),
        _ => Labels::new(),
    }
}

// === impl Section ===

impl Section {
    /// Every section, in the order in which they are told.
    pub(super) const ALL: [Self; 3] = [Self::Firing, Self::Resolved, Self::Gone];

    fn of(alert: &Alert) -> Self {
        match alert.status {
            Status::Firing => Self::Firing,
            Status::Resolved => Self::Resolved,
        }
    }

    /// Whether alerts in it fire.
    pub(super) fn status(self) -> Status {
        if self == Self::Firing { Status::Firing } else { Status::Resolved }
    }

    /// Its name in the model.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Resolved => "resolved",
            Self::Gone => "gone",
        }
    }
}

// === impl Detail ===

impl Detail {
    /// Its name in the model.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Lines => "lines",
            Self::Names => "names",
        }
    }
}

// === impl Form ===

impl Form {
    /// Of how many alerts under `name` something is said.
    fn cap(&self, name: &Name<'_>) -> usize {
        match (name.section, name.severity) {
            (Section::Firing, Severity::Critical) => self.critical,
            (Section::Firing, _) => self.firing,
            (Section::Resolved | Section::Gone, _) => self.over,
        }
    }
}

// === impl Row ===

impl Row {
    /// How many alerts it accounts for.
    pub(super) fn alerts(&self) -> usize {
        usize::from(self.alert.is_some()) + self.more
    }
}

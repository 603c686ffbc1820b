//! What is legal in a Go template and yet hardly what its author wanted.

use std::collections::BTreeSet;

use super::kind::Kind;
use super::tree::At;
use super::value::{Code, Place, Value};

/// What was seen in a template that is worth telling.
#[derive(Debug, Clone, Default)]
pub(super) struct Advice {
    /// What the group's status is known to be here, by the conditions around.
    conditions: Vec<Status>,
    /// The labels that are asked for around here, before they are shown.
    asked: Vec<Vec<Place>>,
    /// How often an alert's own status was looked at.
    alert_status: usize,
    /// Whether firing alerts are shown.
    shows_firing: bool,
    /// Whether resolved alerts are shown while others of the group fire.
    shows_resolved: bool,
    /// Whether the people are named whom the message calls.
    pub calls_people: bool,
    /// Where all alerts are shown as if they fired.
    as_firing: Option<At>,
    /// Where a time is shown in UTC, without saying so.
    utc: Option<At>,
    /// The labels and annotations that are shown without asking whether they are there, and where the first is.
    unasked: BTreeSet<String>,
    /// Where the first of them is shown.
    unasked_at: At,
}

/// What the status of a group is known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Firing,
    Resolved,
    Unknown,
}

/// A loop, and what had been seen when it began.
pub(super) struct Loop {
    at: At,
    all_alerts_of_firing: bool,
    alert_status: usize,
}

// === impl Status ===

impl Status {
    /// What a condition says of the group's status.
    pub(super) fn asked(condition: &Code) -> Self {
        let Code::Call(name @ ("eq" | "ne"), of) = condition else { return Self::Unknown };
        let [left, right] = of.as_slice() else { return Self::Unknown };
        let word = |code: &Code| match code {
            Code::Literal(serde_json::Value::String(text)) => Some(text.clone()),
            _ => None,
        };
        let group = |code: &Code| matches!(code, Code::Place(Place { depth: 0, steps, .. }) if *steps == ["status"]);
        let said = match (group(left), group(right)) {
            (true, _) => word(right),
            (_, true) => word(left),
            _ => None,
        };
        let status = match said.as_deref() {
            Some("firing") => Self::Firing,
            Some("resolved") => Self::Resolved,
            _ => Self::Unknown,
        };
        if *name == "eq" { status } else { status.opposite() }
    }

    pub(super) fn opposite(self) -> Self {
        match self {
            Self::Firing => Self::Resolved,
            Self::Resolved => Self::Firing,
            Self::Unknown => Self::Unknown,
        }
    }
}

// === impl Advice ===

impl Advice {
    /// Goes into the branch of a condition.
    pub(super) fn enter(&mut self, status: Status) {
        self.conditions.push(status);
    }

    pub(super) fn leave(&mut self) {
        self.conditions.pop();
    }

    fn status(&self) -> Status {
        self.conditions.iter().rev().copied().find(|status| *status != Status::Unknown).unwrap_or(Status::Unknown)
    }

    /// Goes into a block that is only there when `value` is.
    pub(super) fn asks(&mut self, value: &Value) {
        let mut places = Vec::new();
        each_place(&value.code, &mut |place| places.push(place.clone()));
        self.look(&value.code);
        self.asked.push(places);
    }

    pub(super) fn asked(&mut self) {
        self.asked.pop();
    }

    /// A value is shown.
    pub(super) fn shows(&mut self, value: &Value, at: At) {
        self.look(&value.code);
        if let Code::Call("format", of) = &value.code
            && let [Code::Place(_), Code::Literal(serde_json::Value::String(layout))] = of.as_slice()
            && !["MST", "Z07", "-07"].iter().any(|zone| layout.contains(zone))
        {
            self.utc.get_or_insert(at);
        }
        let mut unasked = Vec::new();
        each_place(&value.code, &mut |place| {
            if let [.., map, name] = place.steps.as_slice()
                && (map.ends_with("abels") || map.ends_with("nnotations"))
                && name != "alertname"
                && !self.asked.iter().flatten().any(|asked| asked == place)
            {
                unasked.push(name.clone());
            }
        });
        if self.unasked.is_empty() {
            self.unasked_at = at;
        }
        self.unasked.extend(unasked);
    }

    /// Sees whether the own status of an alert is looked at, and whether people are named.
    fn look(&mut self, code: &Code) {
        self.calls_people |= names_people(code);
        each_place(code, &mut |place| {
            if place.depth > 0 && place.steps.last().is_some_and(|step| step == "status") {
                self.alert_status += 1;
            }
        });
    }

    /// A list of alerts is handed to another template.
    pub(super) fn hands_on(&mut self, value: &Value) {
        if value.kind == Kind::Alerts {
            self.lists(value);
        }
    }

    fn lists(&mut self, value: &Value) {
        let while_others_fire = self.status() != Status::Resolved;
        match &value.code {
            Code::Call("firing", _) => self.shows_firing = true,
            Code::Call("resolved", _) => self.shows_resolved |= while_others_fire,
            _ => {
                self.shows_firing = true;
                self.shows_resolved |= while_others_fire;
            }
        }
    }

    /// A loop begins.
    pub(super) fn goes_through(&mut self, value: &Value, at: At) -> Loop {
        self.look(&value.code);
        let alerts = value.kind == Kind::Alerts;
        if alerts {
            self.lists(value);
        }
        let all = alerts && matches!(&value.code, Code::Place(place) if place.steps == ["alerts"]);
        Loop { at, all_alerts_of_firing: all && self.status() == Status::Firing, alert_status: self.alert_status }
    }

    /// A loop ends.
    pub(super) fn went_through(&mut self, begun: Loop) {
        if begun.all_alerts_of_firing && begun.alert_status == self.alert_status {
            self.as_firing.get_or_insert(begun.at);
        }
    }

    /// What is worth a second look, each with its place.
    pub(super) fn notes(&self) -> Vec<(At, String)> {
        let mut notes = Vec::new();
        if let Some(at) = self.as_firing {
            let note = "all alerts of a group that fires are shown here, those that are over too: range over .Alerts.Firing, or look at each alert's .Status";
            notes.push((at, note.to_owned()));
        }
        if let Some(at) = self.utc {
            let note = "the time is shown in UTC without saying so: {{date \"%Y-%m-%d %H:%M:%S\" startsAt}} shows it in the time zone of the configuration";
            notes.push((at, note.to_owned()));
        }
        if !self.unasked.is_empty() {
            let names: Vec<_> = self.unasked.iter().map(String::as_str).collect();
            let note =
                format!("an alert without {} leaves an empty place: ask with {{{{#if}}}} first", names.join(", "));
            notes.push((self.unasked_at, note));
        }
        notes.sort();
        notes
    }

    /// Adds what a template shows that this one calls.
    pub(super) fn add_shown(&mut self, other: &Self) {
        self.shows_firing |= other.shows_firing;
        self.shows_resolved |= other.shows_resolved;
    }

    /// Whether alerts that are over go untold while others of their group fire.
    pub(super) fn drops_resolved(&self) -> bool {
        self.shows_firing && !self.shows_resolved
    }
}

fn names_people(code: &Code) -> bool {
    matches!(code, Code::Call(name, arguments) if *name == "mobiles" || arguments.iter().any(names_people))
}

fn each_place(code: &Code, see: &mut impl FnMut(&Place)) {
    match code {
        Code::Place(place) => see(place),
        Code::Literal(_) => {}
        Code::Call(_, arguments) => arguments.iter().for_each(|argument| each_place(argument, see)),
    }
}

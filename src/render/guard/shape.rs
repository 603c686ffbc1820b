//! What the data of templates are, as far as it is known before anything is rendered.
//!
//! It says the same as `model` and `summary` do, in another way; a test holds them together.

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// The data of one group of alerts: what most templates begin with.
    Group,
    /// The data of a digest: what the templates `digest.*` begin with.
    Digest,
    /// An alert of a group.
    Alert,
    /// An alert of a digest.
    DigestAlert,
    /// The alerts of one name in a digest.
    Entry,
    /// `total` of a group.
    Total,
    /// `total` of a digest.
    DigestTotal,
    /// `others` of a digest.
    Others,
    /// Names with texts; any name may be there.
    Labels,
    /// A name with its value.
    Pair,
    /// A list of [`Shape::Alert`].
    Alerts,
    /// A list of [`Shape::DigestAlert`].
    DigestAlerts,
    /// A list of [`Shape::Entry`].
    Entries,
    /// A list of [`Shape::Pair`].
    Pairs,
    /// A list of texts.
    Texts,
    /// A text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Flag,
    /// Some value of the data, but which is not known: a field is right if any value has it.
    Any,
    /// Anything: every field is right.
    Unknown,
}

use Shape::{
    Alert, Alerts, Any, Digest, DigestAlert, DigestAlerts, DigestTotal, Entries, Entry, Flag, Group, Labels, Number,
    Others, Pair, Pairs, Text, Texts, Total, Unknown,
};

/// The names of a value with what stands under them.
type Fields = &'static [(&'static str, Shape)];

const GROUP: Fields = &[
    ("target", Text),
    ("sender", Text),
    ("status", Text),
    ("receiver", Text),
    ("groupKey", Text),
    ("groupLabels", Labels),
    ("commonLabels", Labels),
    ("commonAnnotations", Labels),
    ("routeLabels", Labels),
    ("externalURL", Text),
    ("truncatedAlerts", Number),
    ("notificationReason", Text),
    ("total", Total),
    ("meantFor", Text),
    ("salvaged", Flag),
    ("severity", Text),
    ("repeats", Number),
    ("part", Number),
    ("parts", Number),
    ("delayed", Number),
    ("alerts", Alerts),
    ("firing", Alerts),
    ("resolved", Alerts),
    ("raw", Unknown),
];

const ALERT: Fields = &[
    ("status", Text),
    ("labels", Labels),
    ("annotations", Labels),
    ("startsAt", Text),
    ("endsAt", Text),
    ("generatorURL", Text),
    ("fingerprint", Text),
    ("severity", Text),
];

const DIGEST: Fields = &[
    ("target", Text),
    ("sender", Text),
    ("status", Text),
    ("severity", Text),
    ("externalURL", Text),
    ("meantFor", Text),
    ("truncatedAlerts", Number),
    ("salvaged", Number),
    ("repeats", Number),
    ("part", Number),
    ("parts", Number),
    ("detail", Text),
    ("delayed", Number),
    ("total", DigestTotal),
    ("firing", Entries),
    ("resolved", Entries),
    ("gone", Entries),
    ("others", Others),
];

const ENTRY: Fields = &[
    ("alertname", Text),
    ("severity", Text),
    ("status", Text),
    ("count", Number),
    ("all", Number),
    ("continued", Flag),
    ("commonLabels", Labels),
    ("alerts", DigestAlerts),
    ("more", Number),
];

const DIGEST_ALERT: Fields = &[
    ("status", Text),
    ("labels", Labels),
    ("annotations", Labels),
    ("startsAt", Text),
    ("endsAt", Text),
    ("generatorURL", Text),
    ("fingerprint", Text),
    ("severity", Text),
    ("receiver", Text),
    ("flaps", Number),
];

const TOTAL: Fields = &[("firing", Number), ("resolved", Number), ("alerts", Number)];

const DIGEST_TOTAL: Fields =
    &[("firing", Number), ("resolved", Number), ("gone", Number), ("alerts", Number), ("groups", Number)];

const OTHERS: Fields = &[("alerts", Number), ("names", Number)];

const PAIR: Fields = &[("name", Text), ("value", Text)];

/// Everything that has fields of its own.
pub(super) const WITH_FIELDS: [Shape; 9] = [Group, Alert, Total, Digest, Entry, DigestAlert, DigestTotal, Others, Pair];

// === impl Shape ===

impl Shape {
    /// The names that it has, where they are known.
    pub(super) fn fields(self) -> Fields {
        match self {
            Group => GROUP,
            Digest => DIGEST,
            Alert => ALERT,
            DigestAlert => DIGEST_ALERT,
            Entry => ENTRY,
            Total => TOTAL,
            DigestTotal => DIGEST_TOTAL,
            Others => OTHERS,
            Pair => PAIR,
            _ => &[],
        }
    }

    /// What stands under `name`; `None` when it can have no such field.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        let own = |shape: Self| shape.fields().iter().find(|(field, _)| *field == name).map(|(_, under)| *under);
        match self {
            Unknown => Some(Unknown),
            Labels => Some(Text),
            Any => {
                let index = name.parse::<usize>().ok().map(|_| Any);
                WITH_FIELDS.into_iter().filter_map(own).reduce(Self::or).or(index)
            }
            _ => match self.item() {
                Some(item) => name.parse::<usize>().ok().map(|_| item),
                None => own(self),
            },
        }
    }

    /// What a list has in it; `None` for what is no list.
    pub(super) fn item(self) -> Option<Self> {
        match self {
            Alerts => Some(Alert),
            DigestAlerts => Some(DigestAlert),
            Entries => Some(Entry),
            Pairs => Some(Pair),
            Texts => Some(Text),
            _ => None,
        }
    }

    /// The list that has such things in it.
    pub(super) fn list(self) -> Self {
        match self {
            Alert => Alerts,
            DigestAlert => DigestAlerts,
            Entry => Entries,
            Pair => Pairs,
            Text => Texts,
            Any => Any,
            _ => Unknown,
        }
    }

    /// A value that is this or `other`.
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            _ if self == other => self,
            (Unknown, _) | (_, Unknown) => Unknown,
            _ => Any,
        }
    }

    /// Whether it is neither a list nor names with values.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Text | Number | Flag)
    }

    /// Whether it is certain to have fields under names.
    pub(super) fn is_object(self) -> bool {
        self == Labels || !self.fields().is_empty()
    }

    /// What it is, in words.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Group => "a group of alerts",
            Digest => "a digest",
            Alert => "an alert",
            DigestAlert => "an alert of a digest",
            Entry => "an entry of a digest",
            Total => "total",
            DigestTotal => "total of a digest",
            Others => "others of a digest",
            Pair => "a pair of name and value",
            Labels => "labels",
            Text => "a text",
            Number => "a number",
            Flag => "true or false",
            Alerts | DigestAlerts | Entries | Pairs | Texts => "a list",
            Any | Unknown => "a group of alerts, of a digest or of what is in them",
        }
    }
}

#[cfg(test)]
mod tests;

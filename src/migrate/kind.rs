//! What the values of a Go template are. Handlebars knows only JSON, so what a value prints as, and whether it counts as
//! true, has to be settled by its kind while a template is turned.

use std::collections::BTreeMap;

/// What a value is in Go.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It cannot be told.
    Any,
    /// Nothing.
    Nil,
    /// `string`
    Text,
    /// `bool`
    Bool,
    /// `int` and its kin
    Whole,
    /// `float64`
    Float,
    /// `time.Time`
    Time,
    /// `time.Duration`, in nanoseconds
    Span,
    /// `template.KV`: labels or annotations
    Labels,
    /// `template.Pairs`
    Pairs,
    /// `template.Pair`
    Pair,
    /// `template.Alerts`
    Alerts,
    /// `template.Alert`
    Alert,
    /// What a message is made of.
    Data,
    /// A slice.
    List(Box<Kind>),
    /// A map made by `dict`, with the keys that are known.
    Dict(BTreeMap<String, Kind>),
}

/// What `.Name` is of something.
pub(super) enum Member {
    /// A field, under its name in JSON.
    Field(&'static str, Kind),
    /// The value under that key.
    Key(Kind),
    /// A method, or what has to be made by a helper.
    Method,
    /// There is none.
    None,
}

/// What the fields of a message are, in Go and in JSON.
static DATA: [(&str, &str, Kind); 8] = [
    ("Receiver", "receiver", Kind::Text),
    ("Status", "status", Kind::Text),
    ("Alerts", "alerts", Kind::Alerts),
    ("GroupLabels", "groupLabels", Kind::Labels),
    ("CommonLabels", "commonLabels", Kind::Labels),
    ("CommonAnnotations", "commonAnnotations", Kind::Labels),
    ("ExternalURL", "externalURL", Kind::Text),
    ("NotificationReason", "notificationReason", Kind::Text),
];

static ALERT: [(&str, &str, Kind); 7] = [
    ("Status", "status", Kind::Text),
    ("Labels", "labels", Kind::Labels),
    ("Annotations", "annotations", Kind::Labels),
    ("StartsAt", "startsAt", Kind::Time),
    ("EndsAt", "endsAt", Kind::Time),
    ("GeneratorURL", "generatorURL", Kind::Text),
    ("Fingerprint", "fingerprint", Kind::Text),
];

static PAIR: [(&str, &str, Kind); 2] = [("Name", "name", Kind::Text), ("Value", "value", Kind::Text)];

/// The methods of what has some.
static METHODS: [(Kind, &[&str]); 6] = [
    (
        Kind::Time,
        &[
            "Format",
            "Add",
            "AddDate",
            "Sub",
            "Unix",
            "UnixMilli",
            "UnixNano",
            "IsZero",
            "Before",
            "After",
            "Equal",
            "Local",
            "UTC",
            "String",
            "Year",
            "Month",
            "Day",
            "Hour",
            "Minute",
            "Second",
            "Nanosecond",
            "YearDay",
            "Weekday",
            "Truncate",
        ],
    ),
    (Kind::Data, &["AtMobiles"]),
    (Kind::Labels, &["SortedPairs", "Remove", "Names", "Values"]),
    (Kind::Pairs, &["Names", "Values"]),
    (Kind::Alerts, &["Firing", "Resolved"]),
    (
        Kind::Span,
        &["Hours", "Minutes", "Seconds", "Milliseconds", "Microseconds", "Nanoseconds", "String", "Round", "Truncate"],
    ),
];

// === impl Kind ===

impl Kind {
    /// A list of such.
    pub(super) fn list(of: Self) -> Self {
        match of {
            Self::Alert => Self::Alerts,
            Self::Pair => Self::Pairs,
            of => Self::List(Box::new(of)),
        }
    }

    /// What `range` goes through.
    pub(super) fn element(&self) -> Self {
        match self {
            Self::Labels => Self::Text,
            Self::Pairs => Self::Pair,
            Self::Alerts => Self::Alert,
            Self::List(of) => (**of).clone(),
            Self::Dict(fields) => fields.values().cloned().reduce(Self::or).unwrap_or(Self::Any),
            _ => Self::Any,
        }
    }

    /// What is this or that.
    pub(super) fn or(self, other: Self) -> Self {
        if self == other { self } else { Self::Any }
    }

    /// What `.name` is of it.
    pub(super) fn member(&self, name: &str) -> Member {
        if self.methods().contains(&name) {
            return Member::Method;
        }
        match (self, self.fields().iter().find(|(go, ..)| *go == name)) {
            (_, Some((_, json, kind))) => Member::Field(json, kind.clone()),
            (Self::Labels, None) => Member::Key(Self::Text),
            (Self::Dict(fields), None) => Member::Key(fields.get(name).cloned().unwrap_or(Self::Any)),
            (Self::Any, None) => Member::Key(Self::Any),
            // Alertmanager has it since 0.34; what this bridge replaces has not.
            (Self::Data, None) if name == "RouteLabels" => Member::Field("routeLabels", Self::Labels),
            _ => Member::None,
        }
    }

    /// The names that can follow it, for the message when one does not exist.
    pub(super) fn members(&self) -> Vec<&'static str> {
        self.fields().iter().map(|(go, ..)| *go).chain(self.methods().iter().copied()).collect()
    }

    fn methods(&self) -> &'static [&'static str] {
        METHODS.iter().find(|(kind, _)| kind == self).map_or(&[], |(_, methods)| methods)
    }

    /// Its fields: the name in Go, the name in JSON, and what it is.
    fn fields(&self) -> &'static [(&'static str, &'static str, Self)] {
        match self {
            Self::Data => &DATA,
            Self::Alert => &ALERT,
            Self::Pair => &PAIR,
            _ => &[],
        }
    }

    /// Whether Go takes it for true whatever it holds.
    pub(super) fn is_always_true(&self) -> bool {
        matches!(self, Self::Time | Self::Alert | Self::Data | Self::Pair)
    }

    /// What it is, in words.
    pub(super) fn described(&self) -> &'static str {
        match self {
            Self::Any => "a value of a kind that cannot be told",
            Self::Nil => "nil",
            Self::Text => "a text",
            Self::Bool => "true or false",
            Self::Whole | Self::Float => "a number",
            Self::Time => "a time",
            Self::Span => "a duration",
            Self::Labels => "labels",
            Self::Pairs => "a list of names with values",
            Self::Pair => "a name with its value",
            Self::Alerts => "a list of alerts",
            Self::Alert => "an alert",
            Self::Data => "the message's data",
            Self::List(_) => "a list",
            Self::Dict(_) => "a map",
        }
    }

    /// The end of the name of a template that is called with other kinds as well.
    pub(super) fn suffix(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Labels => "labels",
            Self::Pairs => "pairs",
            Self::Pair => "pair",
            Self::Alerts => "alerts",
            Self::Alert => "alert",
            Self::Data => "data",
            Self::List(_) => "list",
            Self::Dict(_) => "dict",
            _ => "value",
        }
    }
}

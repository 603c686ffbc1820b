//! How bad an alert is, read from one of its labels.

use crate::notification::{Alert, Labels, Notification};

/// How bad an alert is. A severity that nobody declared is `Unknown` and is never held back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The label is missing or says something that was not declared.
    Unknown,
    /// Worth knowing.
    Info,
    /// Worth looking at today.
    Warning,
    /// Worth waking somebody.
    Critical,
}

/// Which values of which label mean what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Severities {
    /// The label's name.
    pub label: String,
    /// Its values that mean critical, in any case.
    pub critical: Vec<String>,
    /// Its values that mean warning, in any case.
    pub warning: Vec<String>,
    /// Its values that mean info, in any case.
    pub info: Vec<String>,
}

// === impl Severity ===

impl Severity {
    /// The name that templates see: `critical`, `warning`, `info` or `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The severity of that name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Unknown, Self::Info, Self::Warning, Self::Critical]
            .into_iter()
            .find(|severity| severity.as_str().eq_ignore_ascii_case(name))
    }
}

// === impl Severities ===

impl Severities {
    /// How bad `alert` is.
    pub fn level(&self, alert: &Alert) -> Severity {
        self.of(&alert.labels)
    }

    /// How bad an alert with these labels is.
    pub fn of(&self, labels: &Labels) -> Severity {
        labels.get(&self.label).map_or(Severity::Unknown, |value| self.meaning(value))
    }

    /// What a value of the label means.
    pub fn meaning(&self, value: &str) -> Severity {
        let declared = |values: &[String]| values.iter().any(|known| same_in_any_case(known, value));
        if declared(&self.critical) {
            Severity::Critical
        } else if declared(&self.warning) {
            Severity::Warning
        } else if declared(&self.info) {
            Severity::Info
        } else {
            Severity::Unknown
        }
    }

    /// The highest severity of what fires; when nothing does, the highest of all. `Unknown` without alerts.
    pub fn highest(&self, notification: &Notification) -> Severity {
        let firing = notification.firing().map(|alert| self.level(alert)).max();
        firing.or_else(|| notification.alerts.iter().map(|alert| self.level(alert)).max()).unwrap_or(Severity::Unknown)
    }
}

impl Default for Severities {
    fn default() -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            label: "severity".to_owned(),
            critical: words(&["critical", "page", "emergency", "P0", "P1", "紧急", "严重"]),
            warning: words(&["warning", "warn", "P2", "警告"]),
            info: words(&["info", "none", "P3", "P4", "提醒"]),
        }
    }
}

fn same_in_any_case(left: &str, right: &str) -> bool {
    left.eq_ignore_ascii_case(right) || (!left.is_ascii() && left.to_lowercase() == right.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_declared_values_in_any_case() {
        let severities = Severities::default();
        for (value, level) in [
            ("critical", Severity::Critical),
            ("PAGE", Severity::Critical),
            ("p0", Severity::Critical),
            ("紧急", Severity::Critical),
            ("Warn", Severity::Warning),
            ("none", Severity::Info),
            ("criticality", Severity::Unknown),
            ("", Severity::Unknown),
        ] {
            assert_eq!(severities.meaning(value), level, "{value}");
        }
        assert!(Severity::Critical > Severity::Warning && Severity::Info > Severity::Unknown);
        assert_eq!(severities.of(&Labels::new()), Severity::Unknown);
    }

    #[test]
    fn names_come_back() {
        for severity in [Severity::Unknown, Severity::Info, Severity::Warning, Severity::Critical] {
            assert_eq!(Severity::named(severity.as_str()), Some(severity));
        }
    }
}

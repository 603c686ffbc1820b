//! How bad an alert is: as its sender says, or read from one of its labels.

use crate::notification::{Alert, Labels, Notification, Severity};

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

// === impl Severities ===

impl Severities {
    /// How bad `alert` is.
    pub fn level(&self, alert: &Alert) -> Severity {
        alert.severity.unwrap_or_else(|| self.of(&alert.labels))
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

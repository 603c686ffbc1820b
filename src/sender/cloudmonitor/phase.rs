//! Where in its life a system event is.
//!
//! It is said in up to four places, and not all of them tell the truth: of a maintenance that was avoided, the name goes
//! on to end in `:Scheduled`, and of a disk that works again, in `:Executing`. So `content.eventStatus` is believed
//! first, then `status`, and the end of the name last; and what has a time when it was finished is not executing.

use serde_json::Value;

use crate::sender::fields::{field, present};

/// Where in its life an event is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sender) struct Phase {
    /// The word for it, such as `Scheduled`; empty when nobody says.
    pub word: String,
    /// Whether what it told of is over, or will not happen.
    pub over: bool,
    /// Whether it is told of in phases at all. If not, it is told once, and what has happened is no recovery.
    pub staged: bool,
}

/// What a phase is called, and whether it is the last one that need not worry anybody.
const WORDS: [(&str, bool); 13] = [
    ("Inquiring", false),
    ("Scheduled", false),
    ("Executing", false),
    ("Started", false),
    ("Start", false),
    ("Stopped", false),
    ("Failed", false),
    ("Executed", true),
    ("Avoided", true),
    ("Canceled", true),
    ("Cancelled", true),
    ("Running", true),
    ("End", true),
];

/// The words that also stand behind an underscore, as in `Agent_Status_Stopped`.
const UNDERSCORED: [&str; 4] = ["Stopped", "Running", "Start", "End"];

/// The kinds of events that something can recover from.
const PASSING: [&str; 2] = ["Exception", "Maintenance"];

/// What comes and goes whatever kind of event it is said to be.
const AGENT: &str = "Agent_Status";

/// The fields of an event's content that say in a word what happened, in the order of a sentence.
const SAYING: [&str; 5] = ["operation", "action", "state", "status", "result"];

/// The fields that hold when something was finished.
const FINISHED: &str = "executeFinishTime";

// === impl Phase ===

impl Phase {
    /// The phase of an event of that name.
    pub(in crate::sender) fn of(name: &str, status: &str, event_type: &str, content: &Value) -> Self {
        let (base, end) = split(name);
        let own = field(content, "eventStatus");
        let staged = !own.is_empty() || end.is_some();
        let said = present(&own).or(known(status)).or(end).unwrap_or_default();
        let finished = !field(content, FINISHED).is_empty() && own.is_empty() && staged;
        let word = if finished && !is_last(said) && known(said) != Some("Failed") { "Executed" } else { said };
        let passes = event_type.is_empty() || PASSING.contains(&event_type) || base == AGENT;
        Self { word: known(word).unwrap_or(word).to_owned(), over: staged && passes && is_last(word), staged }
    }
}

/// The name of an event without the phase at its end, and that phase.
pub(super) fn split(name: &str) -> (&str, Option<&'static str>) {
    if let Some((base, end)) = name.rsplit_once(':')
        && let Some(word) = known(end)
    {
        return (base, Some(word));
    }
    if let Some((base, end)) = name.rsplit_once('_')
        && let Some(word) = known(end).filter(|word| UNDERSCORED.contains(word))
    {
        return (base, Some(word));
    }
    (name, None)
}

/// What an event's content says in a few words of what happened: `AttachDisk accomplished`.
pub(in crate::sender) fn said(content: &Value) -> String {
    let words: Vec<String> = SAYING.iter().map(|name| field(content, name)).filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

/// A word for a phase, as it is written in names.
fn known(word: &str) -> Option<&'static str> {
    WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word.trim())).map(|(known, _)| *known)
}

fn is_last(word: &str) -> bool {
    WORDS.iter().any(|(known, last)| *last && known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn phase(name: &str, status: &str, event_type: &str, content: &Value) -> (String, bool) {
        let Phase { word, over, .. } = Phase::of(name, status, event_type, content);
        (word, over)
    }

    #[test]
    fn names_end_in_phases() {
        for (name, split_) in [
            ("Instance:SystemFailure.Reboot:Executing", ("Instance:SystemFailure.Reboot", Some("Executing"))),
            ("Agent_Status_Stopped", ("Agent_Status", Some("Stopped"))),
            ("Instance_Failure_End", ("Instance_Failure", Some("End"))),
            ("Instance:StateChange", ("Instance:StateChange", None)),
            ("Instance_Failover", ("Instance_Failover", None)),
            ("Backup_Failed", ("Backup_Failed", None)),
            ("", ("", None)),
        ] {
            assert_eq!(split(name), split_, "{name}");
        }
    }

    #[test]
    fn who_is_believed() {
        let name = "Instance:SystemMaintenance.Reboot:Scheduled";
        let none = json!({});
        let told = |word: &str, over| (word.to_owned(), over);
        assert_eq!(phase(name, "", "", &none), told("Scheduled", false));
        assert_eq!(phase(name, "Executing", "Maintenance", &none), told("Executing", false));
        assert_eq!(phase(name, "Executing", "", &json!({"eventStatus": "Avoided"})), told("Avoided", true));
        assert_eq!(phase(name, "canceled", "Maintenance", &none), told("Canceled", true));
        assert_eq!(phase(name, "Normal", "", &json!({"eventStatus": "New"})), told("New", false));
        let finished = json!({"executeFinishTime": "2019-04-10T01:03:01Z"});
        assert_eq!(phase("Disk:Stalled:Executing", "", "", &finished), told("Executed", true));
        assert_eq!(phase("Disk:Stalled:Failed", "", "", &finished), told("Failed", false));
        assert_eq!(phase("Disk:Stalled", "", "", &finished), told("", false));
    }

    #[test]
    fn not_everything_that_has_happened_is_over() {
        let none = json!({});
        // It is told once: nobody was told that it began.
        assert_eq!(phase("Instance_Failover", "Executed", "Maintenance", &none), ("Executed".to_owned(), false));
        let told = phase("Instance:X:Executed", "Executed", "StatusNotification", &none);
        assert_eq!(told, ("Executed".to_owned(), false));
        let running = phase("Agent_Status_Running", "Running", "StatusNotification", &none);
        assert_eq!(running, ("Running".to_owned(), true));
    }

    #[test]
    fn what_happened_is_said_in_a_few_words() {
        assert_eq!(
            said(&json!({"result": "accomplished", "operation": "AttachDisk", "x": 1})),
            "AttachDisk accomplished"
        );
        assert_eq!(said(&json!({})), "");
    }
}

//! Reads what groups were told: which alerts are named, how many are counted without a name, and what was last said of
//! each. This is the one place that knows how digests are worded.

use std::fmt;

use dingbridge::sandbox::Arrival;

use crate::harness::DingTalk;

/// What a group was told, the oldest first.
pub(super) struct Told(Vec<Message>);

/// A message as people read it.
#[derive(Debug)]
struct Message {
    title: String,
    text: String,
}

/// What is said of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Firing,
    /// Over, or fired and over before anybody was told.
    Over,
}

// === impl Told ===

impl Told {
    /// By all robots.
    pub(super) fn by(dingtalk: &DingTalk) -> Self {
        Self::of(&dingtalk.shown())
    }

    /// In these messages; those of other programs are none.
    pub(super) fn of(shown: &[Arrival]) -> Self {
        let messages = shown.iter().filter(|arrival| !arrival.body.contains(super::OTHER));
        Self(messages.filter_map(Arrival::message).map(|seen| Message { title: seen.title, text: seen.text }).collect())
    }

    /// How many messages there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether a message shows this name.
    pub(super) fn names(&self, name: &str) -> bool {
        self.0.iter().any(|message| message.names(name))
    }

    /// How many different messages show this name, where the numbered parts of one are one message.
    pub(super) fn times(&self, name: &str) -> usize {
        self.0.iter().filter(|message| message.names(name) && message.part() <= 1).count().max(self.names(name).into())
    }

    /// How many alerts are counted without their names.
    pub(super) fn more(&self) -> usize {
        self.0.iter().map(|message| more(&message.text)).sum()
    }

    /// What is said of it last.
    pub(super) fn last(&self, name: &str) -> Option<State> {
        self.0.iter().rev().find_map(|message| message.state(name))
    }

    /// Whether anything is said to fire.
    pub(super) fn any_firing(&self) -> bool {
        self.0.iter().any(|message| message.title.contains("FIRING"))
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Message { title, text } in &self.0 {
            writeln!(f, "{title}\n{text}\n---")?;
        }
        Ok(())
    }
}

// === impl Message ===

impl Message {
    fn names(&self, name: &str) -> bool {
        self.title.contains(name) || self.text.contains(name)
    }

    /// Its number, if it is one of several parts of a message: ` (2/3)` at the end of its title.
    fn part(&self) -> u32 {
        let number = || self.title.trim_end().strip_suffix(')')?.rsplit_once('(')?.1.split_once('/')?.0.parse().ok();
        number().unwrap_or(0)
    }

    /// What it says of an alert. Under a heading stands what has one state.
    fn state(&self, name: &str) -> Option<State> {
        if !self.names(name) {
            return None;
        }
        let title = state(&self.title.to_lowercase());
        let mut heading = title;
        for line in self.text.lines() {
            let lower = line.to_lowercase();
            let is_heading = line.starts_with('#') || line.trim_start().starts_with("**");
            if let (true, Some(state)) = (is_heading && !line.contains(name), state(&lower)) {
                heading = Some(state);
            }
            if line.contains(name) {
                return state(&lower.replace(&name.to_lowercase(), "")).or(heading);
            }
        }
        title
    }
}

/// What words of one state say; those of a line that speaks of both say that something fires.
fn state(lower: &str) -> Option<State> {
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["firing"]) {
        Some(State::Firing)
    } else if says(&["resolved", "came and went", "over before"]) {
        Some(State::Over)
    } else {
        None
    }
}

/// The alerts that a text counts in words such as "12 more alerts under 5 names" or "12 more under 5 names".
fn more(text: &str) -> usize {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !matches!(*word, "" | "alert" | "alerts")).collect();
    let counts = words.windows(5).filter_map(|window| match window {
        [count, "more", "under", _, "name" | "names"] => count.parse::<usize>().ok(),
        _ => None,
    });
    counts.sum()
}

#[test]
fn what_is_counted_and_what_is_said_is_read() {
    assert_eq!(
        more("- …\n\n… and 12 more alerts under 5 names, and 1 more alert under 1 name, 3 more; 2 more under 2 names"),
        15
    );
    let text = "#### 🔴 CRITICAL · 2 firing\n\n2 resolved · 1 came and went · 4 groups\n\n🔴 **A1** ×2\n\n- since 9:00\n\n\
                - **B1**\n\n**✅ Resolved**\n\n**C1**\n\n- lasted 5m\n\n**✅ Fired and over before it could be told**\n\n\
                - **D1** ×3";
    let told = Told(vec![
        Message { title: "🔴 [FIRING:1] C1 (1/2)".into(), text: "C1".into() },
        Message { title: "🔴 [FIRING:2] A1, B1 (2/2)".into(), text: text.into() },
    ]);
    let states = ["A1", "B1", "C1", "D1", "E1"].map(|name| told.last(name));
    assert_eq!(states, [Some(State::Firing), Some(State::Firing), Some(State::Over), Some(State::Over), None]);
    assert_eq!((told.times("A1"), told.times("C1"), told.len()), (1, 1, 2));
}

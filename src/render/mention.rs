//! Who is called by a message, and the words that call them.
//!
//! DingTalk calls a person only when its `at` names them *and* their word stands in the text, so both are made from
//! the one [`Mention`] that [`MentionPolicy`] gives. It names only people who are configured, whatever labels say:
//! a label's value chooses among them, and is never itself called. A message that its sender wrote for DingTalk calls
//! whom its sender calls, and nobody else.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::severity::Severities;
use crate::dingtalk::Mention;
use crate::notification::{Alert, Notification, Severity, Status};

#[cfg(test)]
mod tests;

/// The most bytes of a number or an id that calls somebody.
const MAX_ID: usize = 64;

/// What a message is about, as far as calling people goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Occasion {
    /// Something fires that is news.
    Firing,
    /// The sender repeats what it said before.
    Repeat,
    /// A summary of many.
    Digest,
    /// Everything in it is over.
    Resolved,
}

/// Whom to call, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MentionPolicy {
    /// Who is called.
    pub mention: Mention,
    /// They are called only when an alert has one of these severities; `None` for any, but in a digest for critical
    /// ones alone.
    pub severities: Option<Vec<Severity>>,
    /// They are called only on these occasions.
    pub when: Vec<Occasion>,
    /// Who is called besides, for alerts with a certain label.
    pub by_label: Option<ByLabel>,
}

/// Whom to call for which value of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByLabel {
    /// The label's name.
    pub label: String,
    /// Whom each of its values calls.
    pub people: BTreeMap<String, Mention>,
}

/// The people of one message: nobody twice, and no more than DingTalk takes.
#[derive(Default)]
struct Called(Mention);

// === impl MentionPolicy ===

impl MentionPolicy {
    /// How many people one message may call, by DingTalk's rules.
    pub const MAX_PEOPLE: usize = 50;

    /// Who is called by a message about `notification`.
    ///
    /// The alerts that count are those that fire; on a resolved message, those that are over. Where its sender wrote the
    /// message, nothing of this counts, only whom that one calls.
    pub fn of(&self, notification: &Notification, severities: &Severities) -> Mention {
        if let Some(relay) = &notification.relay {
            let mut called = Called::default();
            called.add(&known(&relay.mention));
            return called.0;
        }
        let (occasion, counts) = match notification.status {
            Status::Resolved => (Occasion::Resolved, Status::Resolved),
            Status::Firing if notification.is_repeat() => (Occasion::Repeat, Status::Firing),
            Status::Firing => (Occasion::Firing, Status::Firing),
        };
        let alerts = notification.alerts.iter().filter(|alert| alert.status == counts);
        self.on(occasion, alerts, self.severities.as_deref(), severities)
    }

    /// Who is called by a digest in which these alerts fire.
    ///
    /// It tells of many groups, most of which nobody would be woken for: unless severities are listed, only critical
    /// alerts count.
    pub fn in_digest<'a>(&self, firing: impl Iterator<Item = &'a Alert>, severities: &Severities) -> Mention {
        let wanted = self.severities.as_deref().unwrap_or(&[Severity::Critical]);
        self.on(Occasion::Digest, firing, Some(wanted), severities)
    }

    /// Who is called on `occasion` by those of `alerts` whose severity is wanted: who is called always, then those whom
    /// the label names, the most severe alerts' first.
    fn on<'a>(
        &self,
        occasion: Occasion,
        alerts: impl Iterator<Item = &'a Alert>,
        wanted: Option<&[Severity]>,
        severities: &Severities,
    ) -> Mention {
        let alerts = alerts.map(|alert| (severities.level(alert), alert));
        let is_wanted = |severity: &Severity| wanted.is_none_or(|wanted| wanted.contains(severity));
        let mut alerts: Vec<_> = alerts.filter(|(severity, _)| is_wanted(severity)).collect();
        // Where every severity is wanted, none has to be seen: the sender may have left the alerts out.
        if !self.when.contains(&occasion) || (alerts.is_empty() && wanted.is_some()) {
            return Mention::default();
        }
        let mut called = Called::default();
        called.add(&self.mention);
        if let Some(ByLabel { label, people }) = &self.by_label {
            alerts.sort_by_key(|(severity, _)| Reverse(*severity));
            let named = alerts.iter().filter_map(|(_, alert)| people.get(alert.labels.get(label)?));
            named.for_each(|person| called.add_person(person));
        }
        called.0
    }
}

impl Default for MentionPolicy {
    fn default() -> Self {
        Self {
            mention: Mention::default(),
            severities: None,
            when: vec![Occasion::Firing, Occasion::Repeat, Occasion::Digest],
            by_label: None,
        }
    }
}

// === impl Called ===

impl Called {
    /// Calls a person, unless a word that is theirs calls them already.
    fn add_person(&mut self, person: &Mention) {
        let Self(Mention { mobiles, user_ids, .. }) = self;
        let known = person.mobiles.iter().any(|mobile| mobiles.contains(mobile))
            || person.user_ids.iter().any(|user_id| user_ids.contains(user_id));
        if !known {
            self.add(person);
        }
    }

    fn add(&mut self, people: &Mention) {
        let Self(Mention { all, mobiles, user_ids }) = self;
        *all |= people.all;
        let mut room = MentionPolicy::MAX_PEOPLE.saturating_sub(mobiles.len() + user_ids.len());
        for (called, people) in [(mobiles, &people.mobiles), (user_ids, &people.user_ids)] {
            for who in people {
                if room > 0 && !called.contains(who) {
                    called.push(who.clone());
                    room -= 1;
                }
            }
        }
    }
}

/// `mention`, and whom the senders of these messages call: they are told together, but whom each was to reach it reaches.
pub(super) fn with_senders<'a>(mention: Mention, told: impl Iterator<Item = &'a Notification>) -> Mention {
    let mut called = Called(mention);
    let relays = told.filter_map(|notification| notification.relay.as_ref()).filter(|relay| relay.message.can_call());
    relays.for_each(|relay| called.add(&known(&relay.mention)));
    called.0
}

/// The people of a mention that came with a request, without what is nobody's number or id.
fn known(mention: &Mention) -> Mention {
    let known = |who: &&String| {
        (1..=MAX_ID).contains(&who.len()) && !who.contains(|char: char| char.is_whitespace() || char.is_control())
    };
    let people = |people: &[String]| people.iter().filter(known).cloned().collect();
    Mention { all: mention.all, mobiles: people(&mention.mobiles), user_ids: people(&mention.user_ids) }
}

/// The words of `mention` and the `keyword` that `text` lacks, separated by spaces.
///
/// A word counts as standing in the text only when nothing follows that would make it another name: `@1380` is not
/// called by `@13800`.
pub(super) fn missing_words(text: &str, mention: &Mention, keyword: Option<&str>) -> String {
    let called = mention.mobiles.iter().chain(&mention.user_ids).map(|who| format!("@{who}"));
    let mut words: Vec<String> = called.filter(|word| !stands(text, word)).collect();
    if let Some(keyword) = keyword.filter(|keyword| !text.contains(*keyword)) {
        words.push(keyword.to_owned());
    }
    words.join(" ")
}

fn stands(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let next = text[at + word.len()..].chars().next();
        !next.is_some_and(|next| next.is_alphanumeric() || next == '_' || next == '-')
    })
}

//! Who is called by a message, and the words that call them.
//!
//! DingTalk calls a person only when its `at` names them *and* their word stands in the text, so both are made from
//! the one [`Mention`] that [`MentionPolicy::of`] returns.

use super::severity::{Severities, Severity};
use crate::dingtalk::Mention;
use crate::notification::{Notification, Status};

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
    /// They are called only when an alert has one of these severities; `None` for any.
    pub severities: Option<Vec<Severity>>,
    /// They are called only on these occasions.
    pub when: Vec<Occasion>,
}

// === impl MentionPolicy ===

impl MentionPolicy {
    /// Who is called by a message about `notification`.
    ///
    /// The severities that count are those of what fires; on a resolved message, those of what is over.
    pub fn of(&self, notification: &Notification, severities: &Severities) -> Mention {
        let (occasion, counts) = match notification.status {
            Status::Resolved => (Occasion::Resolved, Status::Resolved),
            Status::Firing if notification.is_repeat() => (Occasion::Repeat, Status::Firing),
            Status::Firing => (Occasion::Firing, Status::Firing),
        };
        let alerts = notification.alerts.iter().filter(|alert| alert.status == counts);
        self.on(occasion, alerts.map(|alert| severities.level(alert)))
    }

    /// Who is called on `occasion` by alerts of these severities.
    pub fn on(&self, occasion: Occasion, mut severities: impl Iterator<Item = Severity>) -> Mention {
        let asked = self.when.contains(&occasion)
            && self.severities.as_ref().is_none_or(|wanted| severities.any(|severity| wanted.contains(&severity)));
        if asked { self.mention.clone() } else { Mention::default() }
    }
}

impl Default for MentionPolicy {
    fn default() -> Self {
        Self {
            mention: Mention::default(),
            severities: None,
            when: vec![Occasion::Firing, Occasion::Repeat, Occasion::Digest],
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(severities: Option<Vec<Severity>>) -> MentionPolicy {
        let mention = Mention { mobiles: vec!["13800000000".to_owned()], ..Mention::default() };
        MentionPolicy { mention, severities, ..MentionPolicy::default() }
    }

    #[test]
    fn resolved_calls_nobody_unless_listed() {
        let mut policy = policy(None);
        assert!(!policy.on(Occasion::Firing, [Severity::Info].into_iter()).is_empty());
        assert!(policy.on(Occasion::Resolved, [Severity::Critical].into_iter()).is_empty());
        policy.when.push(Occasion::Resolved);
        assert!(!policy.on(Occasion::Resolved, [Severity::Critical].into_iter()).is_empty());
    }

    #[test]
    fn severities_restrict() {
        let policy = policy(Some(vec![Severity::Critical]));
        assert!(policy.on(Occasion::Firing, [Severity::Warning].into_iter()).is_empty());
        assert!(!policy.on(Occasion::Firing, [Severity::Warning, Severity::Critical].into_iter()).is_empty());
    }

    #[test]
    fn only_missing_words_are_added() {
        let mention = Mention { mobiles: vec!["1380".into()], user_ids: vec!["bob".into()], all: false };
        assert_eq!(missing_words("hello @1380, see", &mention, Some("Alert")), "@bob Alert");
        assert_eq!(missing_words("@13800 @bob2 Alert", &mention, Some("Alert")), "@1380 @bob");
        assert_eq!(missing_words("@1380 @bob Alert", &mention, Some("Alert")), "");
    }
}

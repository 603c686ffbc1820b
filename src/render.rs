//! Turns a notification into the message a group reads.
//!
//! A [`Library`] holds the templates, compiled and checked once; a [`Style`] says how one target wants its messages.
//! [`Library::render`] always has a message to give: a template that fails is reported beside it, and a plain message
//! made without templates takes its place, because an alert that cannot be shown nicely must still be shown. What it
//! gives fits into DingTalk's limit, calls those who are to be called, and lets no value call anybody, turn the reading
//! direction or break the markdown around it. A message that its sender wrote for DingTalk is trusted instead and passed
//! on as it is.
//!
//! Rendering is pure: the same arguments give the same message. It knows no queue, no target's settings beyond the
//! style, and never waits.

mod choice;
mod digest;
mod escape;
mod exact;
mod fit;
mod foreign;
mod guard;
mod helper;
mod language;
mod library;
mod mention;
mod model;
mod pack;
mod phone;
mod plain;
mod relay;
mod run;
mod severity;
mod summary;
mod tags;
mod tell;
mod terminal;
mod unseen;
mod words;

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub(crate) use self::guard::place;
pub use self::language::Language;
pub(crate) use self::library::is_built_in;
pub use self::library::{Library, TemplateProblem, TemplateSource};
pub use self::mention::{ByLabel, MentionPolicy, Occasion};
pub use self::phone::{Screen, phone, phone_without};
pub use self::severity::Severities;
pub use self::terminal::terminal;
pub use self::unseen::{Loss, Unseen, unseen};
use crate::dingtalk::{Mention, Message};

/// The type of message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// DingTalk's subset of Markdown.
    Markdown,
    /// No formatting; the title is not shown.
    Text,
    /// Markdown with the alert's links as buttons under it; plain Markdown when there is no link.
    ActionCard,
}

/// Which values are made safe for markdown. Titles and `Text` messages show every value as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Escape {
    /// Values of labels. Annotations keep the markdown that their author wrote.
    Labels,
    /// Values of labels and annotations.
    All,
    /// None.
    None,
}

/// How a target wants its messages.
#[derive(Debug, Clone)]
pub struct Style {
    /// The type of message.
    pub kind: Kind,
    /// The name of the title's template; `None` for the built-in one that suits the sender (see `choice`).
    pub title: Option<String>,
    /// The name of the text's template; `None` for the built-in one that suits the sender and the type.
    pub text: Option<String>,
    /// What is written in it beside the templates: words of helpers, marks, the message of last resort. It is that of the
    /// [`Library`].
    pub language: Language,
    /// Which values are made safe for markdown.
    pub escape: Escape,
    /// How times are shown.
    pub time_zone: TimeZone,
    /// What severities mean.
    pub severities: Arc<Severities>,
    /// Whom to call, and when.
    pub mention: MentionPolicy,
    /// The word without which the robot refuses a message.
    pub keyword: Option<String>,
    /// Bytes of a whole body on the wire.
    pub message_limit: usize,
}

/// What is true of one rendering beside the notification.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The target's name.
    pub target: &'a str,
    /// The present.
    pub now: Timestamp,
    /// When the notification was accepted.
    pub accepted_at: Timestamp,
    /// How often the same state was suppressed before.
    pub repeats: u64,
    /// Whether a digest may call people now.
    pub digest_mentions: bool,
}

/// The messages that tell some groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// One or more, in the order in which they are sent.
    pub parts: Vec<Rendered>,
    /// Whether this is a digest: several groups, or one of which more is to be said than its own template can say or
    /// its messages can hold.
    pub digest: bool,
    /// Whether alerts had to be counted instead of shown, or a text was cut.
    pub shortened: bool,
}

/// A message that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// What is posted.
    pub message: Message,
    /// Who is called; their words stand in the text, or their sender left them out.
    pub mention: Mention,
    /// Bytes of the text that did not fit, of a relayed message those of all that it said; 0 when it is whole.
    pub cut_bytes: usize,
    /// The template that failed, when something plainer stands in its place.
    pub failure: Option<RenderFailure>,
}

/// A template failed with this notification.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("template {template:?}, line {line}, column {column}: {reason}")]
pub struct RenderFailure {
    /// The template's name: a partial's when it failed there.
    pub template: String,
    /// The line, from 1; 0 when it is not known.
    pub line: usize,
    /// The column, from 1; 0 when it is not known.
    pub column: usize,
    /// What went wrong.
    pub reason: String,
}

/// Whether a text shows that it is a Go template.
pub(crate) fn is_go_template(text: &str) -> bool {
    foreign::go_template(text).is_some()
}

/// Whether a template can call a helper of that name.
pub(crate) fn is_helper(name: &str) -> bool {
    helper::is_helper(name)
}

// === impl Kind ===

impl Kind {
    /// Its name, as in the configuration and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Text => "text",
            Self::ActionCard => "actionCard",
        }
    }
}

// === impl Rendered ===

impl Rendered {
    /// The bytes on the wire.
    pub fn body(&self, msg_uuid: &str) -> String {
        crate::dingtalk::body(&self.message, &self.mention, msg_uuid)
    }

    /// How many bytes there are on the wire.
    pub fn bytes(&self) -> usize {
        self.body(fit::UUID).len()
    }

    /// Who is called, for a person to read.
    pub fn called(&self) -> String {
        let everybody = self.mention.all.then(|| "everybody".to_owned());
        let people = self.mention.mobiles.iter().chain(&self.mention.user_ids).cloned();
        let called: Vec<_> = everybody.into_iter().chain(people).filter(|_| self.message.can_call()).collect();
        if called.is_empty() { "nobody".to_owned() } else { called.join(", ") }
    }
}

// === impl Style ===

impl Default for Style {
    /// What a target has that configures nothing: built-in templates, times in UTC, a little less than DingTalk takes.
    fn default() -> Self {
        Self {
            kind: Kind::Markdown,
            title: None,
            text: None,
            language: Language::default(),
            escape: Escape::Labels,
            time_zone: TimeZone::UTC,
            severities: Arc::default(),
            mention: MentionPolicy::default(),
            keyword: None,
            message_limit: 19_500,
        }
    }
}

#[cfg(test)]
pub(crate) mod golden;
#[cfg(test)]
mod tests;

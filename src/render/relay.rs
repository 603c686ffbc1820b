//! Messages that their sender wrote for DingTalk, passed on as they are.
//!
//! Nothing in them is a template or is escaped, and they call whom their sender calls, by the words that it wrote. What
//! the group must know and the sender could not say is added, a short line each (see [`remarks`]); a feed card has no
//! place for that.

use super::escape::{self, Medium};
use super::fit::{Frame, Part};
use super::model::delayed;
use super::{Circumstances, Language, Rendered, Style};
use crate::dingtalk::{Mention, Message};
use crate::notification::Notification;

/// The message that `notification` brings along, as it is posted. `None` when there is none, when DingTalk would refuse
/// it because it says nothing, and when it does not tell of every alert: those of older states, folded with its own.
pub(super) fn passed_on(
    notification: &Notification,
    style: &Style,
    circumstances: &Circumstances<'_>,
) -> Option<Rendered> {
    let relay = notification.relay.as_ref().filter(|_| notification.alerts.len() <= 1)?;
    let message = complete(relay.message.clone(), notification)?;
    let mention = match message.can_call() {
        true => style.mention.of(notification, &style.severities),
        false => Mention::default(),
    };
    let remarks = behind(&message, &remarks(notification, style.language, circumstances));
    let frame = Frame {
        mention: &mention,
        keyword: style.keyword.as_deref(),
        limit: style.message_limit,
        left_out_alerts: 0,
        stopped: false,
        part: Part::WHOLE,
        relay: Some(&remarks),
        language: style.language,
    };
    let (message, cut_bytes) = frame.fit(message);
    Some(Rendered { message, mention, cut_bytes, failure: None })
}

/// `message` with a title where DingTalk insists on one; `None` when it says nothing.
fn complete(mut message: Message, notification: &Notification) -> Option<Message> {
    let says = match &message {
        Message::FeedCard { links } => !links.is_empty(),
        message => !message.text().trim().is_empty(),
    };
    if let Message::Markdown { title, .. } | Message::ActionCard { title, .. } | Message::Link { title, .. } =
        &mut message
        && title.trim().is_empty()
    {
        let name = notification.alerts.first().and_then(|alert| alert.labels.get("alertname"));
        *title = name.filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| notification.sender.to_string());
    }
    says.then_some(message)
}

/// What the bridge itself has to say. These are all the words that it adds to what a sender wrote.
fn remarks(notification: &Notification, language: Language, circumstances: &Circumstances<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if notification.salvaged {
        remarks.push(language.salvaged().to_owned());
    }
    if !notification.meant_for.is_empty() {
        remarks.push(language.meant_for(&escape::line(&notification.meant_for, true)));
    }
    remarks.extend(delayed(circumstances).map(|seconds| language.delayed(seconds)));
    if circumstances.repeats > 0 {
        remarks.push(language.repeats(circumstances.repeats));
    }
    remarks
}

/// The remarks as they stand behind the text of `message`: in markdown a line of its own is a paragraph.
fn behind(message: &Message, remarks: &[String]) -> String {
    let (medium, line) = match message.is_markdown() {
        true => (Medium::Markdown, "\n\n"),
        false => (Medium::Plain, "\n"),
    };
    remarks.iter().map(|remark| format!("{line}{}", escape::finish(remark, medium))).collect()
}

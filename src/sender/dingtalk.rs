//! Whoever speaks to DingTalk's robots: messages in DingTalk's own format, on `/robot/send` or on any other path.
//!
//! They are passed on as they are, see [`Relay`]; the alert beside them is for what tells many things at once, and for
//! those who look into the outbox. All five types are known that a robot takes: text, markdown, link, actionCard,
//! feedCard. Real senders are not as strict as the documentation, and neither is this:
//!
//! - beside the object that `msgtype` names there may be others, which kube-eventer leaves empty;
//! - the markdown may be in `content` (as a template of OceanBase's documentation has it), and names in any case;
//! - `at` may be missing, `isAtAll` may stand outside it, be a text or a number, and ids may have their older name;
//! - links that lead nowhere are left out, and what is left is told without them.
//!
//! `msgUuid`, `timestamp` and `sign` are between the sender and DingTalk, for which the bridge makes its own.
//!
//! **Group and state.** Nothing in a message says what it is about, so each one is a group of its own, by all that it
//! says except whom it calls. The same again within the window is a repetition: a sender that retries, or repeats itself.
//! Different messages never stand for one another, and none is ever resolved.
//!
//! Source: <https://open.dingtalk.com/document/development/robot-message-type>.

use serde_json::Value;

use super::event::{Event, fingerprint};
use super::fields::{first_of, headline};
use super::request::{Json, Reading};
use super::time::Zone;
use super::{DecodeError, Decoded, ocp};
use crate::dingtalk::{Mention, Message, body};
use crate::notification::{Notification, Relay, Sender};

mod message;

/// The longest title that is made of a text, in characters.
const TITLE_CHARS: usize = 100;

/// Why a request is a message for DingTalk.
pub(super) fn marks(reading: &Reading<'_>) -> Option<&'static str> {
    is_format(reading.json()?).then_some("`msgtype`")
}

/// Whether JSON is a message in DingTalk's format.
pub(super) fn is_format(json: &Json<'_>) -> bool {
    !json.is_list() && json.keys().iter().any(|key| key.eq_ignore_ascii_case("msgtype"))
}

/// Reads what it says; what its words show to be OCP's is understood as such.
pub(super) fn decode(reading: &Reading<'_>, zone: &Zone) -> Result<Decoded, DecodeError> {
    let relay = relay(reading)?;
    let notification = match ocp::are_its_words(&relay.message) {
        true => ocp::relayed(relay, Sender::DingTalk, zone),
        false => told(relay),
    };
    Ok(notification.into())
}

/// The message that a request is.
///
/// # Errors
/// When it is not in DingTalk's format or says nothing.
pub(super) fn relay(reading: &Reading<'_>) -> Result<Relay, DecodeError> {
    let value = match reading.json() {
        Some(json) if !json.is_list() => json.value(),
        _ => &Value::Null,
    };
    Ok(Relay { message: message::message(value)?, mention: message::mention(value) })
}

/// The title by which a message is known: its own, else the first line of its text.
pub(super) fn title(message: &Message) -> String {
    let first = match message {
        Message::FeedCard { links } => links.first().map_or("", |link| link.title.as_str()),
        message => message.text(),
    };
    first_of([message.title(), &headline(first, TITLE_CHARS)])
}

/// Where a message leads first; empty when it leads nowhere.
pub(super) fn link(message: &Message) -> &str {
    match message {
        Message::Text { .. } | Message::Markdown { .. } => "",
        Message::ActionCard { buttons, .. } => buttons.first().map_or("", |button| &button.url),
        Message::Link { url, .. } => url,
        Message::FeedCard { links } => links.first().map_or("", |link| &link.url),
    }
}

fn told(relay: Relay) -> Notification {
    let message = &relay.message;
    let description = match message {
        Message::FeedCard { links } => links.iter().map(|link| link.title.as_str()).collect::<Vec<_>>().join("\n"),
        message => message.text().trim().to_owned(),
    };
    let event = Event {
        title: title(message),
        description,
        url: link(message).to_owned(),
        key: fingerprint(&body(message, &Mention::default(), "")),
        ..Event::default()
    };
    Notification { relay: Some(relay), ..event.notification(Sender::DingTalk) }
}

#[cfg(test)]
mod tests;

//! What is posted to a robot: the bytes of one message.
//!
//! They are compact JSON in raw UTF-8, because DingTalk counts the bytes of the body and refuses more than 20,000. The
//! same message gives the same bytes; a retry sends them again under the same `msgUuid`.
//!
//! Source: <https://open.dingtalk.com/document/development/robot-message-type>.

mod wire;

use serde::{Deserialize, Serialize};

use self::wire::Envelope;

/// One message to a group. Serialised it is what the outbox keeps; what is posted is [`body`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Message {
    /// Text with DingTalk's subset of markdown.
    Markdown {
        /// Shown in the list of chats and in the notification, not above the text.
        title: String,
        /// The markdown.
        text: String,
    },
    /// Plain text.
    Text {
        /// The text.
        content: String,
    },
    /// Markdown with buttons under it. Without a button it is sent as [`Message::Markdown`], because DingTalk refuses
    /// a card that leads nowhere.
    ActionCard {
        /// Shown in the list of chats and in the notification.
        title: String,
        /// The markdown.
        text: String,
        /// In the order shown. A single one makes the whole card clickable.
        buttons: Vec<Button>,
        /// How several buttons stand.
        #[serde(default)]
        orientation: Orientation,
    },
    /// A title and a few words that lead somewhere as a whole. It calls nobody.
    Link {
        /// Shown above the text.
        title: String,
        /// Plain text, of which DingTalk shows the beginning.
        text: String,
        /// What it opens.
        url: String,
        /// The address of a picture beside it; may be empty.
        #[serde(default)]
        picture: String,
    },
    /// Several links, each a picture with a title; the first one is large. It calls nobody.
    FeedCard {
        /// In the order shown; at least one, else DingTalk refuses the message.
        links: Vec<FeedLink>,
    },
}

/// A button of a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Button {
    /// What stands on it.
    pub title: String,
    /// What it opens.
    pub url: String,
}

/// How the buttons of a card stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Orientation {
    /// One below the other.
    #[default]
    Vertical,
    /// Side by side.
    Horizontal,
}

/// A link of a feed card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedLink {
    /// What stands on or beside its picture.
    pub title: String,
    /// What it opens.
    pub url: String,
    /// The address of its picture.
    pub picture: String,
}

/// Whom a message calls. DingTalk takes 50 people at most, and calls a person only if [`Mention::text`] stands in the
/// message as well.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Mention {
    /// Everybody in the group; needs no word in the text.
    pub all: bool,
    /// People by the mobile number they registered with.
    pub mobiles: Vec<String>,
    /// People by their user id in the organisation.
    pub user_ids: Vec<String>,
}

/// The exact bytes to post. `at` is left out when nobody is mentioned, and of messages that cannot call anybody; the
/// words of the mention are not added to the text here, because whoever rendered it has counted its bytes.
pub fn body(message: &Message, mention: &Mention, msg_uuid: &str) -> String {
    serde_json::to_string(&Envelope::of(message, mention, msg_uuid))
        .expect("strings, lists and booleans are always JSON")
}

// === impl Message ===

impl Message {
    /// Its title; empty for a text and a feed card, which have none.
    pub fn title(&self) -> &str {
        match self {
            Self::Markdown { title, .. } | Self::ActionCard { title, .. } | Self::Link { title, .. } => title,
            Self::Text { .. } | Self::FeedCard { .. } => "",
        }
    }

    /// Its text; empty for a feed card, which has none.
    pub fn text(&self) -> &str {
        match self {
            Self::Markdown { text, .. } | Self::ActionCard { text, .. } | Self::Link { text, .. } => text,
            Self::Text { content } => content,
            Self::FeedCard { .. } => "",
        }
    }

    /// Whether its text is markdown.
    pub fn is_markdown(&self) -> bool {
        matches!(self, Self::Markdown { .. } | Self::ActionCard { .. })
    }

    /// Whether DingTalk lets messages of its type call people.
    pub fn can_call(&self) -> bool {
        !matches!(self, Self::Link { .. } | Self::FeedCard { .. })
    }
}

// === impl Mention ===

impl Mention {
    /// Whether nobody is called.
    pub fn is_empty(&self) -> bool {
        !self.all && self.mobiles.is_empty() && self.user_ids.is_empty()
    }

    /// The words that must stand in the message, `@13800000000 @manager7675`, one space between them.
    pub fn text(&self) -> String {
        let words: Vec<String> = self.mobiles.iter().chain(&self.user_ids).map(|who| format!("@{who}")).collect();
        words.join(" ")
    }
}

#[cfg(test)]
mod tests;

//! The names that DingTalk has for it: `messageUrl` of a link is `messageURL` of a feed card.

use serde::Serialize;

use super::{Mention, Message, Orientation};

/// A whole body.
#[derive(Serialize)]
pub(super) struct Envelope<'a> {
    #[serde(flatten)]
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<At<'a>>,
    #[serde(rename = "msgUuid")]
    msg_uuid: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "msgtype", rename_all = "camelCase")]
enum Content<'a> {
    Markdown {
        markdown: Markdown<'a>,
    },
    Text {
        text: Text<'a>,
    },
    ActionCard {
        #[serde(rename = "actionCard")]
        action_card: ActionCard<'a>,
    },
    Link {
        link: Link<'a>,
    },
    FeedCard {
        #[serde(rename = "feedCard")]
        feed_card: FeedCard<'a>,
    },
}

#[derive(Serialize)]
struct Markdown<'a> {
    title: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct Text<'a> {
    content: &'a str,
}

#[derive(Serialize)]
struct ActionCard<'a> {
    title: &'a str,
    text: &'a str,
    #[serde(flatten)]
    jump: Jump<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Jump<'a> {
    Single {
        #[serde(rename = "singleTitle")]
        title: &'a str,
        #[serde(rename = "singleURL")]
        url: &'a str,
    },
    Buttons {
        /// "0" puts the buttons one below the other, "1" side by side.
        #[serde(rename = "btnOrientation")]
        orientation: &'static str,
        btns: Vec<Btn<'a>>,
    },
}

#[derive(Serialize)]
struct Btn<'a> {
    title: &'a str,
    #[serde(rename = "actionURL")]
    url: &'a str,
}

#[derive(Serialize)]
struct Link<'a> {
    title: &'a str,
    text: &'a str,
    #[serde(rename = "messageUrl")]
    url: &'a str,
    #[serde(rename = "picUrl", skip_serializing_if = "str::is_empty")]
    picture: &'a str,
}

#[derive(Serialize)]
struct FeedCard<'a> {
    links: Vec<Feed<'a>>,
}

#[derive(Serialize)]
struct Feed<'a> {
    title: &'a str,
    #[serde(rename = "messageURL")]
    url: &'a str,
    #[serde(rename = "picURL")]
    picture: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct At<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    at_mobiles: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    at_user_ids: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_at_all: bool,
}

// === impl Envelope ===

impl<'a> Envelope<'a> {
    /// What is posted of `message`.
    pub(super) fn of(message: &'a Message, mention: &'a Mention, msg_uuid: &'a str) -> Self {
        let calls = message.can_call() && !mention.is_empty();
        let at =
            calls.then(|| At { at_mobiles: &mention.mobiles, at_user_ids: &mention.user_ids, is_at_all: mention.all });
        Self { content: Content::from(message), at, msg_uuid }
    }
}

// === impl Content ===

impl<'a> From<&'a Message> for Content<'a> {
    fn from(message: &'a Message) -> Self {
        match message {
            Message::Text { content } => Self::Text { text: Text { content } },
            Message::Markdown { title, text } => Self::Markdown { markdown: Markdown { title, text } },
            Message::ActionCard { title, text, buttons, orientation } => {
                let jump = match buttons.as_slice() {
                    [] => return Self::Markdown { markdown: Markdown { title, text } },
                    [button] => Jump::Single { title: &button.title, url: &button.url },
                    many => Jump::Buttons {
                        orientation: orientation.code(),
                        btns: many.iter().map(|button| Btn { title: &button.title, url: &button.url }).collect(),
                    },
                };
                Self::ActionCard { action_card: ActionCard { title, text, jump } }
            }
            Message::Link { title, text, url, picture } => Self::Link { link: Link { title, text, url, picture } },
            Message::FeedCard { links } => {
                let links = links.iter();
                let links = links.map(|link| Feed { title: &link.title, url: &link.url, picture: &link.picture });
                Self::FeedCard { feed_card: FeedCard { links: links.collect() } }
            }
        }
    }
}

// === impl Orientation ===

impl Orientation {
    fn code(self) -> &'static str {
        match self {
            Self::Vertical => "0",
            Self::Horizontal => "1",
        }
    }
}

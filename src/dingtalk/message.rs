//! What is posted to a robot: the bytes of one message.
//!
//! They are compact JSON in raw UTF-8, because DingTalk counts the bytes of the body and refuses more than 20,000. The
//! same message gives the same bytes; a retry sends them again under the same `msgUuid`.
//!
//! Source: <https://open.dingtalk.com/document/development/robot-message-type>.

use serde::{Deserialize, Serialize};

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
        /// In the order shown, one below the other. A single one makes the whole card clickable.
        buttons: Vec<Button>,
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

#[derive(Serialize)]
struct Envelope<'a> {
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
        /// "0" puts the buttons one below the other.
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
#[serde(rename_all = "camelCase")]
struct At<'a> {
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    at_mobiles: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    at_user_ids: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_at_all: bool,
}

/// The exact bytes to post. `at` is left out when nobody is mentioned; the words of the mention are not added to the
/// text here, because whoever rendered it has counted its bytes.
pub fn body(message: &Message, mention: &Mention, msg_uuid: &str) -> String {
    let at = (!mention.is_empty()).then(|| At {
        at_mobiles: &mention.mobiles,
        at_user_ids: &mention.user_ids,
        is_at_all: mention.all,
    });
    let envelope = Envelope { content: Content::from(message), at, msg_uuid };
    serde_json::to_string(&envelope).expect("strings, lists and booleans are always JSON")
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

// === impl Content ===

impl<'a> From<&'a Message> for Content<'a> {
    fn from(message: &'a Message) -> Self {
        match message {
            Message::Text { content } => Self::Text { text: Text { content } },
            Message::Markdown { title, text } => Self::Markdown { markdown: Markdown { title, text } },
            Message::ActionCard { title, text, buttons } => {
                let jump = match buttons.as_slice() {
                    [] => return Self::Markdown { markdown: Markdown { title, text } },
                    [button] => Jump::Single { title: &button.title, url: &button.url },
                    many => Jump::Buttons {
                        orientation: "0",
                        btns: many.iter().map(|button| Btn { title: &button.title, url: &button.url }).collect(),
                    },
                };
                Self::ActionCard { action_card: ActionCard { title, text, jump } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(buttons: &[(&str, &str)]) -> Message {
        let buttons =
            buttons.iter().map(|(title, url)| Button { title: (*title).into(), url: (*url).into() }).collect();
        Message::ActionCard { title: "标题".into(), text: "正文".into(), buttons }
    }

    #[test]
    fn markdown_is_compact_raw_utf8() {
        let message = Message::Markdown { title: "磁盘".into(), text: "97 % \"/\"\n> \u{1F525} @138 @bob".into() };
        let mention = Mention { all: false, mobiles: vec!["138".into()], user_ids: vec!["bob".into()] };
        insta::assert_snapshot!(body(&message, &mention, "0192-a"), @r#"{"msgtype":"markdown","markdown":{"title":"磁盘","text":"97 % \"/\"\n> 🔥 @138 @bob"},"at":{"atMobiles":["138"],"atUserIds":["bob"]},"msgUuid":"0192-a"}"#);
        assert_eq!(mention.text(), "@138 @bob");
    }

    #[test]
    fn text_to_everybody() {
        let message = Message::Text { content: "down".into() };
        let mention = Mention { all: true, ..Mention::default() };
        insta::assert_snapshot!(body(&message, &mention, "u"), @r#"{"msgtype":"text","text":{"content":"down"},"at":{"isAtAll":true},"msgUuid":"u"}"#);
        assert_eq!(mention.text(), "");
        assert!(!mention.is_empty());
    }

    #[test]
    fn nobody_is_mentioned_without_at() {
        let message = Message::Text { content: "down".into() };
        insta::assert_snapshot!(body(&message, &Mention::default(), "u"), @r#"{"msgtype":"text","text":{"content":"down"},"msgUuid":"u"}"#);
        assert!(Mention::default().is_empty());
    }

    #[test]
    fn cards_with_one_button_several_and_none() {
        let none = Mention::default();
        insta::assert_snapshot!(body(&card(&[("看", "https://a/?b=1&c")]), &none, "u"), @r#"{"msgtype":"actionCard","actionCard":{"title":"标题","text":"正文","singleTitle":"看","singleURL":"https://a/?b=1&c"},"msgUuid":"u"}"#);
        insta::assert_snapshot!(body(&card(&[("看", "https://a"), ("静默", "https://b")]), &none, "u"), @r#"{"msgtype":"actionCard","actionCard":{"title":"标题","text":"正文","btnOrientation":"0","btns":[{"title":"看","actionURL":"https://a"},{"title":"静默","actionURL":"https://b"}]},"msgUuid":"u"}"#);
        insta::assert_snapshot!(body(&card(&[]), &none, "u"), @r#"{"msgtype":"markdown","markdown":{"title":"标题","text":"正文"},"msgUuid":"u"}"#);
    }

    proptest::proptest! {
        #[test]
        fn any_text_arrives_as_it_is(title: String, text: String, uuid: String) {
            let body = body(&Message::Markdown { title: title.clone(), text: text.clone() }, &Mention::default(), &uuid);
            let read: serde_json::Value = serde_json::from_str(&body).unwrap();
            let expected = serde_json::json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}, "msgUuid": uuid});
            proptest::prop_assert_eq!(read, expected);
        }
    }
}

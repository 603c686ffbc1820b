//! Messages as they are written down: what they are, between two lines of dashes, then their text as it is.

use std::fmt::Write;

use crate::dingtalk::{Message, Orientation};
use crate::render::Rendered;

/// Writes messages down. Everything that reaches DingTalk is in it.
pub(super) fn written(parts: &[Rendered]) -> String {
    let mut written = String::new();
    for (number, part) in (1..).zip(parts) {
        if number > 1 {
            written.push('\n');
        }
        let _ = writeln!(written, "---\nmessage: {number} of {}", parts.len());
        let text = head(&mut written, &part.message);
        let _ = writeln!(written, "mentions: {}\n---\n{text}", part.called());
    }
    written
}

/// Writes what stands beside the text, and gives the text.
fn head<'a>(written: &mut String, message: &'a Message) -> &'a str {
    let mut field = |name: &str, value: &str| {
        let _ = writeln!(written, "{name}: {value}");
    };
    match message {
        Message::Text { .. } => field("type", "text"),
        Message::Markdown { title, .. } => {
            field("type", "markdown");
            field("title", title);
        }
        Message::ActionCard { title, buttons, orientation, .. } => {
            field("type", "actionCard");
            field("title", title);
            for button in buttons {
                field("button", &format!("{} {}", button.title, button.url));
            }
            if *orientation == Orientation::Horizontal {
                field("buttons", "side by side");
            }
        }
        Message::Link { title, url, picture, .. } => {
            field("type", "link");
            field("title", title);
            field("url", url);
            field("picture", picture);
        }
        Message::FeedCard { links } => {
            field("type", "feedCard");
            for link in links {
                field("link", &format!("{} {} {}", link.title, link.url, link.picture));
            }
        }
    }
    message.text()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dingtalk::{Button, FeedLink, Mention};

    fn of(messages: Vec<Message>) -> String {
        let mention = Mention { mobiles: vec!["13800000000".to_owned()], ..Mention::default() };
        let rendered = |message| Rendered { message, mention: mention.clone(), cut_bytes: 0, failure: None };
        written(&messages.into_iter().map(rendered).collect::<Vec<_>>())
    }

    #[test]
    fn every_type_is_written_as_a_whole() {
        let (title, text, url) = ("Disk".to_owned(), "97 %  \nused".to_owned(), "https://x.test".to_owned());
        let button = |title: &str| Button { title: title.to_owned(), url: url.clone() };
        let (buttons, orientation) = (vec![button("Yes"), button("No")], Orientation::Horizontal);
        let link = FeedLink { title: "One".to_owned(), url: url.clone(), picture: "https://x.test/p.png".to_owned() };
        let messages = vec![
            Message::Markdown { title: title.clone(), text: text.clone() },
            Message::Text { content: text.clone() },
            Message::ActionCard { title: title.clone(), text: text.clone(), buttons, orientation },
            Message::Link { title, text, url, picture: String::new() },
            Message::FeedCard { links: vec![link] },
        ];
        insta::assert_snapshot!(of(messages).replace("  \n", "··\n"), @"
        ---
        message: 1 of 5
        type: markdown
        title: Disk
        mentions: 13800000000
        ---
        97 %··
        used

        ---
        message: 2 of 5
        type: text
        mentions: 13800000000
        ---
        97 %··
        used

        ---
        message: 3 of 5
        type: actionCard
        title: Disk
        button: Yes https://x.test
        button: No https://x.test
        buttons: side by side
        mentions: 13800000000
        ---
        97 %··
        used

        ---
        message: 4 of 5
        type: link
        title: Disk
        url: https://x.test
        picture: 
        mentions: nobody
        ---
        97 %··
        used

        ---
        message: 5 of 5
        type: feedCard
        link: One https://x.test https://x.test/p.png
        mentions: nobody
        ---
        ");
    }
}

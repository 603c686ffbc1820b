//! How a message looks to a person on a terminal.

use std::io::{self, IsTerminal};

use crate::dingtalk::{FeedLink, Message, Orientation};
use crate::render::terminal;
use crate::sandbox::{Arrival, Seen};

/// The widest that messages are shown, in columns: about as wide as in a chat window.
pub(super) const WIDTH: usize = 80;

/// Whether colours reach a person.
pub(super) fn color() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Prints what the stand-in got, as the group would see it.
pub(super) fn arrival(arrival: &Arrival) {
    super::out(&describe(arrival, color()));
}

/// What the stand-in got, as the group would see it.
pub(super) fn describe(arrival: &Arrival, color: bool) -> String {
    let robot = &arrival.token;
    let Some(seen) = arrival.message().filter(|_| arrival.shown()) else {
        let answer = match (arrival.fault, arrival.errcode) {
            (Some(fault), _) => format!("met the fault {fault}"),
            (None, Some(0)) => "was a repetition, which DingTalk drops".into(),
            (None, errcode) => format!("was refused with errcode {}", errcode.unwrap_or(-1)),
        };
        return format!("── a message for {robot} {answer} ──\n\n");
    };
    let mention = seen.mention.clone();
    let shown = terminal(&message(seen), &mention, color, WIDTH);
    format!("── the group of {robot} sees ──\n{}\n\n", shown.trim_end())
}

/// The message in what was seen of it, without its pictures.
fn message(seen: Seen) -> Message {
    let Seen { kind, title, text, links, .. } = seen;
    match kind.as_str() {
        "text" => Message::Text { content: text },
        "actionCard" => Message::ActionCard { title, text, buttons: links, orientation: Orientation::Vertical },
        "link" => {
            let url = links.into_iter().next().map(|link| link.url).unwrap_or_default();
            Message::Link { title, text, url, picture: String::new() }
        }
        "feedCard" => {
            let links = links.into_iter();
            let links = links.map(|link| FeedLink { title: link.title, url: link.url, picture: String::new() });
            Message::FeedCard { links: links.collect() }
        }
        _ => Message::Markdown { title, text },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::from_millis;
    use crate::sandbox::Signature;

    fn shown(body: &str) -> String {
        let arrival = Arrival {
            at: from_millis(0),
            since_start: Duration::ZERO,
            token: "ops".to_owned(),
            signed: Signature::Unchecked,
            msg_uuid: None,
            repeated: false,
            body: body.into(),
            delivered: true,
            errcode: Some(0),
            fault: None,
            window: 1,
        };
        describe(&arrival, false)
    }

    #[test]
    fn links_feeds_and_cards_show_where_they_lead() {
        insta::assert_snapshot!(shown(r#"{"msgtype":"link","link":{"title":"Disk","text":"97 %","messageUrl":"https://x.test"}}"#), @"
        ── the group of ops sees ──
        Disk
        ────
        97 %

        → https://x.test
        ");
        insta::assert_snapshot!(shown(r#"{"msgtype":"feedCard","feedCard":{"links":[{"title":"One","messageURL":"https://x.test","picURL":"p"}]}}"#), @"
        ── the group of ops sees ──
        • One ‹https://x.test›
        ");
        insta::assert_snapshot!(shown(r#"{"msgtype":"actionCard","actionCard":{"title":"Disk","text":"97 %","singleTitle":"Look","singleURL":"https://x.test"}}"#), @"
        ── the group of ops sees ──
        Disk
        ────

        97 %

        [ Look ‹https://x.test› ]
        ");
    }
}

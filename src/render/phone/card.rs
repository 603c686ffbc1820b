//! The bubble around a message: what each type of message looks like.

use super::html::Html;
use super::markdown;
use crate::dingtalk::{Button, FeedLink, Message, Orientation};

/// The bubble of `message`, with `called`, the words that call somebody, in blue.
pub(super) fn bubble(page: &mut Html, message: &Message, called: &[String]) {
    match message {
        Message::Text { content } => page.element("div", "bubble", |page| {
            for (number, line) in content.lines().enumerate() {
                if number > 0 {
                    page.markup("<br>");
                }
                markdown::painted(page, line, called);
            }
        }),
        Message::Markdown { text, .. } => {
            page.element("div", "bubble markdown", |page| markdown::write(page, text, called));
        }
        Message::ActionCard { text, buttons, orientation, .. } => {
            page.element("div", "bubble card", |page| {
                page.element("div", "markdown", |page| markdown::write(page, text, called));
                self::buttons(page, buttons, *orientation);
            });
        }
        Message::Link { title, text, url, picture } => page.element("div", "bubble", |page| {
            page.open_link(url, "link");
            page.words("b", "", title);
            page.element("span", "row", |page| {
                page.words("span", "excerpt", text);
                self::picture(page, "", picture);
            });
            page.close("a");
        }),
        Message::FeedCard { links } => page.element("div", "bubble card", |page| feed(page, links)),
    }
}

fn buttons(page: &mut Html, buttons: &[Button], orientation: Orientation) {
    let class = match (buttons, orientation) {
        ([_], _) => "buttons single",
        (_, Orientation::Vertical) => "buttons",
        (_, Orientation::Horizontal) => "buttons across",
    };
    page.element("nav", class, |page| {
        for button in buttons {
            page.open_link(&button.url, "button");
            page.text(&button.title);
            page.close("a");
        }
    });
}

fn feed(page: &mut Html, links: &[FeedLink]) {
    for (number, link) in links.iter().enumerate() {
        page.open_link(&link.url, if number == 0 { "feed first" } else { "feed" });
        picture(page, "", &link.picture);
        page.words("span", "", &link.title);
        page.close("a");
    }
}

/// A frame in place of a picture: the page loads nothing.
pub(super) fn picture(page: &mut Html, alternative: &str, url: &str) {
    if !url.is_empty() {
        page.element("span", "picture", |page| {
            page.text(if alternative.is_empty() { "picture" } else { alternative });
            page.words("small", "", url);
        });
    }
}

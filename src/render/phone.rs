//! A message as it looks on a phone: a page for a browser, to try templates out without DingTalk.
//!
//! The page is whole in itself: it loads nothing, runs nothing and shows pictures as a frame with their address. What
//! alerts and templates say is text in it, never markup: all of it goes through [`Html::text`].

mod card;
mod html;
mod markdown;

use self::html::Html;
use super::{Rendered, unseen};
use crate::dingtalk::{Mention, Message};

/// The looks, written into each page.
const STYLE: &str = include_str!("phone/page.css");

/// What the phone shows.
#[derive(Debug, Clone, Copy)]
pub struct Screen<'a> {
    /// The target, in place of the group's name, which the bridge does not know.
    pub target: &'a str,
    /// The time on the phone's clock.
    pub time: &'a str,
    /// The messages.
    pub parts: &'a [Rendered],
    /// How many bytes a message may have.
    pub limit: usize,
    /// Whether the page reads itself again every second, for a file that is written anew.
    pub refreshing: bool,
}

/// The page that shows this.
pub fn phone(screen: &Screen<'_>) -> String {
    page(screen.target, screen.refreshing, |page| {
        lock_screen(page, screen);
        page.element("header", "bar", |page| {
            page.words("span", "back", "‹");
            page.words("h1", "", screen.target);
            page.words("span", "more", "⋯");
        });
        page.element("main", "chat", |page| {
            page.words("time", "", screen.time);
            for (number, part) in (1..).zip(screen.parts) {
                said(page, part, screen, number);
            }
        });
    })
}

/// The page that says why there is nothing to show.
pub fn phone_without(target: &str, reason: &str, refreshing: bool) -> String {
    page(target, refreshing, |page| page.words("pre", "broken", reason))
}

fn page(title: &str, refreshing: bool, body: impl FnOnce(&mut Html)) -> String {
    let mut page = Html::default();
    page.markup("<!DOCTYPE html>\n<html lang=\"zh\">\n<head>\n<meta charset=\"utf-8\">\n");
    page.markup("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n");
    page.markup("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    page.markup("<meta name=\"referrer\" content=\"no-referrer\">\n");
    if refreshing {
        page.markup("<meta http-equiv=\"refresh\" content=\"1\">\n");
    }
    page.words("title", "", title);
    page.markup("\n<style>\n");
    page.markup(STYLE);
    page.markup("</style>\n</head>\n<body>\n");
    page.element("div", "phone", body);
    page.markup("\n</body>\n</html>\n");
    page.into_string()
}

/// What a phone that lies on the table shows: the title, or how a message without one begins.
fn lock_screen(page: &mut Html, screen: &Screen<'_>) {
    page.element("section", "lock", |page| {
        page.words("div", "clock", screen.time);
        for part in screen.parts {
            page.element("div", "notice", |page| {
                page.words("span", "app", "");
                page.element("div", "", |page| {
                    page.words("b", "", screen.target);
                    page.words("p", "", &headline(&part.message));
                });
                page.words("time", "", "now");
            });
        }
    });
}

fn headline(message: &Message) -> String {
    match message {
        Message::FeedCard { links } => links.first().map(|link| link.title.clone()).unwrap_or_default(),
        Message::Text { content } => content.split_whitespace().collect::<Vec<_>>().join(" "),
        Message::Markdown { title, .. } | Message::ActionCard { title, .. } | Message::Link { title, .. } => {
            title.clone()
        }
    }
}

/// One message with who says it and what is to be known of it.
fn said(page: &mut Html, part: &Rendered, screen: &Screen<'_>, number: usize) {
    page.element("article", "", |page| {
        page.words("span", "avatar", "🤖");
        page.element("div", "said", |page| {
            page.element("div", "name", |page| {
                page.text("dingbridge");
                page.words("span", "tag", "机器人");
            });
            card::bubble(page, &part.message, &words(&part.mention, &part.message));
            for line in small_print(part, screen, number) {
                page.words("p", "print", &line);
            }
            for unseen in unseen(&part.message) {
                page.words("p", "print", &format!("⚠ {unseen}"));
            }
            if let Some(failure) = &part.failure {
                page.words("p", "print failed", &format!("{failure}. This plain message goes out instead."));
            }
        });
    });
}

/// The words in the text that call somebody.
fn words(mention: &Mention, message: &Message) -> Vec<String> {
    let people = mention.mobiles.iter().chain(&mention.user_ids).filter(|_| message.can_call());
    people.map(|who| format!("@{who}")).collect()
}

fn small_print(part: &Rendered, screen: &Screen<'_>, number: usize) -> Vec<String> {
    let mut facts = vec![format!("{} of {} bytes", part.bytes(), screen.limit)];
    if screen.parts.len() > 1 {
        facts.push(format!("message {number} of {}", screen.parts.len()));
    }
    if part.cut_bytes > 0 {
        facts.push(format!("shortened by {} bytes", part.cut_bytes));
    }
    vec![facts.join(" · "), format!("calls {}", part.called())]
}

#[cfg(test)]
mod tests;

//! What a group will not see as its template's author wrote it.
//!
//! DingTalk documents a part of markdown: headings, quotes, bold, italics, links, pictures and lists. `<font color>` works
//! as well. Clients on computers show more, those on phones do not, and people are woken by phones. Nothing here is an
//! error: the message is delivered, it only reads badly.
//!
//! Source: <https://open.dingtalk.com/document/development/robot-message-type>.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::dingtalk::{Button, Message};

/// How many lines are named.
const MOST_LINES: usize = 3;

/// How many characters of a name that the message gives are repeated.
const MOST_NAME: usize = 20;

/// What links may lead to.
const SCHEMES: [&str; 4] = ["http", "https", "dingtalk", "dtmd"];

/// Something that DingTalk does not show as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// A table.
    Table,
    /// A tag of this name, other than `font`.
    Tag(String),
    /// A line break that is none.
    LineBreak,
    /// Code, in a line or in lines of its own.
    Code,
    /// A picture that does not come over https.
    Picture,
    /// Words that are struck out.
    Strikethrough,
    /// A list within a list.
    NestedList,
    /// A heading without a space behind its `#`.
    Heading,
    /// A link by this scheme, which nothing opens; empty when it leads nowhere.
    Link(String),
}

/// A loss and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// What is lost.
    pub loss: Loss,
    /// The lines of the message's text, from 1, in order; none for a button.
    pub lines: Vec<usize>,
}

/// What of `message` is lost, in the order of the text.
pub fn unseen(message: &Message) -> Vec<Unseen> {
    let (text, buttons): (_, &[Button]) = match message {
        Message::Markdown { text, .. } => (text.as_str(), &[]),
        Message::ActionCard { text, buttons, .. } => (text.as_str(), buttons),
        Message::Text { .. } | Message::Link { .. } | Message::FeedCard { .. } => return Vec::new(),
    };
    let mut search = Search::of(text);
    let parser = Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH);
    parser.into_offset_iter().for_each(|(event, range)| search.event(event, range));
    for lost in buttons.iter().filter_map(|button| link(&button.url)) {
        search.found.entry(lost).or_default();
    }
    let mut found: Vec<_> = search.found.into_iter().map(|(loss, lines)| Unseen { loss, lines }).collect();
    found.sort_by_key(|unseen| unseen.lines.first().copied().unwrap_or(usize::MAX));
    found
}

struct Search<'a> {
    text: &'a str,
    /// Where lines begin.
    starts: Vec<usize>,
    /// How many lists are open.
    lists: usize,
    /// How many quotes and lists are open: line breaks count there.
    boxes: usize,
    found: BTreeMap<Loss, Vec<usize>>,
}

// === impl Search ===

impl<'a> Search<'a> {
    fn of(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts, lists: 0, boxes: 0, found: BTreeMap::new() }
    }

    fn event(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.open(&tag, range),
            Event::End(TagEnd::List(_)) => {
                self.lists -= 1;
                self.boxes -= 1;
            }
            Event::End(TagEnd::BlockQuote(_)) => self.boxes -= 1,
            Event::SoftBreak if self.boxes == 0 => self.find(Loss::LineBreak, range.start),
            Event::Code(_) => self.find(Loss::Code, range.start),
            Event::Html(html) | Event::InlineHtml(html) => self.tags(&html, range.start),
            _ => {}
        }
    }

    fn open(&mut self, tag: &Tag<'_>, range: Range<usize>) {
        let at = range.start;
        match tag {
            Tag::Table(_) => self.find(Loss::Table, at),
            Tag::Strikethrough => self.find(Loss::Strikethrough, at),
            Tag::CodeBlock(_) => self.find(Loss::Code, at),
            Tag::BlockQuote(_) => self.boxes += 1,
            Tag::List(_) => {
                if self.lists > 0 {
                    self.find(Loss::NestedList, at);
                }
                self.lists += 1;
                self.boxes += 1;
            }
            Tag::Paragraph => self.headings(range),
            Tag::Image { dest_url, .. } if !dest_url.starts_with("https://") => self.find(Loss::Picture, at),
            Tag::Link { dest_url, .. } => {
                if let Some(loss) = link(dest_url) {
                    self.find(loss, at);
                }
            }
            _ => {}
        }
    }

    /// Looks for lines of a paragraph that were to be headings.
    fn headings(&mut self, range: Range<usize>) {
        let mut at = range.start;
        for line in self.text[range].split_inclusive('\n') {
            let (hashes, rest) = line.split_at(line.len() - line.trim_start_matches('#').len());
            let next = rest.chars().next().filter(|char| !char.is_whitespace());
            // `#42` is a number of something.
            if next.is_some_and(|next| hashes.len() > 1 || !next.is_ascii_digit()) && (1..=6).contains(&hashes.len()) {
                self.find(Loss::Heading, at);
            }
            at += line.len();
        }
    }

    /// Looks for tags in a piece of HTML that stands at `at`.
    fn tags(&mut self, html: &str, at: usize) {
        for (offset, _) in html.match_indices('<') {
            let name = html[offset + 1..].chars().take_while(|char| char.is_ascii_alphanumeric() || *char == '!');
            let name: String = name.take(MOST_NAME).collect();
            if !name.is_empty() && !name.eq_ignore_ascii_case("font") {
                self.find(Loss::Tag(name.to_ascii_lowercase()), at + offset);
            }
        }
    }

    fn find(&mut self, loss: Loss, at: usize) {
        let line = self.starts.partition_point(|start| *start <= at);
        let lines = self.found.entry(loss).or_default();
        if lines.last() != Some(&line) {
            lines.push(line);
        }
    }
}

/// What is lost of a link to `url`.
fn link(url: &str) -> Option<Loss> {
    let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
    let is_name = scheme.chars().all(|char| char.is_ascii_alphanumeric() || matches!(char, '+' | '-' | '.'));
    match SCHEMES.contains(&scheme.as_str()) {
        true => None,
        false if is_name => Some(Loss::Link(scheme.chars().take(MOST_NAME).collect())),
        false => Some(Loss::Link(String::new())),
    }
}

// === impl Unseen ===

impl fmt::Display for Unseen {
    /// `line 3 of the text: a table; …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Vec<_> = self.lines.iter().take(MOST_LINES).map(ToString::to_string).collect();
        let more = self.lines.len() - shown.len();
        match (shown.len(), more) {
            (0, _) => write!(f, "a button: {}", self.loss),
            (1, _) => write!(f, "line {} of the text: {}", shown[0], self.loss),
            (_, 0) => write!(f, "lines {} of the text: {}", shown.join(", "), self.loss),
            (_, more) => write!(f, "lines {} and {more} more of the text: {}", shown.join(", "), self.loss),
        }
    }
}

impl fmt::Display for Loss {
    /// What it is, what becomes of it, what to do.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table => f.write_str("a table; phones show it as words and bars. Use a list"),
            Self::Tag(tag) => write!(f, "<{tag}>; of HTML, only <font color=…> is shown"),
            Self::LineBreak => {
                f.write_str("a line break that becomes a space; end the line with two spaces, or leave a blank line")
            }
            Self::Code => f.write_str("code; phones may show it with its backticks, or run its lines together"),
            Self::Picture => f.write_str("a picture that is not at https://…; phones may not show it"),
            Self::Strikethrough => f.write_str("~~words struck out~~; they keep their tildes"),
            Self::NestedList => f.write_str("a list within a list; phones may show it as one"),
            Self::Heading => f.write_str("a heading without a space behind its #; it stays text"),
            Self::Link(scheme) if scheme.is_empty() => {
                f.write_str("a link that leads nowhere; give it an https address")
            }
            Self::Link(scheme) => write!(f, "a link to {scheme}:…; only http, https and dingtalk are opened"),
        }
    }
}

#[cfg(test)]
mod tests;

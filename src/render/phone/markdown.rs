//! Markdown as DingTalk's phones show it.
//!
//! That is a subset: headings, bold, italics, links, pictures, quotes, lists, and `<font color>`. Line breaks are spaces
//! unless two spaces stand before them, but for those in quotes and lists. What else markdown has, such as tables and
//! code, is shown as it is written, and so it is here.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd, TextMergeWithOffset};

use super::card::picture;
use super::html::Html;

/// Writes `text`, with `called`, the words that call somebody, in blue.
pub(super) fn write(page: &mut Html, text: &str, called: &[String]) {
    let mut writer = Writer { page, called, colors: Vec::new(), boxes: 0, link: false, picture: None, code: false };
    for (event, range) in TextMergeWithOffset::new(Parser::new(text).into_offset_iter()) {
        writer.event(event, text.get(range).unwrap_or_default());
    }
}

/// Writes a line of text with the words in blue that call somebody.
pub(super) fn painted(page: &mut Html, mut text: &str, called: &[String]) {
    let next = |text: &str| {
        let found = called.iter().filter_map(|word| Some((text.find(word.as_str())?, word)));
        // Of two words that begin alike, the longer one is meant.
        found.min_by_key(|(at, word)| (*at, usize::MAX - word.len()))
    };
    while let Some((at, word)) = next(text) {
        page.text(&text[..at]);
        page.words("span", "called", word);
        text = &text[at + word.len()..];
    }
    page.text(text);
}

struct Writer<'a> {
    page: &'a mut Html,
    called: &'a [String],
    /// The colours in force, outermost first; empty for one that is not understood. They are put on the words
    /// themselves, because `<font>` need not end where the markup around it does.
    colors: Vec<String>,
    /// How many quotes and list items are open.
    boxes: usize,
    /// Whether a link is open.
    link: bool,
    /// The picture that is open: its address, and what is said of it so far.
    picture: Option<(String, String)>,
    /// Whether a block of code is open, which has been written as a whole.
    code: bool,
}

// === impl Writer ===

impl Writer<'_> {
    /// Writes what an event says; `source` is how it is written.
    fn event(&mut self, event: Event<'_>, source: &str) {
        match event {
            Event::End(TagEnd::CodeBlock) => self.code = false,
            _ if self.code => {}
            Event::Start(tag) => self.open(tag, source),
            Event::End(tag) => self.close(tag),
            Event::Text(text) => self.words(&text),
            Event::Code(_) => self.words(source),
            Event::InlineHtml(html) | Event::Html(html) => self.html(&html),
            Event::SoftBreak if self.boxes == 0 => self.words(" "),
            Event::SoftBreak | Event::HardBreak => self.page.markup("<br>"),
            Event::Rule => self.page.markup("<hr>"),
            _ => {}
        }
    }

    fn open(&mut self, tag: Tag<'_>, source: &str) {
        match tag {
            Tag::Heading { level, .. } => self.page.open(heading(level), ""),
            Tag::BlockQuote(_) => {
                self.boxes += 1;
                self.page.open("blockquote", "");
            }
            Tag::List(None) => self.page.open("ul", ""),
            Tag::List(Some(first)) => self.page.markup(&format!("<ol start=\"{first}\">")),
            Tag::Item => {
                self.boxes += 1;
                self.page.open("li", "");
            }
            Tag::Strong => self.page.open("b", ""),
            Tag::Emphasis => self.page.open("i", ""),
            Tag::Link { dest_url, .. } => {
                self.link = true;
                self.page.open_link(&dest_url, "");
            }
            Tag::Image { dest_url, .. } => self.picture = Some((dest_url.into_string(), String::new())),
            Tag::CodeBlock(_) => {
                self.page.words("p", "", &source.lines().collect::<Vec<_>>().join(" "));
                self.code = true;
            }
            Tag::Paragraph | Tag::HtmlBlock => self.page.open("p", ""),
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Heading(level) => self.page.close(heading(level)),
            TagEnd::BlockQuote(_) => {
                self.boxes -= 1;
                self.page.close("blockquote");
            }
            TagEnd::List(false) => self.page.close("ul"),
            TagEnd::List(true) => self.page.close("ol"),
            TagEnd::Item => {
                self.boxes -= 1;
                self.page.close("li");
            }
            TagEnd::Strong => self.page.close("b"),
            TagEnd::Emphasis => self.page.close("i"),
            TagEnd::Link => {
                self.link = false;
                self.page.close("a");
            }
            TagEnd::Image => {
                if let Some((url, says)) = self.picture.take() {
                    picture(self.page, &says, &url);
                }
            }
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.page.close("p"),
            _ => {}
        }
    }

    fn words(&mut self, text: &str) {
        if let Some((_, says)) = &mut self.picture {
            says.push_str(text);
            return;
        }
        if text.is_empty() {
            return;
        }
        let color = self.colors.iter().rev().find(|color| !color.is_empty());
        if let Some(color) = color {
            self.page.markup(&format!("<span style=\"color:{color}\">"));
        }
        painted(self.page, text, if self.link { &[] } else { self.called });
        if color.is_some() {
            self.page.close("span");
        }
    }

    /// Colours and line breaks. Other tags are left out, the words between them are not.
    fn html(&mut self, html: &str) {
        let mut rest = html;
        while let Some((before, tag, after)) = next_tag(rest) {
            self.words(before);
            self.tag(&tag.to_ascii_lowercase());
            rest = after;
        }
        self.words(rest);
    }

    fn tag(&mut self, tag: &str) {
        if let Some(attributes) = tag.strip_prefix("font") {
            self.colors.push(color(attributes).unwrap_or_default());
        } else if tag.starts_with("/font") {
            self.colors.pop();
        } else if tag.starts_with("br") {
            self.page.markup("<br>");
        }
    }
}

/// What stands before the next tag, what is in it, and what comes after.
fn next_tag(html: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = html.split_once('<')?;
    let (tag, after) = rest.split_once('>')?;
    Some((before, tag, after))
}

/// The colour that the attributes of `<font>` name, if it is one that cannot be anything else: a number or a word.
fn color(attributes: &str) -> Option<String> {
    let value = attributes.split_once("color")?.1.trim_start().strip_prefix('=')?.trim_start();
    let value = match value.chars().next().filter(|quote| matches!(quote, '"' | '\'')) {
        Some(quote) => value[1..].split(quote).next()?.trim(),
        None => value.split_whitespace().next()?,
    };
    let number = value.strip_prefix('#').unwrap_or(value);
    if matches!(number.len(), 3 | 6) && number.chars().all(|char| char.is_ascii_hexdigit()) {
        return Some(format!("#{number}"));
    }
    let word = (1..=20).contains(&value.len()) && value.chars().all(|char| char.is_ascii_alphabetic());
    word.then(|| value.to_owned())
}

fn heading(level: HeadingLevel) -> &'static str {
    match level {
        HeadingLevel::H1 => "h1",
        HeadingLevel::H2 => "h2",
        HeadingLevel::H3 => "h3",
        HeadingLevel::H4 => "h4",
        HeadingLevel::H5 => "h5",
        HeadingLevel::H6 => "h6",
    }
}

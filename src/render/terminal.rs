//! A message as a person reads it on a terminal: for trying templates out, without DingTalk.
//!
//! The text comes from alerts, so no character of it may reach the terminal as a control.

use std::fmt::Write as _;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::dingtalk::{Mention, Message, Orientation};

const RESET: &str = "\x1b[0m";
const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const ITALIC: &str = "\x1b[3m";

/// `message` for a terminal `width` columns wide, with colours and clickable links when `color`.
///
/// The first line is the title, then comes the text without any markup left, then where it leads, then who is called.
pub fn terminal(message: &Message, mention: &Mention, color: bool, width: usize) -> String {
    let mut page = Page { out: String::new(), color, width: width.max(20), line: Line::default(), ..Page::default() };
    match message {
        Message::Text { content } => page.plain(content),
        Message::Markdown { title, text } => {
            page.title(title);
            page.markdown(text);
        }
        Message::ActionCard { title, text, buttons, orientation } => {
            page.title(title);
            page.markdown(text);
            page.blank();
            for button in buttons {
                page.text("[ ");
                page.link(&button.title, &button.url);
                page.text(" ] ");
                if *orientation == Orientation::Vertical {
                    page.end_line();
                }
            }
            page.end_line();
        }
        Message::Link { title, text, url, picture } => {
            page.title(title);
            page.plain(text);
            page.blank();
            page.note("→ ", url);
            page.note("picture ", picture);
        }
        Message::FeedCard { links } => {
            for link in links {
                page.line.bullet = "• ".to_owned();
                page.link(&link.title, &link.url);
                page.end_line();
                page.line.bullet = "  ".to_owned();
                page.note("picture ", &link.picture);
            }
        }
    }
    if mention.all && message.can_call() {
        page.blank();
        page.note("calls ", "everybody");
    }
    page.out
}

/// What is being written.
#[derive(Default)]
struct Page {
    out: String,
    color: bool,
    width: usize,
    line: Line,
    /// Escape sequences in force, outermost first.
    styles: Vec<String>,
    /// How many quotes are open.
    quotes: usize,
    /// Open lists: the next number, or `None` for bullets.
    lists: Vec<Option<u64>>,
    /// The link being read: its address, and what it says so far.
    open_link: Option<(String, String)>,
}

/// The line being written.
#[derive(Default)]
struct Line {
    text: String,
    columns: usize,
    /// Put before the first word, in place of spaces.
    bullet: String,
}

// === impl Page ===

impl Page {
    fn title(&mut self, title: &str) {
        self.style(BOLD);
        self.text(title);
        self.unstyle();
        self.end_line();
        let rule = "─".repeat(self.width.min(clean(title).chars().count().max(3)));
        self.style(DIM);
        self.text(&rule);
        self.unstyle();
        self.end_line();
    }

    /// Text that stands for itself.
    fn plain(&mut self, text: &str) {
        for line in text.lines() {
            self.text(line);
            self.end_line();
        }
    }

    /// A line about something that is not shown itself, if there is anything.
    fn note(&mut self, about: &str, what: &str) {
        if !what.is_empty() {
            self.style(DIM);
            self.text(about);
            self.text(what);
            self.unstyle();
            self.end_line();
        }
    }

    fn markdown(&mut self, text: &str) {
        for event in Parser::new(text) {
            self.event(event);
        }
        self.end_line();
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::Text(text) | Event::Code(text) => self.words(&text),
            Event::InlineHtml(html) | Event::Html(html) => self.html(&html),
            Event::SoftBreak => self.words(" "),
            Event::HardBreak => self.end_line(),
            Event::Rule => {
                self.end_line();
                self.text(&"─".repeat(self.width));
                self.end_line();
            }
            _ => {}
        }
    }

    fn open(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph if self.line.bullet.is_empty() => self.blank(),
            Tag::Heading { level, .. } => {
                self.blank();
                self.style(BOLD);
                if level == HeadingLevel::H1 {
                    self.style("\x1b[4m");
                }
            }
            Tag::BlockQuote(_) => {
                self.blank();
                self.quotes += 1;
            }
            Tag::List(first) => {
                if self.lists.is_empty() {
                    self.blank();
                } else {
                    self.end_line();
                }
                self.lists.push(first);
            }
            Tag::Item => {
                self.end_line();
                let bullet = match self.lists.last_mut() {
                    Some(Some(number)) => {
                        *number += 1;
                        format!("{}. ", *number - 1)
                    }
                    _ => "• ".to_owned(),
                };
                self.line.bullet = bullet;
            }
            Tag::CodeBlock(_) | Tag::HtmlBlock => self.blank(),
            Tag::Strong => self.style(BOLD),
            Tag::Emphasis => self.style(ITALIC),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.open_link = Some((dest_url.into_string(), String::new()));
            }
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Item | TagEnd::CodeBlock | TagEnd::HtmlBlock => self.end_line(),
            TagEnd::Heading(level) => {
                if level == HeadingLevel::H1 {
                    self.unstyle();
                }
                self.unstyle();
                self.end_line();
            }
            TagEnd::BlockQuote(_) => {
                self.end_line();
                self.quotes = self.quotes.saturating_sub(1);
            }
            TagEnd::List(_) => {
                self.end_line();
                self.lists.pop();
            }
            TagEnd::Strong | TagEnd::Emphasis => self.unstyle(),
            TagEnd::Link | TagEnd::Image => {
                if let Some((url, says)) = self.open_link.take() {
                    self.link(&says, &url);
                }
            }
            _ => {}
        }
    }

    /// Text of the message: into the link that is open, else onto the page.
    fn words(&mut self, text: &str) {
        match &mut self.open_link {
            Some((_, says)) => says.push_str(text),
            None => {
                for (index, line) in text.split('\n').enumerate() {
                    if index > 0 {
                        self.end_line();
                    }
                    self.text(line);
                }
            }
        }
    }

    /// Colours and line breaks; other tags are left out, as DingTalk does.
    fn html(&mut self, html: &str) {
        let tag = html.trim().to_ascii_lowercase();
        if tag.starts_with("<font") {
            let code =
                rgb(&tag).map_or_else(String::new, |(red, green, blue)| format!("\x1b[38;2;{red};{green};{blue}m"));
            self.style(&code);
        } else if tag.starts_with("</font") {
            self.unstyle();
        } else if tag.starts_with("<br") {
            self.end_line();
        }
    }

    fn link(&mut self, says: &str, url: &str) {
        let (says, url) = (clean(says), clean(url));
        if self.color {
            self.place(&format!("\x1b]8;;{url}\x1b\\{says}\x1b]8;;\x1b\\"), columns(&says));
        } else {
            let shown = format!("{says} ‹{url}›");
            self.place(&shown, columns(&shown));
        }
    }

    /// Words, broken where they do not fit.
    fn text(&mut self, text: &str) {
        let text = clean(text);
        for word in text.split_inclusive(' ') {
            self.place(word, columns(word));
        }
    }

    fn place(&mut self, word: &str, columns: usize) {
        let wide = self.indent() + self.line.columns + columns > self.width;
        if wide && self.line.columns > 0 && !word.trim().is_empty() {
            let bullet = " ".repeat(self.line.bullet.chars().count());
            self.end_line();
            self.line.bullet = bullet;
        }
        self.line.text.push_str(word);
        self.line.columns += columns;
    }

    /// The columns before the words of this line.
    fn indent(&self) -> usize {
        2 * self.quotes + 2 * self.lists.len().saturating_sub(1) + self.line.bullet.chars().count()
    }

    fn style(&mut self, code: &str) {
        if self.color {
            self.line.text.push_str(code);
        }
        self.styles.push(code.to_owned());
    }

    fn unstyle(&mut self) {
        self.styles.pop();
        if self.color {
            self.line.text.push_str(RESET);
            self.line.text.push_str(&self.styles.concat());
        }
    }

    /// Ends the line if anything stands in it. Styles stop at its end and go on in the next.
    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.line);
        if line.columns > 0 {
            let dim = |text: &str| if self.color { format!("{DIM}{text}{RESET}") } else { text.to_owned() };
            let quote = if self.quotes > 0 { dim(&"│ ".repeat(self.quotes)) } else { String::new() };
            let nested = "  ".repeat(self.lists.len().saturating_sub(1));
            let reset = if self.color && line.text.contains('\x1b') { RESET } else { "" };
            let _ = writeln!(self.out, "{quote}{nested}{}{}{reset}", line.bullet, line.text.trim_end());
            if self.color {
                self.line.text = self.styles.concat();
            }
        } else {
            self.line.text = line.text;
            self.line.bullet = line.bullet;
        }
    }

    /// Ends the line and leaves one empty, except at the top and between lines of a quote.
    fn blank(&mut self) {
        self.end_line();
        if !self.out.is_empty() && !self.out.ends_with("\n\n") && self.quotes == 0 {
            self.out.push('\n');
        }
    }
}

/// The colour of a `<font color=…>` tag.
fn rgb(tag: &str) -> Option<(u8, u8, u8)> {
    let value = tag.split_once("color")?.1.trim_start().strip_prefix('=')?;
    let hex: String = value.chars().filter(char::is_ascii_hexdigit).take(6).collect();
    let part = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    Some((part(0)?, part(2)?, part(4)?))
}

/// `text` without anything that a terminal would obey.
pub(super) fn clean(text: &str) -> String {
    text.chars()
        .filter(|char| !char.is_control() && !matches!(char, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'))
        .collect()
}

/// Roughly how many columns `text` takes: wide characters two.
fn columns(text: &str) -> usize {
    let wide = |char: char| matches!(char, '\u{1100}'..='\u{115F}' | '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}' | '\u{FE30}'..='\u{FE6F}' | '\u{FF00}'..='\u{FF60}' | '\u{1F300}'..='\u{1FAFF}' | '\u{20000}'..='\u{3FFFD}');
    let zero = |char: char| matches!(char, '\u{200B}'..='\u{200D}' | '\u{FE00}'..='\u{FE0F}');
    text.chars().map(|char| if wide(char) { 2 } else { usize::from(!zero(char)) }).sum()
}

#[cfg(test)]
mod tests;

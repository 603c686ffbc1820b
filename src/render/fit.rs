//! Makes a message fit into what DingTalk takes, in bytes of the body on the wire.
//!
//! What is too much is cut from the text, at a line break when one is near, with a mark that says how much is missing.
//! After the cut come the words that call people and the robot's keyword, so that neither is ever lost. A message that
//! its sender wrote is left as it is while it fits, and is not given words that call: those are its sender's.

mod feed;

use std::borrow::Cow;

use super::language::Language;
use super::mention::missing_words;
use crate::dingtalk::{self, Mention, Message};

/// How many characters of a title are kept. A lock screen shows about sixty.
const TITLE_CHARS: usize = 100;
/// How many are kept when there is hardly room for anything.
const TITLE_CHARS_AT_LEAST: usize = 20;
/// How many bytes back from the cut a line break is looked for.
const LINE_WITHIN: usize = 200;
/// How many bytes back from the cut a tag, a link or an entity may have begun.
const TAG_WITHIN: usize = 300;
/// The longest run of backticks that is closed behind a cut.
const MOST_BACKTICKS: usize = 8;
/// The most bytes in JSON that close what a cut leaves open: a line break and backticks.
const CLOSE_LEN: usize = MOST_BACKTICKS + 2;
/// A `msgUuid` as long as those that are sent.
pub(super) const UUID: &str = "00000000-0000-0000-0000-000000000000";

/// Which message of how many this is, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Part {
    /// Its number.
    pub number: usize,
    /// How many there are.
    pub of: usize,
}

/// What must be in a message beside its text.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    /// Who is called.
    pub mention: &'a Mention,
    /// The word that the robot insists on.
    pub keyword: Option<&'a str>,
    /// Bytes of the whole body.
    pub limit: usize,
    /// How many alerts the text does not even try to show.
    pub left_out_alerts: usize,
    /// Whether rendering was stopped before the text was whole.
    pub stopped: bool,
    /// Which part it is; shown when there are several.
    pub part: Part,
    /// Of a message that its sender wrote, what is said behind its text, with the line breaks before it.
    pub relay: Option<&'a str>,
    /// What its marks are written in.
    pub language: Language,
}

// === impl Part ===

impl Part {
    /// The only message.
    pub(super) const WHOLE: Self = Self { number: 1, of: 1 };

    /// `(2/3)`; nothing when there is only one.
    fn shown(self) -> String {
        if self.of > 1 { format!("({}/{})", self.number, self.of) } else { String::new() }
    }
}

// === impl Frame ===

impl Frame<'_> {
    /// `message` with everything it must have, in the limit, and how many bytes of its text were cut; of a message that
    /// its sender wrote, how many bytes of all that it said.
    ///
    /// A limit below what the frame itself takes cannot be kept; then buttons, pictures and links go first, then most of
    /// the title, and the text is only the mark.
    pub(super) fn fit(&self, message: Message) -> (Message, usize) {
        match message {
            Message::FeedCard { links } => self.feed(links),
            message => self.fit_text(message),
        }
    }

    fn fit_text(&self, mut shell: Message) -> (Message, usize) {
        let mut text = text_mut(&mut shell).map(std::mem::take).unwrap_or_default();
        let part = self.part.shown();
        if let (Message::Text { .. }, false) = (&shell, part.is_empty()) {
            text.insert_str(0, &format!("{part} "));
        }
        let before = self.size(&shell);
        if self.relay.is_none() || before + self.seen_beside(&shell).whole(&text) > self.limit {
            self.shrink(&mut shell, &mut text, &part);
        }
        let after = self.size(&shell);
        let (text, cut) = self.seen_beside(&shell).text(text, self.limit.saturating_sub(after));
        let given_up = if self.relay.is_some() { before.saturating_sub(after) } else { 0 };
        if let Some(place) = text_mut(&mut shell) {
            *place = text;
        }
        (shell, cut + given_up)
    }

    /// Gives up of what is not text what must be given up, so that there is room for some text.
    fn shrink(&self, shell: &mut Message, text: &mut String, part: &str) {
        shorten_title(shell, TITLE_CHARS, part);
        if let (false, Message::Link { picture, .. }) = (self.has_room(shell), &mut *shell) {
            picture.clear();
        }
        if !self.has_room(shell) {
            match shell {
                Message::ActionCard { title, .. } => {
                    *shell = Message::Markdown { title: std::mem::take(title), text: String::new() };
                }
                Message::Link { title, .. } => {
                    *text = format!("{title}\n{text}");
                    *shell = Message::Text { content: String::new() };
                }
                _ => {}
            }
        }
        if !self.has_room(shell) {
            shorten_title(shell, TITLE_CHARS_AT_LEAST, part);
        }
    }

    /// Whether the mark and what stands behind it fit into `shell` in any case.
    fn has_room(&self, shell: &Message) -> bool {
        let least = json_len(&self.words("")) + json_len(&self.notice()) + MARK_LEN + MOST_BACKTICKS + 2;
        self.size(shell) + least <= self.limit
    }

    /// The bytes of a body that holds `message`.
    fn size(&self, message: &Message) -> usize {
        dingtalk::body(message, self.mention, UUID).len()
    }

    /// This frame for the text of `shell`. Who wrote the keyword into the title need not have it in the text as well.
    fn seen_beside(&self, shell: &Message) -> Self {
        let keyword = self.keyword.filter(|keyword| self.relay.is_none() || !shell.title().contains(keyword));
        Self { keyword, ..*self }
    }

    /// The words that `text` must have and lacks.
    fn words(&self, text: &str) -> String {
        match self.relay {
            Some(_) => missing_words(text, &Mention::default(), self.keyword),
            None => missing_words(text, self.mention, self.keyword),
        }
    }

    /// The words that `text` lacks, as they stand behind it.
    fn tail(&self, text: &str) -> String {
        match self.words(text) {
            words if words.is_empty() => words,
            words => format!("\n\n{words}"),
        }
    }

    /// The bytes of JSON that `text` takes with all that comes behind it, if nothing is cut.
    fn whole(&self, text: &str) -> usize {
        json_len(text) + json_len(&self.notice()) + json_len(&self.tail(text))
    }

    /// What is said about alerts that the text does not show, and besides.
    fn notice(&self) -> String {
        let left_out = match self.left_out_alerts {
            0 => String::new(),
            count => format!("\n\n{}", self.language.alerts_left_out(count)),
        };
        left_out + self.relay.unwrap_or_default()
    }

    fn text(&self, mut text: String, room: usize) -> (String, usize) {
        let mut cut = 0;
        let notice = self.notice();
        if self.whole(&text) > room || self.stopped {
            let length = text.len();
            let reserved = MARK_LEN + CLOSE_LEN + json_len(&notice) + json_len(&self.tail(""));
            let (end, close) = cut_at(&text, room.saturating_sub(reserved));
            text.truncate(end);
            text.truncate(text.trim_end().len());
            cut = (length - text.len()).max(1);
            text.push_str(&close);
            text.push_str("\n\n");
            text.push_str(&self.language.cut(cut, self.stopped));
        }
        let words = self.tail(&text);
        if !notice.is_empty() || !words.is_empty() {
            text.truncate(text.trim_end().len());
        }
        text.push_str(&notice);
        text.push_str(&words);
        (text, cut)
    }
}

/// The most bytes that the mark of a cut takes in JSON, its blank line included.
const MARK_LEN: usize = 64;

/// Where to cut `text` so that it takes at most `room` bytes in JSON, and what must follow to close what is open there.
fn cut_at(text: &str, room: usize) -> (usize, String) {
    let mut used = 0;
    let fits = |(_, char): &(usize, char)| {
        used += json_char_len(*char);
        used <= room
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, char)| at + char.len_utf8());
    if end == text.len() {
        return (end, String::new());
    }
    let line = text[..end].rfind('\n').filter(|at| end - at <= LINE_WITHIN);
    unbroken(text, line.unwrap_or(end))
}

/// Where to cut `text` at `end` or before so that no tag, link, entity, coloured words or code is left open. Code that
/// began further back is not given up; then the backticks that close it are given, too.
fn unbroken(text: &str, end: usize) -> (usize, String) {
    let kept = &text[..end];
    let mut end = end;
    for (open, close, within) in
        [("<", ">", TAG_WITHIN), ("&", ";", 10), ("[", ")", TAG_WITHIN), ("<font", "</font>", TAG_WITHIN)]
    {
        let opened = kept[..end].rfind(open);
        if let Some(at) = opened.filter(|at| end - at <= within && !kept[*at..end].contains(close)) {
            end = at;
        }
    }
    match open_code(text, end) {
        Some((at, _)) if end - at <= TAG_WITHIN => (at, String::new()),
        Some((_, close)) => (end, close),
        None => (end, String::new()),
    }
}

/// Where the code begins that a cut at `end` would leave open, and what would close it. A span ends with its paragraph at
/// the latest, a fence goes on. Backticks that nothing closes, or after a backslash, stand for themselves.
fn open_code(text: &str, end: usize) -> Option<(usize, String)> {
    let kept = &text[..end];
    let mut open: Option<Code> = None;
    let mut at = 0;
    while let Some(found) = kept[at..].find('`') {
        let start = at + found;
        let length = kept[start..].len() - kept[start..].trim_start_matches('`').len();
        let line = kept[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let alone = kept[line..start].trim().is_empty();
        at = start + length;
        open = match open.filter(|code| code.reaches(kept)) {
            Some(code) if code.length == length || (code.fence && alone && length > code.length) => None,
            Some(code) => Some(code),
            None if kept[..start].ends_with('\\') && length == 1 => None,
            None => Some(Code { start, length, fence: alone && length >= 3 }),
        };
    }
    let code = open.filter(|code| code.reaches(kept))?;
    let backticks = "`".repeat(code.length);
    let beyond = &text[end..];
    let closed = beyond.find(&backticks).is_some_and(|at| code.fence || !beyond[..at].contains("\n\n"));
    let close = &backticks[..code.length.min(MOST_BACKTICKS)];
    (closed || code.fence).then(|| (code.start, format!("{}{close}", if code.fence { "\n" } else { "" })))
}

/// Code that was opened.
struct Code {
    start: usize,
    /// How many backticks.
    length: usize,
    /// Whether it is a block.
    fence: bool,
}

// === impl Code ===

impl Code {
    /// Whether it can still be open at the end of `kept`.
    fn reaches(&self, kept: &str) -> bool {
        self.fence || !kept[self.start..].contains("\n\n")
    }
}

/// At most `most` characters of `text`, with an ellipsis for what is missing and nothing left open.
pub(super) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    let Some((end, _)) = text.char_indices().nth(most) else { return Cow::Borrowed(text) };
    let (end, close) = unbroken(text, end);
    Cow::Owned(format!("{}{close}…", text[..end].trim_end()))
}

/// The bytes that `text` takes between the quotes of a JSON string.
pub(super) fn json_len(text: &str) -> usize {
    text.len() + text.bytes().filter(u8::is_ascii).map(|byte| json_char_len(byte.into()) - 1).sum::<usize>()
}

fn json_char_len(char: char) -> usize {
    match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => char.len_utf8(),
    }
}

/// Shortens the title to `most` characters, of which the last are `suffix`, whether it has that already or not.
fn shorten_title(message: &mut Message, most: usize, suffix: &str) {
    let (Message::Markdown { title, .. } | Message::ActionCard { title, .. } | Message::Link { title, .. }) = message
    else {
        return;
    };
    let suffix = if suffix.is_empty() { String::new() } else { format!(" {suffix}") };
    if let Some(bare) = title.strip_suffix(&suffix) {
        title.truncate(bare.len());
    }
    shorten(title, most.saturating_sub(suffix.chars().count()).max(1));
    title.push_str(&suffix);
}

/// Shortens a line to `most` characters, with an ellipsis for what is missing.
fn shorten(line: &mut String, most: usize) {
    if line.chars().count() > most {
        let end = line.char_indices().nth(most - 1).map_or(0, |(at, _)| at);
        line.truncate(line[..end].trim_end().len());
        line.push('…');
    }
}

/// Where the text of a message stands, if it has one.
fn text_mut(message: &mut Message) -> Option<&mut String> {
    match message {
        Message::Markdown { text, .. } | Message::ActionCard { text, .. } | Message::Link { text, .. } => Some(text),
        Message::Text { content } => Some(content),
        Message::FeedCard { .. } => None,
    }
}

#[cfg(test)]
mod tests;

//! Makes a message fit into what DingTalk takes, in bytes of the body on the wire.
//!
//! What is too much is cut from the text, at a line break when one is near, with a mark that says how much is missing.
//! After the cut come the words that call people and the robot's keyword, so that neither is ever lost.

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
/// A `msgUuid` as long as those that are sent.
const UUID: &str = "00000000-0000-0000-0000-000000000000";

/// What must be in a message beside its text.
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
}

// === impl Frame ===

impl Frame<'_> {
    /// `message` with everything it must have, in the limit, and how many bytes of its text were cut.
    ///
    /// A limit below what the frame itself takes cannot be kept; then buttons go first, then most of
    /// the title, and the text is only the mark.
    pub(super) fn fit(&self, message: Message) -> (Message, usize) {
        let (mut shell, text) = take_text(message);
        shorten_title(&mut shell, TITLE_CHARS);
        let mut room = self.room(&shell);
        if let (None, Message::ActionCard { title, .. }) = (room, &shell) {
            shell = Message::Markdown { title: title.clone(), text: String::new() };
            room = self.room(&shell);
        }
        if room.is_none() {
            shorten_title(&mut shell, TITLE_CHARS_AT_LEAST);
            room = self.room(&shell);
        }
        let (text, cut) = self.text(text, room.unwrap_or(0));
        (put_text(shell, text), cut)
    }

    /// How many bytes of JSON a text may have inside `shell`.
    fn room(&self, shell: &Message) -> Option<usize> {
        let words = missing_words("", self.mention, self.keyword);
        let frame = dingtalk::body(shell, self.mention, UUID).len();
        // The mark and the words must fit in any case.
        self.limit.checked_sub(frame).filter(|room| *room >= json_len(&words) + json_len(&self.notice()) + MARK_LEN)
    }

    /// What is said about alerts that the text does not show.
    fn notice(&self) -> String {
        match self.left_out_alerts {
            0 => String::new(),
            count => format!("\n\n… {count} more alerts are left out"),
        }
    }

    fn text(&self, mut text: String, room: usize) -> (String, usize) {
        let mut cut = 0;
        let notice = self.notice();
        let tail = |text: &str| match missing_words(text, self.mention, self.keyword) {
            words if words.is_empty() => words,
            words => format!("\n\n{words}"),
        };
        let whole = json_len(&text) + json_len(&notice) + json_len(&tail(&text));
        if whole > room || self.stopped {
            let length = text.len();
            let reserved = MARK_LEN + json_len(&notice) + json_len(&tail(""));
            text.truncate(cut_at(&text, room.saturating_sub(reserved)));
            text.truncate(text.trim_end().len());
            cut = (length - text.len()).max(1);
            text.push_str(&mark(cut, self.stopped));
        }
        text.push_str(&notice);
        let words = tail(&text);
        text.push_str(&words);
        (text, cut)
    }
}

/// The most bytes that [`mark`] takes in JSON.
const MARK_LEN: usize = 64;

fn mark(cut: usize, stopped: bool) -> String {
    let least = if stopped { "at least " } else { "" };
    match cut {
        0..1_000 => format!("\n\n… {least}{cut} bytes more are left out"),
        _ => format!("\n\n… {least}{} kB more is left out", cut.div_ceil(1_000)),
    }
}

/// Where to cut `text` so that it takes at most `room` bytes in JSON.
fn cut_at(text: &str, room: usize) -> usize {
    let mut used = 0;
    let fits = |(_, char): &(usize, char)| {
        used += json_char_len(*char);
        used <= room
    };
    let end = text.char_indices().take_while(fits).last().map_or(0, |(at, char)| at + char.len_utf8());
    if end == text.len() {
        return end;
    }
    let kept = &text[..end];
    if let Some(at) = kept.rfind('\n').filter(|at| end - at <= LINE_WITHIN) {
        return unbroken(&kept[..at]);
    }
    unbroken(kept)
}

/// The length of `kept` without a tag, a link, an entity or coloured words that it would leave open.
fn unbroken(kept: &str) -> usize {
    let mut end = kept.len();
    for (open, close, within) in
        [("<", ">", TAG_WITHIN), ("&", ";", 10), ("[", ")", TAG_WITHIN), ("<font", "</font>", TAG_WITHIN)]
    {
        let opened = kept[..end].rfind(open);
        if let Some(at) = opened.filter(|at| end - at <= within && !kept[*at..end].contains(close)) {
            end = at;
        }
    }
    end
}

/// The bytes that `text` takes between the quotes of a JSON string.
fn json_len(text: &str) -> usize {
    text.len() + text.bytes().filter(u8::is_ascii).map(|byte| json_char_len(byte.into()) - 1).sum::<usize>()
}

fn json_char_len(char: char) -> usize {
    match char {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        _ => char.len_utf8(),
    }
}

fn shorten_title(message: &mut Message, most: usize) {
    if let Message::Markdown { title, .. } | Message::ActionCard { title, .. } = message
        && title.chars().count() > most
    {
        let end = title.char_indices().nth(most - 1).map_or(0, |(at, _)| at);
        title.truncate(title[..end].trim_end().len());
        title.push('…');
    }
}

fn take_text(mut message: Message) -> (Message, String) {
    let text = match &mut message {
        Message::Markdown { text, .. } | Message::ActionCard { text, .. } => std::mem::take(text),
        Message::Text { content } => std::mem::take(content),
    };
    (message, text)
}

fn put_text(mut message: Message, text: String) -> Message {
    match &mut message {
        Message::Markdown { text: place, .. } | Message::ActionCard { text: place, .. } => *place = text,
        Message::Text { content } => *content = text,
    }
    message
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::dingtalk::Button;

    fn frame<'a>(mention: &'a Mention, limit: usize) -> Frame<'a> {
        Frame { mention, keyword: None, limit, left_out_alerts: 0, stopped: false }
    }

    fn markdown(text: &str) -> Message {
        Message::Markdown { title: "t".to_owned(), text: text.to_owned() }
    }

    fn text_of(message: &Message) -> &str {
        match message {
            Message::Markdown { text, .. } | Message::ActionCard { text, .. } => text,
            Message::Text { content } => content,
        }
    }

    #[test]
    fn what_fits_is_untouched_and_words_follow() {
        let mention = Mention { mobiles: vec!["1380".to_owned()], ..Mention::default() };
        let frame = Frame { keyword: Some("Alert"), ..frame(&mention, 600) };
        let (message, cut) = frame.fit(markdown("hello"));
        assert_eq!((text_of(&message), cut), ("hello\n\n@1380 Alert", 0));
    }

    #[test]
    fn the_cut_prefers_a_line_and_says_how_much() {
        let text = "one line of text\n\n".repeat(500);
        let (message, cut) = frame(&Mention::default(), 1_000).fit(markdown(&text));
        let (kept, mark) = text_of(&message).split_once("\n\n…").expect("mark");
        assert!(kept.ends_with("one line of text"), "{kept}");
        assert_eq!(mark, " 9 kB more is left out");
        assert_eq!(cut, text.len() - kept.len());
    }

    #[test]
    fn the_cut_breaks_no_tag() {
        for (text, kept) in [
            ("aaa <font color=#d93026>bbb", 4),
            ("aaa <fon", 4),
            ("aaa &am", 4),
            ("aaa [Source](http://x.te", 4),
            ("a [b](c) <d> &amp; e", 20),
        ] {
            assert_eq!(unbroken(text), kept, "{text}");
        }
    }

    #[test]
    fn a_card_gives_up_its_buttons_before_its_text() {
        let buttons = vec![Button { title: "Source".to_owned(), url: "x".repeat(900) }];
        let card = Message::ActionCard { title: "t".to_owned(), text: "hello".to_owned(), buttons };
        let (message, _) = frame(&Mention::default(), 600).fit(card);
        assert_eq!(message, markdown("hello"));
    }

    #[test]
    fn long_titles_end_with_an_ellipsis() {
        let mut message = Message::Markdown { title: "标".repeat(300), text: String::new() };
        shorten_title(&mut message, TITLE_CHARS);
        let Message::Markdown { title, .. } = message else { panic!("markdown") };
        assert_eq!(title.chars().count(), 100);
        assert!(title.ends_with("标…"));
    }

    proptest! {
        #[test]
        fn every_body_is_within_its_limit(
            text in prop_oneof![any::<String>(), "[a\n\"\\\\é中<&\\[]{0,3000}"],
            title in ".{0,300}",
            limit in 600usize..4_000,
            kind in 0..3,
            stopped: bool,
            left_out_alerts in 0usize..3,
        ) {
            let mention = Mention { mobiles: vec!["13800000000".into()], user_ids: vec!["bob".into()], all: false };
            let message = match kind {
                0 => Message::Markdown { title, text },
                1 => Message::Text { content: text },
                _ => {
                    let button = Button { title: "Source".into(), url: "http://x.test".into() };
                    Message::ActionCard { title, text, buttons: vec![button] }
                }
            };
            let frame = Frame { mention: &mention, keyword: Some("Alert"), limit, left_out_alerts, stopped };
            let (fitted, cut) = frame.fit(message);
            let body = dingtalk::body(&fitted, &mention, UUID);
            prop_assert!(body.len() <= limit, "{} > {limit}", body.len());
            serde_json::from_str::<serde_json::Value>(&body).expect("JSON");
            let text = text_of(&fitted);
            prop_assert!(text.contains("@13800000000") && text.contains("@bob") && text.contains("Alert"));
            prop_assert_eq!(cut > 0, text.contains("left out") && text.contains(" more is") || text.contains(" bytes more"));
        }

        #[test]
        fn lengths_are_those_of_json(text: String) {
            prop_assert_eq!(json_len(&text), serde_json::to_string(&text).expect("JSON").len() - 2);
        }
    }
}

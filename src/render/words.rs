//! A text as the words that are read of it, on one line: for a digest, in which many share a message.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// What stands between what were lines.
const BETWEEN: &str = " · ";

/// The lines of a plain text, one behind the other.
pub(super) fn of_plain(text: &str) -> String {
    let mut lines = Lines::default();
    text.lines().for_each(|line| {
        lines.words(line, true);
        lines.end();
    });
    lines.joined()
}

/// What is read of a markdown text: without marks, tags, pictures, and links that stand alone, which lead nowhere here.
pub(super) fn of_markdown(text: &str) -> String {
    let mut lines = Lines::default();
    let (mut pictures, mut links) = (0_usize, 0_usize);
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::Image { .. }) => pictures += 1,
            Event::End(TagEnd::Image) => pictures = pictures.saturating_sub(1),
            Event::Start(Tag::Link { .. }) => links += 1,
            Event::End(TagEnd::Link) => links = links.saturating_sub(1),
            Event::Text(text) | Event::Code(text) if pictures == 0 => {
                // Only code has line breaks within.
                for (index, line) in text.split('\n').enumerate() {
                    if index > 0 {
                        lines.end();
                    }
                    lines.words(line, links == 0);
                }
            }
            // Whoever writes for DingTalk means a line when breaking one.
            Event::SoftBreak | Event::HardBreak | Event::Rule => lines.end(),
            Event::Start(Tag::Item | Tag::Paragraph | Tag::Heading { .. } | Tag::CodeBlock(_)) => lines.end(),
            _ => {}
        }
    }
    lines.joined()
}

/// Lines that are put together.
#[derive(Default)]
struct Lines {
    out: String,
    /// Lines that lead somewhere, and say nothing besides.
    links: String,
    /// The line being read.
    line: String,
    /// Whether it says anything.
    says: bool,
}

// === impl Lines ===

impl Lines {
    /// More of the line; `said`, not a link.
    fn words(&mut self, text: &str, said: bool) {
        self.line.push_str(text);
        self.says |= said && text.contains(char::is_alphanumeric);
    }

    fn end(&mut self) {
        let line = std::mem::take(&mut self.line);
        let out = if std::mem::take(&mut self.says) { &mut self.out } else { &mut self.links };
        let mut words = line.split_whitespace();
        let Some(first) = words.next() else { return };
        if !out.is_empty() {
            out.push_str(BETWEEN);
        }
        out.push_str(first);
        words.for_each(|word| {
            out.push(' ');
            out.push_str(word);
        });
    }

    /// The lines; when nothing is said but links, those.
    fn joined(mut self) -> String {
        self.end();
        if self.out.is_empty() { self.links } else { self.out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_its_words() {
        for (text, words) in [
            (
                "#### 磁盘告警\n> 主机: **a**\n> 用量: <font color=#ff0000>97 %</font>",
                "磁盘告警 · 主机: a · 用量: 97 %",
            ),
            ("one\ntwo  \nthree\n\nfour", "one · two · three · four"),
            ("- a\n- b\n\n1. c", "a · b · c"),
            (
                "see [the page](https://x.test/a) ![shot](https://x.test/b.png)\n\n---\n`code` &amp;&nbsp;more",
                "see the page · code & more",
            ),
            ("```\na\n  b\n```\nc", "a · b · c"),
            ("97 %\n\n[one](https://x.test) | [two](https://x.test)", "97 %"),
            ("[one](https://x.test)\n\n[two](https://x.test)", "one · two"),
            ("", ""),
        ] {
            assert_eq!(of_markdown(text), words, "{text}");
        }
    }

    #[test]
    fn plain_text_keeps_what_looks_like_markdown() {
        assert_eq!(of_plain(" # a\n\n\t* b  c\r\n"), "# a · * b c");
    }
}

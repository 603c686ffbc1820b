//! Values that come from outside, made safe for the text they are put into.
//!
//! A value is cleaned when the template data is made: nothing in it can call a person, turn the reading direction or
//! hold a control character. A value that is not trusted with markdown is not escaped then, because templates compare
//! values and helpers change them; it is only *marked* as foreign, and what a mark encloses is escaped once the text
//! is whole ([`finish`]), when it is also known what stands at the start of a line. The marks are characters that
//! Unicode reserves for internal use and that are removed from every value, so no value can forge one.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Opens a marked value.
const OPEN: char = '\u{FDD0}';
/// Closes a marked value.
const CLOSE: char = '\u{FDD1}';
/// Put after an `@`, it keeps DingTalk from reading a name there.
const BREAK: char = '\u{200B}';

/// Where a finished text goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Medium {
    /// Markdown: marked values are escaped.
    Markdown,
    /// Characters that stand for themselves: marks are only removed.
    Plain,
}

/// Cleans a value that stays on one line: a label, a name. `marked` when it is not trusted with markdown.
pub(super) fn line(value: &str, marked: bool) -> String {
    mark(clean(value, ' '), marked)
}

/// Cleans a value that may have several lines: an annotation. `marked` when it is not trusted with markdown.
///
/// One that is an address as a whole is made safe as a link instead.
pub(super) fn text(value: &str, marked: bool) -> String {
    if is_address(value) {
        return url(value);
    }
    mark(clean(value, '\n'), marked)
}

/// An `http` or `https` address with what would end a markdown link percent-encoded; anything else becomes "".
pub(super) fn url(value: &str) -> String {
    let value = value.trim();
    if !is_web(value) {
        return String::new();
    }
    let harmless = |byte: &u8| byte.is_ascii_graphic() && !b"()<>\"\\`@".contains(byte);
    if value.as_bytes().iter().all(harmless) {
        return value.to_owned();
    }
    let mut safe = String::with_capacity(value.len());
    for char in value.chars() {
        match char {
            ' ' | '(' | ')' | '<' | '>' | '"' | '\\' | '`' | '@' => push_encoded(&mut safe, char),
            _ if char.is_control() || char.is_whitespace() || is_hidden(char) => push_encoded(&mut safe, char),
            _ => safe.push(char),
        }
    }
    safe
}

/// Whether the value is an address as a whole.
pub(super) fn is_address(value: &str) -> bool {
    is_web(value) && !value.contains(char::is_whitespace)
}

/// Whether the value, where a line begins, would begin a heading, a quote, a list, a rule, code or HTML.
pub(super) fn begins_block(value: &str) -> bool {
    let value = value.trim_start();
    let after_digits = value.trim_start_matches(|char: char| char.is_ascii_digit());
    let numbered = after_digits.len() < value.len() && after_digits.starts_with(['.', ')']);
    let item = value.starts_with(['*', '_']) && value[1..].starts_with([' ', '*', '_']) && !value.starts_with("**");
    let html = value.starts_with('<') && !value.starts_with("<font");
    let rule = ["***", "___", "```", "~~~"].iter().any(|start| value.starts_with(start));
    value.starts_with(['#', '>', '-', '+', '=', '|'])
        || numbered && after_digits[1..].starts_with(' ')
        || item
        || html
        || rule
}

/// The value as its sender wrote it, without marks: for comparing and looking up.
pub(super) fn plain(value: &str) -> Cow<'_, str> {
    if has_marks(value) { Cow::Owned(value.replace([OPEN, CLOSE], "")) } else { Cow::Borrowed(value) }
}

/// Marks a cleaned value as foreign, when there is anything in it that markdown could read.
pub(super) fn mark(value: String, marked: bool) -> String {
    let first = |char: char| matches!(char, '#' | '-' | '+' | '=' | '|') || char.is_ascii_digit();
    if marked && (value.starts_with(first) || value.contains(is_syntax)) {
        let mut whole = String::with_capacity(value.len() + 2 * OPEN.len_utf8());
        whole.push(OPEN);
        whole.push_str(&value);
        whole.push(CLOSE);
        return whole;
    }
    value
}

/// A rendered text as it is sent: marked values escaped for `medium`, no more than one blank line in a row, and none
/// at either end.
pub(super) fn finish(rendered: &str, medium: Medium) -> String {
    if !has_marks(rendered) {
        return tidy(rendered, medium);
    }
    let mut out = String::with_capacity(rendered.len() + rendered.len() / 8);
    let mut foreign = false;
    for piece in rendered.split_inclusive([OPEN, CLOSE]) {
        let content = piece.trim_end_matches([OPEN, CLOSE]);
        if foreign && medium == Medium::Markdown {
            push_escaped(&mut out, content);
        } else {
            out.push_str(content);
        }
        foreign = piece.ends_with(OPEN);
    }
    tidy(&out, medium)
}

/// A rendered title: one line, marks removed.
pub(super) fn finish_title(rendered: &str) -> String {
    plain(rendered).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether there are marks. Their first byte is rare, and looked for fast.
fn has_marks(value: &str) -> bool {
    value.as_bytes().contains(&0xEF) && value.contains([OPEN, CLOSE])
}

fn is_web(value: &str) -> bool {
    let starts = |scheme: &str| value.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    starts("http://") || starts("https://")
}

fn is_syntax(char: char) -> bool {
    matches!(char, '\\' | '*' | '_' | '`' | '[' | ']' | '~' | '<' | '>' | '&')
}

/// Characters that are not seen but change how what follows is read, and the marks.
fn is_hidden(char: char) -> bool {
    matches!(char,
        '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'
        | OPEN | CLOSE)
}

fn push_encoded(out: &mut String, char: char) {
    for byte in char.encode_utf8(&mut [0; 4]).bytes() {
        // Writing to a String cannot fail.
        let _ = write!(out, "%{byte:02X}");
    }
}

/// `value` without control characters, with `newline` for its line breaks, unable to call anybody.
fn clean(value: &str, newline: char) -> String {
    if value.bytes().all(|byte| matches!(byte, b' '..=b'~' if byte != b'@')) {
        return value.to_owned();
    }
    let mut out = String::with_capacity(value.len() + 3);
    let mut chars = value.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}' => out.push(newline),
            '\t' => out.push(' '),
            _ if char.is_control() || is_hidden(char) => {}
            _ => out.push(char),
        }
    }
    if out.contains(['@', '＠']) { without_mentions(&out) } else { out }
}

/// A break after each `@` that could call somebody; inside an address `%40`, so that the link keeps working.
fn without_mentions(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 6);
    for word in value.split_inclusive(char::is_whitespace) {
        let address = word.contains("://");
        let mut chars = word.chars().peekable();
        while let Some(char) = chars.next() {
            // At the value's end the template may go on with anything.
            let calls = chars.peek().is_none_or(|next| next.is_alphanumeric() || "_-+$*~`".contains(*next));
            match char {
                '@' if address && calls => out.push_str("%40"),
                '@' | '＠' if calls => out.extend([char, BREAK]),
                _ => out.push(char),
            }
        }
    }
    out
}

/// Appends a foreign value so that markdown shows it as it is.
fn push_escaped(out: &mut String, value: &str) {
    let before = out.chars().rev().find(|char| !matches!(char, ' ' | '>' | '-' | '*' | '#'));
    let starts_line = before.is_none_or(|char| char == '\n');
    let mut rest = value;
    if starts_line {
        let digits = value.len() - value.trim_start_matches(|char: char| char.is_ascii_digit()).len();
        let after = &value[digits..];
        let numbered =
            digits > 0 && after.starts_with(['.', ')']) && after[1..].chars().next().is_none_or(|c| c == ' ');
        if numbered {
            out.push_str(&value[..digits]);
            out.push('\\');
            rest = after;
        } else if value.starts_with(['#', '-', '+', '=', '|']) {
            out.push('\\');
        }
    }
    for char in rest.chars() {
        match char {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => {
                if is_syntax(char) {
                    out.push('\\');
                }
                out.push(char);
            }
        }
    }
}

/// `text` with no more than one blank line in a row, and none at either end. Two spaces at a line's end mean a line break
/// in markdown, and nothing elsewhere.
fn tidy(text: &str, medium: Medium) -> String {
    let mut out = String::with_capacity(text.len());
    let mut blank = false;
    for line in text.lines() {
        if line.trim().is_empty() {
            blank = !out.is_empty();
            continue;
        }
        if blank {
            out.push('\n');
            blank = false;
        }
        out.push_str(if medium == Medium::Plain { line.trim_end() } else { line });
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(value: &str) -> String {
        finish(&line(value, true), Medium::Markdown)
    }

    #[test]
    fn what_begins_a_block_is_known() {
        for block in
            ["# a", "> a", "- a", "+", "===", "|a|", "1. a", "12) a", "* a", "***", "```a", "~~~", "<!-- a", " # a"]
        {
            assert!(begins_block(block), "{block}");
        }
        for words in
            ["a", "**a**", "*a*", "_a_", "`a`", "<font color=red>a</font>", "10.0.0.1:9100 is down", "97 %", ""]
        {
            assert!(!begins_block(words), "{words}");
        }
    }

    #[test]
    fn a_foreign_value_is_shown_as_it_is() {
        assert_eq!(shown("a*b_c`d[e](f)~g\\h"), r"a\*b\_c\`d\[e\](f)\~g\\h");
        assert_eq!(shown("<b>&amp;"), "&lt;b&gt;&amp;amp;");
        assert_eq!(shown("# head"), r"\# head");
        assert_eq!(shown("- item"), r"\- item");
        assert_eq!(shown("1. item"), r"1\. item");
        assert_eq!(shown("10.0.0.1:9100"), "10.0.0.1:9100");
        assert_eq!(shown("> quote"), "&gt; quote");
        assert_eq!(shown("two\nlines\r\nand\tmore"), "two lines and more");
        let inside = format!("host: {}", line("- item #1", true));
        assert_eq!(finish(&inside, Medium::Markdown), "host: - item #1", "not at the start of a line");
        let quoted = format!("> {}", line("# item", true));
        assert_eq!(finish(&quoted, Medium::Markdown), r"> \# item", "a quote starts a line");
    }

    #[test]
    fn plain_text_shows_values_untouched() {
        assert_eq!(finish(&line("a_b <c>", true), Medium::Plain), "a_b <c>");
        assert_eq!(finish_title(&format!(" x\n {} ", line("node_down", true))), "x node_down");
        assert_eq!(plain(&line("node_down", true)), "node_down");
    }

    #[test]
    fn nobody_is_called_by_a_value() {
        assert_eq!(line("@13800138000 @所有人 @all", false), "@\u{200B}13800138000 @\u{200B}所有人 @\u{200B}all");
        assert_eq!(line("@\u{202E}13800138000", false), "@\u{200B}13800138000");
        assert_eq!(line("5 @ 3 a@", false), "5 @ 3 a@\u{200B}");
        assert_eq!(text("see https://x.test/@ops now", false), "see https://x.test/%40ops now");
    }

    #[test]
    fn hidden_characters_go() {
        assert_eq!(line("a\u{202E}b\u{2066}c\u{200F}d\u{7}e\u{1b}[31m\u{FDD0}\u{FDD1}", false), "abcde[31m");
        assert_eq!(text("a\r\nb\u{2028}c", false), "a\nb\nc");
        assert_eq!(line("👨‍👩‍👧", false), "👨‍👩‍👧", "joined emoji stay");
    }

    #[test]
    fn addresses_cannot_leave_their_link() {
        assert_eq!(url("https://x.test/a b(c)<d>?e=1&f=2#g"), "https://x.test/a%20b%28c%29%3Cd%3E?e=1&f=2#g");
        for bad in ["javascript:alert(1)", "//x.test", "", "ftp://x.test", "dingtalk://x"] {
            assert_eq!(url(bad), "", "{bad}");
        }
        assert_eq!(text("https://x.test/run_book", true), "https://x.test/run_book", "an annotation that is a link");
    }

    #[test]
    fn blank_lines_collapse() {
        assert_eq!(tidy("\n \n a\n\n\n \nb  \nc\n\n", Medium::Markdown), " a\n\nb  \nc");
    }

    proptest! {
        /// What a reader of CommonMark sees of a marked value is the value.
        #[test]
        fn escaping_is_reversible(value in "[!-~é中]([ -~é中]{0,40}[!-~é中])?") {
            let clean = line(&value, false);
            let source = format!("x {clean}").trim_end().to_owned();
            let marked = format!("x {}", line(&value, true));
            let mut seen = String::new();
            for event in pulldown_cmark::Parser::new(&finish(&marked, Medium::Markdown)) {
                match event {
                    pulldown_cmark::Event::Text(text) => seen.push_str(&text),
                    pulldown_cmark::Event::Start(pulldown_cmark::Tag::Paragraph)
                    | pulldown_cmark::Event::End(pulldown_cmark::TagEnd::Paragraph) => {}
                    other => prop_assert!(false, "{other:?} from {value:?}"),
                }
            }
            prop_assert_eq!(seen, source);
            let marked = line(&value, true);
            prop_assert_eq!(plain(&marked), clean);
        }

        #[test]
        fn marks_never_survive(value in any::<String>(), cut in 0usize..20) {
            let marked: String = line(&value, true).chars().take(cut).collect();
            prop_assert!(!finish(&marked, Medium::Markdown).contains([OPEN, CLOSE]));
        }
    }
}

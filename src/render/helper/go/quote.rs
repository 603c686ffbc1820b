//! Texts and characters as Go writes them in its source code.

use std::fmt::Write as _;
use std::sync::LazyLock;

use regex::Regex;

/// What Go prints as it is: letters, marks, numbers, punctuation, symbols, and the one space.
static PRINTABLE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$").ok());

/// Whether a character is printed as it is.
pub(in crate::render::helper) fn is_printable(char: char) -> bool {
    match char {
        ' '..='~' => true,
        _ if char.is_ascii() => false,
        _ => PRINTABLE.as_ref().is_some_and(|printable| printable.is_match(char.encode_utf8(&mut [0; 4]))),
    }
}

/// The text in double quotes; what is not ASCII is written as an escape if `ascii`.
pub(in crate::render::helper) fn text(text: &str, ascii: bool) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for char in text.chars() {
        push(&mut out, char, '"', ascii);
    }
    out.push('"');
    out
}

/// The character in single quotes.
pub(super) fn char(char: char, ascii: bool) -> String {
    let mut out = String::from("'");
    push(&mut out, char, '\'', ascii);
    out.push('\'');
    out
}

/// Whether the text may stand in backquotes as it is.
pub(super) fn fits_backquotes(text: &str) -> bool {
    !text.contains(|char: char| (char.is_ascii_control() && char != '\t') || matches!(char, '`' | '\u{FEFF}'))
}

fn push(out: &mut String, char: char, quote: char, ascii: bool) {
    let code = u32::from(char);
    match char {
        '\\' => out.push_str("\\\\"),
        _ if char == quote => out.extend(['\\', quote]),
        _ if is_printable(char) && (char.is_ascii() || !ascii) => out.push(char),
        '\u{07}' => out.push_str("\\a"),
        '\u{08}' => out.push_str("\\b"),
        '\u{0C}' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{0B}' => out.push_str("\\v"),
        // Writing to a String cannot fail.
        _ if code < 0x20 || code == 0x7F => drop(write!(out, "\\x{code:02x}")),
        _ if code < 0x1_0000 => drop(write!(out, "\\u{code:04x}")),
        _ => drop(write!(out, "\\U{code:08x}")),
    }
}

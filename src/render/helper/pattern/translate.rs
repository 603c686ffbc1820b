//! Go's patterns in the words of this language's crate, where they differ.
//!
//! In Go `\d`, `\w`, `\s` and `\b` know ASCII only; a `{` that begins no count, and `[`, `&&` or `~~` within a class stand
//! for themselves; and `\Q…\E` quotes.

use std::iter::Peekable;
use std::str::Chars;

/// `pattern` with the same meaning for the crate `regex`.
pub(super) fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut chars = pattern.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\\' if chars.peek() == Some(&'Q') => {
                chars.next();
                quoted(&mut chars, &mut out);
            }
            '\\' => escaped(&mut chars, &mut out, false),
            '[' => class(&mut chars, &mut out),
            '{' if !counts(chars.clone()) => out.push_str("\\{"),
            other => out.push(other),
        }
    }
    out
}

/// Whether what follows a `{` makes it a count: `3}`, `3,}`, `3,5}`.
fn counts(chars: Peekable<Chars<'_>>) -> bool {
    let inside: String = chars.take_while(|char| *char != '}').take(12).collect();
    let (least, most) = inside.split_once(',').unwrap_or((&inside, ""));
    !least.is_empty() && least.bytes().chain(most.bytes()).all(|byte| byte.is_ascii_digit())
}

/// Everything up to `\E`, standing for itself.
fn quoted(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    let mut text = String::new();
    while let Some(char) = chars.next() {
        if char == '\\' && chars.peek() == Some(&'E') {
            chars.next();
            break;
        }
        text.push(char);
    }
    out.push_str(&regex::escape(&text));
}

/// What follows a backslash.
fn escaped(chars: &mut Peekable<Chars<'_>>, out: &mut String, in_class: bool) {
    let known = match chars.peek() {
        Some('d') => "[0-9]",
        Some('D') => "[^0-9]",
        Some('w') => "[0-9A-Za-z_]",
        Some('W') => "[^0-9A-Za-z_]",
        Some('s') => "[\\t\\n\\f\\r ]",
        Some('S') => "[^\\t\\n\\f\\r ]",
        Some('b') if !in_class => "(?-u:\\b)",
        Some('<') => "<",
        Some('>') => ">",
        Some('\\') => "\\\\",
        _ => {
            out.push('\\');
            out.extend(chars.next());
            return;
        }
    };
    chars.next();
    out.push_str(known);
}

/// A class, of which the `[` is read.
fn class(chars: &mut Peekable<Chars<'_>>, out: &mut String) {
    out.push('[');
    out.extend(chars.next_if_eq(&'^'));
    // At the beginning it does not end the class.
    if chars.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    }
    while let Some(char) = chars.next() {
        match char {
            ']' => {
                out.push(']');
                return;
            }
            '\\' => escaped(chars, out, true),
            '[' if chars.peek() == Some(&':') => {
                out.push('[');
                for char in chars.by_ref() {
                    out.push(char);
                    if char == ']' {
                        break;
                    }
                }
            }
            '[' | '&' | '~' => out.extend(['\\', char]),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_translated() {
        for (go, rust) in [
            (r"^\d+\.\w*$", r"^[0-9]+\.[0-9A-Za-z_]*$"),
            (r"[\d.-]", r"[[0-9].-]"),
            ("{{name}} a{2} b{2,} c{,3}", r"\{\{name}} a{2} b{2,} c\{,3}"),
            (r"\Qa.b\E.c", r"a\.b.c"),
            ("[[&&~~]]", r"[\[\&\&\~\~]]"),
            ("[]a][^]a]", r"[\]a][^\]a]"),
            ("[[:alpha:]_]", "[[:alpha:]_]"),
            (r"\<b\>\\d", r"<b>\\d"),
            ("[", "["),
        ] {
            assert_eq!(translated(go), rust, "{go}");
        }
    }
}

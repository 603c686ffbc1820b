//! How one value is to be printed: what stands between `%` and the verb.

use crate::render::helper::go::quote;

/// Flags, width and precision.
#[derive(Debug, Clone, Default)]
pub(super) struct Spec {
    /// `-`: filled up on the right.
    pub minus: bool,
    /// `+`: always with a sign; quoted as ASCII.
    pub plus: bool,
    /// `#`: in another form.
    pub sharp: bool,
    /// A space where a sign could be.
    pub space: bool,
    /// `0`: filled up with zeros.
    pub zero: bool,
    /// `#` with the verb `v`: as in Go's source code.
    pub go_syntax: bool,
    /// How wide it is at least, in characters.
    pub width: Option<usize>,
    /// How many digits, or characters of a text at most.
    pub precision: Option<usize>,
}

impl Spec {
    /// Prints the text filled up to the width.
    pub(super) fn pad(&self, out: &mut String, text: &str) {
        let missing = self.width.unwrap_or(0).saturating_sub(text.chars().count());
        if self.minus {
            out.push_str(text);
            out.extend(std::iter::repeat_n(' ', missing));
        } else {
            out.extend(std::iter::repeat_n(if self.zero { '0' } else { ' ' }, missing));
            out.push_str(text);
        }
    }

    /// [`Spec::pad`], never with zeros.
    pub(super) fn pad_with_spaces(&self, out: &mut String, text: &str) {
        Self { zero: false, ..self.clone() }.pad(out, text);
    }

    /// `%s`
    pub(super) fn text(&self, out: &mut String, text: &str) {
        self.pad(out, self.shortened(text));
    }

    /// `%q`
    pub(super) fn quoted(&self, out: &mut String, text: &str) {
        let text = self.shortened(text);
        // `%#v` has the sharp in another sense.
        if self.sharp && quote::fits_backquotes(text) {
            self.pad(out, &format!("`{text}`"));
        } else {
            self.pad(out, &quote::text(text, self.plus));
        }
    }

    /// `%x` of a text: its bytes.
    pub(super) fn bytes(&self, out: &mut String, text: &str, verb: char) {
        let bytes = &text.as_bytes()[..self.precision.unwrap_or(text.len()).min(text.len())];
        let (prefix, between) = (if verb == 'x' { "0x" } else { "0X" }, if self.space { " " } else { "" });
        let mut shown = String::with_capacity(bytes.len() * 2 + 2);
        for (index, byte) in bytes.iter().enumerate() {
            if index > 0 {
                shown.push_str(between);
            }
            if self.sharp && (index == 0 || self.space) {
                shown.push_str(prefix);
            }
            for digit in [byte >> 4, byte & 15] {
                let digit = char::from_digit(digit.into(), 16).unwrap_or('0');
                shown.push(if verb == 'x' { digit } else { digit.to_ascii_uppercase() });
            }
        }
        self.pad(out, &shown);
    }

    /// The text, no longer than the precision.
    fn shortened<'a>(&self, text: &'a str) -> &'a str {
        let end = self.precision.and_then(|most| text.char_indices().nth(most)).map_or(text.len(), |(end, _)| end);
        &text[..end]
    }
}

//! Numbers as the verbs of `printf` print them.

use std::fmt::Write as _;

use serde_json::Number;

use super::spec::Spec;
use super::{is_float, quote};
use crate::render::helper::go::float;

impl Spec {
    /// Prints the number; whether the verb can.
    pub(super) fn number(&self, out: &mut String, number: &Number, verb: char) -> bool {
        if is_float(number) {
            return self.float(out, number.as_f64().unwrap_or_default(), verb);
        }
        let number = number.as_i128().unwrap_or_default();
        let base = match verb {
            'v' | 'd' => 10,
            'b' => 2,
            'o' | 'O' => 8,
            'x' | 'X' => 16,
            'c' => {
                self.pad(out, character(number).encode_utf8(&mut [0; 4]));
                return true;
            }
            'q' => {
                self.pad(out, &quote::char(character(number), self.plus));
                return true;
            }
            'U' => {
                self.code_point(out, number);
                return true;
            }
            _ => return false,
        };
        self.integer(out, number, base, verb);
        true
    }

    fn integer(&self, out: &mut String, number: i128, base: u32, verb: char) {
        if self.precision == Some(0) && number == 0 {
            // No digits at all.
            self.pad_with_spaces(out, "");
            return;
        }
        let signed = number < 0 || self.plus || self.space;
        let least = match (self.precision, self.width) {
            (Some(digits), _) => digits,
            // Zeros that fill the width leave room for the sign.
            (None, Some(width)) if self.zero => width.saturating_sub(usize::from(signed)),
            _ => 0,
        };
        let size = number.unsigned_abs();
        let digits = match base {
            2 => format!("{size:0least$b}"),
            8 => format!("{size:0least$o}"),
            16 if verb == 'X' => format!("{size:0least$X}"),
            16 => format!("{size:0least$x}"),
            _ => format!("{size:0least$}"),
        };
        let prefix = match base {
            _ if verb == 'O' && self.sharp && !digits.starts_with('0') => "0o0",
            _ if verb == 'O' => "0o",
            2 if self.sharp => "0b",
            8 if self.sharp && !digits.starts_with('0') => "0",
            16 if self.sharp && verb == 'X' => "0X",
            16 if self.sharp => "0x",
            _ => "",
        };
        let sign = match number {
            ..0 => "-",
            _ if self.plus => "+",
            _ if self.space => " ",
            _ => "",
        };
        self.pad_with_spaces(out, &format!("{sign}{prefix}{digits}"));
    }

    /// `%U`: `U+0041`, and the character itself when it is sharp.
    fn code_point(&self, out: &mut String, number: i128) {
        let digits = self.precision.unwrap_or(4).max(4);
        // Go takes a negative number as the unsigned one of the same bits.
        let number = if number < 0 { number + (1 << 64) } else { number };
        let mut shown = format!("U+{number:0digits$X}");
        let char = u32::try_from(number).ok().and_then(char::from_u32).filter(|char| quote::is_printable(*char));
        if let Some(char) = char.filter(|_| self.sharp) {
            // Writing to a String cannot fail.
            let _ = write!(shown, " '{char}'");
        }
        self.pad_with_spaces(out, &shown);
    }

    fn float(&self, out: &mut String, number: f64, verb: char) -> bool {
        let (form, precision) = match verb {
            'v' => ('g', None),
            'b' | 'g' | 'G' | 'x' | 'X' => (verb, None),
            'f' | 'e' | 'E' => (verb, Some(6)),
            'F' => ('f', Some(6)),
            _ => return false,
        };
        let precision = self.precision.or(precision);
        let mut shown = float::format(number, form, precision);
        if !shown.starts_with(['+', '-']) {
            let sign = if self.space && !self.plus { ' ' } else { '+' };
            shown.insert(0, sign);
        }
        if self.sharp && form != 'b' {
            shown = with_point(&shown, form, precision);
        }
        let shows_sign = self.plus || !shown.starts_with('+');
        match self.width {
            _ if !shows_sign => self.pad(out, &shown[1..]),
            // The sign comes before the zeros.
            Some(width) if self.zero && width > shown.len() => {
                let (sign, digits) = shown.split_at(1);
                out.push_str(sign);
                out.extend(std::iter::repeat_n('0', width - shown.len()));
                out.push_str(digits);
            }
            _ => self.pad(out, &shown),
        }
        true
    }
}

/// A signed number with a point even if nothing follows it, and with the zeros that `%g` leaves out.
fn with_point(shown: &str, form: char, precision: Option<usize>) -> String {
    let hexadecimal = matches!(form, 'x' | 'X');
    let exponent = if hexadecimal { ['p', 'P'] } else { ['e', 'E'] };
    let (number, tail) = shown.split_at(shown.find(exponent).unwrap_or(shown.len()));
    let mut number = number.to_owned();
    let has_point = number.contains('.');
    let significant = number[1..].trim_start_matches(['0', '.']).bytes().filter(|byte| *byte != b'.').count();
    let zero = !has_point && &number[1..] == "0";
    if !has_point {
        number.push('.');
    }
    if matches!(form, 'g' | 'G' | 'x') {
        let missing = precision.unwrap_or(6).saturating_sub(significant + usize::from(zero));
        number.extend(std::iter::repeat_n('0', missing));
    }
    number + tail
}

/// The character of that number.
fn character(number: i128) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

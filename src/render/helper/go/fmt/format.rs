//! Formats: texts in which `%` stands before how a value is printed.

use std::fmt::Write as _;

use serde_json::Value;

use super::spec::Spec;
use super::{Operand, Printer, TooLong, type_of};

/// How wide a value may be printed at most, and how precise. Go's own limit is a million.
const WIDEST: usize = 1_000;

/// The values as `format` says: `most` bytes at most.
///
/// # Errors
/// The text would be too long.
pub(in crate::render::helper) fn printf(format: &str, operands: &[Operand], most: usize) -> Result<String, TooLong> {
    let mut reader =
        Reader { rest: format, operands, next: 0, reordered: false, printer: Printer { out: String::new(), most } };
    while let Some(at) = reader.rest.find('%') {
        reader.printer.out.push_str(&reader.rest[..at]);
        reader.rest = &reader.rest[at + 1..];
        reader.verb()?;
        if reader.printer.out.len() > most {
            return Err(TooLong);
        }
    }
    let Reader { rest, next, reordered, mut printer, .. } = reader;
    printer.out.push_str(rest);
    if !reordered {
        printer.extra(operands.get(next..).unwrap_or_default())?;
    }
    if printer.out.len() > most { Err(TooLong) } else { Ok(printer.out) }
}

/// Where in a format and its operands the printing is.
struct Reader<'a> {
    rest: &'a str,
    operands: &'a [Operand],
    /// The operand that is printed next.
    next: usize,
    /// Whether a verb chose its operand by number: then those that are left over are not told.
    reordered: bool,
    printer: Printer,
}

/// What was read of a number.
enum Count {
    None,
    Number(usize),
    TooLarge,
}

// === impl Reader ===

impl Reader<'_> {
    /// Prints what stands after a `%`.
    fn verb(&mut self) -> Result<(), TooLong> {
        let mut spec = self.flags();
        let mut good = true;
        let mut chosen = self.choose(&mut good);
        if self.eat('*') {
            match self.operand_as_count() {
                Some(width) => {
                    spec.width = Some(width.unsigned_abs());
                    if width < 0 {
                        spec.minus = true;
                        // Zeros are never put on the right.
                        spec.zero = false;
                    }
                }
                None => self.printer.out.push_str("%!(BADWIDTH)"),
            }
            chosen = false;
        } else {
            match self.count() {
                Count::None => {}
                // A width after the number of an operand, `%[3]2d`.
                Count::Number(_) if chosen => good = false,
                Count::Number(width) => spec.width = Some(width),
                Count::TooLarge => self.printer.out.push_str("%!(BADWIDTH)"),
            }
        }
        // A point at the very end is a verb, if a wrong one.
        if self.rest.len() > 1 && self.eat('.') {
            good &= !chosen;
            chosen = self.choose(&mut good);
            if self.eat('*') {
                match self.operand_as_count().and_then(|precision| usize::try_from(precision).ok()) {
                    Some(precision) => spec.precision = Some(precision),
                    None => self.printer.out.push_str("%!(BADPREC)"),
                }
                chosen = false;
            } else {
                match self.count() {
                    Count::None => spec.precision = Some(0),
                    Count::Number(precision) => spec.precision = Some(precision),
                    Count::TooLarge => self.printer.out.push_str("%!(BADPREC)"),
                }
            }
        }
        if !chosen {
            self.choose(&mut good);
        }
        self.print(spec, good)
    }

    /// Prints the operand at hand with the verb that comes now.
    fn print(&mut self, mut spec: Spec, good: bool) -> Result<(), TooLong> {
        let Some(verb) = self.rest.chars().next() else {
            self.printer.out.push_str("%!(NOVERB)");
            return Ok(());
        };
        self.rest = &self.rest[verb.len_utf8()..];
        // Writing to a String cannot fail.
        match self.operands.get(self.next) {
            _ if verb == '%' => self.printer.out.push('%'),
            _ if !good => drop(write!(self.printer.out, "%!{verb}(BADINDEX)")),
            None => drop(write!(self.printer.out, "%!{verb}(MISSING)")),
            Some(operand) => {
                if verb == 'v' {
                    spec.go_syntax = std::mem::take(&mut spec.sharp);
                    // `%+v` only names the fields of what templates never see.
                    spec.plus = false;
                }
                self.next += 1;
                self.printer.operand(operand, &spec, verb)?;
            }
        }
        Ok(())
    }

    fn flags(&mut self) -> Spec {
        let mut spec = Spec::default();
        while let Some(flag) = self.rest.chars().next() {
            match flag {
                '#' => spec.sharp = true,
                '0' => spec.zero = !spec.minus,
                '+' => spec.plus = true,
                '-' => (spec.minus, spec.zero) = (true, false),
                ' ' => spec.space = true,
                _ => break,
            }
            self.rest = &self.rest[1..];
        }
        spec
    }

    fn eat(&mut self, char: char) -> bool {
        let rest = self.rest.strip_prefix(char);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Reads the number of an operand, as in `%[2]d`; whether there is one. It may not be `good`.
    fn choose(&mut self, good: &mut bool) -> bool {
        if !self.rest.starts_with('[') {
            return false;
        }
        self.reordered = true;
        let Some((inner, after)) = self.rest[1..].split_once(']').filter(|_| self.rest.len() > 2) else {
            *good = false;
            self.rest = &self.rest[1..];
            return false;
        };
        self.rest = after;
        let digits = !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.then(|| inner.parse::<usize>().ok()).flatten();
        match number.and_then(|number| number.checked_sub(1)).filter(|index| *index < self.operands.len()) {
            Some(index) => {
                self.next = index;
                true
            }
            None => {
                *good = false;
                // What is no number at all was not a choice.
                number.is_some()
            }
        }
    }

    /// Reads a number.
    fn count(&mut self) -> Count {
        let length = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        match digits.parse::<usize>() {
            _ if digits.is_empty() => Count::None,
            Ok(number) if number <= WIDEST => Count::Number(number),
            _ => Count::TooLarge,
        }
    }

    /// The operand at hand as a width or precision.
    fn operand_as_count(&mut self) -> Option<isize> {
        let operand = self.operands.get(self.next)?;
        self.next += 1;
        let number = match &operand.value {
            Value::Number(number) => isize::try_from(number.as_i64()?).ok()?,
            _ => return None,
        };
        (number.unsigned_abs() <= WIDEST).then_some(number)
    }
}

// === impl Printer ===

impl Printer {
    /// Says which operands no verb asked for.
    fn extra(&mut self, operands: &[Operand]) -> Result<(), TooLong> {
        if operands.is_empty() {
            return Ok(());
        }
        self.out.push_str("%!(EXTRA ");
        for (index, operand) in operands.iter().enumerate() {
            if index > 0 {
                self.out.push_str(", ");
            }
            if !operand.value.is_null() {
                self.out.push_str(type_of(&operand.value));
                self.out.push('=');
            }
            self.operand(operand, &Spec::default(), 'v')?;
        }
        self.out.push(')');
        Ok(())
    }
}

//! Go's `print`, `println` and `printf`, for JSON values.
//!
//! A text is Go's `string`, a whole number its `int`, another its `float64`, a list its `[]interface {}`, a map its
//! `map[string]interface {}`. What cannot be printed as it is asked for is said in the result, never an error, as Go
//! does. The one error is a result that would be too long.

mod format;
mod number;
mod spec;

use std::fmt::Write as _;

use serde_json::{Number, Value};

pub(in crate::render::helper) use self::format::printf;
use self::spec::Spec;
use super::quote;
use crate::render::escape;

/// How deep lists and maps are printed.
const DEEPEST: usize = 100;

/// A value to print.
#[derive(Debug, Clone)]
pub(in crate::render::helper) struct Operand {
    /// The value without marks.
    value: Value,
    /// Whether anything in it was marked: what is printed of it is marked again.
    marked: bool,
}

/// The result would be longer than it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render::helper) struct TooLong;

/// A text that is being printed.
struct Printer {
    out: String,
    /// How many bytes it may have.
    most: usize,
}

/// The values one after the other, with spaces between those of which neither is a text: `most` bytes at most.
///
/// # Errors
/// The text would be too long.
pub(in crate::render::helper) fn print(operands: &[Operand], most: usize) -> Result<String, TooLong> {
    let mut printer = Printer { out: String::new(), most };
    for (index, operand) in operands.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| operands.get(before));
        if before.is_some_and(|before| !before.value.is_string() && !operand.value.is_string()) {
            printer.out.push(' ');
        }
        printer.operand(operand, &Spec::default(), 'v')?;
    }
    Ok(printer.out)
}

/// The values with spaces between them and a line break at the end: `most` bytes at most.
///
/// # Errors
/// The text would be too long.
pub(in crate::render::helper) fn println(operands: &[Operand], most: usize) -> Result<String, TooLong> {
    let mut printer = Printer { out: String::new(), most };
    for (index, operand) in operands.iter().enumerate() {
        if index > 0 {
            printer.out.push(' ');
        }
        printer.operand(operand, &Spec::default(), 'v')?;
    }
    printer.out.push('\n');
    Ok(printer.out)
}

// === impl Operand ===

impl From<&Value> for Operand {
    fn from(value: &Value) -> Self {
        let mut marked = false;
        Self { value: without_marks(value, &mut marked), marked }
    }
}

fn without_marks(value: &Value, marked: &mut bool) -> Value {
    let mut plain = |text: &str| {
        let plain = escape::plain(text).into_owned();
        *marked |= plain.len() != text.len();
        plain
    };
    match value {
        Value::String(text) => Value::String(plain(text)),
        Value::Array(list) => Value::Array(list.iter().map(|value| without_marks(value, marked)).collect()),
        Value::Object(map) => {
            Value::Object(map.iter().map(|(name, value)| (name.clone(), without_marks(value, marked))).collect())
        }
        other => other.clone(),
    }
}

// === impl Printer ===

impl Printer {
    /// Prints the operand; what is printed of one that was marked is marked.
    fn operand(&mut self, operand: &Operand, spec: &Spec, verb: char) -> Result<(), TooLong> {
        let start = self.out.len();
        self.value(&operand.value, spec, verb, 0)?;
        if operand.marked {
            let printed = self.out.split_off(start);
            self.out.push_str(&escape::mark(printed, true));
        }
        if self.out.len() > self.most { Err(TooLong) } else { Ok(()) }
    }

    fn value(&mut self, value: &Value, spec: &Spec, verb: char, depth: usize) -> Result<(), TooLong> {
        match (value, verb) {
            (Value::Null, 'v') if depth > 0 && spec.go_syntax => self.out.push_str("interface {}(nil)"),
            // Within a list nothing is nothing, whatever the verb.
            (Value::Null, _) if depth > 0 => self.out.push_str("<nil>"),
            (Value::Null, 'T' | 'v') => spec.pad(&mut self.out, "<nil>"),
            (_, 'T') if depth == 0 => spec.text(&mut self.out, type_of(value)),
            (Value::Bool(truth), 't' | 'v') => spec.pad(&mut self.out, if *truth { "true" } else { "false" }),
            (Value::Number(number), _) if spec.number(&mut self.out, number, verb) => {}
            (Value::String(text), 'v') if spec.go_syntax => spec.quoted(&mut self.out, text),
            (Value::String(text), 's' | 'v') => spec.text(&mut self.out, text),
            (Value::String(text), 'q') => spec.quoted(&mut self.out, text),
            (Value::String(text), 'x' | 'X') => spec.bytes(&mut self.out, text, verb),
            (Value::Array(_) | Value::Object(_), _) if depth < DEEPEST && !matches!(verb, 'p' | 'w') => {
                self.several(value, spec, verb, depth)?;
            }
            _ => self.bad_verb(value, spec, verb, depth)?,
        }
        if self.out.len() > self.most { Err(TooLong) } else { Ok(()) }
    }

    /// Prints a list or a map.
    fn several(&mut self, value: &Value, spec: &Spec, verb: char, depth: usize) -> Result<(), TooLong> {
        let go_syntax = verb == 'v' && spec.go_syntax;
        let (between, end) = if go_syntax { (", ", '}') } else { (" ", ']') };
        self.out.push_str(match value {
            _ if go_syntax => type_of(value),
            Value::Object(_) => "map",
            _ => "",
        });
        self.out.push(if go_syntax { '{' } else { '[' });
        let entries: Vec<(Option<&String>, &Value)> = match value {
            Value::Array(list) => list.iter().map(|value| (None, value)).collect(),
            Value::Object(map) => {
                let mut entries: Vec<_> = map.iter().map(|(name, value)| (Some(name), value)).collect();
                entries.sort_unstable_by_key(|(name, _)| *name);
                entries
            }
            _ => Vec::new(),
        };
        for (index, (name, value)) in entries.into_iter().enumerate() {
            if index > 0 {
                self.out.push_str(between);
            }
            if let Some(name) = name {
                self.value(&Value::from(name.as_str()), spec, verb, depth + 1)?;
                self.out.push(':');
            }
            self.value(value, spec, verb, depth + 1)?;
        }
        self.out.push(end);
        Ok(())
    }

    /// Says that the verb cannot print the value: `%!d(string=hi)`.
    fn bad_verb(&mut self, value: &Value, spec: &Spec, verb: char, depth: usize) -> Result<(), TooLong> {
        // Writing to a String cannot fail.
        let _ = write!(self.out, "%!{verb}(");
        match value {
            Value::Null => self.out.push_str("<nil>"),
            _ if depth >= DEEPEST => self.out.push('…'),
            _ => {
                let _ = write!(self.out, "{}=", type_of(value));
                self.value(value, spec, 'v', 0)?;
            }
        }
        self.out.push(')');
        Ok(())
    }
}

/// What Go calls the value's type.
fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "<nil>",
        Value::Bool(_) => "bool",
        Value::Number(number) if is_float(number) => "float64",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        Value::Object(_) => "map[string]interface {}",
    }
}

fn is_float(number: &Number) -> bool {
    number.is_f64()
}

#[cfg(test)]
mod tests;

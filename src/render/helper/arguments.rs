//! The arguments of a call, read as what a helper needs.
//!
//! A missing value counts as nothing of the kind that is asked for. What is read as text is read without its mark, and
//! that there was one is remembered, so that what is made of it can be marked again.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Display;
use std::sync::LazyLock;

use handlebars::{Helper, RenderError};
use serde_json::{Map, Value};

use super::call::{most_bytes, most_elements, too_long, too_many};
use super::shown::{self, shown};
use super::{argument, wrong};
use crate::render::escape;

/// The arguments of one call.
pub(super) struct Arguments<'a> {
    helper: &'a Helper<'a>,
    /// Whether a text that was read is foreign.
    foreign: Cell<bool>,
}

/// A text that a helper puts together; it is refused when it grows too long.
pub(super) struct Building<'a> {
    given: &'a Arguments<'a>,
    text: String,
    most: usize,
}

static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

// === impl Arguments ===

impl<'a> Arguments<'a> {
    /// Those of `helper`.
    pub(super) fn of(helper: &'a Helper<'a>) -> Self {
        Self { helper, foreign: Cell::new(false) }
    }

    /// The helper that is called.
    pub(super) fn name(&self) -> &'a str {
        self.helper.name()
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.helper.params().len()
    }

    /// The argument as it is; null when there is none.
    pub(super) fn value(&self, index: usize) -> &'a Value {
        argument(self.helper, index)
    }

    /// All arguments from one on.
    pub(super) fn values(&self, from: usize) -> impl Iterator<Item = &'a Value> {
        self.helper.params().iter().skip(from).map(|argument| argument.value())
    }

    /// What is given under `name`; null when nothing is.
    pub(super) fn named(&self, name: &str) -> &'a Value {
        self.helper.hash_get(name).map_or(&Value::Null, |value| value.value())
    }

    /// The text at `index`, without its mark.
    ///
    /// # Errors
    /// It is a list or a map.
    pub(super) fn text(&self, index: usize) -> Result<Cow<'a, str>, RenderError> {
        self.read(self.value(index))
    }

    /// `value` as text, without its mark; numbers and truth in words.
    ///
    /// # Errors
    /// It is a list or a map.
    pub(super) fn read(&self, value: &'a Value) -> Result<Cow<'a, str>, RenderError> {
        match value {
            Value::String(text) => {
                let plain = escape::plain(text);
                if plain.len() != text.len() {
                    self.foreign.set(true);
                }
                Ok(plain)
            }
            Value::Array(_) | Value::Object(_) => Err(self.wrong(format!("{} is no text", kind(value)))),
            Value::Null => Ok(Cow::Borrowed("")),
            other => Ok(Cow::Owned(shown(other))),
        }
    }

    /// `value` as Go prints it, whatever it is, without marks; nothing when it is missing.
    pub(super) fn print(&self, value: &'a Value) -> Cow<'a, str> {
        match value {
            Value::String(_) => self.read(value).unwrap_or_default(),
            Value::Null => Cow::Borrowed(""),
            other => {
                let whole = shown(other);
                let plain = escape::plain(&whole).into_owned();
                self.foreign.set(self.foreign.get() || plain.len() != whole.len());
                Cow::Owned(plain)
            }
        }
    }

    /// The whole number at `index`, as sprig reads it: a fraction is cut off, and a text that is no number counts as 0.
    ///
    /// # Errors
    /// It is a list or a map, or too large.
    pub(super) fn integer(&self, index: usize) -> Result<i64, RenderError> {
        self.whole(self.value(index))
    }

    /// `value` as a whole number: see [`Arguments::integer`].
    ///
    /// # Errors
    /// It is a list or a map, or too large.
    pub(super) fn whole(&self, value: &Value) -> Result<i64, RenderError> {
        Ok(match value {
            Value::Null => 0,
            Value::Bool(true) => 1,
            Value::Bool(false) => 0,
            Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(whole), _) => whole,
                // 2⁶³ is the first that is no i64; what has a fraction is far below.
                (None, Some(float)) if float.abs() < 9_223_372_036_854_775_808.0 => float.trunc() as i64,
                _ => return Err(self.wrong(format!("{number} is too large"))),
            },
            Value::String(text) => {
                let text = escape::plain(text);
                match shown::whole(&text) {
                    Some(whole) => whole,
                    // Sprig takes `97.25` for 0; nobody who writes it means that.
                    None => return self.whole(&Value::from(self.float(value)?)),
                }
            }
            other => return Err(self.wrong(format!("{} is no number", kind(other)))),
        })
    }

    /// `value` as a number with a fraction; a text that is none counts as 0.
    ///
    /// # Errors
    /// It is a list or a map.
    pub(super) fn float(&self, value: &Value) -> Result<f64, RenderError> {
        Ok(match value {
            Value::Null | Value::Bool(false) => 0.0,
            Value::Bool(true) => 1.0,
            Value::Number(number) => number.as_f64().unwrap_or(0.0),
            Value::String(text) => {
                escape::plain(text).parse().ok().filter(|number: &f64| number.is_finite()).unwrap_or(0.0)
            }
            other => return Err(self.wrong(format!("{} is no number", kind(other)))),
        })
    }

    /// A count at `index`: a whole number from 0 on.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn size(&self, index: usize) -> Result<usize, RenderError> {
        let number = self.integer(index)?;
        usize::try_from(number).map_err(|_| self.wrong(format!("{number} is less than nothing")))
    }

    /// The list at `index`.
    ///
    /// # Errors
    /// It is something else.
    pub(super) fn list(&self, index: usize) -> Result<&'a [Value], RenderError> {
        match self.value(index) {
            Value::Array(list) => Ok(list),
            Value::Null => Ok(&[]),
            other => Err(self.wrong(format!("{} is no list", kind(other)))),
        }
    }

    /// The map at `index`.
    ///
    /// # Errors
    /// It is something else.
    pub(super) fn map(&self, index: usize) -> Result<&'a Map<String, Value>, RenderError> {
        match self.value(index) {
            Value::Object(map) => Ok(map),
            Value::Null => Ok(&NOTHING),
            other => Err(self.wrong(format!("{} has no names and values", kind(other)))),
        }
    }

    /// A text made of the texts that were read: foreign if any of them was.
    pub(super) fn made(&self, text: impl Into<String>) -> Value {
        Value::String(escape::mark(text.into(), self.foreign.get()))
    }

    /// A list that a helper made; refused when it has too many elements.
    ///
    /// # Errors
    /// It has.
    pub(super) fn bounded(&self, list: impl Iterator<Item = Value>) -> Result<Value, RenderError> {
        let most = most_elements(self.helper);
        let list: Vec<Value> = list.take(most + 1).collect();
        if list.len() > most { Err(self.wrong(too_many())) } else { Ok(Value::Array(list)) }
    }

    /// An empty text to put together.
    pub(super) fn build(&self) -> Building<'_> {
        Building { given: self, text: String::new(), most: most_bytes(self.helper) }
    }

    /// The error of this call.
    pub(super) fn wrong(&self, message: impl Display) -> RenderError {
        wrong(self.name(), message)
    }
}

// === impl Building ===

impl Building<'_> {
    /// Appends a piece.
    ///
    /// # Errors
    /// The text would be too long.
    pub(super) fn push(&mut self, piece: &str) -> Result<(), RenderError> {
        if self.text.len() + piece.len() > self.most {
            return Err(self.given.wrong(too_long()));
        }
        self.text.push_str(piece);
        Ok(())
    }

    /// What there is yet.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The text as a value, foreign if what was read is.
    pub(super) fn done(self) -> Value {
        self.given.made(self.text)
    }
}

/// `{{name text}}` that only changes its text.
pub(super) fn change(helper: &Helper<'_>, change: impl FnOnce(&str) -> String) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let text = given.text(0)?;
    Ok(given.made(change(&text)))
}

/// The largest number of bytes up to `at` after which `text` can be cut.
pub(super) fn boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// What kind of value it is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

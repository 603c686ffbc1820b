//! The arguments of a call, read as what a helper needs.
//!
//! A missing value counts as nothing of the kind that is asked for. What is read as text is read without its mark, and
//! that there was one is remembered, so that what is made of it can be marked again.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::Display;
use std::sync::LazyLock;

use handlebars::{Helper, JsonRender, RenderError};
use serde_json::{Map, Value};

use super::{argument, wrong};
use crate::render::escape;

/// The arguments of one call.
pub(super) struct Arguments<'a> {
    helper: &'a Helper<'a>,
    /// Whether a text that was read is foreign.
    foreign: Cell<bool>,
}

static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

// === impl Arguments ===

impl<'a> Arguments<'a> {
    /// Those of `helper`.
    pub(super) fn of(helper: &'a Helper<'a>) -> Self {
        Self { helper, foreign: Cell::new(false) }
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
            other => Ok(Cow::Owned(other.render())),
        }
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

    /// The error of this call.
    pub(super) fn wrong(&self, message: impl Display) -> RenderError {
        wrong(self.helper.name(), message)
    }
}

/// What kind of value it is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "names with values",
    }
}

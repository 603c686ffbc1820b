//! Values of Handlebars, and how they are written.

use std::fmt::Write;

use serde_json::Value as Json;

use super::kind::Kind;

/// A value that a Go template makes, as Handlebars makes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Value {
    /// What it is in Go.
    pub kind: Kind,
    /// How Handlebars comes by it.
    pub code: Code,
}

/// How Handlebars comes by a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Code {
    /// It stands in the data.
    Place(Place),
    /// It stands in the template.
    Literal(Json),
    /// A helper makes it.
    Call(&'static str, Vec<Code>),
}

/// A place in the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Inside how many of the template's own `each` and `with` it is looked up from.
    pub depth: usize,
    /// `index` or `key`, when it is one of the names that a loop gives.
    pub local: Option<&'static str>,
    /// The names that lead there.
    pub steps: Vec<String>,
}

// === impl Value ===

impl Value {
    pub(super) fn new(kind: Kind, code: Code) -> Self {
        Self { kind, code }
    }

    /// What the helper `name` makes of `arguments`.
    pub(super) fn call(kind: Kind, name: &'static str, arguments: impl IntoIterator<Item = Code>) -> Self {
        Self::new(kind, Code::Call(name, arguments.into_iter().collect()))
    }

    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::new(Kind::Text, Code::Literal(Json::String(text.into())))
    }

    pub(super) fn whole(whole: i64) -> Self {
        Self::new(Kind::Whole, Code::Literal(Json::from(whole)))
    }

    /// The text that it is, when that stands in the template.
    pub(super) fn as_text(&self) -> Option<&str> {
        match &self.code {
            Code::Literal(Json::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The whole number that it is, when that stands in the template.
    pub(super) fn as_whole(&self) -> Option<i64> {
        match &self.code {
            Code::Literal(Json::Number(number)) => number.as_i64().or_else(|| {
                let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < 9e18)?;
                // It is whole and in range.
                #[allow(clippy::cast_possible_truncation)]
                Some(float as i64)
            }),
            _ => None,
        }
    }
}

// === impl Code ===

impl Code {
    /// As an argument, inside of `depth` of the template's own `each` and `with`.
    pub(super) fn argument(&self, depth: usize) -> String {
        match self {
            Self::Place(place) => place.path(depth),
            Self::Literal(literal) => literal_of(literal),
            Self::Call(..) => format!("({})", self.bare(depth)),
        }
    }

    /// As the whole of a tag, or after the word of a block.
    pub(super) fn bare(&self, depth: usize) -> String {
        match self {
            Self::Call(name, arguments) => {
                let mut call = (*name).to_owned();
                for argument in arguments {
                    call.push(' ');
                    call.push_str(&argument.argument(depth));
                }
                call
            }
            other => other.argument(depth),
        }
    }
}

/// A literal as Handlebars reads it.
fn literal_of(literal: &Json) -> String {
    match literal {
        Json::Number(number) if number.is_f64() => {
            let float = number.as_f64().unwrap_or_default();
            let plain = format!("{float:?}");
            if plain.contains('e') { format!("(float64 \"{plain}\")") } else { plain }
        }
        other => other.to_string(),
    }
}

// === impl Place ===

impl Place {
    /// The dot inside of `depth` of the template's own `each` and `with`.
    pub(super) fn dot(depth: usize) -> Self {
        Self { depth, local: None, steps: Vec::new() }
    }

    /// What stands there under `step`.
    pub(super) fn step(&self, step: impl Into<String>) -> Self {
        let mut place = self.clone();
        place.steps.push(step.into());
        place
    }

    fn path(&self, depth: usize) -> String {
        let ups = "../".repeat(depth.saturating_sub(self.depth));
        if let Some(local) = self.local {
            return format!("@{ups}{local}");
        }
        let mut path = ups;
        if self.steps.is_empty() {
            path.push_str("this");
        }
        for (index, step) in self.steps.iter().enumerate() {
            let dot = if index > 0 { "." } else { "" };
            let _ = if is_plain(step) { write!(path, "{dot}{step}") } else { write!(path, "{dot}[{step}]") };
        }
        path
    }
}

/// Whether a name can stand in a path as it is.
fn is_plain(step: &str) -> bool {
    let words = ["this", "as", "else", "true", "false", "null"];
    step.starts_with(|char: char| char.is_alphabetic() || char == '_')
        && step.chars().all(|char| char.is_alphanumeric() || matches!(char, '_' | '-'))
        && !words.contains(&step)
}

/// Whether a name can stand in a path at all.
pub(super) fn can_be_step(name: &str) -> bool {
    // Handlebars passes over a step of this name.
    !name.is_empty() && name != "this" && !name.contains([']', '\n', '\r', '{', '}'])
}

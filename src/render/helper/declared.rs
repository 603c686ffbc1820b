//! How helpers are declared: one line of a table each.

use handlebars::template::Parameter;
use handlebars::{Helper, RenderError};
use serde_json::Value;

use super::Scope;

/// A helper.
#[derive(Clone, Copy)]
pub(super) struct Declared {
    /// What it is called by.
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// How few and how many arguments it takes.
    pub(super) arguments: (usize, usize),
    /// The names it takes values under, as in `before=" · "`.
    named: &'static [&'static str],
    /// A right call, for the message when one is wrong.
    pub(super) usage: &'static str,
    /// What does its work.
    pub(super) how: How,
    /// What is wrong with arguments that the template spells out.
    check: Option<Check>,
}

/// Where a helper may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `{{#name …}}…{{/name}}`
    Block,
    /// `{{name …}}` or `(name …)`
    Value,
    /// Either; as a block it tests its value.
    Both,
}

/// What does a helper's work.
#[derive(Clone, Copy)]
pub(super) enum How {
    /// A function of the arguments and the rendering.
    Function(Run),
    /// A function that looks at the place where it is called as well.
    Here(RunHere),
    /// The loop.
    Loop,
    /// The block about one value.
    With,
    /// Handlebars itself.
    Handlebars,
}

/// What a helper makes of its arguments.
pub(super) type Run = fn(&Scope<'_>, &Helper<'_>) -> Result<Value, RenderError>;
/// What a helper makes of its arguments and of the paths that it looks up where it is called.
pub(super) type RunHere = fn(&Scope<'_>, &Helper<'_>, &dyn Fn(&str) -> Value) -> Result<Value, RenderError>;
/// What is wrong with arguments, as far as it can be told before rendering.
pub(super) type Check = fn(&[Parameter]) -> Result<(), String>;

/// As many arguments as anybody writes. That it is not without an end bounds what one call can put together.
pub(super) const MANY: usize = 100;

/// `{{name …}}` with a number of arguments between the two.
pub(super) const fn value(name: &'static str, arguments: (usize, usize), usage: &'static str, run: Run) -> Declared {
    Declared { name, form: Form::Value, arguments, named: &[], usage, how: How::Function(run), check: None }
}

/// `{{name …}}`, or `{{#name …}}` where it tests the value.
pub(super) const fn both(name: &'static str, arguments: (usize, usize), usage: &'static str, run: Run) -> Declared {
    Declared { form: Form::Both, ..value(name, arguments, usage, run) }
}

/// `{{name …}}` that looks at where it stands.
pub(super) const fn here(name: &'static str, arguments: (usize, usize), usage: &'static str, run: RunHere) -> Declared {
    Declared { name, form: Form::Value, arguments, named: &[], usage, how: How::Here(run), check: None }
}

/// `{{#name …}}` of one argument.
pub(super) const fn block(name: &'static str, usage: &'static str, how: How) -> Declared {
    Declared { name, form: Form::Block, arguments: (1, 1), named: &[], usage, how, check: None }
}

// === impl Declared ===

impl Declared {
    /// Takes values under these names as well.
    pub(super) const fn named(self, named: &'static [&'static str]) -> Self {
        Self { named, ..self }
    }

    /// Judges arguments that are spelled out when the template is loaded.
    pub(super) const fn checked(self, check: Check) -> Self {
        Self { check: Some(check), ..self }
    }

    /// Whether it may be called with these arguments.
    ///
    /// # Errors
    /// What is wrong and what to write instead.
    pub(super) fn check(&self, arguments: &[Parameter], named: &[&str], block: bool) -> Result<(), String> {
        let Self { name, usage, .. } = self;
        if block != (self.form == Form::Block) && self.form != Form::Both {
            let field = match arguments {
                [] if block => format!("; to test a value of that name, {{{{#if {name}}}}}"),
                _ => String::new(),
            };
            return Err(format!("{name} is not used this way: write {usage}{field}"));
        }
        let (least, most) = self.arguments;
        if !(least..=most).contains(&arguments.len()) {
            let field = match arguments {
                [] if !block => format!("; to show a value of that name, {{{{this.{name}}}}}"),
                _ => String::new(),
            };
            return Err(format!("{name} got {} arguments: write {usage}{field}", arguments.len()));
        }
        if let Some(unknown) = named.iter().find(|name| !self.named.contains(*name)) {
            return Err(match self.named {
                [] => format!("{name} takes nothing by name, but got {unknown}=: write {usage}"),
                known => format!("{name} knows no {unknown}=, but {}: write {usage}", known.join("= and ") + "="),
            });
        }
        self.check.map_or(Ok(()), |check| check(arguments))
    }
}

//! Go's `print`, `println` and `printf`.
//!
//! What is printed of a foreign value stays foreign; the format is the template's own, and stays as it is.

use handlebars::template::Parameter;
use handlebars::{Helper, RenderError};
use serde_json::Value;

use super::arguments::{Arguments, kind};
use super::call::{most_bytes, too_long, weight};
use super::go::fmt::{self, Operand, TooLong};
use super::{Declared, MANY, Scope, value};
use crate::render::escape;

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("print", (0, MANY), r#"{{print "up for " annotations.minutes}}"#, print),
    value("println", (0, MANY), r#"{{println "up for" annotations.minutes}}"#, println),
    value("printf", (1, MANY), r#"{{printf "%.1f %%" annotations.share}}"#, printf).checked(check_printf),
];

/// `{{print "up for " annotations.minutes}}`: the values, with spaces between those of which neither is a text.
fn print(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let operands = operands(scope, helper, 0)?;
    printed(helper, fmt::print(&operands, most_bytes(helper)))
}

/// `{{println "up for" annotations.minutes}}`: the values with spaces between them, and a line break.
fn println(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let operands = operands(scope, helper, 0)?;
    printed(helper, fmt::println(&operands, most_bytes(helper)))
}

/// `{{printf "%.1f %%" annotations.share}}`: the values as the format says.
fn printf(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let format = given.text(0)?;
    let operands = operands(scope, helper, 1)?;
    let text = printed(helper, fmt::printf(&format, &operands, most_bytes(helper)))?;
    let foreign = matches!(given.value(0), Value::String(whole) if whole.len() != format.len());
    Ok(match text {
        // A foreign format may say anything between the values.
        Value::String(text) if foreign => given.made(escape::plain(&text)),
        text => text,
    })
}

fn check_printf(arguments: &[Parameter]) -> Result<(), String> {
    match arguments.first() {
        Some(Parameter::Literal(format)) if !format.is_string() => {
            Err(format!("printf: the format is {}; expected a text such as \"%.1f %%\"", kind(format)))
        }
        _ => Ok(()),
    }
}

/// The arguments from one on. Whatever they hold is read, so all of it is paid for.
fn operands(scope: &Scope<'_>, helper: &Helper<'_>, from: usize) -> Result<Vec<Operand>, RenderError> {
    let given = Arguments::of(helper);
    given
        .values(from)
        .map(|value| {
            scope.pay(helper.name(), weight(value).map_err(|message| given.wrong(message))?)?;
            // A label that is missing is an empty text in Go.
            Ok(if value.is_null() { Operand::from(&Value::from("")) } else { Operand::from(value) })
        })
        .collect()
}

fn printed(helper: &Helper<'_>, text: Result<String, TooLong>) -> Result<Value, RenderError> {
    text.map(Value::String).map_err(|TooLong| Arguments::of(helper).wrong(too_long()))
}

#[cfg(test)]
mod tests;

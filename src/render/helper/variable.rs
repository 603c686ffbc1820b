//! Variables, for templates that were turned from Go.

use handlebars::{Helper, RenderError};
use serde_json::Value;

use super::{Arguments, Declared, Scope, kind, value};
use crate::render::escape;

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("let", (2, 2), r#"{{let "worst" severity}}"#, set),
    value("var", (1, 1), r#"{{var "worst"}}"#, get),
];

/// How many variables a rendering may have.
const MOST_VARIABLES: usize = 1_000;

/// Prints nothing.
fn set(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let value = given.value(1).clone();
    // The result of a call is weighed; what this one keeps is not its result.
    let bytes = super::call::weight(&value).map_err(|message| given.wrong(message))?;
    scope.pay("let", bytes)?;
    if !scope.set_variable(name(&given)?, value, MOST_VARIABLES) {
        return Err(given.wrong(format!("there are {MOST_VARIABLES} variables already")));
    }
    Ok(Value::Null)
}

/// Nothing when it was never set.
fn get(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(scope.variable(&name(&Arguments::of(helper))?))
}

fn name(given: &Arguments<'_>) -> Result<String, RenderError> {
    match given.value(0) {
        Value::String(name) => Ok(escape::plain(name).into_owned()),
        other => Err(given.wrong(format!("{} is no name", kind(other)))),
    }
}

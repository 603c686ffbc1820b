//! Helpers that choose between values, and tell what they are.

use handlebars::{Helper, JsonTruthy, RenderError};
use serde_json::Value;

use super::{Arguments, Declared, MANY, Scope, both, value};

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("default", (2, 2), r#"{{default "nobody" labels.owner}}"#, |_, helper| Ok(first_of(&[1, 0], helper))),
    both("empty", (1, 1), "{{#if (empty labels.owner)}}…{{/if}}", |_, helper| Ok(Value::Bool(!Arguments::of(helper).value(0).is_truthy(false)))),
    value("coalesce", (1, MANY), "{{coalesce labels.pod labels.node labels.instance}}", coalesce),
    value("ternary", (3, 3), r#"{{ternary "day" "night" (eq labels.shift "1")}}"#, ternary),
    value("kindOf", (1, 1), "{{kindOf labels}}", |_, helper| Ok(Value::from(kind_of(Arguments::of(helper).value(0))))),
    both("kindIs", (2, 2), r#"{{#if (kindIs "string" labels.pod)}}…{{/if}}"#, kind_is),
];

/// The first of these arguments that is something, else the last of them.
fn first_of(indices: &[usize], helper: &Helper<'_>) -> Value {
    let given = Arguments::of(helper);
    let mut values = indices.iter().map(|index| given.value(*index));
    let last = indices.last().map_or(&Value::Null, |index| given.value(*index));
    values.find(|value| value.is_truthy(false)).unwrap_or(last).clone()
}

fn coalesce(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Arguments::of(helper).values(0).find(|value| value.is_truthy(false)).cloned().unwrap_or_default())
}

fn ternary(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    Ok(given.value(if given.value(2).is_truthy(false) { 0 } else { 1 }).clone())
}

/// What Go would call it.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "invalid",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int",
        Value::String(_) => "string",
        Value::Array(_) => "slice",
        Value::Object(_) => "map",
    }
}

fn kind_is(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    Ok(Value::Bool(given.text(0)? == kind_of(given.value(1))))
}

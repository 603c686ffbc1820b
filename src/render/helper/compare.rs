//! Helpers that compare and decide.
//!
//! Values are compared as their sender wrote them: without marks, and a number in a text counts as a number where it
//! stands beside one, because labels are text.

use std::cmp::Ordering;

use handlebars::{Helper, JsonTruthy, RenderError};
use serde_json::{Number, Value};

use super::call::weight;
use super::{Arguments, Declared, MANY, Scope, both, kind};
use crate::render::escape;

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    both("eq", (2, MANY), r#"{{#if (eq status "firing")}}…{{/if}}"#, |scope, helper| equal(scope, helper).map(Value::Bool)),
    both("ne", (2, 2), r#"{{#if (ne status "firing")}}…{{/if}}"#, |scope, helper| Ok(Value::Bool(!equal(scope, helper)?))),
    both("gt", (2, 2), "{{#if (gt (len firing) 5)}}…{{/if}}", |_, helper| ordered(helper, Ordering::is_gt)),
    both("gte", (2, 2), "{{#if (gte (len firing) 5)}}…{{/if}}", |_, helper| ordered(helper, Ordering::is_ge)),
    both("ge", (2, 2), "{{#if (ge (len firing) 5)}}…{{/if}}", |_, helper| ordered(helper, Ordering::is_ge)),
    both("lt", (2, 2), "{{#if (lt (len firing) 5)}}…{{/if}}", |_, helper| ordered(helper, Ordering::is_lt)),
    both("lte", (2, 2), "{{#if (lte (len firing) 5)}}…{{/if}}", |_, helper| ordered(helper, Ordering::is_le)),
    both("le", (2, 2), "{{#if (le (len firing) 5)}}…{{/if}}", |_, helper| ordered(helper, Ordering::is_le)),
    both("and", (1, MANY), "{{#if (and firing resolved)}}…{{/if}}", |_, helper| Ok(deciding(helper, false))),
    both("or", (1, MANY), "{{#if (or labels.pod labels.node)}}…{{/if}}", |_, helper| Ok(deciding(helper, true))),
    both("not", (1, 1), "{{#if (not labels.pod)}}…{{/if}}", |_, helper| Ok(Value::Bool(!Arguments::of(helper).value(0).is_truthy(false)))),
];

/// Whether the first argument equals any of the others, as in Go.
fn equal(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<bool, RenderError> {
    let given = Arguments::of(helper);
    let first = given.value(0);
    for other in given.values(1) {
        if same(scope, helper.name(), first, other)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether two values are the same: texts without their marks, numbers by what they count.
///
/// # Errors
/// They are too large to be compared with the fuel that is left.
pub(super) fn same(scope: &Scope<'_>, helper: &str, left: &Value, right: &Value) -> Result<bool, RenderError> {
    if matches!((left, right), (Value::Array(_), Value::Array(_)) | (Value::Object(_), Value::Object(_))) {
        // Texts were paid for, what is in lists was not.
        scope.pay(helper, weight(left).unwrap_or(usize::MAX).min(weight(right).unwrap_or(usize::MAX)))?;
    }
    Ok(alike(left, right))
}

fn alike(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::String(left), Value::String(right)) => escape::plain(left) == escape::plain(right),
        (Value::Number(left), Value::Number(right)) => numbers(left, right) == Some(Ordering::Equal),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| alike(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| alike(value, other)))
        }
        // What is missing says as much as an empty text.
        (Value::Null, Value::String(text)) | (Value::String(text), Value::Null) => escape::plain(text).is_empty(),
        (left, right) => left == right,
    }
}

fn ordered(helper: &Helper<'_>, holds: fn(Ordering) -> bool) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (left, right) = (given.value(0), given.value(1));
    if let Some(odd) = [left, right].into_iter().find(|value| matches!(value, Value::Array(_) | Value::Object(_))) {
        return Err(given.wrong(format!("{} cannot be compared", kind(odd))));
    }
    Ok(Value::Bool(order(left, right).is_some_and(holds)))
}

/// Which value comes first. What is missing counts as nothing of the other's kind.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => numbers(left, right),
        (Value::String(left), Value::String(right)) => Some(escape::plain(left).cmp(&escape::plain(right))),
        (Value::Bool(left), Value::Bool(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::String(right)) => numbers(left, &escape::plain(right).trim().parse().ok()?),
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Null, Value::Number(right)) => numbers(&Number::from(0), right),
        (Value::Null, Value::String(right)) => Some("".cmp(right.as_str())),
        (Value::Null, Value::Bool(right)) => Some(false.cmp(right)),
        (Value::String(_) | Value::Number(_) | Value::Bool(_), Value::Null) | (Value::String(_), Value::Number(_)) => {
            order(right, left).map(Ordering::reverse)
        }
        _ => None,
    }
}

fn numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

/// The argument that decides, as in Go: the first that is true, or else is not, as `wanted`; else the last.
fn deciding(helper: &Helper<'_>, wanted: bool) -> Value {
    let given = Arguments::of(helper);
    let found = given.values(0).find(|value| value.is_truthy(false) == wanted);
    found.unwrap_or_else(|| given.value(given.count().saturating_sub(1))).clone()
}

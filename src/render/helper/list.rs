//! Helpers for lists.

use std::collections::HashSet;

use handlebars::{Helper, JsonTruthy, RenderError};
use serde_json::Value;

use super::arguments::boundary;
use super::call::weight;
use super::compare::same;
use super::text::texts;
use super::{Arguments, Declared, MANY, Scope, both, kind, value};
use crate::render::escape;

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("len", (1, 1), "{{len firing}}", len),
    value("index", (2, MANY), r#"{{index labels "k8s.pod/name"}}"#, index),
    value("slice", (1, 3), "{{#each (slice firing 0 5)}}…{{/each}}", slice),
    value("list", (0, MANY), r#"{{#each (list "a" "b")}}{{this}}{{/each}}"#, |_, helper| collected(helper, 0)),
    value("tuple", (0, MANY), r#"{{#each (tuple "a" "b")}}{{this}}{{/each}}"#, |_, helper| collected(helper, 0)),
    value("stringSlice", (0, MANY), r#"{{#each (stringSlice "a" "b")}}{{this}}{{/each}}"#, |_, helper| collected(helper, 0)),
    value("append", (2, MANY), r#"{{join ", " (append (keys labels) "more")}}"#, append),
    value("push", (2, MANY), r#"{{join ", " (push (keys labels) "more")}}"#, append),
    value("prepend", (2, 2), r#"{{join ", " (prepend (keys labels) "first")}}"#, prepend),
    value("concat", (1, MANY), "{{#each (concat firing resolved)}}…{{/each}}", concat),
    value("first", (1, 1), "{{lookup (first firing) \"status\"}}", |_, helper| Ok(Arguments::of(helper).list(0)?.first().cloned().unwrap_or_default())),
    value("last", (1, 1), "{{lookup (last firing) \"status\"}}", |_, helper| Ok(Arguments::of(helper).list(0)?.last().cloned().unwrap_or_default())),
    value("rest", (1, 1), "{{#each (rest firing)}}…{{/each}}", |_, helper| part(helper, |list| list.get(1..))),
    value("initial", (1, 1), "{{#each (initial firing)}}…{{/each}}", |_, helper| part(helper, |list| list.get(..list.len().saturating_sub(1)))),
    value("reverse", (1, 1), "{{#each (reverse firing)}}…{{/each}}", |_, helper| Ok(Value::Array(Arguments::of(helper).list(0)?.iter().rev().cloned().collect()))),
    value("uniq", (1, 1), r#"{{join ", " (uniq (splitList "," labels.teams))}}"#, uniq),
    value("sortAlpha", (1, 1), r#"{{join ", " (sortAlpha (splitList "," labels.teams))}}"#, sort),
    value("compact", (1, 1), r#"{{join ", " (compact (splitList "," labels.teams))}}"#, compact),
    both("has", (2, 2), r#"{{#if (has "db" (splitList "," labels.teams))}}…{{/if}}"#, has),
    value("without", (2, MANY), r#"{{join ", " (without (splitList "," labels.teams) "db")}}"#, without),
    value("until", (1, 1), "{{#each (until 3)}}{{this}}{{/each}}", until),
    value("untilStep", (3, 3), "{{#each (untilStep 0 10 2)}}{{this}}{{/each}}", until_step),
    value("seq", (0, 3), "{{seq 1 3}}", seq),
    value("firing", (1, 1), "{{#each (firing alerts)}}…{{/each}}", |_, helper| of_status(helper, "firing")),
    value("resolved", (1, 1), "{{#each (resolved alerts)}}…{{/each}}", |_, helper| of_status(helper, "resolved")),
];

/// `{{len firing}}`: how many there are; of a text, its bytes.
fn len(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    Ok(Value::from(match given.value(0) {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        Value::String(text) => escape::plain(text).len(),
        Value::Null => 0,
        other => return Err(given.wrong(format!("{} has no length", kind(other)))),
    }))
}

/// What is found under one key after the other; nothing where there is none.
fn index(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let mut at = given.value(0);
    for key in given.values(1) {
        let found = match (at, key) {
            (Value::Object(map), Value::String(name)) => map.get(escape::plain(name).as_ref()),
            (Value::Array(list), Value::Number(_) | Value::String(_)) => {
                usize::try_from(given.whole(key)?).ok().and_then(|index| list.get(index))
            }
            (Value::Null, _) | (Value::Object(_), Value::Null) | (Value::Array(_), Value::Null) => None,
            (Value::Array(_) | Value::Object(_), key) => {
                return Err(given.wrong(format!("{} is no key", kind(key))));
            }
            (odd, _) => return Err(given.wrong(format!("nothing is found in {}", kind(odd)))),
        };
        match found {
            Some(found) => at = found,
            None => return Ok(Value::Null),
        }
    }
    Ok(at.clone())
}

fn slice(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let range = |most: usize| {
        let end = if given.count() > 2 { given.size(2)?.min(most) } else { most };
        Ok::<_, RenderError>(given.size(1)?.min(end)..end)
    };
    Ok(match given.value(0) {
        Value::Array(list) => Value::Array(list[range(list.len())?].to_vec()),
        Value::String(_) => {
            let text = given.text(0)?;
            let std::ops::Range { start, end } = range(text.len())?;
            given.made(&text[boundary(&text, start)..boundary(&text, end)])
        }
        Value::Null => Value::Null,
        other => return Err(given.wrong(format!("{} has no parts", kind(other)))),
    })
}

fn collected(helper: &Helper<'_>, from: usize) -> Result<Value, RenderError> {
    Ok(Value::Array(Arguments::of(helper).values(from).cloned().collect()))
}

fn append(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    given.bounded(given.list(0)?.iter().chain(given.values(1)).cloned())
}

fn prepend(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    given.bounded(given.values(1).chain(given.list(0)?).cloned())
}

fn concat(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let lists = (0..given.count()).map(|index| given.list(index)).collect::<Result<Vec<_>, _>>()?;
    given.bounded(lists.into_iter().flatten().cloned())
}

fn part(helper: &Helper<'_>, part: fn(&[Value]) -> Option<&[Value]>) -> Result<Value, RenderError> {
    Ok(Value::Array(part(Arguments::of(helper).list(0)?).unwrap_or_default().to_vec()))
}

fn uniq(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let list = Arguments::of(helper).list(0)?;
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for value in list {
        scope.pay("uniq", weight(value).unwrap_or(usize::MAX))?;
        if seen.insert(escape::plain(&value.to_string()).into_owned()) {
            out.push(value.clone());
        }
    }
    Ok(Value::Array(out))
}

fn sort(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let mut list = texts(helper, 0);
    list.sort_by_cached_key(|value| escape::plain(value.as_str().unwrap_or_default()).into_owned());
    Ok(Value::Array(list))
}

fn compact(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let list = Arguments::of(helper).list(0)?;
    Ok(Value::Array(list.iter().filter(|value| value.is_truthy(false)).cloned().collect()))
}

fn has(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    for value in given.list(1)? {
        if same(scope, "has", given.value(0), value)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

fn without(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let list = given.list(0)?;
    scope.pay("without", 16 * list.len() * given.count())?;
    let mut out = Vec::new();
    for value in list {
        let mut wanted = true;
        for other in given.values(1) {
            wanted &= !same(scope, "without", value, other)?;
        }
        if wanted {
            out.push(value.clone());
        }
    }
    Ok(Value::Array(out))
}

/// The numbers from `start` up, or down, to before `stop`.
fn numbers(start: i64, stop: i64, step: i64) -> impl Iterator<Item = i64> {
    let onward = move |number: &i64| if stop < start { *number > stop } else { *number < stop };
    let moves = if stop < start { step < 0 } else { step > 0 };
    std::iter::successors(moves.then_some(start), move |number| number.checked_add(step)).take_while(onward)
}

fn until(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let stop = given.integer(0)?;
    given.bounded(numbers(0, stop, if stop < 0 { -1 } else { 1 }).map(Value::from))
}

fn until_step(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    given.bounded(numbers(given.integer(0)?, given.integer(1)?, given.integer(2)?).map(Value::from))
}

/// `1 2 3`: up to a number, from one to another, or in steps of the middle one.
fn seq(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let number = |index| given.integer(index);
    let (start, end) = match given.count() {
        0 => return Ok(Value::from("")),
        1 => (1, number(0)?),
        count => (number(0)?, number(count - 1)?),
    };
    let toward = if end < start { -1 } else { 1 };
    let step = if given.count() == 3 { number(1)? } else { toward };
    let stop = end.saturating_add(toward);
    let mut out = given.build();
    for number in numbers(start, stop, step) {
        let before = if out.as_str().is_empty() { "" } else { " " };
        out.push(&format!("{before}{number}"))?;
    }
    Ok(out.done())
}

/// The alerts that fire, or are over, in the list's order.
fn of_status(helper: &Helper<'_>, status: &str) -> Result<Value, RenderError> {
    let alerts = Arguments::of(helper).list(0)?;
    let wanted = |alert: &&Value| alert["status"].as_str().is_some_and(|own| escape::plain(own) == status);
    Ok(Value::Array(alerts.iter().filter(wanted).cloned().collect()))
}

//! Helpers for names with values.
//!
//! Names are as foreign as values: what gives them as texts marks them.

use handlebars::{Helper, JsonTruthy, RenderError};
use serde_json::{Map, Value, json};

use super::declared::here;
use super::{Arguments, Declared, MANY, Scope, both, kind, value};
use crate::render::escape;

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("dict", (0, MANY), r#"{{lookup (dict "critical" "P1" "warning" "P2") severity}}"#, dict),
    value("get", (2, 2), r#"{{get labels "k8s.pod/name"}}"#, |_, helper| { let given = Arguments::of(helper); Ok(given.map(0)?.get(given.text(1)?.as_ref()).cloned().unwrap_or_else(|| Value::from(""))) }),
    both("hasKey", (2, 2), r#"{{#if (hasKey labels "pod")}}…{{/if}}"#, |_, helper| { let given = Arguments::of(helper); Ok(Value::Bool(given.map(0)?.contains_key(given.text(1)?.as_ref()))) }),
    value("keys", (1, MANY), r#"{{join ", " (keys labels)}}"#, keys),
    value("pick", (2, MANY), r#"{{pairs (pick labels "pod" "node")}}"#, |_, helper| picked(helper, true)),
    value("omit", (2, MANY), r#"{{pairs (omit labels "pod" "node")}}"#, |_, helper| picked(helper, false)),
    value("pluck", (2, MANY), r#"{{first (pluck "pod" labels commonLabels)}}"#, pluck),
    value("merge", (1, MANY), r#"{{pairs (merge labels (dict "team" "ops"))}}"#, merge),
    value("remove", (2, 2), r#"{{pairs (remove labels (list "pod" "node"))}}"#, remove),
    value("values", (1, 1), r#"{{join ", " (values labels)}}"#, values),
    value("sortedPairs", (1, 1), "{{#each (sortedPairs labels)}}{{name}}: {{value}} {{/each}}", sorted_pairs),
    here("label", (1, 2), r#"{{label "k8s.pod/name"}}"#, label),
    here("routeLabels", (1, 1), r#"{{routeLabels "team"}}"#, |_, helper, look| { let given = Arguments::of(helper); Ok(look("@root.routeLabels").get(given.text(0)?.as_ref()).cloned().unwrap_or_else(|| Value::from(""))) }),
];

/// A name as a value.
pub(super) fn name_value(name: &str) -> Value {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Value::String(if plain { name.to_owned() } else { escape::mark(escape::line(name, false), true) })
}

/// The names and values in the order in which Alertmanager shows them: `alertname` first, the others sorted.
pub(super) fn in_order(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let is_first = |name: &str| name == "alertname";
    map.get_key_value("alertname").into_iter().chain(map.iter().filter(move |(name, _)| !is_first(name)))
}

/// Whether a list holds pairs of a name and a value.
pub(super) fn are_pairs(list: &[Value]) -> bool {
    let is_pair = |value: &Value| value.as_object().is_some_and(|pair| pair.len() == 2 && pair.contains_key("name"));
    !list.is_empty() && list.iter().all(|value| is_pair(value) && value.get("value").is_some())
}

fn dict(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    if given.count() % 2 == 1 {
        return Err(given.wrong("the last name has no value"));
    }
    let mut map = Map::new();
    for index in (0..given.count()).step_by(2) {
        let Value::String(name) = given.value(index) else {
            return Err(given.wrong(format!("{} is no name", kind(given.value(index)))));
        };
        map.insert(escape::plain(name).into_owned(), given.value(index + 1).clone());
    }
    Ok(Value::Object(map))
}

fn keys(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let maps = (0..given.count()).map(|index| given.map(index)).collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<&String> = maps.into_iter().flat_map(Map::keys).collect();
    names.sort();
    given.bounded(names.into_iter().map(|name| name_value(name)))
}

/// The map with those names alone, or without them.
fn picked(helper: &Helper<'_>, wanted: bool) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let names = (1..given.count()).map(|index| given.text(index)).collect::<Result<Vec<_>, _>>()?;
    let kept = given.map(0)?.iter().filter(|(name, _)| names.iter().any(|other| *other == name.as_str()) == wanted);
    Ok(Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect()))
}

fn pluck(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let name = given.text(0)?;
    let maps = (1..given.count()).map(|index| given.map(index)).collect::<Result<Vec<_>, _>>()?;
    Ok(Value::Array(maps.into_iter().filter_map(|map| map.get(name.as_ref()).cloned()).collect()))
}

/// The first map, with what it lacks taken from the others.
fn merge(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let mut merged = given.map(0)?.clone();
    for index in 1..given.count() {
        fill(&mut merged, given.map(index)?);
    }
    Ok(Value::Object(merged))
}

fn fill(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (name, value) in from {
        match (into.get_mut(name), value) {
            (Some(Value::Object(into)), Value::Object(from)) => fill(into, from),
            (Some(known), _) if known.is_truthy(false) => {}
            _ => drop(into.insert(name.clone(), value.clone())),
        }
    }
}

fn remove(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let names = given.list(1)?.iter().map(|name| given.read(name)).collect::<Result<Vec<_>, _>>()?;
    let names: std::collections::HashSet<&str> = names.iter().map(AsRef::as_ref).collect();
    let kept = given.map(0)?.iter().filter(|(name, _)| !names.contains(name.as_str()));
    Ok(Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect()))
}

fn values(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    Ok(match given.value(0) {
        Value::Object(map) => Value::Array(in_order(map).map(|(_, value)| value.clone()).collect()),
        Value::Array(list) if list.is_empty() || are_pairs(list) => {
            list.iter().map(|pair| pair["value"].clone()).collect()
        }
        Value::Null => Value::Array(Vec::new()),
        Value::Array(_) => return Err(given.wrong("this list holds no pairs of names and values")),
        other => return Err(given.wrong(format!("{} has no values", kind(other)))),
    })
}

fn sorted_pairs(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let map = Arguments::of(helper).map(0)?;
    Ok(in_order(map).map(|(name, value)| json!({ "name": name_value(name), "value": value })).collect())
}

/// The label of that name: of the alert that is given, or at hand, or what all alerts have in common.
fn label(_: &Scope<'_>, helper: &Helper<'_>, look: &dyn Fn(&str) -> Value) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let name = given.text(0)?;
    if given.count() == 2 {
        return Ok(given
            .map(1)?
            .get("labels")
            .and_then(|labels| labels.get(name.as_ref()))
            .cloned()
            .unwrap_or_default());
    }
    let labels = match look("labels") {
        Value::Object(labels) => Value::Object(labels),
        _ => look("@root.commonLabels"),
    };
    Ok(labels.get(name.as_ref()).cloned().unwrap_or_default())
}

//! Helpers that show labels, severities and links.

use std::borrow::Cow;

use handlebars::{Helper, JsonRender, JsonTruthy, RenderError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::map::{are_pairs, in_order, name_value};
use super::{Arguments, Declared, MANY, Scope, argument, kind, named, value, wrong};
use crate::notification::{Severity, Status};
use crate::render::escape;

/// What tells best where something is, in the order it is shown; other labels follow by name.
pub(in crate::render) const WHERE: [&str; 8] =
    ["instance", "host", "node", "pod", "container", "namespace", "service", "cluster"];
/// How many names [`names`] shows.
const MOST_NAMES: usize = 3;
/// What is encoded in an address that is part of another.
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("lookup", (2, 2), r#"{{lookup labels "k8s.pod/name"}}"#, lookup),
    value("link", (1, 1), r#"{{link annotations.runbook_url text="Runbook"}}"#, link).named(&["text", "before", "browser"]),
    value("breaks", (1, 1), "{{breaks annotations.description}}", breaks),
    value("oneLine", (1, 1), "{{oneLine annotations.summary}}", one_line),
    value("verbatim", (1, 1), "{{verbatim annotations.summary}}", verbatim),
    value("names", (1, 1), "{{names firing}}", names).named(&["or"]),
    value("pairs", (1, MANY), r#"{{pairs labels @root.commonLabels "alertname"}}"#, pairs).named(&["before", "between"]),
    value("color", (1, 1), "{{color severity}}", color),
    value("level", (1, 1), "{{level severity}}", level),
    value("icon", (1, 1), "{{icon severity}}", icon),
];

/// `{{lookup labels "k8s.pod/name"}}`: the value of that name, for names that cannot be written as a path.
fn lookup(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let found = match (argument(helper, 0), argument(helper, 1)) {
        (Value::Object(map), Value::String(name)) => map.get(escape::plain(name).as_ref()),
        (Value::Array(list), Value::Number(index)) => {
            index.as_u64().and_then(|index| list.get(usize::try_from(index).ok()?))
        }
        _ => None,
    };
    Ok(found.cloned().unwrap_or_default())
}

/// `{{link annotations.runbook_url text="Runbook" before=" · "}}`: a markdown link to an `http` or `https` address;
/// without `text` the address alone. Nothing, not even what comes before, if it is none. With `browser=true` it opens in
/// the system's browser, not beside the group.
fn link(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let mut url = escape::url(&Arguments::of(helper).text(0)?);
    if url.is_empty() {
        return Ok(Value::String(url));
    }
    let browser = Arguments::of(helper).named("browser");
    if browser.is_truthy(false) && browser != "false" {
        let target = utf8_percent_encode(&url, IN_QUERY);
        url = format!("dingtalk://dingtalkclient/page/link?url={target}&pc_slide=false");
    }
    let before = named(helper, "before");
    Ok(Value::String(match named(helper, "text") {
        "" => format!("{before}{url}"),
        says => format!("{before}[{says}]({url})"),
    }))
}

/// `{{breaks annotations.description}}`: with line breaks that DingTalk shows as such.
fn breaks(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Value::String(words(helper)?.trim().replace('\n', "  \n")))
}

/// `{{oneLine annotations.summary}}`: on one line, as a heading or bold words need it.
fn one_line(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let text = words(helper)?;
    Ok(Value::String(match text.contains('\n') {
        true => text.split_whitespace().collect::<Vec<_>>().join(" "),
        false => text.into_owned(),
    }))
}

/// `{{verbatim annotations.summary}}`: on one line, and whatever it holds is no markdown: for what no person wrote.
fn verbatim(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let text = Arguments::of(helper).text(0)?;
    Ok(Value::String(escape::mark(text.split_whitespace().collect::<Vec<_>>().join(" "), true)))
}

/// The text that a helper is given, with its marks.
fn words<'a>(helper: &'a Helper<'_>) -> Result<Cow<'a, str>, RenderError> {
    match argument(helper, 0) {
        odd @ (Value::Array(_) | Value::Object(_)) => Err(wrong(helper.name(), format!("{} is no text", kind(odd)))),
        value => Ok(text(value)),
    }
}

/// `{{names firing or="Alert"}}`: the distinct names of alerts, or of the entries of a digest, three at most and how many
/// more. Of a map, or of pairs, the list of its names.
fn names(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let list = match argument(helper, 0) {
        Value::Array(list) if are_pairs(list) => return Ok(list.iter().map(|pair| pair["name"].clone()).collect()),
        Value::Array(list) => list.as_slice(),
        Value::Object(map) => return Ok(in_order(map).map(|(name, _)| name_value(name)).collect()),
        Value::Null => &[],
        other => return Err(wrong("names", format!("{} has no names", kind(other)))),
    };
    let mut names: Vec<&str> = Vec::new();
    let mut more = 0;
    let mut seen = std::collections::HashSet::new();
    for alert in list {
        let name = alert["labels"]["alertname"].as_str().or(alert["alertname"].as_str()).unwrap_or_default();
        if !name.is_empty() && seen.insert(name) {
            if names.len() < MOST_NAMES { names.push(name) } else { more += 1 }
        }
    }
    if names.is_empty() {
        return Ok(Value::from(named(helper, "or")));
    }
    let shown = names.join(scope.language.comma());
    Ok(Value::String(if more > 0 { format!("{shown} +{more}") } else { shown }))
}

/// `{{pairs labels @root.commonLabels "alertname"}}`: `name: value · name: value` of the first argument, without those
/// that the others have, name or say anyway, as a summary does, without what is empty, and without a severity that says
/// no more than the colour does. What is given as `before` comes first, if there is anything; what is given as `between`
/// stands in place of the dot.
fn pairs(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let labels = match argument(helper, 0) {
        Value::Object(labels) => labels,
        Value::Null => return Ok(Value::Null),
        other => return Err(wrong("pairs", format!("{} has no names and values", kind(other)))),
    };
    let left_out = |name: &str, value: &Value| {
        helper.params().iter().skip(1).any(|other| match other.value() {
            Value::Object(others) => others.get(name) == Some(value),
            // What the template itself spells out is a name, never what somebody says.
            Value::String(text) => {
                escape::plain(text) == name || (other.relative_path().is_some() && says(text, value))
            }
            _ => false,
        })
    };
    let first = WHERE.iter().filter_map(|name| labels.get_key_value(*name));
    let rest = labels.iter().filter(|(name, _)| !WHERE.contains(&name.as_str()));
    let between = match named(helper, "between") {
        "" => " · ",
        between => between,
    };
    let mut out = String::new();
    for (name, value) in first.chain(rest) {
        let value = text(value);
        let known = *name == scope.severities.label && Severity::named(&value).is_some();
        if value.is_empty() || known || left_out(name, &labels[name]) {
            continue;
        }
        out.push_str(if out.is_empty() { named(helper, "before") } else { between });
        match name.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            true => out.push_str(name),
            false => out.push_str(&escape::mark(escape::line(name, false), true)),
        }
        out.push_str(": ");
        out.push_str(&value);
    }
    Ok(Value::String(out))
}

/// `{{color severity}}`: the colour of a severity or status, for `<font color=…>`.
fn color(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Value::from(match meaning(scope, "color", argument(helper, 0))? {
        Meaning::Firing | Meaning::Severity(Severity::Critical) => "#d93026",
        Meaning::Severity(Severity::Warning) => "#e8710a",
        Meaning::Severity(Severity::Info) => "#1a73e8",
        Meaning::Severity(Severity::Unknown) => "#9334e6",
        Meaning::Resolved => "#188038",
    }))
}

/// `{{level severity}}`: a severity or status in words, as a heading says it: `CRITICAL`, `RESOLVED`. Nothing for a
/// severity that is not known.
fn level(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Value::from(match meaning(scope, "level", argument(helper, 0))? {
        Meaning::Firing => scope.language.status(Status::Firing),
        Meaning::Resolved => scope.language.status(Status::Resolved),
        Meaning::Severity(severity) => scope.language.severity(severity),
    }))
}

/// `{{icon severity}}`: a sign for a severity or status, seen on a lock screen too.
fn icon(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    Ok(Value::from(match meaning(scope, "icon", argument(helper, 0))? {
        Meaning::Firing | Meaning::Severity(Severity::Critical) => "🔴",
        Meaning::Severity(Severity::Warning) => "🟠",
        Meaning::Severity(Severity::Info) => "🔵",
        Meaning::Severity(Severity::Unknown) => "🟣",
        Meaning::Resolved => "✅",
    }))
}

enum Meaning {
    Firing,
    Resolved,
    Severity(Severity),
}

fn meaning(scope: &Scope<'_>, helper: &str, value: &Value) -> Result<Meaning, RenderError> {
    let value = match value {
        Value::String(value) => escape::plain(value),
        Value::Null => Cow::Borrowed(""),
        other => return Err(wrong(helper, format!("{} is no severity or status", kind(other)))),
    };
    Ok(match value.as_ref() {
        "firing" => Meaning::Firing,
        "resolved" => Meaning::Resolved,
        value => Meaning::Severity(Severity::named(value).unwrap_or_else(|| scope.severities.meaning(value))),
    })
}

/// Whether `text` has `value` as words of its own. What is very short may be there by accident.
fn says(text: &str, value: &Value) -> bool {
    let text = escape::plain(text);
    let Some(value) = value.as_str().map(escape::plain).filter(|value| (4..=text.len()).contains(&value.len())) else {
        return false;
    };
    text.match_indices(value.as_ref()).any(|(at, found)| {
        let inside =
            |char: Option<char>| char.is_some_and(|char| char.is_ascii_alphanumeric() || "-_.:".contains(char));
        !inside(text[..at].chars().next_back()) && !inside(text[at + found.len()..].chars().next())
    })
}

/// A value as it would be shown.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.render()),
    }
}

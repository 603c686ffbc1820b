//! Helpers that match patterns.
//!
//! Patterns are written as for Go's `regexp`; they are matched in a time that grows with the text alone, whatever they
//! look like. A pattern that the template spells out is judged when it is loaded.

mod translate;

use handlebars::template::Parameter;
use handlebars::{Helper, RenderError};
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use self::translate::translated;
use super::{Arguments, Declared, Scope, both, value};

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    both("match", (2, 2), r#"{{#if (match "^db-[0-9]+$" labels.host)}}…{{/if}}"#, matches).checked(check),
    both("regexMatch", (2, 2), r#"{{#if (regexMatch "^db-[0-9]+$" labels.host)}}…{{/if}}"#, matches).checked(check),
    value("reReplaceAll", (3, 3), r#"{{reReplaceAll ":[0-9]+$" "" labels.instance}}"#, |scope, helper| replace(scope, helper, 1, 2)).checked(check),
    value("regexReplaceAll", (3, 3), r#"{{regexReplaceAll ":[0-9]+$" labels.instance ""}}"#, |scope, helper| replace(scope, helper, 2, 1)).checked(check),
    value("regexReplaceAllLiteral", (3, 3), r#"{{regexReplaceAllLiteral ":[0-9]+$" labels.instance "$"}}"#, replace_literal).checked(check),
    value("regexFind", (2, 2), r#"{{regexFind "[0-9]+" labels.instance}}"#, find).checked(check),
    value("regexFindAll", (3, 3), r#"{{join "." (regexFindAll "[0-9]+" labels.instance -1)}}"#, find_all).checked(check),
    value("regexSplit", (3, 3), r#"{{first (regexSplit "[:/]" labels.instance -1)}}"#, split).checked(check),
    value("regexQuoteMeta", (1, 1), "{{regexQuoteMeta labels.instance}}", |_, helper| super::arguments::change(helper, quote)),
];

/// How large a compiled pattern may be.
const MOST_COMPILED: usize = 256 * 1024;
/// What compiling a pattern costs, in bytes of text: rather much, so that no loop makes thousands.
const COMPILING: usize = 256 * 1024;

fn compile(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(&translated(pattern)).size_limit(MOST_COMPILED).build();
    built.map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => format!("the pattern {pattern:?} is too large: repeat less in it"),
        // What is wrong stands in its last line, below a drawing of where.
        error => {
            let whole = error.to_string();
            let reason = whole.lines().last().unwrap_or_default();
            format!("cannot use the pattern {pattern:?}: {}", reason.trim_start_matches("error: "))
        }
    })
}

fn check(arguments: &[Parameter]) -> Result<(), String> {
    match arguments.first() {
        Some(Parameter::Literal(Value::String(pattern))) => compile(pattern).map(drop),
        _ => Ok(()),
    }
}

/// The pattern, which is always the first argument.
fn pattern(scope: &Scope<'_>, given: &Arguments<'_>) -> Result<Regex, RenderError> {
    let pattern = given.text(0)?;
    scope.pattern(&pattern, |pattern| {
        scope.pay(given.name(), COMPILING)?;
        compile(pattern).map_err(|message| given.wrong(message))
    })
}

/// Looking for the next match may read all the rest again, which no call pays for beforehand.
fn pay(scope: &Scope<'_>, given: &Arguments<'_>, rest: usize) -> Result<(), RenderError> {
    scope.pay(given.name(), rest / 16)
}

fn matches(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    Ok(Value::Bool(pattern(scope, &given)?.is_match(&given.text(1)?)))
}

fn replace(scope: &Scope<'_>, helper: &Helper<'_>, with: usize, text: usize) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (pattern, with, text) = (pattern(scope, &given)?, given.text(with)?, given.text(text)?);
    let mut out = given.build();
    let mut done = 0;
    for found in pattern.captures_iter(&text) {
        let Some(whole) = found.get(0) else { continue };
        pay(scope, &given, text.len() - whole.start())?;
        out.push(&text[done..whole.start()])?;
        let mut expanded = String::new();
        found.expand(&with, &mut expanded);
        out.push(&expanded)?;
        done = whole.end();
    }
    out.push(&text[done..])?;
    Ok(out.done())
}

fn replace_literal(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (pattern, text, with) = (pattern(scope, &given)?, given.text(1)?, given.text(2)?);
    let mut out = given.build();
    let mut done = 0;
    for found in pattern.find_iter(&text) {
        pay(scope, &given, text.len() - found.start())?;
        out.push(&text[done..found.start()])?;
        out.push(&with)?;
        done = found.end();
    }
    out.push(&text[done..])?;
    Ok(out.done())
}

fn find(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (pattern, text) = (pattern(scope, &given)?, given.text(1)?);
    Ok(given.made(pattern.find(&text).map_or("", |found| found.as_str())))
}

/// So many as are asked for; all when that is less than none.
fn most(given: &Arguments<'_>, index: usize) -> Result<usize, RenderError> {
    Ok(usize::try_from(given.integer(index)?).unwrap_or(usize::MAX))
}

fn find_all(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (pattern, text, most) = (pattern(scope, &given)?, given.text(1)?, most(&given, 2)?);
    let mut all = Vec::new();
    for found in pattern.find_iter(&text).take(most) {
        pay(scope, &given, text.len() - found.start())?;
        all.push(given.made(found.as_str()));
    }
    given.bounded(all.into_iter())
}

fn split(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (pattern, text, most) = (pattern(scope, &given)?, given.text(1)?, most(&given, 2)?);
    if most == 0 {
        return Ok(Value::Array(Vec::new()));
    }
    // As Go does it: an empty match at the beginning splits nothing off, and one at the end leaves nothing behind.
    let mut start = 0;
    let mut end = 0;
    let mut pieces = Vec::new();
    for found in pattern.find_iter(&text) {
        if pieces.len() + 1 == most {
            break;
        }
        pay(scope, &given, text.len() - found.start())?;
        end = found.start();
        if found.end() > 0 {
            pieces.push(start..end);
        }
        start = found.end();
    }
    if end != text.len() || text.is_empty() && !pattern.as_str().is_empty() {
        pieces.push(start..text.len());
    }
    given.bounded(pieces.into_iter().map(|piece| given.made(&text[piece])))
}

fn quote(text: &str) -> String {
    let special = |char| r"\.+*?()|[]{}^$".contains(char);
    text.chars().flat_map(|char| special(char).then_some('\\').into_iter().chain([char])).collect()
}

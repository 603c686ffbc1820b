//! Helpers that cut, fill and search texts.

use handlebars::{Helper, RenderError};
use serde_json::{Map, Value};

use super::arguments::{boundary, change};
use super::go::quote;
use super::{Arguments, Declared, MANY, Scope, both, kind, value};

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("trim", (1, 1), "{{trim annotations.summary}}", |_, helper| change(helper, |text| text.trim().to_owned())),
    value("trimSpace", (1, 1), "{{trimSpace annotations.summary}}", |_, helper| change(helper, |text| text.trim().to_owned())),
    value("trimAll", (2, 2), r#"{{trimAll "/" labels.path}}"#, |_, helper| trimmed(helper, |set, text| text.trim_matches(|char| set.contains(char)))),
    value("trimPrefix", (2, 2), r#"{{trimPrefix "http://" labels.instance}}"#, |_, helper| trimmed(helper, |start, text| text.strip_prefix(start).unwrap_or(text))),
    value("trimSuffix", (2, 2), r#"{{trimSuffix ":9100" labels.instance}}"#, |_, helper| trimmed(helper, |end, text| text.strip_suffix(end).unwrap_or(text))),
    value("replace", (3, 3), r#"{{replace "_" " " labels.alertname}}"#, replace),
    value("repeat", (2, 2), r#"{{repeat 3 "─"}}"#, repeat),
    value("substr", (3, 3), "{{substr 0 8 fingerprint}}", substr),
    value("trunc", (2, 2), "{{trunc 80 annotations.summary}}", trunc),
    value("abbrev", (2, 2), "{{abbrev 80 annotations.summary}}", abbrev),
    value("nospace", (1, 1), "{{nospace labels.instance}}", |_, helper| change(helper, |text| text.split_whitespace().collect())),
    value("quote", (1, MANY), "{{quote labels.instance}}", |_, helper| spaced(helper, |text| quote::text(text, false))),
    value("squote", (1, MANY), "{{squote labels.instance}}", |_, helper| spaced(helper, |text| format!("'{text}'"))),
    value("cat", (1, MANY), "{{cat labels.job labels.instance}}", |_, helper| spaced(helper, str::to_owned)),
    value("indent", (2, 2), "{{indent 4 annotations.description}}", |_, helper| indented(helper, "")),
    value("nindent", (2, 2), "{{nindent 4 annotations.description}}", |_, helper| indented(helper, "\n")),
    value("wrap", (2, 2), "{{wrap 40 annotations.description}}", wrap),
    value("plural", (3, 3), r#"{{plural "alert" "alerts" (len firing)}}"#, plural),
    both("contains", (2, 2), r#"{{#if (contains "db" labels.instance)}}…{{/if}}"#, |_, helper| holds(helper, |part, text| text.contains(part))),
    both("hasPrefix", (2, 2), r#"{{#if (hasPrefix "db" labels.instance)}}…{{/if}}"#, |_, helper| holds(helper, |start, text| text.starts_with(start))),
    both("hasSuffix", (2, 2), r#"{{#if (hasSuffix ":9100" labels.instance)}}…{{/if}}"#, |_, helper| holds(helper, |end, text| text.ends_with(end))),
    value("join", (2, 2), r#"{{join ", " (keys labels)}}"#, join),
    value("split", (2, 2), r#"{{lookup (split ":" labels.instance) "_0"}}"#, |scope, helper| numbered(split(scope, helper, 1, None)?)),
    value("splitn", (3, 3), r#"{{lookup (splitn ":" 2 labels.instance) "_0"}}"#, splitn),
    value("splitList", (2, 2), r#"{{#each (splitList "," labels.teams)}}{{this}} {{/each}}"#, |scope, helper| Ok(Value::Array(split(scope, helper, 1, None)?))),
    value("toString", (1, 1), "{{toString repeats}}", |_, helper| { let given = Arguments::of(helper); let text = given.print(given.value(0)); Ok(given.made(text)) }),
    value("toStrings", (1, 1), r#"{{join ", " (toStrings (list 1 2))}}"#, |_, helper| Ok(Value::Array(texts(helper, 0)))),
];

fn trimmed(helper: &Helper<'_>, trim: for<'a> fn(&str, &'a str) -> &'a str) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (what, text) = (given.text(0)?, given.text(1)?);
    Ok(given.made(trim(&what, &text)))
}

fn replace(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (old, new, text) = (given.text(0)?, given.text(1)?, given.text(2)?);
    let mut out = given.build();
    let mut done = 0;
    for (at, found) in text.match_indices(old.as_ref()) {
        out.push(&text[done..at])?;
        out.push(&new)?;
        done = at + found.len();
    }
    out.push(&text[done..])?;
    Ok(out.done())
}

fn repeat(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (count, text) = (given.size(0)?, given.text(1)?);
    let mut out = given.build();
    if !text.is_empty() {
        for _ in 0..count {
            out.push(&text)?;
        }
    }
    Ok(out.done())
}

fn substr(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (start, end, text) = (given.integer(0)?, given.integer(1)?, given.text(2)?);
    let from = boundary(&text, usize::try_from(start).unwrap_or(0));
    // What ends before the beginning has no end.
    let to = boundary(&text, usize::try_from(end).unwrap_or(text.len()));
    Ok(given.made(&text[from.min(to)..to]))
}

fn trunc(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (count, text) = (given.integer(0)?, given.text(1)?);
    let bytes = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    Ok(given.made(match count {
        _ if bytes >= text.len() => &text,
        0.. => &text[..boundary(&text, bytes)],
        // From a boundary on, so that it is no longer than asked for.
        _ => {
            let from = text.len() - bytes;
            let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            &text[from..]
        }
    }))
}

fn abbrev(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (width, text) = (given.integer(0)?, given.text(1)?);
    Ok(match usize::try_from(width) {
        Ok(width) if width >= 4 && text.len() > width => {
            given.made(format!("{}...", &text[..boundary(&text, width - 3)]))
        }
        _ => given.made(text),
    })
}

/// The arguments, each changed, with spaces between them.
fn spaced(helper: &Helper<'_>, change: fn(&str) -> String) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let mut out = given.build();
    for (index, value) in given.values(0).enumerate() {
        out.push(if index > 0 { " " } else { "" })?;
        out.push(&change(&given.print(value)))?;
    }
    Ok(out.done())
}

fn indented(helper: &Helper<'_>, before: &str) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (count, text) = (given.size(0)?, given.text(1)?);
    let mut out = given.build();
    out.push(before)?;
    let mut spaces = given.build();
    for _ in 0..count {
        spaces.push(" ")?;
    }
    for (index, line) in text.split('\n').enumerate() {
        out.push(if index > 0 { "\n" } else { "" })?;
        out.push(spaces.as_str())?;
        out.push(line)?;
    }
    Ok(out.done())
}

/// Breaks lines between words; a word that is longer than a line stays whole.
fn wrap(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let (width, text) = (given.size(0)?.max(1), given.text(1)?);
    let mut out = given.build();
    let mut rest = text.as_ref();
    while rest.len() > width {
        if let Some(after) = rest.strip_prefix(' ') {
            rest = after;
            continue;
        }
        let bytes = rest.as_bytes();
        let fits = bytes[..=width].iter().rposition(|byte| *byte == b' ');
        let Some(end) = fits.or_else(|| bytes[width..].iter().position(|byte| *byte == b' ').map(|at| at + width))
        else {
            break;
        };
        out.push(&rest[..end])?;
        out.push("\n")?;
        rest = &rest[end + 1..];
    }
    out.push(rest)?;
    Ok(out.done())
}

fn plural(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let word = if given.integer(2)? == 1 { 0 } else { 1 };
    given.text(word)?;
    Ok(given.value(word).clone())
}

fn holds(helper: &Helper<'_>, test: fn(&str, &str) -> bool) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    Ok(Value::Bool(test(&given.text(0)?, &given.text(1)?)))
}

fn join(_: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let given = Arguments::of(helper);
    let between = given.text(0)?;
    if let odd @ Value::Object(_) = given.value(1) {
        return Err(given.wrong(format!("{} is no list", kind(odd))));
    }
    let one = std::slice::from_ref(given.value(1));
    let list = given.list(1).unwrap_or(one);
    let mut out = given.build();
    for (index, value) in list.iter().filter(|value| !value.is_null()).enumerate() {
        out.push(if index > 0 { &between } else { "" })?;
        out.push(&given.print(value))?;
    }
    Ok(out.done())
}

/// The pieces of the text at `index`, at most `most`. Without a separator, its characters.
fn split(_: &Scope<'_>, helper: &Helper<'_>, index: usize, most: Option<usize>) -> Result<Vec<Value>, RenderError> {
    let given = Arguments::of(helper);
    let (separator, text) = (given.text(0)?, given.text(index)?);
    let most = most.unwrap_or(usize::MAX);
    let cut = |pieces: &mut dyn Iterator<Item = &str>| given.bounded(pieces.map(|piece| given.made(piece)));
    let pieces = if separator.is_empty() {
        let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).take(most).collect();
        let ends = starts.iter().skip(1).copied().chain([text.len()]);
        cut(&mut starts.iter().zip(ends).map(|(start, end)| &text[*start..end]))?
    } else {
        cut(&mut text.splitn(most, separator.as_ref()))?
    };
    match pieces {
        Value::Array(pieces) => Ok(pieces),
        _ => Ok(Vec::new()),
    }
}

fn splitn(scope: &Scope<'_>, helper: &Helper<'_>) -> Result<Value, RenderError> {
    let count = Arguments::of(helper).integer(1)?;
    // Fewer than none are all.
    numbered(split(scope, helper, 2, usize::try_from(count).ok())?)
}

/// `_0`, `_1`, …
fn numbered(pieces: Vec<Value>) -> Result<Value, RenderError> {
    let named = pieces.into_iter().enumerate().map(|(index, piece)| (format!("_{index}"), piece));
    Ok(Value::Object(named.collect::<Map<_, _>>()))
}

/// The elements of a list as texts, each as foreign as it was; a single value is a list of one.
pub(super) fn texts(helper: &Helper<'_>, index: usize) -> Vec<Value> {
    let given = Arguments::of(helper);
    let one = std::slice::from_ref(given.value(index));
    let list = given.list(index).unwrap_or(one);
    let text = |value| {
        let own = Arguments::of(helper);
        own.made(own.print(value))
    };
    list.iter().filter(|value| !value.is_null()).map(text).collect()
}

//! Pipelines: which value a Go template means, and how a helper makes the same.

use std::collections::BTreeMap;

use super::functions::{self, Makes};
use super::kind::{Kind, Member};
use super::methods::{self, TIME, formatted};
use super::tree::{At, Base, Command, Operand, Pipe, Trouble, trouble};
use super::value::{Code, Place, Value, can_be_step};
use crate::nearest::nearest;

/// The functions whose helpers take other arguments.
pub(super) const SPECIAL: [&str; 21] = [
    "print",
    "println",
    "printf",
    "index",
    "slice",
    "date",
    "dateInZone",
    "date_in_zone",
    "ago",
    "duration",
    "humanizeDuration",
    "toString",
    "ternary",
    "list",
    "tuple",
    "append",
    "push",
    "prepend",
    "dict",
    "get",
    "values",
];

/// What is known at one place of a template.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// Inside how many of the template's own `each` and `with` it is.
    pub depth: usize,
    /// What the dot is.
    pub dot: Kind,
    /// What `$` is.
    pub root: Kind,
    /// The variables, the innermost last.
    pub variables: Vec<(String, Value)>,
}

// === impl Scope ===

impl Scope {
    /// Where a template begins that is called with a `root`.
    pub(super) fn of(root: Kind) -> Self {
        Self { depth: 0, dot: root.clone(), root, variables: Vec::new() }
    }

    /// The value of a pipeline.
    ///
    /// # Errors
    /// It cannot be turned, or is wrong in Go.
    pub(super) fn pipe(&self, pipe: &Pipe) -> Result<Value, Trouble> {
        let mut value = None;
        for command in &pipe.commands {
            value = Some(self.command(command, value)?);
        }
        value.map_or_else(|| trouble(pipe.at, "a value is missing"), Ok)
    }

    fn command(&self, command: &Command, piped: Option<Value>) -> Result<Value, Trouble> {
        let Command { head, arguments } = command;
        let arguments = arguments.iter().map(|argument| self.operand(argument));
        let arguments = arguments.chain(piped.map(Ok)).collect::<Result<Vec<_>, _>>()?;
        match (&head.base, head.fields.split_last()) {
            (Base::Function(name), None) => self.function(name, arguments, head.at),
            (_, Some((last, fields))) => member(self.steps(head, fields)?, last, arguments, head.at),
            _ if arguments.is_empty() => self.operand(head),
            _ => trouble(head.at, "only functions and methods take arguments"),
        }
    }

    /// The value of a part of a pipeline.
    ///
    /// # Errors
    /// It cannot be turned, or is wrong in Go.
    pub(super) fn operand(&self, operand: &Operand) -> Result<Value, Trouble> {
        self.steps(operand, &operand.fields)
    }

    /// The base of `operand` and what `fields` lead to from there.
    fn steps(&self, operand: &Operand, fields: &[String]) -> Result<Value, Trouble> {
        let at = operand.at;
        let base = match &operand.base {
            Base::Dot => Value::new(self.dot.clone(), Code::Place(Place::dot(self.depth))),
            Base::Variable(name) if name.is_empty() => Value::new(self.root.clone(), Code::Place(Place::dot(0))),
            Base::Variable(name) => match self.variables.iter().rev().find(|(known, _)| known == name) {
                Some((_, value)) => value.clone(),
                None => return trouble(at, format!("the variable ${name} is not known here")),
            },
            Base::Function(name) => self.function(name, Vec::new(), at)?,
            Base::Pipe(pipe) => self.pipe(pipe)?,
            Base::Text(text) => Value::text(text),
            Base::Whole(whole) => Value::whole(*whole),
            Base::Float(float) => Value::new(Kind::Float, Code::Literal(serde_json::Value::from(*float))),
            Base::Bool(is) => Value::new(Kind::Bool, Code::Literal(serde_json::Value::Bool(*is))),
            Base::Nil => Value::new(Kind::Nil, Code::Literal(serde_json::Value::Null)),
        };
        fields.iter().try_fold(base, |value, field| member(value, field, Vec::new(), at))
    }

    fn function(&self, name: &str, arguments: Vec<Value>, at: At) -> Result<Value, Trouble> {
        if let Some(function) = functions::function(name) {
            return plain_call(name, &function, arguments, at);
        }
        if SPECIAL.contains(&name) {
            return special_call(name, arguments, at);
        }
        if let Some(why) = functions::refused(name) {
            return trouble(at, format!("the function {name} has no counterpart: {why}"));
        }
        match nearest(name, functions::names()) {
            Some(near) => trouble(at, format!("there is no function {name}: did you mean {near}?")),
            None => trouble(
                at,
                format!(
                    "there is no function {name}, neither in prometheus-webhook-dingtalk nor here: it may be one of a fork"
                ),
            ),
        }
    }
}

/// `value.name arguments…`
fn member(value: Value, name: &str, arguments: Vec<Value>, at: At) -> Result<Value, Trouble> {
    let found = value.kind.member(name);
    if let Member::Method = found {
        return methods::method(value, name, arguments, at);
    }
    if !arguments.is_empty() {
        return trouble(at, format!(".{name} is no method: it takes no arguments"));
    }
    match found {
        Member::Field(json, kind) => Ok(Value::new(kind, under(value.code, json))),
        Member::Key(_) if value.kind == Kind::Any => trouble(
            at,
            format!(
                ".{name} follows a value of which the kind cannot be told: take it straight from the alert, as in .Labels.{name}"
            ),
        ),
        Member::Key(kind) => Ok(Value::new(kind, under(value.code, name))),
        Member::Method | Member::None => {
            let what = value.kind.described();
            let known = value.kind.members();
            trouble(
                at,
                match nearest(name, known.iter().copied()) {
                    // A field of Go's begins with a capital letter, a label hardly ever does.
                    None if value.kind == Kind::Alert && name.starts_with(char::is_lowercase) => {
                        format!("{what} has no .{name}: a label is .Labels.{name}, an annotation .Annotations.{name}")
                    }
                    None if value.kind == Kind::Data && name.starts_with(char::is_lowercase) => {
                        format!("{what} has no .{name}: what all alerts have in common is .CommonLabels.{name}")
                    }
                    Some(near) => format!("{what} has no .{name}: did you mean .{near}?"),
                    None if known.is_empty() => format!("{what} has no .{name}"),
                    None => format!("{what} has no .{name}, but .{}", known.join(", .")),
                },
            )
        }
    }
}

/// What stands under `name` in `code`.
fn under(code: Code, name: &str) -> Code {
    match code {
        Code::Place(place) if can_be_step(name) && place.local.is_none() => Code::Place(place.step(name)),
        code => Code::Call("lookup", vec![code, Value::text(name).code]),
    }
}

/// A call of a helper that takes what the function takes.
fn plain_call(name: &str, function: &functions::Function, arguments: Vec<Value>, at: At) -> Result<Value, Trouble> {
    let (least, most) = function.arguments;
    let given = arguments.len();
    if given < least || given > most {
        let wants = match (least, most) {
            (least, usize::MAX) => format!("{least} or more"),
            (least, most) if least == most => format!("{least}"),
            (least, most) => format!("{least} to {most}"),
        };
        return trouble(at, format!("{name} takes {wants} arguments and gets {given}"));
    }
    let kinds: Vec<Kind> = arguments.iter().map(|argument| argument.kind.clone()).collect();
    if matches!(name, "eq" | "ne" | "lt" | "le" | "gt" | "ge")
        && let [first, others @ ..] = kinds.as_slice()
        && let Some(other) = others.iter().find(|other| cannot_be_compared(first, other))
    {
        let (first, other) = (first.described(), other.described());
        return trouble(
            at,
            format!(
                "{name} compares {first} with {other}, which fails in Go: a label is a text, as in \"5\", or a number by (atoi .Labels.x)"
            ),
        );
    }
    let kind = match &function.makes {
        Makes::Kind(kind) => kind.clone(),
        Makes::Texts => Kind::list(Kind::Text),
        Makes::Like => kinds.first().cloned().unwrap_or(Kind::Any),
        Makes::Element => kinds.first().map_or(Kind::Any, Kind::element),
        Makes::Either => kinds.iter().cloned().reduce(Kind::or).unwrap_or(Kind::Any),
    };
    // Go's `html` and its kin print what is no text, or more than one, first.
    let prints = matches!(name, "html" | "js" | "urlquery") && kinds != [Kind::Text];
    let codes = match prints {
        true => {
            vec![Code::Call("print", arguments.into_iter().map(|value| shown(value, at)).collect::<Result<_, _>>()?)]
        }
        false => arguments.into_iter().map(|argument| counted(name, argument)).collect(),
    };
    Ok(Value::new(kind, Code::Call(function.helper, codes)))
}

/// Whether Go refuses to compare the two.
fn cannot_be_compared(left: &Kind, right: &Kind) -> bool {
    let class = |kind: &Kind| match kind {
        Kind::Text => Some(0),
        Kind::Whole | Kind::Float | Kind::Span => Some(1),
        Kind::Bool => Some(2),
        _ => None,
    };
    matches!((class(left), class(right)), (Some(left), Some(right)) if left != right)
}

/// An argument; where sprig counts with whole numbers, a text that is none is 0 there.
fn counted(name: &str, argument: Value) -> Code {
    const WHOLE: [&str; 11] = ["int", "int64", "add", "add1", "sub", "mul", "div", "mod", "max", "min", "biggest"];
    match argument.kind {
        Kind::Text if WHOLE.contains(&name) => Code::Call("atoi", vec![argument.code]),
        _ => argument.code,
    }
}

/// What Go's `%v` shows of a value, for helpers that print.
pub(super) fn shown(value: Value, at: At) -> Result<Code, Trouble> {
    match value.kind {
        Kind::Time => Ok(formatted(value.code, TIME).code),
        Kind::Span => Ok(Code::Call("goDuration", vec![value.code])),
        Kind::Nil => Ok(Value::text("<nil>").code),
        Kind::Pair => {
            let halves = ["name", "value"].map(|half| under(value.code.clone(), half));
            let [name, value] = halves;
            Ok(Code::Call("printf", vec![Value::text("{%s %s}").code, name, value]))
        }
        Kind::Data | Kind::Alerts | Kind::Alert | Kind::Pairs => trouble(
            at,
            format!(
                "this prints the inside of {}, as Go keeps it: name the field that you want",
                value.kind.described()
            ),
        ),
        _ => Ok(value.code),
    }
}

fn special_call(name: &str, mut arguments: Vec<Value>, at: At) -> Result<Value, Trouble> {
    let given = arguments.len();
    let wrong = |wants: &str| trouble(at, format!("{name} takes {wants} and gets {given} arguments"));
    let codes = |arguments: &[Value]| arguments.iter().map(|value| value.code.clone()).collect::<Vec<_>>();
    let either = |arguments: &[Value]| arguments.iter().map(|value| value.kind.clone()).reduce(Kind::or);
    match (name, arguments.as_slice()) {
        ("print" | "println", _) => {
            let helper = if name == "print" { "print" } else { "println" };
            let shown = arguments.into_iter().map(|argument| shown(argument, at)).collect::<Result<Vec<_>, _>>()?;
            Ok(Value::call(Kind::Text, helper, shown))
        }
        ("printf", [_, ..]) => printf(arguments, at),
        ("printf", []) => wrong("a format"),
        ("index", [_, ..]) => {
            let keys = arguments.split_off(1);
            keys.into_iter().try_fold(arguments.remove(0), |value, key| element(value, &key, at))
        }
        ("slice", [value, ..]) if value.kind == Kind::Text => {
            trouble(at, "slice cuts lists, not texts, in prometheus-webhook-dingtalk: write (substr 0 5 .Labels.x)")
        }
        ("slice", [value, ..]) => Ok(Value::call(value.kind.clone(), "slice", codes(&arguments))),
        ("date", [layout, time]) => {
            // Alertmanager's shows a time in the zone that `tz` gave it, sprig's in the local one.
            let zoned = matches!(time.code, Code::Call("tz", _));
            let time = if zoned { time.code.clone() } else { Code::Call("local", vec![time.code.clone()]) };
            Ok(Value::call(Kind::Text, "format", [time, layout.code.clone()]))
        }
        ("dateInZone" | "date_in_zone", [_, _, _]) => Ok(Value::call(Kind::Text, "dateInZone", codes(&arguments))),
        ("ago", [time]) => {
            let since = Code::Call("since", vec![time.code.clone()]);
            let seconds = Code::Call("roundDuration", vec![since, Value::whole(1_000_000_000).code]);
            Ok(Value::call(Kind::Text, "goDuration", [seconds]))
        }
        ("duration", [seconds]) => {
            let span = Code::Call("mul", vec![seconds.code.clone(), Value::whole(1_000_000_000).code]);
            Ok(Value::call(Kind::Text, "goDuration", [span]))
        }
        ("humanizeDuration", [value]) => {
            let code = value.code.clone();
            let seconds = match value.kind {
                Kind::Span => Code::Call("durationIn", vec![code, Value::text("s").code]),
                _ => code,
            };
            Ok(Value::call(Kind::Text, "humanizeDuration", [seconds]))
        }
        ("toString", [value]) if value.kind == Kind::Text => Ok(value.clone()),
        ("toString", [value]) => Ok(Value::call(Kind::Text, "print", [shown(value.clone(), at)?])),
        ("ternary", [_, _, _]) => {
            let kind = either(&arguments[..2]).unwrap_or(Kind::Any);
            Ok(Value::call(kind, "ternary", codes(&arguments)))
        }
        ("list" | "tuple", _) => {
            let kind = Kind::list(either(&arguments).unwrap_or(Kind::Any));
            Ok(Value::call(kind, "list", codes(&arguments)))
        }
        ("append" | "push" | "prepend", [list, _, ..]) => {
            let helper = if name == "prepend" { "prepend" } else { "append" };
            let added = either(&arguments[1..]).unwrap_or(Kind::Any);
            Ok(Value::call(Kind::list(list.kind.element().or(added)), helper, codes(&arguments)))
        }
        ("dict", _) => {
            let keys = arguments.chunks(2).filter_map(|pair| Some((pair[0].as_text()?, pair.get(1)?)));
            let known: BTreeMap<_, _> = keys.map(|(key, value)| (key.to_owned(), value.kind.clone())).collect();
            if known.len() * 2 != given {
                return trouble(at, "dict takes names in quotes, each with its value, and none twice");
            }
            Ok(Value::call(Kind::Dict(known), "dict", codes(&arguments)))
        }
        ("get", [map, key]) => element(map.clone(), key, at),
        ("values", [map]) => Ok(Value::call(Kind::list(map.kind.element()), "values", codes(&arguments))),
        _ => wrong("other arguments"),
    }
}

/// `index value key`
fn element(value: Value, key: &Value, at: At) -> Result<Value, Trouble> {
    if let Some(name) = key.as_text() {
        return match value.kind.member(name) {
            Member::Key(kind) => Ok(Value::new(kind, under(value.code, name))),
            // The labels of Go are a map too: a key of the name of a method is a key here.
            Member::Method if value.kind == Kind::Labels => Ok(Value::new(Kind::Text, under(value.code, name))),
            _ => trouble(
                at,
                format!("{} cannot be looked up by the name {name:?}: write .{name}", value.kind.described()),
            ),
        };
    }
    let kind = value.kind.element();
    let code = match (value.code, key.as_whole()) {
        (Code::Place(place), Some(index)) if index >= 0 && place.local.is_none() => {
            Code::Place(place.step(index.to_string()))
        }
        (code, _) => Code::Call("index", vec![code, key.code.clone()]),
    };
    Ok(Value::new(kind, code))
}

/// `printf format values…`: times and durations are handed over as Go shows them, unless a number is wanted.
fn printf(arguments: Vec<Value>, at: At) -> Result<Value, Trouble> {
    let verbs: Vec<char> = arguments.first().and_then(Value::as_text).map(verbs).unwrap_or_default();
    let mut codes = Vec::new();
    for (index, argument) in arguments.into_iter().enumerate() {
        let verb = index.checked_sub(1).and_then(|index| verbs.get(index));
        let as_number = argument.kind == Kind::Span && verb.is_some_and(|verb| matches!(verb, 'd' | 'x' | 'X'));
        codes.push(if as_number { argument.code } else { shown(argument, at)? });
    }
    Ok(Value::call(Kind::Text, "printf", codes))
}

/// The verbs of a format, in their order.
fn verbs(format: &str) -> Vec<char> {
    let mut verbs = Vec::new();
    let mut chars = format.chars();
    while chars.by_ref().any(|char| char == '%') {
        let verb = chars.by_ref().find(|char| !matches!(char, '+' | '-' | '#' | ' ' | '.' | '0'..='9'));
        verbs.extend(verb.filter(|verb| *verb != '%'));
    }
    verbs
}

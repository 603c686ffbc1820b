//! Which names templates may look up.
//!
//! Handlebars prints nothing for a field that does not exist, so that a slip of the pen leaves a hole in a message that
//! nobody notices before the night it matters. Here every path of every template is followed from what it begins with
//! (see `shape`) and is refused where it can lead nowhere. Labels and annotations may have any name.
//!
//! A partial is followed in everything it is called with, from the templates that messages begin with. One that nobody
//! calls is followed without knowing what it begins with: there a name is right if anything has it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use handlebars::Path;
use handlebars::template::{BlockParam, DecoratorTemplate, HelperTemplate, Parameter, Template, TemplateElement};
use serde_json::Value;

use super::advice::{Advice, Misnamed};
use super::results::{one_of, result};
use super::scope::{Frame, From, Round, Scope, Written};
use super::shape::Shape;
use super::{MAX_DEPTH, MAX_SIZE, Refusal, Survey, entries};
use crate::render::helper;

/// Line and column.
type Place = (usize, usize);

/// The names in `templates` that do not exist where they are looked up, by template.
pub(in crate::render) fn misnamed(
    templates: &BTreeMap<String, Template>,
    surveys: &BTreeMap<String, Survey>,
) -> Vec<(String, Refusal)> {
    let mut walk = Walk::new(templates, surveys);
    let calls = surveys.values().flat_map(|survey| &survey.calls);
    let called: BTreeSet<&str> = calls.map(|call| call.partial.as_str()).collect();
    for name in templates.keys() {
        match entries::data_of(name, called.contains(name.as_str())) {
            Some(root) => walk.entry(name, root),
            None if called.contains(name.as_str()) => {}
            None => walk.entry(name, Shape::Any),
        }
    }
    walk.refusals
}

/// A walk from the templates that messages begin with through the partials they call.
struct Walk<'t> {
    templates: &'t BTreeMap<String, Template>,
    /// The names that partials are called with by anybody: where one is not, it is nothing.
    handed: BTreeMap<&'t str, BTreeSet<&'t str>>,
    scope: Scope<'t>,
    /// The templates that call each other up to the place, each with the place of the call.
    path: Vec<(&'t str, Place)>,
    /// Partials that were walked, with what they were called with.
    seen: HashSet<(&'t str, Scope<'t>)>,
    /// What was refused already, by template and place.
    told: HashSet<(&'t str, Place, String)>,
    /// Whether something was told of the partial at hand that is wrong only because of its caller.
    caller_told: bool,
    /// How many elements the entry may still have; one that has more is refused for that.
    left: usize,
    refusals: Vec<(String, Refusal)>,
}

// === impl Walk ===

impl<'t> Walk<'t> {
    fn new(templates: &'t BTreeMap<String, Template>, surveys: &'t BTreeMap<String, Survey>) -> Self {
        let mut handed: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for call in surveys.values().flat_map(|survey| &survey.calls) {
            handed.entry(&call.partial).or_default().extend(call.names.iter().map(String::as_str));
        }
        Self {
            templates,
            handed,
            scope: Scope::new(Shape::Unknown),
            path: Vec::new(),
            seen: HashSet::new(),
            told: HashSet::new(),
            caller_told: false,
            left: 0,
            refusals: Vec::new(),
        }
    }

    /// Walks a template that begins with `root`.
    fn entry(&mut self, name: &'t str, root: Shape) {
        self.scope = Scope::new(root);
        self.left = MAX_SIZE;
        self.named(name, (1, 1), 1);
    }

    /// Walks the template `name`, called at `place` of the one at hand, in the scope at hand.
    fn named(&mut self, name: &'t str, place: Place, depth: usize) {
        let Some(template) = self.templates.get(name) else { return };
        let open = self.path.iter().any(|(open, _)| *open == name);
        if open || !self.seen.insert((name, self.scope.clone())) {
            return;
        }
        self.path.push((name, place));
        let caller_told = std::mem::take(&mut self.caller_told);
        self.template(template, depth);
        self.caller_told = caller_told;
        self.path.pop();
    }

    fn template(&mut self, template: &'t Template, depth: usize) {
        for (index, element) in template.elements.iter().enumerate() {
            if depth > MAX_DEPTH || self.left == 0 {
                return;
            }
            self.left -= 1;
            let place = template.mapping.get(index).map_or((1, 1), |mapping| (mapping.0, mapping.1));
            match element {
                TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => {
                    self.call(call, place, depth);
                }
                TemplateElement::HelperBlock(call) => self.block(call, place, depth),
                TemplateElement::PartialExpression(call) => self.partial(call, place, depth),
                _ => {}
            }
        }
    }

    fn block(&mut self, call: &'t HelperTemplate, place: Place, depth: usize) {
        let name = call.name.as_name().unwrap_or_default();
        if !helper::is_helper(name) {
            // It is refused; what it was meant to be is not known.
            return;
        }
        let shapes = self.arguments(call, place, depth);
        let over = shapes.first().copied().unwrap_or(Shape::Unknown);
        let frame = match name {
            "each" => Some(self.each(call, over, place)),
            "with" => {
                let names = match &call.block_param {
                    Some(BlockParam::Single(name)) => name.as_name().map(|name| (name, over)),
                    _ => None,
                };
                Some(Frame { shape: over, names: names.into_iter().collect(), round: self.scope.round(0) })
            }
            _ => None,
        };
        let within = frame.is_some();
        if let Some(frame) = frame {
            self.scope.push(frame);
        }
        call.template.iter().for_each(|template| self.template(template, depth + 1));
        if within {
            self.scope.pop();
        }
        call.inverse.iter().for_each(|template| self.template(template, depth + 1));
    }

    /// What a round of a loop is.
    fn each(&mut self, call: &'t HelperTemplate, over: Shape, place: Place) -> Frame<'t> {
        if over.is_plain() {
            let what = call.params.first().and_then(Parameter::as_name).unwrap_or("what it got");
            let message = format!("{{{{#each}}}} needs a list or a map: {what} is {}", over.noun());
            self.refuse(place, what, Advice { message, right_elsewhere: true });
        }
        let (item, round) = match over {
            Shape::Any | Shape::Unknown => (over, Round::Unknown),
            Shape::Labels => (Shape::Text, Round::Names),
            _ if over.is_object() => (Shape::Unknown, Round::Names),
            _ => (over.item().unwrap_or(Shape::Unknown), Round::List),
        };
        let key = if round == Round::List { Shape::Number } else { Shape::Unknown };
        let names = match &call.block_param {
            Some(BlockParam::Single(value)) => vec![(value.as_name(), item)],
            Some(BlockParam::Pair((value, name))) => vec![(value.as_name(), item), (name.as_name(), key)],
            _ => Vec::new(),
        };
        let names = names.into_iter().filter_map(|(name, shape)| Some((name?, shape))).collect();
        Frame { shape: item, names, round }
    }

    fn partial(&mut self, call: &'t DecoratorTemplate, place: Place, depth: usize) {
        let shapes: Vec<Shape> = call.params.iter().map(|argument| self.value(argument, place, depth)).collect();
        let mut names: Vec<(&str, Shape)> =
            call.hash.iter().map(|(name, value)| (name.as_str(), self.value(value, place, depth))).collect();
        names.sort_unstable_by_key(|(name, _)| *name);
        let Some(name) = call.name.as_name() else { return };
        if shapes.is_empty() && names.is_empty() {
            return self.named(name, place, depth);
        }
        let with = shapes.first().copied().or(self.scope.up(0)).unwrap_or(Shape::Unknown);
        // Handlebars makes names with values of it, to add these.
        let broken = !names.is_empty() && !with.is_object() && with != Shape::Any;
        let shape = if broken { Shape::Unknown } else { with };
        self.scope.push(Frame { shape, names, round: self.scope.round(0) });
        self.named(name, place, depth);
        self.scope.pop();
    }

    /// What an expression is.
    fn call(&mut self, call: &'t HelperTemplate, place: Place, depth: usize) -> Shape {
        let arguments = call.params.len() + call.hash.len();
        match &call.name {
            Parameter::Path(path)
                if arguments == 0 && call.name.as_name().is_none_or(|name| !helper::is_helper(name)) =>
            {
                self.path(path, place)
            }
            _ => {
                let shapes = self.arguments(call, place, depth);
                self.made(call, &shapes, place)
            }
        }
    }

    fn arguments(&mut self, call: &'t HelperTemplate, place: Place, depth: usize) -> Vec<Shape> {
        let mut named: Vec<_> = call.hash.iter().collect();
        named.sort_unstable_by_key(|(name, _)| *name);
        let shapes = call.params.iter().map(|argument| self.value(argument, place, depth)).collect();
        for (_, value) in named {
            self.value(value, place, depth);
        }
        shapes
    }

    fn value(&mut self, value: &'t Parameter, place: Place, depth: usize) -> Shape {
        match value {
            Parameter::Path(path) => self.path(path, place),
            Parameter::Literal(Value::String(_)) => Shape::Text,
            Parameter::Literal(Value::Number(_)) => Shape::Number,
            Parameter::Literal(Value::Bool(_)) => Shape::Flag,
            Parameter::Subexpression(inner) if depth < MAX_DEPTH && self.left > 0 => {
                self.left -= 1;
                match inner.as_element() {
                    // A name in parentheses is a helper, never a field.
                    TemplateElement::Expression(call) => {
                        let shapes = self.arguments(call, place, depth + 1);
                        self.made(call, &shapes, place)
                    }
                    _ => Shape::Unknown,
                }
            }
            _ => Shape::Unknown,
        }
    }

    /// What a helper makes of arguments.
    fn made(&mut self, call: &'t HelperTemplate, shapes: &[Shape], place: Place) -> Shape {
        let name = call.name.as_name().unwrap_or_default();
        if !matches!(name, "lookup" | "index" | "get") {
            return result(name, shapes);
        }
        let Some((of, keys)) = call.params.split_first() else { return Shape::Unknown };
        let before = if let Parameter::Path(_) = of { of.as_name().unwrap_or_default() } else { "" };
        let mut at = shapes.first().copied().unwrap_or(Shape::Unknown);
        for (index, key) in keys.iter().enumerate() {
            at = match key {
                Parameter::Literal(Value::String(key)) if self.scope.named(key).is_some() => Shape::Unknown,
                Parameter::Literal(Value::String(key)) if at == Shape::Labels || at.fields().is_empty() => {
                    at.field(key).unwrap_or(Shape::Unknown)
                }
                Parameter::Literal(Value::String(key)) => {
                    let next = keys.get(index + 1).and_then(|next| literal(next));
                    let before = if index == 0 && before != "this" { before } else { "" };
                    self.field(at, key, next, before, Vec::new(), place)
                }
                _ => one_of(at),
            };
        }
        at
    }

    /// What stands at the end of a path.
    fn path(&mut self, path: &'t Path, place: Place) -> Shape {
        let Some(written) = Written::of(path) else { return self.local(path, place) };
        let Written { from, names } = written;
        let Some((first, others)) = names.split_first() else { return self.beginning(from, place) };
        let mut at = match (from, self.scope.named(first)) {
            (From::Up(_), Some(given)) => given,
            _ => {
                let begins = self.beginning(from, place);
                let given: Vec<&str> = match from {
                    From::Up(0) => self.scope.all_named().chain(self.handed_on()).collect(),
                    _ => Vec::new(),
                };
                if begins.field(first).is_none() && given.contains(first) {
                    Shape::Unknown
                } else {
                    let next = others.first().copied();
                    let before = if from == From::Root { "@root" } else { "" };
                    self.field(begins, first, next, before, given, place)
                }
            }
        };
        let mut before = (*first).to_owned();
        for (index, name) in others.iter().enumerate() {
            at = self.field(at, name, others.get(index + 1).copied(), &before, Vec::new(), place);
            let index = name.parse::<usize>().is_ok();
            before = if index { format!("{before}.[{name}]") } else { format!("{before}.{name}") };
        }
        at
    }

    /// What a path begins at.
    fn beginning(&mut self, from: From, place: Place) -> Shape {
        let From::Up(levels) = from else { return self.scope.root() };
        if let Some(shape) = self.scope.up(levels) {
            return shape;
        }
        if self.scope.root() != Shape::Any {
            let message = format!(
                "{} leads further out than there are {{{{#each}}}} and {{{{#with}}}} around it: {{{{#if}}}} does not count; write @root.status for what the message is about",
                "../".repeat(levels)
            );
            self.refuse(place, "../", Advice { message, right_elsewhere: true });
        }
        Shape::Unknown
    }

    /// The names that callers hand to the partials that lead here, each maybe not in every call.
    fn handed_on(&self) -> impl Iterator<Item = &'t str> + '_ {
        self.path.iter().filter_map(|(name, _)| self.handed.get(name)).flatten().copied()
    }

    /// What stands under `name`.
    fn field(
        &mut self,
        within: Shape,
        name: &str,
        next: Option<&str>,
        before: &str,
        given: Vec<&str>,
        place: Place,
    ) -> Shape {
        within.field(name).unwrap_or_else(|| {
            let misnamed = Misnamed { name, next, within, before, given };
            let advice = misnamed.advice(&self.scope);
            self.refuse(place, name, advice);
            Shape::Unknown
        })
    }

    /// `@index` and its like.
    fn local(&mut self, path: &'t Path, place: Place) -> Shape {
        let Path::Local((levels, name, raw)) = path else { return Shape::Unknown };
        let round = self.scope.round(*levels);
        let (message, right_elsewhere) = match name.as_str() {
            "root" => (
                "@root alone is nothing: write @root.this for everything, or a field of it as in @root.status"
                    .to_owned(),
                false,
            ),
            "index" | "first" | "last" | "key" if round == Round::None => {
                (format!("{raw} is only inside {{{{#each}}}}"), true)
            }
            "key" if round == Round::List => {
                ("@key is only in a loop over a map, as in {{#each labels}}: in a list it is @index".to_owned(), true)
            }
            "index" | "first" | "last" | "key" => return if name == "index" { Shape::Number } else { Shape::Unknown },
            _ => {
                let near = crate::nearest::nearest(name, ["root", "index", "first", "last", "key"].into_iter());
                let hint = near.map_or_else(
                    || "there are @root, @index, @first, @last and @key".to_owned(),
                    |near| format!("did you mean \"@{near}\"?"),
                );
                (format!("there is no {raw}: {hint}"), false)
            }
        };
        self.refuse(place, raw, Advice { message, right_elsewhere });
        Shape::Unknown
    }

    /// Refuses `what` at a place, once. Where the caller is to blame, the first place in the partial stands for all.
    fn refuse(&mut self, place: Place, what: &str, advice: Advice) {
        let Some((template, called_at)) = self.path.last().copied() else { return };
        let Advice { mut message, right_elsewhere } = advice;
        let caller = self.path.len().checked_sub(2).map(|caller| self.path[caller].0);
        if let Some(caller) = caller.filter(|_| right_elsewhere) {
            if self.caller_told {
                return;
            }
            self.caller_told = true;
            let (line, column) = called_at;
            message = format!("{message} (where {caller} calls it, line {line}, column {column})");
        }
        if self.told.insert((template, place, what.to_owned())) {
            let (line, column) = place;
            self.refusals.push((template.to_owned(), Refusal { line, column, message }));
        }
    }
}

/// The text that an argument spells out.
fn literal(argument: &Parameter) -> Option<&str> {
    match argument {
        Parameter::Literal(value) => value.as_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

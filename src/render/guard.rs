//! Which templates may run.
//!
//! Handlebars renders recursively without a bound: a cycle of partials or deep nesting overflows the stack, which
//! aborts the process and takes every pending alert's thread with it; no error handling helps. Other mistakes, such as
//! an unknown helper, show only when an alert is rendered, at night. So each template is surveyed when it is loaded,
//! by a walk over its parsed form, and refused with the place and the fix. What may run is finite: an acyclic graph of
//! named partials, at most [`MAX_DEPTH`] deep and [`MAX_SIZE`] large with all partials filled in. Loops are bounded
//! while they run (see `helper`). A name of the data that does not exist is refused as well (see `fields`): it would
//! print nothing.

mod advice;
mod entries;
mod fields;
mod graph;
mod places;
mod results;
mod scope;
mod shape;

use std::collections::BTreeSet;

use handlebars::template::{DecoratorTemplate, HelperTemplate, Parameter, Template, TemplateElement};
use handlebars::{Path, PathSeg};

pub(super) use self::fields::misnamed;
pub(super) use self::graph::fill_in;
pub(super) use self::places::{dots, fill_in_places};
use super::helper;

/// How deep blocks, sub-expressions and partials may nest in each other.
pub(super) const MAX_DEPTH: usize = 32;
/// How many elements a template may have with its partials filled in.
pub(super) const MAX_SIZE: usize = 10_000;

/// What is wrong with a template, at which line and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// What a walk over one template found.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// What is wrong in the template itself.
    pub refusals: Vec<Refusal>,
    /// The partials it calls.
    calls: Vec<Call>,
    /// How deep it nests, without its partials.
    depth: usize,
    /// How many elements it has, without its partials.
    size: usize,
    /// The names it looks up; `this` when it takes a value as a whole.
    names: BTreeSet<String>,
    /// The helpers it calls.
    helpers: BTreeSet<String>,
    /// How many loops there are around the walk.
    loops: usize,
}

#[derive(Debug)]
struct Call {
    partial: String,
    /// The names under which it gets values.
    names: Vec<String>,
    depth: usize,
    line: usize,
    column: usize,
}

// === impl Survey ===

impl Survey {
    /// Walks over `template`.
    pub(super) fn of(template: &Template) -> Self {
        let mut survey = Self::default();
        survey.template(template, 1);
        survey
    }

    fn template(&mut self, template: &Template, depth: usize) {
        for (index, element) in template.elements.iter().enumerate() {
            let place = template.mapping.get(index).map_or((1, 1), |mapping| (mapping.0, mapping.1));
            self.element(element, depth, place);
        }
    }

    fn element(&mut self, element: &TemplateElement, depth: usize, place: (usize, usize)) {
        self.size += 1;
        if !self.fits(depth, place) {
            return;
        }
        match element {
            TemplateElement::RawString(_) | TemplateElement::Comment(_) => {}
            TemplateElement::Expression(call) | TemplateElement::HtmlExpression(call) => {
                self.expression(call, depth, place, false);
            }
            TemplateElement::HelperBlock(call) => {
                self.expression(call, depth, place, true);
                let loops = usize::from(call.name.as_name() == Some("each"));
                for (inner, loops) in [(&call.template, loops), (&call.inverse, 0)] {
                    let Some(inner) = inner else { continue };
                    self.loops += loops;
                    self.template(inner, depth + 1);
                    self.loops -= loops;
                }
            }
            TemplateElement::DecoratorExpression(_) | TemplateElement::DecoratorBlock(_) => {
                self.refuse(place, "decorators and inline partials ({{#*inline}}) are not supported: put the part into a file of its own and call it with {{> name}}".to_owned());
            }
            TemplateElement::PartialBlock(_) => {
                self.refuse(place, "partials with a block ({{#> name}}…{{/name}}) are not supported: call {{> name}} and hand it values, as in {{> name text=labels.x}}".to_owned());
            }
            TemplateElement::PartialExpression(call) => self.partial(call, depth, place),
            _ => self.refuse(place, "this is not supported".to_owned()),
        }
    }

    fn partial(&mut self, call: &DecoratorTemplate, depth: usize, place: (usize, usize)) {
        match call.name.as_name() {
            Some("@partial-block") => {
                self.refuse(place, "@partial-block is not supported: hand the partial values instead".to_owned());
            }
            Some(name) => self.calls.push(Call {
                partial: name.to_owned(),
                names: call.hash.keys().cloned().collect(),
                depth,
                line: place.0,
                column: place.1,
            }),
            None => self.refuse(
                place,
                "the name of a partial must be written out: use {{#if}} to choose between {{> one}} and {{> other}}"
                    .to_owned(),
            ),
        }
        if call.params.len() > 1 {
            self.refuse(
                place,
                "a partial takes one value, which it sees as this: hand it others under names, as in {{> name this text=labels.x}}"
                    .to_owned(),
            );
        }
        for argument in call.params.iter().chain(call.hash.values()) {
            self.argument(argument, depth, place);
        }
    }

    /// An expression or the head of a block.
    fn expression(&mut self, call: &HelperTemplate, depth: usize, place: (usize, usize), block: bool) {
        let Some(name) = call.name.as_name() else {
            return self.inner(&call.name, depth, place);
        };
        let arguments = call.params.len() + call.hash.len();
        if block || arguments > 0 || helper::is_helper(name) {
            self.call(name, call, place);
        } else if let Parameter::Path(path) = &call.name {
            self.path(path);
        } else {
            self.names.insert(name.to_owned());
        }
        for argument in call.params.iter().chain(call.hash.values()) {
            self.argument(argument, depth, place);
        }
    }

    /// `{{(lookup labels x)}}` would run the helper that the value names, so a label could choose it.
    fn inner(&mut self, name: &Parameter, depth: usize, place: (usize, usize)) {
        self.refuse(
            place,
            "leave out the parentheses around the whole expression: {{name argument}}, not {{(name argument)}}"
                .to_owned(),
        );
        self.argument(name, depth, place);
    }

    fn argument(&mut self, argument: &Parameter, depth: usize, place: (usize, usize)) {
        match argument {
            Parameter::Path(path) => self.path(path),
            Parameter::Name(name) => {
                self.names.insert(name.clone());
            }
            Parameter::Literal(value) => self.names.extend(value.as_str().map(str::to_owned)),
            Parameter::Subexpression(inner) => {
                self.size += 1;
                if !self.fits(depth + 1, place) {
                    return;
                }
                if let TemplateElement::Expression(call) = inner.as_element() {
                    match call.name.as_name() {
                        Some(name) => self.call(name, call, place),
                        None => self.inner(&call.name, depth + 1, place),
                    }
                    for argument in call.params.iter().chain(call.hash.values()) {
                        self.argument(argument, depth + 1, place);
                    }
                }
            }
            _ => self.refuse(place, "this is not supported".to_owned()),
        }
    }

    fn call(&mut self, name: &str, call: &HelperTemplate, place: (usize, usize)) {
        let named: Vec<&str> = call.hash.keys().map(String::as_str).collect();
        if let Err(message) = helper::check(name, &call.params, &named, call.block) {
            self.refuse(place, message);
        } else if name == "exact" && place != (1, 1) {
            self.refuse(place, "{{exact}} is the first thing in a template, or not there at all".to_owned());
        } else if matches!(name, "break" | "continue") && self.loops == 0 {
            // It must not leave the template that it stands in.
            self.refuse(
                place,
                format!("{{{{{name}}}}} stands outside of {{{{#each}}}}: a partial cannot end the loop that calls it"),
            );
        }
        self.helpers.insert(name.to_owned());
    }

    fn path(&mut self, path: &Path) {
        let Path::Relative((segments, _)) = path else { return };
        let mut whole = true;
        for segment in segments {
            if let PathSeg::Named(name) = segment {
                whole = name == "this";
                self.names.insert(name.clone());
            }
        }
        if whole {
            self.names.insert("this".to_owned());
        }
    }

    /// Whether the walk may go on at this depth; the first time it may not is a refusal.
    fn fits(&mut self, depth: usize, place: (usize, usize)) -> bool {
        if depth > MAX_DEPTH && self.depth <= MAX_DEPTH {
            self.refuse(place, too_deep());
        }
        self.depth = self.depth.max(depth);
        depth <= MAX_DEPTH
    }

    fn refuse(&mut self, (line, column): (usize, usize), message: String) {
        self.refusals.push(Refusal { line, column, message });
    }
}

/// How deep a text may nest to be parsed at all: parsing and dropping what is parsed are recursive, too.
const MAX_PARSED: usize = 100;

/// Where `text` nests deeper than the parser should see, judged by its brackets alone.
pub(super) fn too_deep_to_parse(text: &str) -> Option<Refusal> {
    // Alternatives of the blocks that are open; each `else if` is one block inside another.
    let mut open: Vec<usize> = Vec::new();
    let mut alternatives = 0;
    for (at, _) in text.match_indices("{{") {
        let tag = text[at + 2..].trim_start_matches(|char: char| matches!(char, '{' | '~') || char.is_whitespace());
        if tag.starts_with('#') {
            open.push(0);
        } else if tag.starts_with('/') {
            alternatives -= open.pop().unwrap_or(0);
        } else if let Some(last) = open.last_mut().filter(|_| tag.starts_with("else") || tag.starts_with('^')) {
            *last += 1;
            alternatives += 1;
        }
        let end = tag.find("}}");
        if open.len() + alternatives > MAX_PARSED || deepest_bracket(&tag[..end.unwrap_or(tag.len())]) > MAX_PARSED {
            let (line, column) = place(text, at);
            return Some(Refusal { line, column, message: too_deep() });
        }
        if end.is_none() {
            break;
        }
    }
    None
}

fn deepest_bracket(tag: &str) -> usize {
    let mut depth = 0usize;
    let mut deepest = 0;
    for byte in tag.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

/// Line and column, from 1, of the byte at `at`.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

fn too_deep() -> String {
    format!("blocks, sub-expressions and partials nest deeper than {MAX_DEPTH}: make it flatter")
}

#[cfg(test)]
mod tests;

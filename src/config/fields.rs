//! Reading a tree key by key while collecting every problem.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::Problem;
use super::raw::{Node, Place, Value};
use crate::nearest::nearest;

/// What goes wrong and what is odd while a configuration is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    problems: RefCell<Vec<Problem>>,
    warnings: RefCell<Vec<Problem>>,
}

/// A map whose keys are taken one by one; those that remain are unknown.
#[derive(Debug)]
pub(super) struct Section<'a> {
    path: String,
    place: Place,
    entries: &'a [(Node, Node)],
    taken: RefCell<BTreeSet<&'static str>>,
    findings: &'a Findings,
}

/// The value of a key, with its path for messages.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    pub(super) path: String,
    node: &'a Node,
    findings: &'a Findings,
}

// === impl Findings ===

impl Findings {
    pub(super) fn problem(&self, place: Option<Place>, path: &str, message: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { place, path: path.to_owned(), message: message.into() });
    }

    pub(super) fn warning(&self, place: Option<Place>, path: &str, message: impl Into<String>) {
        self.warnings.borrow_mut().push(Problem { place, path: path.to_owned(), message: message.into() });
    }

    /// The problems and the warnings, each in the order of the file.
    pub(super) fn into_parts(self) -> (Vec<Problem>, Vec<Problem>) {
        let sorted = |found: RefCell<Vec<Problem>>| {
            let mut found = found.into_inner();
            found.sort_by_key(|problem| problem.place);
            found
        };
        (sorted(self.problems), sorted(self.warnings))
    }
}

// === impl Section ===

impl<'a> Section<'a> {
    /// The whole file.
    pub(super) fn root(node: &'a Node, findings: &'a Findings) -> Option<Self> {
        Field { path: String::new(), node, findings }.section()
    }

    /// The value of `key`; `None` when it is missing or empty.
    pub(super) fn get(&self, key: &'static str) -> Option<Field<'a>> {
        self.taken.borrow_mut().insert(key);
        let (_, node) =
            self.entries.iter().find(|(name, _)| matches!(&name.value, Value::Scalar(name) if name == key))?;
        let field = Field { path: join(&self.path, key), node, findings: self.findings };
        (!matches!(node.value, Value::Null)).then_some(field)
    }

    /// A problem with `key` if it is written and left empty, where that must not mean the same as leaving it out.
    pub(super) fn fail_if_empty(&self, key: &'static str, message: &str) {
        let is_key = |name: &Node| matches!(&name.value, Value::Scalar(name) if name == key);
        for (name, node) in self.entries {
            if is_key(name) && matches!(node.value, Value::Null) {
                self.findings.problem(Some(name.place), &join(&self.path, key), message);
            }
        }
    }

    /// All keys with their values, for maps whose keys are names.
    pub(super) fn named(&self) -> Vec<(String, Field<'a>)> {
        let field = |(name, node): &'a (Node, Node)| match &name.value {
            Value::Scalar(name) => {
                Some((name.clone(), Field { path: join(&self.path, name), node, findings: self.findings }))
            }
            _ => {
                self.findings.problem(Some(name.place), &self.path, "a key must be a name");
                None
            }
        };
        self.entries.iter().filter_map(field).collect()
    }

    /// A problem with the section as a whole.
    pub(super) fn fail(&self, message: impl Into<String>) {
        self.findings.problem(Some(self.place), &self.path, message);
    }

    /// Reports the keys that nothing asked for.
    pub(super) fn finish(self) {
        let taken = self.taken.borrow();
        for (name, _) in self.entries {
            match &name.value {
                Value::Scalar(key) if taken.contains(key.as_str()) => {}
                Value::Scalar(key) => {
                    let message = match nearest(key, taken.iter().copied()) {
                        Some(known) => format!("unknown key; did you mean `{known}`?"),
                        None => format!("unknown key; known are {}", list(taken.iter())),
                    };
                    self.findings.problem(Some(name.place), &join(&self.path, key), message);
                }
                _ => self.findings.problem(Some(name.place), &self.path, "a key must be a name"),
            }
        }
    }
}

// === impl Field ===

impl<'a> Field<'a> {
    /// A problem with this value. Its text must not contain the value of a secret.
    pub(super) fn fail(&self, message: impl Into<String>) {
        self.findings.problem(Some(self.node.place), &self.path, message);
    }

    /// Something odd about this value.
    pub(super) fn warn(&self, message: impl Into<String>) {
        self.findings.warning(Some(self.node.place), &self.path, message);
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        self.node.place
    }

    /// A scalar as it is written.
    pub(super) fn text(&self) -> Option<String> {
        match &self.node.value {
            Value::Scalar(text) => Some(text.clone()),
            _ => {
                self.fail("expected a single value");
                None
            }
        }
    }

    /// A scalar that `parse` understands; its error says what it expects.
    pub(super) fn parse<T>(&self, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        parse(&self.text()?).map_err(|message| self.fail(message)).ok()
    }

    /// `true` or `false`.
    pub(super) fn flag(&self) -> Option<bool> {
        self.parse(|text| match text {
            "true" | "yes" | "on" => Ok(true),
            "false" | "no" | "off" => Ok(false),
            _ => Err("expected true or false".into()),
        })
    }

    /// A list.
    pub(super) fn list(&self) -> Option<Vec<Self>> {
        match &self.node.value {
            Value::List(nodes) => Some(self.items(nodes)),
            _ => {
                self.fail("expected a list");
                None
            }
        }
    }

    /// A list, or one value that stands for a list of one.
    pub(super) fn one_or_many(&self) -> Option<Vec<Self>> {
        match &self.node.value {
            Value::List(nodes) => Some(self.items(nodes)),
            _ => Some(vec![self.clone()]),
        }
    }

    /// A map.
    pub(super) fn section(&self) -> Option<Section<'a>> {
        self.section_or("expected keys and values")
    }

    /// A map; `expected` is the problem when it is none.
    pub(super) fn section_or(&self, expected: &str) -> Option<Section<'a>> {
        match &self.node.value {
            Value::Map(entries) => Some(Section {
                path: self.path.clone(),
                place: self.node.place,
                entries,
                taken: RefCell::default(),
                findings: self.findings,
            }),
            _ => {
                self.fail(expected);
                None
            }
        }
    }

    fn items(&self, nodes: &'a [Node]) -> Vec<Self> {
        let item = |(at, node)| Self { path: format!("{}[{at}]", self.path), node, findings: self.findings };
        nodes.iter().enumerate().map(item).collect()
    }
}

/// Names for a message: `a`, `b` and `c`.
pub(super) fn list(names: impl Iterator<Item = impl std::fmt::Display>) -> String {
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "none".into(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

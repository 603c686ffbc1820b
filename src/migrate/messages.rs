//! The messages of a configuration, and the configuration with what became of them.

use std::collections::BTreeSet;

use super::before::Before;
use super::report::Report;
use super::templates::{Made, Turning};
use super::tree::Trouble;
use super::yaml::{entries, get, list, map, scalar, text};
use crate::config::raw::{Node, Value};
use crate::render::is_go_template;

/// What prometheus-webhook-dingtalk takes where nothing is said.
const STOCK_TITLE: &str = r#"{{ template "ding.link.title" . }}"#;
const STOCK_TEXT: &str = r#"{{ template "ding.link.content" . }}"#;

/// Its own templates that are left to the bridge.
const STOCK: [&str; 4] = ["ding.link.title", "default.title", "ding.link.content", "default.content"];

/// A title or a text that is written in the configuration.
#[derive(Debug, Clone)]
pub(super) struct Inline {
    /// Where it stands, for messages.
    pub origin: String,
    /// What it says.
    pub text: String,
}

/// The messages of a configuration.
#[derive(Debug)]
pub(super) struct Messages {
    origin: String,
    lines_before: usize,
    /// The templates that titles and texts are made of, each with what it is for.
    pub titles: BTreeSet<String>,
    pub texts: BTreeSet<String>,
    /// What the message of targets without one of their own sets.
    set_by_default: BTreeSet<String>,
    /// Whether a target has no message of its own.
    uses_default: bool,
    /// Whether a message is left to the bridge.
    pub stock: bool,
}

/// What became of a title or text.
enum Became {
    /// It is left to the bridge.
    Stock,
    /// This is written in its place.
    Text(String),
}

// === impl Messages ===

impl Messages {
    /// Finds the messages.
    pub(super) fn of(before: &Before) -> Self {
        let mut messages = Self {
            origin: before.origin.clone(),
            lines_before: before.lines_before,
            titles: BTreeSet::new(),
            texts: BTreeSet::new(),
            set_by_default: BTreeSet::new(),
            uses_default: false,
            stock: false,
        };
        let targets = get(&before.root, "targets").map(entries).unwrap_or_default();
        messages.uses_default = targets.iter().any(|(_, target)| get(target, "message").is_none());
        messages
    }

    fn inline_of(&self, path: &str, node: &Node) -> Option<Inline> {
        let line = usize::try_from(node.place.line).unwrap_or_default() + self.lines_before;
        Some(Inline { origin: format!("{}:{line}: {path}", self.origin), text: text(node)?.to_owned() })
    }

    /// The configuration with the new messages. `keeps` says whether there are templates that stay as they are.
    pub(super) fn turn(&mut self, root: &Node, keeps: bool, turning: &mut Turning<'_>, report: &mut Report) -> Node {
        let mut new = Vec::new();
        let mut targets = Vec::new();
        let default = self.message("default_message", "message", get(root, "default_message"), turning, report);
        self.set_by_default =
            default.iter().flat_map(entries).filter_map(|(key, _)| text(key)).map(str::to_owned).collect();
        for (name, node) in entries(root) {
            match text(name) {
                Some("templates" | "template" | "no_builtin_template" | "default_message") => {}
                Some("targets") => {
                    for (name, target) in entries(node) {
                        let called = text(name).unwrap_or_default();
                        let turned = self.target(called, target, default.as_ref(), turning, report);
                        targets.push((name.clone(), turned));
                    }
                }
                _ => new.push((name.clone(), node.clone())),
            }
        }
        if keeps || !turning.written.is_empty() {
            new.push((scalar("templates"), list([format!("{}/*.hbs", super::TEMPLATES).as_str()])));
        }
        new.extend(default.map(|message| (scalar("default_message"), message)));
        new.push((scalar("targets"), Node { value: Value::Map(targets), ..root.clone() }));
        Node { value: Value::Map(new), ..root.clone() }
    }

    /// A target with its new message; `default` is that of those without one.
    fn target(
        &mut self,
        name: &str,
        target: &Node,
        default: Option<&Node>,
        turning: &mut Turning<'_>,
        report: &mut Report,
    ) -> Node {
        let own = get(target, "message");
        let message = own.and_then(|message| {
            let path = format!("targets.{name}.message");
            self.message(&path, &format!("target.{name}"), Some(message), turning, report)
        });
        let sent = if own.is_some() { message.as_ref() } else { default };
        let halves = sent.map(entries).unwrap_or_default().iter().filter_map(|(_, half)| called(text(half)?));
        let calls_people = turning.call_people(halves);
        let mut new: Vec<(Node, Node)> = Vec::new();
        for (key, node) in entries(target) {
            match text(key) {
                Some("message") => {}
                Some("mention") if calls_people && get(node, "when").is_none() => {
                    let Value::Map(mut mention) = node.value.clone() else { continue };
                    mention.push((scalar("when"), list(["firing", "repeat", "digest", "resolved"])));
                    new.push((key.clone(), Node { value: Value::Map(mention), ..node.clone() }));
                }
                _ => new.push((key.clone(), node.clone())),
            }
        }
        new.extend(message.map(|message| (scalar("message"), message)));
        if !matches!(target.value, Value::Map(_)) {
            return target.clone();
        }
        Node { value: Value::Map(new), ..target.clone() }
    }

    /// What is written for a message; nothing where all of it is left to the bridge.
    fn message(
        &mut self,
        path: &str,
        name: &str,
        message: Option<&Node>,
        turning: &mut Turning<'_>,
        report: &mut Report,
    ) -> Option<Node> {
        let uses_default = self.uses_default;
        let mut new = Vec::new();
        for (key, stock) in [("title", STOCK_TITLE), ("text", STOCK_TEXT)] {
            let written = message.and_then(|message| get(message, key));
            let inline = written.and_then(|node| self.inline_of(&format!("{path}.{key}"), node));
            let inline = inline.unwrap_or_else(|| Inline { origin: self.origin.clone(), text: stock.to_owned() });
            match self.half(&format!("{name}.{key}"), &inline, turning) {
                Ok(Became::Stock) => {
                    self.stock |= path != "default_message" || uses_default;
                    // Half a message takes the other half from nowhere else.
                    if self.set_by_default.contains(key) {
                        new.push((key, scalar(format!("{{{{> default.{key}}}}}"))));
                    }
                }
                Ok(Became::Text(text)) => {
                    if let Some(called) = called(&text) {
                        let names = if key == "title" { &mut self.titles } else { &mut self.texts };
                        names.insert(called.to_owned());
                    }
                    new.push((key, scalar(text)));
                }
                Err(trouble) => report.message_left(&inline, trouble),
            }
        }
        // Other keys of a message, such as its type, stay.
        let others = message.map(entries).unwrap_or_default();
        let others = others.iter().filter_map(|(key, node)| Some((text(key)?, node.clone())));
        let others = others.filter(|(key, _)| !matches!(*key, "title" | "text")).collect::<Vec<_>>();
        new.splice(0..0, others);
        (!new.is_empty()).then(|| map(new))
    }

    fn half(&self, name: &str, inline: &Inline, turning: &mut Turning<'_>) -> Result<Became, Trouble> {
        let marked = ["{{>", "{{#", "{{~"].iter().any(|mark| inline.text.contains(mark));
        if marked && !is_go_template(&inline.text) {
            // It is Handlebars already.
            return Ok(Became::Text(inline.text.clone()));
        }
        Ok(match turning.message(name, &inline.origin, &inline.text)? {
            Made::Literal(text) => Became::Text(text),
            Made::Template(name) => Became::Text(format!("{{{{> {name}}}}}")),
            Made::Stock(stock) if STOCK.contains(&stock.go) => Became::Stock,
            Made::Stock(stock) => Became::Text(format!("{{{{> {}}}}}", stock.ours)),
        })
    }
}

/// The template that is the whole of a title or text.
fn called(text: &str) -> Option<&str> {
    text.strip_prefix("{{> ")?.strip_suffix("}}")
}

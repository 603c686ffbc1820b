//! All the Go templates of a configuration, and which of them have to be turned for which kinds of dot.
//!
//! A template of Go may be called with whatever is at hand; one of Handlebars is written for one kind of it. So a template
//! that is called with several kinds becomes several. What prometheus-webhook-dingtalk has built in is built in here under
//! the same name, and a template of the user's takes its place as it does there.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::kind::Kind;
use super::parse::parse;
use super::tree::{At, Define, List, Node, Source, Trouble, trouble};
use super::turn::{Turned, turn};
use crate::nearest::nearest;
use crate::notification::Sender;
use crate::render::{is_built_in, place};

/// A template of prometheus-webhook-dingtalk.
pub(super) struct BuiltIn {
    /// Its name there.
    pub go: &'static str,
    /// Its name here. Two of them are taken by templates of ours.
    pub ours: &'static str,
    /// What it is called with.
    root: Kind,
    /// What it calls.
    calls: &'static [&'static str],
}

/// How many kinds of values one template may be called with. One that calls itself may be called with ever new ones.
const MOST_KINDS: usize = 16;

/// What prometheus-webhook-dingtalk has built in.
pub(super) const BUILT_IN: [BuiltIn; 10] = [
    BuiltIn { go: "__subject", ours: "__subject", root: Kind::Data, calls: &[] },
    BuiltIn { go: "__alertmanagerURL", ours: "__alertmanagerURL", root: Kind::Data, calls: &[] },
    BuiltIn { go: "__text_alert_list", ours: "__text_alert_list", root: Kind::Alerts, calls: &[] },
    BuiltIn { go: "default.__text_alert_list", ours: "default.__text_alert_list", root: Kind::Alerts, calls: &[] },
    BuiltIn { go: "default.title", ours: "ding.default.title", root: Kind::Data, calls: &["__subject"] },
    BuiltIn {
        go: "default.content",
        ours: "default.content",
        root: Kind::Data,
        calls: &["__alertmanagerURL", "default.__text_alert_list"],
    },
    BuiltIn { go: "legacy.title", ours: "ding.legacy.title", root: Kind::Data, calls: &["__subject"] },
    BuiltIn {
        go: "legacy.content",
        ours: "legacy.content",
        root: Kind::Data,
        calls: &["__alertmanagerURL", "__text_alert_list"],
    },
    BuiltIn { go: "ding.link.title", ours: "ding.link.title", root: Kind::Data, calls: &["default.title"] },
    BuiltIn { go: "ding.link.content", ours: "ding.link.content", root: Kind::Data, calls: &["default.content"] },
];

/// The one of them that names the people whom a message calls.
const CALLS_PEOPLE: &str = "default.content";

/// Go templates as they are written.
#[derive(Debug, Clone, Default)]
pub(super) struct Templates {
    files: Vec<File>,
    /// The templates by name, each with the file that it stands in.
    defines: BTreeMap<String, (usize, Define)>,
    /// Whether those of prometheus-webhook-dingtalk count as well.
    with_built_in: bool,
    /// Whether there is a file of which no template counts.
    is_incomplete: bool,
}

/// A text that holds Go templates.
#[derive(Debug, Clone)]
struct File {
    origin: String,
    text: String,
}

/// A template that was turned.
#[derive(Debug)]
pub(super) struct Written {
    /// Its new name.
    pub name: String,
    /// Its old name; of a message none.
    pub go: Option<String>,
    /// The file that it stood in.
    pub origin: String,
    /// The line there, from 1.
    pub line: usize,
    /// The text that places in it are about.
    pub source: String,
    /// What it became.
    pub turned: Turned,
}

/// What a message is made of.
pub(super) enum Made {
    /// This text is the whole of it.
    Literal(String),
    /// The template of this name.
    Template(String),
    /// What prometheus-webhook-dingtalk has built in.
    Stock(&'static BuiltIn),
}

/// Templates while they are turned.
pub(super) struct Turning<'t> {
    templates: &'t Templates,
    /// What all new names begin with: something where a message has templates of its own.
    prefix: String,
    /// The new names, by the old ones and what the dot is.
    names: BTreeMap<(String, Kind), String>,
    /// What is still to be turned.
    queue: VecDeque<(String, Kind)>,
    /// How many variables of each name are kept.
    variables: BTreeMap<String, usize>,
    /// What was turned.
    pub written: Vec<Written>,
}

// === impl Templates ===

impl Templates {
    /// None yet but those of prometheus-webhook-dingtalk, if they count.
    pub(super) fn new(with_built_in: bool) -> Self {
        Self { with_built_in, ..Self::default() }
    }

    /// Reads the templates of a file. A template takes the place of one of its name in an earlier file, unless it is empty.
    ///
    /// # Errors
    /// The file is no Go template; then none of its templates count. The place is in `text`.
    pub(super) fn add_file(&mut self, origin: String, name: &str, text: String) -> Result<(), Trouble> {
        let source = parse(&text).inspect_err(|_| self.is_incomplete = true)?;
        let mut defines = source.defines;
        let mut seen = BTreeMap::new();
        for define in &defines {
            if let Some(empty) = seen.insert(&define.name, is_empty(&define.body))
                && !(empty || is_empty(&define.body))
            {
                return trouble(define.at, format!("{:?} is defined in this file already", define.name));
            }
        }
        // Go calls what stands outside of the definitions by the name of the file.
        defines.push(Define { at: 0, name: name.to_owned(), body: source.main });
        let file = self.files.len();
        self.files.push(File { origin, text });
        for define in defines {
            let known = self.defines.contains_key(&define.name) || self.built_in(&define.name).is_some();
            if !(known && is_empty(&define.body)) {
                self.defines.insert(define.name.clone(), (file, define));
            }
        }
        Ok(())
    }

    /// These, and those that a message defines.
    fn with(&self, origin: &str, text: &str, defines: Vec<Define>) -> Self {
        let mut all = self.clone();
        let file = all.files.len();
        all.files.push(File { origin: origin.to_owned(), text: text.to_owned() });
        for define in defines.into_iter().filter(|define| !is_empty(&define.body)) {
            all.defines.insert(define.name.clone(), (file, define));
        }
        all
    }

    fn built_in(&self, name: &str) -> Option<&'static BuiltIn> {
        BUILT_IN.iter().find(|built_in| self.with_built_in && built_in.go == name)
    }

    /// Whether a template of prometheus-webhook-dingtalk means what it means there: neither it nor what it calls was
    /// written anew.
    fn is_stock(&self, name: &str) -> Option<&'static BuiltIn> {
        let built_in = self.built_in(name).filter(|_| !self.defines.contains_key(name))?;
        built_in.calls.iter().all(|called| self.is_stock(called).is_some()).then_some(built_in)
    }

    /// The names of the templates in the files that are not among `used`, with their places.
    pub(super) fn unused<'a>(&'a self, used: &BTreeSet<&str>) -> Vec<(&'a str, &'a str, usize)> {
        let unused =
            self.defines.iter().filter(|(name, (_, define))| !used.contains(name.as_str()) && !is_empty(&define.body));
        unused
            .map(|(name, (file, define))| {
                let file = &self.files[*file];
                (name.as_str(), file.origin.as_str(), line(&file.text, define.at))
            })
            .collect()
    }
}

/// Whether a template says nothing.
fn is_empty(list: &List) -> bool {
    list.iter().all(|node| match node {
        Node::Text(text) => text.trim().is_empty(),
        Node::Comment(_) => true,
        _ => false,
    })
}

/// The line of a place, from 1.
pub(super) fn line(text: &str, at: At) -> usize {
    place(text, at).0
}

// === impl Written ===

impl Written {
    /// The new file.
    pub(super) fn file(&self) -> String {
        let place = if self.line > 0 { format!("{}, line {}", self.origin, self.line) } else { self.origin.clone() };
        format!("{{{{exact}}}}{{{{!-- From {}.\n--}}}}{}", place.replace("--", "- -"), self.turned.text)
    }
}

// === impl Turning ===

impl<'t> Turning<'t> {
    pub(super) fn new(templates: &'t Templates) -> Self {
        Self {
            templates,
            prefix: String::new(),
            names: BTreeMap::new(),
            queue: VecDeque::new(),
            variables: BTreeMap::new(),
            written: Vec::new(),
        }
    }

    /// Turns a message that is written in the configuration, under `name` if it takes a template of its own, with all the
    /// templates that it calls.
    ///
    /// # Errors
    /// It is no Go template. The place is in `text`.
    pub(super) fn message(&mut self, name: &str, origin: &str, text: &str) -> Result<Made, Trouble> {
        let Source { defines, main } = parse(text)?;
        if !defines.is_empty() {
            return self.message_with_own(name, origin, text, &main, defines);
        }
        let made = match main.as_slice() {
            [] => Made::Literal(String::new()),
            [Node::Text(text)] if !text.contains("{{") => Made::Literal(text.clone()),
            [Node::Template { at, name, argument: Some(pipe) }] if is_dot(pipe) => {
                match self.templates.is_stock(name) {
                    Some(stock) => Made::Stock(stock),
                    None => Made::Template(self.called(name, &Kind::Data, *at)?),
                }
            }
            _ => {
                let turned = turn(&main, Kind::Data, text, self);
                let written = Written {
                    name: name.to_owned(),
                    go: None,
                    origin: origin.to_owned(),
                    line: 0,
                    source: text.to_owned(),
                    turned,
                };
                self.written.push(written);
                Made::Template(name.to_owned())
            }
        };
        self.turn_called();
        Ok(made)
    }

    /// A message that defines templates, which count for it alone: all that it calls is turned for it alone.
    fn message_with_own(
        &mut self,
        name: &str,
        origin: &str,
        text: &str,
        main: &List,
        defines: Vec<Define>,
    ) -> Result<Made, Trouble> {
        let templates = self.templates.with(origin, text, defines);
        let mut own = Turning::new(&templates);
        own.prefix = format!("{name}.");
        own.variables = std::mem::take(&mut self.variables);
        let turned = turn(main, Kind::Data, text, &mut own);
        own.turn_called();
        self.variables = own.variables;
        self.written.append(&mut own.written);
        let (name, origin, source) = (name.to_owned(), origin.to_owned(), text.to_owned());
        self.written.push(Written { name: name.clone(), go: None, origin, line: 0, source, turned });
        Ok(Made::Template(name))
    }

    fn turn_called(&mut self) {
        while let Some((name, kind)) = self.queue.pop_front() {
            let Some((file, define)) = self.templates.defines.get(&name) else { continue };
            let file = &self.templates.files[*file];
            let turned = turn(&define.body, kind.clone(), &file.text, self);
            self.written.push(Written {
                name: self.names[&(name.clone(), kind)].clone(),
                go: Some(name),
                origin: file.origin.clone(),
                line: line(&file.text, define.at),
                source: file.text.clone(),
                turned,
            });
        }
    }

    /// The new name of the template `name` when it is called with a `kind`, which is turned if it has to be.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn called(&mut self, name: &str, kind: &Kind, at: At) -> Result<String, Trouble> {
        if !self.templates.defines.contains_key(name) {
            return self.called_built_in(name, kind, at);
        }
        let key = (name.to_owned(), kind.clone());
        if let Some(known) = self.names.get(&key) {
            return Ok(known.clone());
        }
        if self.names.keys().filter(|(known, _)| known == name).count() >= MOST_KINDS {
            return trouble(
                at,
                format!("{name:?} is called with ever other values: a template cannot call itself here, use range"),
            );
        }
        let new = self.new_name(name, kind);
        self.names.insert(key.clone(), new.clone());
        self.queue.push_back(key);
        Ok(new)
    }

    /// The name of a template of prometheus-webhook-dingtalk; what it calls may be the user's own and is turned then.
    fn called_built_in(&mut self, name: &str, kind: &Kind, at: At) -> Result<String, Trouble> {
        let Some(built_in) = self.templates.built_in(name) else { return self.missing(name, at) };
        if *kind != built_in.root {
            let (wants, gets) = (built_in.root.described(), kind.described());
            return trouble(at, format!("{name:?} wants {wants} and gets {gets}"));
        }
        for called in built_in.calls {
            let root = self.templates.built_in(called).map_or(Kind::Data, |called| called.root.clone());
            let ours = self.called(called, &root, at)?;
            if ours.starts_with(&self.prefix) && !self.prefix.is_empty() {
                let message =
                    format!("{name:?} calls {called:?}, which the message defines: write it into a file of templates");
                return trouble(at, message);
            }
        }
        Ok(built_in.ours.to_owned())
    }

    /// A name that no other template has: the old one, as far as files and templates of ours leave it free.
    fn new_name(&self, name: &str, kind: &Kind) -> String {
        let built_in = self.templates.built_in(name);
        let plain = built_in.map_or_else(|| file_name(name), |built_in| built_in.ours.to_owned());
        let plain = format!("{}{plain}", self.prefix);
        let suffixed = format!("{plain}.{}", kind.suffix());
        let usual = built_in.is_none_or(|built_in| built_in.root == *kind);
        let numbered = (2..).map(|number| format!("{suffixed}{number}"));
        let mut names = usual.then_some(plain).into_iter().chain([suffixed.clone()]).chain(numbered);
        let free = |name: &String| !self.names.values().any(|taken| taken == name);
        names.find(free).unwrap_or(suffixed)
    }

    /// Whether the templates of these new names, or what they call, name the people whom a message calls.
    pub(super) fn call_people<'n>(&self, names: impl Iterator<Item = &'n str>) -> bool {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = names.collect();
        while let Some(name) = open.pop() {
            if !seen.insert(name.to_owned()) {
                continue;
            }
            if let Some(written) = self.written.iter().find(|written| written.name == name) {
                if written.turned.advice.calls_people {
                    return true;
                }
                open.extend(written.turned.calls.iter().map(String::as_str));
            } else if let Some(built_in) = BUILT_IN.iter().find(|built_in| built_in.ours == name) {
                if built_in.go == CALLS_PEOPLE {
                    return true;
                }
                let called = |go: &&str| BUILT_IN.iter().find(|built_in| built_in.go == *go).map(|called| called.ours);
                open.extend(built_in.calls.iter().filter_map(called));
            }
        }
        false
    }

    fn missing<T>(&self, name: &str, at: At) -> Result<T, Trouble> {
        let built_in = BUILT_IN.iter().filter(|_| self.templates.with_built_in).map(|built_in| built_in.go);
        let known = self.templates.defines.keys().map(String::as_str).chain(built_in);
        match nearest(name, known) {
            Some(near) => trouble(at, format!("there is no template {name:?}: did you mean {near:?}?")),
            None if self.templates.is_incomplete => trouble(
                at,
                format!("there is no template {name:?}: it may stand in a file that cannot be read as it is"),
            ),
            None => trouble(
                at,
                format!("there is no template {name:?}: see that `templates` names the file that defines it"),
            ),
        }
    }

    /// A name for a variable that no other one has.
    pub(super) fn variable(&mut self, name: &str) -> String {
        let number = self.variables.entry(name.to_owned()).or_default();
        *number += 1;
        if *number == 1 { name.to_owned() } else { format!("{name}{number}") }
    }
}

fn is_dot(pipe: &super::tree::Pipe) -> bool {
    let [command] = pipe.commands.as_slice() else { return false };
    pipe.variables.is_empty() && command.arguments.is_empty() && command.head.is_dot()
}

/// A name that a file can have and that no template of ours has, nor one that a sender's messages are made of.
fn file_name(name: &str) -> String {
    let fits = |char: char| char.is_alphanumeric() || matches!(char, '.' | '_' | '-');
    let fitting: String = name.chars().map(|char| if fits(char) { char } else { '-' }).collect();
    let of_sender = || {
        let (first, last) = fitting.split_once('.')?;
        Some(Sender::named(first).is_some() && matches!(last, "title" | "text" | "plain"))
    };
    let taken = is_built_in(&fitting) || of_sender() == Some(true) || fitting.starts_with(['.', '-']);
    if taken || fitting.is_empty() { format!("ding.{fitting}") } else { fitting }
}

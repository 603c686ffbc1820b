//! What became of what: every template with its old place and its new name, what could not be turned and why, and what
//! is worth a second look.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::advice::Advice;
use super::messages::{Inline, Messages};
use super::templates::{Templates, Written, line};
use super::tree::Trouble;
use crate::render::place;

/// What became of everything.
#[derive(Debug, Default)]
pub struct Report {
    entries: Vec<Entry>,
    /// Said at the end.
    remarks: Vec<String>,
}

/// What became of one template, message or file.
#[derive(Debug)]
struct Entry {
    /// The file.
    origin: String,
    /// The line, from 1; 0 for the file as a whole.
    line: usize,
    /// What it is.
    what: String,
    /// Its new name; none when nothing of it was turned.
    became: Option<String>,
    /// What could not be turned: line, column and why.
    left: Vec<(usize, usize, String)>,
    /// What is worth a second look, each with its line.
    notes: Vec<(usize, String)>,
}

// === impl Report ===

impl Report {
    /// Whether everything was turned.
    pub fn is_complete(&self) -> bool {
        self.entries.iter().all(|entry| entry.left.is_empty())
    }

    /// How many templates and messages were turned, and how many only in part or not at all.
    pub fn counts(&self) -> (usize, usize) {
        let turned = self.entries.iter().filter(|entry| entry.became.is_some() && entry.left.is_empty()).count();
        let left = self.entries.iter().filter(|entry| !entry.left.is_empty()).count();
        (turned, left)
    }

    /// Says something about a file as a whole.
    pub(super) fn note(&mut self, origin: &str, line: usize, note: String) {
        let entry = Entry::new(origin, line, String::new());
        self.entries.push(Entry { notes: vec![(line, note)], ..entry });
    }

    /// A file that is no Go template: none of its templates is known.
    pub(super) fn file_left(&mut self, origin: &str, source: &str, trouble: Trouble) {
        let what = "the file".to_owned();
        self.entries.push(Entry { left: vec![placed(source, trouble)], ..Entry::new(origin, 0, what) });
    }

    /// A message that is no Go template.
    pub(super) fn message_left(&mut self, inline: &Inline, trouble: Trouble) {
        let what = "the message".to_owned();
        self.entries.push(Entry { left: vec![placed(&inline.text, trouble)], ..Entry::new(&inline.origin, 0, what) });
    }

    /// Adds what was turned, and what is odd about it.
    pub(super) fn add(&mut self, written: &[Written], templates: &Templates, messages: &Messages) {
        let by_name: BTreeMap<&str, &Written> =
            written.iter().map(|written| (written.name.as_str(), written)).collect();
        for template in written {
            let source = template.source.as_str();
            let mut entry = Entry::new(&template.origin, template.line, template.go.clone().unwrap_or_default());
            entry.became = Some(template.name.clone());
            entry.left = template.turned.troubles.iter().map(|trouble| placed(source, trouble.clone())).collect();
            entry.notes =
                template.turned.advice.notes().into_iter().map(|(at, note)| (line(source, at), note)).collect();
            if messages.texts.contains(&template.name) && shown(template, &by_name).drops_resolved() {
                entry.notes.push((
                    template.line,
                    "alerts that are over are not shown while others of their group fire: range over .Alerts.Resolved outside of conditions on .Status".to_owned(),
                ));
            }
            if messages.titles.contains(&template.name) && breaks_lines(template, &by_name) {
                entry.notes.push((
                    template.line,
                    "the title holds line breaks, which show as spaces or cut it off: it is best on one line"
                        .to_owned(),
                ));
            }
            entry.notes.sort();
            self.entries.push(entry);
        }
        let used: BTreeSet<&str> = written.iter().filter_map(|written| written.go.as_deref()).collect();
        for (name, origin, line) in templates.unused(&used) {
            let mut entry = Entry::new(origin, line, name.to_owned());
            entry.notes.push((line, "no message calls it: it is left out".to_owned()));
            self.entries.push(entry);
        }
        if messages.stock {
            self.remarks.push(
                "Messages that were prometheus-webhook-dingtalk's own are dingbridge's own now. To keep the old look:\n\
                 message: {title: '{{> ding.link.title}}', text: '{{> ding.link.content}}'}"
                    .to_owned(),
            );
        }
        if written.iter().any(|written| written.turned.advice.calls_people) {
            self.remarks.push(
                "Where a template shows .AtMobiles, people are called on resolved alerts too, as before: leave resolved out of \
                 mention.when to let them sleep."
                    .to_owned(),
            );
        }
        // Files that cannot be read come first: what they define is missing everywhere else.
        let mut origins: Vec<String> = Vec::new();
        for entry in &self.entries {
            if !origins.contains(&entry.origin) {
                origins.push(entry.origin.clone());
            }
        }
        let order = |entry: &Entry| (origins.iter().position(|origin| *origin == entry.origin), entry.line);
        self.entries.sort_by_key(order);
    }
}

/// What a message shows with all the templates that it calls.
fn shown(template: &Written, by_name: &BTreeMap<&str, &Written>) -> Advice {
    let mut all = Advice::default();
    each_called(template, by_name, &mut BTreeSet::new(), &mut |called| all.add_shown(&called.turned.advice));
    all
}

fn breaks_lines(template: &Written, by_name: &BTreeMap<&str, &Written>) -> bool {
    let mut breaks = false;
    each_called(template, by_name, &mut BTreeSet::new(), &mut |called| breaks |= called.turned.text.contains('\n'));
    breaks
}

fn each_called<'a>(
    template: &'a Written,
    by_name: &BTreeMap<&str, &'a Written>,
    seen: &mut BTreeSet<&'a str>,
    see: &mut impl FnMut(&Written),
) {
    if seen.insert(&template.name) {
        see(template);
        for called in template.turned.calls.iter().filter_map(|name| by_name.get(name.as_str())) {
            each_called(called, by_name, seen, see);
        }
    }
}

/// A trouble with line and column, from 1.
fn placed(source: &str, Trouble { at, message }: Trouble) -> (usize, usize, String) {
    let (line, column) = place(source, at);
    (line, column, message)
}

impl fmt::Display for Report {
    /// File by file, what became of each template, then how many there are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut origin = "";
        for entry in &self.entries {
            if entry.origin != origin {
                writeln!(f, "{}", entry.origin)?;
                origin = &entry.origin;
            }
            entry.fmt(f)?;
        }
        for remark in &self.remarks {
            writeln!(f, "\n{remark}")?;
        }
        Ok(())
    }
}

// === impl Entry ===

impl Entry {
    fn new(origin: &str, line: usize, what: String) -> Self {
        Self { origin: origin.to_owned(), line, what, became: None, left: Vec::new(), notes: Vec::new() }
    }

    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, line, became, left, notes, .. } = self;
        let sign = if left.is_empty() { ' ' } else { '!' };
        let what = match (what.as_str(), *line) {
            ("", _) => String::new(),
            (what, 0) => what.to_owned(),
            (what, line) => format!("{line}: {what}"),
        };
        match became {
            Some(name) if what.is_empty() => writeln!(f, "{sign} → {name}.hbs")?,
            Some(name) => writeln!(f, "{sign} {what} → {name}.hbs")?,
            None if left.is_empty() => {}
            None => writeln!(f, "{sign} {what} was not turned")?,
        }
        for (line, column, message) in left {
            writeln!(f, "    line {line}, column {column}: {message}")?;
        }
        for (line, note) in notes {
            match (became, line) {
                (_, 0) => writeln!(f, "    note: {note}")?,
                (None, _) => writeln!(f, "  {what}: {note}")?,
                (Some(_), line) => writeln!(f, "    note, line {line}: {note}")?,
            }
        }
        Ok(())
    }
}

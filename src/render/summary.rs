//! The data that the templates of a digest see: one part of it, in one form.
//!
//! It is a public contract, like that of a single group (see `model`), and everything in it is cleaned likewise. Because
//! many alerts share a message here, every value is cut to a length at which none can crowd out the others.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Value};

use super::digest::{Detail, Digest, Form, Name, Row, Section};
use super::escape;
use super::fit::{Part, shortened};
use super::helper::WHERE;
use super::model::{Builder, delayed, rest};
use super::{Circumstances, Style, words};
use crate::dingtalk::Message;
use crate::notification::{Alert, Labels};

/// How many characters a name may have: of an alert, a label, a receiver.
const NAME_CHARS: usize = 100;
/// How many characters a value may have where there is room.
const FULL_CHARS: usize = 1_000;
/// How many characters a value may have on a line of its alert.
const LINE_CHARS: usize = 160;
/// How many characters of a message are read: with the addresses of links, which are not shown.
const MESSAGE_CHARS: usize = 4_000;
/// How many labels a line of an alert may have.
const LINE_LABELS: usize = 8;
/// How many labels an alert may have where there is room.
const FULL_LABELS: usize = 30;

/// What templates ask for; other annotations only as far as there is room.
const KNOWN_ANNOTATIONS: [&str; 4] = ["summary", "description", "message", "runbook_url"];

/// Some rows of a digest, to be one message.
pub(super) struct Summary<'a> {
    /// The digest.
    pub digest: &'a Digest<'a>,
    /// Its form.
    pub form: Form,
    /// The digest in this form.
    pub rows: &'a [Row],
    /// Those in this message.
    pub range: Range<usize>,
    /// Whether the rows after these are in no message, only counted.
    pub last: bool,
    /// Which message of how many it is.
    pub part: Part,
}

// === impl Summary ===

impl Summary<'_> {
    /// The data.
    pub(super) fn model(&self, style: &Style, circumstances: &Circumstances<'_>) -> Value {
        let digest = self.digest;
        let build = Builder::new(style);
        let first = digest.groups.first().map(|folded| &folded.notification);
        let total = |section| Value::from(digest.total(section));
        let truncated: u64 = digest.groups.iter().map(|folded| folded.notification.truncated_alerts).sum();

        let mut model = Map::new();
        let mut put = |name: &str, value: Value| model.insert(name.to_owned(), value);
        put("target", Value::from(circumstances.target));
        put("sender", Value::from(first.map_or("", |notification| notification.sender.as_str())));
        put("status", Value::from(digest.status().as_str()));
        put("severity", Value::from(digest.severity.as_str()));
        put("externalURL", Value::String(escape::url(digest.external_url())));
        put("meantFor", short(&digest.meant_for(), FULL_CHARS, &build));
        put("truncatedAlerts", Value::from(truncated));
        put("salvaged", Value::from(digest.salvaged()));
        put("repeats", Value::from(circumstances.repeats));
        put("part", Value::from(self.part.number));
        put("parts", Value::from(self.part.of));
        put("detail", Value::from(self.form.detail.as_str()));
        if let Some(delayed) = delayed(circumstances) {
            put("delayed", Value::from(delayed));
        }
        let total = serde_json::json!({
            "firing": total(Section::Firing),
            "resolved": total(Section::Resolved),
            "gone": total(Section::Gone),
            "alerts": digest.totals.iter().sum::<usize>(),
            "groups": digest.groups.len(),
        });
        put("total", total);
        for section in Section::ALL {
            put(section.as_str(), self.section(section, &build));
        }
        put("others", self.others());
        Value::Object(model)
    }

    /// The names of `section` with what is said of their alerts.
    fn section(&self, section: Section, build: &Builder<'_>) -> Value {
        let rows = &self.rows[self.range.clone()];
        let chunks = rows.chunk_by(|row, next| row.name == next.name);
        let of_it = chunks.filter(|rows| self.digest.names[rows[0].name].section == section);
        of_it.map(|rows| self.name(&self.digest.names[rows[0].name], rows, build)).collect()
    }

    fn name(&self, name: &Name<'_>, rows: &[Row], build: &Builder<'_>) -> Value {
        let alerts: Vec<Value> =
            rows.iter().filter_map(|row| row.alert).map(|index| self.alert(name, index, build)).collect();
        let more: usize = rows.iter().map(|row| row.more).sum();
        serde_json::json!({
            "alertname": short(name.name, NAME_CHARS, build),
            "severity": name.severity.as_str(),
            "status": name.section.status().as_str(),
            "count": alerts.len() + more,
            "all": name.alerts.len(),
            "continued": !rows[0].first,
            "commonLabels": self.labels(&name.common, build),
            "alerts": alerts,
            "more": more,
        })
    }

    fn alert(&self, name: &Name<'_>, index: usize, build: &Builder<'_>) -> Value {
        let told = &name.alerts[index];
        let mut model = rest(name.severity, told.alert);
        let mut put = |name: &str, value: Value| model.insert(name.to_owned(), value);
        put("labels", self.labels(&told.alert.labels, build));
        let annotations = match told.message {
            Some(message) => self.annotations(&in_words(told.alert, name.name, message), true),
            None => self.annotations(&told.alert.annotations, build.annotations),
        };
        put("annotations", annotations);
        put("receiver", short(told.receiver, NAME_CHARS, build));
        if told.flaps > 0 {
            put("flaps", Value::from(told.flaps));
        }
        Value::Object(model)
    }

    /// Labels, those first that tell where something is; the name of the alert stands above it in any case.
    fn labels(&self, labels: &Labels, build: &Builder<'_>) -> Value {
        let most = if self.form.detail == Detail::Full { FULL_LABELS } else { LINE_LABELS };
        let known = |name: &str| name == "alertname" || WHERE.contains(&name);
        let first = labels.iter().filter(|(name, _)| known(name));
        let shown = first.chain(labels.iter().filter(|(name, _)| !known(name))).take(most);
        let most = self.value_chars();
        Value::Object(
            shown.map(|(name, value)| (shortened(name, NAME_CHARS).into_owned(), short(value, most, build))).collect(),
        )
    }

    /// Annotations. What would begin a heading, a quote or a list stands for itself: it is on a line of a list already.
    fn annotations(&self, annotations: &Labels, foreign: bool) -> Value {
        let known = |name: &str| KNOWN_ANNOTATIONS.contains(&name);
        let first = annotations.iter().filter(|(name, _)| known(name));
        let shown = first.chain(annotations.iter().filter(|(name, _)| !known(name))).take(FULL_LABELS);
        let short = |(name, value): (&String, &String)| {
            // An address is of no use without its end.
            let most = if escape::is_address(value) { FULL_CHARS } else { self.value_chars() };
            let value = shortened(value, most);
            let value = escape::text(&value, foreign || escape::begins_block(&value));
            (shortened(name, NAME_CHARS).into_owned(), Value::String(value))
        };
        Value::Object(shown.map(short).collect())
    }

    /// How many characters a value may have.
    fn value_chars(&self) -> usize {
        if self.form.detail == Detail::Full { FULL_CHARS } else { LINE_CHARS }
    }

    /// What is beyond the last message.
    fn others(&self) -> Value {
        let beyond = if self.last { &self.rows[self.range.end..] } else { &[] };
        let alerts: usize = beyond.iter().map(Row::alerts).sum();
        let names = beyond.iter().filter(|row| row.first).count();
        serde_json::json!({ "alerts": alerts, "names": names })
    }
}

/// The annotations of an alert that is a message: what that says, in words, as summary and description. What stands above
/// them as its title is not said again.
fn in_words(alert: &Alert, title: &str, message: &Message) -> Labels {
    let (of_text, others): (Vec<_>, Vec<_>) =
        alert.annotations.iter().partition(|(name, _)| ["summary", "description"].contains(&name.as_str()));
    let mut annotations: Labels = others.into_iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    // In the order of names, the description comes first.
    let Some((_, text)) = of_text.first() else { return annotations };
    let text = match text.char_indices().nth(MESSAGE_CHARS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text.as_str()),
    };
    let said = if message.is_markdown() { words::of_markdown(&text) } else { words::of_plain(&text) };
    let said = beyond(&said, title);
    if !said.is_empty() {
        annotations.extend(["summary", "description"].map(|name| (name.to_owned(), said.clone())));
    }
    annotations
}

/// What `text` says beyond a `title` that it begins with, whole or as its sender cut it.
fn beyond(text: &str, title: &str) -> String {
    let (title, cut) = title.strip_suffix('…').map_or((title, false), |title| (title, true));
    match text.strip_prefix(title.trim_end()) {
        Some(rest) if cut => format!("…{rest}"),
        Some(rest) if !rest.starts_with(char::is_alphanumeric) => {
            rest.trim_start_matches(|char: char| char.is_whitespace() || "·:：,，;；—|".contains(char)).to_owned()
        }
        _ => text.to_owned(),
    }
}

fn short(value: &str, most: usize, build: &Builder<'_>) -> Value {
    build.label(&shortened(value, most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_not_said_again() {
        for (text, title, said) in [
            ("Disk · 97 % used", "Disk", "97 % used"),
            ("磁盘：97 %", "磁盘", "97 %"),
            ("outside -5 °C", "outside", "-5 °C"),
            ("Disk", "Disk", ""),
            ("Disks are full", "Disk", "Disks are full"),
            ("a very long line", "a very…", "… long line"),
            ("97 % used", "Disk", "97 % used"),
        ] {
            assert_eq!(beyond(text, title), said, "{text}");
        }
    }
}

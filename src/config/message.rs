//! Messages and the templates they are made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::fields::{Field, Findings, Section};
use super::raw::Place;
use crate::render::{Kind, Library, TemplateSource};

/// Which templates make a message.
#[derive(Debug, Clone)]
pub(super) struct MessageNames {
    pub(super) kind: Kind,
    /// The template of the title.
    pub(super) title: String,
    /// The template of the text.
    pub(super) text: String,
}

/// The templates that the configuration names or spells out.
#[derive(Debug)]
pub(super) struct Messages {
    sources: Vec<TemplateSource>,
    /// Where the sources stand that are spelt out in the configuration, by their origin.
    places: BTreeMap<String, Place>,
    digest: Sha256,
}

/// The built-in templates of prometheus-webhook-dingtalk, and ours that say the same.
const INCUMBENT: [(&str, &str); 6] = [
    ("ding.link.title", "default.title"),
    ("ding.link.content", "default.text"),
    ("default.title", "default.title"),
    ("default.content", "default.text"),
    ("legacy.title", "legacy.title"),
    ("legacy.content", "legacy.text"),
];

/// The built-in text of markdown messages.
const MARKDOWN: &str = "default.text";

/// The built-in text of messages without formatting.
const PLAIN: &str = "plain.text";

// === impl Messages ===

impl Messages {
    /// Reads the template files that `templates` and `template` name.
    pub(super) fn read(root: &Section<'_>, folder: &Path) -> Self {
        let mut messages = Self { sources: Vec::new(), places: BTreeMap::new(), digest: Sha256::new() };
        let globs = root.get("templates").and_then(|field| field.list()).unwrap_or_default();
        let legacy = root.get("template");
        let mut places: BTreeMap<String, PathBuf> = BTreeMap::new();
        for field in globs.into_iter().chain(legacy) {
            for path in matches(&field, folder) {
                messages.read_file(&field, &path, &mut places);
            }
        }
        if let Some(field) = root.get("no_builtin_template")
            && field.flag() == Some(true)
        {
            field.warn("has no effect: a template of the same name takes a built-in one's place");
        }
        messages
    }

    fn read_file(&mut self, field: &Field<'_>, path: &Path, places: &mut BTreeMap<String, PathBuf>) {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if let Some(other) = places.insert(name.clone(), path.to_owned())
            && other != path
        {
            field.fail(format!("{} and {} have one name, {name}; rename one", other.display(), path.display()));
            return;
        }
        match std::fs::read_to_string(path) {
            Ok(text) => {
                self.digest.update(&name);
                self.digest.update(&text);
                self.sources.push(TemplateSource { name, text, origin: path.display().to_string() });
            }
            Err(error) => field.fail(format!("cannot read {}: {error}", path.display())),
        }
    }

    /// The message of targets that name none.
    pub(super) fn default_message(&mut self, root: &Section<'_>) -> MessageNames {
        let built_in = MessageNames { kind: Kind::Markdown, title: "default.title".into(), text: MARKDOWN.into() };
        match root.get("default_message") {
            Some(field) => self.message(&field, &built_in),
            None => built_in,
        }
    }

    /// A message that overrides `default` where it says something.
    pub(super) fn message(&mut self, field: &Field<'_>, default: &MessageNames) -> MessageNames {
        let Some(section) = field.section() else { return default.clone() };
        let kind = section.get("type").and_then(|field| {
            field.parse(|text| match text {
                "markdown" => Ok(Kind::Markdown),
                "text" => Ok(Kind::Text),
                "actionCard" => Ok(Kind::ActionCard),
                _ => Err("expected markdown, text or actionCard".into()),
            })
        });
        let title = section.get("title").and_then(|field| self.template(&field));
        let text = section.get("text").and_then(|field| self.template(&field));
        section.finish();
        let kind = kind.unwrap_or(default.kind);
        let default_text = match kind {
            // Markdown would show as it is written.
            Kind::Text if default.text == MARKDOWN => PLAIN,
            _ => &default.text,
        };
        MessageNames {
            kind,
            title: title.unwrap_or_else(|| default.title.clone()),
            text: text.unwrap_or_else(|| default_text.to_owned()),
        }
    }

    /// The name of the template that is spelt out here.
    fn template(&mut self, field: &Field<'_>) -> Option<String> {
        let text = field.text()?;
        if let Some(name) = incumbent(&text) {
            return Some(name.to_owned());
        }
        let name = field.path.clone();
        self.places.insert(name.clone(), field.place());
        self.sources.push(TemplateSource { name: name.clone(), text, origin: name.clone() });
        Some(name)
    }

    /// Compiles everything; each problem is a finding. The digest is that of the template files.
    pub(super) fn compile(self, findings: &Findings) -> Option<(Arc<Library>, [u8; 32])> {
        match Library::compile(self.sources) {
            Ok(library) => Some((Arc::new(library), self.digest.finalize().into())),
            Err(problems) => {
                for problem in problems {
                    let (line, column) = (problem.line, problem.column);
                    let message = format!("line {line}, column {column} of the template: {}", problem.message);
                    let place = self.places.get(&problem.origin).copied();
                    findings.problem(place, &problem.origin, message);
                }
                None
            }
        }
    }
}

/// The files that a glob matches, in the order of their names. None is a mistake.
fn matches(field: &Field<'_>, folder: &Path) -> Vec<PathBuf> {
    let Some(pattern) = field.text() else { return Vec::new() };
    let pattern = folder.join(pattern);
    let Ok(paths) = glob::glob(&pattern.to_string_lossy()) else {
        field.fail("expected a pattern such as templates/*.hbs");
        return Vec::new();
    };
    let paths: Vec<PathBuf> = paths.filter_map(Result::ok).filter(|path| path.is_file()).collect();
    if paths.is_empty() {
        field.fail(format!("no file matches {}; correct the path or remove it", pattern.display()));
    }
    paths
}

/// Our name for `{{ template "name" . }}`, where `name` is a built-in template of prometheus-webhook-dingtalk.
fn incumbent(text: &str) -> Option<&'static str> {
    let action = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let action = action.strip_prefix('-').unwrap_or(action);
    let action = action.strip_suffix('-').unwrap_or(action);
    let name = action.trim().strip_prefix("template")?.trim().strip_suffix('.')?.trim();
    let name = name.strip_prefix('"')?.strip_suffix('"')?;
    INCUMBENT.iter().find(|(theirs, _)| *theirs == name).map(|(_, ours)| *ours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_incumbents_built_in_templates_are_known() {
        assert_eq!(incumbent(r#"{{ template "ding.link.content" . }}"#), Some("default.text"));
        assert_eq!(incumbent("{{- template \"legacy.title\" . -}}\n"), Some("legacy.title"));
        for other in ["{{ template \"mine\" . }}", "{{ template \"ding.link.title\" }}", "x", "{{> default.text}}"] {
            assert_eq!(incumbent(other), None, "{other}");
        }
    }
}

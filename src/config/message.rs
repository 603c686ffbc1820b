//! Messages and the templates they are made of.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::fields::{Field, Findings, Section};
use super::raw::Place;
use crate::render::{Kind, Language, Library, TemplateSource};

/// Which templates make a message; `None` where the built-in one that suits the sender does.
#[derive(Debug, Clone)]
pub(super) struct MessageNames {
    pub(super) kind: Kind,
    /// The template of the title.
    pub(super) title: Option<String>,
    /// The template of the text.
    pub(super) text: Option<String>,
}

/// The templates that the configuration names or spells out.
#[derive(Debug)]
pub(super) struct Messages {
    sources: Vec<TemplateSource>,
    /// Where the sources stand that are spelt out in the configuration, by their origin.
    places: BTreeMap<String, Place>,
    digest: Sha256,
}

/// What is written for the built-in templates of prometheus-webhook-dingtalk, and for our own as the documentation
/// shows them; and the name of the one that is meant, if it is not the one that suits the sender.
const WRITTEN: [(&str, Option<&str>); 8] = [
    (r#"template "ding.link.title" ."#, None),
    (r#"template "ding.link.content" ."#, None),
    (r#"template "default.title" ."#, None),
    (r#"template "default.content" ."#, None),
    (r#"template "legacy.title" ."#, Some("legacy.title")),
    (r#"template "legacy.content" ."#, Some("legacy.text")),
    ("> default.title", None),
    ("> default.text", None),
];

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
        match read_text(path) {
            Ok(text) => {
                self.digest.update(&name);
                self.digest.update(&text);
                self.sources.push(TemplateSource { name, text, origin: path.display().to_string() });
            }
            Err(message) => field.fail(message),
        }
    }

    /// The message of targets that name none.
    pub(super) fn default_message(&mut self, root: &Section<'_>) -> MessageNames {
        let built_in = MessageNames { kind: Kind::Markdown, title: None, text: None };
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
        let mut read = |key, default: &Option<String>| match section.get(key) {
            Some(field) => self.template(&field),
            None => default.clone(),
        };
        let title = read("title", &default.title);
        let text = read("text", &default.text);
        section.finish();
        MessageNames { kind: kind.unwrap_or(default.kind), title, text }
    }

    /// The name of the template that is spelt out here. `None` for the built-in one that suits the sender.
    fn template(&mut self, field: &Field<'_>) -> Option<String> {
        let text = with_unix_lines(field.text()?);
        if let Some(meant) = built_in(&text) {
            return meant.map(str::to_owned);
        }
        let name = field.path.clone();
        self.places.insert(name.clone(), field.place());
        self.sources.push(TemplateSource { name: name.clone(), text, origin: name.clone() });
        Some(name)
    }

    /// Compiles everything; each problem is a finding. The digest is that of the template files.
    pub(super) fn compile(self, language: Language, findings: &Findings) -> Option<(Arc<Library>, [u8; 32])> {
        match Library::compile(language, self.sources) {
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

/// What a template file says.
///
/// # Errors
/// Why it cannot be read, and what to do.
fn read_text(path: &Path) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    String::from_utf8(bytes).map(with_unix_lines).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        // What editors in Windows write unless they are told otherwise.
        let likely = if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") { "UTF-16" } else { "GB18030" };
        let line = bytes[..at].split(|byte| *byte == b'\n').count();
        format!(
            "{} is not UTF-8: the byte at offset {at}, in line {line}, belongs to no character; save the file as UTF-8, \
             as with `iconv -f {likely} -t UTF-8`",
            path.display()
        )
    })
}

/// `text` as if it were written on Unix: without a byte-order mark, which would be part of the message, and without
/// carriage returns, which would be, too.
fn with_unix_lines(text: String) -> String {
    let text = match text.strip_prefix('\u{FEFF}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    if text.contains('\r') { text.replace("\r\n", "\n") } else { text }
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

/// Whether this is a built-in template and nothing else, and which one (see [`WRITTEN`]).
fn built_in(text: &str) -> Option<Option<&'static str>> {
    let action = text.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let action = action.strip_prefix('-').unwrap_or(action);
    let action = action.strip_suffix('-').unwrap_or(action);
    let words = |text: &str| text.replacen('>', "> ", 1).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let action = words(action);
    WRITTEN.iter().find(|(written, _)| words(written) == action).map(|(_, meant)| *meant)
}

#[cfg(test)]
mod tests;

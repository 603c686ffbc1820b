//! Turns a configuration of prometheus-webhook-dingtalk with its Go templates into one of ours.
//!
//! A template keeps the bytes that it writes, white space too: it is read by the grammar of Go's `text/template`, every
//! value in it is given the kind that it has in Go, and it is written anew for Handlebars with helpers that do the same.
//! What cannot mean the same is left out with its place and what to write instead, never turned into something else.
//!
//! The way: `before` reads the files, `lex` and `parse` make trees of the templates (`tree`), `templates` finds which of
//! them are called with what (`kind`), `turn` writes each anew (`calls`, `functions`, `methods`, `value`), `messages` puts
//! the configuration together (`yaml`), and `report` says what became of what (`advice`).

mod advice;
mod before;
mod calls;
mod functions;
mod kind;
mod lex;
mod messages;
mod methods;
mod parse;
mod report;
mod templates;
mod tree;
mod turn;
mod value;
mod yaml;

use std::path::Path;

use self::before::Before;
pub use self::before::MigrateError;
use self::messages::Messages;
pub use self::report::Report;
use self::templates::{Templates, Turning};
use self::yaml::{get, text};

/// The folder of the new templates, beside the new configuration.
pub const TEMPLATES: &str = "templates";
/// The name of the new configuration.
pub const CONFIGURATION: &str = "dingbridge.yml";

/// What a migration makes.
#[derive(Debug)]
pub struct Migration {
    /// The new files, each by its path in the new folder.
    pub files: Vec<(String, String)>,
    /// What became of what.
    pub report: Report,
}

/// Reads the configuration at `path`, or the Kubernetes ConfigMap that holds one, with its templates, and turns them.
///
/// # Errors
/// It cannot be read, or holds no configuration. What cannot be turned is no error, but in the report.
pub fn migrate(path: &Path) -> Result<Migration, MigrateError> {
    let before = Before::read(path)?;
    let mut report = Report::default();
    let without_built_in = get(&before.root, "no_builtin_template").and_then(text) == Some("true");
    let mut templates = Templates::new(!without_built_in);
    for pattern in &before.unmatched {
        report.note(
            &before.origin,
            0,
            format!("no file matches {pattern}: copy the templates to where it looks for them"),
        );
    }
    let (kept, turned): (Vec<_>, Vec<_>) = before.files.iter().partition(|file| file.is_ours());
    for file in turned {
        if let Err(trouble) = templates.add_file(file.origin.clone(), &file.name, file.text.clone()) {
            report.file_left(&file.origin, &file.text, trouble);
        }
    }
    let mut messages = Messages::of(&before);
    let mut turning = Turning::new(&templates);
    let root = messages.turn(&before.root, !kept.is_empty(), &mut turning, &mut report);
    let written = turning.written;
    report.add(&written, &templates, &messages);
    let mut files = vec![(CONFIGURATION.to_owned(), header(&before.origin) + &yaml::written(&root))];
    files.extend(kept.into_iter().map(|file| (format!("{TEMPLATES}/{}", file.name), file.text.clone())));
    for template in &written {
        files.push((format!("{TEMPLATES}/{}.hbs", template.name), template.file()));
    }
    Ok(Migration { files, report })
}

fn header(origin: &str) -> String {
    format!("# Turned from {origin} by `dingbridge migrate`. README.md of dingbridge tells what else can be set.\n")
}

#[cfg(test)]
mod tests;

//! What is written for prometheus-webhook-dingtalk: the configuration, alone or in a ConfigMap, and the files of templates.

use std::path::{Path, PathBuf};

use super::yaml::{entries, get, text, texts};
use crate::config::raw::{self, Node};
use crate::render::is_go_template;

/// A configuration with its files of templates.
#[derive(Debug)]
pub(super) struct Before {
    /// What the configuration says.
    pub root: Node,
    /// Where it stands, for messages.
    pub origin: String,
    /// How many lines of the file stand before it.
    pub lines_before: usize,
    /// The files of templates, in the order in which they count.
    pub files: Vec<GoFile>,
    /// The patterns that match no file.
    pub unmatched: Vec<String>,
}

/// A file of templates.
#[derive(Debug)]
pub(super) struct GoFile {
    /// Where it stands, for messages.
    pub origin: String,
    /// Its name without folders.
    pub name: String,
    /// What it holds.
    pub text: String,
}

// === impl GoFile ===

impl GoFile {
    /// Whether it is a template of ours, in a configuration that was begun to be changed by hand.
    pub(super) fn is_ours(&self) -> bool {
        self.name.ends_with(".hbs") && !is_go_template(&self.text)
    }
}

/// Why there is nothing to migrate.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file is no YAML.
    #[error("{}: {message}", path.display())]
    Yaml {
        /// The file.
        path: PathBuf,
        /// What is wrong, with its place.
        message: String,
    },
    /// It is no configuration of prometheus-webhook-dingtalk.
    #[error("{}: there are no `targets` in it: name the configuration of prometheus-webhook-dingtalk, or the ConfigMap that holds it", path.display())]
    NoTargets {
        /// The file.
        path: PathBuf,
    },
}

// === impl Before ===

impl Before {
    /// Reads the configuration at `path`, or the ConfigMap that holds one, and the templates that it names.
    ///
    /// # Errors
    /// It cannot be read, or holds no configuration.
    pub(super) fn read(path: &Path) -> Result<Self, MigrateError> {
        let source = read(path)?;
        let mut maps = Vec::new();
        for (lines_before, document) in documents(&source) {
            let root = parse(path, document, lines_before)?;
            if get(&root, "targets").is_some() {
                return Self::of_file(root, lines_before, path);
            }
            if get(&root, "kind").and_then(text) == Some("ConfigMap") {
                maps.push((root, lines_before));
            }
        }
        Self::of_config_maps(&maps, path)
    }

    fn of_file(root: Node, lines_before: usize, path: &Path) -> Result<Self, MigrateError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (mut files, mut unmatched) = (Vec::new(), Vec::new());
        for pattern in patterns(&root) {
            let paths = glob::glob(&folder.join(&pattern).to_string_lossy()).map(|paths| paths.filter_map(Result::ok));
            let paths: Vec<PathBuf> = paths.into_iter().flatten().filter(|path| path.is_file()).collect();
            if paths.is_empty() {
                unmatched.push(pattern);
            }
            for path in paths {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                files.push(GoFile { origin: path.display().to_string(), name, text: read(&path)? });
            }
        }
        Ok(Self { root, origin: path.display().to_string(), lines_before, files, unmatched })
    }

    /// Finds the configuration among the entries of ConfigMaps, and the templates by the names of the files that it names.
    fn of_config_maps(maps: &[(Node, usize)], path: &Path) -> Result<Self, MigrateError> {
        let mut data = Vec::new();
        for (map, before) in maps {
            for (name, value) in get(map, "data").map(entries).unwrap_or_default() {
                if let (Some(name), Some(source)) = (text(name), text(value)) {
                    let lines_before = before + usize::try_from(value.place.line).unwrap_or_default();
                    data.push((name, source, lines_before));
                }
            }
        }
        let configuration = data.iter().find_map(|(name, source, lines_before)| {
            let root = raw::parse(source).ok().filter(|root| get(root, "targets").is_some())?;
            Some((root, format!("{}: {name}", path.display()), *lines_before))
        });
        let Some((root, origin, lines_before)) = configuration else {
            return Err(MigrateError::NoTargets { path: path.to_owned() });
        };
        let (mut files, mut unmatched) = (Vec::new(), Vec::new());
        for pattern in patterns(&root) {
            let wanted = glob::Pattern::new(pattern.rsplit('/').next().unwrap_or_default()).ok();
            let found = data.iter().filter(|(name, ..)| wanted.as_ref().is_some_and(|wanted| wanted.matches(name)));
            let before = files.len();
            files.extend(found.map(|(name, text, _)| GoFile {
                origin: format!("{}: {name}", path.display()),
                name: (*name).to_owned(),
                text: (*text).to_owned(),
            }));
            if files.len() == before {
                unmatched.push(pattern);
            }
        }
        Ok(Self { root, origin, lines_before, files, unmatched })
    }
}

/// The patterns of files with templates, in the order in which they count.
fn patterns(root: &Node) -> Vec<String> {
    let of = |key| get(root, key).map(texts).unwrap_or_default();
    of("templates").into_iter().chain(of("template")).filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect()
}

fn read(path: &Path) -> Result<String, MigrateError> {
    let read = std::fs::read(path).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            std::io::Error::other(format!("it is not UTF-8 from byte {at} on: save it as UTF-8"))
        })
    });
    read.map_err(|source| MigrateError::Read { path: path.to_owned(), source })
}

fn parse(path: &Path, document: &str, lines_before: usize) -> Result<Node, MigrateError> {
    raw::parse(document).map_err(|problem| {
        let message = problem.placed(lines_before);
        MigrateError::Yaml { path: path.to_owned(), message }
    })
}

/// The documents of a YAML file, each with the number of lines before it.
fn documents(source: &str) -> Vec<(usize, &str)> {
    let mut documents = Vec::new();
    let (mut begin, mut at, mut line, mut before) = (0, 0, 0, 0);
    for text in source.split_inclusive('\n') {
        line += 1;
        if text.trim_end() == "---" {
            documents.push((before, &source[begin..at]));
            begin = at + text.len();
            before = line;
        }
        at += text.len();
    }
    documents.push((before, &source[begin..]));
    documents.retain(|(_, document)| !document.trim().is_empty());
    documents
}

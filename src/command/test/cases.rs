//! The payloads in a folder.

use std::path::{Path, PathBuf};

use super::Failure;
use crate::config::Config;

/// How the files end that say what is expected.
const EXPECTED: &str = ".expected.md";

/// A payload and the target that it is rendered for.
pub(super) struct Case {
    pub(super) payload: PathBuf,
    /// The target's name, or why it is not known.
    pub(super) target: Result<String, String>,
}

/// What there is in a folder.
pub(super) struct Cases {
    /// By path.
    pub(super) cases: Vec<Case>,
    /// Files of what is expected of no payload.
    pub(super) orphans: Vec<PathBuf>,
}

// === impl Cases ===

impl Cases {
    /// Looks for payloads in `folder` and in the folders directly in it, which bear targets' names; `named` is the target
    /// of all of them, if it is given.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub(super) fn find(folder: &Path, config: &Config, named: Option<&str>) -> Result<Self, Failure> {
        let only = match config.targets.len() {
            1 => config.targets.keys().next().map(ToString::to_string),
            _ => None,
        };
        let unnamed =
            || "which target is it for? Put it into a folder of the target's name, or give --target".to_owned();
        let mut found = Self { cases: Vec::new(), orphans: Vec::new() };
        for path in entries(folder)? {
            if path.is_dir() {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                let target = named.map_or(name, str::to_owned);
                entries(&path)?.into_iter().for_each(|path| found.add(path, || Ok(target.clone())));
            } else {
                found.add(path, || named.map(str::to_owned).or(only.clone()).ok_or_else(unnamed));
            }
        }
        Ok(found)
    }

    fn add(&mut self, path: PathBuf, target: impl Fn() -> Result<String, String>) {
        let name = path.to_string_lossy();
        if path.extension().is_some_and(|extension| extension == "json") {
            self.cases.push(Case { target: target(), payload: path });
        } else if let Some(stem) = name.strip_suffix(EXPECTED)
            && !Path::new(&format!("{stem}.json")).exists()
        {
            self.orphans.push(path);
        }
    }
}

// === impl Case ===

impl Case {
    /// The file that says what is expected.
    pub(super) fn expected(&self) -> PathBuf {
        self.payload.with_extension(&EXPECTED[1..])
    }
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let unreadable = |error| format!("cannot read {}: {error}", folder.display());
    let entries = std::fs::read_dir(folder).map_err(unreadable)?;
    let mut paths =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    paths.sort();
    Ok(paths)
}

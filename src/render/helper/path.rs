//! Helpers for paths with slashes.

use super::arguments::change;
use super::{Declared, value};

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("base", (1, 1), "{{base labels.mountpoint}}", |_, helper| change(helper, base)),
    value("dir", (1, 1), "{{dir labels.mountpoint}}", |_, helper| change(helper, dir)),
    value("ext", (1, 1), "{{ext labels.file}}", |_, helper| change(helper, ext)),
    value("clean", (1, 1), "{{clean labels.mountpoint}}", |_, helper| change(helper, clean)),
];

/// What comes last.
fn base(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        _ if path.is_empty() => ".".to_owned(),
        Some(last) if !last.is_empty() => last.to_owned(),
        _ => "/".to_owned(),
    }
}

/// Everything before what comes last.
fn dir(path: &str) -> String {
    clean(path.rfind('/').map_or("", |at| &path[..=at]))
}

/// From the last dot of what comes last.
fn ext(path: &str) -> String {
    let last = path.rsplit('/').next().unwrap_or_default();
    last.rfind('.').map_or(String::new(), |at| last[at..].to_owned())
}

/// The shortest path to the same place.
fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => drop(steps.pop()),
            ".." if rooted => {}
            step => steps.push(step),
        }
    }
    match (rooted, steps.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_in_go() {
        for (path, [base_of, dir_of, ext_of, clean_of]) in [
            ("/a/b.txt", ["b.txt", "/a", ".txt", "/a/b.txt"]),
            ("", [".", ".", "", "."]),
            ("/", ["/", "/", "", "/"]),
            ("a//b/../c/", ["c", "a/c", "", "a/c"]),
            ("../../a", ["a", "../..", "", "../../a"]),
            ("/../a", ["a", "/", "", "/a"]),
            ("a.b/c", ["c", "a.b", "", "a.b/c"]),
            ("//", ["/", "/", "", "/"]),
        ] {
            assert_eq!([base(path), dir(path), ext(path), clean(path)], [base_of, dir_of, ext_of, clean_of], "{path}");
        }
    }
}

//! Secrets: written down with `${VARIABLES}`, or in a file of their own.

use std::path::Path;

use super::fields::{Field, Section};
use crate::secret::{Secret, Source};

/// How long a token is that opens more than one target.
const LONG_TOKEN: usize = 16;

/// The secret under `key`, or in the file that `key_file` names.
pub(super) fn credential(
    section: &Section<'_>,
    key: &'static str,
    key_file: &'static str,
    folder: &Path,
) -> Option<(Source, bool)> {
    match (section.get(key), section.get(key_file)) {
        (Some(_), Some(file)) => {
            file.fail(format!("expected one of `{key}` and `{key_file}`, got both"));
            None
        }
        (Some(field), None) => inline(&field).map(|secret| (Source::Inline(secret), true)),
        (None, Some(file)) => secret_file(&file, folder).map(|source| (source, false)),
        (None, None) => None,
    }
}

/// A secret that is written down.
pub(super) fn inline(field: &Field<'_>) -> Option<Secret> {
    let secret = field.parse(|text| expand(text, |name| std::env::var(name).ok()))?;
    if secret.is_empty() {
        field.fail("expected a value, got nothing");
        return None;
    }
    Some(Secret::new(secret))
}

/// A token in the file that `field` names, long enough not to be guessed.
pub(super) fn long_token(field: &Field<'_>, folder: &Path) -> Option<Source> {
    let source = secret_file(field, folder)?;
    let token = source.read();
    let presentable = token.expose().chars().all(|c| c.is_ascii_graphic());
    if !presentable || token.expose().len() < LONG_TOKEN {
        field.fail(format!(
            "expected one token of at least {LONG_TOKEN} ASCII characters without a space, as `openssl rand -hex 16` makes"
        ));
    }
    Some(source)
}

fn secret_file(field: &Field<'_>, folder: &Path) -> Option<Source> {
    let path = folder.join(field.text()?);
    Source::file(path.clone()).map_err(|error| field.fail(format!("cannot read {}: {error}", path.display()))).ok()
}

/// Fills `${VARIABLE}` in.
fn expand(text: &str, variable: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else {
            return Err("`${` without `}`".into());
        };
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
        if !is_name {
            return Err("expected the name of an environment variable in `${…}`".into());
        }
        let value = variable(name).ok_or_else(|| format!("the environment variable {name} is not set"))?;
        expanded.push_str(before);
        expanded.push_str(&value);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_once() {
        let variable = |name: &str| (name == "A").then(|| "${B}".to_owned());
        assert_eq!(expand("x${A}y", variable), Ok("x${B}y".into()));
        assert_eq!(expand("plain $A {}", variable), Ok("plain $A {}".into()));
        assert_eq!(expand("${B}", variable), Err("the environment variable B is not set".into()));
        assert!(expand("${A", variable).is_err());
        assert!(expand("${}", variable).is_err());
        assert!(expand("${A-x}", variable).is_err());
    }
}

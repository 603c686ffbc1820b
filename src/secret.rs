//! Values that must never be seen: robot URLs, signing secrets, tokens.
//!
//! A [`Secret`] prints as `<secret>` whatever is done to it; the only way to its text is [`Secret::expose`]. A
//! [`Source`] is where one comes from: written in the configuration, or in a file that is read at each use, so that
//! rotating it needs no reload.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

/// A text that is wiped when dropped and printed as `<secret>`.
#[derive(Clone)]
pub struct Secret(SecretString);

/// Where a secret's text comes from.
#[derive(Debug, Clone)]
pub enum Source {
    /// Written in the configuration, `${VARIABLES}` filled in.
    Inline(Secret),
    /// The trimmed content of a file, read at every use.
    File(Arc<SecretFile>),
}

/// A file that holds a secret, and what it last held.
#[derive(Debug)]
pub struct SecretFile {
    path: PathBuf,
    last_good: Mutex<Secret>,
}

// === impl Secret ===

impl Secret {
    /// Keeps `text` secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(SecretString::from(text.into()))
    }

    /// The text itself: for signing, sending and comparing, never for printing.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether `presented` is this secret, in a time that does not tell how much of it is right.
    pub fn matches(&self, presented: &str) -> bool {
        self.expose().as_bytes().ct_eq(presented.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

// === impl Source ===

impl Source {
    /// A secret that is read from `path` at every use.
    ///
    /// # Errors
    /// When the file cannot be read now or holds nothing: at start that is a mistake, later the last good value serves.
    pub fn file(path: PathBuf) -> std::io::Result<Self> {
        let last_good = Mutex::new(read_trimmed(&path)?);
        Ok(Self::File(Arc::new(SecretFile { path, last_good })))
    }

    /// The secret as it is now.
    ///
    /// A file that has become unreadable is an ERROR in the log, and its last good value is used.
    pub fn read(&self) -> Secret {
        match self {
            Self::Inline(secret) => secret.clone(),
            Self::File(file) => file.read(),
        }
    }
}

// === impl SecretFile ===

impl SecretFile {
    fn read(&self) -> Secret {
        let mut last_good = self.last_good.lock().unwrap_or_else(PoisonError::into_inner);
        match read_trimmed(&self.path) {
            Ok(secret) => *last_good = secret,
            Err(error) => {
                tracing::error!(file = %self.path.display(), %error, "cannot read the secret, using its last value; restore the file");
            }
        }
        last_good.clone()
    }
}

fn read_trimmed(path: &Path) -> std::io::Result<Secret> {
    let text = SecretString::from(std::fs::read_to_string(path)?);
    let trimmed = text.expose_secret().trim();
    if trimmed.is_empty() {
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(Secret::new(trimmed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_never_printed() {
        let secret = Secret::new("SECcanary");
        let source = Source::Inline(secret.clone());
        assert_eq!(format!("{secret} {secret:?} {source:?}"), "<secret> <secret> Inline(<secret>)");
    }

    #[test]
    fn matches_only_itself() {
        let secret = Secret::new("abc");
        assert!(secret.matches("abc"));
        for wrong in ["", "ab", "abcd", "abC"] {
            assert!(!secret.matches(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_file_is_read_at_each_use_and_its_last_value_outlives_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("secret");
        assert!(Source::file(path.clone()).is_err(), "missing at start");
        std::fs::write(&path, " \n").expect("write");
        assert!(Source::file(path.clone()).is_err(), "empty at start");

        std::fs::write(&path, "first\n").expect("write");
        let source = Source::file(path.clone()).expect("readable");
        assert_eq!(source.read().expose(), "first");
        std::fs::write(&path, "second\n").expect("write");
        assert_eq!(source.read().expose(), "second");
        std::fs::remove_file(&path).expect("remove");
        assert_eq!(source.read().expose(), "second");
    }
}

//! Taking up a changed configuration while the bridge runs.

use std::path::PathBuf;

use super::{Config, ConfigError};

/// Loads a configuration again and knows whether it has changed.
///
/// Files are compared by content: a watch on the file sees nothing when Kubernetes swaps a ConfigMap's link.
#[derive(Debug)]
pub struct Reloader {
    path: PathBuf,
    digest: [u8; 32],
    failed: Option<String>,
}

// === impl Reloader ===

impl Reloader {
    /// Starts from the configuration that runs.
    pub fn new(path: PathBuf, running: &Config) -> Self {
        Self { path, digest: running.digest, failed: None }
    }

    /// Loads the configuration, changed or not.
    ///
    /// # Errors
    /// As [`Config::load`]; then what runs goes on.
    pub fn reload(&mut self) -> Result<Config, ConfigError> {
        let config = Config::load(&self.path).inspect_err(|error| self.failed = Some(error.to_string()))?;
        self.digest = config.digest;
        self.failed = None;
        Ok(config)
    }

    /// Loads the configuration if it has changed since it was last taken up, or could not be loaded since; `None` if
    /// not. One that was mended by taking a change back is loaded as well: nobody must go on being told of a failure.
    ///
    /// # Errors
    /// As [`reload`](Self::reload), but the same error only once: the file is read again and again.
    pub fn reload_if_changed(&mut self) -> Result<Option<Config>, ConfigError> {
        match Config::load(&self.path) {
            Ok(config) if config.digest == self.digest && self.failed.is_none() => Ok(None),
            Ok(config) => {
                self.digest = config.digest;
                self.failed = None;
                Ok(Some(config))
            }
            Err(error) => {
                let told = error.to_string();
                if self.failed.as_ref() == Some(&told) {
                    return Ok(None);
                }
                self.failed = Some(told);
                Err(error)
            }
        }
    }
}

//! The configuration: what is written ([`raw`](self), YAML with places) and what it means ([`Config`]).
//!
//! All mistakes are reported at once, each with line and column and what to do, none with the value of a secret. A
//! configuration that loads is complete: its templates are compiled, its robots' addresses are well-formed and its
//! secret files readable.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use sha2::{Digest, Sha256};

use self::fields::{Findings, Section};
use self::raw::Place;
use crate::delivery::Target;
use crate::dingtalk;
use crate::intake::Gate;
use crate::outbox::pace::RateLimit;
use crate::secret::Source;

mod credential;
mod fallback;
mod fields;
mod mention;
mod message;
pub(crate) mod raw;
mod reload;
mod robot;
mod senders;
mod target;
mod unsupported;
mod validate;
mod value;

pub use self::reload::Reloader;

/// What a configuration file means.
#[derive(Debug, Clone)]
pub struct Config {
    /// How DingTalk is called.
    pub client: dingtalk::Settings,
    /// How requests are limited.
    pub web: Web,
    /// Where things are stored; what a flag can override is optional.
    pub storage: Storage,
    /// The targets by name.
    pub targets: BTreeMap<Arc<str>, TargetConfig>,
    /// What is odd but does no harm.
    pub warnings: Vec<Problem>,
    /// A digest of the file and the template files, to see whether they changed.
    pub digest: [u8; 32],
}

/// A target as both sides of the outbox see it.
#[derive(Debug, Clone)]
pub struct TargetConfig {
    /// Who may post to it.
    pub gate: Arc<Gate>,
    /// How its messages are made and sent.
    pub lane: Arc<Target>,
}

/// Limits of the server, and what opens it to operators.
#[derive(Debug, Clone)]
pub struct Web {
    /// The largest request body, in bytes.
    pub max_body: usize,
    /// All request bodies together, in bytes.
    pub max_in_flight: usize,
    /// How many connections there may be at once, to each address.
    pub max_connections: usize,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// The token that opens `/api`; without one there is no `/api`.
    pub admin_token: Option<Source>,
    /// Where that token stands.
    admin_token_file: Option<PathBuf>,
}

/// Limits of the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// The folder, unless a flag says otherwise.
    pub path: Option<PathBuf>,
    /// How long history is kept and delivery is tried.
    pub retention: Duration,
    /// How many notifications may wait for one target.
    pub backlog: u64,
    /// How large the outbox may become, in bytes.
    pub max_bytes: u64,
}

/// Something wrong or odd in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where, if it is a place in the file.
    place: Option<Place>,
    /// The keys that lead there; empty for the file as a whole.
    path: String,
    /// What is the matter and what to do.
    message: String,
}

/// Why a configuration could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file says what cannot be meant.
    #[error("{}", Listing { path, problems })]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
}

struct Listing<'a> {
    path: &'a Path,
    problems: &'a [Problem],
}

// === impl Config ===

impl Config {
    /// Loads a configuration file and the templates it names.
    ///
    /// # Errors
    /// When the file cannot be read, or with everything that is wrong with it.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let source =
            std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Self::parse(&source, folder).map_err(|problems| ConfigError::Invalid { path: path.to_owned(), problems })
    }

    /// Reads a configuration from text; relative paths in it are relative to `folder`.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(source: &str, folder: &Path) -> Result<Self, Vec<Problem>> {
        let root = raw::parse(source).map_err(|problem| vec![problem])?;
        let findings = Findings::default();
        let config = Section::root(&root, &findings).and_then(|section| validate::validate(section, &findings, folder));
        let (problems, warnings) = findings.into_parts();
        match config {
            Some(mut config) if problems.is_empty() => {
                config.digest = Sha256::new().chain_update(source).chain_update(config.digest).finalize().into();
                config.warnings = warnings;
                Ok(config)
            }
            _ => Err(problems),
        }
    }

    /// The gate of each target.
    pub fn gates(&self) -> BTreeMap<Arc<str>, Arc<Gate>> {
        self.targets.iter().map(|(name, target)| (Arc::clone(name), Arc::clone(&target.gate))).collect()
    }

    /// The lane of each target.
    pub fn lanes(&self) -> BTreeMap<Arc<str>, Arc<Target>> {
        self.targets.iter().map(|(name, target)| (Arc::clone(name), Arc::clone(&target.lane))).collect()
    }

    /// What is odd about the file at `path`, each with its place.
    pub fn warnings(&self, path: &Path) -> impl Iterator<Item = String> {
        self.warnings.iter().map(move |warning| format!("{}: {}", warning.located(path), warning.message))
    }

    /// Logs what is odd, and who can reach targets that let anybody post when the server listens on `addresses`.
    pub fn log_warnings(&self, path: &Path, addresses: &[IpAddr]) {
        for warning in &self.warnings {
            tracing::warn!(at = %warning.located(path), "{}", warning.message);
        }
        if addresses.iter().all(IpAddr::is_loopback) {
            return;
        }
        for (name, _) in self.targets.iter().filter(|(_, target)| target.gate.is_open()) {
            tracing::warn!(target = %name, "anybody who can reach this address may post here; set `tokens`");
        }
    }
}

// === impl Web ===

impl PartialEq for Web {
    /// Whether both say the same. Of the token only its file counts: what is in there is read at each use.
    fn eq(&self, other: &Self) -> bool {
        let Self { max_body, max_in_flight, max_connections, trusted_proxies, admin_token: _, admin_token_file } = self;
        *max_body == other.max_body
            && *max_in_flight == other.max_in_flight
            && *max_connections == other.max_connections
            && *trusted_proxies == other.trusted_proxies
            && *admin_token_file == other.admin_token_file
    }
}

impl Eq for Web {}

// === impl Problem ===

impl Problem {
    /// `file:line:column: path`, as far as it is known.
    fn located(&self, file: &Path) -> String {
        let mut located = file.display().to_string();
        if let Some(place) = self.place {
            located = format!("{located}:{}:{}", place.line, place.column);
        }
        if !self.path.is_empty() {
            located = format!("{located}: {}", self.path);
        }
        located
    }

    /// `line 3, column 5: what is the matter`, where so many lines stand before the text that it is about.
    pub(crate) fn placed(&self, lines_before: usize) -> String {
        match self.place {
            Some(Place { line, column }) => {
                let line = line + lines_before as u64;
                format!("line {line}, column {column}: {}", self.message)
            }
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            write!(f, "{}: {}", problem.located(self.path), problem.message)?;
        }
        Ok(())
    }
}

/// Reads a duration as Prometheus writes it, such as `90s`, `10m` or `1h30m`.
///
/// # Errors
/// What is expected.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    value::duration(text)
}

/// Reads a rate limit, such as `20/1m`.
///
/// # Errors
/// What is expected.
pub fn parse_rate_limit(text: &str) -> Result<RateLimit, String> {
    value::rate_limit(text)
}

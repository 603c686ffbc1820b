//! `dingbridge test`: renders payloads and compares the messages with those that were expected.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::cases::{Case, Cases};
use super::{ConfigFile, Failure, Posted, complain, compose, out, read};
use crate::clock::Timestamp;
use crate::config::{Config, TargetConfig};
use crate::notification::Notification;

mod cases;
mod diff;
mod expected;

/// Renders every payload in a folder and compares the messages with those expected beside it.
///
/// A payload is a file DIR/TARGET/NAME.json, or DIR/NAME.json where there is only one target or --target names it, with
/// what any sender posts. What is expected of it stands beside it in NAME.expected.md, which --update writes: type, title,
/// mentions and text of each message, byte for byte.
///
/// The time of a test is always the same: one minute after the latest time in the payload, or the beginning of 2025 where
/// it has none. Set `timezone` in the configuration, so that times are shown alike on every machine.
#[derive(Debug, Args)]
pub(super) struct Test {
    #[command(flatten)]
    config: ConfigFile,
    /// Render all payloads for this target
    #[arg(long, value_name = "TARGET")]
    target: Option<String>,
    /// Write what is rendered as what is expected
    #[arg(long)]
    update: bool,
    /// The folder of the payloads
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// What came of a payload.
enum Outcome {
    Same,
    Written,
    Failed(String),
}

// === impl Test ===

impl Test {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let config = Config::load(&self.config.path)?;
        let Cases { cases, orphans } = Cases::find(&self.folder, &config, self.target.as_deref())?;
        if cases.is_empty() {
            let folder = self.folder.display();
            return Err(
                format!("no payload in {folder}; put what a sender posts into {folder}/<target>/<name>.json").into()
            );
        }
        let (mut failed, total) = (orphans.len(), cases.len() + orphans.len());
        for case in &cases {
            let outcome = self.outcome(case, &config);
            failed += usize::from(matches!(outcome, Outcome::Failed(_)));
            out(&outcome.told(&case.payload));
        }
        for orphan in &orphans {
            let reason = "there is no payload beside it; delete it, or give it one".to_owned();
            out(&Outcome::Failed(reason).told(orphan));
        }
        if failed == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        complain(&format!("{failed} of {total} are not as expected"));
        Ok(ExitCode::FAILURE)
    }

    fn outcome(&self, case: &Case, config: &Config) -> Outcome {
        match rendered(case, config).and_then(|rendered| self.compared(case, &rendered)) {
            Ok(outcome) => outcome,
            Err(failure) => Outcome::Failed(failure.to_string()),
        }
    }

    /// Compares what was rendered with what is expected, or writes it down.
    fn compared(&self, case: &Case, rendered: &str) -> Result<Outcome, Failure> {
        let file = case.expected();
        let known = file.exists().then(|| read(&file)).transpose()?;
        let expected = known.as_deref().map(String::from_utf8_lossy);
        let name = file.display();
        Ok(match expected {
            Some(expected) if expected == rendered => Outcome::Same,
            _ if self.update => {
                std::fs::write(&file, rendered).map_err(|error| format!("cannot write {name}: {error}"))?;
                Outcome::Written
            }
            Some(expected) => Outcome::Failed(format!("\n{}", diff::unified(&expected, rendered, &name.to_string()))),
            None => Outcome::Failed(format!("there is no {name}; --update writes it")),
        })
    }
}

/// What the messages for a payload are, as they are written down.
fn rendered(case: &Case, config: &Config) -> Result<String, Failure> {
    let target = case.target.as_deref().map_err(Clone::clone)?;
    let Some(TargetConfig { gate, lane }) = config.targets.get(target) else {
        let known: Vec<_> = config.targets.keys().map(AsRef::as_ref).collect();
        return Err(format!("there is no target {target}; there are {}", known.join(", ")).into());
    };
    let posted = Posted { name: "the payload".to_owned(), body: read(&case.payload)? };
    let (decoded, _) = posted.decode(None, &gate.senders)?;
    let now = time_of(&decoded.notification);
    let packed = compose(lane, &decoded.told_at(now).notification, now);
    if let Some(failure) = packed.parts.iter().find_map(|part| part.failure.as_ref()) {
        return Err(failure.to_string().into());
    }
    Ok(expected::written(&packed.parts))
}

/// The time at which a notification is rendered: always the same, and after all that it tells.
fn time_of(notification: &Notification) -> Timestamp {
    let times = notification.alerts.iter().flat_map(|alert| [&alert.starts_at, &alert.ends_at]);
    let latest =
        times.filter_map(|time| time.parse::<Timestamp>().ok()).filter(|time| *time > Timestamp::UNIX_EPOCH).max();
    let minute = jiff::SignedDuration::from_mins(1);
    latest.and_then(|time| time.checked_add(minute).ok()).unwrap_or(DEFAULT_TIME)
}

/// 2025-01-01T00:00:00Z, the time of what tells none.
const DEFAULT_TIME: Timestamp = Timestamp::constant(1_735_689_600, 0);

// === impl Outcome ===

impl Outcome {
    fn told(&self, file: &Path) -> String {
        let file = file.display();
        match self {
            Self::Same => format!("ok       {file}\n"),
            Self::Written => format!("written  {file}\n"),
            Self::Failed(reason) if reason.starts_with('\n') => format!("FAILED   {file}:{}\n", reason.trim_end()),
            Self::Failed(reason) => format!("FAILED   {file}: {reason}\n"),
        }
    }
}

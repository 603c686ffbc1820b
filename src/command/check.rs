//! `dingbridge check`: reads configurations and renders every target's messages before anybody relies on them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::{compose, out, samples};
use crate::clock::Clock;
use crate::config::{Config, TargetConfig};

/// Reads the configuration, compiles its templates and renders each target's message for built-in samples.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The configurations to check
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
}

// === impl Check ===

impl Check {
    pub(super) fn run(self) -> ExitCode {
        let failed = self.files.iter().filter(|file| !check(file)).count();
        if failed == 0 {
            return ExitCode::SUCCESS;
        }
        super::complain(&format!("{failed} of {} configurations cannot be used", self.files.len()));
        ExitCode::FAILURE
    }
}

fn check(file: &Path) -> bool {
    let mut report = format!("Checking '{}'", file.display());
    let good = match Config::load(file) {
        Ok(config) => {
            let failures = failures(&config);
            if failures.is_empty() {
                report.push_str("  SUCCESS\n");
                report.push_str(&found(&config, file));
            } else {
                report.push_str("  FAILED\n");
                report.push_str(&indented(failures.iter()));
            }
            failures.is_empty()
        }
        Err(error) => {
            report.push_str("  FAILED\n");
            report.push_str(&indented(error.to_string().lines()));
            if let Some(source) = std::error::Error::source(&error) {
                let _ = writeln!(report, "  {source}");
            }
            false
        }
    };
    out(&report);
    good
}

fn indented(lines: impl Iterator<Item = impl std::fmt::Display>) -> String {
    lines.map(|line| format!("  {line}\n")).collect()
}

/// What keeps a configuration without mistakes from being used: certificates that cannot be read, and what templates
/// do not do for the samples.
fn failures(config: &Config) -> Vec<String> {
    let now = Clock::system().now();
    let mut failures = Vec::new();
    for (name, target) in &config.targets {
        for (about, notification) in samples::notifications(now) {
            if let Some(failure) = compose(&target.lane, &notification).into_iter().find_map(|part| part.failure) {
                failures.push(format!("targets.{name}: for a notification that {about}: {failure}"));
                break;
            }
        }
    }
    failures
}

fn found(config: &Config, file: &Path) -> String {
    let mut found = String::from("Found:\n");
    for (name, target) in &config.targets {
        let _ = writeln!(found, " - target {name}: {}", describe(target));
    }
    for warning in config.warnings(file) {
        let _ = writeln!(found, " - note: {warning}");
    }
    found
}

fn describe(TargetConfig { gate, lane }: &TargetConfig) -> String {
    let limits: Vec<_> = lane.robots[0].limits.iter().map(ToString::to_string).collect();
    let signed = if lane.robots[0].secret.is_some() { "signed" } else { "not signed" };
    let open = if gate.is_open() { "open to anybody who can reach it" } else { "guarded by tokens" };
    format!("{}, {signed}, at most {}, {open}", lane.style.kind.as_str(), limits.join(" and "))
}

//! `dingbridge check`: reads configurations and renders every target's messages before anybody relies on them.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::trial::Trials;
use super::out;
use crate::clock::{self, Clock};
use crate::config::{Config, TargetConfig};
use crate::delivery::{DigestMode, Robot};

mod trial;

/// Reads the configuration, compiles its templates and renders each target's message for built-in samples.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The configurations to check
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Show what each sample becomes for each target: bytes, messages, mentions
    ///
    /// It is not shown otherwise, because whoever checks wants to know first whether anything is wrong, and that must
    /// not scroll away.
    #[arg(short, long)]
    verbose: bool,
}

// === impl Check ===

impl Check {
    pub(super) fn run(self) -> ExitCode {
        let failed = self.files.iter().filter(|file| !check(file, self.verbose)).count();
        if failed == 0 {
            return ExitCode::SUCCESS;
        }
        super::complain(&format!("{failed} of {} configurations cannot be used", self.files.len()));
        ExitCode::FAILURE
    }
}

/// Prints what there is to say about a configuration; whether it can be used.
pub(super) fn check(file: &Path, verbose: bool) -> bool {
    let mut report = format!("Checking '{}'", file.display());
    let good = match Config::load(file) {
        Ok(config) => {
            let trials = Trials::of(&config.targets, Clock::system().now());
            let failures = trials.failures();
            if failures.is_empty() {
                report.push_str("  SUCCESS\n");
                report.push_str(&found(&config, file, &trials));
                if verbose {
                    report.push_str(&trials.tables());
                }
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

fn found(config: &Config, file: &Path, trials: &Trials) -> String {
    let mut found = String::from("Found:\n");
    for (name, target) in &config.targets {
        let _ = writeln!(found, " - target {name}: {}", describe(target));
    }
    for warning in config.warnings(file) {
        let _ = writeln!(found, " - note: {warning}");
    }
    for note in trials.notes() {
        let _ = writeln!(found, " - note: {note}");
    }
    let _ = writeln!(found, " - {}", trials.summary());
    found
}

fn describe(TargetConfig { gate, lane }: &TargetConfig) -> String {
    let mut words = vec![lane.style.kind.as_str().to_owned()];
    if lane.robots.len() > 1 {
        words.push(format!("{} robots", lane.robots.len()));
    }
    words.push(signed(&lane.robots));
    words.push(limited(&lane.robots));
    match lane.digest.mode {
        DigestMode::Auto => {}
        DigestMode::Always => words.push(format!("a digest every {}", clock::show(lane.digest.interval))),
        DigestMode::Never => words.push("no digests".to_owned()),
    }
    if let Some(fallback) = &lane.fallback {
        words.push(format!("falls back to {fallback}"));
    }
    let open = if gate.is_open() { "open to anybody who can reach it" } else { "guarded by tokens" };
    words.push(open.to_owned());
    words.join(", ")
}

fn signed(robots: &[Robot]) -> String {
    match robots.iter().filter(|robot| robot.secret.is_some()).count() {
        0 => "not signed".to_owned(),
        signed if signed == robots.len() => "signed".to_owned(),
        signed => format!("{signed} signed"),
    }
}

/// What each robot may be sent at the most; said once where all have the same limits.
fn limited(robots: &[Robot]) -> String {
    let shown = |robot: &Robot| robot.limits.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    match robots {
        [robot] => format!("at most {}", shown(robot)),
        [first, others @ ..] if others.iter().all(|robot| robot.limits == first.limits) => {
            format!("at most {} each", shown(first))
        }
        _ => format!("at most {} (by robot)", robots.iter().map(shown).collect::<Vec<_>>().join("; ")),
    }
}

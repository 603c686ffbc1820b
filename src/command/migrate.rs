//! `dingbridge migrate`: from a configuration of prometheus-webhook-dingtalk to one of ours.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::check::check;
use super::render::shown;
use super::{Failure, Posted, compose, out};
use crate::clock::Clock;
use crate::config::{Config, TargetConfig};
use crate::migrate::{CONFIGURATION, Migration, TEMPLATES, migrate};

/// Turns a configuration of prometheus-webhook-dingtalk and its Go templates into ours, byte for byte in what they write.
///
/// Says what became of each template, what could not be turned and what to write instead. The exit code is 1 if anything
/// was left.
#[derive(Debug, Args)]
pub(super) struct Migrate {
    /// The configuration, or the Kubernetes ConfigMap that holds it with its templates
    #[arg(value_name = "CONFIG")]
    config: PathBuf,
    /// The folder that dingbridge.yml and templates/ are written into
    #[arg(short = 'o', long = "output", value_name = "DIR", default_value = "migrated")]
    output: PathBuf,
    /// Write over what an earlier run wrote
    #[arg(long)]
    force: bool,
    /// Then show what each target's message becomes for these payloads
    #[arg(long, value_name = "PAYLOAD", num_args = 1..)]
    verify: Vec<PathBuf>,
}

// === impl Migrate ===

impl Migrate {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let Migration { files, report } = migrate(&self.config)?;
        out(&report.to_string());
        self.write(&files)?;
        let (turned, left) = report.counts();
        let folder = self.output.display();
        let templates = match files.len() - 1 {
            1 => "1 template".to_owned(),
            count => format!("{count} templates"),
        };
        out(&format!("\nWrote {folder}/{CONFIGURATION} and {templates} to {folder}/{TEMPLATES}.\n"));
        if left > 0 {
            out(&format!("{turned} turned, {left} not, or only in part: see the lines that begin with !\n"));
        }
        let configuration = self.output.join(CONFIGURATION);
        out("\n");
        let usable = check(&configuration, false);
        if usable && !self.verify.is_empty() {
            let config = Config::load(&configuration)?;
            self.verify.iter().try_for_each(|payload| verify(&config, payload))?;
        }
        Ok(if usable && report.is_complete() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Writes all files, or none where one is there already.
    fn write(&self, files: &[(String, String)]) -> Result<(), Failure> {
        let paths: Vec<PathBuf> = files.iter().map(|(path, _)| self.output.join(path)).collect();
        if let Some(taken) = paths.iter().find(|path| !self.force && path.exists()) {
            let taken = taken.display();
            return Err(
                format!("{taken} exists already: name another folder with -o, or write over it with --force").into()
            );
        }
        std::fs::create_dir_all(self.output.join(TEMPLATES)).map_err(|error| failed(&self.output, &error))?;
        for (path, (_, text)) in paths.iter().zip(files) {
            std::fs::write(path, text).map_err(|error| failed(path, &error))?;
        }
        Ok(())
    }
}

/// Shows what each target's message becomes for a payload.
fn verify(config: &Config, path: &Path) -> Result<(), Failure> {
    let posted = Posted { name: path.display().to_string(), body: super::read(path)? };
    let now = Clock::system().now();
    for (name, TargetConfig { gate, lane }) in &config.targets {
        let (decoded, _) = posted.decode(None, &gate.senders)?;
        let parts = compose(lane, &decoded.told_at(now).notification, now).parts;
        out(&format!("\n── {name}: {} ──\n{}", path.display(), shown(lane, &parts)));
    }
    Ok(())
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    format!("cannot write {}: {error}", path.display()).into()
}

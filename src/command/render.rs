//! `dingbridge render`: what would be posted for a payload.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};
use uuid::Uuid;

use self::watch::Watch;
use super::{Failure, Payload, Posted, compose, out, samples, show};
use crate::clock::Clock;
use crate::config::TargetConfig;
use crate::delivery::Target;
use crate::render::{Rendered, Screen, phone, phone_without, terminal, unseen};

mod watch;

/// Prints what a target's group would see for a payload. Posts nothing.
///
/// Without PAYLOAD it reads standard input, or takes a sample where that is a terminal.
#[derive(Debug, Args)]
pub(super) struct Render {
    #[command(flatten)]
    payload: Payload,
    /// Render a built-in sample instead of a payload
    #[arg(long, value_name = "NAME", value_parser = sample_names(), conflicts_with_all = ["payload", "sender"])]
    sample: Option<String>,
    /// Print the exact body for DingTalk instead, with zeros for its msgUuid
    #[arg(long)]
    json: bool,
    /// Write a page besides that shows the message as it looks on a phone
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Render again whenever the configuration, one of its templates or the payload changes, until Ctrl-C
    #[arg(long)]
    watch: bool,
}

/// The sample that is taken where none is named.
const USUAL_SAMPLE: &str = "firing";

fn sample_names() -> PossibleValuesParser {
    PossibleValuesParser::new(samples::ALL.map(|sample| PossibleValue::new(sample.name).help(sample.about)))
}

// === impl Render ===

impl Render {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let given = self.given()?;
        if self.watch {
            return super::in_runtime(Watch::new(&self, given).run());
        }
        self.once(given)?;
        Ok(ExitCode::SUCCESS)
    }

    /// What is rendered and does not change: a sample, or what standard input holds. `None` for a file.
    fn given(&self) -> Result<Option<Posted>, Failure> {
        let from_input = self.payload.payload.as_ref().is_none_or(|path| path.as_os_str() == "-");
        let asked = self.payload.payload.is_none() && self.payload.sender.is_none() && io::stdin().is_terminal();
        let sample = self.sample.as_deref().or(asked.then_some(USUAL_SAMPLE));
        Ok(match sample.and_then(samples::named) {
            Some(sample) => Some(Posted {
                name: format!("sample {}", sample.name),
                body: sample.body(Clock::system().now()).into_bytes(),
            }),
            None if from_input => Some(self.payload.read()?),
            None => None,
        })
    }

    /// Renders once, what was `given` or the file.
    fn once(&self, given: Option<Posted>) -> Result<(), Failure> {
        let (_, TargetConfig { gate, lane: target }) = self.payload.load()?;
        let posted = given.map_or_else(|| self.payload.read(), Ok)?;
        let (decoded, why) = posted.decode(self.payload.sender, &gate.senders)?;
        let now = Clock::system().now();
        let decoded = decoded.told_at(now);
        let parts = compose(&target, &decoded.notification, now).parts;
        self.write_page(|| page(&target, &parts, self.watch))?;
        if self.json {
            parts.iter().for_each(|part| out(&format!("{}\n", part.body(&Uuid::nil().to_string()))));
            return Ok(());
        }
        let mut told = String::new();
        let _ = writeln!(told, "sender    {}: {why}", decoded.notification.sender);
        if let Some(oddity) = decoded.oddity {
            let _ = writeln!(told, "note      {oddity}");
        }
        out(&(told + &shown(&target, &parts)));
        Ok(())
    }

    /// Writes the page, if one is wanted.
    fn write_page(&self, page: impl FnOnce() -> String) -> Result<(), Failure> {
        let Some(file) = &self.html else { return Ok(()) };
        std::fs::write(file, page()).map_err(|error| format!("cannot write {}: {error}", file.display()).into())
    }

    /// Writes a page that says why there is no other.
    fn write_failure(&self, failure: &Failure) -> Result<(), Failure> {
        self.write_page(|| phone_without(&self.payload.target, &super::with_causes(&**failure), self.watch))
    }
}

/// The messages, as a person wants to know them.
pub(super) fn shown(target: &Target, parts: &[Rendered]) -> String {
    let mut told = String::new();
    for (number, part) in (1..).zip(parts) {
        describe(&mut told, part, (number, parts.len()), target.style.message_limit);
    }
    told
}

/// The messages on a phone.
fn page(target: &Target, parts: &[Rendered], refreshing: bool) -> String {
    let time = Clock::system().now().to_zoned(target.style.time_zone.clone()).strftime("%H:%M").to_string();
    let limit = target.style.message_limit;
    phone(&Screen { target: &target.name, time: &time, parts, limit, refreshing })
}

/// One message, as a person wants to know it.
fn describe(told: &mut String, part: &Rendered, (number, parts): (usize, usize), limit: usize) {
    let of = if parts == 1 { "1 message".to_owned() } else { format!("message {number} of {parts}") };
    let _ = writeln!(told, "size      {} of {limit} bytes, {of}", part.bytes());
    if part.cut_bytes > 0 {
        let _ = writeln!(told, "shortened by {} bytes", part.cut_bytes);
    }
    let _ = writeln!(told, "mentions  {}", part.called());
    if let Some(failure) = &part.failure {
        let _ = writeln!(told, "failed    {failure}\n          this plain message goes out instead");
    }
    for unseen in unseen(&part.message) {
        let _ = writeln!(told, "note      {unseen}");
    }
    let _ = writeln!(told);
    told.push_str(&terminal(&part.message, &part.mention, show::color(), show::WIDTH));
}

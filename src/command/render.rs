//! `dingbridge render`: what would be posted for a payload.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use uuid::Uuid;

use super::{Failure, Payload, compose, out, show};
use crate::clock::Clock;
use crate::config::TargetConfig;
use crate::delivery::Target;
use crate::render::{Rendered, Screen, phone, terminal};

/// Prints what a target's group would see for a payload. Posts nothing.
#[derive(Debug, Args)]
pub(super) struct Render {
    #[command(flatten)]
    payload: Payload,
    /// Print the exact body for DingTalk instead, with zeros for its msgUuid
    #[arg(long)]
    json: bool,
    /// Write a page besides that shows the message as it looks on a phone
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

// === impl Render ===

impl Render {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let (_, TargetConfig { gate, lane: target }) = self.payload.load()?;
        let (decoded, why) = self.payload.decode(&gate.senders)?;
        let notification = decoded.notification;
        let parts = compose(&target, &notification);
        if let Some(file) = &self.html {
            let page = page(&target, &parts);
            std::fs::write(file, page).map_err(|error| format!("cannot write {}: {error}", file.display()))?;
        }
        if self.json {
            parts.iter().for_each(|part| out(&format!("{}\n", part.body(&Uuid::nil().to_string()))));
            return Ok(ExitCode::SUCCESS);
        }
        let mut told = String::new();
        let _ = writeln!(told, "sender    {}: {why}", notification.sender);
        if let Some(oddity) = decoded.oddity {
            let _ = writeln!(told, "note      {oddity}");
        }
        for (number, part) in (1..).zip(&parts) {
            describe(&mut told, part, (number, parts.len()), target.style.message_limit);
        }
        out(&told);
        Ok(ExitCode::SUCCESS)
    }
}

/// The messages on a phone.
fn page(target: &Target, parts: &[Rendered]) -> String {
    let time = Clock::system().now().to_zoned(target.style.time_zone.clone()).strftime("%H:%M").to_string();
    let limit = target.style.message_limit;
    phone(&Screen { target: &target.name, time: &time, parts, limit, refreshing: false })
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
    let _ = writeln!(told);
    told.push_str(&terminal(&part.message, &part.mention, show::color(), show::WIDTH));
}

//! `dingbridge render`: what would be posted for a payload.

use std::fmt::Write;
use std::process::ExitCode;

use clap::Args;
use uuid::Uuid;

use super::{Failure, Payload, compose, out, show};
use crate::render::{Rendered, terminal};

/// Prints what a target's group would see for a payload. Posts nothing.
#[derive(Debug, Args)]
pub(super) struct Render {
    #[command(flatten)]
    payload: Payload,
    /// Print the exact body for DingTalk instead, with zeros for its msgUuid
    #[arg(long)]
    json: bool,
}

// === impl Render ===

impl Render {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let (_, target) = self.payload.load()?;
        let decoded = self.payload.decode()?;
        let notification = decoded.notification;
        let rendered = compose(&target, &notification);
        let body = rendered.body(&Uuid::nil().to_string());
        if self.json {
            out(&format!("{body}\n"));
            return Ok(ExitCode::SUCCESS);
        }
        let mut told = String::new();
        let _ = writeln!(told, "sender    {}", notification.sender);
        if let Some(oddity) = decoded.oddity {
            let _ = writeln!(told, "note      {oddity}");
        }
        let _ = writeln!(told, "size      {} of {} bytes, 1 message", body.len(), target.style.message_limit);
        if rendered.cut_bytes > 0 {
            let _ = writeln!(told, "shortened by {} bytes", rendered.cut_bytes);
        }
        let _ = writeln!(told, "mentions  {}", who(&rendered));
        if let Some(failure) = &rendered.failure {
            let _ = writeln!(told, "failed    {failure}\n          this plain message goes out instead");
        }
        let _ = writeln!(told);
        told.push_str(&terminal(&rendered.message, &rendered.mention, show::color(), show::WIDTH));
        out(&told);
        Ok(ExitCode::SUCCESS)
    }
}

fn who(rendered: &Rendered) -> String {
    let mention = &rendered.mention;
    let everybody = mention.all.then(|| "everybody".to_owned());
    let people = mention.mobiles.iter().chain(&mention.user_ids).cloned();
    let who: Vec<_> = everybody.into_iter().chain(people).collect();
    if who.is_empty() { "nobody".into() } else { who.join(", ") }
}

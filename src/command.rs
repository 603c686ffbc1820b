//! What the program can be told to do. Each command is a page of its own.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::clock::Timestamp;
use crate::config::{Config, TargetConfig};
use crate::delivery::Target;
use crate::fold::Folded;
use crate::notification::{Notification, Sender};
use crate::render::{Circumstances, Packed};
use crate::sender::{self, Request};

mod check;
mod demo;
mod migrate;
mod outbox;
mod render;
mod samples;
mod sandbox;
mod send;
mod serve;
mod show;
mod test;

/// What goes wrong in a command, to be printed with its causes.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Brings alerts of Prometheus Alertmanager and other systems to DingTalk groups without losing one.
///
/// Without a subcommand it serves, so that it takes prometheus-webhook-dingtalk's place with the same flags. Try
/// `dingbridge demo` first: it needs no configuration and no account.
#[derive(Debug, Parser)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Serve,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bridge
    Serve(serve::Serve),
    /// See it work: example alerts, a stand-in for DingTalk, no configuration
    Demo(demo::Demo),
    /// Check configurations and the templates they name
    Check(check::Check),
    /// Print what would be posted for a payload, without posting it
    Render(render::Render),
    /// Compare messages with those that are expected
    Test(test::Test),
    /// Turn a configuration of prometheus-webhook-dingtalk and its Go templates into ours
    Migrate(migrate::Migrate),
    /// Post one message for real and explain DingTalk's answer
    Send(send::Send),
    /// List, explain, replay and drop what waits and what could not be delivered
    Outbox(outbox::Outbox),
    /// Run the stand-in for DingTalk alone
    Sandbox(sandbox::Sandbox),
}

/// The configuration file of the commands that need one.
#[derive(Debug, Args)]
struct ConfigFile {
    /// The configuration
    #[arg(long = "config.file", env = "DINGBRIDGE_CONFIG_FILE", value_name = "FILE", default_value = "dingbridge.yml")]
    path: PathBuf,
}

/// What a sender posted, and the target that it is for.
#[derive(Debug, Args)]
struct Payload {
    #[command(flatten)]
    config: ConfigFile,
    /// The target whose message it becomes
    #[arg(long, value_name = "TARGET")]
    target: String,
    /// Read the payload as this sender's instead of recognising it
    #[arg(long, value_name = "SENDER", value_parser = parse_sender)]
    sender: Option<Sender>,
    /// What a sender posted; - for standard input
    #[arg(value_name = "PAYLOAD")]
    payload: Option<PathBuf>,
}

/// A body that somebody posted, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Posted {
    /// Where it is from, for errors.
    name: String,
    body: Vec<u8>,
}

/// Carries out what the command line says.
///
/// # Errors
/// When it cannot be done; the caller prints why.
pub fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command.unwrap_or(Command::Serve(cli.serve)) {
        Command::Serve(command) => in_runtime(command.run()),
        Command::Demo(command) => in_runtime(command.run()),
        Command::Check(command) => Ok(command.run()),
        Command::Render(command) => command.run(),
        Command::Test(command) => command.run(),
        Command::Migrate(command) => command.run(),
        Command::Send(command) => in_runtime(command.run()),
        Command::Outbox(command) => in_runtime(command.run()),
        Command::Sandbox(command) => in_runtime(command.run()),
    }
}

/// Tells a person on standard error what went wrong.
pub fn complain(message: &str) {
    let _ = writeln!(io::stderr(), "dingbridge: {message}");
}

/// An error with all its causes.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Prints for a person. A reader that has gone away, such as `head`, is no reason to fail.
fn out(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
}

fn in_runtime<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(command)
}

/// Reads a file, or standard input for `-`.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let read = if path == Path::new("-") {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::stdin().lock(), &mut bytes).map(|_| bytes)
    } else {
        std::fs::read(path)
    };
    read.map_err(|error| format!("cannot read {}: {error}", path.display()).into())
}

fn parse_sender(name: &str) -> Result<Sender, String> {
    Sender::named(name).ok_or_else(|| {
        let known: Vec<_> = Sender::ALL.iter().map(|sender| sender.as_str()).collect();
        format!("no such sender; known are {}", known.join(", "))
    })
}

// === impl Payload ===

impl Payload {
    /// The configuration, and the target in it.
    fn load(&self) -> Result<(Config, TargetConfig), Failure> {
        let config = Config::load(&self.config.path)?;
        let Some(target) = config.targets.get(self.target.as_str()) else {
            let known: Vec<_> = config.targets.keys().map(AsRef::as_ref).collect();
            let (file, known) = (self.config.path.display(), known.join(", "));
            return Err(format!("{file} has no target {}; it has {known}", self.target).into());
        };
        let target = target.clone();
        Ok((config, target))
    }

    /// Reads the payload.
    fn read(&self) -> Result<Posted, Failure> {
        let path = self.payload.as_deref().unwrap_or(Path::new("-"));
        Ok(Posted { name: path.display().to_string(), body: read(path)? })
    }
}

// === impl Posted ===

impl Posted {
    /// What it says as its sender's, or as that of `named`, and why it is taken for that.
    fn decode(
        &self,
        named: Option<Sender>,
        settings: &sender::Settings,
    ) -> Result<(sender::Decoded, &'static str), Failure> {
        let decoded = sender::recognise(Request::of_body(&self.body), named)
            .and_then(|recognised| Ok((recognised.decode(settings)?, recognised.why)));
        decoded.map_err(|error| format!("{}: {error}", self.name).into())
    }
}

/// The messages that a target's group would get at `now`.
fn compose(target: &Target, notification: &Notification, now: Timestamp) -> Packed {
    let circumstances =
        Circumstances { target: &target.name, now, accepted_at: now, repeats: 0, digest_mentions: true };
    let folded = Folded { notification: notification.clone(), gone: Vec::new(), flaps: BTreeMap::new() };
    target.library.tell(&[folded], &target.style, &circumstances, false, target.digest.max_parts)
}

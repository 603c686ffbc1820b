//! `dingbridge send`: posts one message for real and explains DingTalk's answer.

use std::process::ExitCode;

use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Failure, Payload, compose, out};
use crate::app::stand_in;
use crate::clock::Clock;
use crate::config::TargetConfig;
use crate::delivery::Target;
use crate::dingtalk::{self, Client, Message, Verdict, verdict};
use crate::sandbox::{self, Sandbox};

/// Posts one message to a target's robot and explains the answer. A bridge that runs does not know of it, so it comes
/// on top of what that sends in this minute.
#[derive(Debug, Args)]
pub(super) struct Send {
    #[command(flatten)]
    payload: Payload,
    /// Post this text instead of a payload
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["payload", "sender"])]
    text: Option<String>,
}

// === impl Send ===

impl Send {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let (config, TargetConfig { gate, lane: target }) = self.payload.load()?;
        let bodies = match &self.text {
            Some(text) => vec![text_body(text, &target, &msg_uuid())],
            None => {
                let now = Clock::system().now();
                let (decoded, _) = self.payload.read()?.decode(self.payload.sender, &gate.senders)?;
                let packed = compose(&target, &decoded.told_at(now).notification, now);
                packed.parts.iter().map(|part| part.body(&msg_uuid())).collect()
            }
        };
        let stop = CancellationToken::new();
        let sandbox = start_stand_in(&target, &stop).await?;
        // One of several robots is as good as another: they stand in one group.
        let robot = &target.robots[0];
        let webhook = robot.webhook(&target.name, sandbox)?;
        let client = Client::new(&config.client)?;
        for body in bodies {
            let outcome = client.post(&webhook, robot.secret().as_ref(), body.into(), Clock::system().now()).await;
            match verdict(&outcome) {
                Verdict::Delivered => out("delivered: DingTalk has taken the message\n"),
                refused => return Err(format!("not delivered: {refused}").into()),
            }
        }
        stop.cancel();
        Ok(ExitCode::SUCCESS)
    }
}

fn msg_uuid() -> String {
    Uuid::now_v7().to_string()
}

fn text_body(text: &str, target: &Target, msg_uuid: &str) -> String {
    let mut content = text.to_owned();
    if let Some(keyword) = target.style.keyword.as_ref().filter(|keyword| !text.contains(*keyword)) {
        content = format!("{content}\n{keyword}");
    }
    dingtalk::body(&Message::Text { content }, &dingtalk::Mention::default(), msg_uuid)
}

/// Starts the stand-in when the target's robot is one.
async fn start_stand_in(target: &Target, stop: &CancellationToken) -> Result<Option<std::net::SocketAddr>, Failure> {
    let Some(robot) = stand_in(target) else { return Ok(None) };
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let address = listener.local_addr()?;
    let sandbox = Sandbox::new(sandbox::Settings::default());
    sandbox.register(robot);
    crate::tasks::Tasks::new().spawn("sandbox", sandbox.serve(listener, stop.clone().cancelled_owned()));
    Ok(Some(address))
}

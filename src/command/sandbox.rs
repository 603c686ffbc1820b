//! `dingbridge sandbox`: the stand-in for DingTalk alone.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;

use super::{Failure, out};
use crate::config::{parse_duration, parse_rate_limit};
use crate::outbox::pace::RateLimit;
use crate::sandbox::{self, KnownRobot};
use crate::secret::Secret;
use crate::tasks::Tasks;

/// Answers as DingTalk does and shows what arrives: to try a bridge, its templates and its pacing without a group.
///
/// A robot's URL is http://ADDRESS/robot/send?access_token=ANYTHING. GET /arrivals tells what came, POST /faults
/// orders what goes wrong next.
#[derive(Debug, Args)]
pub(super) struct Sandbox {
    /// Where to listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9060")]
    listen: String,
    /// How many messages a robot takes, in which time
    #[arg(long, value_name = "RATE", default_value = "20/1m", value_parser = parse_rate_limit)]
    rate_limit: RateLimit,
    /// How long a robot is banned that got one more
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = parse_duration)]
    ban: Duration,
    /// Know only the robot of this access token
    #[arg(long, value_name = "TOKEN")]
    token: Option<String>,
    /// Ask that robot's messages for a signature by this secret
    #[arg(long, value_name = "SECRET", requires = "token")]
    secret: Option<String>,
    /// Ask that robot's messages for this keyword
    #[arg(long, value_name = "WORD", requires = "token")]
    keyword: Option<String>,
}

// === impl Sandbox ===

impl Sandbox {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        let robot =
            self.token.map(|token| KnownRobot { token, secret: self.secret.map(Secret::new), keyword: self.keyword });
        let settings = sandbox::Settings {
            rate: (self.rate_limit.messages, self.rate_limit.period),
            ban: self.ban,
            robots: robot.into_iter().collect(),
            ..sandbox::Settings::default()
        };
        let sandbox = sandbox::Sandbox::new(settings);
        let listener = TcpListener::bind(&self.listen).await.map_err(|error| format!("{}: {error}", self.listen))?;
        let address = listener.local_addr()?;
        out(&format!("A robot's URL here is http://{address}/robot/send?access_token=ANYTHING\n"));
        let helpers = Tasks::new();
        helpers.spawn_until_stopped("display", crate::app::display(sandbox.subscribe(), super::show::arrival));
        let stop = helpers.stopping().clone().cancelled_owned();
        let served = helpers.spawn("sandbox", sandbox.serve(listener, stop));
        super::serve::until_signalled()?.await;
        helpers.stop().await;
        served.await?;
        Ok(ExitCode::SUCCESS)
    }
}

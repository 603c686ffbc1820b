//! `dingbridge demo`: the whole way of an alert, without configuration and without an account.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::sync::broadcast;
use tokio::time::timeout;

use super::{Failure, out, samples, show};
use crate::app::{App, Options};
use crate::clock::Clock;
use crate::config::Config;
use crate::sandbox::Arrival;
use crate::server::Readiness;
use crate::telemetry::{self, LogFormat, LogLevel};

/// Serves one target whose group is a stand-in, posts example alerts to itself and shows what people would see.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Where to listen [default: 127.0.0.1:8060, or another port when that is taken]
    #[arg(long = "web.listen-address", value_name = "ADDRESS")]
    listen_address: Option<String>,
}

/// The configuration of the demo, as one would write it.
const CONFIG: &str = "\
severity: {label: severity}
targets:
  demo:
    url: sandbox
    secret: SEC-only-the-stand-in-knows-this
    mention: {mobiles: ['13800000000'], severities: [critical]}
    rate_limit: [10/10s, 20/1m]
";

/// How long the demo waits for what takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the demo waits for a further message of a digest.
const LAST_PART: Duration = Duration::from_secs(1);

// === impl Demo ===

impl Demo {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        telemetry::init(LogLevel::Error, LogFormat::Logfmt);
        let storage = std::env::temp_dir().join(format!("dingbridge-demo-{}", std::process::id()));
        let ended = self.run_in(&storage).await;
        let _ = std::fs::remove_dir_all(&storage);
        ended
    }

    async fn run_in(self, storage: &Path) -> Result<ExitCode, Failure> {
        let app = match self.listen_address {
            Some(address) => bind(&address, storage).await?,
            None => match bind("127.0.0.1:8060", storage).await {
                Ok(app) => app,
                Err(_taken) => bind("127.0.0.1:0", storage).await?,
            },
        };
        let address = app.addresses()[0];
        let mut readiness = app.readiness();
        let mut arrivals = app.watch_sandbox();
        let show = async move {
            timeout(PATIENCE, readiness.wait_for(|readiness| *readiness == Readiness::Ready)).await??;
            match tell(address, &mut arrivals).await {
                // Whoever ends the demo before its end has seen enough; that is no failure.
                Err(_) if *readiness.borrow() == Readiness::Stopping => std::future::pending().await,
                told => told?,
            }
            loop {
                if let Ok(arrival) = arrivals.recv().await {
                    show::arrival(&arrival);
                }
            }
        };
        // The demo tells its story beside the bridge; only a failure of it ends it.
        tokio::select! {
            ended = super::serve::run_until_stopped(app) => ended,
            failed = show => failed,
        }
    }
}

async fn bind(address: &str, storage: &Path) -> Result<App, Failure> {
    let config = Config::parse(CONFIG, Path::new(".")).map_err(|_| "the demo's configuration")?;
    let options = Options {
        config_file: None,
        auto_reload_interval: Duration::ZERO,
        storage_path: Some(storage.to_owned()),
        listen_addresses: vec![address.to_owned()],
        admin_listen_address: None,
        enable_lifecycle: false,
        show: None,
    };
    Ok(App::bind(config, options).await?)
}

/// Posts the samples, the first one twice, and shows what comes of each.
async fn tell(address: SocketAddr, arrivals: &mut broadcast::Receiver<Arrival>) -> Result<(), Failure> {
    let url = format!("http://{address}/dingtalk/demo/send");
    out(&format!(
        "dingbridge listens on {url}\n\
         It has one target, demo, whose robot is a stand-in for DingTalk. Example alerts, as Alertmanager sends them:\n\n"
    ));
    let now = Clock::system().now();
    for (number, sample) in (1..).zip(["firing", "mixed", "resolved"].into_iter().filter_map(samples::named)) {
        let body = sample.body(now);
        let answer = post(&url, body.clone()).await?;
        out(&format!("{number}. {}: the bridge answers {answer}", sample.about));
        let arrival = timeout(PATIENCE, arrivals.recv()).await??;
        show::arrival(&arrival);
        if number == 1 {
            let answer = post(&url, body).await?;
            out(&format!(
                "   the same again, as a second Alertmanager of a cluster would send it: {answer}   nobody is told twice\n\n"
            ));
        }
    }
    out("On the same address, other senders in their own words:\n\n");
    for (number, sample) in (4..).zip(["cloudmonitor", "text"].into_iter().filter_map(samples::named)) {
        let answer = post(&url, sample.body(now)).await?;
        out(&format!("{number}. {}: the bridge answers {answer}", sample.about));
        let arrival = timeout(PATIENCE, arrivals.recv()).await??;
        show::arrival(&arrival);
    }
    tell_of_storm(&url, arrivals).await?;
    let mut next = String::from("Now it goes on serving. Try:\n\n");
    let _ = writeln!(next, "  curl {url} -d @examples/payloads/firing.json");
    let _ = writeln!(next, "  curl http://{address}/metrics\n");
    let _ = writeln!(next, "For a group of your own: examples/quickstart.yml, then");
    let _ = writeln!(next, "  dingbridge check dingbridge.yml && dingbridge --config.file=dingbridge.yml\n");
    let _ = writeln!(next, "Ctrl-C ends the demo.");
    out(&next);
    Ok(())
}

/// Posts more than the robot may be sent, and shows how few messages tell it.
async fn tell_of_storm(url: &str, arrivals: &mut broadcast::Receiver<Arrival>) -> Result<(), Failure> {
    let storm = samples::storm(Clock::system().now());
    out(&format!(
        "6. a rack loses its power: {} notifications within a second, more than the robot may be sent. The bridge waits a\n   \
         few seconds, so that the rest of the robot's window lasts, and tells all of them together:\n\n",
        storm.len()
    ));
    for body in storm {
        post(url, body).await?;
    }
    let mut arrival = timeout(PATIENCE, arrivals.recv()).await??;
    loop {
        show::arrival(&arrival);
        match timeout(LAST_PART, arrivals.recv()).await {
            Ok(next) => arrival = next?,
            Err(_nothing_more) => return Ok(()),
        }
    }
}

async fn post(url: &str, body: String) -> Result<String, Failure> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request =
        http::Request::post(url).header("Content-Type", "application/json").body(Full::<Bytes>::from(body))?;
    let answer = timeout(PATIENCE, client.request(request)).await??.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

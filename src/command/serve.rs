//! `dingbridge serve`: runs the bridge until it is told to stop.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::{ConfigFile, Failure};
use crate::app::{App, Options};
use crate::config::Config;
use crate::telemetry::{self, LogFormat, LogLevel};

/// The flags of `serve`, those of prometheus-webhook-dingtalk among them.
#[derive(Debug, Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigFile,
    /// How often to look for a changed configuration, such as 30s; 0 to look only when told to
    #[arg(long = "config.auto-reload-interval", env = "DINGBRIDGE_CONFIG_AUTO_RELOAD_INTERVAL",
          value_name = "DURATION", default_value = "30s", value_parser = crate::config::parse_duration)]
    auto_reload_interval: Duration,
    /// Where accepted notifications are kept until they are delivered [default: data, or storage.path of the
    /// configuration]
    #[arg(long = "storage.path", env = "DINGBRIDGE_STORAGE_PATH", value_name = "FOLDER")]
    storage_path: Option<PathBuf>,
    /// Where to listen; may be given more than once
    #[arg(
        long = "web.listen-address",
        env = "DINGBRIDGE_WEB_LISTEN_ADDRESS",
        value_name = "ADDRESS",
        value_delimiter = ',',
        default_value = ":8060"
    )]
    listen_addresses: Vec<String>,
    /// Where to listen for /metrics, /-/reload and /api instead, out of the senders' reach
    #[arg(long = "web.admin-listen-address", env = "DINGBRIDGE_WEB_ADMIN_LISTEN_ADDRESS", value_name = "ADDRESS")]
    admin_listen_address: Option<String>,
    /// Answer POST /-/reload
    #[arg(long = "web.enable-lifecycle", env = "DINGBRIDGE_WEB_ENABLE_LIFECYCLE")]
    enable_lifecycle: bool,
    /// Has no effect in this version
    #[arg(long = "web.enable-ui", env = "DINGBRIDGE_WEB_ENABLE_UI", hide = true)]
    enable_ui: bool,
    /// Has no effect in this version
    #[arg(long = "web.external-url", env = "DINGBRIDGE_WEB_EXTERNAL_URL", value_name = "URL", hide = true)]
    external_url: Option<String>,
    /// Not supported by this version
    #[arg(long = "web.config.file", env = "DINGBRIDGE_WEB_CONFIG_FILE", value_name = "FILE", hide = true)]
    web_config_file: Option<PathBuf>,
    /// The least important log lines to write
    #[arg(long = "log.level", env = "DINGBRIDGE_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    log_level: LogLevel,
    /// How to write them
    #[arg(long = "log.format", env = "DINGBRIDGE_LOG_FORMAT", value_name = "FORMAT", default_value = "logfmt")]
    log_format: LogFormat,
}

// === impl Serve ===

impl Serve {
    pub(super) async fn run(self) -> Result<ExitCode, Failure> {
        telemetry::init(self.log_level, self.log_format);
        if self.web_config_file.is_some() {
            return Err("--web.config.file is not supported by this version; put a TLS proxy before it".into());
        }
        for (given, flag) in [(self.enable_ui, "--web.enable-ui"), (self.external_url.is_some(), "--web.external-url")]
        {
            if given {
                tracing::warn!(flag, "has no effect in this version");
            }
        }
        let config = Config::load(&self.config.path)?;
        let options = Options {
            config_file: Some(self.config.path),
            auto_reload_interval: self.auto_reload_interval,
            storage_path: self.storage_path,
            listen_addresses: self.listen_addresses,
            admin_listen_address: self.admin_listen_address,
            enable_lifecycle: self.enable_lifecycle,
            show: Some(super::show::arrival),
        };
        let app = App::bind(config, options).await?;
        run_until_stopped(app).await
    }
}

/// Runs the bridge until a signal ends it, then stops it in order.
pub(super) async fn run_until_stopped(mut app: App) -> Result<ExitCode, Failure> {
    let mut hangup = signal(SignalKind::hangup())?;
    let signalled = until_signalled()?;
    let failed = tokio::select! {
        failed = app.run(&mut hangup) => failed,
        () = signalled => Ok(()),
    };
    app.stop().await;
    failed?;
    Ok(ExitCode::SUCCESS)
}

/// Waits for the order to stop; signals count from the call, not from the first poll.
pub(super) fn until_signalled() -> Result<impl Future<Output = ()>, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

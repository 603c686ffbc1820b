//! Logs and the labels that metrics share. Metric families are registered beside the code that counts.

use clap::ValueEnum;
use prometheus_client::encoding::EncodeLabelSet;
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The least important lines that are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogLevel {
    /// Everything.
    Debug,
    /// Life cycle and deliveries.
    Info,
    /// What is unexpected, though nothing is lost.
    Warn,
    /// An alert may not reach people, or someone must act.
    Error,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// `key=value` pairs.
    Logfmt,
    /// One JSON object a line.
    Json,
}

/// The label of what is counted for each target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct TargetLabel {
    /// The target's name.
    pub target: String,
}

/// The labels of what is counted for each target and reason.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReasonLabel {
    /// The target's name.
    pub target: String,
    /// A short, stable word.
    pub reason: &'static str,
}

/// Writes logs to standard error from now on, panics included.
pub fn init(level: LogLevel, format: LogFormat) {
    let (own, others) = match level {
        LogLevel::Debug => (Level::DEBUG, Level::INFO),
        LogLevel::Info => (Level::INFO, Level::WARN),
        LogLevel::Warn => (Level::WARN, Level::WARN),
        LogLevel::Error => (Level::ERROR, Level::ERROR),
    };
    let layer = match format {
        // Metadata named `target` would stand beside our own field of that name: the target that is meant here.
        LogFormat::Logfmt => tracing_logfmt::builder().with_target(false).layer().with_writer(std::io::stderr).boxed(),
        LogFormat::Json => {
            fmt::layer().json().flatten_event(true).with_target(false).with_writer(std::io::stderr).boxed()
        }
    };
    let filter = Targets::new().with_default(others).with_target(env!("CARGO_CRATE_NAME"), own);
    // Fails when a test has installed one already, which then serves.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload().downcast_ref::<&str>().copied().map(str::to_owned);
        let message = message.or_else(|| panic.payload().downcast_ref::<String>().cloned()).unwrap_or_default();
        tracing::error!(%place, message, "a bug stopped a task; please report it");
    }));
}

// === impl TargetLabel ===

impl TargetLabel {
    /// The label of that target.
    pub fn new(target: &str) -> Self {
        Self { target: target.to_owned() }
    }
}

// === impl ReasonLabel ===

impl ReasonLabel {
    /// The labels of that target and reason.
    pub fn new(target: &str, reason: &'static str) -> Self {
        Self { target: target.to_owned(), reason }
    }
}

//! What is told of the program and its configuration.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::clock::Clock;
use crate::config::Config;

/// The metrics of the whole; there is one set.
#[derive(Debug)]
pub(super) struct Metrics {
    reload_successful: Gauge,
    reload_success_time: Gauge,
    config_hash: Gauge,
    targets: Gauge,
}

// === impl Metrics ===

impl Metrics {
    /// Registers the families.
    pub(super) fn register(registry: &mut Registry) -> Self {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program", build);
        let metrics = Self {
            reload_successful: Gauge::default(),
            reload_success_time: Gauge::default(),
            config_hash: Gauge::default(),
            targets: Gauge::default(),
        };
        registry.register(
            "config_last_reload_successful",
            "Whether the last load of the configuration succeeded",
            metrics.reload_successful.clone(),
        );
        registry.register(
            "config_last_reload_success_timestamp_seconds",
            "When the configuration was last loaded",
            metrics.reload_success_time.clone(),
        );
        registry.register("config_hash", "A hash of the running configuration", metrics.config_hash.clone());
        registry.register("targets", "Configured targets", metrics.targets.clone());
        metrics
    }

    /// The configuration was not taken up.
    pub(super) fn reload_failed(&self) {
        self.reload_successful.set(0);
    }

    /// This configuration runs now.
    pub(super) fn loaded(&self, config: &Config, clock: Clock) {
        self.reload_successful.set(1);
        self.reload_success_time.set(clock.now().as_second());
        self.targets.set(config.targets.len() as i64);
        // 48 bits, so that every value is exact in Prometheus' floating point.
        let hash = config.digest[..6].iter().fold(0i64, |hash, byte| hash << 8 | i64::from(*byte));
        self.config_hash.set(hash);
    }
}

//! What the server counts.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The server's metrics; clones share them.
#[derive(Debug, Clone)]
pub struct Metrics {
    durations: Family<RequestLabel, Histogram>,
    in_flight: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabel {
    handler: &'static str,
    method: &'static str,
    code: u16,
}

/// Bounds of the duration histogram, in seconds.
const DURATIONS: [f64; 8] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 2.5, 10.0];

// === impl Metrics ===

impl Metrics {
    /// Registers the families.
    pub fn register(registry: &mut Registry) -> Self {
        let metrics =
            Self { durations: Family::new_with_constructor(|| Histogram::new(DURATIONS)), in_flight: Gauge::default() };
        registry.register(
            "http_request_duration_seconds",
            "How long requests took from their headers to the answer",
            metrics.durations.clone(),
        );
        registry.register("http_requests_in_flight", "Requests that are being served", metrics.in_flight.clone());
        for handler in ["/dingtalk", "/hook"] {
            metrics.durations.get_or_create_owned(&RequestLabel { handler, method: "POST", code: 200 });
        }
        metrics
    }

    pub(super) fn begin(&self) {
        self.in_flight.inc();
    }

    pub(super) fn end(&self, handler: &'static str, method: &http::Method, code: Option<u16>, took: Duration) {
        self.in_flight.dec();
        // Methods are the client's words: an unbounded label otherwise.
        let method = match *method {
            http::Method::GET => "GET",
            http::Method::HEAD => "HEAD",
            http::Method::POST => "POST",
            http::Method::PUT => "PUT",
            http::Method::DELETE => "DELETE",
            _ => "other",
        };
        if let Some(code) = code {
            let label = RequestLabel { handler, method, code };
            self.durations.get_or_create(&label).observe(took.as_secs_f64());
        }
    }
}

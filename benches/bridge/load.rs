//! Alertmanager at its worst: webhooks as fast as they are taken, each about a group of its own.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use crate::TARGETS;

/// How many connections post at once, one request after the other on each.
const CONNECTIONS: usize = 64;

/// What became of a round.
pub struct Load {
    pub began: Instant,
    took: Duration,
    /// Of each request, the lowest first.
    latencies: Vec<Duration>,
}

/// Posts the notifications of these numbers, each once.
pub async fn post(address: SocketAddr, numbers: Range<u64>, bodies: &Arc<Bodies>) -> Load {
    let (next, end) = (Arc::new(AtomicU64::new(numbers.start)), numbers.end);
    let mut connections = JoinSet::new();
    let began = Instant::now();
    for _ in 0..CONNECTIONS {
        connections.spawn(post_in_turn(address, Arc::clone(bodies), Arc::clone(&next), end));
    }
    let mut latencies = connections.join_all().await.concat();
    let took = began.elapsed();
    latencies.sort_unstable();
    Load { began, took, latencies }
}

/// Different webhooks of one shape, as Alertmanager writes them.
pub struct Bodies {
    template: String,
    places: Vec<usize>,
}

/// Stands for the number in the template, and is as long.
const PLACE: &str = "NUMBERED";

async fn post_in_turn(address: SocketAddr, bodies: Arc<Bodies>, next: Arc<AtomicU64>, end: u64) -> Vec<Duration> {
    let stream = TcpStream::connect(address).await.expect("the bridge listens");
    stream.set_nodelay(true).expect("a socket");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    let mut background = JoinSet::new();
    background.spawn(connection);
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return latencies;
        }
        let uri = format!("/dingtalk/t{}/send", number % TARGETS);
        let request = Request::post(uri).header("host", "bridge").header("content-type", "application/json");
        let request = request.body(Full::new(bodies.body(number))).expect("a request");
        let began = Instant::now();
        sender.ready().await.expect("the bridge keeps connections");
        let answer = sender.send_request(request).await.expect("an answer");
        let status = answer.status();
        let said = answer.into_body().collect().await.expect("a whole answer").to_bytes();
        latencies.push(began.elapsed());
        assert!(status.is_success() && !said.windows(9).any(|word| word == b"duplicate"), "{status} {said:?}");
    }
}

fn template(alerts: u64) -> String {
    let alert = |index: u64| -> Value {
        let instance = format!("10.20.{index}.17:9100");
        json!({
            "status": if index == 9 { "resolved" } else { "firing" },
            "labels": {
                "alertname": "HighMemory", "cluster": "cn-hangzhou-1", "group": PLACE, "instance": instance,
                "job": "node", "namespace": "payments", "severity": "warning", "team": "infra",
            },
            "annotations": {
                "description": format!("Host {instance} has used more than 90 % of its memory for 5m."),
                "summary": format!("memory of {instance} is short"),
            },
            "startsAt": "2026-11-20T09:40:17.856Z",
            "endsAt": if index == 9 { "2026-11-20T09:45:17.856Z" } else { "0001-01-01T00:00:00Z" },
            "generatorURL": "http://prometheus.example.test:9090/graph?g0.expr=node_memory_Active+%3E+0.9&g0.tab=1",
            "fingerprint": format!("{index:08x}{PLACE}"),
        })
    };
    json!({
        "receiver": "dingtalk", "status": "firing", "alerts": (0..alerts).map(alert).collect::<Vec<_>>(),
        "groupLabels": {"alertname": "HighMemory", "group": PLACE},
        "commonLabels": {
            "alertname": "HighMemory", "cluster": "cn-hangzhou-1", "group": PLACE, "job": "node",
            "namespace": "payments", "severity": "warning", "team": "infra",
        },
        "commonAnnotations": {}, "externalURL": "http://alertmanager.example.test:9093", "version": "4",
        "groupKey": format!("{{}}:{{alertname=\"HighMemory\", group=\"{PLACE}\"}}"), "truncatedAlerts": 0,
    })
    .to_string()
}

// === impl Bodies ===

impl Bodies {
    /// Webhooks of so many alerts each; ten are about 5 kB.
    pub fn of(alerts: u64) -> Arc<Self> {
        let template = template(alerts);
        let places = template.match_indices(PLACE).map(|(at, _)| at).collect();
        Arc::new(Self { template, places })
    }

    /// The webhook of that number.
    pub fn body(&self, number: u64) -> Bytes {
        let (digits, mut body) = (format!("{number:08}"), self.template.clone().into_bytes());
        for at in &self.places {
            body[*at..at + PLACE.len()].copy_from_slice(digits.as_bytes());
        }
        body.into()
    }
}

// === impl Load ===

impl Load {
    /// Requests a second.
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    /// The latency that this share of the requests did not exceed.
    pub fn percentile(&self, share: f64) -> Duration {
        let last = self.latencies.len() - 1;
        self.latencies[(last as f64 * share).round() as usize]
    }
}

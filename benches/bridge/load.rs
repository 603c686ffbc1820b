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
use tokio::time::{Duration, Instant, interval};

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

/// Posts the notifications of these numbers one after the other, so far apart, on one connection.
pub async fn post_at_intervals(address: SocketAddr, numbers: Range<u64>, bodies: &Arc<Bodies>, apart: Duration) {
    let mut ticks = interval(apart);
    let mut connection = Connection::to(address).await;
    for number in numbers {
        ticks.tick().await;
        connection.post(number, bodies).await;
    }
}

/// Different webhooks of one shape, as Alertmanager writes them.
pub struct Bodies {
    ordinary: Template,
    /// What is posted instead for one of so many.
    critical: Option<(u64, Template)>,
    /// Over how many targets they are spread, in turn.
    targets: u64,
}

/// A webhook in which the number is put in places.
struct Template {
    text: String,
    places: Vec<usize>,
}

/// A connection to the bridge that is kept.
struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    _background: JoinSet<hyper::Result<()>>,
}

/// Stands for the number in the template, and is as long.
const PLACE: &str = "NUMBERED";

async fn post_in_turn(address: SocketAddr, bodies: Arc<Bodies>, next: Arc<AtomicU64>, end: u64) -> Vec<Duration> {
    let mut connection = Connection::to(address).await;
    let mut latencies = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return latencies;
        }
        latencies.push(connection.post(number, &bodies).await);
    }
}

fn of_alerts(alerts: u64) -> String {
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

/// One alert under a name of its own.
fn of_one(kind: &str, severity: &str) -> String {
    let name = format!("{kind}{PLACE}");
    let labels = json!({"alertname": name, "instance": "10.20.3.17:9100", "job": "node", "severity": severity});
    json!({
        "receiver": "dingtalk", "status": "firing",
        "alerts": [{
            "status": "firing", "labels": labels, "annotations": {"summary": "memory is short"},
            "startsAt": "2026-11-20T09:40:17.856Z", "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "http://prometheus.example.test:9090/graph?g0.expr=up", "fingerprint": name,
        }],
        "groupLabels": {"alertname": name}, "commonLabels": labels,
        "commonAnnotations": {"summary": "memory is short"}, "externalURL": "http://alertmanager.example.test:9093",
        "version": "4", "groupKey": format!("{{}}:{{alertname=\"{name}\"}}"), "truncatedAlerts": 0,
    })
    .to_string()
}

// === impl Connection ===

impl Connection {
    async fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the bridge listens");
        stream.set_nodelay(true).expect("a socket");
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        let mut background = JoinSet::new();
        background.spawn(connection);
        Self { sender, _background: background }
    }

    /// Posts the notification of that number; returns how long the answer took.
    async fn post(&mut self, number: u64, bodies: &Bodies) -> Duration {
        let uri = format!("/dingtalk/t{}/send", number % bodies.targets);
        let request = Request::post(uri).header("host", "bridge").header("content-type", "application/json");
        let request = request.body(Full::new(bodies.body(number))).expect("a request");
        let began = Instant::now();
        self.sender.ready().await.expect("the bridge keeps connections");
        let answer = self.sender.send_request(request).await.expect("an answer");
        let status = answer.status();
        let said = answer.into_body().collect().await.expect("a whole answer").to_bytes();
        assert!(status.is_success() && !said.windows(9).any(|word| word == b"duplicate"), "{status} {said:?}");
        began.elapsed()
    }
}

// === impl Template ===

impl Template {
    fn new(text: String) -> Self {
        let places = text.match_indices(PLACE).map(|(at, _)| at).collect();
        Self { text, places }
    }

    fn fill(&self, number: u64) -> Bytes {
        let (digits, mut body) = (format!("{number:08}"), self.text.clone().into_bytes());
        for at in &self.places {
            body[*at..at + PLACE.len()].copy_from_slice(digits.as_bytes());
        }
        body.into()
    }
}

// === impl Bodies ===

impl Bodies {
    /// Webhooks of so many alerts each, for [`TARGETS`]; ten are about 5 kB.
    pub fn of(alerts: u64) -> Arc<Self> {
        Arc::new(Self { ordinary: Template::new(of_alerts(alerts)), critical: None, targets: TARGETS })
    }

    /// Webhooks of one alert each, under names of their own, of which one of `every` is critical.
    pub fn of_names(every: u64, targets: u64) -> Arc<Self> {
        let critical = Template::new(of_one("Critical", "critical"));
        Arc::new(Self {
            ordinary: Template::new(of_one("Storm", "warning")),
            critical: Some((every, critical)),
            targets,
        })
    }

    /// The name of the alert of that number, if it is a critical one of [`of_names`](Self::of_names).
    pub fn critical_name(&self, number: u64) -> Option<String> {
        self.is_critical(number).then(|| format!("Critical{number:08}"))
    }

    /// The webhook of that number.
    pub fn body(&self, number: u64) -> Bytes {
        match &self.critical {
            Some((_, critical)) if self.is_critical(number) => critical.fill(number),
            _ => self.ordinary.fill(number),
        }
    }

    fn is_critical(&self, number: u64) -> bool {
        self.critical.as_ref().is_some_and(|(every, _)| number % every == every / 2)
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

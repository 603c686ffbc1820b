//! A real Alertmanager in a process of its own, and the alerts that are pushed into it.
//!
//! It listens on ports of the loopback interface that the system chooses, keeps its data and its log in a folder of
//! its own, and is killed by its id when dropped.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use dingbridge::clock::{Clock, Timestamp};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::timeout;

use crate::harness::{PATIENCE, until, until_async};

/// A running Alertmanager.
pub struct Alertmanager {
    pub address: SocketAddr,
    child: Child,
    folder: TempDir,
}

/// Whether an Alertmanager gossips with others.
pub enum Cluster<'a> {
    /// It knows of no others.
    None,
    /// Others may join it.
    First,
    /// It joins another.
    Join(&'a Alertmanager),
}

/// An alert as Prometheus pushes it, time and again, under the same start.
#[derive(Debug, Clone)]
pub struct Alert {
    pub labels: Value,
    pub annotations: Value,
    pub starts_at: Timestamp,
}

/// The program as Debian names it.
const PROGRAM: &str = "prometheus-alertmanager";

/// How long a peer of a cluster leaves a notification to the one before it.
const PEER_TIMEOUT: Duration = Duration::from_secs(1);

// === impl Alertmanager ===

impl Alertmanager {
    /// Starts one and waits until it listens. `name` makes the URL that it gives of itself.
    pub async fn start(name: &str, config: &str, cluster: Cluster<'_>) -> Self {
        let folder = TempDir::new().expect("temporary folder");
        std::fs::write(folder.path().join("alertmanager.yml"), config).expect("write the configuration");
        let log = File::create(folder.path().join("log")).expect("a log");
        let mut command = Command::new(program());
        command
            .current_dir(folder.path())
            .args(["--config.file=alertmanager.yml", "--storage.path=data", "--log.level=debug"])
            .args(["--web.listen-address=127.0.0.1:0", "--web.route-prefix=/"])
            .arg(format!("--web.external-url=http://{name}.example.test:9093"))
            .stdout(Stdio::null())
            .stderr(log);
        match cluster {
            Cluster::None => command.arg("--cluster.listen-address="),
            Cluster::First | Cluster::Join(_) => command
                .args(["--cluster.listen-address=127.0.0.1:0", "--cluster.settle-timeout=0s"])
                .args(["--cluster.gossip-interval=50ms", "--cluster.pushpull-interval=1s"])
                .arg(format!("--cluster.peer-timeout={}s", PEER_TIMEOUT.as_secs())),
        };
        if let Cluster::Join(first) = cluster {
            command.arg(format!("--cluster.peer={}", first.cluster_address().await));
        }
        let child = command.spawn().expect("start Alertmanager");
        let mut alertmanager = Self { address: ([127, 0, 0, 1], 0).into(), child, folder };
        let listening = "msg=\"Listening on\" address=";
        until("Alertmanager to listen", || alertmanager.log().contains(listening)).await;
        let log = alertmanager.log();
        let address = log.split(listening).nth(1).and_then(|rest| rest.split_whitespace().next());
        alertmanager.address = address.expect("an address").parse().expect("an address");
        alertmanager
    }

    /// Pushes alerts as Prometheus does.
    pub async fn push(&self, alerts: impl Into<Value>) {
        let alerts: Value = alerts.into();
        let (status, answer) = self.request(Method::POST, "/api/v2/alerts", alerts.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    /// The value of a metric of its webhook integrations; 0 before the first.
    pub async fn webhooks(&self, name: &str) -> u64 {
        let (_, text) = self.request(Method::GET, "/metrics", String::new()).await;
        let series = format!("alertmanager_{name}{{integration=\"webhook\"}} ");
        let value = text.lines().find_map(|line| line.strip_prefix(&series));
        value.map_or(0, |value| value.parse::<f64>().expect("a number") as u64)
    }

    /// How many members of its cluster it sees, itself included.
    pub async fn members(&self) -> usize {
        self.status().await["cluster"]["peers"].as_array().map_or(0, Vec::len)
    }

    /// Waits until it has looked at its groups twice more, so that whatever it had to tell before this call is told:
    /// it looks at a group every `group_interval` as long as an alert of it fires, and only when the look before,
    /// with all its calls, has ended.
    pub async fn until_looked_again(&self) {
        let looks = || self.log().matches("msg=flushing").count();
        let before = looks();
        until("Alertmanager to look at its groups", || looks() >= before + 2).await;
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).expect("its log")
    }

    async fn cluster_address(&self) -> String {
        let status = self.status().await;
        status["cluster"]["peers"][0]["address"].as_str().expect("a cluster address").to_owned()
    }

    async fn status(&self) -> Value {
        let (_, status) = self.request(Method::GET, "/api/v2/status", String::new()).await;
        serde_json::from_str(&status).expect("JSON")
    }

    async fn request(&self, method: Method, path: &str, body: String) -> (StatusCode, String) {
        let request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        let request = request.header("Content-Type", "application/json").body(Full::new(Bytes::from(body)));
        let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
        let answer = timeout(PATIENCE, client.request(request.expect("a request"))).await.expect("in time");
        let (parts, body) = answer.expect("an answer").into_parts();
        let body = timeout(PATIENCE, body.collect()).await.expect("in time").expect("a body").to_bytes();
        (parts.status, String::from_utf8(body.to_vec()).expect("UTF-8"))
    }
}

impl Drop for Alertmanager {
    #[expect(clippy::disallowed_macros, reason = "a test that fails shows what Alertmanager did")]
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- the log of the Alertmanager at {} ---\n{}", self.address, self.log());
        }
    }
}

/// Waits until every one of them sees all of them.
pub async fn until_clustered(peers: &[&Alertmanager]) {
    for peer in peers {
        until_async("the cluster", async || peer.members().await == peers.len()).await;
    }
}

/// Where it is installed, or where `scripts/test` has unpacked it.
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let unpacked = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/usr/bin");
    let mut programs = std::env::split_paths(&path).chain([unpacked]).map(|folder| folder.join(PROGRAM));
    let found = programs.find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{PROGRAM} is not in PATH: run ./scripts/test, which fetches it"))
}

// === impl Alert ===

impl Alert {
    /// An alert that began a minute ago: what is older than `group_wait` is told at once.
    pub fn new(name: &str, instance: &str) -> Self {
        Self {
            labels: json!({"alertname": name, "instance": instance, "severity": "critical"}),
            annotations: json!({"summary": format!("{instance} is down")}),
            starts_at: Clock::system().now() - Duration::from_secs(60),
        }
    }

    /// It fires.
    pub fn firing(&self) -> Value {
        let Self { labels, annotations, starts_at } = self;
        json!({"labels": labels, "annotations": annotations, "startsAt": starts_at.to_string()})
    }

    /// It is over since now.
    pub fn resolved(&self) -> Value {
        let mut alert = self.firing();
        alert["endsAt"] = Clock::system().now().to_string().into();
        alert
    }
}

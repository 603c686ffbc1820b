//! What the tests share: a bridge in a process of its own, a stand-in for DingTalk in this one, and payloads.
//!
//! Every secret that a test configures holds the word "canary", and every line and answer that a bridge gives is
//! searched for it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use dingbridge::sandbox::{Arrival, KnownRobot, Sandbox, Settings};
use dingbridge::secret::Secret;
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, timeout};

/// One message for every notification, however late, for tests that count them.
pub const EACH: &str = "digest: {mode: never}";

/// The word that must not be seen.
pub const CANARY: &str = "canary";
/// The signing secret of the robots of [`DingTalk`].
pub const SECRET: &str = "SECcanary5f2b";
/// A token that opens a target.
pub const TOKEN: &str = "canary-target-token";

/// How long anything may take before a test gives up: a guard against hanging, not a measurement.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A bridge in a process of its own; killed when dropped.
pub struct Bridge {
    pub address: SocketAddr,
    pub folder: Arc<TempDir>,
    child: Child,
    log: Arc<Mutex<String>>,
}

/// How to start a bridge.
pub struct Start {
    pub config: String,
    /// A folder of an earlier bridge, to start where that ended.
    pub folder: Option<Arc<TempDir>>,
    pub args: Vec<String>,
    pub env: Vec<(String, String)>,
    /// A command that starts the bridge as its last arguments say, such as a shell with limits.
    pub through: Vec<String>,
    /// Where it listens; port 0 for any.
    pub listen: SocketAddr,
}

/// A stand-in for DingTalk in this process; stopped when dropped.
pub struct DingTalk {
    pub sandbox: Sandbox,
    pub address: SocketAddr,
    task: AbortHandle,
}

/// An HTTP answer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

// === impl Start ===

impl Start {
    pub fn new(config: impl Into<String>) -> Self {
        let listen = ([127, 0, 0, 1], 0).into();
        Self { config: config.into(), folder: None, args: Vec::new(), env: Vec::new(), through: Vec::new(), listen }
    }

    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub fn in_folder(mut self, folder: Arc<TempDir>) -> Self {
        self.folder = Some(folder);
        self
    }

    /// Lets it listen where an earlier bridge did, so that its senders find it again.
    pub fn at(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    pub fn through(mut self, words: Vec<String>) -> Self {
        self.through = words;
        self
    }

    /// Starts the bridge and waits until it listens.
    pub async fn listening(self) -> Bridge {
        let bridge = self.spawn();
        bridge.await
    }

    /// Starts the bridge and waits until it is ready.
    pub async fn ready(self) -> Bridge {
        let bridge = self.listening().await;
        bridge.until_ready().await;
        bridge
    }

    async fn spawn(self) -> Bridge {
        let folder = self.folder.unwrap_or_else(|| Arc::new(TempDir::new().expect("temporary folder")));
        let config = folder.path().join("dingbridge.yml");
        std::fs::write(&config, &self.config).expect("write the configuration");
        let mut words = self.through;
        words.push(env!("CARGO_BIN_EXE_dingbridge").to_owned());
        words.push(format!("--config.file={}", config.display()));
        words.push(format!("--storage.path={}", folder.path().join("data").display()));
        words.push(format!("--web.listen-address={}", self.listen));
        words.push("--log.level=debug".into());
        words.extend(self.args);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).envs(self.env).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("start the bridge");
        let stderr = child.stderr.take().expect("piped");
        let log = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = kept.lock().expect("log");
                log.push_str(&line);
                log.push('\n');
            }
        });
        let mut bridge = Bridge { address: ([127, 0, 0, 1], 0).into(), folder, child, log };
        let listening = "listening on\" address=";
        bridge.wait_for_log(listening).await;
        let log = bridge.log();
        let at = log.find(listening).expect("just seen") + listening.len();
        let address = log[at..].split_whitespace().next().expect("an address");
        bridge.address = address.parse().expect("an address");
        bridge
    }
}

// === impl Bridge ===

impl Bridge {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn log(&self) -> String {
        self.log.lock().expect("log").clone()
    }

    pub async fn wait_for_log(&self, text: &str) {
        until(&format!("{text:?} in the log"), || self.log().contains(text)).await;
    }

    pub async fn until_ready(&self) {
        let began = Instant::now();
        while self.get("/-/ready").await.status != StatusCode::OK {
            assert!(began.elapsed() < PATIENCE, "not ready:\n{}", self.log());
            sleep(Duration::from_millis(5)).await;
        }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, &[], Bytes::new()).await
    }

    /// Posts a body to `/dingtalk/{target}/send`.
    pub async fn send(&self, target: &str, body: impl Into<Bytes>) -> Answer {
        self.request(Method::POST, &format!("/dingtalk/{target}/send"), &[], body.into()).await
    }

    pub async fn request(&self, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Answer {
        self.try_request(method, path, headers, body).await.expect("an answer")
    }

    /// Like [`request`](Self::request), for bridges that may be killed meanwhile.
    pub async fn try_request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answer, String> {
        call(self.address, method, path, headers, body).await
    }

    /// The value of a metric; its labels as they are printed.
    pub async fn metric(&self, series: &str) -> Option<f64> {
        let text = self.get("/metrics").await.body;
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '))?;
        line.parse().ok()
    }

    /// Waits until a metric is as it should be.
    pub async fn until_metric(&self, series: &str, enough: impl Fn(f64) -> bool) {
        let began = Instant::now();
        while !self.metric(series).await.is_some_and(&enough) {
            assert!(began.elapsed() < PATIENCE, "waited in vain for {series}:\n{}", self.get("/metrics").await.body);
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits until nothing waits for a target any more: all is delivered, and that is on disk.
    pub async fn until_settled(&self, target: &str, delivered: usize) {
        self.until_metric(&format!("dingbridge_notifications_total{{target=\"{target}\"}}"), |count| {
            count >= delivered as f64
        })
        .await;
        self.until_metric(&format!("dingbridge_queue_length{{target=\"{target}\"}}"), |length| length == 0.0).await;
    }

    /// Gives it another configuration and waits until that is taken up.
    pub async fn reload(&self, config: &str) {
        let taken_up = || self.log().matches("reloaded the configuration").count();
        let before = taken_up();
        std::fs::write(self.folder.path().join("dingbridge.yml"), config).expect("write the configuration");
        self.signal("HUP");
        until("the new configuration", || taken_up() > before).await;
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status();
        assert!(sent.expect("kill").success());
    }

    /// Kills it as a power cut would, as far as a process can see.
    pub fn kill(mut self) -> Arc<TempDir> {
        self.child.kill().expect("kill");
        self.child.wait().expect("wait");
        Arc::clone(&self.folder)
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) -> (ExitStatus, Arc<TempDir>) {
        self.signal("TERM");
        let status = self.exited().await;
        (status, Arc::clone(&self.folder))
    }

    pub async fn exited(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}", self.log());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = self.log();
        if std::thread::panicking() {
            #[expect(clippy::disallowed_macros, reason = "what the test program prints when a test has failed")]
            {
                eprintln!("--- the bridge's log ---\n{log}");
            }
        } else {
            assert!(!log.contains(CANARY), "a secret in the log:\n{log}");
        }
    }
}

// === impl DingTalk ===

impl DingTalk {
    /// A stand-in that asks the robots of these tokens for signatures by [`SECRET`].
    pub async fn start(settings: Settings, tokens: &[&str]) -> Self {
        let robots = tokens.iter().map(|token| KnownRobot {
            token: canary(token),
            secret: Some(Secret::new(SECRET)),
            keyword: None,
        });
        let sandbox = Sandbox::new(Settings { robots: robots.collect(), ..settings });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let served = sandbox.clone().serve(listener, std::future::pending());
        #[expect(clippy::disallowed_methods, reason = "a test's own task, aborted when its owner is dropped")]
        let task = tokio::spawn(served).abort_handle();
        Self { sandbox, address, task }
    }

    /// One robot, `ops`, with DingTalk's limits.
    pub async fn with_ops() -> Self {
        Self::start(Settings::default(), &["ops"]).await
    }

    /// A robot's URL.
    pub fn url(&self, token: &str) -> String {
        format!("http://{}/robot/send?access_token={}", self.address, canary(token))
    }

    /// A configuration with one target a token; `more` is added to each, such as `rate_limit: 5/1s`.
    pub fn config(&self, tokens: &[&str], more: &str) -> String {
        let mut config = String::from("targets:\n");
        for token in tokens {
            config.push_str(&format!("  {token}:\n    url: {}\n    secret: {SECRET}\n", self.url(token)));
            more.lines().for_each(|line| config.push_str(&format!("    {line}\n")));
        }
        config
    }

    /// What groups see, oldest first.
    pub fn shown(&self) -> Vec<Arrival> {
        self.sandbox.arrivals().into_iter().filter(Arrival::shown).collect()
    }

    /// The titles that groups see, oldest first.
    pub fn titles(&self) -> Vec<String> {
        self.shown().iter().map(|arrival| arrival.message().expect("a message").title).collect()
    }

    /// Waits until groups see that many messages.
    pub async fn until_shown(&self, count: usize) -> Vec<Arrival> {
        until(&format!("{count} messages"), || self.shown().len() >= count).await;
        self.shown()
    }

    /// Waits until that many calls have arrived.
    pub async fn until_arrived(&self, count: usize) -> Vec<Arrival> {
        until(&format!("{count} calls"), || self.sandbox.arrivals().len() >= count).await;
        self.sandbox.arrivals()
    }
}

impl Drop for DingTalk {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Asks whoever listens at an address, if anybody does.
pub async fn call(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<Answer, String> {
    let mut request = http::Request::builder().method(method).uri(format!("http://{}{path}", address));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body)).expect("a request");
    let client = Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http();
    let answer = timeout(PATIENCE, client.request(request)).await.expect("in time").map_err(|e| e.to_string())?;
    let (parts, body) = answer.into_parts();
    let body = timeout(PATIENCE, body.collect()).await.expect("in time").map_err(|e| e.to_string())?.to_bytes();
    let answer =
        Answer { status: parts.status, headers: parts.headers, body: String::from_utf8(body.to_vec()).expect("UTF-8") };
    assert!(!format!("{answer:?}").contains(CANARY), "a secret in an answer: {answer:?}");
    Ok(answer)
}

/// The access token of the robot that is called `name` in a test.
pub fn canary(name: &str) -> String {
    format!("{CANARY}-{name}")
}

/// Waits until something is so.
pub async fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// Waits until something is so that has to be asked for.
pub async fn until_async(what: &str, so: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// What Alertmanager posts when one alert of this name fires, or is over.
pub fn payload(name: &str, status: &str) -> String {
    payload_of(name, status, &[(name, status, "2026-11-20T09:00:00Z")])
}

/// What Alertmanager posts about a group: its alerts as (instance, status, start).
pub fn payload_of(group: &str, status: &str, alerts: &[(&str, &str, &str)]) -> String {
    payload_severe(group, "critical", status, alerts)
}

/// The same of another severity.
pub fn payload_severe(group: &str, severity: &str, status: &str, alerts: &[(&str, &str, &str)]) -> String {
    let alerts: Vec<Value> = alerts
        .iter()
        .map(|(instance, status, starts_at)| {
            json!({
                "status": status,
                "labels": {"alertname": group, "instance": instance, "severity": severity},
                "annotations": {"summary": format!("{instance} is down")},
                "startsAt": starts_at,
                "endsAt": if *status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-11-20T09:30:00Z" },
                "generatorURL": "http://prometheus.example.test/graph",
                "fingerprint": format!("{group}-{instance}"),
            })
        })
        .collect();
    json!({
        "version": "4", "groupKey": format!("{{}}:{{alertname=\"{group}\"}}"), "receiver": "test", "status": status,
        "groupLabels": {"alertname": group}, "commonLabels": {"alertname": group}, "commonAnnotations": {},
        "externalURL": "http://alertmanager.example.test", "truncatedAlerts": 0, "alerts": alerts,
    })
    .to_string()
}

/// A file beside the tests.
pub fn fixture(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(path)
}

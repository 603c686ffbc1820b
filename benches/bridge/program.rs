//! A bridge in a process of its own.

use std::fs::File;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant, sleep};

/// How long a start or a stop may take: a guard against hanging, not a measurement.
const PATIENCE: Duration = Duration::from_secs(60);

/// A bridge that is ready; killed when dropped.
pub struct Program {
    pub address: SocketAddr,
    /// Where its outbox is.
    pub folder: PathBuf,
    child: Child,
    took: Duration,
}

/// The binary that is measured.
pub fn binary() -> PathBuf {
    std::env::var_os("DINGBRIDGE").map_or_else(|| env!("CARGO_BIN_EXE_dingbridge").into(), PathBuf::from)
}

// === impl Program ===

impl Program {
    /// Starts a bridge and waits until it is ready. Its log goes into a file, for a log of deliveries is part of them.
    pub async fn start(folder: &Path, config: &str) -> Self {
        let path = folder.join("dingbridge.yml");
        std::fs::write(&path, config).expect("write the configuration");
        let log = File::create(folder.join("log")).expect("a log");
        let address = free_address().await;
        let data = folder.join("data");
        let mut command = Command::new(binary());
        command.arg(format!("--config.file={}", path.display())).arg(format!("--storage.path={}", data.display()));
        command.arg(format!("--web.listen-address={address}")).stdout(Stdio::null()).stderr(log);
        let began = Instant::now();
        let child = command.spawn().expect("start the bridge");
        let mut program = Self { address, folder: data, child, took: Duration::ZERO };
        while !is_ready(address).await {
            assert!(began.elapsed() < PATIENCE, "not ready; its log is {}", folder.join("log").display());
            sleep(Duration::from_millis(1)).await;
        }
        program.took = began.elapsed();
        program
    }

    /// How many milliseconds it took to be ready.
    pub fn took_ms(&self) -> f64 {
        self.took.as_secs_f64() * 1e3
    }

    /// How many megabytes of memory it holds, by what the kernel of Linux says.
    pub fn resident(&self) -> f64 {
        self.memory("VmRSS:")
    }

    /// How many it held at the most.
    pub fn peak(&self) -> f64 {
        self.memory("VmHWM:")
    }

    fn memory(&self, field: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(field));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
        kibibytes.map_or(f64::NAN, |kibibytes| kibibytes * 1024.0 / 1e6)
    }

    /// How much processor time it has used, by what the kernel of Linux says.
    pub fn used(&self) -> Duration {
        /// What the kernel counts in, on every architecture.
        const TICKS_A_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // User and system time, counted from the end of the name, which may hold spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
        let ticks: f64 = fields.filter_map(|field| field.parse::<f64>().ok()).sum();
        Duration::from_secs_f64(ticks / TICKS_A_SECOND)
    }

    /// The sum of a metric over all targets.
    pub async fn metric(&self, name: &str) -> f64 {
        let (metrics, series) = (get(self.address, "/metrics").await.unwrap_or_default(), format!("{name}{{"));
        let values = metrics.lines().filter(|line| line.starts_with(&series));
        values.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }

    /// Asks it to stop and waits until it has.
    pub async fn stop(mut self) {
        let told = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(told.expect("kill").success());
        let began = Instant::now();
        while self.child.try_wait().expect("wait").is_none() {
            assert!(began.elapsed() < PATIENCE, "it does not stop");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("an address")
}

async fn is_ready(address: SocketAddr) -> bool {
    get(address, "/-/ready").await.is_some_and(|answer| answer.starts_with("HTTP/1.1 200 "))
}

/// The whole answer, if anybody gives one.
async fn get(address: SocketAddr, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: bridge\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

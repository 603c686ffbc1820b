//! Robots that answer at once: every URL of this server is one.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, timeout};

/// What DingTalk says to a message it takes.
const OK: &[u8] = br#"{"errcode":0,"errmsg":"ok"}"#;

/// How long the last message may take: a guard against hanging, not a measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// The server; it ends when this is dropped.
pub struct Robot {
    address: SocketAddr,
    arrivals: Arc<Arrivals>,
    _task: JoinSet<()>,
}

#[derive(Default)]
struct Arrivals {
    /// How many messages are still to come, and when the last of them has.
    expected: AtomicU64,
    last: Mutex<Option<Instant>>,
    arrived: Notify,
}

// === impl Robot ===

impl Robot {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let arrivals = Arc::<Arrivals>::default();
        let mut task = JoinSet::new();
        task.spawn(serve(listener, Arc::clone(&arrivals)));
        Self { address, arrivals, _task: task }
    }

    /// The URL of the robot of that number.
    pub fn url(&self, number: u64) -> String {
        format!("http://{}/robot/send?access_token=robot{number}", self.address)
    }

    /// So many messages are about to come.
    pub fn expect(&self, messages: u64) {
        self.arrivals.expected.store(messages, Ordering::Relaxed);
    }

    /// Waits for the last message that is expected; returns when it came.
    pub async fn last(&self) -> Instant {
        timeout(PATIENCE, self.arrivals.arrived.notified()).await.expect("all messages arrive");
        self.arrivals.last.lock().expect("last").take().expect("just set")
    }
}

// === impl Arrivals ===

impl Arrivals {
    fn count(&self) {
        let left = self.expected.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        if left == Ok(1) {
            *self.last.lock().expect("last") = Some(Instant::now());
            self.arrived.notify_one();
        }
    }
}

async fn serve(listener: TcpListener, arrivals: Arc<Arrivals>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let arrivals = Arc::clone(&arrivals);
        let service = service_fn(move |request: Request<Incoming>| {
            let arrivals = Arc::clone(&arrivals);
            async move {
                let whole = request.into_body().collect().await.is_ok();
                if whole {
                    arrivals.count();
                }
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(OK))))
            }
        });
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

//! The HTTP server: sockets, limits, routes, and answers that never tell a secret.
//!
//! It is HTTP/1.1 on hyper. A request is read whole within limits of size and time, then finished in a task of its
//! own: a client that goes away, as Alertmanager does when its configuration is reloaded, does not take its
//! notification with it. What is never answered: a redirect (Go's client would turn the POST into a GET and take its
//! answer for a delivery), 429 and 408 (Alertmanager does not try again after a 4xx).

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderMap;
use http::header::HeaderName;
use ipnet::IpNet;
use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

pub use self::metrics::Metrics;
use self::route::Routes;
use crate::intake::Intake;
use crate::outbox::Outbox;
use crate::secret::Source;
use crate::tasks::Tasks;

mod accept;
mod answer;
mod api;
mod body;
mod connection;
mod credentials;
mod metrics;
mod route;
mod socket;
#[cfg(test)]
mod tests;

/// What the server may use up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// The largest request body, in bytes.
    pub max_body: usize,
    /// All request bodies together, in bytes.
    pub max_in_flight: usize,
    /// How many connections of one listener are served at once; more wait in its backlog.
    pub max_connections: usize,
    /// How long a client may take for a request's headers, and how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long a client may take for a request's body.
    pub body_timeout: Duration,
}

/// Which routes a listener serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surface {
    /// All of them.
    Whole,
    /// Those for senders and probes.
    Public,
    /// Those for operators, and probes.
    Admin,
}

/// Whether requests can be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// Not yet.
    Starting,
    /// Yes.
    Ready,
    /// No more.
    Stopping,
}

/// An operator's wish to reload; the answer is why it failed, if it did.
pub type ReloadRequest = oneshot::Sender<Result<(), String>>;

/// What the server needs to answer.
#[derive(Debug)]
pub struct Context {
    /// Where notifications go.
    pub intake: Intake,
    /// Whether they can.
    pub readiness: watch::Receiver<Readiness>,
    /// Where reloads are asked for; `None` when that is not enabled.
    pub reload: Option<mpsc::Sender<ReloadRequest>>,
    /// What operators look into, once it is open.
    pub outbox: watch::Receiver<Option<Outbox>>,
    /// What opens `/api` to them; without it there is no such path.
    pub admin_token: Option<Source>,
    /// What `/metrics` shows.
    pub registry: Arc<Registry>,
    /// What the server counts.
    pub metrics: Metrics,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// What may be used up.
    pub limits: Limits,
}

/// The server; clones share it.
#[derive(Debug, Clone)]
pub struct Server {
    context: Arc<Context>,
    /// Bytes of request bodies that may still come in.
    in_flight: Arc<Semaphore>,
    tasks: Tasks,
}

/// How long a request that has begun to arrive may still take once the server stops. One that is on its way arrives;
/// one that is not does not keep the rest of the bridge from stopping in order.
const LAST_CHANCE: Duration = Duration::from_secs(2);

/// Where proxies write down whom they ask for.
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

// === impl Server ===

impl Server {
    /// A server whose connections and requests run as `tasks`, and end when these are stopped.
    pub fn new(context: Context, tasks: Tasks) -> Self {
        let in_flight = context.limits.max_in_flight.min(Semaphore::MAX_PERMITS).min(u32::MAX as usize);
        Self { context: Arc::new(context), in_flight: Arc::new(Semaphore::new(in_flight)), tasks }
    }

    /// Serves `listener` until the tasks are stopped.
    pub fn listen(&self, listener: TcpListener, surface: Surface) {
        let routes = Arc::new(Routes::of(surface));
        self.tasks.spawn("listener", accept::run(self.clone(), listener, routes));
    }

    /// The client's address, as far as it can be believed.
    fn client(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let trusted = |ip| self.context.trusted_proxies.iter().any(|net| net.contains(&ip));
        // A socket for both families says ::ffff:10.0.0.1 where people write 10.0.0.1.
        let mut client = peer.ip().to_canonical();
        let forwarded_for = headers.get(FORWARDED_FOR).and_then(|value| value.to_str().ok());
        // The last entry was written by the proxy that is nearest to us.
        for entry in forwarded_for.into_iter().flat_map(|entries| entries.rsplit(',')) {
            let Ok(ip) = entry.trim().parse::<IpAddr>() else { break };
            if !trusted(client) {
                break;
            }
            client = IpAddr::to_canonical(&ip);
        }
        client
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_body: 32 << 20,
            max_in_flight: 256 << 20,
            max_connections: 512,
            header_timeout: Duration::from_secs(30),
            body_timeout: Duration::from_secs(30),
        }
    }
}

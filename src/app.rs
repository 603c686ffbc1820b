//! The bridge as a whole: what is started in which order, what a reload changes, what is stopped in which order.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::registry::Registry;
use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep, timeout};

use self::metrics::Metrics;
use crate::clock::Clock;
use crate::config::{Config, Reloader};
use crate::delivery::{self, Delivery, Means, Target};
use crate::dingtalk::{Client, ClientError};
use crate::intake::{self, Gates, Intake};
use crate::outbox::{self, OpenError, Outbox};
use crate::sandbox::{self, Arrival, KnownRobot, Sandbox};
use crate::server::{self, Context, Limits, Readiness, ReloadRequest, Server, Surface};
use crate::tasks::Tasks;

mod metrics;

/// What the command line decides.
#[derive(Debug, Clone)]
pub struct Options {
    /// What a reload reads again; without it there are no reloads.
    pub config_file: Option<PathBuf>,
    /// How often to look whether it has changed; zero for never.
    pub auto_reload_interval: Duration,
    /// The storage folder, before that of the configuration.
    pub storage_path: Option<PathBuf>,
    /// Where to listen: `host:port`, the host may be empty for all addresses.
    pub listen_addresses: Vec<String>,
    /// Where operators' routes are served instead.
    pub admin_listen_address: Option<String>,
    /// Whether reloads may be asked for over HTTP.
    pub enable_lifecycle: bool,
    /// Shows a person what the stand-in got.
    pub show: Option<fn(&Arrival)>,
}

/// A bridge that listens.
#[derive(Debug)]
pub struct App {
    config: Config,
    options: Options,
    addresses: Vec<SocketAddr>,
    clock: Clock,
    /// Stopped in this order: who asks, who delivers, who helps.
    requests: Tasks,
    lanes: Tasks,
    helpers: Tasks,
    readiness: watch::Sender<Readiness>,
    gates: watch::Sender<Gates>,
    outbox: watch::Sender<Option<Outbox>>,
    client: watch::Sender<Client>,
    reload_requests: mpsc::Receiver<ReloadRequest>,
    delivery: Option<Delivery>,
    delivery_metrics: delivery::Metrics,
    intake_metrics: intake::Metrics,
    metrics: Metrics,
    sandbox: Sandbox,
    sandbox_address: Arc<OnceLock<SocketAddr>>,
}

/// Why the bridge does not run.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}; choose another with {flag}")]
    Listen {
        /// What was asked for.
        address: String,
        /// Where it was asked for.
        flag: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The client for DingTalk cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The outbox cannot be opened.
    #[error("the outbox in {}", path.display())]
    Outbox {
        /// The storage folder.
        path: PathBuf,
        /// Why not.
        source: OpenError,
    },
    /// The outbox has stopped by itself.
    #[error("the outbox has stopped; its last log lines say why")]
    OutboxStopped,
}

/// How long another bridge may still hold the storage folder: a rolling update.
const FOLDER_PATIENCE: Duration = Duration::from_secs(60);

/// How long stopping may take; what is not done by then is done after the next start.
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// How much of that requests may take.
const REQUESTS_DEADLINE: Duration = Duration::from_secs(8);

/// The storage folder when nobody names one.
const STORAGE: &str = "data";

// === impl App ===

impl App {
    /// Listens. Probes are answered from now on; notifications once [`run`](Self::run) has opened the outbox.
    ///
    /// # Errors
    /// When an address cannot be used, or the configured certificates cannot be read.
    pub async fn bind(config: Config, options: Options) -> Result<Self, AppError> {
        let client = Client::new(&config.client)?;
        let mut listeners = Vec::new();
        let surface = if options.admin_listen_address.is_some() { Surface::Public } else { Surface::Whole };
        for address in &options.listen_addresses {
            listeners.push((listen(address, "--web.listen-address").await?, surface));
        }
        if let Some(address) = &options.admin_listen_address {
            listeners.push((listen(address, "--web.admin-listen-address").await?, Surface::Admin));
        }
        let addresses: Vec<SocketAddr> =
            listeners.iter().filter_map(|(listener, _)| listener.local_addr().ok()).collect();

        let mut registry = Registry::with_prefix("dingbridge");
        let metrics = Metrics::register(&mut registry);
        let intake_metrics = intake::Metrics::register(&mut registry);
        let delivery_metrics = delivery::Metrics::register(&mut registry);
        let server_metrics = server::Metrics::register(&mut registry);
        let (gates, gates_seen) = watch::channel(config.gates());
        let (outbox, outbox_seen) = watch::channel(None);
        let (readiness, readiness_seen) = watch::channel(Readiness::Starting);
        let (reload, reload_requests) = mpsc::channel(1);
        let clock = Clock::system();
        let context = Context {
            intake: Intake::new(gates_seen, outbox_seen.clone(), clock, intake_metrics.clone()),
            readiness: readiness_seen,
            reload: options.enable_lifecycle.then_some(reload),
            outbox: outbox_seen,
            admin_token: config.web.admin_token.clone(),
            registry: Arc::new(registry),
            metrics: server_metrics,
            trusted_proxies: config.web.trusted_proxies.clone(),
            limits: Limits {
                max_body: config.web.max_body,
                max_in_flight: config.web.max_in_flight,
                max_connections: config.web.max_connections,
                ..Limits::default()
            },
        };
        let app = Self {
            addresses,
            clock,
            requests: Tasks::new(),
            lanes: Tasks::new(),
            helpers: Tasks::new(),
            readiness,
            gates,
            outbox,
            client: watch::channel(client).0,
            reload_requests,
            delivery: None,
            delivery_metrics,
            intake_metrics,
            metrics,
            sandbox: Sandbox::new(sandbox::Settings::default()),
            sandbox_address: Arc::default(),
            config,
            options,
        };
        app.log_start();
        let server = Server::new(context, app.requests.clone());
        for (listener, surface) in listeners {
            server.listen(listener, surface);
        }
        Ok(app)
    }

    /// Where it listens, in the order of the options; the operators' address last.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What the stand-in gets from now on.
    pub fn watch_sandbox(&self) -> broadcast::Receiver<Arrival> {
        self.sandbox.subscribe()
    }

    /// A handle that becomes [`Readiness::Ready`].
    pub fn readiness(&self) -> watch::Receiver<Readiness> {
        self.readiness.subscribe()
    }

    /// Opens the outbox, starts the lanes and reloads when told to, for ever. Dropping it is safe at any time.
    ///
    /// # Errors
    /// When the outbox cannot be opened, or stops by itself.
    pub async fn run(&mut self, hangup: &mut Signal) -> Result<(), AppError> {
        let outbox = self.open().await?;
        let mut reloader = self.options.config_file.clone().map(|path| Reloader::new(path, &self.config));
        let every = self.options.auto_reload_interval;
        let mut ticks = interval(if every.is_zero() { Duration::MAX / 2 } else { every });
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks.tick().await;
        loop {
            tokio::select! {
                _ = hangup.recv() => drop(self.reload(reloader.as_mut()).await),
                Some(reply) = self.reload_requests.recv() => drop(reply.send(self.reload(reloader.as_mut()).await)),
                _ = ticks.tick() => {
                    let changed = reloader.as_mut().map(Reloader::reload_if_changed);
                    match changed {
                        None | Some(Ok(None)) => {}
                        Some(Ok(Some(config))) => drop(self.take_up(Ok(config)).await),
                        Some(Err(error)) => drop(self.take_up(Err(error.to_string())).await),
                    }
                }
                () = outbox.closed() => return Err(AppError::OutboxStopped),
            }
        }
    }

    /// Stops in order: no more requests, no more calls, nothing left to write. What is not done within the deadline
    /// is done after the next start.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.readiness.send_replace(Readiness::Stopping);
        let in_order = async {
            // A client that is still sending has no answer yet and tries again; it must not use up the others' time.
            let _ = timeout(REQUESTS_DEADLINE, self.requests.stop()).await;
            self.lanes.stop().await;
            let outbox = self.outbox.borrow().clone();
            if let Some(outbox) = outbox {
                outbox.close().await;
            }
            self.helpers.stop().await;
        };
        match timeout(STOP_DEADLINE, in_order).await {
            Ok(()) => tracing::info!("stopped"),
            Err(_) => tracing::warn!("stopped before everything was finished; the rest is done after the next start"),
        }
    }

    async fn open(&mut self) -> Result<Outbox, AppError> {
        let path = self.options.storage_path.clone().or_else(|| self.config.storage.path.clone());
        let settings = outbox::Settings {
            path: path.unwrap_or_else(|| PathBuf::from(STORAGE)),
            retention: self.config.storage.retention,
            backlog: self.config.storage.backlog,
            max_bytes: self.config.storage.max_bytes,
            longest_call: self.config.client.timeout,
        };
        let outbox = open_outbox(&settings, self.clock)
            .await
            .map_err(|source| AppError::Outbox { path: settings.path.clone(), source })?;
        self.helpers.spawn_until_stopped("tidying", outbox.tidying());
        let means = Means {
            outbox: outbox.clone(),
            client: self.client.subscribe(),
            sandbox: Arc::clone(&self.sandbox_address),
            clock: self.clock,
            metrics: self.delivery_metrics.clone(),
            tasks: self.lanes.clone(),
        };
        self.delivery = Some(Delivery::new(means));
        self.outbox.send_replace(Some(outbox.clone()));
        self.apply().await;
        self.readiness.send_replace(Readiness::Ready);
        tracing::info!(storage = %settings.path.display(), targets = self.config.targets.len(), "ready");
        Ok(outbox)
    }

    async fn reload(&mut self, reloader: Option<&mut Reloader>) -> Result<(), String> {
        match reloader {
            Some(reloader) => {
                let loaded = reloader.reload().map_err(|error| error.to_string());
                self.take_up(loaded).await
            }
            None => Err("there is no configuration file to read again".into()),
        }
    }

    /// Takes a new configuration up. Everything that can fail comes first: on an error what runs goes on.
    async fn take_up(&mut self, loaded: Result<Config, String>) -> Result<(), String> {
        let taken = loaded.and_then(|config| {
            let client = Client::new(&config.client).map_err(|error| error.to_string())?;
            Ok((config, client))
        });
        let (config, client) = taken.inspect_err(|error| {
            self.metrics.reload_failed();
            tracing::error!("the configuration was not reloaded, what ran goes on: {error}");
        })?;
        if config.web != self.config.web || config.storage != self.config.storage {
            tracing::warn!("changes of `web` and `storage` take effect at the next start");
        }
        self.client.send_replace(client);
        self.config = config;
        self.apply().await;
        tracing::info!(targets = self.config.targets.len(), "reloaded the configuration");
        Ok(())
    }

    /// Makes everything that runs what the configuration says.
    async fn apply(&mut self) {
        let path = self.options.config_file.as_deref().unwrap_or(Path::new("configuration"));
        let addresses: Vec<IpAddr> = self.addresses.iter().map(SocketAddr::ip).collect();
        self.config.log_warnings(path, &addresses);
        let gates = self.config.gates();
        self.intake_metrics.prepare(&gates);
        self.start_sandbox().await;
        let outbox = self.outbox.borrow().clone();
        if let Some(outbox) = outbox
            && let Err(error) = outbox.forgive().await
        {
            tracing::warn!(%error, "robots that were misconfigured are tried later");
        }
        if let Some(delivery) = &mut self.delivery {
            delivery.apply(&self.config.lanes());
        }
        self.gates.send_replace(gates);
        self.warn_of_orphans().await;
        self.metrics.loaded(&self.config, self.clock);
    }

    /// What waits for a target that is no longer configured stays in the outbox, but nobody delivers it.
    async fn warn_of_orphans(&self) {
        let Some(outbox) = self.outbox.borrow().clone() else { return };
        let Ok(backlogs) = outbox.backlogs().await else { return };
        for (target, waiting) in
            backlogs.iter().filter(|(target, _)| !self.config.targets.contains_key(target.as_str()))
        {
            tracing::error!(
                target,
                waiting,
                "notifications wait for a target that is not configured; bring it back to deliver them"
            );
        }
    }

    /// Starts the stand-in when a target needs it, and tells it who may call.
    async fn start_sandbox(&self) {
        let lanes = self.config.lanes();
        let robots: Vec<KnownRobot> = lanes.values().filter_map(|lane| stand_in(lane)).collect();
        if robots.is_empty() {
            return;
        }
        robots.into_iter().for_each(|robot| self.sandbox.register(robot));
        if self.sandbox_address.get().is_some() {
            return;
        }
        let bound = TcpListener::bind((IpAddr::from([127, 0, 0, 1]), 0)).await;
        match bound.and_then(|listener| listener.local_addr().map(|address| (listener, address))) {
            Ok((listener, address)) => {
                let _ = self.sandbox_address.set(address);
                let stop = self.helpers.stopping().clone().cancelled_owned();
                self.helpers.spawn("sandbox", self.sandbox.clone().serve(listener, stop));
                if let Some(show) = self.options.show {
                    self.helpers.spawn_until_stopped("sandbox's display", display(self.watch_sandbox(), show));
                }
            }
            Err(error) => tracing::error!(%error, "the stand-in cannot listen; its targets wait"),
        }
    }

    fn log_start(&self) {
        let version = env!("CARGO_PKG_VERSION");
        tracing::info!(version, "starting dingbridge");
        for address in &self.addresses {
            tracing::info!(%address, "listening on");
        }
        if ["HTTPS_PROXY", "https_proxy"].iter().any(|name| std::env::var_os(name).is_some()) {
            tracing::warn!("HTTPS_PROXY has no effect: this version calls DingTalk directly");
        }
    }
}

async fn listen(address: &str, flag: &'static str) -> Result<TcpListener, AppError> {
    let bound = match address.strip_prefix(':') {
        // All addresses: one socket takes IPv4 as well, unless the machine has no IPv6.
        Some(port) => match TcpListener::bind(format!("[::]:{port}")).await {
            Err(error) if error.kind() != std::io::ErrorKind::AddrInUse => {
                TcpListener::bind(format!("0.0.0.0:{port}")).await
            }
            bound => bound,
        },
        None => TcpListener::bind(address).await,
    };
    bound.map_err(|source| AppError::Listen { address: address.to_owned(), flag, source })
}

/// Opens the outbox; while another bridge uses its folder, waits for that to stop.
async fn open_outbox(settings: &outbox::Settings, clock: Clock) -> Result<Outbox, OpenError> {
    let began = Instant::now();
    let mut told = false;
    loop {
        let opening = settings.clone();
        let opened = tokio::task::spawn_blocking(move || Outbox::open(&opening, clock)).await;
        match opened {
            Ok(Err(OpenError::InUse)) if began.elapsed() < FOLDER_PATIENCE => {
                if !told {
                    tracing::warn!(folder = %settings.path.display(), "another dingbridge uses the folder; waiting until it stops");
                    told = true;
                }
                sleep(Duration::from_millis(200)).await;
            }
            Ok(opened) => return opened,
            Err(panic) => return Err(OpenError::Thread(std::io::Error::other(panic))),
        }
    }
}

/// The robot of a target as the stand-in has to know it, if that is where its messages go.
pub fn stand_in(target: &Target) -> Option<KnownRobot> {
    target.robots[0].is_sandbox().then(|| KnownRobot {
        token: target.name.to_string(),
        secret: target.robots[0].secret(),
        keyword: target.style.keyword.clone(),
    })
}

/// Shows what arrives, until nothing can any more.
pub async fn display(mut arrivals: broadcast::Receiver<Arrival>, show: fn(&Arrival)) {
    loop {
        match arrivals.recv().await {
            Ok(arrival) => show(&arrival),
            Err(RecvError::Lagged(missed)) => tracing::warn!(missed, "more messages came than could be shown"),
            Err(RecvError::Closed) => return,
        }
    }
}

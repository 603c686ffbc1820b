//! More than robots may be told of: what a storm looks like to the group, what many targets cost, and what it costs to
//! wait for a robot that is away.
//!
//! Time is compressed: the stand-in counts in [`WINDOW`] what DingTalk counts in a minute, and the bridge is told so.

use dingbridge::clock::Clock;
use dingbridge::dingtalk::{self, Client, Mention, Message, Webhook};
use dingbridge::sandbox::{Arrival, Fault, Sandbox, Settings};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, interval, sleep};

use crate::figures::Table;
use crate::load::{self, Bodies};
use crate::program::Program;
use crate::robot::Robot;
use crate::{FAST, folder};

/// What stands for a minute.
const WINDOW: Duration = Duration::from_secs(6);
/// How many messages a robot may be sent in it.
const LIMIT: u32 = 20;
/// One alert of so many is critical.
const CRITICAL: u64 = 50;
/// How many alerts are a storm.
const STORMS: [u64; 2] = [1_000, 10_000];
/// How many targets are many, and how many notifications a second they get together.
const MANY: u64 = 1_000;
const A_SECOND: u32 = 50;
/// For how long.
const WHILE: Duration = Duration::from_secs(20);
/// How many notifications wait for a robot that is away.
const BACKLOG: u64 = 100_000;
/// How long anything may take: a guard against hanging, not a measurement.
const PATIENCE: Duration = Duration::from_secs(300);

/// What happens besides the storm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weather {
    Plain,
    /// The robot is banned for half a window when half of the storm is over.
    Banned,
    /// The target has five robots.
    Pool,
    /// Another program sends half of what the robot may be sent.
    Shared,
}

/// A stand-in for DingTalk; it ends when this is dropped.
struct StandIn {
    sandbox: Sandbox,
    /// When its time began.
    began: Instant,
    address: std::net::SocketAddr,
    _task: JoinSet<()>,
}

/// The texts of another program.
const OTHER: &str = "of another program";

/// What becomes of a storm.
pub async fn storms(table: &mut Table) {
    for count in STORMS {
        for weather in [Weather::Plain, Weather::Banned, Weather::Pool, Weather::Shared] {
            storm(table, count, weather).await;
        }
    }
}

async fn storm(table: &mut Table, count: u64, weather: Weather) {
    let ban = WINDOW / 2;
    let (dingtalk, folder) =
        (StandIn::start(Settings { rate: (LIMIT, WINDOW), ban, ..Settings::default() }).await, folder());
    let (robots, what) = match weather {
        Weather::Plain => (1, "one robot"),
        Weather::Banned => (1, "one robot, banned half-way for half a window"),
        Weather::Pool => (5, "five robots"),
        Weather::Shared => (1, "one robot that another program uses by half"),
    };
    let program = Program::start(folder.path(), &dingtalk.config(robots)).await;
    let other = (weather == Weather::Shared).then(|| dingtalk.other_program());
    let (bodies, began) = (Bodies::of_names(CRITICAL, 1), dingtalk.began.elapsed());
    load::post(program.address, 0..count / 2, &bodies).await;
    if weather == Weather::Banned {
        let seconds = ban.as_secs();
        let errmsg = format!("sending too many messages per minute, retry after {seconds} seconds");
        dingtalk.sandbox.order_for("robot0", Fault::Errcode { code: 660_026, errmsg });
    }
    load::post(program.address, count / 2..count, &bodies).await;
    let posted = dingtalk.began.elapsed() - began;
    until_told(&program, count).await;
    drop(other);

    let arrivals = dingtalk.sandbox.arrivals();
    let ours: Vec<&Arrival> = arrivals.iter().filter(|arrival| !arrival.body.contains(OTHER)).collect();
    let shown: Vec<&&Arrival> = ours.iter().filter(|arrival| arrival.shown()).collect();
    let windows =
        |at: Duration| format!("{:.2} windows", (at.saturating_sub(began)).as_secs_f64() / WINDOW.as_secs_f64());
    let first =
        |name: &str| shown.iter().find(|arrival| arrival.body.contains(name)).map(|arrival| arrival.since_start);
    let critical: Vec<_> =
        (0..count).filter_map(|number| bodies.critical_name(number)).map(|name| first(&name)).collect();
    let invisible = critical.iter().filter(|at| at.is_none()).count();
    let throttled = ours.iter().filter(|arrival| arrival.errcode == Some(660_026)).count();

    table.row(&format!("storm of {count} alerts, {what}"), format!("{} messages", shown.len()), "");
    table.row("  posted within", windows(began + posted), "");
    let last = critical.iter().flatten().max().copied().unwrap_or_default();
    table.row(
        &format!("  the last of {} critical ones was visible after", critical.len()),
        windows(last),
        if weather == Weather::Banned { "" } else { "< 0.5 windows" },
    );
    table.row("  critical ones that never were", invisible.to_string(), "0");
    let last = shown.last().map(|arrival| arrival.since_start).unwrap_or_default();
    table.row(
        "  the last message came after",
        windows(last),
        if weather == Weather::Banned { "" } else { "< 1 window" },
    );
    table.row(
        "  answers that it was too much",
        throttled.to_string(),
        if weather == Weather::Plain { "0" } else { "" },
    );
    let most = ours.iter().map(|arrival| arrival.window).max().unwrap_or_default();
    table.row("  most in a window, of one robot, by anybody", most.to_string(), "<= 20");
    table.row("  resident, most", format!("{:.1} MB", program.peak()), "");
    program.stop().await;
}

/// Waits until as many notifications as were posted are told, and nothing waits.
async fn until_told(program: &Program, count: u64) {
    let began = Instant::now();
    while program.metric("dingbridge_notifications_total").await < count as f64
        || program.metric("dingbridge_queue_length").await > 0.0
    {
        assert!(began.elapsed() < PATIENCE, "the storm is never over");
        sleep(Duration::from_millis(50)).await;
    }
}

/// What a thousand targets cost, with a robot each and little to do.
pub async fn many_targets(table: &mut Table) {
    let (one, _) = steady(1).await;
    let (many, used) = steady(MANY).await;
    let figure = format!("{MANY} targets, {A_SECOND} notifications a second: processor");
    table.row(&figure, format!("{:.1} % of a core", used * 100.0), "");
    table.row("  resident", format!("{many:.1} MB"), "");
    table.row("  resident, for each target", format!("{:.1} kB", (many - one) * 1e3 / (MANY - 1) as f64), "");
}

/// The megabytes that are resident after a while of steady work, and the share of a core that it takes.
async fn steady(targets: u64) -> (f64, f64) {
    let (robot, folder) = (Robot::start().await, folder());
    let target =
        |number| format!("  t{number}: {{url: '{}', secret: SECbench, rate_limit: {FAST}}}\n", robot.url(number));
    let config = format!("targets:\n{}", (0..targets).map(target).collect::<String>());
    let program = Program::start(folder.path(), &config).await;
    let bodies = Bodies::of_names(CRITICAL, targets);
    let count = u64::from(A_SECOND) * WHILE.as_secs();
    let (used, began) = (program.used(), Instant::now());
    load::post_at_intervals(program.address, 0..count, &bodies, Duration::from_secs(1) / A_SECOND).await;
    let share = (program.used() - used).as_secs_f64() / began.elapsed().as_secs_f64();
    let resident = program.resident();
    program.stop().await;
    (resident, share)
}

/// What it costs to wait for a robot that does not answer, or that somebody has switched off.
pub async fn backlogs(table: &mut Table) {
    let stopped = Fault::Errcode { code: 400_102, errmsg: "机器人已停用".into() };
    for (what, fault) in [("never answers", Fault::Hang), ("is switched off", stopped)] {
        let (dingtalk, folder) =
            (StandIn::start(Settings { rate: (LIMIT, WINDOW), ..Settings::default() }).await, folder());
        dingtalk.sandbox.order_lasting("robot0", fault);
        let program = Program::start(folder.path(), &dingtalk.config(1)).await;
        let load = load::post(program.address, 0..BACKLOG, &Bodies::of_names(CRITICAL, 1)).await;
        sleep(Duration::from_secs(2)).await;
        let figure = format!("{BACKLOG} wait for a robot that {what}: resident");
        table.row(&figure, format!("{:.1} MB", program.resident()), "");
        table.row("  resident, most", format!("{:.1} MB", program.peak()), "");
        table.row("  accepted", format!("{:.0} /s", load.rate()), "");
        let (used, began) = (program.used(), Instant::now());
        sleep(Duration::from_secs(5)).await;
        let share = (program.used() - used).as_secs_f64() / began.elapsed().as_secs_f64();
        table.row("  processor while they wait", format!("{:.1} % of a core", share * 100.0), "");
        program.stop().await;
        let program = Program::start(folder.path(), &dingtalk.config(1)).await;
        table.row("  ready again after", format!("{:.0} ms", program.took_ms()), "");
        sleep(Duration::from_secs(2)).await;
        table.row("  resident then", format!("{:.1} MB", program.resident()), "");
        program.stop().await;
    }
}

// === impl StandIn ===

impl StandIn {
    async fn start(settings: Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (began, sandbox) = (Instant::now(), Sandbox::new(settings));
        let mut task = JoinSet::new();
        task.spawn(sandbox.clone().serve(listener, std::future::pending()));
        Self { sandbox, began, address, _task: task }
    }

    fn url(&self, robot: u32) -> String {
        format!("http://{}/robot/send?access_token=robot{robot}", self.address)
    }

    /// A configuration with one target that has so many robots.
    fn config(&self, robots: u32) -> String {
        let rate = format!("rate_limit: {LIMIT}/{}s", WINDOW.as_secs());
        let robot = |number| format!("      - {{url: '{}', {rate}}}\n", self.url(number));
        let robots: String = (0..robots).map(robot).collect();
        format!("storage:\n  backlog: 1000000\n  max_bytes: 8GiB\ntargets:\n  t0:\n    robots:\n{robots}")
    }

    /// Another program that sends half of what a robot may be sent, evenly, until it is dropped.
    fn other_program(&self) -> JoinSet<()> {
        let webhook = Webhook::parse(&self.url(0), true).expect("a robot's URL");
        let client = Client::new(&dingtalk::Settings { timeout: WINDOW, ca_file: None }).expect("a client");
        let mut program = JoinSet::new();
        program.spawn(async move {
            let (mut ticks, clock) = (interval(WINDOW / (LIMIT / 2 - 1)), Clock::system());
            for number in 0_u64.. {
                ticks.tick().await;
                let message = Message::Text { content: OTHER.to_owned() };
                let body = dingtalk::body(&message, &Mention::default(), &format!("other-{number}"));
                client.post(&webhook, None, body.into(), clock.now()).await;
            }
        });
        program
    }
}

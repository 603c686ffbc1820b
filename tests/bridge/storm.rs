//! More alerts at once than a robot may be told of: what the group learns of them, and that its robot is never sent too
//! much meanwhile.
//!
//! Time is compressed: what DingTalk counts in a minute, the stand-in counts in seconds, and the bridge is told so. The
//! stand-in judges by the time at which messages arrive; how fast anything is, is measured in `benches`.

use std::time::Duration;

use bytes::Bytes;
use dingbridge::clock::Clock;
use dingbridge::dingtalk::{self, Client, Mention, Message, Webhook};
use dingbridge::sandbox::{Arrival, Fault, Settings};
use dingbridge::secret::Secret;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioExecutor;
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};
use uuid::Uuid;

use self::told::Told;
use crate::harness::{Bridge, DingTalk, PATIENCE, SECRET, Start, canary, payload_severe};
use crate::pacing::{assert_paced, assert_windows};

mod crash;
mod disk;
mod states;
mod told;

/// What a robot may be sent, here and at the stand-in.
const RATE: (u32, Duration) = (20, Duration::from_secs(6));
/// The same in the configuration.
const RATE_LIMIT: &str = "rate_limit: 20/6s";
/// How many alerts are a storm, each a group of its own.
const ALERTS: usize = 1_000;
/// One of so many is critical.
const CRITICAL: usize = 50;
/// How many connections post at once.
const CONNECTIONS: usize = 16;

/// An alert of a storm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Alert {
    /// A name that is not the beginning of another.
    name: String,
    critical: bool,
}

/// The alerts of a storm; the first of so many numbers is critical.
fn alerts(prefix: &str, count: usize) -> Vec<Alert> {
    let alert = |number| {
        let critical = number % CRITICAL == CRITICAL / 2;
        let kind = if critical { "Critical" } else { "Ordinary" };
        Alert { name: format!("{prefix}{kind}{number:05}"), critical }
    };
    (0..count).map(alert).collect()
}

fn settings() -> Settings {
    // Short, for nobody could wait for ten minutes; no test here is to meet it but those that say so.
    Settings { rate: RATE, ban: Duration::from_secs(2), ..Settings::default() }
}

/// What is posted when these alerts have this status, each about a group of its own.
fn bodies(alerts: &[Alert], status: &str) -> Vec<String> {
    let body = |Alert { name, critical }: &Alert| {
        let severity = if *critical { "critical" } else { "warning" };
        payload_severe(name, severity, status, &[(&format!("host-of-{name}"), status, "2026-11-20T09:00:00Z")])
    };
    alerts.iter().map(body).collect()
}

/// Posts as fast as it is taken; in which order is left to chance. Returns what was answered to each.
async fn post(bridge: &Bridge, target: &str, bodies: Vec<String>) -> Vec<StatusCode> {
    let client = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http();
    let uri = format!("http://{}/dingtalk/{target}/send", bridge.address);
    let mut connections = JoinSet::new();
    let share = bodies.len().div_ceil(CONNECTIONS).max(1);
    for (number, share) in bodies.chunks(share).map(<[String]>::to_vec).enumerate() {
        let (client, uri) = (client.clone(), uri.clone());
        connections.spawn(async move {
            let mut answers = Vec::new();
            for body in share {
                let request = Request::post(&uri).body(Full::new(Bytes::from(body))).expect("a request");
                let answer = timeout(PATIENCE, client.request(request)).await.expect("in time").expect("an answer");
                answers.push(answer.status());
                timeout(PATIENCE, answer.into_body().collect()).await.expect("in time").expect("a whole answer");
            }
            (number, answers)
        });
    }
    let mut answers = connections.join_all().await;
    answers.sort_by_key(|(number, _)| *number);
    answers.into_iter().flat_map(|(_, answers)| answers).collect()
}

/// Posts what has to be accepted.
async fn accept(bridge: &Bridge, target: &str, bodies: Vec<String>) {
    let answers = post(bridge, target, bodies).await;
    assert!(answers.iter().all(|status| *status == StatusCode::OK), "{answers:?}");
}

/// Every alert is named, or counted among those that are not, and each critical one is named.
fn assert_all_told(told: &Told, alerts: &[Alert]) {
    let unnamed: Vec<&Alert> = alerts.iter().filter(|alert| !told.names(&alert.name)).collect();
    let critical: Vec<_> = unnamed.iter().filter(|alert| alert.critical).collect();
    assert!(critical.is_empty(), "nobody was shown {critical:?}");
    let counted = told.more();
    assert_eq!(counted, unnamed.len(), "so many are counted without a name, so many have none: {told}");
}

/// Nothing was given up.
async fn assert_none_given_up(bridge: &Bridge) {
    let metrics = bridge.get("/metrics").await.body;
    let given_up = metrics.lines().filter(|line| line.starts_with("dingbridge_notifications_failed_total{"));
    let given_up: Vec<_> = given_up.filter(|line| !line.ends_with(" 0")).collect();
    assert!(given_up.is_empty(), "{given_up:?}");
}

/// The arrivals from the bridge; another program's texts say that they are not.
fn from_bridge(dingtalk: &DingTalk) -> Vec<Arrival> {
    dingtalk.sandbox.arrivals().into_iter().filter(|arrival| !arrival.body.contains(OTHER)).collect()
}

/// The text of another program.
const OTHER: &str = "of another program";

fn is_throttled(arrival: &&Arrival) -> bool {
    arrival.errcode == Some(660_026)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_told_whole_within_the_limit_of_one_robot() {
    let dingtalk = DingTalk::start(settings(), &["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], RATE_LIMIT)).ready().await;
    let alerts = alerts("Storm", ALERTS);
    accept(&bridge, "ops", bodies(&alerts, "firing")).await;
    bridge.until_settled("ops", ALERTS).await;
    assert_paced(&dingtalk.sandbox.arrivals(), RATE);
    assert_all_told(&Told::by(&dingtalk), &alerts);
    assert_none_given_up(&bridge).await;
    assert_eq!(bridge.metric("dingbridge_notifications_total{target=\"ops\"}").await, Some(ALERTS as f64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_told_whole_by_a_robot_that_is_banned_in_its_middle() {
    let dingtalk = DingTalk::start(settings(), &["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], RATE_LIMIT)).ready().await;
    let alerts = alerts("Storm", ALERTS);
    let (first, second) = alerts.split_at(ALERTS / 2);
    accept(&bridge, "ops", bodies(first, "firing")).await;
    dingtalk.until_arrived(5).await;
    let banned = "sending too many messages per minute, retry after 3 seconds";
    dingtalk.sandbox.order_for(&canary("ops"), Fault::Errcode { code: 660_026, errmsg: banned.into() });
    accept(&bridge, "ops", bodies(second, "firing")).await;
    bridge.until_settled("ops", ALERTS).await;

    let arrivals = dingtalk.sandbox.arrivals();
    assert_windows(&arrivals, RATE);
    let at = arrivals.iter().position(|arrival| is_throttled(&arrival)).expect("it was banned");
    let pause = arrivals[at + 1].since_start - arrivals[at].since_start;
    assert!(pause >= Duration::from_secs(3), "it was called again {pause:?} after it was banned");
    assert_eq!(arrivals.iter().filter(is_throttled).count(), 1);
    assert_all_told(&Told::by(&dingtalk), &alerts);
    assert_none_given_up(&bridge).await;
}

/// One target with a pool of robots.
fn pool(dingtalk: &DingTalk, robots: &[&str]) -> String {
    let robot = |token: &&str| format!("      - {{url: '{}', secret: {SECRET}, {RATE_LIMIT}}}\n", dingtalk.url(token));
    format!("targets:\n  ops:\n    robots:\n{}", robots.iter().map(robot).collect::<String>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_shared_by_the_robots_of_a_pool() {
    let robots = ["one", "two", "three", "four", "five"];
    let dingtalk = DingTalk::start(settings(), &robots).await;
    let bridge = Start::new(pool(&dingtalk, &robots)).ready().await;
    let alerts = alerts("Storm", ALERTS);
    accept(&bridge, "ops", bodies(&alerts, "firing")).await;
    bridge.until_settled("ops", ALERTS).await;
    let arrivals = dingtalk.sandbox.arrivals();
    assert_paced(&arrivals, RATE);
    assert_all_told(&Told::by(&dingtalk), &alerts);
    assert_none_given_up(&bridge).await;
    for robot in robots {
        assert!(arrivals.iter().any(|arrival| arrival.token == canary(robot)), "{robot} was never called");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_groups_of_a_banned_robot_go_to_the_others_of_its_pool() {
    let robots = ["one", "two", "three"];
    let dingtalk = DingTalk::start(settings(), &robots).await;
    let bridge = Start::new(pool(&dingtalk, &robots)).ready().await;
    let banned = "sending too many messages per minute";
    dingtalk.sandbox.order_lasting(&canary("two"), Fault::Errcode { code: 660_026, errmsg: banned.into() });
    let alerts = alerts("Storm", 300);
    accept(&bridge, "ops", bodies(&alerts, "firing")).await;
    bridge.until_settled("ops", alerts.len()).await;
    let arrivals = dingtalk.sandbox.arrivals();
    assert_windows(&arrivals, RATE);
    assert_all_told(&Told::by(&dingtalk), &alerts);
    assert_none_given_up(&bridge).await;
    let calls = arrivals.iter().filter(|arrival| arrival.token == canary("two")).count();
    assert_eq!(calls, 1, "it was called although it is banned");
}

/// Lets another program send its own messages to the robot, so many in a period, until it is dropped.
fn another_program(dingtalk: &DingTalk, token: &str, (limit, period): (u32, Duration)) -> JoinSet<()> {
    let webhook = Webhook::parse(&dingtalk.url(token), true).expect("a robot's URL");
    let settings = dingtalk::Settings { timeout: PATIENCE, ca_file: None };
    let client = Client::new(&settings).expect("a client");
    let (secret, clock) = (Secret::new(SECRET), Clock::system());
    let mut program = JoinSet::new();
    program.spawn(async move {
        let mut ticks = interval(period / limit);
        loop {
            ticks.tick().await;
            let message = Message::Text { content: OTHER.to_owned() };
            let body = dingtalk::body(&message, &Mention::default(), &Uuid::now_v7().to_string());
            // Whatever is answered: it does not look.
            client.post(&webhook, Some(&secret), body.into(), clock.now()).await;
        }
    });
    program
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_is_told_whole_by_a_robot_that_another_program_uses_as_well() {
    let dingtalk = DingTalk::start(settings(), &["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], RATE_LIMIT)).ready().await;
    let other = another_program(&dingtalk, "ops", (RATE.0 / 2 - 1, RATE.1));
    dingtalk.until_arrived(5).await;
    let alerts = alerts("Storm", ALERTS);
    accept(&bridge, "ops", bodies(&alerts, "firing")).await;
    bridge.until_settled("ops", ALERTS).await;
    drop(other);
    // The bridge cannot know of the other before the robot is banned; then it keeps to less.
    let throttled = from_bridge(&dingtalk).iter().filter(is_throttled).count();
    assert!(throttled <= 3, "it ran into the limit {throttled} times");
    assert_all_told(&Told::by(&dingtalk), &alerts);
    assert_none_given_up(&bridge).await;
}

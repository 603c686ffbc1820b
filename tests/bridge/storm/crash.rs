//! A hundred crashes in a storm: what got a 200 is told, once, and no window of a robot holds one message too many.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use dingbridge::sandbox::{Arrival, Fault, Settings};
use http::{Method, StatusCode};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::told::Told;
use super::{Alert, alerts, assert_all_told, bodies};
use crate::faults::assert_same_under_one_uuid;
use crate::harness::{DingTalk, PATIENCE, SECRET, Start, call, canary, until};
use crate::pacing::assert_paced;

const KILLS: usize = 100;
/// Two targets share the robot `one`.
const TARGETS: [(&str, &str); 3] = [("ops", "one"), ("twin", "one"), ("dba", "two")];
/// How many alerts each target is told of; more than its robot could tell one by one.
const ALERTS: usize = 300;
const RATE: (u32, Duration) = (10, Duration::from_secs(2));

/// What a sender knows of the bridge.
#[derive(Clone)]
struct Place {
    address: watch::Receiver<SocketAddr>,
    /// How often the bridge has been started.
    starts: watch::Receiver<usize>,
}

fn config(dingtalk: &DingTalk) -> String {
    let target = |(target, robot): (&str, &str)| {
        format!("  {target}: {{url: '{}', secret: {SECRET}, rate_limit: 10/2s}}\n", dingtalk.url(robot))
    };
    format!("timeout: 1s\ntargets:\n{}", TARGETS.map(target).concat())
}

/// Posts one alert after the other, spread over all lives, each until it gets a 200, as Alertmanager does.
/// Returns how often nobody answered.
async fn tell(mut place: Place, target: &'static str, alerts: Vec<Alert>) -> usize {
    let (mut unanswered, path) = (0, format!("/dingtalk/{target}/send"));
    for (number, body) in bodies(&alerts, "firing").into_iter().enumerate() {
        let start = number * KILLS / alerts.len() + 1;
        place.starts.wait_for(|starts| *starts >= start).await.expect("the test goes on");
        let began = Instant::now();
        loop {
            let address = *place.address.borrow();
            match call(address, Method::POST, &path, &[], body.clone().into()).await {
                Ok(answer) if answer.status == StatusCode::OK => break,
                Ok(answer) => assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body),
                Err(_) => unanswered += 1,
            }
            assert!(began.elapsed() < PATIENCE, "{} is not accepted", alerts[number].name);
            sleep(Duration::from_millis(10)).await;
        }
    }
    unanswered
}

/// The calls that were never answered because the bridge was dead by then.
fn hung(arrivals: &[Arrival]) -> Vec<&Arrival> {
    arrivals.iter().filter(|arrival| arrival.fault == Some("hang")).collect()
}

/// What goes wrong in the life that ends with this kill. Not in every one: a message that fails time and again waits
/// ever longer.
fn prepare(dingtalk: &DingTalk, kill: usize) {
    let robot = |one: bool| canary(if one { "one" } else { "two" });
    let life = kill % 8;
    match life {
        0 | 4 => dingtalk.sandbox.order_for(&robot(life == 0), Fault::Hang),
        2 => dingtalk.sandbox.order_for(&robot(true), Fault::ResetAfterRead),
        6 => dingtalk.sandbox.order_for(&robot(false), Fault::Errcode { code: -1, errmsg: "系统繁忙".into() }),
        _ => {}
    }
}

/// How many rows a table of the outbox has.
fn rows(folder: &TempDir, table: &str) -> usize {
    let path = folder.path().join("data/outbox.db");
    let database = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("open");
    database.busy_timeout(PATIENCE).expect("a timeout");
    database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).expect("a table")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_crashes_in_a_storm_lose_nothing() {
    let dingtalk = DingTalk::start(Settings { rate: RATE, ..Settings::default() }, &["one", "two"]).await;
    let mut bridge = Start::new(config(&dingtalk)).ready().await;
    let (address, at) = watch::channel(bridge.address);
    let (starts, started) = watch::channel(1);
    let place = Place { address: at, starts: started };
    let storm = TARGETS.map(|(target, _)| alerts(target, ALERTS));
    let mut senders = JoinSet::new();
    for ((target, _), alerts) in TARGETS.iter().zip(&storm) {
        senders.spawn(tell(place.clone(), target, alerts.clone()));
    }

    for kill in 1..=KILLS {
        if kill % 4 == 0 {
            // A call is under way for certain: its message has been taken, its answer never comes.
            until("a call that hangs", || hung(&dingtalk.sandbox.arrivals()).len() >= kill / 4).await;
        }
        // At any moment of a short life.
        sleep(Duration::from_millis(fastrand::u64(0..200))).await;
        let folder = bridge.kill();
        // Before there is anything new to tell, so that there is a call to fail.
        prepare(&dingtalk, kill + 1);
        bridge = Start::new(config(&dingtalk)).in_folder(folder).listening().await;
        address.send_replace(bridge.address);
        starts.send_replace(kill + 1);
    }
    dingtalk.sandbox.recover_all();

    let unanswered: usize = senders.join_all().await.into_iter().sum();
    // The metrics know nothing yet of what waits when a bridge has only just started.
    let began = Instant::now();
    while rows(&bridge.folder, "entries") > 0 {
        assert!(began.elapsed() < 2 * PATIENCE, "something waits still:\n{}", bridge.log());
        sleep(Duration::from_millis(50)).await;
    }
    let (status, folder) = bridge.stop().await;
    assert!(status.success());

    let (arrivals, told) = (dingtalk.sandbox.arrivals(), Told::by(&dingtalk));
    assert_paced(&arrivals, RATE);
    assert_same_under_one_uuid(&arrivals);
    assert_all_told(&told, &storm.concat());
    for alert in storm.iter().flatten() {
        assert!(told.times(&alert.name) <= 1, "{} was told {} times", alert.name, told.times(&alert.name));
    }
    let ends = ["receipts", "dead_letters"].map(|table| rows(&folder, table));
    assert_eq!(ends, [TARGETS.len() * ALERTS, 0], "so many were delivered, so many given up");
    // The crashes hit what they were meant to hit.
    let repeated: HashSet<_> = arrivals.iter().filter(|arrival| arrival.repeated).map(|a| &a.msg_uuid).collect();
    let hung = hung(&arrivals);
    assert!(hung.len() >= KILLS / 4);
    assert!(hung.iter().all(|arrival| repeated.contains(&arrival.msg_uuid)), "a call that hung was not made again");
    #[expect(clippy::disallowed_macros, reason = "how hard it was, for whoever looks")]
    {
        let (calls, shown) = (arrivals.len(), told.len());
        eprintln!("{unanswered} posts without answer, {calls} calls, {} repeated, {shown} messages", repeated.len());
    }
}

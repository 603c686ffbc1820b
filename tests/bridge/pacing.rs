//! The receiver never counts one message too many, whatever the network and restarts do.
//!
//! The stand-in judges by the time at which messages arrive, as DingTalk does, and bans for ten minutes; the periods
//! are compressed. Its own count is not taken on trust: the arrivals are counted once more here.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use dingbridge::sandbox::{Arrival, Settings};
use http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::harness::{Bridge, DingTalk, EACH, SECRET, Start, payload, until};

/// Far away, and not always equally far.
const FAR: std::ops::RangeInclusive<Duration> = Duration::from_millis(20)..=Duration::from_millis(300);

/// No window of that length holds more than `limit` messages of one robot, and nothing was throttled.
pub fn assert_paced(arrivals: &[Arrival], rate: (u32, Duration)) {
    for arrival in arrivals {
        assert_ne!(arrival.errcode, Some(660026), "throttled after {:?}", arrival.since_start);
    }
    assert_windows(arrivals, rate);
}

/// No window of that length holds more than `limit` messages of one robot.
pub fn assert_windows(arrivals: &[Arrival], (limit, period): (u32, Duration)) {
    let limit = limit as usize;
    let mut robots: HashMap<&str, Vec<Duration>> = HashMap::new();
    for arrival in arrivals {
        assert!(arrival.window <= limit, "{} messages after {:?}", arrival.window, arrival.since_start);
        robots.entry(&arrival.token).or_default().push(arrival.since_start);
    }
    for times in robots.values() {
        for window in times.windows(limit + 1) {
            assert!(window[limit] - window[0] >= period, "{limit} in {period:?} and one more: {window:?}");
        }
    }
}

/// Waits until groups see that many messages, and gives up at the first violation, after which none would come.
pub async fn until_shown_paced(dingtalk: &DingTalk, count: usize, rate: (u32, Duration)) -> Vec<Arrival> {
    let shown = || {
        assert_paced(&dingtalk.sandbox.arrivals(), rate);
        dingtalk.shown().len()
    };
    // Step by step, because at its pace the whole may take longer than anything may hang.
    for step in (1..=count).filter(|step| step % 10 == 0 || *step == count) {
        until(&format!("{step} messages"), || shown() >= step).await;
    }
    dingtalk.shown()
}

async fn accept(bridge: &Bridge, target: &str, count: usize) {
    for number in 0..count {
        let body = payload(&format!("{target}-{number}"), "firing");
        assert_eq!(bridge.send(target, body).await.status, StatusCode::OK);
    }
}

/// Targets that share the robot `shared`.
fn sharing(dingtalk: &DingTalk, targets: usize, rate: &str) -> String {
    let url = dingtalk.url("shared");
    let target = |number| format!("  group{number}: {{url: '{url}', secret: {SECRET}, rate_limit: {rate}, {EACH}}}\n");
    format!("targets:\n{}", (0..targets).map(target).collect::<String>())
}

/// Every notification was shown, and once.
fn assert_all_told(shown: &[Arrival], count: usize) {
    let titles: HashSet<String> = shown.iter().map(|arrival| arrival.message().expect("a message").text).collect();
    assert_eq!((shown.len(), titles.len()), (count, count));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_lane_over_a_slow_network() {
    let rate = (2, Duration::from_secs(1));
    let dingtalk = DingTalk::start(Settings { rate, delay: Some(FAR), ..Settings::default() }, &["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], &format!("rate_limit: 2/1s\n{EACH}"))).ready().await;
    accept(&bridge, "ops", 20).await;
    assert_all_told(&until_shown_paced(&dingtalk, 20, rate).await, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_that_share_a_robot_over_a_slow_network() {
    let rate = (20, Duration::from_secs(2));
    let dingtalk = DingTalk::start(Settings { rate, delay: Some(FAR), ..Settings::default() }, &["shared"]).await;
    let bridge = Start::new(sharing(&dingtalk, 5, "20/2s")).ready().await;
    for target in 0..5 {
        accept(&bridge, &format!("group{target}"), 30).await;
    }
    let shown = until_shown_paced(&dingtalk, 150, rate).await;
    assert_all_told(&shown, 150);
    // It is the limit that held it back, not the network.
    assert!(shown.iter().any(|arrival| arrival.window >= 15), "the robot was never busy");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_in_the_middle_keep_the_window() {
    let rate = (20, Duration::from_secs(2));
    let dingtalk = DingTalk::start(Settings { rate, delay: Some(FAR), ..Settings::default() }, &["shared"]).await;
    let config = sharing(&dingtalk, 5, "20/2s");
    let mut bridge = Start::new(config.clone()).ready().await;
    for target in 0..5 {
        accept(&bridge, &format!("group{target}"), 20).await;
    }
    for (number, arrived) in (1..=6).map(|number| (number, number * 13)) {
        let arrivals = || dingtalk.sandbox.arrivals();
        until(&format!("{arrived} calls"), || arrivals().len() >= arrived).await;
        assert_paced(&arrivals(), rate);
        let folder = match number % 2 {
            0 => bridge.kill(),
            _ => bridge.stop().await.1,
        };
        bridge = Start::new(config.clone()).in_folder(folder).ready().await;
    }
    assert_all_told(&until_shown_paced(&dingtalk, 100, rate).await, 100);
}

/// A network that keeps what the first connection sends until it is told to bring it, also when its sender is gone by
/// then: what a kernel has taken from a program goes on its way without it. Later connections are not held up.
struct Detour {
    address: SocketAddr,
    kept: Arc<AtomicUsize>,
    bring: watch::Sender<bool>,
    _connections: JoinSet<()>,
}

impl Detour {
    async fn to(destination: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (kept, (bring, told)) = (Arc::new(AtomicUsize::new(0)), watch::channel(false));
        let mut connections = JoinSet::new();
        let bytes = Arc::clone(&kept);
        connections.spawn(async move {
            let mut passing = JoinSet::new();
            let mut told = Some(told);
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(destination).await.expect("the stand-in");
                passing.spawn(pass(near, far, told.take(), Arc::clone(&bytes)));
            }
        });
        Self { address, kept, bring, _connections: connections }
    }
}

async fn pass(near: TcpStream, far: TcpStream, mut told: Option<watch::Receiver<bool>>, kept: Arc<AtomicUsize>) {
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.into_split(), far.into_split());
    let there = async {
        let mut bytes = Vec::with_capacity(64 << 10);
        if let Some(told) = &mut told {
            // One message is all that comes before its answer; the end of the connection is no part of it.
            while near_in.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                kept.store(bytes.len(), Ordering::Relaxed);
            }
            let _ = told.wait_for(|bring| *bring).await;
            let _ = far_out.write_all(&bytes).await;
            std::future::pending::<()>().await;
        }
        let _ = copy(&mut near_in, &mut far_out).await;
    };
    let back = copy(&mut far_in, &mut near_out);
    tokio::select! {
        () = there => {}
        _ = back => {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_is_on_its_way_when_the_bridge_dies_still_counts() {
    let rate = (1, Duration::from_secs(1));
    let dingtalk = DingTalk::start(Settings { rate, ..Settings::default() }, &["ops"]).await;
    let detour = Detour::to(dingtalk.address).await;
    let config = dingtalk.config(&["ops"], &format!("rate_limit: 1/1s\n{EACH}"));
    let config = config.replace(&dingtalk.address.to_string(), &detour.address.to_string());
    let bridge = Start::new(config.clone()).ready().await;
    accept(&bridge, "ops", 2).await;
    until("a message on its way", || detour.kept.load(Ordering::Relaxed) > 0).await;

    let bridge = Start::new(config).in_folder(bridge.kill()).ready().await;
    // It arrives well before the deadline of its call (`timeout`, 5s) would have passed, had its bridge lived; and
    // shortly before a bridge that forgot it would send the next.
    sleep(Duration::from_millis(700)).await;
    detour.bring.send_replace(true);
    let shown = until_shown_paced(&dingtalk, 2, rate).await;
    assert_eq!(shown.len(), 2);
    drop(bridge);
}

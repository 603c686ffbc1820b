//! Twenty crashes while notifications come in and go out: what got a 200 arrives, in order, at the robot's pace, and
//! a repetition is the same to the byte.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use dingbridge::sandbox::{Arrival, Fault, Settings};
use http::{Method, StatusCode};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::harness::{DingTalk, EACH, PATIENCE, SECRET, Start, call, canary, payload_of, until};
use crate::pacing::{assert_paced, until_shown_paced};

const KILLS: usize = 20;
/// Two targets share the robot `one`.
const TARGETS: [(&str, &str); 3] = [("ops", "one"), ("twin", "one"), ("dba", "two")];
const GROUPS: usize = 3;
/// Firing and resolved in turn.
const STATES: usize = 10;
const RATE: (u32, Duration) = (4, Duration::from_millis(500));

/// What a sender knows of the bridge.
#[derive(Clone)]
struct Place {
    address: watch::Receiver<SocketAddr>,
    /// How often the bridge has been started.
    starts: watch::Receiver<usize>,
}

/// The name that stands in one notification only.
fn name(target: &str, group: usize, state: usize) -> String {
    format!("{target}{group}state{state:02}")
}

/// Posts the states of a group one after the other, as Alertmanager does: the same again until it gets a 200.
/// Returns how often nobody answered.
async fn tell(mut place: Place, target: &'static str, group: usize) -> usize {
    let mut unanswered = 0;
    for state in 0..STATES {
        // Spread over all crashes, with something new before every one, and then at any moment of a short life.
        let start = (state + 1) * KILLS / STATES - group % 2;
        place.starts.wait_for(|starts| *starts >= start).await.expect("the test goes on");
        sleep(Duration::from_millis(fastrand::u64(0..200))).await;
        let status = if state % 2 == 0 { "firing" } else { "resolved" };
        let starts_at = format!("2026-11-20T09:{:02}:00Z", state / 2);
        let body = payload_of(&format!("Group{group}"), status, &[(&name(target, group, state), status, &starts_at)]);
        let (path, began) = (format!("/dingtalk/{target}/send"), Instant::now());
        loop {
            let address = *place.address.borrow();
            match call(address, Method::POST, &path, &[], body.clone().into()).await {
                Ok(answer) if answer.status == StatusCode::OK => break,
                Ok(answer) => assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body),
                Err(_) => unanswered += 1,
            }
            assert!(began.elapsed() < PATIENCE, "{} is not accepted", name(target, group, state));
            sleep(Duration::from_millis(10)).await;
        }
    }
    unanswered
}

fn config(dingtalk: &DingTalk) -> String {
    let target = |(target, robot): (&str, &str)| {
        format!("  {target}: {{url: '{}', secret: {SECRET}, rate_limit: 4/500ms, {EACH}}}\n", dingtalk.url(robot))
    };
    let message = "default_message: {title: '{{status}}', text: '{{#each alerts}}{{labels.instance}} {{/each}}'}";
    format!("timeout: 1s\n{message}\ntargets:\n{}", TARGETS.map(target).concat())
}

/// The calls that were never answered because the bridge was dead by then.
fn hung(arrivals: &[Arrival]) -> Vec<&Arrival> {
    arrivals.iter().filter(|arrival| arrival.fault == Some("hang")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_crashes_lose_nothing_and_disturb_no_order() {
    let settings = Settings { rate: RATE, ..Settings::default() };
    let dingtalk = DingTalk::start(settings, &["one", "two"]).await;
    let arrivals = || dingtalk.sandbox.arrivals();
    let mut bridge = Start::new(config(&dingtalk)).ready().await;
    let (address, at) = watch::channel(bridge.address);
    let (starts, started) = watch::channel(1);
    let place = Place { address: at, starts: started };
    let mut senders = JoinSet::new();
    for (target, _) in TARGETS {
        (0..GROUPS).for_each(|group| drop(senders.spawn(tell(place.clone(), target, group))));
    }

    for kill in 1..=KILLS {
        let robot = canary(if kill % 4 == 0 { "one" } else { "two" });
        if kill % 2 == 0 {
            // A call is under way for certain: its message has been taken, its answer never comes.
            let before = hung(&arrivals()).len();
            dingtalk.sandbox.order_for(&robot, Fault::Hang);
            until("a call that hangs", || hung(&arrivals()).len() > before).await;
        } else {
            let fault = match kill % 3 {
                0 => Fault::ResetAfterRead,
                1 => Fault::Slow(Duration::from_millis(150)),
                _ => Fault::Errcode { code: -1, errmsg: "系统繁忙".into() },
            };
            dingtalk.sandbox.order_for(&robot, fault);
            sleep(Duration::from_millis(fastrand::u64(0..400))).await;
        }
        let folder = bridge.kill();
        bridge = Start::new(config(&dingtalk)).in_folder(folder).listening().await;
        address.send_replace(bridge.address);
        starts.send_replace(kill + 1);
    }

    let mut unanswered = 0;
    while let Some(sent) = senders.join_next().await {
        unanswered += sent.expect("accepted");
    }
    let shown = until_shown_paced(&dingtalk, TARGETS.len() * GROUPS * STATES, RATE).await;
    let (status, _) = bridge.stop().await;
    assert!(status.success());

    let arrivals = arrivals();
    assert_paced(&arrivals, RATE);
    assert_repetitions_are_the_same(&arrivals);
    assert_each_told_once_in_order(&shown);
    // The crashes hit what they were meant to hit.
    let repeated: HashSet<_> = arrivals.iter().filter(|arrival| arrival.repeated).map(|a| &a.msg_uuid).collect();
    let hung = hung(&arrivals);
    assert_eq!(hung.len(), KILLS / 2);
    assert!(hung.iter().all(|arrival| repeated.contains(&arrival.msg_uuid)), "a call that hung was not made again");
    #[expect(clippy::disallowed_macros, reason = "how hard it was, for whoever looks")]
    {
        eprintln!("{unanswered} posts without answer, {} calls, {} repeated", arrivals.len(), repeated.len());
    }
}

/// Whatever tells the same notification is the same to the byte, and under the same `msgUuid`.
fn assert_repetitions_are_the_same(arrivals: &[Arrival]) {
    let mut bodies: HashMap<&str, &Arrival> = HashMap::new();
    for arrival in arrivals {
        let told = told(arrival);
        let first = bodies.entry(told.0).or_insert(arrival);
        assert_eq!(first.body, arrival.body, "{told:?}");
        assert!(first.msg_uuid.is_some() && first.msg_uuid == arrival.msg_uuid && first.token == arrival.token);
    }
}

/// The groups saw every state once, in the order of their acceptance.
fn assert_each_told_once_in_order(shown: &[Arrival]) {
    let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for arrival in shown {
        let (name, state) = told(arrival);
        let group = name.split("state").next().expect("a name");
        groups.entry(group.to_owned()).or_default().push(state);
    }
    assert_eq!(groups.len(), TARGETS.len() * GROUPS);
    for (group, states) in groups {
        assert_eq!(states, (0..STATES).collect::<Vec<_>>(), "{group}");
    }
}

/// Which notification an arrival tells: its name and its number.
fn told(arrival: &Arrival) -> (&str, usize) {
    let (before, after) = arrival.body.split_once("state").unwrap_or_else(|| panic!("no name: {arrival:?}"));
    let begin = before.rfind(|c: char| !c.is_ascii_alphanumeric()).map_or(0, |at| at + 1);
    let end = before.len() + "state".len() + 2;
    (&arrival.body[begin..end], after[..2].parse().expect("a number"))
}

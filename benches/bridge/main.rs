//! What the bridge can do, measured from outside: the release binary in a process of its own, on loopback, with its
//! outbox on the disk that holds the target folder. Prints one table of figures and goals, judges nothing.
//!
//! The goals are for two cores that are shared with the load generator, which is this process: one thread that
//! posts, and answers as the robots. Each figure is the median of some rounds, with the lowest and the highest.
//!
//! `cargo bench --bench bridge -- accepts` measures only what is named: `accepts`, `deliveries`, `start`, `check`,
//! `memory`, `size`, `storm`, `many`, `backlog`. With `DINGBRIDGE` in the environment that binary is measured, so that two
//! builds can be compared in turn.

#![allow(unreachable_pub, reason = "a bench has no readers but its own")]

use std::path::Path;

use tempfile::TempDir;
use tokio::time::{Duration, sleep};

use self::figures::{Spread, Table};
use self::load::{Bodies, Load};
use self::program::Program;
use self::robot::Robot;

mod check;
mod figures;
mod load;
mod program;
mod robot;
mod sqlite;
mod storm;

/// How many targets there are, each with a robot of its own.
const TARGETS: u64 = 64;

/// How many notifications a round accepts or delivers.
const ROUND: u64 = 20_000;

/// How many rounds there are; all that is accepted is then a backlog of 100,000.
const ROUNDS: u64 = 5;

/// How often a bridge is started to see how long that takes.
const STARTS: usize = 10;

/// Robots that are out of the way: they take one message a day.
const SLOW: &str = "1/1d";

/// Robots that take whatever comes.
const FAST: &str = "1000000/1s";

fn main() {
    let named: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    // `cargo test --all-targets` runs benches too, but has nothing to learn from them.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let table = runtime.block_on(measure(|name| named.is_empty() || named.iter().any(|given| given == name)));
    table.print();
}

async fn measure(wanted: impl Fn(&str) -> bool) -> Table {
    let mut table = Table::default();
    if wanted("accepts") {
        accepts(&mut table).await;
    }
    if wanted("deliveries") {
        deliveries(&mut table, 10).await;
        deliveries(&mut table, 1).await;
    }
    if wanted("start") {
        starts(&mut table).await;
    }
    if wanted("check") {
        check::checks(&mut table);
    }
    if wanted("memory") {
        memory(&mut table).await;
    }
    if wanted("size") {
        let bytes = std::fs::metadata(program::binary()).map_or(0, |metadata| metadata.len());
        table.row("binary", format!("{:.1} MB", bytes as f64 / 1e6), "< 12 MB");
    }
    if wanted("storm") {
        storm::storms(&mut table).await;
    }
    if wanted("many") {
        storm::many_targets(&mut table).await;
    }
    if wanted("backlog") {
        storm::backlogs(&mut table).await;
    }
    table
}

/// How fast different notifications are accepted, and a bare loop puts the same rows into SQLite.
async fn accepts(table: &mut Table) {
    let bodies = Bodies::of(10);
    let (robot, folder) = (Robot::start().await, folder());
    let program = Program::start(folder.path(), &config(&robot, SLOW)).await;
    let mut bare = sqlite::Bare::open(&folder.path().join("bare.db"));
    let (mut loads, mut bares, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let used = program.used();
        loads.push(load::post(program.address, round * ROUND..(round + 1) * ROUND, &bodies).await);
        costs.push(microseconds_each(program.used() - used));
        bares.push(bare.insert(round * ROUND..(round + 1) * ROUND, &bodies));
    }
    let rates = Spread::of(loads.iter().map(Load::rate));
    table.row("accepted, 10 alerts each, 64 connections", format!("{rates:.0} /s"), ">= 8000 /s");
    let shares = Spread::of(loads.iter().zip(&bares).map(|(load, bare)| load.rate() / bare));
    table.row("  bare SQLite, 64 rows a commit", format!("{:.0} /s", Spread::of(bares)), "");
    table.row("  bridge / bare SQLite", format!("{shares:.2}"), "");
    for (name, share, goal) in [("p50", 0.5, ""), ("p99", 0.99, "< 50 ms"), ("highest", 1.0, "")] {
        let latencies = loads.iter().map(|load| load.percentile(share).as_secs_f64() * 1e3);
        table.row(&format!("  latency, {name}"), format!("{:.1} ms", Spread::of(latencies)), goal);
    }
    table.row("  processor time of the bridge, each", format!("{:.0} us", Spread::of(costs)), "");
    table.row("  write-ahead log, largest", megabytes(&program.folder.join("outbox.db-wal")), "");
    table.row("  outbox, bytes a notification", per_notification(&program.folder.join("outbox.db")), "");
    let waiting = ROUND * ROUNDS;
    table.row(&format!("  resident, {waiting} waiting"), format!("{:.1} MB", program.resident()), "");
    program.stop().await;
    let program = Program::start(folder.path(), &config(&robot, SLOW)).await;
    table.row(&format!("  started again, {waiting} waiting"), format!("{:.0} ms", program.took_ms()), "");
    sleep(Duration::from_secs(1)).await;
    table.row("  resident then", format!("{:.1} MB", program.resident()), "");
    program.stop().await;
}

/// How fast notifications go all the way, from the first post to the last arrival.
async fn deliveries(table: &mut Table, alerts: u64) {
    let bodies = Bodies::of(alerts);
    let (robot, folder) = (Robot::start().await, folder());
    let program = Program::start(folder.path(), &config(&robot, FAST)).await;
    let (mut rates, mut accepted, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let used = program.used();
        robot.expect(ROUND);
        let load = load::post(program.address, round * ROUND..(round + 1) * ROUND, &bodies).await;
        let last = robot.last().await;
        rates.push(ROUND as f64 / (last - load.began).as_secs_f64());
        accepted.push(load.rate());
        costs.push(microseconds_each(program.used() - used));
    }
    let figure = format!("from webhook to robot, 64 targets, alerts each: {alerts}");
    table.row(&figure, format!("{:.0} /s", Spread::of(rates)), ">= 4000 /s");
    table.row("  processor time of the bridge, each", format!("{:.0} us", Spread::of(costs)), "");
    table.row("  accepted meanwhile", format!("{:.0} /s", Spread::of(accepted)), "");
    table.row("  write-ahead log, largest", megabytes(&program.folder.join("outbox.db-wal")), "");
    table.row("  resident afterwards", format!("{:.1} MB", program.resident()), "");
    program.stop().await;
}

/// How long a start takes until `/-/ready` says so.
async fn starts(table: &mut Table) {
    let robot = Robot::start().await;
    let used = folder();
    let (mut new, mut again) = (Vec::new(), Vec::new());
    started_in(used.path(), &robot).await;
    for _ in 0..STARTS {
        new.push(started_in(folder().path(), &robot).await);
        again.push(started_in(used.path(), &robot).await);
    }
    table.row("ready, new outbox", format!("{:.0} ms", Spread::of(new)), "< 100 ms");
    table.row("ready, outbox there", format!("{:.0} ms", Spread::of(again)), "< 100 ms");
}

/// Starts a bridge and stops it; returns how many milliseconds it took to be ready.
async fn started_in(folder: &Path, robot: &Robot) -> f64 {
    let program = Program::start(folder, &config(robot, SLOW)).await;
    let took = program.took_ms();
    program.stop().await;
    took
}

/// How much memory an idle bridge holds.
async fn memory(table: &mut Table) {
    let (robot, folder) = (Robot::start().await, folder());
    let program = Program::start(folder.path(), &config(&robot, SLOW)).await;
    sleep(Duration::from_secs(1)).await;
    table.row("resident, idle, 64 targets", format!("{:.1} MB", program.resident()), "< 15 MB");
    program.stop().await;
}

fn config(robot: &Robot, rate_limit: &str) -> String {
    let mut config = String::from("storage:\n  backlog: 1000000\n  max_bytes: 8GiB\ntargets:\n");
    for target in 0..TARGETS {
        let url = robot.url(target);
        config.push_str(&format!("  t{target}:\n    url: {url}\n    secret: SECbench\n    rate_limit: {rate_limit}\n"));
    }
    config
}

/// A folder on the disk of the target folder: `/tmp` may be memory.
fn folder() -> TempDir {
    TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("temporary folder")
}

fn microseconds_each(used: Duration) -> f64 {
    used.as_secs_f64() * 1e6 / ROUND as f64
}

fn megabytes(path: &Path) -> String {
    format!("{:.1} MB", size(path) / 1e6)
}

fn per_notification(path: &Path) -> String {
    format!("{:.0}", size(path) / (ROUND * ROUNDS) as f64)
}

fn size(path: &Path) -> f64 {
    std::fs::metadata(path).map_or(0.0, |metadata| metadata.len() as f64)
}

//! Storage that fails: full, read-only, locked, in use, at its limits, of a newer version, damaged.
//!
//! What was accepted is still told; what cannot be stored is refused with a 503, which Alertmanager tries again.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use dingbridge::sandbox::Settings;
use http::StatusCode;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::disk::{Mount, Shim};
use crate::harness::{Answer, Bridge, DingTalk, PATIENCE, Start, payload, payload_of};

/// A lane that rests after its first message until the configuration says otherwise.
const RESTING: &str = "rate_limit: 1/1d\ndigest: {mode: never}";
/// A lane that nothing holds back, with a message for each notification.
const FREE: &str = "rate_limit: 100000/1s\ndigest: {mode: never}";

/// More than anything here has room for.
const MANY: usize = 5_000;

/// A robot that takes as many as come.
async fn dingtalk() -> DingTalk {
    let rate = (1_000_000, Duration::from_secs(1));
    DingTalk::start(Settings { rate, ..Settings::default() }, &["ops"]).await
}

async fn post(bridge: &Bridge, name: &str) -> Answer {
    bridge.send("ops", payload(name, "firing")).await
}

/// A notification that takes about so many bytes more than it has to.
fn payload_of_size(name: &str, bytes: usize) -> String {
    let instance = "x".repeat(bytes / 3);
    payload_of(name, "firing", &[(&instance, "firing", "2026-11-20T09:00:00Z")])
}

/// Posts one notification until the answer is a 200.
async fn until_accepted(bridge: &Bridge, name: &str) {
    let began = Instant::now();
    loop {
        let answer = post(bridge, name).await;
        if answer.status == StatusCode::OK {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "never accepted: {}", answer.body);
        sleep(Duration::from_millis(50)).await;
    }
}

/// Posts notifications of this name until one is refused; returns how many were accepted, and the refusal.
async fn until_refused(bridge: &Bridge, name: &str, bytes: usize) -> (usize, Answer) {
    for accepted in 0..MANY {
        let answer = bridge.send("ops", payload_of_size(&format!("{name}{accepted}"), bytes)).await;
        if answer.status != StatusCode::OK {
            return (accepted, answer);
        }
    }
    panic!("{MANY} notifications were accepted");
}

fn assert_unavailable(answer: &Answer, reason: &str) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{}", answer.body);
    assert!(answer.body.contains(reason), "{}", answer.body);
}

/// A bridge that cannot start says why, in a sentence, and ends with 1.
async fn assert_gives_up(start: Start, reason: &str) -> Arc<TempDir> {
    let mut bridge = start.listening().await;
    let status = bridge.exited().await;
    assert_eq!(status.code(), Some(1));
    bridge.wait_for_log(reason).await;
    assert!(!bridge.log().contains("panic"), "{}", bridge.log());
    Arc::clone(&bridge.folder)
}

/// A folder for a bridge, with a disk of its own for its storage.
fn small_disk(size_mib: usize) -> Option<(Arc<TempDir>, Mount)> {
    let folder = Arc::new(TempDir::new().expect("temporary folder"));
    let mount = Mount::at(folder.path().join("data"), size_mib)?;
    Some((folder, mount))
}

#[tokio::test]
async fn a_full_disk_refuses_what_comes_and_delivers_the_many_that_wait() {
    fill_while_they_wait(600, 10).await;
}

#[tokio::test]
async fn a_full_disk_refuses_what_comes_and_delivers_the_large_that_wait() {
    fill_while_they_wait(70, 100_000).await;
}

#[tokio::test]
async fn a_full_disk_is_noticed_while_the_log_has_room_of_its_own() {
    // The log stays as long as its longest commit has made it. Then there is room in it, but none to empty it into.
    fill_while_they_wait(1, 12_000_000).await;
}

/// So many notifications of so many bytes wait when the disk is full.
async fn fill_while_they_wait(count: usize, bytes: usize) {
    let Some((folder, disk)) = small_disk(64) else { return };
    let dingtalk = dingtalk().await;
    let start = Start::new(dingtalk.config(&["ops"], RESTING)).in_folder(folder).through(disk.door());
    let bridge = start.ready().await;
    assert!(disk.path("ballast").exists());
    post(&bridge, "First").await;
    dingtalk.until_shown(1).await;
    for number in 0..count {
        let body = payload_of_size(&format!("Waiting{number}"), bytes);
        assert_eq!(bridge.send("ops", body).await.status, StatusCode::OK);
    }

    disk.fill();
    let (accepted, refusal) = until_refused(&bridge, "Full", bytes.min(100_000)).await;
    assert_unavailable(&refusal, "disk is full");
    // What the emptied log has given back may be enough for a new ballast, so that some more is accepted at any time.
    bridge.wait_for_log("nothing is accepted until there is room; free disk space").await;
    assert_eq!(bridge.get("/-/healthy").await.status, StatusCode::OK);

    // As many as wait, each with its own commits, in the room that the ballast has left.
    bridge.reload(&dingtalk.config(&["ops"], FREE)).await;
    let waited = 1 + count + accepted;
    dingtalk.until_shown(waited).await;

    disk.free();
    until_accepted(&bridge, "More").await;
    let shown = dingtalk.until_shown(waited + 1).await;
    assert!(shown.last().expect("one").body.contains("More is down"));
    assert!(disk.path("ballast").exists());
    let (status, _) = bridge.stop().await;
    assert!(status.success());
    assert_eq!(dingtalk.sandbox.arrivals().len(), shown.len(), "something was told twice");
}

#[tokio::test]
async fn a_crash_on_a_full_disk_loses_nothing() {
    let Some((folder, disk)) = small_disk(16) else { return };
    let dingtalk = dingtalk().await;
    let start = |more| {
        let folder = Arc::clone(&folder);
        Start::new(dingtalk.config(&["ops"], more)).in_folder(folder).through(disk.door())
    };
    let bridge = start(RESTING).ready().await;
    post(&bridge, "First").await;
    dingtalk.until_shown(1).await;
    for number in 0..20 {
        assert_eq!(post(&bridge, &format!("Waiting{number}")).await.status, StatusCode::OK);
    }
    bridge.kill();
    disk.fill();
    let bridge = start(FREE).ready().await;
    dingtalk.until_shown(21).await;
    disk.free();
    until_accepted(&bridge, "More").await;
    dingtalk.until_shown(22).await;
}

#[tokio::test]
async fn a_disk_that_is_read_only_at_start_is_told() {
    let Some((folder, disk)) = small_disk(16) else { return };
    let dingtalk = dingtalk().await;
    let start = || Start::new(dingtalk.config(&["ops"], FREE)).in_folder(Arc::clone(&folder)).through(disk.door());
    disk.remount("ro");
    assert_gives_up(start(), "the folder cannot be used; give --storage.path a folder that this user may write").await;
    disk.remount("rw");
    let bridge = start().ready().await;
    assert_eq!(post(&bridge, "Written").await.status, StatusCode::OK);
    bridge.stop().await;
    // The same with a database that is there already.
    disk.remount("ro");
    assert_gives_up(start(), "the folder cannot be used; give --storage.path a folder that this user may write").await;
}

#[tokio::test]
async fn a_disk_that_becomes_read_only_refuses_and_recovers() {
    let (shim, dingtalk) = (Shim::compile(), dingtalk().await);
    let bridge = shim.under(Start::new(dingtalk.config(&["ops"], FREE))).ready().await;
    assert_eq!(post(&bridge, "Before").await.status, StatusCode::OK);
    dingtalk.until_shown(1).await;
    bridge.until_settled("ops", 1).await;

    shim.read_only(true);
    for name in ["Meanwhile", "Meanwhile", "Another"] {
        assert_unavailable(&post(&bridge, name).await, "the outbox cannot be written");
    }
    assert_eq!(bridge.get("/-/healthy").await.status, StatusCode::OK);
    shim.read_only(false);
    until_accepted(&bridge, "Meanwhile").await;
    dingtalk.until_shown(2).await;
    assert!(bridge.stop().await.0.success());
    assert_eq!(dingtalk.sandbox.arrivals().len(), 2);
}

#[tokio::test]
async fn a_database_that_another_program_has_locked_refuses_and_recovers() {
    let dingtalk = dingtalk().await;
    let bridge = Start::new(dingtalk.config(&["ops"], FREE)).ready().await;
    assert_eq!(post(&bridge, "Before").await.status, StatusCode::OK);
    dingtalk.until_shown(1).await;
    bridge.until_settled("ops", 1).await;

    let other = Connection::open(bridge.data().join("outbox.db")).expect("open");
    other.execute_batch("BEGIN EXCLUSIVE").expect("nobody else writes");
    assert_unavailable(&post(&bridge, "Meanwhile").await, "database is locked");
    bridge.wait_for_log("who else has opened the file").await;
    assert_eq!(bridge.get("/-/healthy").await.status, StatusCode::OK);
    other.execute_batch("ROLLBACK").expect("still ours");
    until_accepted(&bridge, "Meanwhile").await;
    dingtalk.until_shown(2).await;
    assert!(bridge.stop().await.0.success());
    assert_eq!(dingtalk.sandbox.arrivals().len(), 2);
}

#[tokio::test]
async fn a_second_bridge_waits_for_the_folder_and_takes_over() {
    let dingtalk = dingtalk().await;
    let first = Start::new(dingtalk.config(&["ops"], RESTING)).arg("--config.auto-reload-interval=0").ready().await;
    for name in ["First", "Waits", "Waits too"] {
        assert_eq!(post(&first, name).await.status, StatusCode::OK);
    }
    dingtalk.until_shown(1).await;

    let start = Start::new(dingtalk.config(&["ops"], FREE)).in_folder(Arc::clone(&first.folder));
    let second = start.listening().await;
    second.wait_for_log("another dingbridge uses the folder; waiting until it stops").await;
    assert_eq!(second.get("/-/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(second.get("/-/healthy").await.status, StatusCode::OK);
    assert_unavailable(&post(&second, "Early").await, "the bridge is not ready");
    assert_eq!(post(&first, "Waits as well").await.status, StatusCode::OK);
    assert_eq!(dingtalk.sandbox.arrivals().len(), 1);

    assert!(first.stop().await.0.success());
    second.until_ready().await;
    assert_eq!(post(&second, "Late").await.status, StatusCode::OK);
    dingtalk.until_shown(5).await;
}

#[tokio::test]
async fn a_full_backlog_refuses_and_still_knows_duplicates() {
    let dingtalk = dingtalk().await;
    let config = |more| format!("{}storage:\n  backlog: 3\n", dingtalk.config(&["ops"], more));
    let bridge = Start::new(config(RESTING)).ready().await;
    assert_eq!(post(&bridge, "First").await.status, StatusCode::OK);
    bridge.until_settled("ops", 1).await;

    let (accepted, refusal) = until_refused(&bridge, "Waiting", 10).await;
    assert_eq!(accepted, 3);
    assert_unavailable(&refusal, "3 notifications wait for this target already (storage.backlog)");
    assert_duplicate(&bridge, "Waiting1", 10).await;
    bridge.reload(&config(FREE)).await;
    until_accepted(&bridge, "Later").await;
    dingtalk.until_shown(5).await;
}

#[tokio::test]
async fn an_outbox_that_has_reached_its_size_refuses_and_still_knows_duplicates() {
    let dingtalk = dingtalk().await;
    let config = |more| format!("{}storage:\n  max_bytes: 256KiB\n", dingtalk.config(&["ops"], more));
    let bridge = Start::new(config(RESTING)).ready().await;
    let (accepted, refusal) = until_refused(&bridge, "Large", 10_000).await;
    assert_unavailable(&refusal, "bytes already (storage.max_bytes)");
    assert!(accepted > 3, "only {accepted} were accepted");
    assert_duplicate(&bridge, "Large1", 10_000).await;
    bridge.reload(&config(FREE)).await;
    until_accepted(&bridge, "Later").await;
    dingtalk.until_shown(accepted + 1).await;
}

async fn assert_duplicate(bridge: &Bridge, name: &str, bytes: usize) {
    let answer = bridge.send("ops", payload_of_size(name, bytes)).await;
    assert!(answer.status == StatusCode::OK && answer.body.contains("duplicate"), "{answer:?}");
}

/// A folder in which a bridge has run and accepted something that still waits.
async fn used_folder(dingtalk: &DingTalk) -> Arc<TempDir> {
    let bridge = Start::new(dingtalk.config(&["ops"], RESTING)).ready().await;
    for number in 0..50 {
        assert_eq!(post(&bridge, &format!("Waiting{number}")).await.status, StatusCode::OK);
    }
    let (status, folder) = bridge.stop().await;
    assert!(status.success());
    // The last one to close the database moves the write-ahead log into it, which would undo any damage.
    let connection = Connection::open(database(&folder)).expect("open");
    connection.query_row("SELECT count(*) FROM entries", [], |row| row.get::<_, u32>(0)).expect("a database");
    drop(connection);
    assert!(!folder.path().join("data/outbox.db-wal").exists());
    folder
}

fn database(folder: &TempDir) -> impl AsRef<Path> + use<> {
    folder.path().join("data").join("outbox.db")
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_left_alone() {
    let dingtalk = dingtalk().await;
    let folder = used_folder(&dingtalk).await;
    let connection = Connection::open(database(&folder)).expect("open");
    connection.pragma_update(None, "user_version", 99).expect("update");
    drop(connection);
    let before = std::fs::read(database(&folder)).expect("read");
    let start = Start::new(dingtalk.config(&["ops"], FREE)).in_folder(folder);
    let folder = assert_gives_up(start, "made by a newer dingbridge (schema 99, this one knows ").await;
    assert!(before == std::fs::read(database(&folder)).expect("read"), "the file was changed");
}

#[tokio::test]
async fn a_database_that_is_none_is_left_alone() {
    let dingtalk = dingtalk().await;
    let folder = used_folder(&dingtalk).await;
    let garbage: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(100_000).collect();
    std::fs::write(database(&folder), &garbage).expect("write");
    let start = Start::new(dingtalk.config(&["ops"], FREE)).in_folder(folder);
    let folder = assert_gives_up(start, "file is not a database").await;
    assert!(garbage == std::fs::read(database(&folder)).expect("read"), "the file was changed");
}

#[tokio::test]
async fn a_database_that_is_damaged_is_left_alone() {
    let dingtalk = dingtalk().await;
    let folder = used_folder(&dingtalk).await;
    // The header is whole, so that it passes for a database, and every table is gone.
    let mut damaged = std::fs::read(database(&folder)).expect("read");
    damaged[4096..].fill_with(|| fastrand::u8(..));
    std::fs::write(database(&folder), &damaged).expect("write");
    let start = Start::new(dingtalk.config(&["ops"], FREE)).in_folder(folder);
    let folder = assert_gives_up(start, "malformed").await;
    assert!(damaged == std::fs::read(database(&folder)).expect("read"), "the file was changed");
}

//! More clients, and slower ones, than a bridge has room for. The deadlines themselves are tested beside the server,
//! in virtual time.

use std::time::Duration;

use dingbridge::sandbox::Settings;
use http::StatusCode;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::{DingTalk, Start, payload, until};
use crate::wire::{self, connect, read_to_end, read_until, statuses};

async fn dingtalk() -> DingTalk {
    DingTalk::start(Settings { rate: (100_000, Duration::from_secs(1)), ..Settings::default() }, &["ops"]).await
}

#[tokio::test]
async fn a_hundred_slow_clients_hold_nobody_up() {
    let dingtalk = dingtalk().await;
    let bridge = Start::new(dingtalk.config(&["ops"], "rate_limit: 100000/1s")).ready().await;
    let mut slow: Vec<TcpStream> = Vec::new();
    for number in 0..100 {
        let mut stream = connect(bridge.address).await;
        let begin = match number % 4 {
            0 => Vec::new(),
            1 => b"POST /dingtalk/ops/se".to_vec(),
            2 => b"POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nContent-Le".to_vec(),
            _ => wire::request("POST", "/dingtalk/ops/send", &[("Content-Length", "500")], "{\"alerts\":"),
        };
        stream.write_all(&begin).await.expect("sent");
        slow.push(stream);
    }
    for number in 0..20 {
        assert_eq!(bridge.send("ops", payload(&format!("A{number}"), "firing")).await.status, StatusCode::OK);
    }
    assert_eq!(bridge.get("/-/ready").await.status, StatusCode::OK);
    dingtalk.until_shown(20).await;
    // Slow clients do not keep the bridge from stopping in order either.
    let mut bridge = bridge;
    bridge.signal("TERM");
    assert!(bridge.exited().await.success());
    assert!(!bridge.log().contains("stopped before everything was finished"), "{}", bridge.log());
    drop(slow);
}

#[tokio::test]
async fn connections_over_the_limit_wait_and_are_served_when_others_end() {
    let dingtalk = dingtalk().await;
    let mut config = dingtalk.config(&["ops"], "rate_limit: 100000/1s");
    config.push_str("web: {max_connections: 4}\n");
    let bridge = Start::new(config).ready().await;
    let mut open = Vec::new();
    for _ in 0..4 {
        let mut stream = connect(bridge.address).await;
        stream.write_all(&wire::request("GET", "/-/healthy", &[], "")).await.expect("sent");
        read_until(&mut stream, "OK\n").await;
        open.push(stream);
    }
    let mut waiting = Vec::new();
    for number in 0..8 {
        let mut stream = connect(bridge.address).await;
        let body = payload(&format!("A{number}"), "firing");
        stream.write_all(&wire::post("/dingtalk/ops/send", &body)).await.expect("sent");
        waiting.push(stream);
    }
    // Those that were served go on meanwhile, though none of the others can be.
    for stream in &mut open {
        stream.write_all(&wire::request("GET", "/-/healthy", &[], "")).await.expect("sent");
        read_until(stream, "OK\n").await;
    }
    assert!(timeout(Duration::from_millis(50), waiting[0].readable()).await.is_err(), "one too many is served");
    drop(open);
    for mut stream in waiting {
        assert_eq!(statuses(&read_to_end(&mut stream).await.0), ["200"]);
    }
    dingtalk.until_shown(8).await;
}

#[tokio::test]
async fn senders_that_use_up_their_connections_do_not_lock_operators_out() {
    let dingtalk = dingtalk().await;
    let mut config = dingtalk.config(&["ops"], "rate_limit: 100000/1s");
    config.push_str("web: {max_connections: 2}\n");
    let bridge = Start::new(config).arg("--web.admin-listen-address=127.0.0.1:0").ready().await;
    let log = bridge.log();
    let admin = log.rsplit("listening on\" address=").next().expect("an address");
    let admin = admin.split_whitespace().next().expect("an address").parse().expect("an address");
    let mut open = Vec::new();
    for _ in 0..6 {
        let mut stream = connect(bridge.address).await;
        stream.write_all(b"POST /dingtalk/ops/send HTTP/1.1\r\n").await.expect("sent");
        open.push(stream);
    }
    for _ in 0..4 {
        assert_eq!(wire::ask(admin, http::Method::GET, "/-/ready", "").await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn running_out_of_file_descriptors_is_told_and_got_over() {
    let dingtalk = dingtalk().await;
    let mut start = Start::new(dingtalk.config(&["ops"], "rate_limit: 100000/1s"));
    start.through = ["sh", "-c", "ulimit -n 64; exec \"$@\"", "sh"].map(str::to_owned).to_vec();
    let bridge = start.ready().await;
    assert_eq!(bridge.send("ops", payload("Before", "firing")).await.status, StatusCode::OK);
    dingtalk.until_shown(1).await;
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(connect(bridge.address).await);
    }
    bridge.wait_for_log("cannot accept connections for the moment").await;
    drop(open);
    assert_eq!(bridge.send("ops", payload("After", "firing")).await.status, StatusCode::OK);
    assert_eq!(bridge.get("/-/ready").await.status, StatusCode::OK);
    dingtalk.until_shown(2).await;
    until("few warnings", || bridge.log().matches("cannot accept connections").count() < 1000).await;
}

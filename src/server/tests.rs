//! Deadlines of a connection, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use hyper_util::rt::TokioIo;
use prometheus_client::registry::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use super::*;
use crate::clock::Clock;
use crate::intake::{self, Gates};
use crate::render::Severities;

/// A server without targets that is ready, and whose limits are the default.
fn server() -> Server {
    let mut registry = Registry::default();
    let (_, gates) = watch::channel(Gates::from([("ops".into(), Arc::new(gate()))]));
    let (_, outbox) = watch::channel(None);
    let (_, readiness) = watch::channel(Readiness::Ready);
    let context = Context {
        intake: Intake::new(gates, outbox.clone(), Clock::system(), intake::Metrics::register(&mut registry)),
        readiness,
        reload: None,
        outbox,
        admin_token: None,
        metrics: Metrics::register(&mut registry),
        registry: Arc::new(registry),
        trusted_proxies: Vec::new(),
        limits: Limits::default(),
    };
    Server::new(context, Tasks::new())
}

fn gate() -> intake::Gate {
    intake::Gate {
        tokens: intake::Tokens::default(),
        accept: None,
        dedupe_window: Duration::from_secs(600),
        severities: Arc::new(Severities::default()),
        senders: Arc::default(),
    }
}

/// A client's end of a connection that `server` serves.
fn connect(server: &Server) -> DuplexStream {
    let (near, far) = duplex(1 << 16);
    let routes = Arc::new(Routes::of(Surface::Whole));
    let peer = ([127, 0, 0, 1], 1).into();
    server.tasks.spawn("connection", connection::serve(server.clone(), TokioIo::new(far), peer, routes));
    near
}

/// What comes until the server ends the connection, and after how long.
async fn end(client: &mut DuplexStream) -> (String, Duration) {
    let began = Instant::now();
    let mut text = String::new();
    timeout(Duration::from_secs(3600), client.read_to_string(&mut text)).await.expect("it ends").expect("an end");
    (text, began.elapsed())
}

fn about(took: Duration, seconds: u64) {
    let expected = Duration::from_secs(seconds);
    assert!(took >= expected && took < expected + Duration::from_secs(1), "{took:?} instead of {expected:?}");
}

const HEALTHY: &[u8] = b"GET /-/healthy HTTP/1.1\r\nHost: b\r\n\r\n";
const POST: &[u8] = b"POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nContent-Length: 100\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn headers_that_never_end_are_cut_off_at_their_deadline() {
    let server = server();
    for begin in [&b""[..], b"P", b"POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nX: "] {
        let mut client = connect(&server);
        client.write_all(begin).await.expect("sent");
        let (answer, took) = end(&mut client).await;
        assert!(!answer.contains(" 200 ") && !answer.contains(" 408 "), "{answer}");
        about(took, 30);
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_trickle_in_do_not_move_their_deadline() {
    let server = server();
    let (mut read, mut write) = tokio::io::split(connect(&server));
    let trickle = async {
        write.write_all(b"GET / HTTP/1.1\r\nX: ").await.expect("sent");
        while write.write_all(b"x").await.is_ok() {
            sleep(Duration::from_secs(5)).await;
        }
    };
    let began = Instant::now();
    let mut answer = String::new();
    tokio::select! {
        () = trickle => {}
        _ = read.read_to_string(&mut answer) => {}
    }
    assert!(began.elapsed() < Duration::from_secs(40), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_cut_off_at_its_deadline() {
    let server = server();
    let mut silent = connect(&server);
    silent.write_all(POST).await.expect("sent");
    let (answer, took) = end(&mut silent).await;
    assert_eq!(answer, "", "neither a 408 nor anything else that Alertmanager would take for final");
    about(took, 30);

    let (mut read, mut write) = tokio::io::split(connect(&server));
    write.write_all(POST).await.expect("sent");
    let trickle = async {
        while write.write_all(b" ").await.is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
    };
    let began = Instant::now();
    let mut answer = String::new();
    tokio::select! {
        () = trickle => {}
        _ = read.read_to_string(&mut answer) => {}
    }
    assert_eq!(answer, "");
    about(began.elapsed(), 30);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_kept_for_a_while_and_then_closed() {
    let server = server();
    let mut client = connect(&server);
    for _ in 0..5 {
        client.write_all(HEALTHY).await.expect("sent");
        let mut answer = [0; 1024];
        let count = client.read(&mut answer).await.expect("an answer");
        assert!(answer[..count].starts_with(b"HTTP/1.1 200"));
        sleep(Duration::from_secs(20)).await;
    }
    let (rest, took) = end(&mut client).await;
    assert_eq!(rest, "");
    about(took, 10);
}

#[tokio::test(start_paused = true)]
async fn one_client_that_is_slow_does_not_delay_another() {
    let server = server();
    let mut slow: Vec<_> = (0..100).map(|_| connect(&server)).collect();
    for client in &mut slow {
        client.write_all(POST).await.expect("sent");
    }
    let began = Instant::now();
    let mut client = connect(&server);
    client.write_all(HEALTHY).await.expect("sent");
    let mut answer = [0; 1024];
    assert!(client.read(&mut answer).await.expect("an answer") > 0);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_its_answers_is_given_up() {
    let server = server();
    let (near, far) = duplex(256);
    let routes = Arc::new(Routes::of(Surface::Whole));
    let peer = ([127, 0, 0, 1], 1).into();
    let served = server.tasks.spawn("connection", connection::serve(server.clone(), TokioIo::new(far), peer, routes));
    let (_unread, mut write) = tokio::io::split(near);
    let ask = async { while write.write_all(b"GET /metrics HTTP/1.1\r\nHost: b\r\n\r\n").await.is_ok() {} };
    tokio::select! {
        () = ask => {}
        () = sleep(Duration::from_secs(600)) => panic!("still served after ten minutes"),
    }
    served.await.expect("no panic");
}

#[tokio::test(start_paused = true)]
async fn stopping_does_not_wait_for_those_who_do_nothing() {
    let server = server();
    let mut idle = connect(&server);
    idle.write_all(HEALTHY).await.expect("sent");
    let mut answer = [0; 1024];
    assert!(idle.read(&mut answer).await.expect("an answer") > 0);
    let mut unfinished = connect(&server);
    unfinished.write_all(POST).await.expect("sent");
    let mut half_a_head = connect(&server);
    half_a_head.write_all(&POST[..20]).await.expect("sent");
    let refused = connect(&server);
    let (mut read, mut write) = tokio::io::split(refused);
    write.write_all(b"POST /nosuch HTTP/1.1\r\nHost: b\r\nContent-Length: 1000000\r\n\r\n").await.expect("sent");
    assert!(read.read(&mut answer).await.expect("an answer") > 0);
    tokio::task::yield_now().await;
    let began = Instant::now();
    server.tasks.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_accepted_while_there_is_no_outbox_can_be_tried_again() {
    let server = server();
    let mut client = connect(&server);
    let body = r#"{"version":"4","alerts":[{"status":"firing"}]}"#;
    let request = format!(
        "POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    client.write_all(request.as_bytes()).await.expect("sent");
    let (answer, _) = end(&mut client).await;
    assert!(answer.starts_with(&format!("HTTP/1.1 {}", StatusCode::SERVICE_UNAVAILABLE)), "{answer}");
}

//! The HTTP outside: every path, token, status and limit, for well-behaved clients and for others.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use dingbridge::sandbox::Settings;
use http::header::{ALLOW, CONTENT_TYPE, LOCATION, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;

use crate::harness::{Answer, Bridge, CANARY, DingTalk, PATIENCE, Start, TOKEN, payload, until};
use crate::wire::{self, connect, exchange, read_to_end, read_until, statuses};

/// A stand-in that takes as much as it gets.
async fn generous(tokens: &[&str]) -> DingTalk {
    DingTalk::start(Settings { rate: (100_000, Duration::from_secs(1)), ..Settings::default() }, tokens).await
}

/// A bridge with the target `ops`; `more` is added to the target, `top` to the file.
async fn bridge(dingtalk: &DingTalk, more: &str, top: &str) -> Bridge {
    let config = dingtalk.config(&["ops"], &format!("rate_limit: 100000/1s\n{more}"));
    Start::new(format!("{config}{top}")).ready().await
}

/// An answer of the kind that senders get: one line of JSON.
fn line(answer: &Answer) -> Value {
    assert_eq!(answer.headers[CONTENT_TYPE], "application/json", "{answer:?}");
    let line = answer.body.strip_suffix('\n').unwrap_or_else(|| panic!("a line's end: {answer:?}"));
    assert!(!line.contains('\n'), "{answer:?}");
    let json: Value = serde_json::from_str(line).expect("JSON");
    assert!(json["errcode"].is_u64() && json["errmsg"].is_string(), "{answer:?}");
    if answer.status != StatusCode::OK {
        assert_eq!(json["errcode"], answer.status.as_u16(), "{answer:?}");
    }
    json
}

async fn accepted(bridge: &Bridge) -> f64 {
    bridge.metric("dingbridge_notifications_accepted_total{target=\"ops\"}").await.expect("the metric")
}

#[tokio::test]
async fn every_path_takes_alertmanagers_body() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "").await;
    let paths = [
        "/dingtalk/ops/send",
        "/dingtalk/ops/send/",
        "/dingtalk/ops/send/any-token",
        "/dingtalk/ops/send/any-token/",
        "/dingtalk/ops/send?access_token=any&x=y",
        "/hook/alertmanager/ops",
        "/hook/alertmanager/ops/",
        "/hook/alertmanager/ops/any-token",
        "/hook/alertmanager/ops/any-token/",
    ];
    for (number, path) in paths.iter().enumerate() {
        // Alertmanager sends application/json; the incumbent never looked, so others send what they like.
        let content_type = ["application/json", "text/plain", "application/x-www-form-urlencoded"][number % 3];
        let body = payload(&format!("Path{number}"), "firing").into();
        let answer = bridge.request(Method::POST, path, &[("Content-Type", content_type)], body).await;
        let json = line(&answer);
        assert_eq!((answer.status, &json["status"]), (StatusCode::OK, &"accepted".into()), "{path}");
        assert!(uuid::Uuid::parse_str(json["id"].as_str().expect("an id")).is_ok());
    }
    dingtalk.until_shown(paths.len()).await;
    assert_eq!(accepted(&bridge).await, paths.len() as f64);
}

#[tokio::test]
async fn tokens_are_found_wherever_a_sender_can_put_them() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, &format!("tokens: [canary-other, {TOKEN}]"), "").await;
    let basic = |text: String| format!("Basic {}", BASE64_STANDARD.encode(text));
    let (bearer, lower) = (format!("Bearer {TOKEN}"), format!("bearer {TOKEN}"));
    let (password, user) = (basic(format!("alertmanager:{TOKEN}")), basic(format!("{TOKEN}:x")));
    let nobody = basic(format!(":{TOKEN}"));
    let in_path = format!("/dingtalk/ops/send/{TOKEN}");
    let in_hook = format!("/hook/alertmanager/ops/{TOKEN}/");
    let in_query = format!("/dingtalk/ops/send?x=1&access_token={TOKEN}");
    let encoded = format!("/dingtalk/ops/send?access_token={}", TOKEN.replace('-', "%2D"));
    let (send, hook) = ("/dingtalk/ops/send", "/hook/alertmanager/ops");
    let cases: Vec<(&str, Option<&str>, u16)> = vec![
        (send, Some(&bearer), 200),
        (hook, Some(&bearer), 200),
        (send, Some(&lower), 200),
        (send, Some(&password), 200),
        (send, Some(&nobody), 200),
        (&in_path, None, 200),
        (&in_hook, None, 200),
        (&in_query, None, 200),
        (&encoded, None, 200),
        (send, Some("Bearer canary-other"), 200),
        // A proxy on the way may need the header for itself.
        (&in_path, Some("Bearer the-proxys-own"), 200),
        (send, None, 401),
        (hook, None, 401),
        (send, Some("Bearer"), 401),
        (send, Some("Basic !!!"), 401),
        (send, Some("Digest username=x"), 401),
        ("/dingtalk/ops/send?access_token=", None, 401),
        (send, Some("Bearer wrong"), 403),
        (send, Some(&user), 403),
        ("/dingtalk/ops/send/canary-target-toke", None, 403),
        ("/dingtalk/ops/send/canary-target-token0", None, 403),
        ("/hook/alertmanager/ops/wrong", None, 403),
        ("/dingtalk/ops/send?access_token=wrong", None, 403),
    ];
    for (number, (path, authorization, status)) in cases.iter().enumerate() {
        let headers: Vec<_> = authorization.iter().map(|value| ("Authorization", *value)).collect();
        let body = payload(&format!("Token{number}"), "firing").into();
        let answer = bridge.request(Method::POST, path, &headers, body).await;
        line(&answer);
        assert_eq!(answer.status.as_u16(), *status, "{path} {authorization:?}: {answer:?}");
        let asks = answer.headers.get(WWW_AUTHENTICATE).map(|value| value.to_str().expect("text"));
        assert_eq!(asks.is_some_and(|asks| asks.contains("Bearer") && asks.contains("Basic")), *status == 401);
    }
    let good = cases.iter().filter(|(.., status)| *status == 200).count();
    dingtalk.until_shown(good).await;
    assert_eq!(accepted(&bridge).await, good as f64);
    let refused = (cases.len() - good) as f64;
    assert_eq!(bridge.metric("dingbridge_webhooks_rejected_total{reason=\"token\"}").await, Some(refused));
}

#[tokio::test]
async fn a_file_of_tokens_is_read_at_every_request() {
    let dingtalk = generous(&["ops"]).await;
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let file = folder.path().join("tokens");
    std::fs::write(&file, "# who may post\ncanary-a # Alertmanager\n\n  canary-b\n").expect("written");
    let config = dingtalk.config(&["ops"], "rate_limit: 100000/1s\ntokens_file: tokens");
    let bridge = Start::new(config).in_folder(folder).ready().await;
    let post = async |token: &str, name: &str| {
        let header = format!("Bearer {token}");
        let headers = [("Authorization", header.as_str())];
        let answer = bridge.request(Method::POST, "/dingtalk/ops/send", &headers, payload(name, "firing").into()).await;
        answer.status.as_u16()
    };
    assert_eq!([post("canary-a", "A").await, post("canary-b", "B").await], [200, 200]);
    assert_eq!([post("#", "C").await, post("Alertmanager", "C").await, post("canary-c", "C").await], [403; 3]);

    std::fs::write(&file, "canary-c").expect("written");
    assert_eq!([post("canary-a", "D").await, post("canary-c", "D").await], [403, 200]);

    // Unreadable: the last good value, and an ERROR.
    std::fs::remove_file(&file).expect("removed");
    assert_eq!([post("canary-a", "E").await, post("canary-c", "E").await], [403, 200]);
    bridge.wait_for_log("cannot read the secret").await;

    // All tokens taken back: nobody may post, which is not the same as anybody.
    std::fs::write(&file, "# nobody\n").expect("written");
    assert_eq!([post("canary-c", "F").await, post("", "F").await], [403, 401]);
}

#[tokio::test]
async fn a_target_takes_only_the_senders_it_accepts() {
    let dingtalk = generous(&["ops"]).await;
    let refusing = bridge(&dingtalk, "accept: [grafana]", "").await;
    let answer = refusing.send("ops", payload("A", "firing")).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(line(&answer)["errmsg"], "this target does not accept alertmanager");
    assert_eq!(refusing.metric("dingbridge_webhooks_rejected_total{reason=\"sender\"}").await, Some(1.0));
    let taking = bridge(&dingtalk, "accept: [grafana, alertmanager]", "").await;
    assert_eq!(taking.send("ops", payload("A", "firing")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_is_not_there_is_404_and_the_log_says_what_is() {
    let dingtalk = generous(&["ops", "dba"]).await;
    let bridge = Start::new(dingtalk.config(&["ops", "dba"], "")).ready().await;
    for path in ["/dingtalk/webhook1/send", "/hook/alertmanager/webhook1", "/dingtalk/webhook1/send/some-token"] {
        let answer = bridge.request(Method::POST, path, &[], payload("A", "firing").into()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        let told = line(&answer)["errmsg"].as_str().expect("text").to_owned();
        assert!(told.contains("no target named webhook1") && told.contains("log lists"), "{told}");
        assert!(!told.contains('/') && !told.contains("some-token") && !told.contains("dba"), "{told}");
    }
    bridge.wait_for_log("known=dba,ops").await;
    assert!(bridge.log().contains("asked=webhook1"));
    let long = format!("/dingtalk/{}/send", "x".repeat(5000));
    let answer = bridge.request(Method::POST, &long, &[], Bytes::new()).await;
    assert!(answer.status == StatusCode::NOT_FOUND && answer.body.len() < 300, "{answer:?}");

    let answer = bridge.request(Method::POST, "/hook/nosuch/ops", &[], payload("A", "firing").into()).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(line(&answer)["errmsg"].as_str().expect("text").contains("known are alertmanager, grafana, cloudmonitor"));

    for path in ["/", "/dingtalk", "/dingtalk/ops", "/dingtalk/ops/send/a/b", "/hook/ops", "/nosuch", "//", "/api"] {
        let answer = bridge.request(Method::POST, path, &[], payload("A", "firing").into()).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(line(&answer)["errmsg"].as_str().expect("text").contains("/dingtalk/<target>/send"));
    }
    assert!(dingtalk.sandbox.arrivals().is_empty());
}

#[tokio::test]
async fn another_method_is_405_and_nothing_is_ever_redirected() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "").await;
    let all = [Method::GET, Method::HEAD, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS, Method::POST];
    let routes = [
        ("/dingtalk/ops/send", "POST"),
        ("/dingtalk/ops/send/", "POST"),
        ("/dingtalk/nosuch/send", "POST"),
        ("/hook/alertmanager/ops", "POST"),
        ("/hook/alertmanager/ops/token", "POST"),
        ("/-/reload", "POST, PUT"),
        ("/-/reload/", "POST, PUT"),
        ("/-/healthy", "GET, HEAD"),
        ("/-/ready", "GET, HEAD"),
        ("/metrics", "GET, HEAD"),
    ];
    for (path, allow) in routes {
        for method in all.iter().filter(|method| !allow.split(", ").any(|allowed| allowed == method.as_str())) {
            let answer = bridge.request(method.clone(), path, &[], Bytes::new()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.headers[ALLOW], allow, "{method} {path}");
            if *method == Method::HEAD {
                assert!(answer.body.is_empty());
            } else {
                line(&answer);
            }
        }
    }
    let odd =
        ["/DINGTALK/ops/send", "/dingtalk//ops/send", "/dingtalk/ops/send//", "/./dingtalk/ops/send", "/metrics/"];
    let paths = routes.iter().map(|(path, _)| *path).chain(odd).chain(["/", "", "/x/", "/dingtalk/ops/../ops/send"]);
    for path in paths {
        for method in &all {
            let answer = bridge.request(method.clone(), path, &[], payload("A", "firing").into()).await;
            assert!(!answer.status.is_redirection(), "{method} {path}: {answer:?}");
            assert!(answer.headers.get(LOCATION).is_none());
            assert!(![408, 429].contains(&answer.status.as_u16()), "{method} {path}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_understood_is_400_with_its_place_and_nothing_is_stored() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "").await;
    let whole = payload("A", "firing");
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let in_field = format!(r#"{{"version":"4","alerts":{nested}}}"#);
    let in_labels = format!(r#"{{"version":"4","alerts":[{{"labels":{{"a":{nested}}}}}]}}"#);
    let mut broken_text = whole.clone().into_bytes();
    let at = whole.find("is down").expect("the annotation");
    broken_text[at] = 0xff;
    let two = format!("{whole}\n{whole}");
    let bodies: Vec<&[u8]> = vec![
        b"",
        b" ",
        b"\n\n",
        b"{}",
        b"null",
        b"[]",
        b"4",
        b"true",
        b"a=b&c=d",
        b"{\"alerts\":null}",
        b"{\"alerts\":{}}",
        b"{\"version\":\"4\",\"alerts\":[]}",
        b"{\"version\":\"4\",\"alerts\":[null]}",
        b"{\"version\":\"4\",\"alerts\":[5]}",
        b"{\"version\":4,\"alerts\":[{}]}",
        b"{\"version\":\"4\",\"alerts\":[{\"labels\":[]}]}",
        b"{\"version\":\"4\",\"alerts\":[{\"labels\":{\"a\":1}}]}",
        b"{\"version\":\"4\",\"alerts\":[{\"status\":\"maybe\"}]}",
        b"{\"version\":\"4\",\"truncatedAlerts\":-1,\"alerts\":[{}]}",
        b"{\"version\":\"4\",\"version\":\"4\",\"alerts\":[{}]}",
        b"{\"alerts\":[{\"status\":\"firing\"}]}",
        b"\xef\xbb\xbf{}",
        b"\x00\x01\x02",
        b"\xff\xfe{\x00}\x00",
        nested.as_bytes(),
        in_field.as_bytes(),
        in_labels.as_bytes(),
        &broken_text,
        two.as_bytes(),
        b"\x1f\x8b\x08\x00",
    ];
    for (number, body) in bodies.iter().enumerate() {
        let path = ["/dingtalk/ops/send", "/hook/alertmanager/ops"][number % 2];
        let answer = bridge.request(Method::POST, path, &[], Bytes::copy_from_slice(body)).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{shown}: {answer:?}");
        let told = line(&answer)["errmsg"].as_str().expect("text").to_owned();
        let place: Vec<_> = told.split(": ").next().expect("a place").split(' ').collect();
        let number = |at: usize| place.get(at).is_some_and(|word| word.parse::<u64>().is_ok());
        assert!(place[0] == "line" && number(1) && place[2] == "column" && number(3), "{shown}: {told}");
        assert!(told.chars().count() < 300, "{told}");
    }
    assert_eq!(accepted(&bridge).await, 0.0);
    let refused = bridge.metric("dingbridge_webhooks_rejected_total{reason=\"body\"}").await;
    assert_eq!(refused, Some(bodies.len() as f64));
    // What comes after is told at once: nothing of all that waits before it.
    bridge.send("ops", whole).await;
    dingtalk.until_shown(1).await;
    assert_eq!(dingtalk.sandbox.arrivals().len(), 1);
}

/// A body of that many bytes that is Alertmanager's.
fn padded(name: &str, bytes: usize) -> String {
    let body = payload(name, "firing");
    format!("{}{body}", " ".repeat(bytes - body.len()))
}

#[tokio::test]
async fn a_body_of_the_limit_is_taken_and_one_byte_more_is_413() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "web: {max_body: 64KiB}\n").await;
    assert_eq!(bridge.send("ops", padded("Fits", 64 << 10)).await.status, StatusCode::OK);
    let answer = bridge.send("ops", padded("Not", (64 << 10) + 1)).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(line(&answer)["errmsg"], "the body is larger than 65536 bytes (web.max_body)");
    assert_eq!(accepted(&bridge).await, 1.0);
}

#[tokio::test]
async fn what_is_announced_to_be_too_large_is_refused_unread() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "web: {max_body: 64KiB}\n").await;
    for expect in [None, Some(("Expect", "100-continue"))] {
        let mut stream = connect(bridge.address).await;
        let headers: Vec<_> = [("Content-Length", "1000000000000")].into_iter().chain(expect).collect();
        stream.write_all(&wire::request("POST", "/dingtalk/ops/send", &headers, "")).await.expect("sent");
        // Not a byte of the body has been sent, and none is asked for.
        let (answer, ended) = read_to_end(&mut stream).await;
        assert_eq!(statuses(&answer), ["413"], "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        ended.expect("an orderly end");
    }
}

/// Sends a request whose body never ends until the bridge does not take more of it, then reads the answer.
async fn pour(bridge: &Bridge, head: &[u8], chunk: &[u8]) -> String {
    let mut stream = connect(bridge.address).await;
    let (mut reading, mut writing) = stream.split();
    writing.write_all(head).await.expect("sent");
    let mut answer = Vec::new();
    let pour = async {
        // More than socket buffers hold and than the bridge reads; a client writes on until it has read the answer.
        for _ in 0..4096 {
            if writing.write_all(chunk).await.is_err() {
                return;
            }
        }
    };
    let read = async {
        let mut buffer = [0; 4096];
        loop {
            match tokio::io::AsyncReadExt::read(&mut reading, &mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(count) => answer.extend_from_slice(&buffer[..count]),
            }
            if answer.ends_with(b"}\n") {
                return;
            }
        }
    };
    tokio::pin!(pour, read);
    let raced = async {
        tokio::select! {
            () = &mut pour => read.await,
            () = &mut read => {}
        }
    };
    tokio::time::timeout(PATIENCE, raced).await.expect("in time");
    String::from_utf8(answer).expect("text")
}

#[tokio::test]
async fn a_client_that_goes_on_sending_still_reads_why_it_is_refused() {
    let dingtalk = generous(&["ops", "guarded"]).await;
    let mut config = dingtalk.config(&["ops", "guarded"], "");
    config.push_str("    tokens: [canary-target-token]\nweb: {max_body: 64KiB}\n");
    let bridge = Start::new(config).ready().await;
    let chunk = format!("4000\r\n{}\r\n", "x".repeat(0x4000));
    let cases = [
        ("POST", "/dingtalk/ops/send", "413"),
        ("POST", "/dingtalk/nosuch/send", "404"),
        ("POST", "/nosuch", "404"),
        ("POST", "/hook/nosuch/ops", "404"),
        ("PUT", "/dingtalk/ops/send", "405"),
        ("POST", "/dingtalk/guarded/send", "401"),
        ("POST", "/dingtalk/guarded/send/wrong", "403"),
    ];
    for (method, path, status) in cases {
        for attempt in 0..5 {
            let chunked = wire::request(method, path, &[("Transfer-Encoding", "chunked")], "");
            let answer = pour(&bridge, &chunked, chunk.as_bytes()).await;
            assert_eq!(statuses(&answer), [status], "{method} {path}, chunked, attempt {attempt}: {answer:?}");
            let announced = wire::request(method, path, &[("Content-Length", "60000000")], "");
            let answer = pour(&bridge, &announced, &[b'x'; 0x4000]).await;
            assert_eq!(statuses(&answer), [status], "{method} {path}, announced, attempt {attempt}: {answer:?}");
        }
    }
    assert_eq!(bridge.send("ops", payload("A", "firing")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_sends_all_before_it_reads_is_not_cut_off() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "web: {max_body: 64KiB}\n").await;
    // More than the buffers of both sides of a socket hold.
    let body = vec![b' '; 24 << 20];
    let length = body.len().to_string();
    for (path, status) in [("/dingtalk/ops/send", "413"), ("/dingtalk/nosuch/send", "404"), ("/nosuch", "404")] {
        let mut stream = connect(bridge.address).await;
        stream.write_all(&wire::request("POST", path, &[("Content-Length", &length)], "")).await.expect("sent");
        let sent = tokio::time::timeout(PATIENCE, stream.write_all(&body)).await.expect("in time");
        sent.unwrap_or_else(|error| panic!("{path}: cut off: {error}"));
        let (answer, ended) = read_to_end(&mut stream).await;
        assert_eq!(statuses(&answer), [status], "{path}: {answer}");
        ended.expect("an orderly end");
    }
}

#[tokio::test]
async fn more_bytes_in_flight_than_the_limit_are_503_and_the_others_go_on() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "web: {max_body: 1MiB, max_in_flight: 1MiB}\n").await;
    let first = padded("First", 900 << 10);
    let (begin, end) = first.split_at(800 << 10);
    let length = first.len().to_string();
    let headers = [("Content-Length", length.as_str()), ("Connection", "close")];
    let half = wire::request("POST", "/dingtalk/ops/send", &headers, begin);
    let mut slow = connect(bridge.address).await;
    slow.write_all(&half).await.expect("sent");
    // The bytes of either count as they are read, so the one that comes later is refused, whichever that is.
    let mut number = 0;
    let refused = loop {
        number += 1;
        let answer = bridge.send("ops", padded(&format!("Other{number}"), 500 << 10)).await;
        if slow.try_read(&mut [0; 1]).is_ok() {
            slow = connect(bridge.address).await;
            slow.write_all(&half).await.expect("sent");
        } else if answer.status != StatusCode::OK {
            break answer;
        }
        assert!(number < 1000, "never refused");
    };
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(line(&refused)["errmsg"], "too many bytes in flight (web.max_in_flight); try again");
    assert_eq!(bridge.send("ops", payload("Small", "firing")).await.status, StatusCode::OK);
    slow.write_all(end.as_bytes()).await.expect("sent");
    let (answer, _) = read_to_end(&mut slow).await;
    assert_eq!(statuses(&answer), ["200"]);
    assert_eq!(bridge.send("ops", padded("Again", 500 << 10)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_request_whose_client_goes_away_is_still_finished() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "").await;
    let count = 40;
    for number in 0..count {
        let body = payload(&format!("Gone{number}"), "firing");
        let mut stream = connect(bridge.address).await;
        stream.write_all(&wire::post("/dingtalk/ops/send", &body)).await.expect("sent");
        // The end of the stream often arrives together with the request.
        drop(stream);
    }
    dingtalk.until_shown(count).await;
    // One that goes away in the middle has not said what it wanted to say.
    let body = payload("Half", "firing");
    let mut stream = connect(bridge.address).await;
    let request = wire::post("/dingtalk/ops/send", &body);
    stream.write_all(&request[..request.len() - 1]).await.expect("sent");
    drop(stream);
    assert_eq!(bridge.send("ops", payload("Last", "firing")).await.status, StatusCode::OK);
    dingtalk.until_shown(count + 1).await;
    assert_eq!(accepted(&bridge).await, count as f64 + 1.0);
}

#[tokio::test]
async fn a_client_that_closes_its_side_still_gets_its_answer() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "").await;
    let mut stream = connect(bridge.address).await;
    stream.write_all(&wire::post("/dingtalk/ops/send", &payload("A", "firing"))).await.expect("sent");
    stream.shutdown().await.expect("closed");
    assert_eq!(statuses(&read_to_end(&mut stream).await.0), ["200"]);
}

#[tokio::test]
async fn old_impatient_and_odd_clients_are_answered_or_cut_off() {
    let dingtalk = generous(&["ops"]).await;
    let bridge = bridge(&dingtalk, "", "").await;
    let body = payload("Old", "firing");
    let old = format!("POST /dingtalk/ops/send HTTP/1.0\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    assert_eq!(statuses(&exchange(&bridge, old.as_bytes()).await), ["200"]);

    let mut pipelined = Vec::new();
    for number in 0..3 {
        let body = payload(&format!("Pipe{number}"), "firing");
        let length = body.len().to_string();
        pipelined.extend(wire::request("POST", "/dingtalk/ops/send/", &[("Content-Length", &length)], &body));
    }
    pipelined.extend(wire::request("GET", "/-/healthy", &[("Connection", "close")], ""));
    assert_eq!(statuses(&exchange(&bridge, &pipelined).await), ["200"; 4]);

    // By 100-continue, as curl asks before it sends much.
    let mut stream = connect(bridge.address).await;
    let body = payload("Continue", "firing");
    let length = body.len().to_string();
    let headers = [("Content-Length", length.as_str()), ("Expect", "100-continue"), ("Connection", "close")];
    stream.write_all(&wire::request("POST", "/dingtalk/ops/send", &headers, "")).await.expect("sent");
    assert_eq!(statuses(&read_until(&mut stream, "\r\n\r\n").await), ["100"]);
    stream.write_all(body.as_bytes()).await.expect("sent");
    assert_eq!(statuses(&read_to_end(&mut stream).await.0), ["200"]);
    dingtalk.until_shown(5).await;

    let long = "x".repeat(100_000);
    let many = "X-Many: y\r\n".repeat(500);
    let chunked = "2\r\n{}\r\n0\r\n\r\n";
    let hostile = [
        format!("POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nX-Long: {long}\r\n\r\n"),
        format!("GET /-/ready HTTP/1.1\r\nHost: b\r\n{many}\r\n"),
        format!("POST /dingtalk/{long}/send HTTP/1.1\r\nHost: b\r\n\r\n"),
        format!(
            "POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nConnection: close\r\nContent-Length: 5\r\n\
             Transfer-Encoding: chunked\r\n\r\n{chunked}"
        ),
        format!(
            "POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\
             Content-Length: 5\r\n\r\n{chunked}"
        ),
        "POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}".into(),
        "POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nContent-Length: -1\r\n\r\n".into(),
        "POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nContent-Length: 99999999999999999999\r\n\r\n".into(),
        "POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: gzip\r\n\r\n".into(),
        "POST /dingtalk/ops/send HTTP/1.1\r\nHost: b\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n".into(),
        format!("POST /dingtalk/ops/send HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{long}\r\n"),
        "POST /dingtalk/ops/send HTTP/9.9\r\n\r\n".into(),
        "\r\n\r\n\r\n\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".into(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into(),
        "CONNECT oapi.dingtalk.com:443 HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n".into(),
        "GET http://oapi.dingtalk.com/robot/send HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n".into(),
        "OPTIONS * HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n".into(),
    ];
    for (number, request) in hostile.iter().enumerate() {
        let mut stream = connect(bridge.address).await;
        // It may be cut off before it has said all.
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.shutdown().await;
        let (answer, _) = read_to_end(&mut stream).await;
        for status in statuses(&answer) {
            assert!(status.starts_with('4') && !["408", "429"].contains(&status), "{number}: {answer}");
        }
    }
    assert_eq!(accepted(&bridge).await, 5.0);
    assert_eq!(bridge.send("ops", payload("After", "firing")).await.status, StatusCode::OK);
    until("no request under way", || !bridge.log().contains("a bug stopped")).await;
}

#[tokio::test]
async fn a_client_is_logged_by_its_own_address_behind_a_trusted_proxy_only() {
    let dingtalk = generous(&["ops"]).await;
    let forwarded = [("X-Forwarded-For", "203.0.113.66, 203.0.113.7")];
    let plain = bridge(&dingtalk, "", "").await;
    plain.request(Method::POST, "/dingtalk/nosuch/send", &forwarded, Bytes::new()).await;
    plain.wait_for_log("client=127.0.0.1").await;
    let behind = bridge(&dingtalk, "", "web: {trusted_proxies: [127.0.0.0/8]}\n").await;
    behind.request(Method::POST, "/dingtalk/nosuch/send", &forwarded, Bytes::new()).await;
    behind.wait_for_log("client=203.0.113.7").await;
    assert!(!behind.log().contains("203.0.113.66") && !behind.log().contains(CANARY));
}

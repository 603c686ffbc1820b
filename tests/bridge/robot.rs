//! DingTalk's own API: programs that can talk to a robot talk to the bridge, and to the group through it.

use std::process::Command;

use bytes::Bytes;
use dingbridge::sandbox::{Arrival, Signature};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::harness::{Answer, Bridge, DingTalk, Start, TOKEN, canary, until};

/// A bridge whose target `ops` opens to [`TOKEN`]; `more` is added to the target.
async fn bridge(dingtalk: &DingTalk, more: &str) -> Bridge {
    Start::new(dingtalk.config(&["ops"], &format!("rate_limit: 100000/1s\ntokens: [{TOKEN}]\n{more}"))).ready().await
}

async fn post(bridge: &Bridge, path: &str, body: impl Into<Bytes>) -> Answer {
    bridge.request(Method::POST, path, &[("Content-Type", "application/json; charset=utf-8")], body.into()).await
}

fn robot() -> String {
    format!("/robot/send?access_token={TOKEN}")
}

/// A message as it reached DingTalk, without the id that the bridge gives it.
fn arrived(arrival: &Arrival) -> Value {
    assert_eq!(arrival.signed, Signature::Valid);
    let mut body: Value = serde_json::from_str(&arrival.body).expect("JSON");
    assert!(body.as_object_mut().expect("an object").remove("msgUuid").is_some());
    body
}

#[tokio::test]
async fn each_of_dingtalks_messages_arrives_as_it_was_written_and_signed_by_the_bridge() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = bridge(&dingtalk, "").await;
    let messages = [
        json!({"msgtype": "text", "text": {"content": "磁盘 91% @13800000000"}, "at": {"atMobiles": ["13800000000"]}}),
        json!({"msgtype": "markdown", "markdown": {"title": "t_1", "text": "#### a_b *c*\n> <d> @bob01"},
            "at": {"atUserIds": ["bob01"], "isAtAll": true}}),
        json!({"msgtype": "link", "link": {"title": "t", "text": "x", "messageUrl": "https://a.example.test/?b=1&c#d",
            "picUrl": "https://p.example.test/p.png"}}),
        json!({"msgtype": "actionCard", "actionCard": {"title": "t", "text": "x", "btnOrientation": "1", "btns": [
            {"title": "yes", "actionURL": "https://y.example.test"}, {"title": "no", "actionURL": "dtmd://n"}]}}),
        json!({"msgtype": "feedCard", "feedCard": {"links": [
            {"title": "one", "messageURL": "https://1.example.test", "picURL": "https://p.example.test/1.png"},
            {"title": "two", "messageURL": "https://2.example.test", "picURL": "https://p.example.test/2.png"}]}}),
    ];
    for message in &messages {
        let answer = post(&bridge, &robot(), message.to_string()).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "{\"errcode\":0,\"errmsg\":\"ok\"}\n"));
    }
    let arrivals = dingtalk.until_shown(messages.len()).await;
    let arrived: Vec<Value> = arrivals.iter().map(arrived).collect();
    assert_eq!(arrived, messages);

    // A repetition is left out, and its sender is none the wiser.
    let answer = post(&bridge, &robot(), messages[0].to_string()).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "{\"errcode\":0,\"errmsg\":\"ok\"}\n"));
    let suppressed = "dingbridge_notifications_suppressed_total{target=\"ops\",reason=\"duplicate\"}";
    assert_eq!(bridge.metric(suppressed).await, Some(1.0));
    assert_eq!(bridge.metric("dingbridge_mentions_removed_total{target=\"ops\"}").await, Some(0.0));
}

#[tokio::test]
async fn answers_are_those_that_dingtalks_clients_know() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = bridge(&dingtalk, "accept: [dingtalk]").await;
    let text = json!({"msgtype": "text", "text": {"content": "x"}}).to_string();
    for path in ["/robot/send?access_token=wrong", "/robot/send", "/robot/send?access_token="] {
        let answer = post(&bridge, path, text.clone()).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!(answer.body, "{\"errcode\":300005,\"errmsg\":\"token is not exist\"}\n", "{path}");
    }
    for (body, words) in [
        ("", "the body is empty"),
        ("{}", "msgtype"),
        (r#"{"msgtype":"text"}"#, "text"),
        (r#"{"msgtype":"text","text":{"content":" "}}"#, "text"),
        (r#"{"msgtype":"image","image":{"picURL":"x"}}"#, "image"),
    ] {
        let answer = post(&bridge, &robot(), body).await;
        let told: Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!((answer.status, &told["errcode"]), (StatusCode::BAD_REQUEST, &json!(40035)), "{body}: {answer:?}");
        assert!(told["errmsg"].as_str().expect("text").contains(words), "{body}: {answer:?}");
    }
    let get = bridge.get(&robot()).await;
    assert_eq!(get.status, StatusCode::METHOD_NOT_ALLOWED);
    // Its timestamp and signature are those of another robot: they say nothing here.
    let signed = format!("{}&timestamp=1&sign=x", robot());
    assert_eq!(post(&bridge, &signed, text).await.status, StatusCode::OK);
    dingtalk.until_shown(1).await;
}

#[tokio::test]
async fn a_token_of_two_targets_opens_neither_here() {
    let dingtalk = DingTalk::start(dingbridge::sandbox::Settings::default(), &["ops", "dba"]).await;
    let bridge = Start::new(dingtalk.config(&["ops", "dba"], &format!("tokens: [{TOKEN}]"))).ready().await;
    let text = json!({"msgtype": "text", "text": {"content": "x"}}).to_string();
    assert_eq!(post(&bridge, &robot(), text.clone()).await.status, StatusCode::FORBIDDEN);
    bridge.wait_for_log("both targets have its token").await;
    let named = format!("/dingtalk/dba/send/{TOKEN}");
    assert_eq!(post(&bridge, &named, text).await.status, StatusCode::OK);
    let shown = dingtalk.until_shown(1).await;
    assert_eq!(shown[0].token, canary("dba"));
}

#[tokio::test]
async fn where_anybody_may_post_nobody_may_ring_the_group() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = Start::new(dingtalk.config(&["ops"], "")).ready().await;
    let message = json!({"msgtype": "text", "text": {"content": "wake up @13800000000"},
        "at": {"atMobiles": ["13800000000"], "isAtAll": true}});
    let answer = bridge.send("ops", message.to_string()).await;
    assert!(answer.body.contains("\"status\":\"accepted\""), "{answer:?}");
    let shown = dingtalk.until_shown(1).await;
    assert_eq!(arrived(&shown[0]), json!({"msgtype": "text", "text": {"content": "wake up @13800000000"}}));
    assert_eq!(bridge.metric("dingbridge_mentions_removed_total{target=\"ops\"}").await, Some(1.0));
    bridge.wait_for_log("took `at` out of a message").await;
    let answer = post(&bridge, &robot(), message.to_string()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "no token opens a target without tokens here");
}

#[tokio::test]
async fn keyword_and_limit_are_the_bridges_business() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = bridge(&dingtalk, "keyword: 值班").await;
    let long = "- 一行\n".repeat(4_000);
    let message = json!({"msgtype": "markdown", "markdown": {"title": "t", "text": long}});
    assert_eq!(post(&bridge, &robot(), message.to_string()).await.status, StatusCode::OK);
    let shown = dingtalk.until_shown(1).await;
    let text = arrived(&shown[0])["markdown"]["text"].as_str().expect("text").to_owned();
    assert!(shown[0].body.len() <= 20_000 && text.ends_with("值班") && text.contains("left out"), "{text}");
}

#[tokio::test]
async fn more_than_dingtalk_takes_is_told_together() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = Start::new(dingtalk.config(&["ops"], &format!("tokens: [{TOKEN}]"))).ready().await;
    let texts: Vec<String> = (0..100).map(|number| format!("job-{number}- has failed")).collect();
    for text in &texts {
        let message = json!({"msgtype": "text", "text": {"content": text}});
        assert_eq!(post(&bridge, &robot(), message.to_string()).await.status, StatusCode::OK);
    }
    let told = || dingtalk.shown().iter().map(|arrival| arrival.message().expect("a message").text).collect::<String>();
    until("every message", || texts.iter().all(|text| told().contains(text))).await;
    assert!(dingtalk.sandbox.arrivals().len() <= 20, "{}", dingtalk.sandbox.arrivals().len());
    assert!(dingtalk.sandbox.arrivals().iter().all(Arrival::shown));
}

/// What somebody else's library, told nothing but another host, posts.
const CLIENT: &str = include_str!("dingtalk_client.py");

#[tokio::test]
async fn a_library_for_dingtalks_robots_needs_nothing_but_another_host() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = bridge(&dingtalk, "").await;
    let python = std::env::var("DINGBRIDGE_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let url = format!("http://{}{}", bridge.address, robot());
    let run = tokio::task::spawn_blocking(move || Command::new(python).args(["-c", CLIENT, &url]).output());
    let output = run.await.expect("it ends").expect("python3 runs");
    assert!(
        output.status.success(),
        "the client failed; if it is missing: ./scripts/test fetches it, or: pip install DingtalkChatbot\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let shown = dingtalk.until_shown(6).await;
    let kinds: Vec<String> = shown.iter().map(|arrival| arrival.message().expect("a message").kind).collect();
    assert_eq!(kinds, ["text", "markdown", "link", "actionCard", "actionCard", "feedCard"]);
    let text = arrived(&shown[0]);
    assert_eq!(text["at"]["atMobiles"], json!(["13800000000"]));
    assert!(text["text"]["content"].as_str().expect("text").ends_with("@13800000000"));
    assert_eq!(arrived(&shown[1])["at"]["isAtAll"], json!(true));
    assert_eq!(arrived(&shown[4])["actionCard"]["btnOrientation"], json!("1"));
}

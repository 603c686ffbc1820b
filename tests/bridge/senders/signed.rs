//! Requests that are signed, or come from a known address: a wrong one is a 403, is counted, and leaves nothing behind.

use bytes::Bytes;
use dingbridge::clock::Clock;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{body_of, bridge, generous};
use crate::harness::{Answer, Bridge};

const SIGNED: [(&str, &str); 1] = [("Content-Type", "application/json")];

async fn post(bridge: &Bridge, path: &str, body: impl Into<Bytes>) -> Answer {
    bridge.request(Method::POST, path, &SIGNED, body.into()).await
}

/// Whether a request was refused as not being its sender's; nothing else is a 403 in these tests.
async fn refused(bridge: &Bridge, answer: &Answer, count: usize) {
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{answer:?}");
    let series = "dingbridge_webhooks_rejected_total{reason=\"signature\"}";
    assert_eq!(bridge.metric(series).await, Some(count as f64), "{answer:?}");
}

/// The vectors are from 2019 and 2022.
const ANY_TIME: &str = "replay_window: 0s";

#[tokio::test]
async fn rulehit_on_every_path() {
    let dingtalk = generous().await;
    let senders = format!("senders: {{rulehit: {{ali_uid: '1234567890123456', {ANY_TIME}}}}}\n");
    let bridge = bridge(&dingtalk, "", &senders).await;
    let body = body_of("sca-rulehit-list.json");
    let task = "taskId=7352C9F1-6E2E-41F4-A1CF-B8939D17B68E";
    let right = format!("{task}&timestamp=1559054024685&signature=wKxZkkI3l%2BpqP%2FWtc4MDUg%3D%3D&event=RuleHit");
    let mut wrong = 0;
    for path in ["/dingtalk/ops/send", "/hook/rulehit/ops", "/dingtalk/ops/send/any-token"] {
        for query in [
            right.replace("wKx", "wKy"),
            right.replace("4685", "4686"),
            right.replace("7352", "7353"),
            right.replace("&signature=wKxZkkI3l%2BpqP%2FWtc4MDUg%3D%3D", ""),
            // What the documentation prints: a sign in place of `&timestamp`.
            format!("{task}&timestamp=1559054024678&signature=ycDBWDDRE3Vb7Ioi%2BVeCHw%3D%3D&event=RuleHit"),
        ] {
            wrong += 1;
            refused(&bridge, &post(&bridge, &format!("{path}?{query}"), body.clone()).await, wrong).await;
        }
    }
    wrong += 1;
    refused(&bridge, &post(&bridge, "/dingtalk/ops/send", body.clone()).await, wrong).await;
    assert_eq!(bridge.metric("dingbridge_notifications_accepted_total{target=\"ops\"}").await, Some(0.0));
    // As it is, and as a sender that does not encode it would send it.
    for query in [right.clone(), right.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=")] {
        let answer = post(&bridge, &format!("/dingtalk/ops/send?{query}"), body.clone()).await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    }
    assert_eq!(dingtalk.until_shown(1).await.len(), 1, "the second is a repetition");
}

#[tokio::test]
async fn a_signature_of_another_time_is_a_replay() {
    let dingtalk = generous().await;
    let bridge = bridge(&dingtalk, "", "senders: {rulehit: {ali_uid: '1234567890123456'}}\n").await;
    let query = "taskId=7352C9F1-6E2E-41F4-A1CF-B8939D17B68E&timestamp=1559054024678&signature=BuVBd26rVAneB1vx1ai13Q%3D%3D&event=RuleHit";
    let answer = post(&bridge, &format!("/dingtalk/ops/send?{query}"), body_of("sca-rulehit-list.json")).await;
    refused(&bridge, &answer, 1).await;
    assert!(answer.body.contains("replay"), "{answer:?}");
}

#[tokio::test]
async fn a_signature_never_replaces_a_token() {
    let dingtalk = generous().await;
    let senders = format!("senders: {{rulehit: {{ali_uid: '1234567890123456', {ANY_TIME}}}}}\n");
    let bridge = bridge(&dingtalk, "tokens: [canary-target-token]", &senders).await;
    let query = "taskId=7352C9F1-6E2E-41F4-A1CF-B8939D17B68E&timestamp=1559054024678&signature=BuVBd26rVAneB1vx1ai13Q%3D%3D&event=RuleHit";
    let body = body_of("sca-rulehit-list.json");
    let answer = post(&bridge, &format!("/dingtalk/ops/send?{query}"), body.clone()).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{answer:?}");
    let answer = post(&bridge, &format!("/dingtalk/ops/send/canary-target-token?{query}"), body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
}

#[tokio::test]
async fn aicc_signs_its_own_members() {
    let dingtalk = generous().await;
    let senders = format!("senders: {{aicc: {{shared_key: 0123456789abcdef, {ANY_TIME}}}}}\n");
    let bridge = bridge(&dingtalk, "", &senders).await;
    let signed: Value = serde_json::from_slice(&body_of("huawei-release-signed.json")).expect("JSON");
    let mut wrong = 0;
    for (member, value) in [
        ("called", json!("13800000001")),
        ("releaseReason", json!("4")),
        ("timestamp", json!("1645074645301")),
        ("nonce", json!("a1b2c3d5")),
        ("signature", json!("BGiQ1o3upevIANQL7UoTINaQszkx7xW6vcKu8FJK9Qg=")),
        ("signature", Value::Null),
        ("extra", json!("x")),
    ] {
        let mut body = signed.clone();
        body[member] = value;
        wrong += 1;
        refused(&bridge, &post(&bridge, "/dingtalk/ops/send", body.to_string()).await, wrong).await;
    }
    let unsigned = post(&bridge, "/hook/aicc/ops", body_of("huawei-release-unsigned.json")).await;
    refused(&bridge, &unsigned, wrong + 1).await;
    let answer = post(&bridge, "/dingtalk/ops/send", signed.to_string()).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    dingtalk.until_shown(1).await;
}

#[tokio::test]
async fn grafana_signs_the_body_and_a_time() {
    use hmac::{Hmac, KeyInit, Mac};

    let sign = |text: &str| {
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(b"canary-grafana").expect("a key");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let dingtalk = generous().await;
    let senders = "senders: {grafana: {secret: canary-grafana, timestamp_header: X-Grafana-Alerting-Timestamp}}\n";
    let bridge = bridge(&dingtalk, "", senders).await;
    let body = String::from_utf8(body_of("grafana-firing.json").to_vec()).expect("text");
    let now = Clock::system().now().as_second();
    let post = async |at: i64, signature: &str| {
        let at = at.to_string();
        let headers = [("X-Grafana-Alerting-Signature", signature), ("X-Grafana-Alerting-Timestamp", &at)];
        bridge.request(Method::PUT, "/hook/grafana/ops", &headers, body.clone().into()).await
    };
    refused(&bridge, &post(now, &sign(&body)).await, 1).await;
    refused(&bridge, &post(now + 1, &sign(&format!("{now}:{body}"))).await, 2).await;
    let old = now - 3_600;
    refused(&bridge, &post(old, &sign(&format!("{old}:{body}"))).await, 3).await;
    assert_eq!(post(now, &sign(&format!("{now}:{body}"))).await.status, StatusCode::OK);
    dingtalk.until_shown(1).await;
}

#[tokio::test]
async fn cloudmonitor_may_be_held_to_its_addresses() {
    let dingtalk = generous().await;
    let body = body_of("cms-event-legacy-doc.json");
    let elsewhere = bridge(&dingtalk, "", "senders: {cloudmonitor: {allow_from: [106.11.167.0/24]}}\n").await;
    refused(&elsewhere, &post(&elsewhere, "/dingtalk/ops/send", body.clone()).await, 1).await;
    let proxied = "web: {trusted_proxies: [127.0.0.1]}\nsenders: {cloudmonitor: {allow_from: [106.11.167.0/24]}}\n";
    let proxied = bridge(&dingtalk, "", proxied).await;
    let headers = [("X-Forwarded-For", "10.0.0.1, 106.11.167.9")];
    let answer = proxied.request(Method::POST, "/dingtalk/ops/send", &headers, body).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    dingtalk.until_shown(1).await;
}

//! Every sender through the running bridge: what it posts, who it is taken for, and what the group reads.

use bytes::Bytes;
use dingbridge::sandbox::Arrival;
use http::{Method, StatusCode};
use serde_json::Value;

use crate::harness::{Answer, Bridge, DingTalk, EACH, Start, fixture};

mod cases;
mod hostile;
mod pairs;
mod signed;

/// A request with the body of a fixture, or with it as its query, and what the message about it must hold.
struct Case {
    fixture: &'static str,
    how: How,
    words: &'static [&'static str],
}

/// How a fixture is posted to `/dingtalk/ops/send`, or to `/hook/{sender}/ops`.
enum How {
    Json,
    Form,
    Hook(Method, &'static str),
    Query(&'static str),
}

use How::{Form, Hook, Json, Query};

use self::cases::CASES;

/// What must be in no message, whatever is posted: accounts, login links, signatures, numbers of people.
const HIDDEN: [&str; 10] = [
    "1234567890120000",
    "110803419679",
    "169070*",
    "130013558060",
    "signin",
    "AGiQ1o3upev",
    "FpaZx5JmbQaK",
    "075500000000",
    "user@example.com",
    "null",
];

/// A bridge and a robot that tells each notification by itself.
async fn bridge(dingtalk: &DingTalk, more: &str, top: &str) -> Bridge {
    let config = dingtalk.config(&["ops"], &format!("rate_limit: 100000/1s\n{EACH}\n{more}"));
    Start::new(format!("timezone: Asia/Shanghai\n{config}{top}")).ready().await
}

async fn generous() -> DingTalk {
    let settings = dingbridge::sandbox::Settings {
        rate: (100_000, std::time::Duration::from_secs(1)),
        ..dingbridge::sandbox::Settings::default()
    };
    DingTalk::start(settings, &["ops"]).await
}

fn body_of(name: &str) -> Bytes {
    std::fs::read(fixture("senders").join(name)).unwrap_or_else(|error| panic!("{name}: {error}")).into()
}

async fn post(bridge: &Bridge, how: &How, fixture: &str) -> Answer {
    let body = body_of(fixture);
    let (json, form) = (("Content-Type", "application/json"), ("Content-Type", "application/x-www-form-urlencoded"));
    match how {
        Json => bridge.request(Method::POST, "/dingtalk/ops/send", &[json], body).await,
        Form => bridge.request(Method::POST, "/dingtalk/ops/send", &[form], body).await,
        Hook(method, sender) => bridge.request(method.clone(), &format!("/hook/{sender}/ops"), &[json], body).await,
        Query(sender) => {
            let query = String::from_utf8(body.to_vec()).expect("text");
            let path = format!("/hook/{sender}/ops?{}", query.trim());
            bridge.request(Method::GET, &path, &[], Bytes::new()).await
        }
    }
}

/// All that a reader sees of a message.
fn seen(arrival: &Arrival) -> String {
    let message = arrival.message().expect("a message");
    let body: Value = serde_json::from_str(&arrival.body).expect("JSON");
    let links = body["link"]["messageUrl"].as_str().or(body["actionCard"]["singleURL"].as_str()).unwrap_or_default();
    let written = format!("{}\n{}\n{links}", message.title, message.text);
    let read = written.replace(['\\', '\u{200B}'], "");
    read.replace("&gt;", ">").replace("&lt;", "<").replace("&amp;", "&")
}

#[tokio::test]
async fn every_fixture_reaches_the_group_with_its_title_object_level_and_time() {
    let dingtalk = generous().await;
    let bridge = bridge(&dingtalk, "dedupe_window: 0s", "").await;
    for (number, Case { fixture, how, words }) in CASES.iter().enumerate() {
        let answer = post(&bridge, how, fixture).await;
        assert_eq!(answer.status, StatusCode::OK, "{fixture}: {answer:?}");
        let shown = dingtalk.until_shown(number + 1).await;
        let seen = seen(&shown[number]);
        for word in *words {
            assert!(seen.contains(word), "{fixture}: no {word:?} in\n{seen}");
        }
        for word in HIDDEN {
            assert!(!seen.contains(word), "{fixture}: {word:?} in\n{seen}");
        }
    }
}

#[test]
fn every_fixture_is_posted_by_some_test() {
    let files = std::fs::read_dir(fixture("senders")).expect("a folder");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("UTF-8"));
    let missed: Vec<String> = names
        .filter(|name| !CASES.iter().any(|case| case.fixture == name) && !OTHERWISE.contains(&name.as_str()))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}

/// Fixtures that other tests post, or that are refused.
const OTHERWISE: [&str; 2] = [
    // Refused: it is posted anew at each evaluation and belongs to an Alertmanager.
    "alertmanager-api-v2-post.json",
    // A query: see `signed`.
    "sca-query.txt",
];

//! What operators learn of the outbox and do to it: the command on a folder, the command on a bridge, the API itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dingbridge::sandbox::{Fault, Settings};
use http::header::{ALLOW, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Answer, Bridge, CANARY, DingTalk, Start, canary, payload, until_async};
use crate::program::{Run, finish, program};

const ADMIN_TOKEN: &str = "canary-admin-token";
/// A lane that nothing holds back.
const FREE: &str = "rate_limit: 100000/1s";
/// A lane that rests for a day after its first message.
const RESTING: &str = "rate_limit: 1/1d";

async fn dingtalk() -> DingTalk {
    let rate = (1_000_000, Duration::from_secs(1));
    DingTalk::start(Settings { rate, ..Settings::default() }, &["ops", "dba"]).await
}

/// A configuration with an API.
fn config(dingtalk: &DingTalk, more: &str) -> String {
    format!("{}web:\n  admin_token_file: admin-token\n", dingtalk.config(&["ops", "dba"], more))
}

/// A bridge with that configuration, and the file that it names.
fn start(config: String) -> Start {
    let folder = TempDir::new().expect("temporary folder");
    std::fs::write(folder.path().join("admin-token"), format!("{ADMIN_TOKEN}\n")).expect("written");
    Start::new(config).in_folder(Arc::new(folder))
}

/// Posts and returns the id that the answer tells.
async fn post(bridge: &Bridge, target: &str, name: &str, status: &str) -> String {
    let answer = bridge.send(target, payload(name, status)).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let told: Value = serde_json::from_str(&answer.body).expect("JSON");
    assert_eq!(told["status"], "accepted", "{told}");
    told["id"].as_str().expect("an id").to_owned()
}

/// Posts what is refused as it is and as plain text, so that it becomes a dead letter.
async fn post_dead(dingtalk: &DingTalk, bridge: &Bridge, name: &str) -> String {
    let given_up = "dingbridge_notifications_failed_total{target=\"ops\",reason=\"rejected\"}";
    let before = bridge.metric(given_up).await.expect("the metric");
    for _ in 0..2 {
        let errmsg = "含有不合适的内容".to_owned();
        dingtalk.sandbox.order_for(&canary("ops"), Fault::Errcode { code: 430_104, errmsg });
    }
    let id = post(bridge, "ops", name, "firing").await;
    bridge.until_metric(given_up, |count| count > before).await;
    id
}

/// A call of the API with the operators' token.
async fn api(bridge: &Bridge, method: Method, path: &str) -> Answer {
    let bearer = format!("Bearer {ADMIN_TOKEN}");
    bridge.request(method, path, &[("Authorization", &bearer)], Bytes::new()).await
}

async fn listed(bridge: &Bridge) -> Value {
    let answer = api(bridge, Method::GET, "/api/v1/outbox").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

fn quiet(run: Run) -> Run {
    assert!(!format!("{run:?}").contains(CANARY), "a secret: {run:?}");
    run
}

/// `dingbridge outbox` on a folder.
fn in_folder(data: &Path, args: &[&str]) -> Run {
    let mut command = program(&["outbox"]);
    command.arg("--storage.path").arg(data).args(args);
    quiet(finish(&mut command, ""))
}

/// `dingbridge outbox` on a bridge that runs.
fn over_api(bridge: &Bridge, args: &[&str]) -> Run {
    let mut command = program(&["outbox"]);
    command
        .args(args)
        .arg(format!("--api.url=http://{}/", bridge.address))
        .arg("--api.token-file")
        .arg(bridge.folder.path().join("admin-token"));
    quiet(finish(&mut command, ""))
}

#[test]
fn every_order_explains_itself() {
    for args in [&["--help"][..], &["list", "--help"], &["show", "--help"], &["replay", "--help"], &["drop", "--help"]]
    {
        let page = good(quiet(finish(program(&["outbox"]).args(args), "")));
        assert!(page.contains("Usage: dingbridge outbox ") && page.contains("--api.url <URL>"), "{page}");
        assert!(page.lines().all(|line| line.chars().count() <= 100), "{page}");
    }
}

fn good(run: Run) -> String {
    assert!(run.code == Some(0) && run.stderr.is_empty(), "{run:?}");
    run.stdout
}

fn bad(run: Run) -> String {
    assert!(run.code == Some(1) && run.stdout.is_empty(), "{run:?}");
    run.stderr
}

fn json(text: &str) -> Value {
    assert_eq!(text.lines().count(), 1, "{text}");
    serde_json::from_str(text).expect("JSON")
}

fn states(listing: &Value) -> Vec<(&str, &str)> {
    let items = listing["items"].as_array().expect("items").iter();
    items.map(|item| (item["id"].as_str().expect("an id"), item["state"].as_str().expect("a state"))).collect()
}

/// A folder of a bridge that has stopped: the ids of what it could not tell, has told and has yet to tell.
async fn stopped(dingtalk: &DingTalk) -> (Arc<TempDir>, [String; 3]) {
    let bridge = start(config(dingtalk, FREE)).ready().await;
    let dead = post_dead(dingtalk, &bridge, "Dead").await;
    let told = post(&bridge, "ops", "Told", "firing").await;
    dingtalk.until_shown(1).await;
    bridge.until_settled("ops", 1).await;
    bridge.reload(&config(dingtalk, RESTING)).await;
    let waits = post(&bridge, "ops", "Waits", "firing").await;
    let (status, folder) = bridge.stop().await;
    assert!(status.success());
    (folder, [dead, told, waits])
}

#[tokio::test]
async fn a_stopped_bridge_tells_what_it_has() {
    let dingtalk = dingtalk().await;
    let (folder, [dead, told, waits]) = stopped(&dingtalk).await;
    let data = folder.path().join("data");

    let page = good(in_folder(&data, &["list"]));
    let lines: Vec<_> = page.lines().collect();
    let [head, first, second, last] = lines[..] else { panic!("{page}") };
    let columns = ["ID ", "TARGET ", "STATE ", "ACCEPTED ", "ALERTS ", "TRIED ", "WHAT"];
    let at: Vec<_> = columns.iter().map(|column| head.find(column).expect("a column")).collect();
    assert!(at.is_sorted(), "{page}");
    assert!(first.starts_with(&dead) && second.starts_with(&waits), "{page}");
    assert!(first[at[2]..].starts_with("dead ") && second[at[2]..].starts_with("waiting "), "{page}");
    assert!(first[at[4]..].starts_with("1 firing, 0 resolved  "), "{page}");
    assert!(first[at[6]..].starts_with("Dead: ") && second[at[6]..].starts_with("Waits"), "{page}");
    assert_eq!(last, "1 waiting, 1 dead");

    let listing = json(&good(in_folder(&data, &["list", "--json"])));
    assert_eq!(states(&listing), [(&*dead, "dead"), (&*waits, "waiting")]);
    assert_eq!(states(&json(&good(in_folder(&data, &["list", "--json", "--dead"])))), [(&*dead, "dead")]);
    let newest = json(&good(in_folder(&data, &["list", "--json", "--limit=1"])));
    assert_eq!((states(&newest), &newest["more"]), (vec![(&*waits, "waiting")], &1.into()));
    let others = good(in_folder(&data, &["list", "--target=dba"]));
    assert_eq!(others, "0 waiting, 0 dead\n");

    let page = good(in_folder(&data, &["show", &dead]));
    for words in
        [" ops  dead  Dead\n", "accepted: 1 firing, 0 resolved\n", "not delivered under msgUuid ", "given up: "]
    {
        assert!(page.contains(words), "{words:?} in {page}");
    }
    assert!(page.contains("430104") && page.contains(&format!("outbox replay {dead}\n")), "{page}");
    let page = good(in_folder(&data, &["show", &told]));
    assert!(page.contains("  ops  delivered\n") && page.contains(" under msgUuid "), "{page}");
    let story = json(&good(in_folder(&data, &["show", &waits.replace('-', ""), "--json"])));
    assert_eq!((&story["entries"][0]["id"], &story["entries"][0]["state"]), (&(&*waits).into(), &"waiting".into()));
    assert!(story["entries"][0]["events"][0]["at"].as_str().is_some_and(|at| at.ends_with('Z')), "{story}");
    assert_eq!(story["entries"][0]["events"][0]["what"], "accepted: 1 firing, 0 resolved");

    // Times are those of the person's clock.
    let hour = |zone| {
        let mut command = program(&["outbox", "show", &told]);
        command.env("TZ", zone).env("DINGBRIDGE_STORAGE_PATH", &data);
        let page = good(finish(&mut command, ""));
        let at = page.find(':').expect("a time");
        page[at - 2..at].parse::<u32>().expect("an hour")
    };
    assert_eq!(hour("Asia/Shanghai"), (hour("UTC") + 8) % 24);
}

#[tokio::test]
async fn a_stopped_bridge_is_repaired_and_delivers_after_its_start() {
    let dingtalk = dingtalk().await;
    let (folder, [dead, told, waits]) = stopped(&dingtalk).await;
    let data = folder.path().join("data");

    let page = good(in_folder(&data, &["replay", &dead]));
    let replayed = page.strip_prefix("replayed: it waits as ").expect("an id").trim_end();
    assert_eq!(
        states(&json(&good(in_folder(&data, &["list", "--json"])))),
        [(&*waits, "waiting"), (replayed, "waiting")]
    );
    assert_eq!(good(in_folder(&data, &["drop", &waits])), format!("dropped: {waits}\n"));
    for gone in [&dead, &waits] {
        assert!(bad(in_folder(&data, &["show", gone])).contains("nothing is known of this id"));
    }
    for order in ["replay", "drop"] {
        for id in [&dead, &told, "nosuch", "0199"] {
            let told = bad(in_folder(&data, &[order, id]));
            assert!(told.contains("nothing of this id is there to be replayed or dropped"), "{order} {id}: {told}");
        }
    }
    assert!(bad(in_folder(&data, &["replay", replayed])).contains("only dead letters are replayed"));

    let bridge = Start::new(config(&dingtalk, FREE)).in_folder(folder).ready().await;
    dingtalk.until_shown(2).await;
    bridge.until_settled("ops", 1).await;
    let shown = dingtalk.shown();
    assert!(shown.len() == 2 && shown[1].body.contains("Dead is down"), "{shown:?}");
    assert!(shown[1].body.contains(r#""msgtype":"markdown""#), "in its full form: {shown:?}");
}

#[tokio::test]
async fn a_bridge_that_runs_is_asked_and_repaired_over_its_api() {
    let dingtalk = dingtalk().await;
    let bridge = start(config(&dingtalk, FREE)).ready().await;
    assert_eq!(listed(&bridge).await, json(r#"{"waiting":0,"dead":0,"more":0,"items":[]}"#));
    let (first, second) = (post_dead(&dingtalk, &bridge, "One").await, post_dead(&dingtalk, &bridge, "Two").await);
    let listing = listed(&bridge).await;
    assert_eq!(states(&listing), [(&*first, "dead"), (&*second, "dead")]);
    let item = &listing["items"][0];
    assert_eq!(
        (&item["alertname"], &item["firing"], &item["attempts"]),
        (&"One".into(), &1.into(), &2.into()),
        "{item}"
    );
    assert_eq!(listing, json(&good(over_api(&bridge, &["list", "--json"]))));

    let answer = api(&bridge, Method::GET, &format!("/api/v1/outbox/{first}/")).await;
    let events = json(&answer.body)["entries"][0]["events"].as_array().expect("events").len();
    assert_eq!((answer.status, events), (StatusCode::OK, 4), "accepted, refused twice, given up: {}", answer.body);
    assert_eq!(json(&answer.body), json(&good(over_api(&bridge, &["show", &first, "--json"]))));

    // A copy of it came a moment ago, and that does not matter.
    let answer = api(&bridge, Method::POST, &format!("/api/v1/outbox/{first}/replay")).await;
    let done = json(&answer.body);
    assert_eq!((answer.status, &done["status"]), (StatusCode::OK, &"replayed".into()), "{answer:?}");
    let shown = dingtalk.until_shown(1).await;
    assert!(shown[0].body.contains("One is down"), "{shown:?}");
    bridge.until_settled("ops", 1).await;
    let replayed = done["id"].as_str().expect("an id");
    let page = good(over_api(&bridge, &["show", replayed]));
    assert!(page.starts_with(&format!("{replayed}  ops  delivered\n")), "{page}");

    let answer = api(&bridge, Method::DELETE, &format!("/api/v1/outbox/{second}")).await;
    assert_eq!((answer.status, &json(&answer.body)["status"]), (StatusCode::OK, &"dropped".into()), "{answer:?}");
    let third = post_dead(&dingtalk, &bridge, "Three").await;
    let page = good(over_api(&bridge, &["replay", &third]));
    assert!(page.starts_with("replayed: it waits as "), "{page}");
    bridge.until_settled("ops", 2).await;
    let fourth = post_dead(&dingtalk, &bridge, "Four").await;
    assert_eq!(good(over_api(&bridge, &["drop", &fourth])), format!("dropped: {fourth}\n"));
    assert_eq!(good(over_api(&bridge, &["list"])), "0 waiting, 0 dead\n");
    for gone in [&first, &second, &third, &fourth] {
        let told = bad(over_api(&bridge, &["show", gone]));
        assert_eq!(
            told.trim_end(),
            "dingbridge: the bridge answers 404: nothing is known of this id or fingerprint; what is past storage.retention is forgotten"
        );
        let answer = api(&bridge, Method::DELETE, &format!("/api/v1/outbox/{gone}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(dingtalk.shown().len(), 2);
    let log = bridge.log();
    assert!(log.contains("an operator replayed a dead letter") && log.contains("an operator dropped"), "{log}");
    bridge
        .until_metric(
            "dingbridge_http_request_duration_seconds_count{handler=\"/api\",method=\"POST\",code=\"200\"}",
            |count| count == 2.0,
        )
        .await;
}

#[tokio::test]
async fn an_entry_that_waits_is_dropped_and_never_told() {
    let dingtalk = dingtalk().await;
    let bridge = start(config(&dingtalk, RESTING)).ready().await;
    post(&bridge, "ops", "First", "firing").await;
    bridge.until_settled("ops", 1).await;
    let (second, third) =
        (post(&bridge, "ops", "Second", "firing").await, post(&bridge, "ops", "Third", "firing").await);
    let answer = api(&bridge, Method::DELETE, &format!("/api/v1/outbox/{second}")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    assert_eq!(states(&listed(&bridge).await), [(&*third, "waiting")]);
    bridge.reload(&config(&dingtalk, FREE)).await;
    bridge.until_settled("ops", 2).await;
    let shown = dingtalk.shown();
    assert!(shown.len() == 2 && shown[1].body.contains("Third") && !shown[1].body.contains("Second"), "{shown:?}");
}

#[tokio::test]
async fn what_is_dropped_makes_room_and_what_is_replayed_needs_none() {
    let dingtalk = dingtalk().await;
    let config = |more| format!("{}storage:\n  backlog: 2\n", config(&dingtalk, more));
    let bridge = start(config(FREE)).ready().await;
    let dead = post_dead(&dingtalk, &bridge, "Dead").await;
    bridge.reload(&config(RESTING)).await;
    let waits = post(&bridge, "ops", "Waits", "firing").await;
    post(&bridge, "ops", "Waits too", "firing").await;
    let refused = async |waiting: u32| {
        let answer = bridge.send("ops", payload("Refused", "firing")).await;
        let reason = format!("{waiting} notifications wait for this target already (storage.backlog)");
        assert!(answer.status == StatusCode::SERVICE_UNAVAILABLE && answer.body.contains(&reason), "{answer:?}");
    };
    refused(2).await;
    let answer = api(&bridge, Method::POST, &format!("/api/v1/outbox/{dead}/replay")).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    refused(3).await;
    let replayed = json(&answer.body)["id"].as_str().expect("an id").to_owned();
    for id in [&waits, &replayed] {
        assert_eq!(api(&bridge, Method::DELETE, &format!("/api/v1/outbox/{id}")).await.status, StatusCode::OK);
    }
    post(&bridge, "ops", "Accepted", "firing").await;
    refused(2).await;
}

#[tokio::test]
async fn what_is_being_called_out_is_not_dropped() {
    let dingtalk = dingtalk().await;
    let bridge = start(format!("timeout: 20s\n{}", config(&dingtalk, FREE))).ready().await;
    dingtalk.sandbox.order_for(&canary("ops"), Fault::Hang);
    let id = post(&bridge, "ops", "First", "firing").await;
    dingtalk.until_arrived(1).await;
    let answer = api(&bridge, Method::DELETE, &format!("/api/v1/outbox/{id}")).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{answer:?}");
    assert!(answer.body.contains("wait until that message was delivered or given up"), "{answer:?}");
    assert_eq!(states(&listed(&bridge).await), [(&*id, "being tried")]);
}

#[tokio::test]
async fn an_alerts_story_goes_from_its_start_to_its_end() {
    let dingtalk = dingtalk().await;
    let bridge = start(config(&dingtalk, FREE)).ready().await;
    let fires = post(&bridge, "ops", "HostDown", "firing").await;
    bridge.until_settled("ops", 1).await;
    let elsewhere = post(&bridge, "dba", "HostDown", "firing").await;
    bridge.until_settled("dba", 1).await;
    post(&bridge, "ops", "Another", "firing").await;
    bridge.until_settled("ops", 2).await;
    dingtalk.sandbox.order_for(&canary("ops"), Fault::Errcode { code: -1, errmsg: "系统繁忙".into() });
    let ends = post(&bridge, "ops", "HostDown", "resolved").await;
    bridge.until_settled("ops", 3).await;

    let answer = api(&bridge, Method::GET, "/api/v1/outbox/HostDown%2DHostDown").await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
    let story = json(&answer.body);
    let entries = story["entries"].as_array().expect("entries");
    let ids: Vec<_> = entries.iter().map(|entry| entry["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, [&*fires, &elsewhere, &ends]);
    let words = |entry: &Value| -> Vec<String> {
        let events = entry["events"].as_array().expect("events").iter();
        events.map(|event| event["what"].as_str().expect("words").to_owned()).collect()
    };
    let [accepted, delivered] = &words(&entries[0])[..] else { panic!("{story}") };
    assert_eq!(accepted, "accepted: 1 firing, 0 resolved; this alert is firing");
    let told = dingtalk.shown().into_iter().next().and_then(|arrival| arrival.msg_uuid).expect("a msgUuid");
    assert!(
        delivered.starts_with("delivered after ") && delivered.ends_with(&format!("under msgUuid {told}")),
        "{story}"
    );
    let [accepted, refused, delivered] = &words(&entries[2])[..] else { panic!("{story}") };
    assert_eq!(accepted, "accepted: 0 firing, 1 resolved; this alert is resolved");
    assert!(refused.starts_with("not delivered under msgUuid "), "{story}");
    assert!(delivered.contains(", at attempt 2"), "{story}");

    // A person sees the same, and a folder in use can be looked into.
    let page = good(in_folder(&bridge.data(), &["show", "HostDown-HostDown"]));
    assert_eq!(page, good(over_api(&bridge, &["show", "HostDown-HostDown"])));
    assert_eq!(page.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).count(), 3, "{page}");
}

#[tokio::test]
async fn a_folder_in_use_is_looked_into_and_not_written() {
    let dingtalk = dingtalk().await;
    let bridge = start(config(&dingtalk, FREE)).ready().await;
    let dead = post_dead(&dingtalk, &bridge, "Dead").await;
    assert_eq!(states(&json(&good(in_folder(&bridge.data(), &["list", "--json"])))), [(&*dead, "dead")]);
    for order in ["replay", "drop"] {
        let told = bad(in_folder(&bridge.data(), &[order, &dead]));
        let expected = format!("a bridge uses {}: ask it with --api.url, or stop it first", bridge.data().display());
        assert!(told.contains(&expected), "{told}");
    }
    assert_eq!(states(&listed(&bridge).await), [(&*dead, "dead")]);
    // The bridge does not mind.
    post(&bridge, "ops", "After", "firing").await;
    bridge.until_settled("ops", 1).await;
}

#[tokio::test]
async fn only_the_operators_token_opens_the_api() {
    let dingtalk = dingtalk().await;
    let bridge = start(config(&dingtalk, "tokens: [canary-target-token]")).ready().await;
    let right = format!("Bearer {ADMIN_TOKEN}");
    let (lower, longer) = (format!("bearer  {ADMIN_TOKEN}"), format!("{right}x"));
    let cases: [(&[(&str, &str)], u16); 8] = [
        (&[("Authorization", &right)], 200),
        (&[("Authorization", &lower)], 200),
        (&[], 401),
        (&[("Authorization", "Bearer")], 401),
        (&[("Authorization", "Basic OmNhbmFyeS1hZG1pbi10b2tlbg==")], 401),
        (&[("Authorization", "Bearer wrong")], 403),
        (&[("Authorization", &longer)], 403),
        // Who may post may not read what others have posted.
        (&[("Authorization", "Bearer canary-target-token")], 403),
    ];
    for (headers, status) in cases {
        for (method, path, allowed) in [
            (Method::GET, "/api/v1/outbox", 200),
            (Method::HEAD, "/api/v1/outbox/", 200),
            (Method::GET, "/api/v1/outbox/nosuch", 404),
            (Method::DELETE, "/api/v1/outbox/nosuch", 404),
            (Method::POST, "/api/v1/outbox/nosuch/replay", 404),
        ] {
            let answer = bridge.request(method.clone(), path, headers, Bytes::new()).await;
            let expected = if status == 200 { allowed } else { status };
            assert_eq!(answer.status.as_u16(), expected, "{method} {path}: {answer:?}");
            assert_eq!(answer.headers.contains_key(WWW_AUTHENTICATE), status == 401, "{answer:?}");
            if method != Method::HEAD && expected != 200 {
                assert_eq!(json(&answer.body)["errcode"], expected, "{answer:?}");
            }
        }
    }
    let answer = bridge.get("/api/v1/outbox?access_token=canary-admin-token").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "an address gets into logs");
    bridge.wait_for_log("the token is not that in web.admin_token_file").await;

    for (method, path, allow) in [
        (Method::POST, "/api/v1/outbox", "GET, HEAD"),
        (Method::POST, "/api/v1/outbox/nosuch", "GET, HEAD, DELETE"),
        (Method::GET, "/api/v1/outbox/nosuch/replay", "POST"),
    ] {
        let answer = api(&bridge, method, path).await;
        assert_eq!(
            (answer.status, &answer.headers[ALLOW]),
            (StatusCode::METHOD_NOT_ALLOWED, &allow.parse().expect("a header"))
        );
    }
    for (path, status) in [("?limit=1&target=ops&x=y", 200), ("?limit=x", 400), ("?state=asleep", 400), ("/a/b", 404)] {
        let answer = api(&bridge, Method::GET, &format!("/api/v1/outbox{path}")).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {answer:?}");
    }
}

#[tokio::test]
async fn without_a_token_and_for_senders_there_is_no_api() {
    let dingtalk = dingtalk().await;
    let without = start(dingtalk.config(&["ops"], FREE)).ready().await;
    let unknown = without.get("/nosuch").await;
    for (method, path) in [
        (Method::GET, "/api/v1/outbox"),
        (Method::GET, "/api/v1/outbox/nosuch"),
        (Method::POST, "/api/v1/outbox/nosuch/replay"),
        (Method::DELETE, "/api/v1/outbox"),
    ] {
        let answer = api(&without, method, path).await;
        assert_eq!((answer.status, &answer.body), (StatusCode::NOT_FOUND, &unknown.body), "{path}");
    }
    let told = bad(over_api(&without, &["list"]));
    assert!(told.contains("there is no API at --api.url; set the bridge's web.admin_token_file"), "{told}");

    let mut bridge = start(config(&dingtalk, FREE)).arg("--web.admin-listen-address=127.0.0.1:0").ready().await;
    assert_eq!(api(&bridge, Method::GET, "/api/v1/outbox").await.status, StatusCode::NOT_FOUND, "the senders' address");
    let log = bridge.log();
    let lines = log.lines().rev().filter_map(|line| line.split_once("listening on\" address="));
    let last = lines.map(|(_, rest)| rest).next().and_then(|rest| rest.split_whitespace().next());
    bridge.address = last.expect("two addresses").parse().expect("an address");
    assert_eq!(api(&bridge, Method::GET, "/api/v1/outbox").await.status, StatusCode::OK, "the operators' address");
}

#[tokio::test]
async fn what_cannot_be_done_is_explained() {
    let folder = TempDir::new().expect("temporary folder");
    let nowhere = folder.path().join("nowhere");
    for args in [&["list"][..], &["show", "0190aaaa"], &["replay", "0190aaaa"], &["drop", "0190aaaa"]] {
        let told = bad(in_folder(&nowhere, args));
        let expected = format!("dingbridge: the outbox in {}: there is no outbox in this folder; ", nowhere.display());
        assert!(told.starts_with(&expected), "{told}");
    }
    assert!(!nowhere.exists(), "looking makes nothing");

    let token = folder.path().join("token");
    std::fs::write(&token, "canary-other-token\n").expect("written");
    let token = token.to_str().expect("UTF-8");
    // Bound and not listening: connections are refused, and nobody else gets the port.
    let socket = tokio::net::TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let silent = format!("http://{}", socket.local_addr().expect("an address"));
    let told = |url: &str, token: Option<&str>| {
        let mut command = program(&["outbox", "list"]);
        command.env("DINGBRIDGE_API_URL", url);
        if let Some(token) = token {
            command.env("DINGBRIDGE_API_TOKEN_FILE", token);
        }
        bad(quiet(finish(&mut command, "")))
    };
    assert!(told("https://bridge.example.test", Some(token)).contains("this command speaks http only"));
    assert!(told("bridge.example.test", Some(token)).contains("expected an address such as http://127.0.0.1:8060"));
    assert!(told(&silent, None).contains("--api.url needs --api.token-file"));
    assert!(told(&silent, Some("/nowhere/token")).contains("cannot read /nowhere/token: No such file"));
    assert!(told(&silent, Some(token)).contains("the bridge that --api.url names cannot be reached: "));

    let dingtalk = dingtalk().await;
    let bridge = start(config(&dingtalk, FREE)).ready().await;
    let answer = told(&format!("http://{}", bridge.address), Some(token));
    assert!(answer.contains("the bridge answers 403: the token is not that in web.admin_token_file"), "{answer}");

    // Several ids begin alike: those of the same minute do.
    let ids = [post(&bridge, "ops", "One", "firing").await, post(&bridge, "ops", "Two", "firing").await];
    if ids[0][..8] == ids[1][..8] {
        let told = bad(over_api(&bridge, &["show", &ids[0][..8]]));
        assert!(told.contains("several ids begin like this; give more of the one that is meant"), "{told}");
    }
    until_async("both to be told", async || listed(&bridge).await["waiting"] == 0).await;
}

//! What operators hold on to: probes, metrics, reloads, logs, signals, exit codes.

mod templates;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dingbridge::sandbox::{Fault, Settings};
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::harness::{Answer, Bridge, CANARY, DingTalk, PATIENCE, SECRET, Start, canary, payload, until};
use crate::program::{self, program, run_in};
use crate::wire;

async fn dingtalk(tokens: &[&str]) -> DingTalk {
    DingTalk::start(Settings { rate: (100_000, Duration::from_secs(1)), ..Settings::default() }, tokens).await
}

/// The configuration file of a bridge.
fn rewrite(bridge: &Bridge, config: &str) {
    std::fs::write(bridge.folder.path().join("dingbridge.yml"), config).expect("written");
}

/// Waits until a metric has a value.
async fn until_metric(bridge: &Bridge, series: &str, value: f64) {
    let began = tokio::time::Instant::now();
    loop {
        let seen = bridge.metric(series).await;
        if seen == Some(value) {
            return;
        }
        assert!(began.elapsed() < PATIENCE, "{series} is {seen:?}, not {value}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

const RELOADED: &str = "dingbridge_config_last_reload_successful";

async fn reload(bridge: &Bridge, method: Method) -> Answer {
    bridge.request(method, "/-/reload", &[], Bytes::new()).await
}

#[tokio::test]
async fn probes_answer_as_prometheus_does() {
    let dingtalk = dingtalk(&["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], "")).ready().await;
    for path in ["/-/healthy", "/-/ready", "/-/ready/"] {
        let answer = bridge.get(path).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, "OK\n"));
        let head = bridge.request(Method::HEAD, path, &[], Bytes::new()).await;
        assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
    }
}

#[tokio::test]
async fn a_bridge_that_waits_for_its_folder_is_healthy_but_not_ready() {
    let dingtalk = dingtalk(&["ops"]).await;
    let first = Start::new(dingtalk.config(&["ops"], "")).ready().await;
    let second = Start::new(dingtalk.config(&["ops"], "")).in_folder(Arc::clone(&first.folder)).listening().await;
    second.wait_for_log("another dingbridge uses the folder").await;
    assert_eq!(second.get("/-/healthy").await.status, StatusCode::OK);
    assert_eq!(second.get("/-/ready").await.status, StatusCode::SERVICE_UNAVAILABLE);
    let answer = second.send("ops", payload("A", "firing")).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "Alertmanager tries again after a 503");
    let refused = "dingbridge_webhooks_rejected_total{reason=\"not_ready\"}";
    assert_eq!(second.metric(refused).await, Some(1.0));
    assert!(first.stop().await.0.success());
    second.until_ready().await;
    assert_eq!(second.send("ops", payload("A", "firing")).await.status, StatusCode::OK);
    dingtalk.until_shown(1).await;
}

/// Every series of a target, without its labels other than `target`; those that are not 0 in a new bridge are none.
const OF_A_TARGET: [&str; 27] = [
    "dingbridge_alerts_received_total{target=\"T\",status=\"firing\"}",
    "dingbridge_alerts_received_total{target=\"T\",status=\"resolved\"}",
    "dingbridge_notifications_accepted_total{target=\"T\"}",
    "dingbridge_notifications_suppressed_total{target=\"T\",reason=\"duplicate\"}",
    "dingbridge_notifications_total{target=\"T\"}",
    "dingbridge_notifications_failed_total{target=\"T\",reason=\"rejected\"}",
    "dingbridge_notifications_failed_total{target=\"T\",reason=\"retention\"}",
    "dingbridge_notification_requests_total{target=\"T\"}",
    "dingbridge_notification_requests_failed_total{target=\"T\",reason=\"retry\"}",
    "dingbridge_notification_requests_failed_total{target=\"T\",reason=\"throttled\"}",
    "dingbridge_notification_requests_failed_total{target=\"T\",reason=\"misconfigured\"}",
    "dingbridge_notification_requests_failed_total{target=\"T\",reason=\"rejected\"}",
    "dingbridge_notification_latency_seconds_count{target=\"T\"}",
    "dingbridge_notification_latency_seconds_sum{target=\"T\"}",
    "dingbridge_notification_latency_seconds_bucket{le=\"0.01\",target=\"T\"}",
    "dingbridge_notification_latency_seconds_bucket{le=\"1.0\",target=\"T\"}",
    "dingbridge_notification_latency_seconds_bucket{le=\"+Inf\",target=\"T\"}",
    "dingbridge_queue_length{target=\"T\"}",
    "dingbridge_queue_wait_seconds_count{target=\"T\"}",
    "dingbridge_queue_wait_seconds_sum{target=\"T\"}",
    "dingbridge_queue_wait_seconds_bucket{le=\"0.1\",target=\"T\"}",
    "dingbridge_queue_wait_seconds_bucket{le=\"3600.0\",target=\"T\"}",
    "dingbridge_queue_wait_seconds_bucket{le=\"+Inf\",target=\"T\"}",
    "dingbridge_messages_truncated_total{target=\"T\"}",
    "dingbridge_template_errors_total{target=\"T\"}",
    "dingbridge_robot_paused_until_timestamp_seconds{target=\"T\"}",
    "dingbridge_target_last_success_timestamp_seconds{target=\"T\"}",
];

const OF_THE_BRIDGE: [&str; 10] = [
    "dingbridge_webhooks_rejected_total{reason=\"no_target\"}",
    "dingbridge_webhooks_rejected_total{reason=\"token\"}",
    "dingbridge_webhooks_rejected_total{reason=\"sender\"}",
    "dingbridge_webhooks_rejected_total{reason=\"body\"}",
    "dingbridge_webhooks_rejected_total{reason=\"full\"}",
    "dingbridge_webhooks_rejected_total{reason=\"storage\"}",
    "dingbridge_webhooks_rejected_total{reason=\"not_ready\"}",
    "dingbridge_http_request_duration_seconds_count{handler=\"/dingtalk\",method=\"POST\",code=\"200\"}",
    "dingbridge_http_request_duration_seconds_count{handler=\"/hook\",method=\"POST\",code=\"200\"}",
    "dingbridge_http_request_duration_seconds_bucket{le=\"+Inf\",handler=\"/hook\",method=\"POST\",code=\"200\"}",
];

#[tokio::test]
async fn every_metric_is_there_from_the_start() {
    let dingtalk = dingtalk(&["ops", "dba"]).await;
    let bridge = Start::new(dingtalk.config(&["ops", "dba"], "")).ready().await;
    let answer = bridge.get("/metrics").await;
    assert_eq!(answer.headers[CONTENT_TYPE], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.body.ends_with("# EOF\n"));
    let value = |series: &str| -> Option<f64> {
        answer.body.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
    };
    for target in ["ops", "dba"] {
        for series in OF_A_TARGET {
            let series = series.replace("\"T\"", &format!("\"{target}\""));
            assert_eq!(value(&series), Some(0.0), "{series} in\n{}", answer.body);
        }
    }
    for series in OF_THE_BRIDGE {
        assert_eq!(value(series), Some(0.0), "{series} in\n{}", answer.body);
    }
    assert_eq!(value(RELOADED), Some(1.0));
    assert_eq!(value("dingbridge_targets"), Some(2.0));
    // The request that is being answered.
    assert_eq!(value("dingbridge_http_requests_in_flight"), Some(1.0));
    assert!(value("dingbridge_config_hash").expect("the hash") > 0.0);
    let loaded = value("dingbridge_config_last_reload_success_timestamp_seconds").expect("a time");
    assert!(loaded > 1_700_000_000.0, "{loaded}");
    let version = format!("dingbridge_build_info{{version=\"{}\"}}", env!("CARGO_PKG_VERSION"));
    assert_eq!(value(&version), Some(1.0));

    bridge.send("ops", payload("A", "firing")).await;
    bridge.send("ops", payload("A", "firing")).await;
    until_metric(&bridge, "dingbridge_notifications_total{target=\"ops\"}", 1.0).await;
    for (series, value) in [
        ("dingbridge_notifications_accepted_total{target=\"ops\"}", 1.0),
        ("dingbridge_notifications_suppressed_total{target=\"ops\",reason=\"duplicate\"}", 1.0),
        ("dingbridge_alerts_received_total{target=\"ops\",status=\"firing\"}", 1.0),
        ("dingbridge_notification_requests_total{target=\"ops\"}", 1.0),
        ("dingbridge_notifications_total{target=\"dba\"}", 0.0),
    ] {
        assert_eq!(bridge.metric(series).await, Some(value), "{series}");
    }
}

/// Two targets, the second under a name of its own, so that a reload can be seen.
fn with_second(dingtalk: &DingTalk, name: &str) -> String {
    let url = dingtalk.url("dba");
    format!("{}  {name}:\n    url: {url}\n    secret: {SECRET}\n", dingtalk.config(&["ops"], ""))
}

#[tokio::test]
async fn reload_by_signal_takes_up_what_was_added_changed_and_removed() {
    let dingtalk = dingtalk(&["ops", "dba"]).await;
    let bridge = Start::new(with_second(&dingtalk, "before")).ready().await;
    assert_eq!(bridge.send("before", payload("A", "firing")).await.status, StatusCode::OK);
    let hash = bridge.metric("dingbridge_config_hash").await;

    // `before` is removed, `after` is added, `ops` changes its tokens and its robot.
    let url = dingtalk.url("dba");
    let changed = format!(
        "targets:\n  ops: {{url: '{url}', secret: {SECRET}, tokens: [canary-new]}}\n  after: {{url: '{url}', secret: {SECRET}}}\n"
    );
    rewrite(&bridge, &changed);
    bridge.signal("HUP");
    bridge.wait_for_log("reloaded the configuration").await;
    assert_eq!(bridge.send("before", payload("B", "firing")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bridge.send("ops", payload("B", "firing")).await.status, StatusCode::UNAUTHORIZED);
    let path = "/dingtalk/ops/send/canary-new";
    let answer = bridge.request(Method::POST, path, &[], payload("B", "firing").into()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(bridge.send("after", payload("C", "firing")).await.status, StatusCode::OK);
    let shown = dingtalk.until_shown(3).await;
    assert!(shown.iter().all(|arrival| arrival.token == canary("dba")), "{shown:?}");

    assert_ne!(bridge.metric("dingbridge_config_hash").await, hash);
    for series in OF_A_TARGET {
        let of = |target: &str| series.replace("\"T\"", &format!("\"{target}\""));
        assert_eq!(bridge.metric(&of("before")).await, None, "{series} of a target that is gone");
        assert!(bridge.metric(&of("after")).await.is_some(), "{series} of a new target");
    }
    assert_eq!(bridge.metric("dingbridge_targets").await, Some(2.0));
}

#[tokio::test]
async fn reload_over_http_is_off_unless_it_is_asked_for() {
    let dingtalk = dingtalk(&["ops", "dba"]).await;
    let off = Start::new(dingtalk.config(&["ops"], "")).ready().await;
    rewrite(&off, &with_second(&dingtalk, "added"));
    for method in [Method::POST, Method::PUT] {
        let answer = reload(&off, method).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
        assert!(answer.body.contains("--web.enable-lifecycle"), "{answer:?}");
    }
    assert_eq!(off.metric("dingbridge_targets").await, Some(1.0));

    let on = Start::new(dingtalk.config(&["ops"], "")).arg("--web.enable-lifecycle").ready().await;
    for (method, name) in [(Method::POST, "one"), (Method::PUT, "two")] {
        rewrite(&on, &with_second(&dingtalk, name));
        assert_eq!(reload(&on, method).await.status, StatusCode::OK);
        // The answer comes when it has been taken up.
        assert_eq!(on.send(name, payload("A", "firing")).await.status, StatusCode::OK);
    }
    let by_variable =
        Start::new(dingtalk.config(&["ops"], "")).env("DINGBRIDGE_WEB_ENABLE_LIFECYCLE", "true").ready().await;
    assert_eq!(reload(&by_variable, Method::POST).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_reload_that_fails_says_why_and_what_ran_goes_on() {
    let dingtalk = dingtalk(&["ops"]).await;
    let good = dingtalk.config(&["ops"], "");
    let bridge = Start::new(good.clone()).arg("--web.enable-lifecycle").ready().await;
    let bad = [
        (good.replace("secret:", "secrte:"), ":4:5: targets.ops.secrte: unknown key; did you mean `secret`?"),
        ("targets: {ops: {url: canary}}\n".into(), ":1:22: targets.ops.url: expected https://"),
        ("targets: [\n".into(), ":1:10: unclosed bracket"),
        (String::new(), "expected keys and values"),
        (format!("{good}ca_file: /nonexistent/ca.pem\n"), "/nonexistent/ca.pem"),
    ];
    for (config, reason) in bad {
        rewrite(&bridge, &config);
        let answer = reload(&bridge, Method::POST).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(answer.body.starts_with("failed to reload config: ") && answer.body.contains(reason), "{answer:?}");
        assert_eq!(bridge.metric(RELOADED).await, Some(0.0));
        bridge.wait_for_log("the configuration was not reloaded, what ran goes on").await;
        assert_eq!(bridge.send("ops", payload("A", "firing")).await.status, StatusCode::OK);
        rewrite(&bridge, &good);
        assert_eq!(reload(&bridge, Method::PUT).await.status, StatusCode::OK);
        assert_eq!(bridge.metric(RELOADED).await, Some(1.0));
    }
    std::fs::remove_file(bridge.folder.path().join("dingbridge.yml")).expect("removed");
    let answer = reload(&bridge, Method::POST).await;
    assert!(answer.body.contains("cannot read") && answer.body.contains("dingbridge.yml"), "{answer:?}");
    dingtalk.until_shown(1).await;
}

/// Makes `name` in `folder` a link to `to`, in one step.
fn swap(folder: &Path, name: &str, to: &str) {
    let new = folder.join("..new");
    std::os::unix::fs::symlink(to, &new).expect("linked");
    std::fs::rename(new, folder.join(name)).expect("swapped");
}

#[tokio::test]
async fn a_swapped_config_map_is_noticed() {
    let dingtalk = dingtalk(&["ops", "dba"]).await;
    let folder = Arc::new(TempDir::new().expect("a folder"));
    let (one, two) = (folder.path().join("..one"), folder.path().join("..two"));
    std::fs::create_dir(&one).expect("made");
    std::fs::create_dir(&two).expect("made");
    swap(folder.path(), "..data", "..one");
    swap(folder.path(), "dingbridge.yml", "..data/dingbridge.yml");
    let start = Start::new(dingtalk.config(&["ops"], "")).in_folder(Arc::clone(&folder));
    let bridge = start.arg("--config.auto-reload-interval=1s").ready().await;
    std::fs::write(two.join("dingbridge.yml"), with_second(&dingtalk, "added")).expect("written");
    swap(folder.path(), "..data", "..two");
    bridge.wait_for_log("reloaded the configuration").await;
    assert_eq!(bridge.send("added", payload("A", "firing")).await.status, StatusCode::OK);

    // A mistake is told once, not every second; without it, all is well again although nothing has changed.
    std::fs::write(one.join("dingbridge.yml"), "targets: {}\nnosuch: 1\n").expect("written");
    swap(folder.path(), "..data", "..one");
    until_metric(&bridge, RELOADED, 0.0).await;
    assert_eq!(bridge.send("added", payload("B", "firing")).await.status, StatusCode::OK);
    swap(folder.path(), "..data", "..two");
    until_metric(&bridge, RELOADED, 1.0).await;
    assert_eq!(bridge.log().matches("the configuration was not reloaded").count(), 1, "{}", bridge.log());
    dingtalk.until_shown(2).await;
}

#[tokio::test]
async fn a_reload_that_failed_by_signal_is_mended_by_the_next_look() {
    let dingtalk = dingtalk(&["ops"]).await;
    let good = dingtalk.config(&["ops"], "");
    let bridge = Start::new(good.clone()).arg("--config.auto-reload-interval=1s").ready().await;
    rewrite(&bridge, "nosuch: 1\n");
    bridge.signal("HUP");
    until_metric(&bridge, RELOADED, 0.0).await;
    rewrite(&bridge, &good);
    until_metric(&bridge, RELOADED, 1.0).await;
}

#[tokio::test]
async fn operators_routes_can_have_an_address_of_their_own() {
    let dingtalk = dingtalk(&["ops"]).await;
    let start = Start::new(dingtalk.config(&["ops"], "")).arg("--web.enable-lifecycle");
    let bridge = start.arg("--web.admin-listen-address=127.0.0.1:0").ready().await;
    let log = bridge.log();
    let addresses: Vec<SocketAddr> = log
        .split("listening on\" address=")
        .skip(1)
        .map(|rest| rest.split_whitespace().next().expect("an address").parse().expect("an address"))
        .collect();
    let [public, admin] = addresses[..] else { panic!("two addresses: {log}") };
    assert_eq!(public, bridge.address);
    let body = payload("A", "firing");
    for (method, path, on_public, on_admin) in [
        (Method::GET, "/metrics", 404, 200),
        (Method::POST, "/-/reload", 404, 200),
        (Method::GET, "/-/healthy", 200, 200),
        (Method::GET, "/-/ready", 200, 200),
        (Method::POST, "/dingtalk/ops/send", 200, 404),
        (Method::POST, "/hook/alertmanager/ops", 200, 404),
    ] {
        let answer = wire::ask(public, method.clone(), path, &body).await;
        assert_eq!(answer.status.as_u16(), on_public, "{method} {path} on the public address: {answer:?}");
        let answer = wire::ask(admin, method.clone(), path, &body).await;
        assert_eq!(answer.status.as_u16(), on_admin, "{method} {path} on the operators' address: {answer:?}");
    }
}

/// The fields of a line in logfmt.
fn logfmt(line: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let mut rest = line.trim();
    while !rest.is_empty() {
        let (key, after) = rest.split_once('=').unwrap_or_else(|| panic!("a key and a value in {line:?}"));
        assert!(!key.is_empty() && !key.contains([' ', '"']), "a key in {line:?}");
        let value;
        if let Some(quoted) = after.strip_prefix('"') {
            let mut escaped = false;
            let end = quoted
                .find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                })
                .unwrap_or_else(|| panic!("a closing quote in {line:?}"));
            value = quoted[..end].replace("\\\"", "\"");
            rest = &quoted[end + 1..];
        } else {
            let end = after.find(' ').unwrap_or(after.len());
            value = after[..end].to_owned();
            rest = &after[end..];
        }
        assert!(rest.is_empty() || rest.starts_with(' '), "a space after {key} in {line:?}");
        rest = rest.trim_start();
        assert!(fields.insert(key.to_owned(), value).is_none(), "{key} once in {line:?}");
    }
    fields
}

#[tokio::test]
async fn each_line_of_the_log_can_be_read_by_programs() {
    let dingtalk = dingtalk(&["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], "")).ready().await;
    dingtalk.sandbox.order(Fault::Errcode { code: -1, errmsg: "系统 \"繁忙\" a=b\nnew line \u{1b}[31m".into() });
    bridge.request(Method::POST, "/dingtalk/no\"such=x%0A/send", &[], payload("A b=\"c\"", "firing").into()).await;
    bridge.send("ops", payload("A \"b\"=\nc", "firing")).await;
    bridge.send("ops", "{").await;
    dingtalk.until_shown(1).await;
    bridge.wait_for_log("message=delivered ").await;
    let log = bridge.log();
    let lines: Vec<_> = log.lines().map(logfmt).collect();
    assert!(lines.iter().all(|line| line.contains_key("ts") && line.contains_key("level")), "{log}");
    let delivered: Vec<_> = lines.iter().filter(|line| line.get("message").is_some_and(|m| m == "delivered")).collect();
    assert_eq!(delivered.len(), 1, "{log}");
    delivered_line(|key| delivered[0].get(key).cloned());
}

#[tokio::test]
async fn each_line_of_the_log_can_be_json() {
    let dingtalk = dingtalk(&["ops"]).await;
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("dingbridge.yml"), dingtalk.config(&["ops"], "")).expect("written");
    let mut bridge =
        program::start(program(&["--web.listen-address=127.0.0.1:0", "--log.format=json"]).current_dir(folder.path()));
    bridge.until_err("\"ready\"").await;
    let lines = || -> Vec<Value> {
        bridge.stderr().lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    };
    let listening = lines().into_iter().find_map(|line| line["address"].as_str().map(str::to_owned));
    let address = listening.expect("an address").parse().expect("an address");
    dingtalk.sandbox.order(Fault::Errcode { code: -1, errmsg: "系统 \"繁忙\" a=b\nnew line".into() });
    wire::ask(address, Method::POST, "/dingtalk/nosuch/send", "{}").await;
    wire::ask(address, Method::POST, "/dingtalk/ops/send", &payload("A", "firing")).await;
    bridge.until_err("\"delivered\"").await;
    let lines = lines();
    for line in &lines {
        assert!(line["timestamp"].is_string() && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
    let delivered: Vec<_> = lines.iter().filter(|line| line["message"] == "delivered").collect();
    assert_eq!((delivered.len(), &delivered[0]["level"]), (1, &"INFO".into()));
    delivered_line(|key| match &delivered[0][key] {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    });
    assert!(bridge.end("TERM").await.success());
    assert!(!bridge.stderr().contains(CANARY) && bridge.stdout().is_empty());
}

fn delivered_line(field: impl Fn(&str) -> Option<String>) {
    let number = |key: &str| field(key).unwrap_or_else(|| panic!("{key}")).parse::<u64>().expect("a number");
    assert_eq!(field("target").as_deref(), Some("ops"));
    assert_eq!((number("robot"), number("attempt")), (0, 2));
    assert!(number("bytes") > 100);
    let _ = (number("latency_ms"), number("waited_ms"));
    assert!(uuid::Uuid::parse_str(&field("id").expect("an id")).is_ok());
}

#[tokio::test]
async fn a_call_that_is_under_way_is_finished_before_the_end() {
    let dingtalk = dingtalk(&["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], "")).ready().await;
    dingtalk.sandbox.order(Fault::Slow(Duration::from_secs(1)));
    bridge.send("ops", payload("A", "firing")).await;
    dingtalk.until_arrived(1).await;
    let (status, folder) = bridge.stop().await;
    assert_eq!(status.code(), Some(0));
    let again = Start::new(dingtalk.config(&["ops"], "")).in_folder(folder).ready().await;
    again.send("ops", payload("B", "firing")).await;
    dingtalk.until_shown(2).await;
    // The first was not sent again before the second.
    assert_eq!(dingtalk.sandbox.arrivals().len(), 2);
    again.signal("INT");
    let mut again = again;
    assert_eq!(again.exited().await.code(), Some(0));
}

#[tokio::test]
async fn a_target_that_comes_back_while_its_call_is_under_way_is_told_once() {
    let dingtalk = dingtalk(&["ops", "dba"]).await;
    let both = dingtalk.config(&["ops", "dba"], "");
    let bridge = Start::new(both.clone()).arg("--web.enable-lifecycle").ready().await;
    dingtalk.sandbox.order_for(&canary("ops"), Fault::Slow(Duration::from_secs(1)));
    bridge.send("ops", payload("A", "firing")).await;
    bridge.send("ops", payload("A", "resolved")).await;
    dingtalk.until_arrived(1).await;
    rewrite(&bridge, &dingtalk.config(&["dba"], ""));
    assert_eq!(reload(&bridge, Method::POST).await.status, StatusCode::OK);
    rewrite(&bridge, &both);
    assert_eq!(reload(&bridge, Method::POST).await.status, StatusCode::OK);
    dingtalk.until_shown(2).await;
    let titles = dingtalk.titles();
    assert!(titles[0].contains("FIRING") && titles[1].contains("RESOLVED"), "{titles:?}");
    until("nothing waits", || bridge.log().matches("message=delivered").count() >= 2).await;
    assert_eq!(dingtalk.sandbox.arrivals().len(), 2);
}

#[tokio::test]
async fn exit_codes_tell_bad_usage_from_a_bad_configuration() {
    let folder = TempDir::new().expect("a folder");
    let serve = |args: &[&str]| run_in(folder.path(), args, "");
    for args in [
        vec!["--nosuch"],
        vec!["nosuch"],
        vec!["--log.level=loud"],
        vec!["--config.auto-reload-interval=soon"],
        vec!["check"],
        vec!["render"],
    ] {
        let run = serve(&args);
        assert_eq!(run.code, Some(2), "{args:?}: {run:?}");
        assert!(run.stdout.is_empty() && run.stderr.contains("error:"), "{args:?}: {run:?}");
    }
    let missing = serve(&[]);
    assert_eq!(missing.code, Some(1));
    assert!(missing.stderr.contains("cannot read dingbridge.yml: No such file"), "{missing:?}");
    std::fs::write(folder.path().join("dingbridge.yml"), "targets:\n  ops: {urk: x}\n").expect("written");
    let bad = serve(&["serve"]);
    assert_eq!(bad.code, Some(1));
    assert!(bad.stderr.contains("dingbridge.yml:2:9: targets.ops.urk: unknown key; did you mean `url`?"), "{bad:?}");

    std::fs::write(folder.path().join("dingbridge.yml"), "targets: {ops: {url: sandbox}}\n").expect("written");
    let taken = TcpListener::bind("127.0.0.1:0").await.expect("a port").into_std().expect("a socket");
    let address = taken.local_addr().expect("an address");
    for flag in ["--web.listen-address", "--web.admin-listen-address"] {
        let listen = ["--web.listen-address=127.0.0.1:0".to_owned(), format!("{flag}={address}")];
        let args: Vec<&str> = listen.iter().map(String::as_str).collect();
        let run = serve(if flag == "--web.listen-address" { &args[1..] } else { &args });
        assert_eq!(run.code, Some(1), "{run:?}");
        let sentence = format!("cannot listen on {address}; choose another with {flag}: Address already in use");
        assert!(run.stderr.contains(&sentence), "{sentence} in {run:?}");
    }
    let run = serve(&["--web.listen-address=nowhere"]);
    assert!(run.code == Some(1) && run.stderr.contains("cannot listen on nowhere"), "{run:?}");
    let run = serve(&["--web.config.file=web.yml"]);
    assert!(run.code == Some(1) && run.stderr.contains("--web.config.file is not supported"), "{run:?}");
}

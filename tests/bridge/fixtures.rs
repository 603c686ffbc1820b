//! Every body that a real Alertmanager was seen to send: taken, rendered, and judged as the captured sequences say.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use dingbridge::clock::from_millis;
use dingbridge::dedupe::{GroupState, Verdict, judge};

use dingbridge::sandbox::Settings;
use dingbridge::sender::{self, Request};
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::{CANARY, DingTalk, EACH, Start, fixture};

/// The one body that is not Alertmanager's own form: its operator had set `payload:`.
const NOT_A_WEBHOOK: &str = "14-custom-payload.json";

/// How many bodies there are, so that none is forgotten and no folder is skipped.
const BODIES: usize = 107;

/// DingTalk's limit of 20,000 bytes, less what the bridge keeps free.
const MOST_BYTES: usize = 19_500;

#[derive(Deserialize)]
struct Capture {
    note: String,
    sequences: Vec<Sequence>,
}

#[derive(Deserialize)]
struct Sequence {
    alertmanager: String,
    scenario: String,
    requests: Vec<Captured>,
}

/// A request as it was captured.
#[derive(Deserialize)]
struct Captured {
    /// Seconds since the first one.
    t: f64,
    /// What the capturing receiver answered, or would have, had the client waited.
    intended_code: u16,
    body: String,
    expected: Expected,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Forward,
    Suppress,
    /// A copy that came while the first was still being answered. To a bridge that commits before it answers it is a
    /// duplicate like any other.
    Coalesce,
}

#[tokio::test]
async fn every_captured_body_is_accepted_and_reaches_the_group() {
    let rate = (10_000, Duration::from_secs(1));
    let dingtalk = DingTalk::start(Settings { rate, ..Settings::default() }, &["ops"]).await;
    let bridge = Start::new(dingtalk.config(&["ops"], &format!("rate_limit: 1000/1s\n{EACH}"))).ready().await;
    let mut accepted = 0;
    for path in bodies() {
        let answer = bridge.send("ops", std::fs::read(&path).expect("a body")).await;
        let told: Value = serde_json::from_str(&answer.body).expect("JSON");
        if path.ends_with(NOT_A_WEBHOOK) {
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", path.display());
            assert!(told["errmsg"].as_str().is_some_and(|reason| reason.contains("`payload:`")), "{told}");
            continue;
        }
        assert_eq!(answer.status, StatusCode::OK, "{}: {told}", path.display());
        accepted += usize::from(told["status"] == "accepted");
    }
    let shown = dingtalk.until_shown(accepted).await;
    assert_eq!((shown.len(), dingtalk.sandbox.arrivals().len()), (accepted, accepted));
    assert!(accepted > BODIES / 2, "{accepted}");
}

#[test]
fn every_captured_body_renders_to_one_message_within_the_limit() {
    let folder = TempDir::new().expect("temporary folder");
    let config = folder.path().join("dingbridge.yml");
    let url = format!("https://oapi.dingtalk.com/robot/send?access_token={CANARY}");
    std::fs::write(&config, format!("targets:\n  ops:\n    url: {url}\n")).expect("write the configuration");
    for path in bodies() {
        let name = path.display();
        let shown = render(&config, &[], &path);
        let json = render(&config, &["--json"], &path);
        if path.ends_with(NOT_A_WEBHOOK) {
            assert!(!shown.status.success() && !json.status.success(), "{name}");
            let told = String::from_utf8(shown.stderr).expect("UTF-8");
            assert!(told.contains("`payload:`"), "{told}");
            continue;
        }
        assert!(shown.status.success() && json.status.success(), "{name}: {shown:?} {json:?}");
        let shown = String::from_utf8(shown.stdout).expect("UTF-8");
        assert!(!shown.trim().is_empty() && !shown.contains("failed    "), "{name}: {shown}");

        let line = String::from_utf8(json.stdout).expect("UTF-8");
        let line = line.strip_suffix('\n').expect("a line");
        assert!(!line.contains('\n') && line.len() <= MOST_BYTES, "{name}: {} bytes", line.len());
        let body: Value = serde_json::from_str(line).expect("JSON");
        let written = |field: &str| body["markdown"][field].as_str().is_some_and(|text| !text.trim().is_empty());
        assert!(body["msgtype"] == "markdown" && written("title") && written("text"), "{name}: {line}");
    }
}

#[test]
fn the_captured_sequences_are_judged_as_they_should_be() {
    let text = std::fs::read_to_string(fixture("alertmanager/sequences.json")).expect("the sequences");
    let capture: Capture = serde_json::from_str(&text).expect("JSON");
    // The sequences were captured on a clock that runs faster than an operator's: repeats are seconds apart.
    let (window, floor) = (Duration::from_secs(600), Duration::from_secs(4));
    assert!(capture.note.contains("window 600 s, repeat floor 4 s"), "{}", capture.note);
    let mut judged = BTreeMap::new();
    for Sequence { alertmanager, scenario, requests } in &capture.sequences {
        let mut states = HashMap::new();
        for Captured { t, intended_code, body, expected } in requests {
            let decoded = sender::decode(Request::of_body(body.as_bytes()), None, &sender::Settings::default())
                .expect("a webhook");
            let notification = decoded.notification;
            let (group, digest) = (notification.group_id("ops"), notification.state_digest());
            let now = from_millis((t * 1000.0).round() as i64);
            let verdict = judge(states.get(&group), digest, notification.is_repeat(), now, window, floor);
            let wanted = match expected {
                Expected::Forward => Verdict::News,
                Expected::Suppress | Expected::Coalesce => Verdict::Duplicate,
            };
            assert_eq!(verdict, wanted, "{scenario} of {alertmanager} after {t} s");
            // What was not accepted is not recorded; what was suppressed leaves the state as it is.
            if *intended_code < 300 && verdict == Verdict::News {
                states.insert(group, GroupState { digest, accepted_at: now, id: Uuid::nil(), repeats: 0 });
            }
            *judged.entry(*expected).or_insert(0) += 1;
        }
    }
    let expected = [(Expected::Forward, 78), (Expected::Suppress, 7), (Expected::Coalesce, 4)];
    assert_eq!((capture.sequences.len(), judged), (30, BTreeMap::from(expected)));
}

/// The bodies of every folder, in the order of their names.
fn bodies() -> Vec<PathBuf> {
    let folders = ["v0.25.0", "v0.33.1", "synthetic"].map(|folder| fixture("alertmanager").join(folder));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).expect("a folder"));
    let mut bodies: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    bodies.sort();
    assert!(bodies.iter().all(|path| path.extension().is_some_and(|extension| extension == "json")));
    assert_eq!(bodies.len(), BODIES);
    bodies
}

/// Runs `dingbridge render` for the target `ops`.
fn render(config: &Path, args: &[&str], body: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dingbridge"));
    command.arg("render").arg(format!("--config.file={}", config.display())).args(["--target", "ops"]);
    command.args(args).arg(body).output().expect("run dingbridge")
}

//! Behind the real Alertmanager: one message per change of state, alone, in a cluster, split, and over restarts.
//!
//! "Never a second message" is not waited for: a test ends once Alertmanager has looked at its groups again, or once
//! the bridge has counted what it held back.

mod process;

use std::net::SocketAddr;
use std::time::Duration;

use dingbridge::dingtalk::Mention;
use dingbridge::sandbox::{Arrival, Fault, Settings, Signature};
use serde_json::Value;
use tokio::net::TcpSocket;

use self::process::{Alert, Alertmanager, Cluster, until_clustered};
use crate::harness::{Bridge, DingTalk, Start, TOKEN, canary, until_async};

/// What the messages of most tests say: the alerts and their states, nothing that depends on the time.
const BRIEF: &str = r#"message:
  title: "{{status}}"
  text: "{{#each alerts}}{{labels.instance}} {{status}}{{#unless @last}}, {{/unless}}{{/each}}""#;

/// Alertmanager looks at a group every second and repeats itself after an hour.
const QUIET: &str = "group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 1h";
/// Alertmanager looks at a group every second and repeats itself each time.
const REPEATING: &str = "group_by: [alertname], group_wait: 1s, group_interval: 1s, repeat_interval: 500ms";

const SUPPRESSED: &str = r#"dingbridge_notifications_suppressed_total{target="ops",reason="duplicate"}"#;
const ACCEPTED: &str = r#"dingbridge_notifications_accepted_total{target="ops"}"#;

#[tokio::test]
async fn each_change_of_a_group_is_told_once_also_a_refire_with_the_same_start() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = Start::new(dingtalk.config(&["ops"], BRIEF)).ready().await;
    let alertmanager = Alertmanager::start("am", &config(bridge.address, QUIET), Cluster::None).await;
    let (db1, db2) = (Alert::new("HostDown", "db1"), Alert::new("HostDown", "db2"));

    alertmanager.push([db1.firing()]).await;
    until_told(&dingtalk, &["db1 firing"]).await;
    alertmanager.push([db2.firing()]).await;
    until_told(&dingtalk, &["db1 firing", "db1 firing, db2 firing"]).await;
    alertmanager.push([db1.resolved()]).await;
    dingtalk.until_shown(3).await;
    alertmanager.push([db2.resolved()]).await;
    dingtalk.until_shown(4).await;
    // The same alert since the same time: what Alertmanager posts now is equal, to the byte, to its first request.
    alertmanager.push([db1.firing()]).await;
    dingtalk.until_shown(5).await;

    alertmanager.until_looked_again().await;
    let told = ["db1 firing", "db1 firing, db2 firing", "db1 resolved, db2 firing", "db2 resolved", "db1 firing"];
    assert_eq!(story(&dingtalk), told);
    assert_eq!(alertmanager.webhooks("notification_requests_total").await, 5);
    assert_eq!((count(&bridge, ACCEPTED).await, count(&bridge, SUPPRESSED).await), (5, 0));
}

/// Before 0.32 a repeat does not say that it is one, so it cannot be told from a copy: it passes only when the target's
/// window is shorter than `repeat_interval`.
#[tokio::test]
async fn repeats_without_a_reason_are_held_back_within_the_window_and_pass_after_it() {
    let dingtalk = DingTalk::start(Settings::default(), &["ops", "again"]).await;
    let targets = dingtalk.config(&["ops"], "") + dingtalk.config(&["again"], BRIEF).trim_start_matches("targets:\n");
    let bridge = Start::new(format!("{targets}    dedupe_window: 2s\n")).ready().await;
    let config = format!(
        "route: {{receiver: both, {REPEATING}}}\nreceivers:\n- name: both\n  webhook_configs: [{}, {}]\n",
        webhook(bridge.address, "ops"),
        webhook(bridge.address, "again"),
    );
    let alertmanager = Alertmanager::start("am", &config, Cluster::None).await;
    let db1 = Alert::new("HostDown", "db1");
    let of = |target: &str| {
        let token = canary(target);
        dingtalk.shown().into_iter().filter(|arrival| arrival.token == token).collect::<Vec<_>>()
    };

    alertmanager.push([db1.firing()]).await;
    // It posts every second and the window is two: some pass, some do not.
    until_async("repeats that pass", async || of("again").len() >= 3).await;
    let suppressed_again = SUPPRESSED.replace("ops", "again");
    until_async("repeats that do not", async || count(&bridge, &suppressed_again).await >= 1).await;
    until_async("repeats to ops", async || count(&bridge, SUPPRESSED).await >= 3).await;
    assert_eq!(of("ops").len(), 1);
    for arrival in of("again") {
        assert_eq!(arrival.signed, Signature::Valid);
        assert_eq!(arrival.message().expect("a message").text, "db1 firing");
    }

    alertmanager.push([db1.resolved()]).await;
    until_async("the end", async || of("ops").len() >= 2).await;
    let ops = of("ops");
    assert!(ops.iter().all(|arrival| arrival.signed == Signature::Valid));
    let messages: Vec<_> = ops.iter().map(|arrival| arrival.message().expect("a message")).collect();
    assert!(messages[0].title.contains("[FIRING:1] HostDown"), "{:?}", messages[0]);
    assert!(messages[1].title.contains("[RESOLVED:1] HostDown"), "{:?}", messages[1]);
    assert!(messages[1].text.contains("identical repeats were held back meanwhile"), "{:?}", messages[1]);
    assert_eq!(count(&bridge, ACCEPTED).await, 2);
}

/// The peer after the first posts as well when the first has had no answer for `--cluster.peer-timeout`: a bridge that
/// hangs for a while gets each notification from each peer.
#[tokio::test]
async fn a_cluster_whose_peers_all_post_while_the_bridge_hangs_is_told_once() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = Start::new(dingtalk.config(&["ops"], BRIEF)).ready().await;
    let config = config(bridge.address, QUIET);
    let first = Alertmanager::start("am-0", &config, Cluster::First).await;
    let second = Alertmanager::start("am-1", &config, Cluster::Join(&first)).await;
    let peers = [&first, &second];
    until_clustered(&peers).await;
    let db1 = Alert::new("HostDown", "db1");

    push_to_all(&peers, [db1.firing()]).await;
    until_told(&dingtalk, &["db1 firing"]).await;
    for peer in peers {
        peer.until_looked_again().await;
    }
    let held_back = count(&bridge, SUPPRESSED).await;

    let posted = [first.webhooks("notifications_total").await, second.webhooks("notifications_total").await];
    bridge.signal("STOP");
    push_to_all(&peers, [db1.resolved()]).await;
    for (peer, posted) in peers.into_iter().zip(posted) {
        until_async("each peer to post", async || peer.webhooks("notifications_total").await > posted).await;
    }
    bridge.signal("CONT");
    until_async("the copy", async || count(&bridge, SUPPRESSED).await > held_back).await;
    until_told(&dingtalk, &["db1 firing", "db1 resolved"]).await;

    push_to_all(&peers, [db1.firing()]).await;
    until_told(&dingtalk, &["db1 firing", "db1 resolved", "db1 firing"]).await;
    for peer in peers {
        peer.until_looked_again().await;
    }
    assert_eq!(story(&dingtalk).len(), 3);
    assert_eq!(count(&bridge, ACCEPTED).await, 3);
}

/// What differs between the copies is `externalURL` alone.
#[tokio::test]
async fn two_alertmanagers_that_do_not_know_each_other_are_told_once() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = Start::new(dingtalk.config(&["ops"], BRIEF)).ready().await;
    let config = config(bridge.address, QUIET);
    let left = Alertmanager::start("am-0", &config, Cluster::None).await;
    let right = Alertmanager::start("am-1", &config, Cluster::None).await;
    let (db1, db2) = (Alert::new("HostDown", "db1"), Alert::new("HostDown", "db2"));

    let changes = [
        (db1.firing(), "db1 firing"),
        (db2.firing(), "db1 firing, db2 firing"),
        (db2.resolved(), "db1 firing, db2 resolved"),
        (db1.resolved(), "db1 resolved"),
        (db1.firing(), "db1 firing"),
    ];
    let mut told = Vec::new();
    for (change, message) in changes {
        push_to_all(&[&left, &right], [change]).await;
        told.push(message);
        // Both have told this change before the next one happens: one that lags would tell the old state as news.
        until_async("both to post", async || count(&bridge, SUPPRESSED).await >= told.len() as u64).await;
        until_told(&dingtalk, &told).await;
    }

    for alertmanager in [&left, &right] {
        alertmanager.until_looked_again().await;
        assert_eq!(alertmanager.webhooks("notification_requests_total").await, 5);
    }
    assert_eq!((count(&bridge, ACCEPTED).await, count(&bridge, SUPPRESSED).await), (5, 5));
    assert_eq!(story(&dingtalk), told);
}

#[tokio::test]
async fn a_restart_neither_loses_a_change_nor_repeats_what_was_told() {
    let dingtalk = DingTalk::with_ops().await;
    let (_reserved, address) = reserved_port();
    let start = || Start::new(dingtalk.config(&["ops"], BRIEF)).at(address);
    let mut bridge = start().ready().await;
    assert_eq!(bridge.address, address);
    // It posts every second, whether something has changed or not.
    let alertmanager = Alertmanager::start("am", &config(address, REPEATING), Cluster::None).await;
    let (db1, db2) = (Alert::new("HostDown", "db1"), Alert::new("HostDown", "db2"));
    alertmanager.push([db1.firing()]).await;
    until_told(&dingtalk, &["db1 firing"]).await;

    let changes = [
        (vec![db1.firing()], None),
        (vec![db2.firing()], Some("db1 firing, db2 firing")),
        (vec![db1.resolved(), db2.resolved()], Some("db1 resolved, db2 resolved")),
        (vec![db1.firing()], Some("db1 firing")),
    ];
    let mut told = vec!["db1 firing"];
    for (change, message) in changes {
        let (stopped, folder) = bridge.stop().await;
        assert!(stopped.success());
        let failed = || alertmanager.webhooks("notification_requests_failed_total");
        let before = failed().await;
        alertmanager.push(change).await;
        until_async("Alertmanager to try in vain, twice", async || failed().await >= before + 2).await;
        assert_eq!(story(&dingtalk), told);

        bridge = start().in_folder(folder).ready().await;
        told.extend(message);
        until_told(&dingtalk, &told).await;
        if message != Some("db1 resolved, db2 resolved") {
            // A repeat of what was told last: a new process knows it from the disk.
            until_async("a repeat", async || count(&bridge, SUPPRESSED).await >= 1).await;
        }
        assert_eq!(story(&dingtalk), told);
    }
}

/// A refusal that may pass is a 503, which Alertmanager tries again at once.
#[tokio::test]
async fn what_a_full_outbox_refuses_is_told_once_it_has_room() {
    let dingtalk = DingTalk::with_ops().await;
    dingtalk.sandbox.order(Fault::Slow(Duration::from_secs(4)));
    let bridge = Start::new(format!("storage:\n  backlog: 1\n{}", dingtalk.config(&["ops"], BRIEF))).ready().await;
    let alertmanager = Alertmanager::start("am", &config(bridge.address, QUIET), Cluster::None).await;

    // Its message has arrived, but waits for DingTalk's answer in the outbox.
    alertmanager.push([Alert::new("HostDown", "db1").firing()]).await;
    dingtalk.until_arrived(1).await;
    alertmanager.push([Alert::new("DiskFull", "db2").firing()]).await;
    until_told(&dingtalk, &["db1 firing", "db2 firing"]).await;

    let full = r#"dingbridge_webhooks_rejected_total{reason="full"}"#;
    let failed = alertmanager.webhooks("notification_requests_failed_total").await;
    assert!(failed >= 1);
    assert_eq!(count(&bridge, full).await, failed);
    assert_eq!(count(&bridge, SUPPRESSED).await, 0);
}

#[tokio::test]
async fn odd_names_arrive_and_call_nobody_with_the_token_in_a_header_or_in_the_path() {
    let dingtalk = DingTalk::start(Settings::default(), &["ops", "dba"]).await;
    let message = r#"message:
  title: "{{receiver}} · {{names alerts}}"
  text: |-
    {{receiver}}

    {{#each alerts}}
    {{#each labels}}
    - {{@key}}: {{this}}
    {{/each}}
    {{#each annotations}}
    > {{@key}}: {{this}}
    {{/each}}
    {{/each}}"#;
    let tokens = format!("tokens: [{TOKEN}]");
    let targets = dingtalk.config(&["ops"], &format!("{tokens}\n{message}"))
        + dingtalk.config(&["dba"], &tokens).trim_start_matches("targets:\n");
    let bridge = Start::new(targets).ready().await;
    let address = bridge.address;
    let receiver = "team.dingtalk (ops+dba) 运维";
    let config = format!(
        "route: {{receiver: '{receiver}', {QUIET}}}
receivers:
- name: '{receiver}'
  webhook_configs:
  - url: http://{address}/dingtalk/ops/send
    http_config: {{authorization: {{credentials: {TOKEN}}}}}
  - url: http://{address}/dingtalk/dba/send/{TOKEN}
"
    );
    let alertmanager = Alertmanager::start("am", &config, Cluster::None).await;
    let mut odd = Alert::new("特殊字符 & <Markdown> *test*", "host[1](http://evil.example.test)|a");
    odd.labels["at"] = "@13800138000 @所有人 @all".into();
    odd.labels["quote"] = r#"he said "hi" & 'bye'"#.into();
    odd.labels["path"] = r"C:\Windows\Temp".into();
    odd.labels["rtl"] = "\u{202e}evil".into();
    odd.labels["tpl"] = "{{ .Labels.x }} ${env} {{{raw}}}".into();
    odd.labels["zwsp"] = "a\u{200b}b".into();
    odd.labels["this"] = "a".into();
    odd.labels["__proto__"] = "b".into();
    odd.labels["else"] = "c".into();
    odd.annotations["description"] = "line1\r\nline2\ttab\u{2028}ls </script><b>html</b> @13800138000".into();
    odd.annotations["empty"] = "".into();

    alertmanager.push([odd.firing()]).await;
    let shown = dingtalk.until_shown(2).await;
    for arrival in &shown {
        assert_eq!(arrival.signed, Signature::Valid);
        let message = arrival.message().expect("a message");
        assert_eq!(message.mention, Mention::default());
        let body: Value = serde_json::from_str(&arrival.body).expect("JSON");
        assert_eq!(body.get("at"), None);
        assert!(!arrival.body.contains('\u{202e}'), "{}", arrival.body);
    }
    let ops = canary("ops");
    let ops = shown.iter().find(|arrival| arrival.token == ops).expect("one for ops");
    assert_eq!(ops.message().expect("a message").title, format!("{receiver} · 特殊字符 & <Markdown> *test*"));
    let text = ops.message().expect("a message").text.replace('\u{200b}', "<U+200B>");
    insta::assert_snapshot!(text, @r#"
    team.dingtalk (ops+dba) 运维

    - \_\_proto\_\_: b
    - alertname: 特殊字符 &amp; &lt;Markdown&gt; \*test\*
    - at: @<U+200B>13800138000 @<U+200B>所有人 @<U+200B>all
    - else: c
    - instance: host\[1\](http://evil.example.test)|a
    - path: C:\\Windows\\Temp
    - quote: he said "hi" &amp; 'bye'
    - rtl: evil
    - severity: critical
    - this: a
    - tpl: {{ .Labels.x }} ${env} {{{raw}}}
    - zwsp: a<U+200B>b
    > description: line1
    line2 tab
    ls </script><b>html</b> @<U+200B>13800138000
    > empty: 
    > summary: host[1](http://evil.example.test)|a is down
    "#);

    alertmanager.until_looked_again().await;
    assert_eq!(dingtalk.shown().len(), 2);
    assert_eq!(alertmanager.webhooks("notification_requests_total").await, 2);
    assert_eq!(alertmanager.webhooks("notification_requests_failed_total").await, 0);
}

#[tokio::test]
async fn what_max_alerts_cuts_off_is_told() {
    let dingtalk = DingTalk::with_ops().await;
    let bridge = Start::new(dingtalk.config(&["ops"], "")).ready().await;
    let config = config(bridge.address, QUIET).replace("url:", "max_alerts: 2, url:");
    let alertmanager = Alertmanager::start("am", &config, Cluster::None).await;
    // They begin now: alerts that are older than `group_wait` are told at once, the first perhaps without the others.
    let alert = |number: u32| {
        let mut alert = Alert::new("HostDown", &format!("db{number}"));
        alert.starts_at += Duration::from_secs(60);
        alert.firing()
    };

    alertmanager.push((1..=5).map(alert).collect::<Vec<_>>()).await;
    dingtalk.until_shown(1).await;
    alertmanager.push([alert(6)]).await;
    dingtalk.until_shown(2).await;
    alertmanager.until_looked_again().await;
    let shown = dingtalk.shown();
    assert_eq!(shown.len(), 2);
    for (arrival, beyond) in shown.iter().zip([3, 4]) {
        assert_eq!(arrival.signed, Signature::Valid);
        let message = arrival.message().expect("a message");
        assert!(message.title.contains("[FIRING:2+] HostDown"), "{message:?}");
        let told = format!("{beyond} more not sent by Alertmanager (max\\_alerts)");
        assert!(message.text.contains(&told), "{message:?}");
        assert!(message.text.contains("db1 is down") && message.text.contains("db2 is down"), "{message:?}");
        assert!(!message.text.contains("db3"), "{message:?}");
    }
}

/// A configuration that posts everything to the target `ops`.
fn config(bridge: SocketAddr, route: &str) -> String {
    let webhook = webhook(bridge, "ops");
    format!("route: {{receiver: ops, {route}}}\nreceivers:\n- name: ops\n  webhook_configs: [{webhook}]\n")
}

fn webhook(bridge: SocketAddr, target: &str) -> String {
    format!("{{url: 'http://{bridge}/dingtalk/{target}/send'}}")
}

/// A port that nobody else gets while no bridge listens on it: it is bound but does not listen, so that whoever
/// connects is refused.
fn reserved_port() -> (TcpSocket, SocketAddr) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("the bridge may bind it as well");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a port");
    let address = socket.local_addr().expect("an address");
    (socket, address)
}

async fn push_to_all(alertmanagers: &[&Alertmanager], alerts: impl Into<Value>) {
    let alerts: Value = alerts.into();
    for alertmanager in alertmanagers {
        alertmanager.push(alerts.clone()).await;
    }
}

/// What the group has read, oldest first; every message of it is signed and is what [`BRIEF`] makes.
fn story(dingtalk: &DingTalk) -> Vec<String> {
    let tell = |arrival: Arrival| {
        assert_eq!(arrival.signed, Signature::Valid);
        let message = arrival.message().expect("a message");
        let status = if message.text.contains("firing") { "firing" } else { "resolved" };
        assert_eq!(message.title, status, "{message:?}");
        message.text
    };
    dingtalk.shown().into_iter().map(tell).collect()
}

/// Waits until the group has read that many messages; they must be these.
async fn until_told(dingtalk: &DingTalk, messages: &[&str]) {
    dingtalk.until_shown(messages.len()).await;
    assert_eq!(story(dingtalk), messages);
}

/// The value of a counter of the bridge.
async fn count(bridge: &Bridge, series: &str) -> u64 {
    bridge.metric(series).await.expect(series) as u64
}

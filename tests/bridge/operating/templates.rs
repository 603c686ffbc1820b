//! Templates that change, break and are mended while the bridge runs.

use super::*;
use crate::harness::{EACH, payload_of};

const FAILURES: &str = "dingbridge_template_errors_total{target=\"ops\"}";
const KEPT: &str = "the configuration was not reloaded, what ran goes on";

/// A bridge whose message is the template `mine`, of a file.
async fn with_template(dingtalk: &DingTalk, text: &str, args: &[&str]) -> Bridge {
    let folder = Arc::new(TempDir::new().expect("a folder"));
    std::fs::create_dir(folder.path().join("templates")).expect("made");
    write(&folder, text);
    let config = dingtalk.config(&["ops"], &format!("message: {{title: x, text: '{{{{> mine}}}}'}}\n{EACH}"));
    let start = Start::new(format!("templates: [templates/*.hbs]\n{config}")).in_folder(folder);
    args.iter().fold(start, |start, arg| start.arg(*arg)).ready().await
}

fn write(folder: &TempDir, text: &str) {
    std::fs::write(folder.path().join("templates/mine.hbs"), text).expect("written");
}

/// What the group gets to see of the next notification, which is the `count`th.
async fn next(bridge: &Bridge, dingtalk: &DingTalk, count: usize) -> String {
    assert_eq!(bridge.send("ops", payload(&format!("Group{count}"), "firing")).await.status, StatusCode::OK);
    dingtalk.until_shown(count).await[count - 1].message().expect("a message").text
}

#[tokio::test]
async fn a_broken_template_changes_nothing_until_it_is_mended() {
    let dingtalk = dingtalk(&["ops"]).await;
    let args = ["--web.enable-lifecycle", "--config.auto-reload-interval=0s"];
    let bridge = with_template(&dingtalk, "first {{names firing}}", &args).await;
    assert_eq!(next(&bridge, &dingtalk, 1).await, "first Group1");

    let broken = [
        ("\n\n  {{icom severity}}", "line 3, column 3 of the template: there is no helper \"icom\""),
        ("{{statuss}}", "line 1, column 1 of the template: there is no field \"statuss\""),
        ("x\n{{#if status}}", "line 2, column 15 of the template: "),
        ("{{> nosuch}}", "line 1, column 1 of the template: "),
        ("{{ range .Alerts }}{{ end }}", "line 1, column 1 of the template: this is a Go template"),
    ];
    for (number, (text, reason)) in broken.into_iter().enumerate() {
        write(&bridge.folder, text);
        let answer = reload(&bridge, Method::POST).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{text}: {answer:?}");
        let place = format!("templates/mine.hbs: {reason}");
        assert!(answer.body.starts_with("failed to reload config: ") && answer.body.contains(&place), "{answer:?}");
        assert_eq!(bridge.metric(RELOADED).await, Some(0.0));
        until("it in the log", || bridge.log().matches(KEPT).count() > number).await;
        let log = bridge.log();
        let line = log.lines().rfind(|line| line.contains(KEPT)).expect("just seen");
        assert!(line.contains("level=error") && line.contains(&place.replace('"', "\\\"")), "{line}");
        assert_eq!(next(&bridge, &dingtalk, number + 2).await, format!("first Group{}", number + 2));
    }

    write(&bridge.folder, "second {{names firing}}");
    assert_eq!(reload(&bridge, Method::POST).await.status, StatusCode::OK);
    assert_eq!(bridge.metric(RELOADED).await, Some(1.0));
    assert_eq!(next(&bridge, &dingtalk, broken.len() + 2).await, format!("second Group{}", broken.len() + 2));
    assert_eq!(bridge.metric(FAILURES).await, Some(0.0));
}

#[tokio::test]
async fn changed_templates_are_taken_up_by_themselves() {
    let dingtalk = dingtalk(&["ops"]).await;
    let bridge = with_template(&dingtalk, "first", &["--config.auto-reload-interval=1s"]).await;
    let hash = bridge.metric("dingbridge_config_hash").await;
    write(&bridge.folder, "second");
    bridge.wait_for_log("reloaded the configuration").await;
    assert_eq!(next(&bridge, &dingtalk, 1).await, "second");
    assert_ne!(bridge.metric("dingbridge_config_hash").await, hash);

    write(&bridge.folder, "{{#if}}");
    until_metric(&bridge, RELOADED, 0.0).await;
    assert_eq!(next(&bridge, &dingtalk, 2).await, "second");
    write(&bridge.folder, "third");
    until_metric(&bridge, RELOADED, 1.0).await;
    assert_eq!(next(&bridge, &dingtalk, 3).await, "third");
    assert_eq!(bridge.log().matches(KEPT).count(), 1, "{}", bridge.log());

    // A file beside it counts as soon as the pattern finds it.
    std::fs::write(bridge.folder.path().join("templates/ops.hbs"), "{{icom}}").expect("written");
    until_metric(&bridge, RELOADED, 0.0).await;
    bridge.wait_for_log("templates/ops.hbs: line 1, column 1 of the template").await;
    std::fs::remove_file(bridge.folder.path().join("templates/ops.hbs")).expect("removed");
    until_metric(&bridge, RELOADED, 1.0).await;
}

#[tokio::test]
async fn a_template_that_fails_for_one_notification_is_replaced_by_a_plain_message_that_shows_every_alert() {
    let dingtalk = dingtalk(&["ops"]).await;
    let text = "{{#each alerts}}\n{{#if (eq labels.alertname \"Odd\")}}{{duration labels}}{{/if}}\n{{/each}}\nall well";
    let bridge = with_template(&dingtalk, text, &[]).await;
    assert_eq!(next(&bridge, &dingtalk, 1).await, "all well");
    let instances: Vec<String> = (1..=12).map(|number| format!("host-{number}:9100")).collect();
    let alerts: Vec<_> = instances.iter().map(|instance| (&**instance, "firing", "2026-11-20T09:00:00Z")).collect();
    assert_eq!(bridge.send("ops", payload_of("Odd", "firing", &alerts)).await.status, StatusCode::OK);
    let plain = dingtalk.until_shown(2).await[1].message().expect("a message").text;
    for instance in instances {
        assert!(plain.contains(&instance), "{instance} in {plain}");
    }
    // Whoever reads it can have the template mended.
    assert!(plain.contains("template \"mine\", line 2, column 36: duration: "), "{plain}");
    assert_eq!(bridge.metric(FAILURES).await, Some(1.0));
    let log = bridge.log();
    let line = log.lines().find(|line| line.contains("duration: ")).expect("the reason in the log");
    assert!(line.contains("level=error") && line.contains("target=ops"), "{line}");
    assert!(line.contains("failure=\"template \\\"mine\\\", line 2, column 36: duration: "), "{line}");
    // The next is rendered as before.
    assert_eq!(next(&bridge, &dingtalk, 3).await, "all well");
    assert_eq!(bridge.metric(FAILURES).await, Some(1.0));
}

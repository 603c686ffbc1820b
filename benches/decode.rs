//! How long it takes to tell whose request it is and to read what it says, for one body of every shape that is known. It is
//! done while the sender waits for its answer.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::fs;
use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use dingbridge::sender::{Request, Settings, decode};

/// Each body, below `tests/fixtures/senders`.
const BODIES: [(&str, &str); 35] = [
    ("cloudmonitor event", "cms-event-ecs-systemfailure-reboot.json"),
    ("cloudmonitor event, content as a text", "cms-event-agent-stopped-stringcontent.json"),
    ("cloudmonitor event, mended", "cms-event-ecs-disk-overdue-invalid.json"),
    ("cloudmonitor subscription", "cms-subscription-post-json.json"),
    ("cloudmonitor subscription form", "cms-subscription-form-capture.form"),
    ("cloudmonitor threshold form", "cms-threshold-alert-capture.form"),
    ("cloudmonitor threshold of 2019", "cms-threshold-2019.json"),
    ("cloudmonitor threshold, queued", "cms-threshold-mns.json"),
    ("cloudmonitor 2.0", "cms2-triggered.json"),
    ("managed prometheus", "arms-alertmanager.json"),
    ("sls", "sls-firing.json"),
    ("sls merged", "sls-merged-array.json"),
    ("eventbridge", "eventbridge-ecs-spot-constructed.json"),
    ("grafana", "grafana-firing.json"),
    ("grafana, old alerting", "grafana-legacy.json"),
    ("rulehit", "sca-rulehit-list.json"),
    ("rulehit, mended", "sca-rulehit-as-printed-invalid.json"),
    ("aicc", "huawei-release-unsigned.json"),
    ("ocp", "ocp-labels.json"),
    ("ocp channel", "ocp-json.json"),
    ("ocp text", "ocp-http-text.json"),
    ("ocp markdown", "ocp-http-markdown.json"),
    ("ocp, mended", "ocp-http-unescaped-invalid.json"),
    ("dingtalk link", "dingtalk-grafana-link.json"),
    ("dingtalk action card", "dingtalk-grafana-actioncard.json"),
    ("dingtalk text", "dingtalk-kube-eventer.json"),
    ("dingtalk markdown", "dingtalk-uptimekuma.json"),
    ("kube-eventer", "kube-eventer-webhook.json"),
    ("uptimekuma", "uptimekuma-down.json"),
    ("uptimekuma test", "uptimekuma-test.json"),
    ("cloudmonitor event, recovered", "cms-event-ecs-reboot-avoided.json"),
    ("cloudmonitor threshold form, recovered", "cms-threshold-ok-capture.form"),
    ("cloudmonitor subscription, recovered", "cms-subscription-resolved-constructed.json"),
    ("cloudmonitor 2.0, recovered", "cms2-resolved.json"),
    ("eventbridge message", "eventbridge-envelope.json"),
];

const GENERIC: &str = r#"{"title":"Backup failed","status":"firing","severity":"critical","time":"2024-01-01T04:00:00Z",
    "text":"pg_dump: error: connection refused","url":"https://ci.example.test/42","labels":{"host":"db-1"},"key":"backup"}"#;

const TEXT: &str = "disk full on db-1\n/var/lib/postgresql is at 98 %";

/// What Alertmanager posts of ten alerts.
fn alertmanager() -> String {
    let alert = |number: usize| {
        format!(
            r#"{{"status":"firing","labels":{{"alertname":"HostDown","cluster":"cn-hangzhou-1","instance":"10.0.0.{number}:9100",
            "job":"node","severity":"critical"}},"annotations":{{"summary":"10.0.0.{number}:9100 is down","description":
            "Host has been unreachable for more than five minutes."}},"startsAt":"2026-11-20T09:23:45.759Z","endsAt":
            "0001-01-01T00:00:00Z","generatorURL":"http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0","fingerprint":
            "{number:016x}"}}"#
        )
    };
    let alerts = (0..10).map(alert).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"version":"4","groupKey":"{{}}:{{alertname=\"HostDown\"}}","truncatedAlerts":0,"status":"firing","receiver":"ops",
        "groupLabels":{{"alertname":"HostDown"}},"commonLabels":{{"alertname":"HostDown","job":"node","severity":"critical"}},
        "commonAnnotations":{{}},"externalURL":"http://am.example.test:9093","alerts":[{alerts}]}}"#
    )
}

fn decoding(criterion: &mut Criterion) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/senders");
    let kept = BODIES.iter().map(|(name, file)| (*name, fs::read_to_string(folder.join(file)).unwrap()));
    let written =
        [("alertmanager, 10 alerts", alertmanager()), ("generic", GENERIC.into()), ("generic text", TEXT.into())];
    let settings = Settings::default();
    for (name, body) in written.into_iter().chain(kept) {
        let read = || decode(Request::of_body(black_box(body.as_bytes())), None, &settings);
        read().unwrap();
        criterion.bench_function(&format!("decode {name}"), |bencher| bencher.iter(read));
    }
}

criterion_group!(benches, decoding);
criterion_main!(benches);

//! How long a message takes to render: it is made again at every attempt that was not frozen.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dingbridge::clock::from_millis;
use dingbridge::fold::Folded;
use dingbridge::notification::{Alert, Labels, Notification, Sender, Status};
use dingbridge::render::{Circumstances, Language, Library, Style};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn notification(alerts: usize) -> Notification {
    let common = [("alertname", "HostDown"), ("cluster", "cn-hangzhou-1"), ("job", "node"), ("severity", "critical")];
    let alerts = (0..alerts).map(|number| {
        let instance = format!("10.0.0.{number}:9100");
        let mut own = labels(&common);
        own.extend(labels(&[("instance", &instance), ("namespace", "monitoring"), ("team", "infra_core")]));
        Alert {
            status: Status::Firing,
            labels: own,
            annotations: labels(&[
                ("summary", &format!("{instance} is down")),
                ("description", &format!("Host {instance} has been unreachable for more than five minutes.")),
                ("runbook_url", "https://runbooks.example.test/HostDown"),
            ]),
            starts_at: "2026-11-20T09:23:45.759Z".to_owned(),
            ends_at: "0001-01-01T00:00:00Z".to_owned(),
            generator_url: "http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1".to_owned(),
            fingerprint: format!("{number:016x}"),
            severity: None,
        }
    });
    Notification {
        status: Status::Firing,
        receiver: "ops".to_owned(),
        group_labels: labels(&common[..1]),
        common_labels: labels(&common),
        common_annotations: labels(&[("runbook_url", "https://runbooks.example.test/HostDown")]),
        external_url: "http://am.example.test:9093".to_owned(),
        notification_reason: "first notification".to_owned(),
        ..Notification::new(Sender::Alertmanager, "{}:{alertname=\"HostDown\"}".to_owned(), alerts.collect())
    }
}

fn render(criterion: &mut Criterion) {
    let library = Library::compile(Language::En, Vec::new()).unwrap();
    let style = Style::default();
    let now = from_millis(1_795_167_000_000);
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    for alerts in [1, 10, 1_000] {
        let notification = notification(alerts);
        criterion.bench_function(&format!("default message of {alerts} alerts"), |bencher| {
            bencher.iter(|| library.render(black_box(&notification), &style, &circumstances));
        });
    }
}

/// 10,000 alerts in 1,000 groups under 300 names, as a robot tells them that was away for a night.
fn digest(criterion: &mut Criterion) {
    let groups: Vec<Folded> = (0..1_000)
        .map(|number| {
            let mut notification = notification(10);
            for alert in &mut notification.alerts {
                alert.labels.insert("alertname".to_owned(), format!("Alert{}", number % 300));
                alert.labels.insert("severity".to_owned(), ["critical", "warning", "info", ""][number % 4].to_owned());
            }
            Folded { notification, gone: Vec::new(), flaps: BTreeMap::new() }
        })
        .collect();
    let library = Library::compile(Language::En, Vec::new()).unwrap();
    let style = Style::default();
    let now = from_millis(1_795_167_000_000);
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    for most in [1, 3] {
        criterion.bench_function(&format!("digest of 10,000 alerts in {most} messages at most"), |bencher| {
            bencher.iter(|| library.tell(black_box(&groups), &style, &circumstances, false, most));
        });
    }
}

criterion_group!(benches, render, digest);
criterion_main!(benches);

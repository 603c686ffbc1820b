//! How long a message takes to render, which is done again at every attempt that was not frozen, and how long templates
//! take to compile, which is done at the start and whenever it is looked whether they have changed.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use dingbridge::clock::from_millis;
use dingbridge::config::Config;
use dingbridge::delivery::Target;
use dingbridge::fold::Folded;
use dingbridge::migrate::migrate;
use dingbridge::notification::{Alert, Labels, Notification, Sender, Status};
use dingbridge::render::{Circumstances, Language, Library, Style, TemplateSource};

/// What people write their own templates from.
const COPIED: &str = include_str!("../templates/en/default.text.hbs");

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

/// What is true of every rendering here.
fn circumstances() -> Circumstances<'static> {
    let now = from_millis(1_795_167_000_000);
    Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true }
}

/// Measures the message about so many alerts.
fn message(criterion: &mut Criterion, name: &str, library: &Library, style: &Style, alerts: usize) {
    let (notification, circumstances) = (notification(alerts), circumstances());
    let render = || library.render(black_box(&notification), style, &circumstances);
    assert_eq!(render().failure, None);
    let plural = if alerts == 1 { "" } else { "s" };
    criterion.bench_function(&format!("{name} of {alerts} alert{plural}"), |bencher| bencher.iter(render));
}

fn render(criterion: &mut Criterion) {
    let library = Library::compile(Language::En, Vec::new()).unwrap();
    for alerts in [1, 10, 100, 1_000] {
        message(criterion, "default message", &library, &Style::default(), alerts);
    }
    let simple =
        Style { title: Some("simple.title".to_owned()), text: Some("simple.text".to_owned()), ..Style::default() };
    message(criterion, "simple message", &library, &simple, 100);
    let turned = turned();
    for alerts in [10, 100] {
        message(criterion, "message by a template turned from Go", &turned.library, &turned.style, alerts);
    }
}

/// The target of a configuration that was turned from one with Go templates.
fn turned() -> Arc<Target> {
    let before =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/migrate/cases/51-english-runbook/config.yml");
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in migrate(&before).unwrap().files {
        let path = folder.path().join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    Config::load(&folder.path().join("dingbridge.yml")).unwrap().lanes().into_values().next().unwrap()
}

/// Templates are parsed and checked before they are used.
fn compile(criterion: &mut Criterion) {
    let own = |number: usize| TemplateSource {
        name: format!("own.{number}"),
        text: format!("{COPIED}\nTeam {number}\n"),
        origin: format!("own.{number}.hbs"),
    };
    for (name, own) in
        [("built-in templates", Vec::new()), ("built-in templates and 100 others", (0..100).map(own).collect())]
    {
        criterion.bench_function(&format!("{name} compiled"), |bencher| {
            bencher.iter(|| Library::compile(Language::En, own.clone()).unwrap());
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
    let (style, circumstances) = (Style::default(), circumstances());
    for most in [1, 3] {
        criterion.bench_function(&format!("digest of 10,000 alerts in {most} messages at most"), |bencher| {
            bencher.iter(|| library.tell(black_box(&groups), &style, &circumstances, false, most));
        });
    }
}

criterion_group!(benches, render, digest, compile);
criterion_main!(benches);

use std::sync::LazyLock;

use jiff::Timestamp;

use super::*;
use crate::notification::{Alert, Labels, Sender, Status};
use crate::render::{Escape, Language, MentionPolicy, TemplateSource, terminal};

mod chinese;
mod golden;
mod hostile;
mod relayed;
mod whole;

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// An alert that began at 09:00 and, if it is over, lasted five minutes.
fn alert(status: Status, name: &str, severity: &str, number: usize) -> Alert {
    let instance = format!("10.0.{}.{}:9100", number / 250, number % 250);
    Alert {
        status,
        labels: labels(&[
            ("alertname", name),
            ("severity", severity),
            ("instance", &instance),
            ("cluster", "cn-hangzhou-1"),
            ("job", "node"),
        ]),
        annotations: labels(&[
            ("summary", &format!("{instance} is down")),
            ("description", &format!("Host {instance} has been unreachable for 5m.")),
        ]),
        starts_at: "2026-11-20T09:00:00Z".to_owned(),
        ends_at: if status == Status::Firing { "0001-01-01T00:00:00Z" } else { "2026-11-20T09:05:00Z" }.to_owned(),
        generator_url: "http://prom.test/graph?g0.expr=up".to_owned(),
        fingerprint: format!("{name}-{severity}-{number}"),
        severity: None,
    }
}

fn group(alerts: Vec<Alert>) -> Folded {
    let fires = alerts.iter().any(|alert| alert.status == Status::Firing);
    let notification = Notification {
        status: if fires { Status::Firing } else { Status::Resolved },
        receiver: "ops".to_owned(),
        common_labels: labels(&[("cluster", "cn-hangzhou-1"), ("job", "node")]),
        common_annotations: Labels::new(),
        external_url: "http://am.test".to_owned(),
        ..Notification::new(Sender::Alertmanager, "{}".to_owned(), alerts)
    };
    Folded { notification, gone: Vec::new(), flaps: Default::default() }
}

fn firing(name: &str, severity: &str, numbers: Range<usize>) -> Vec<Alert> {
    numbers.map(|number| alert(Status::Firing, name, severity, number)).collect()
}

fn resolved(name: &str, numbers: Range<usize>) -> Vec<Alert> {
    numbers.map(|number| alert(Status::Resolved, name, "warning", number)).collect()
}

fn now() -> Timestamp {
    "2026-11-20T09:10:00Z".parse().expect("time")
}

fn circumstances() -> Circumstances<'static> {
    Circumstances { target: "ops", now: now(), accepted_at: now(), repeats: 0, digest_mentions: true }
}

/// The built-in templates, compiled once.
fn library() -> &'static Library {
    static LIBRARY: LazyLock<Library> = LazyLock::new(|| Library::compile(Language::En, Vec::new()).expect("built-in"));
    &LIBRARY
}

fn called() -> MentionPolicy {
    let mention = Mention { mobiles: vec!["13912345678".to_owned()], ..Mention::default() };
    MentionPolicy { mention, ..MentionPolicy::default() }
}

fn text_of(rendered: &Rendered) -> &str {
    rendered.message.text()
}

fn title_of(rendered: &Rendered) -> &str {
    rendered.message.title()
}

/// Title and text of every part.
fn shown(packed: &Packed) -> String {
    let parts = packed.parts.iter().map(|part| {
        assert_eq!(part.failure, None);
        let title = Some(title_of(part)).filter(|title| !title.is_empty()).map(|title| format!("{title}\n----\n"));
        format!("{}{}", title.unwrap_or_default(), text_of(part)).replace('\u{200B}', "<ZWSP>")
    });
    parts.collect::<Vec<_>>().join("\n\n=====\n\n")
}

/// What must be true of all messages: they fit, only the first one calls, and they are not empty.
fn check(packed: &Packed, style: &Style, most: usize) {
    assert!((1..=most).contains(&packed.parts.len()), "{} parts", packed.parts.len());
    for (index, part) in packed.parts.iter().enumerate() {
        let body = part.body(UUID);
        assert!(body.len() <= style.message_limit, "{} > {}", body.len(), style.message_limit);
        assert!(!text_of(part).trim().is_empty());
        assert!(part.mention.is_empty() || index == 0);
    }
}

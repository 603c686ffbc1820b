//! Every word of a message that is not the sender's is of the configured language.

use std::collections::BTreeMap;

use super::*;
use crate::fold::Folded;
use crate::notification::{Alert, Labels, Sender, Severity, Status};
use crate::render::language::Language::{En, Zh};

/// What is the same in both languages: names, addresses, what DingTalk reads, zones, units, and "x3".
const NAMES: [&str; 15] = [
    "Alertmanager",
    "Grafana",
    "max_alerts",
    "max\\_alerts",
    "https://",
    "<font color=#d93026>",
    "<font color=#e8710a>",
    "<font color=#1a73e8>",
    "<font color=#9334e6>",
    "<font color=#188038>",
    "</font>",
    "UTC",
    "kB",
    " x",
    // The names of labels are the sender's.
    "alertname",
];

/// An alert that says only digits and signs.
fn wordless(number: usize, status: Status, severity: Severity) -> Alert {
    let number = number.to_string();
    let labels = [("alertname", "1"), ("2", number.as_str()), ("3", "4")];
    let annotations = [("summary", number.as_str()), ("description", "5 5"), ("runbook_url", "https://6.6/6")];
    let of = |pairs: &[(&str, &str)]| -> Labels {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    Alert {
        status,
        labels: of(&labels),
        annotations: of(&annotations),
        starts_at: "2026-11-20T09:00:00Z".to_owned(),
        ends_at: "2026-11-20T09:05:00Z".to_owned(),
        generator_url: "https://7.7/7".to_owned(),
        fingerprint: number,
        severity: Some(severity),
    }
}

/// Groups of many kinds: of groups and of events, that fire and that are over, of few alerts and of many.
fn groups() -> Vec<Folded> {
    let severities = [Severity::Critical, Severity::Warning, Severity::Info, Severity::Unknown];
    let mut groups = Vec::new();
    for sender in [Sender::Alertmanager, Sender::Grafana, Sender::Ocp] {
        for (firing, over) in [(1, 0), (0, 1), (2, 1), (0, 2), (1, 1), (7, 3), (30, 0)] {
            let severity = severities[groups.len() % severities.len()];
            let alerts = (0..firing).map(|number| wordless(number, Status::Firing, severity));
            let over = (firing..firing + over).map(|number| wordless(number, Status::Resolved, severity));
            let notification = Notification {
                external_url: "https://8.8/8".to_owned(),
                truncated_alerts: 9,
                meant_for: "0".to_owned(),
                salvaged: true,
                ..Notification::new(sender, "0".to_owned(), alerts.chain(over).collect())
            };
            groups.push(Folded { notification, gone: Vec::new(), flaps: BTreeMap::new() });
        }
    }
    // Nobody says anything but that there is an alert.
    for status in [Status::Firing, Status::Resolved] {
        let bare = Alert {
            labels: Labels::new(),
            annotations: Labels::new(),
            starts_at: String::new(),
            ends_at: String::new(),
            ..wordless(0, status, Severity::Unknown)
        };
        let notification = Notification::new(Sender::Alertmanager, "0".to_owned(), vec![bare]);
        groups.push(Folded { notification, gone: Vec::new(), flaps: BTreeMap::new() });
    }
    groups
}

/// Whatever is told of `groups` in `language`.
fn everything(language: Language) -> Vec<String> {
    let library = Library::compile(language, Vec::new()).expect("built-in");
    let groups = groups();
    let with_flaps = |folded: &Folded| Folded {
        gone: (70..73).map(|number| wordless(number, Status::Resolved, Severity::Warning)).collect(),
        flaps: [("0".to_owned(), 1), ("1".to_owned(), 2)].into(),
        ..folded.clone()
    };
    let mut told: Vec<Vec<Folded>> = groups.iter().map(|folded| vec![folded.clone()]).collect();
    told.extend(groups.iter().map(|folded| vec![with_flaps(folded)]));
    told.push(groups.iter().filter(|folded| folded.notification.status == Status::Resolved).cloned().collect());
    told.push(groups.iter().map(with_flaps).collect());
    let now: Timestamp = "2026-11-20T09:10:01Z".parse().expect("time");
    let [legacy, simple, card] =
        ["legacy", "simple", "card"].map(|family| (Some(format!("{family}.title")), Some(format!("{family}.text"))));
    let styles = [
        (Kind::Markdown, (None, None), 19_500),
        (Kind::Markdown, (None, None), 1_000),
        (Kind::Text, (None, None), 19_500),
        (Kind::Text, (None, None), 1_500),
        (Kind::ActionCard, (None, None), 19_500),
        (Kind::Markdown, legacy, 4_000),
        (Kind::Markdown, simple, 4_000),
        (Kind::ActionCard, card, 4_000),
    ];
    let mut messages = Vec::new();
    for (kind, (title, text), message_limit) in styles {
        let style = Style { kind, title, text, message_limit, language, ..Style::default() };
        for repeats in [1, 2] {
            let circumstances = Circumstances {
                target: "0",
                now,
                accepted_at: now - Duration::from_secs(200_000),
                repeats,
                digest_mentions: true,
            };
            for (groups, plain) in told.iter().flat_map(|groups| [(groups, false), (groups, true)]) {
                let parts = library.tell(groups, &style, &circumstances, plain, 2).parts;
                messages.extend(parts.iter().map(|part| {
                    assert_eq!(part.failure, None);
                    part.body("")
                }));
            }
        }
    }
    messages
}

/// What people read of a body: its strings, without names, addresses and the keys of its JSON.
fn words(body: &str) -> String {
    fn strings(value: &Value, out: &mut String) {
        match value {
            Value::String(text) => out.extend([text, "\n"]),
            Value::Array(list) => list.iter().for_each(|value| strings(value, out)),
            Value::Object(map) => {
                map.iter().filter(|(key, _)| *key != "msgtype").for_each(|(_, value)| strings(value, out))
            }
            _ => {}
        }
    }
    let mut read = String::new();
    strings(&serde_json::from_str(body).expect("JSON"), &mut read);
    NAMES.iter().fold(read, |read, name| read.replace(name, ""))
}

#[test]
fn messages_are_of_one_language() {
    let is_chinese =
        |char: char| matches!(char, '\u{3000}'..='\u{303F}' | '\u{3400}'..='\u{9FFF}' | '\u{FF00}'..='\u{FFEF}');
    for (language, foreign) in [
        (En, Box::new(is_chinese) as Box<dyn Fn(char) -> bool>),
        (Zh, Box::new(|char: char| char.is_ascii_alphabetic())),
    ] {
        let messages = everything(language);
        assert!(messages.len() > 1_000, "{}", messages.len());
        for body in messages {
            let words = words(&body);
            assert!(!words.contains(&foreign), "{language:?}: {words}");
        }
    }
}

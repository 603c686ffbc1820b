//! No template harms: what is written is refused, or it renders within bounds.

use std::sync::Arc;

use jiff::Timestamp;
use proptest::prelude::*;

use super::sources;
use crate::fold::Folded;
use crate::notification::{Alert, Labels, Notification, Sender, Status};
use crate::render::{Circumstances, Kind, Language, Library, Style};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A notification of so many alerts that say something odd.
fn notification(alerts: usize) -> Notification {
    let alert = |number: usize| Alert {
        status: if number.is_multiple_of(3) { Status::Resolved } else { Status::Firing },
        labels: labels(&[("alertname", "磁盘 {{x}}"), ("k8s.pod/name", "a_b"), ("number", &number.to_string())]),
        annotations: labels(&[("summary", "*full*\n\u{202E}@all"), ("runbook_url", "http://run.test/?a=(b)")]),
        starts_at: "2026-11-20T09:00:00Z".to_owned(),
        ends_at: if number.is_multiple_of(2) { String::new() } else { "soon".to_owned() },
        generator_url: "javascript:alert(1)".to_owned(),
        fingerprint: number.to_string(),
        severity: None,
    };
    Notification::new(Sender::Alertmanager, "{}".to_owned(), (0..alerts).map(alert).collect())
}

/// Compiles `text` as a message, a partial and a digest's text, and renders what compiles.
fn survives(text: &str) -> Result<(), TestCaseError> {
    let now: Timestamp = "2026-11-20T09:10:00Z".parse().expect("a time");
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 1, digest_mentions: true };
    let part = ("part", "{{#each alerts}}{{labels.x}}{{/each}}{{x}}");
    // Hands over what the part may name.
    let caller = ("caller", "{{> part x=status}}");
    for name in ["default_message.text", "digest.text", "t"] {
        let Ok(library) = Library::compile(Language::En, sources(&[(name, text), part, caller])) else { continue };
        for (kind, alerts) in [(Kind::Markdown, 0), (Kind::Text, 4), (Kind::ActionCard, 60)] {
            let style = Style { kind, text: Some(name.to_owned()), message_limit: 2_000, ..Style::default() };
            let style = Arc::new(style);
            let one = Folded { notification: notification(alerts), gone: Vec::new(), flaps: Default::default() };
            let rendered = match name {
                "digest.text" => library.tell(&[one.clone(), one], &style, &circumstances, false, 2).parts,
                _ => vec![library.render(&one.notification, &style, &circumstances)],
            };
            for rendered in rendered {
                prop_assert!(rendered.body("0").len() <= 2_000);
                let failure = rendered.failure.map(|failure| failure.to_string()).unwrap_or_default();
                prop_assert!(!failure.contains("panicked"), "{failure}");
            }
        }
    }
    Ok(())
}

/// What stands where a value may.
#[rustfmt::skip]
fn value() -> impl Strategy<Value = String> {
    let plain = prop_oneof![
        4 => proptest::sample::select(vec![
            "status", "firing", "alerts", "labels", "labels.x", "commonLabels", "annotations.summary", "@root.alerts", "this",
            "@root.this", "../status", "../../this", "@index", "@key", "@../first", "@root", "raw", "total.firing", "firing.[0]",
            "alerts.0.labels", "startsAt", "endsAt", "generatorURL", "externalURL", "./severity", "a", "x", "others", "gone",
        ])
        .prop_map(str::to_owned),
        1 => proptest::sample::select(vec!["1", "-3", "99999999999999999999", "1.5e3", "\"x\"", "'%H'", "true", "null", "[1,2]", "{\"a\":1}", "\"\\u0000\"", "\"[\""])
            .prop_map(str::to_owned),
        1 => r"[a-z@.\[\]/ é磁-]{1,8}",
    ];
    plain.prop_recursive(4, 12, 3, |inner| {
        (helper(), proptest::collection::vec(inner, 1..4))
            .prop_map(|(name, values)| format!("({name} {})", values.join(" ")))
    })
}

/// The name of a helper, of those that there are and of some that there may be.
#[rustfmt::skip]
fn helper() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
            "eq", "ne", "gt", "lt", "and", "or", "not", "lookup", "len", "toUpper", "link", "breaks", "oneLine",
            "verbatim", "names", "pairs", "date", "when", "duration", "ago", "color", "level", "icon", "index",
            "first", "sortedPairs", "printf", "reReplaceAll", "repeat", "until", "nothing",
        ])
}

#[rustfmt::skip]
fn near_valid() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        6 => value().prop_map(|value| format!("{{{{{value}}}}}")),
        6 => "[ a-z磁\n]{0,6}",
        2 => (helper(), proptest::collection::vec(value(), 0..4))
            .prop_map(|(name, values)| format!("{{{{{name} {}}}}}", values.join(" "))),
        2 => (value(), value()).prop_map(|(value, text)| format!("{{{{link {value} text={text}}}}}")),
        3 => proptest::option::of(value()).prop_map(|value| format!("{{{{> part {}}}}}", value.unwrap_or_default())),
        3 => value().prop_map(|value| format!("{{{{~> part x={value}~}}}}")),
        1 => proptest::sample::select(vec![
            "{{else}}", "{{^}}", "{{else if firing}}", "{{! x }}", "{{!-- {{ --}}", "{{{status}}}",
            "{{{{if x}}}} {{y}} {{{{/if}}}}", "\\{{x}}", "\\\\{{status}}", "{{", "}}", "{{/if}}", "{{#if",
            "{{&status}}", "{{~status~}}", "{{*x}}", "{{> default.text}}", "{{#> part}}{{/part}}", "\r\n",
            "\u{FEFF}", "磁盘", "\n- ",
        ])
        .prop_map(str::to_owned),
        1 => "[ a-z\n{}~#/>]{0,6}",
    ];
    let block = |inner: String, (name, value, params, closing): (&str, String, &str, bool)| {
        let end = if closing { format!("{{{{/{name}}}}}") } else { String::new() };
        format!("{{{{#{name} {value}{params}}}}}{inner}{end}")
    };
    leaf.prop_recursive(6, 40, 4, move |inner| {
        let head = (
            proptest::sample::select(vec!["if", "unless", "each", "with", "each", "eq", "firing"]),
            value(),
            proptest::sample::select(vec!["", "", "", " as |a|", " as |a i|"]),
            proptest::bool::weighted(0.99),
        );
        (proptest::collection::vec(inner, 0..4), head).prop_map(move |(inner, head)| block(inner.concat(), head))
    })
}

/// Templates without a mistake, however odd.
#[rustfmt::skip]
fn valid() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select(vec![
        "{{status}}", "{{labels.x}}", "{{alerts}}", "{{this}}", "{{~this.raw~}}", "{{@root.this}}", "{{../this}}", "{{@key}}{{@../index}}",
        "{{> part x=this}}", "{{> part labels}}", "{{> part this x=labels}}", "{{> default.text}}", "{{> digest.name}}",
        "{{date startsAt}}", "{{date \"%H:%M\" this}}", "{{duration labels}}", "{{pairs this}}", "{{pairs commonLabels labels}}",
        "{{names alerts}}", "{{link raw.x.[0] text=status}}", "{{len this}}", "{{lookup this @index}}", "{{toUpper this}}",
        "{{firing.[0].labels.x}}", "{{{annotations.summary}}}", "\\{{x}}", "磁盘\r\n", "\n- ", " ",
    ])
    .prop_map(str::to_owned);
    let over = proptest::sample::select(vec![
        "alerts", "this", "raw", "raw.alerts", "@root.this", "../this", "firing", "(lookup alerts 0)",
    ]);
    let block = proptest::sample::select(vec!["if", "unless", "each", "each", "with"]);
    leaf.prop_recursive(6, 40, 4, move |inner| {
        let inner = proptest::collection::vec(inner, 0..5).prop_map(|inner| inner.concat());
        (block.clone(), over.clone(), inner.clone(), proptest::option::of(inner)).prop_map(|(name, over, inner, other)| {
            let other = other.map(|other| format!("{{{{else}}}}{other}")).unwrap_or_default();
            format!("{{{{#{name} {over}}}}}{inner}{other}{{{{/{name}}}}}")
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is written, compiling it ends in a library or in problems.
    #[test]
    fn any_text_at_all_is_judged(text in any::<String>(), tags in r"(\PC{0,6}\{\{\PC{0,8}\}\}){0,6}") {
        survives(&text)?;
        survives(&tags)?;
    }

    /// So does whatever looks like a template, and what compiles renders within bounds.
    #[test]
    fn what_looks_like_a_template_is_judged(texts in proptest::collection::vec(near_valid(), 4)) {
        for text in texts {
            survives(&text)?;
        }
    }

    /// What has no mistake that can be seen before, either.
    #[test]
    fn what_compiles_renders_within_bounds(text in valid()) {
        let sources = sources(&[("t", &text), ("part", "{{x}}"), ("caller", "{{> part x=status}}")]);
        let compiled = Library::compile(Language::En, sources);
        prop_assert!(compiled.is_ok(), "{compiled:?}");
        survives(&text)?;
    }
}

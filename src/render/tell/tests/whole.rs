//! Nothing is lost on the way: parts, forms and counts.

use std::collections::BTreeMap;
use std::time::Instant;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::render::summary::Summary;

/// A template that says what it is given, so that it can be counted.
static COUNTING: LazyLock<Library> = LazyLock::new(|| {
    let text = "{{#each firing}}N {{severity}} {{alertname}} {{count}} {{more}}\n{{#each alerts}}A {{fingerprint}} {{annotations.summary}}\n{{/each}}{{/each}}\
        {{#each resolved}}N {{severity}} {{alertname}} {{count}} {{more}}\n{{#each alerts}}A {{fingerprint}} {{annotations.summary}}\n{{/each}}{{/each}}\
        {{#each gone}}N {{severity}} {{alertname}} {{count}} {{more}}\n{{#each alerts}}A {{fingerprint}} {{annotations.summary}}\n{{/each}}{{/each}}\
        {{#if others.alerts}}O {{others.alerts}} {{others.names}}\n{{/if}}T {{total.alerts}} {{part}}/{{parts}}";
    let source = TemplateSource { name: "digest.plain".to_owned(), text: text.to_owned(), origin: "test".to_owned() };
    Library::compile(Language::En, vec![source]).expect("compiles")
});

/// What the parts of a digest account for: fingerprints shown, alerts counted under names, and among the others.
#[derive(Debug, Default)]
struct Account {
    shown: BTreeMap<String, usize>,
    /// The severities under which something is said, in order.
    severities: Vec<String>,
    counted: usize,
    others: usize,
}

fn account(packed: &Packed) -> Account {
    let mut account = Account::default();
    for (index, part) in packed.parts.iter().enumerate() {
        assert_eq!((part.cut_bytes, part.failure.as_ref()), (0, None));
        let number = format!("({}/{}) ", index + 1, packed.parts.len());
        let text = text_of(part);
        for line in text.strip_prefix(&number).unwrap_or(text).lines() {
            let words: Vec<&str> = line.split(' ').collect();
            let number = |index: usize| words[index].parse::<usize>().expect("number");
            match words[0] {
                "A" => *account.shown.entry(words[1].to_owned()).or_default() += 1,
                "N" => {
                    account.severities.push(words[1].to_owned());
                    account.counted += number(4);
                }
                "O" => account.others += number(1),
                "T" => assert_eq!(words[2], format!("{}/{}", index + 1, packed.parts.len())),
                _ => {}
            }
        }
    }
    account
}

fn groups() -> impl Strategy<Value = Vec<Folded>> {
    let severity = prop_oneof![Just("critical"), Just("warning"), Just("info"), Just("")];
    let some = (0..30usize, severity, 0..3u8, 0..60usize, 0..300usize);
    proptest::collection::vec(proptest::collection::vec(some, 0..6), 2..8).prop_map(|groups| {
        let mut number = 0;
        let group = |kinds: Vec<(usize, &str, u8, usize, usize)>| {
            let mut folded = group(Vec::new());
            for (name, severity, state, count, length) in kinds {
                let status = if state == 0 { Status::Firing } else { Status::Resolved };
                for _ in 0..count {
                    number += 1;
                    let mut alert = alert(status, &format!("Name{name}"), severity, number);
                    alert.fingerprint = number.to_string();
                    alert.annotations.insert("summary".to_owned(), "x".repeat(length));
                    if state == 2 { folded.gone.push(alert) } else { folded.notification.alerts.push(alert) }
                }
            }
            folded
        };
        groups.into_iter().map(group).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_alert_is_shown_or_counted_once(groups in groups(), limit in 1_000usize..20_000, most in 1usize..=3) {
        let style = Style { kind: Kind::Text, message_limit: limit, mention: called(), ..Style::default() };
        let packed = COUNTING.tell(&groups, &style, &circumstances(), false, most);
        check(&packed, &style, most);
        let account = account(&packed);
        let all = groups.iter().map(|group| group.notification.alerts.len() + group.gone.len()).sum::<usize>();
        prop_assert!(account.shown.values().all(|times| *times == 1));
        prop_assert_eq!(account.shown.len() + account.counted + account.others, all);
        prop_assert_eq!(packed.shortened, account.counted + account.others > 0);
        // What is among the others is nowhere worse than what is named.
        let critical = |alert: &&Alert| alert.labels["severity"] == "critical" && alert.status == Status::Firing;
        let fires = groups.iter().any(|group| group.notification.alerts.iter().any(|alert| critical(&alert)));
        if fires {
            prop_assert_eq!(account.severities.first().map(String::as_str), Some("critical"));
        }
    }

    #[test]
    fn built_in_digests_fit(groups in groups(), limit in 1_000usize..20_000, most in 1usize..=3, plain: bool) {
        for kind in [Kind::Markdown, Kind::Text] {
            let style = Style { kind, message_limit: limit, mention: called(), keyword: Some("bot".to_owned()), ..Style::default() };
            let packed = library().tell(&groups, &style, &circumstances(), plain, most);
            check(&packed, &style, if plain { 1 } else { most });
            for part in &packed.parts {
                prop_assert_eq!((part.cut_bytes, part.failure.as_ref()), (0, None), "{:?} {}", kind, text_of(part));
                prop_assert!(text_of(part).contains("bot"));
            }
        }
    }

    #[test]
    fn a_group_is_told_in_its_own_templates_whole(count in 1usize..150, over in 0usize..50, limit in 1_500usize..20_000, most in 1usize..=4, kind in 0..3) {
        let group = group([firing("HostDown", "critical", 0..count), resolved("HostDown", count..count + over)].concat());
        let kind = [Kind::Markdown, Kind::Text, Kind::ActionCard][kind as usize];
        let text = if kind == Kind::Text { "plain.text" } else { "default.text" }.to_owned();
        let style = Style { kind, text: Some(text), message_limit: limit, mention: called(), ..Style::default() };
        let packed = library().tell(std::slice::from_ref(&group), &style, &circumstances(), false, most);
        check(&packed, &style, most);
        prop_assert!(!packed.parts[0].mention.is_empty());
        if packed.parts.len() == 1 && !packed.digest {
            prop_assert_eq!(&packed.parts[0], &library().render(&group.notification, &style, &circumstances()));
        } else if !packed.digest {
            prop_assert!(!packed.shortened);
            let all = shown(&packed);
            for alert in &group.notification.alerts {
                let summary = &alert.annotations["summary"];
                let lines = all.lines().filter(|line| line.contains(&format!(" {summary}")) || line.starts_with(summary.as_str()) || line.contains(&format!("**{summary}")));
                prop_assert!(lines.count() >= 1, "{} in {}", summary, all);
            }
            for (index, part) in packed.parts.iter().enumerate() {
                let number = format!("({}/{})", index + 1, packed.parts.len());
                match kind {
                    Kind::Text => prop_assert!(text_of(part).starts_with(&number)),
                    _ => {
                        let title = title_of(part);
                        let right = title.ends_with(&number) && title.contains(&format!("[FIRING:{count}]"));
                        prop_assert!(right, "{}", title);
                    }
                }
            }
        }
    }
}

#[test]
fn a_single_group_that_fits_is_as_it_always_was() {
    let group = group([firing("HostDown", "critical", 0..3), resolved("HostDown", 3..5)].concat());
    let packed = library().tell(std::slice::from_ref(&group), &Style::default(), &circumstances(), false, 3);
    let rendered = library().render(&group.notification, &Style::default(), &circumstances());
    assert_eq!(packed, Packed { parts: vec![rendered], digest: false, shortened: false });
    let packed = library().tell(std::slice::from_ref(&group), &Style::default(), &circumstances(), true, 3);
    let rendered = library().render_plain(&group.notification, &Style::default(), &circumstances());
    assert_eq!(packed, Packed { parts: vec![rendered], digest: false, shortened: false });
}

#[test]
fn a_large_group_comes_in_parts() {
    let group = group([firing("HostDown", "critical", 0..30), resolved("HostDown", 30..34)].concat());
    let style = Style { message_limit: 1_700, mention: called(), ..Style::default() };
    let packed = library().tell(&[group], &style, &circumstances(), false, 3);
    check(&packed, &style, 3);
    assert!(!packed.digest && !packed.shortened);
    insta::assert_snapshot!(shown(&packed), @"
    🔴 [FIRING:30] HostDown · 10.0.0.0:9100 is down … (1/2)
    ----
    #### 🔴 HostDown (1/2)

    **<font color=#d93026>CRITICAL · 22 of 30 firing</font>**

    > cluster: cn-hangzhou-1 · job: node

    [Alertmanager](http://am.test)

    - 🔴 **HostDown** 10.0.0.0:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.1:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.2:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.3:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.4:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.5:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.6:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.7:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.8:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.9:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.10:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.11:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.12:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.13:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.14:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.15:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.16:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.17:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.18:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.19:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.20:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.21:9100 is down · since 09:00

    @13912345678

    =====

    🔴 [FIRING:30] HostDown · 10.0.0.0:9100 is down … (2/2)
    ----
    #### 🔴 HostDown (2/2)

    **<font color=#d93026>CRITICAL · 8 of 30 firing</font>** · 4 of 4 resolved

    > cluster: cn-hangzhou-1 · job: node

    [Alertmanager](http://am.test)

    - 🔴 **HostDown** 10.0.0.22:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.23:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.24:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.25:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.26:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.27:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.28:9100 is down · since 09:00
    - 🔴 **HostDown** 10.0.0.29:9100 is down · since 09:00

    **<font color=#188038>✅ Resolved</font>**

    - **HostDown** 10.0.0.30:9100 is down · 09:00–09:05, lasted 5m
    - **HostDown** 10.0.0.31:9100 is down · 09:00–09:05, lasted 5m
    - **HostDown** 10.0.0.32:9100 is down · 09:00–09:05, lasted 5m
    - **HostDown** 10.0.0.33:9100 is down · 09:00–09:05, lasted 5m
    ");
}

/// A template that says nothing of what is over leaves it out of the count of parts, too.
#[test]
fn the_legacy_layout_comes_in_parts() {
    let group = group([firing("HostDown", "critical", 0..9), resolved("HostDown", 30..90)].concat());
    let style = Style {
        message_limit: 2_000,
        title: Some("legacy.title".to_owned()),
        text: Some("legacy.text".to_owned()),
        ..Style::default()
    };
    let packed = library().tell(&[group], &style, &circumstances(), false, 3);
    check(&packed, &style, 3);
    assert_eq!((packed.parts.len(), packed.digest), (2, false), "{}", shown(&packed));
    for (index, part) in packed.parts.iter().enumerate() {
        assert!(text_of(part).contains(&format!("({}/2)", index + 1)) && !text_of(part).contains("nothing fires"));
    }
}

#[test]
fn people_are_called_as_the_policy_says() {
    let style = Style { mention: called(), ..Style::default() };
    let two = [group(firing("HostDown", "critical", 0..1)), group(resolved("DiskFull", 0..1))];
    let mut flapping = group(firing("HostDown", "critical", 0..1));
    flapping.flaps.insert("HostDown-critical-0".to_owned(), 1);
    let quiet = Circumstances { digest_mentions: false, ..circumstances() };
    let calls = |groups: &[Folded], circumstances: &Circumstances<'_>, plain, most| {
        !library().tell(groups, &style, circumstances, plain, most).parts[0].mention.is_empty()
    };
    for plain in [false, true] {
        assert!(calls(&two, &circumstances(), plain, 1) && !calls(&two, &quiet, plain, 1));
        assert!(!calls(&two[1..], &circumstances(), plain, 1));
        assert!(calls(&two[..1], &quiet, plain, 1), "one group calls as it always did");
        assert!(
            calls(&[flapping.clone()], &circumstances(), plain, 1) && !calls(&[flapping.clone()], &quiet, plain, 1)
        );
        assert!(calls(&[group(firing("HostDown", "critical", 0..2_000))], &quiet, plain, 1), "whatever its size");
    }
}

#[test]
fn nothing_at_all_is_still_a_message() {
    for plain in [false, true] {
        check(&library().tell(&[], &Style::default(), &circumstances(), plain, 1), &Style::default(), 1);
        let empty = [group(Vec::new()), group(Vec::new())];
        check(&library().tell(&empty, &Style::default(), &circumstances(), plain, 0), &Style::default(), 1);
    }
}

/// The model of a digest is what users write templates for.
#[test]
fn the_model_of_a_digest() {
    let mut groups = vec![group(firing("HostDown", "critical", 0..3)), group(resolved("DiskFull", 0..1))];
    groups[0].flaps.insert("HostDown-critical-1".to_owned(), 2);
    let style = Style::default();
    let digest = Digest::of(&groups, &style);
    let rows = digest.rows(LADDER[7]);
    let part = Part::WHOLE;
    let summary = Summary { digest: &digest, form: LADDER[7], rows: &rows, range: 0..1, last: true, part };
    let mut model: Value = summary.model(&style, &circumstances());
    model["firing"][0]["alerts"][0]["annotations"] = Value::Null;
    let shown = serde_json::to_string_pretty(&model).expect("JSON").replace(['\u{FDD0}', '\u{FDD1}'], "|");
    insta::assert_snapshot!(shown, @r#"
    {
      "detail": "lines",
      "externalURL": "http://am.test",
      "firing": [
        {
          "alertname": "HostDown",
          "alerts": [
            {
              "annotations": null,
              "endsAt": "0001-01-01T00:00:00Z",
              "fingerprint": "HostDown-critical-0",
              "generatorURL": "http://prom.test/graph?g0.expr=up",
              "labels": {
                "alertname": "HostDown",
                "cluster": "cn-hangzhou-1",
                "instance": "|10.0.0.0:9100|",
                "job": "node",
                "severity": "critical"
              },
              "receiver": "ops",
              "severity": "critical",
              "startsAt": "2026-11-20T09:00:00Z",
              "status": "firing"
            }
          ],
          "all": 3,
          "commonLabels": {
            "alertname": "HostDown",
            "cluster": "cn-hangzhou-1",
            "job": "node",
            "severity": "critical"
          },
          "continued": false,
          "count": 3,
          "more": 2,
          "severity": "critical",
          "status": "firing"
        }
      ],
      "gone": [],
      "meantFor": "",
      "others": {
        "alerts": 1,
        "names": 1
      },
      "part": 1,
      "parts": 1,
      "repeats": 0,
      "resolved": [],
      "salvaged": 0,
      "sender": "alertmanager",
      "severity": "critical",
      "status": "firing",
      "target": "ops",
      "total": {
        "alerts": 4,
        "firing": 3,
        "gone": 0,
        "groups": 2,
        "resolved": 1
      },
      "truncatedAlerts": 0
    }
    "#);
}

/// 10,000 alerts in 1,000 groups.
fn storm() -> Vec<Folded> {
    let group = |number: usize| {
        let severity = ["critical", "warning", "info", ""][number % 4];
        group(firing(&format!("Alert{}", number % 300), severity, number * 10..number * 10 + 10))
    };
    (0..1_000).map(group).collect()
}

#[test]
fn a_storm_is_told_fast() {
    let groups = storm();
    let library = library();
    for (most, limit) in [(1, 19_500), (3, 19_500), (1, 1_000)] {
        let style = Style { message_limit: limit, ..Style::default() };
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let start = Instant::now();
        let packed = library.tell(&groups, &style, &circumstances(), false, most);
        let took = start.elapsed();
        check(&packed, &style, most);
        assert!(took.as_secs() < 5, "{took:?}");
    }
}

#[test]
fn a_huge_group_is_told_fast() {
    let groups = [group(firing("HostDown", "critical", 0..5_000))];
    let library = library();
    for most in [1, 3] {
        #[allow(clippy::disallowed_methods, reason = "a measurement")]
        let start = Instant::now();
        let packed = library.tell(&groups, &Style::default(), &circumstances(), false, most);
        let took = start.elapsed();
        check(&packed, &Style::default(), most);
        assert!(packed.digest && packed.shortened && took.as_secs() < 5, "{took:?}");
        assert!(text_of(&packed.parts[0]).contains("×5000"));
    }
}

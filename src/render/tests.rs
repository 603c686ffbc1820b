use proptest::prelude::*;

use super::*;
use crate::dingtalk::body;
use crate::notification::{Alert, Labels, Notification, Sender, Status};

fn labels(pairs: &[(&str, &str)]) -> Labels {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn alert(status: Status, of: &[(&str, &str)], annotations: &[(&str, &str)]) -> Alert {
    Alert {
        status,
        labels: labels(of),
        annotations: labels(annotations),
        starts_at: "2026-11-20T09:00:00Z".to_owned(),
        ends_at: "2026-11-20T09:05:00Z".to_owned(),
        generator_url: "http://prom.test/graph".to_owned(),
        fingerprint: "f".to_owned(),
        severity: None,
    }
}

fn notification(alerts: Vec<Alert>) -> Notification {
    let firing = alerts.iter().any(|alert| alert.status == Status::Firing);
    Notification {
        status: if firing { Status::Firing } else { Status::Resolved },
        receiver: "ops".to_owned(),
        common_labels: Labels::new(),
        common_annotations: Labels::new(),
        external_url: "http://am.test".to_owned(),
        ..Notification::new(Sender::Alertmanager, "{}".to_owned(), alerts)
    }
}

fn now() -> Timestamp {
    "2026-11-20T09:10:00Z".parse().expect("time")
}

fn circumstances() -> Circumstances<'static> {
    Circumstances { target: "ops", now: now(), accepted_at: now(), repeats: 0, digest_mentions: true }
}

fn library(text: &str) -> Library {
    let source = |name: &str, text: &str| TemplateSource {
        name: name.to_owned(),
        text: text.to_owned(),
        origin: format!("templates/{name}.hbs"),
    };
    Library::compile(Language::En, vec![source("t", text)]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn style() -> Style {
    Style { text: Some("t".to_owned()), ..Style::default() }
}

fn text_of(rendered: &Rendered) -> &str {
    rendered.message.text()
}

/// The text of one firing alert with these labels.
fn shown(template: &str, pairs: &[(&str, &str)]) -> String {
    let rendered = library(template).render(
        &notification(vec![alert(Status::Firing, pairs, &[("note", "*bold* <b>")])]),
        &style(),
        &circumstances(),
    );
    assert_eq!(rendered.failure, None);
    text_of(&rendered).to_owned()
}

#[test]
fn values_are_compared_raw_and_shown_escaped() {
    let of = &[("x", "node_down"), ("k8s.pod/name", "web_0"), ("a_b", "c")];
    let each =
        "{{#each firing}}{{#if (eq labels.x \"node_down\")}}yes {{/if}}{{labels.x}} {{annotations.note}}{{/each}}";
    assert_eq!(shown(each, of), r"yes node\_down *bold* <b>");
    assert_eq!(shown("{{#each firing}}{{#eq labels.x \"node_down\"}}same{{else}}other{{/eq}}{{/each}}", of), "same");
    assert_eq!(
        shown("{{#each firing}}{{lookup labels \"k8s.pod/name\"}} {{toUpper labels.x}}{{/each}}", of),
        r"web\_0 NODE\_DOWN"
    );
    assert_eq!(
        shown(
            "{{#each firing}}{{#each labels}}{{@key}}={{this}};{{lookup ../labels @key}} {{/each}}{{/each}}",
            &[("a_b", "c")]
        ),
        r"a\_b=c;c"
    );
    assert_eq!(
        shown(
            "{{#each firing as |alert|}}{{#each alert.labels as |value name|}}{{name}}={{value}}{{/each}}{{/each}}",
            &[("a", "b")]
        ),
        "a=b"
    );
}

#[test]
fn titles_and_plain_messages_are_not_escaped() {
    let library = Library::compile(
        Language::En,
        vec![TemplateSource {
            name: "t".to_owned(),
            text: "{{#each firing}}{{labels.x}}{{/each}}".to_owned(),
            origin: "here".to_owned(),
        }],
    )
    .expect("compiles");
    let notification = notification(vec![alert(Status::Firing, &[("x", "node_down")], &[])]);
    let style = Style { title: Some("t".to_owned()), ..style() };
    let rendered = library.render(&notification, &style, &circumstances());
    assert_eq!(rendered.message, Message::Markdown { title: "node_down".into(), text: r"node\_down".into() });
    let rendered = library.render(&notification, &Style { kind: Kind::Text, ..style }, &circumstances());
    assert_eq!(rendered.message, Message::Text { content: "node_down".into() });
}

#[test]
fn escape_all_covers_annotations_and_none_nothing() {
    let library = library("{{#each firing}}{{labels.x}} {{annotations.note}}{{/each}}");
    let notification = notification(vec![alert(Status::Firing, &[("x", "a_b @138")], &[("note", "c_d @all")])]);
    for (escape, text) in [
        (Escape::Labels, "a\\_b @\u{200B}138 c_d @\u{200B}all"),
        (Escape::All, "a\\_b @\u{200B}138 c\\_d @\u{200B}all"),
        (Escape::None, "a_b @\u{200B}138 c_d @\u{200B}all"),
    ] {
        let style = Style { escape, ..style() };
        assert_eq!(text_of(&library.render(&notification, &style, &circumstances())), text);
    }
}

#[test]
fn times_are_local() {
    let shanghai = TimeZone::get("Asia/Shanghai").expect("zone");
    let library = library(
        "{{#each firing}}{{date \"%H:%M %Z\" startsAt}} {{ago startsAt}} {{duration startsAt endsAt}} {{date labels.x}} {{duration 90}}{{/each}}",
    );
    let notification = notification(vec![alert(Status::Firing, &[("x", "soon")], &[])]);
    let rendered = library.render(&notification, &Style { time_zone: shanghai, ..style() }, &circumstances());
    assert_eq!(text_of(&rendered), "17:00 CST 10m 5m soon 1m 30s");
}

#[test]
fn partials_are_not_indented_and_see_the_callers_data() {
    let source = |name: &str, text: &str| TemplateSource {
        name: name.to_owned(),
        text: text.to_owned(),
        origin: name.to_owned(),
    };
    let sources = vec![
        source("t", "{{#each firing}}\n- {{labels.x}} {{> p}}\n    {{> q mark=\"!\"}}\n{{/each}}"),
        source("p", "one\n{{labels.x}} {{../status}}"),
        source("q", "two{{mark}}\n{{labels.x}}\n"),
    ];
    let library = Library::compile(Language::En, sources).expect("compiles");
    let one = notification(vec![alert(Status::Firing, &[("x", "a")], &[])]);
    let rendered = library.render(&one, &style(), &circumstances());
    assert_eq!((text_of(&rendered), rendered.failure.as_ref()), ("- a one\na firing\ntwo!\na", None));
}

#[test]
fn raw_is_there_for_those_who_ask() {
    assert_eq!(shown("{{raw.receiver}} {{raw.alerts.[0].labels.x}}", &[("x", "a_b")]), r"ops a\_b");
    assert_eq!(shown("{{#with (lookup this \"raw\")}}{{receiver}}{{/with}}", &[]), "ops");
    let raw = serde_json::json!({"alarm": {"name": "a_b"}});
    let told = Notification { raw, ..notification(vec![alert(Status::Firing, &[], &[])]) };
    let rendered = library("{{raw.alarm.name}}").render(&told, &style(), &circumstances());
    assert_eq!(text_of(&rendered), r"a\_b", "the sender's own, where there is more in it");
}

#[test]
fn a_failing_template_is_told_and_a_plain_message_takes_its_place() {
    let library = library("before {{#each firing}}{{duration labels}}{{/each}}");
    let one = notification(vec![alert(Status::Firing, &[("alertname", "Down"), ("url", "http://x.test/")], &[])]);
    let rendered = library.render(&one, &style(), &circumstances());
    let failure = rendered.failure.as_ref().expect("failure").to_string();
    insta::assert_snapshot!(failure, @r#"template "t", line 1, column 24: duration: a map is no time; write {{duration startsAt endsAt}}"#);
    insta::assert_snapshot!(text_of(&rendered), @r#"
    [FIRING:1] Down
    Firing (1)
    - Down | url=(link) | since 11-20 09:00 UTC
    This message is plain because of its template "t", line 1, column 24: duration: a map is no time; write {{duration startsAt endsAt}}
    "#);
}

#[test]
fn an_empty_title_or_text_is_replaced() {
    let one = || notification(vec![alert(Status::Firing, &[("alertname", "Down")], &[])]);
    let empty = library("{{labels.nothing}} \n ");
    let rendered = empty.render(&one(), &style(), &circumstances());
    assert!(text_of(&rendered).starts_with("[FIRING:1]") && matches!(rendered.message, Message::Text { .. }));
    let style = Style { title: Some("t".to_owned()), ..Style::default() };
    let mut one = one();
    one.common_labels = labels(&[("alertname", "Down")]);
    let rendered = empty.render(&one, &style, &circumstances());
    assert!(matches!(&rendered.message, Message::Markdown { title, .. } if title == "[FIRING:1] Down"));
}

#[test]
fn a_flood_of_output_is_cut_and_a_silent_loop_ends() {
    let many = notification((0..3_000).map(|_| alert(Status::Firing, &[("a", "b")], &[])).collect());
    let loud = library("{{#each alerts}}{{#each @root.alerts}}0123456789 {{/each}}{{/each}}");
    let rendered = loud.render(&many, &style(), &circumstances());
    assert_eq!(rendered.failure, None);
    assert!(rendered.cut_bytes > 50_000);
    assert!(text_of(&rendered).ends_with("… 1000 more alerts are left out"), "{}", text_of(&rendered));

    let silent = library("x{{#each alerts}}{{#each @root.alerts}}{{#each @root.alerts}}{{/each}}{{/each}}{{/each}}");
    let failure = silent.render(&many, &style(), &circumstances()).failure.expect("failure");
    assert!(failure.reason.starts_with("each: loops in loops"), "{failure}");
}

#[test]
fn a_card_has_the_links_as_buttons() {
    let mut one = notification(vec![alert(Status::Firing, &[], &[("runbook_url", "https://run.test/a b")])]);
    let style = Style { kind: Kind::ActionCard, ..Style::default() };
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let rendered = library.render(&one, &style, &circumstances());
    let Message::ActionCard { buttons, .. } = &rendered.message else { panic!("{rendered:?}") };
    let urls: Vec<_> = buttons.iter().map(|button| (button.title.as_str(), button.url.as_str())).collect();
    assert_eq!(
        urls,
        [
            ("Source", "http://prom.test/graph"),
            ("Runbook", "https://run.test/a%20b"),
            ("Alertmanager", "http://am.test")
        ]
    );
    one.external_url.clear();
    one.alerts[0].generator_url.clear();
    one.alerts[0].annotations.clear();
    assert!(matches!(library.render(&one, &style, &circumstances()).message, Message::Markdown { .. }));
}

#[test]
fn people_are_called_on_firing_only() {
    let mention = Mention { mobiles: vec!["13800000000".to_owned()], ..Mention::default() };
    let style = Style { mention: MentionPolicy { mention, ..MentionPolicy::default() }, ..Style::default() };
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let firing = library.render(&notification(vec![alert(Status::Firing, &[], &[])]), &style, &circumstances());
    assert!(text_of(&firing).ends_with("\n\n@13800000000") && !firing.mention.is_empty());
    let over = library.render(&notification(vec![alert(Status::Resolved, &[], &[])]), &style, &circumstances());
    assert!(!text_of(&over).contains('@') && over.mention.is_empty());
}

#[test]
fn a_plain_message_is_short_whatever_it_says() {
    let long = "长".repeat(3_000);
    let of: Vec<(String, String)> = (0..50).map(|label| (format!("l{label}"), long.clone())).collect();
    let of: Vec<(&str, &str)> = of.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut many = notification((0..9).map(|_| alert(Status::Firing, &of, &[("summary", &long)])).collect());
    many.common_labels = labels(&of[..40]);
    many.receiver = long.clone();
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let rendered = library.render_plain(&many, &Style::default(), &circumstances());
    assert!((1_000..=2_000).contains(&text_of(&rendered).len()), "{}", text_of(&rendered).len());
}

#[test]
fn one_that_fires_beside_one_that_is_over_is_told_apart() {
    let mut two = notification(vec![
        alert(Status::Firing, &[("alertname", "Down"), ("instance", "a:1"), ("job", "x")], &[]),
        alert(Status::Resolved, &[("alertname", "Down"), ("instance", "b:2"), ("job", "x")], &[]),
    ]);
    two.common_labels = labels(&[("alertname", "Down"), ("job", "x")]);
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let rendered = library.render(&two, &Style::default(), &circumstances());
    insta::assert_snapshot!(text_of(&rendered), @"
    #### 🟣 Down

    **<font color=#9334e6>firing</font>** · 1 resolved

    > job: x

    🟣 instance: a:1

    Since 11-20 09:00 UTC (10m) · [Source](http://prom.test/graph)

    **<font color=#188038>✅ Resolved</font>**

    - instance: b:2 · 09:00–09:05, lasted 5m

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn waiting_is_told() {
    let late = Circumstances { accepted_at: "2026-11-20T09:00:00Z".parse().expect("time"), ..circumstances() };
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let one = notification(vec![alert(Status::Firing, &[], &[])]);
    assert!(text_of(&library.render(&one, &Style::default(), &late)).contains("Delivered 10m late"));
    assert!(text_of(&library.render_plain(&one, &Style::default(), &late)).contains("Delivered 10m late"));
}

#[test]
fn whom_it_was_meant_for_is_told() {
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let mut one = notification(vec![alert(Status::Firing, &[], &[])]);
    one.meant_for = "dba_team".to_owned();
    for (kind, text, name) in [
        (Kind::Markdown, "default.text", "dba\\_team"),
        (Kind::Markdown, "legacy.text", "dba\\_team"),
        (Kind::Text, "plain.text", "dba_team"),
    ] {
        let style = Style { kind, text: Some(text.to_owned()), ..Style::default() };
        let told = format!("Meant for {name}, which cannot be reached\n");
        assert!(text_of(&library.render(&one, &style, &circumstances())).contains(&told), "{text}");
    }
    assert!(text_of(&library.render_plain(&one, &style(), &circumstances())).contains("Meant for dba_team, which"));
}

#[test]
fn repeats_that_were_held_back_are_told_when_it_is_over() {
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let held = Circumstances { repeats: 3, ..circumstances() };
    let over = notification(vec![alert(Status::Resolved, &[], &[])]);
    let style = Style { kind: Kind::Text, text: Some("plain.text".to_owned()), ..Style::default() };
    let text = library.render(&over, &style, &held);
    assert!(text_of(&text).contains("3 identical repeats were held back meanwhile"), "{}", text_of(&text));
    let plain = library.render_plain(&over, &style, &held);
    assert!(
        text_of(&plain).ends_with("- 09:00–09:05, lasted 5m\n3 identical repeats were held back meanwhile"),
        "{}",
        text_of(&plain)
    );
}

proptest! {
    /// Whatever alerts say, there is a message that fits, without an open mark, that shows or counts every alert.
    #[test]
    fn whatever_alerts_say_there_is_a_message(
        values in proptest::collection::vec(any::<[String; 3]>(), 1..6),
        family in prop_oneof![Just("default"), Just("legacy"), Just("event")],
        language in prop_oneof![Just(Language::En), Just(Language::Zh)],
        limit in 600usize..20_000,
        kind in prop_oneof![Just(Kind::Markdown), Just(Kind::Text), Just(Kind::ActionCard)],
        escape in prop_oneof![Just(Escape::Labels), Just(Escape::All), Just(Escape::None)],
    ) {
        let alerts = values.iter().enumerate().map(|(index, [label, summary, name])| {
            let status = if index % 3 == 2 { Status::Resolved } else { Status::Firing };
            alert(status, &[("alertname", name), ("x", label), ("instance", summary)], &[("summary", summary), ("description", label)])
        });
        let library = Library::compile(language, Vec::new()).expect("built-in");
        let style = Style {
            kind, escape, language, message_limit: limit, title: Some(format!("{family}.title")), text: Some(format!("{family}.text")), ..Style::default()
        };
        let notification = notification(alerts.collect());
        for rendered in [
            library.render(&notification, &style, &circumstances()),
            library.render_plain(&notification, &style, &circumstances()),
        ] {
            prop_assert_eq!(&rendered.failure, &None);
            let body = body(&rendered.message, &rendered.mention, "00000000-0000-0000-0000-000000000000");
            prop_assert!(body.len() <= limit);
            prop_assert!(!text_of(&rendered).trim().is_empty());
            let forbidden = body.contains(['\u{FDD0}', '\u{FDD1}', '\u{202E}']);
            prop_assert!(!forbidden);
            let ansi = terminal(&rendered.message, &rendered.mention, false, 60);
            prop_assert!(!ansi.contains(|char: char| char.is_control() && char != '\n'));
        }
    }
}

#[test]
fn an_exact_template_is_sent_as_it_is_written() {
    let of = &[("x", "node_down"), ("y", "@all")];
    let text = "{{#each alerts}}\n\n\n{{labels.x}} *\n{{#if labels.none}}\n{{/if}}\n {{labels.y}}\n{{/each}}\n";
    assert_eq!(shown(text, of), "node\\_down *\n @\u{200B}all");
    assert_eq!(shown(&format!("{{{{exact}}}}{text}"), of), "\n\n\nnode_down *\n\n @\u{200B}all\n\n");
    // A part of a message makes the whole of it exact.
    let part = TemplateSource { name: "part".to_owned(), text: "{{exact}}a\n\n\n".to_owned(), origin: String::new() };
    let whole = TemplateSource { name: "t".to_owned(), text: "\n{{> part}}".to_owned(), origin: String::new() };
    let library = Library::compile(Language::En, vec![part, whole]).expect("compiles");
    let rendered = library.render(&notification(vec![alert(Status::Firing, &[], &[])]), &style(), &circumstances());
    assert_eq!(text_of(&rendered), "\na\n\n\n");
}

#[test]
fn an_exact_message_without_a_word_is_none() {
    let rendered = library("{{exact}} \n\n{{#if labels}}x{{/if}}").render(
        &notification(vec![alert(Status::Firing, &[("alertname", "Down")], &[])]),
        &style(),
        &circumstances(),
    );
    assert!(text_of(&rendered).contains("Down"), "{rendered:?}");
}

#[test]
fn loops_can_be_left() {
    let list = "{{#each (until 5)}}{{#with (dict \"n\" this)}}";
    let end = "{{/with}}{{/each}}";
    for (inside, expected) in [
        ("{{#if (eq n 2)}}{{break}}{{/if}}{{n}}", "01"),
        ("{{#if (eq n 2)}}{{continue}}{{/if}}{{n}}", "0134"),
        ("{{#each (until 3)}}{{#if (gt this 0)}}{{break}}{{/if}}{{../n}}{{/each}}", "01234"),
    ] {
        // What follows shows that the blocks that were left are closed.
        let text = format!("{list}{inside}{end}{{{{alerts.[0].labels.x}}}}");
        assert_eq!(shown(&text, &[("x", "!")]), format!("{expected}!"), "{inside}");
    }
}

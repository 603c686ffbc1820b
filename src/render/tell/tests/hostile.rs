//! What payloads try.

use super::*;
use crate::dingtalk::Message;
use crate::notification::Relay;

const HOSTILE: [&str; 12] = [
    "**bold** _it_ `code` [link](http://evil.test) # head > quote - item | cell",
    "# heading",
    "- item",
    "1. one",
    "> quote",
    "```\nfence",
    "@13800000000 @all @所有人 @bob",
    "a\u{202E}b\u{2066}c\u{200F}d",
    "<font color=red>red <b>b</b> <!-- ",
    "</font> &amp; \\",
    "one\ntwo\r\n\r\n# three",
    "\u{FDD0}mark\u{FDD1} \u{0} \u{1b}[31m",
];

/// Every hostile value as every value, under several names.
fn hostile() -> Vec<Folded> {
    let named = |(index, value): (usize, &&str)| {
        let mut alert = alert(Status::Firing, value, "critical", index);
        alert.labels.insert("hostile".to_owned(), (*value).to_owned());
        alert.labels.insert((*value).to_owned(), "name".to_owned());
        alert.annotations = labels(&[("summary", value), ("description", value)]);
        alert.starts_at = (*value).to_owned();
        let mut group = group(vec![alert.clone()]);
        group.notification.receiver = (*value).to_owned();
        group.notification.meant_for = (*value).to_owned();
        alert.fingerprint = "gone".to_owned();
        alert.labels.remove("alertname");
        alert.status = Status::Resolved;
        alert.ends_at = (*value).to_owned();
        group.gone = vec![alert];
        group
    };
    HOSTILE.iter().enumerate().map(named).collect()
}

fn styles() -> impl Iterator<Item = Style> {
    let kinds = [Kind::Markdown, Kind::Text, Kind::ActionCard];
    let escapes = [Escape::Labels, Escape::All, Escape::None];
    kinds.into_iter().flat_map(move |kind| {
        escapes.into_iter().flat_map(move |escape| {
            [1_000, 3_000, 20_000].into_iter().map(move |message_limit| Style {
                kind,
                escape,
                message_limit,
                mention: called(),
                keyword: Some("alert-bot".to_owned()),
                ..Style::default()
            })
        })
    })
}

/// No part calls anybody who is not configured, or has what turns the reading direction, controls or marks.
fn harmless(packed: &Packed) {
    for (index, part) in packed.parts.iter().enumerate() {
        let text = text_of(part);
        let whole = format!("{}\n{text}", title_of(part));
        for (at, _) in whole.match_indices('@') {
            let rest = &whole[at + 1..];
            let own = index == 0 && rest.starts_with("13912345678");
            let next = rest.chars().next();
            assert!(own || next.is_none_or(|next| !next.is_alphanumeric()), "{rest}");
        }
        let hidden =
            |char: char| char.is_control() && char != '\n' || "\u{202E}\u{2066}\u{200F}\u{FDD0}\u{FDD1}".contains(char);
        assert!(!whole.contains(hidden), "{whole:?}");
        assert!(text.contains("alert-bot"), "{text}");
        assert_eq!(part.failure, None);
    }
}

#[test]
fn values_do_nothing_in_any_form() {
    let groups = hostile();
    for style in styles() {
        for (most, plain) in [(1, false), (3, false), (1, true)] {
            let packed = library().tell(&groups, &style, &circumstances(), plain, most);
            check(&packed, &style, most);
            harmless(&packed);
            for group in &groups {
                let packed = library().tell(std::slice::from_ref(group), &style, &circumstances(), plain, most);
                check(&packed, &style, most);
                harmless(&packed);
            }
        }
    }
}

#[test]
fn values_are_shown_as_they_are_in_lines() {
    let style = Style { message_limit: 6_000, escape: Escape::Labels, ..Style::default() };
    let packed = library().tell(&hostile()[..7], &style, &circumstances(), false, 1);
    insta::assert_snapshot!(shown(&packed), @r"
    🔴 [FIRING:7] in 7 groups · # heading, **bold** _it_ `code` [link](http://evil.test) # head > quote…
    ----
    #### 🔴 CRITICAL · 7 firing

    7 came and went · 7 groups

    Meant for # heading, \*\*bold\*\* \_it\_ \`code\` \[link\](http://evil.test) # head &gt; quote - item | cell, - item, 1. one, &gt; quote, @<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob, \`\`\` fence, which cannot be reached

    🔴 **# heading**

    - \# heading · instance: 10.0.0.1:9100 · cluster: cn-hangzhou-1 · job: node · since # heading · [Source](http://prom.test/graph?g0.expr=up)

    🔴 **\*\*bold\*\* \_it\_ \`code\` \[link\](http://evil.test) # head &gt; quote - item | cell**

    - **bold** _it_ `code` [link](http://evil.test) # head > quote - item | cell · instance: 10.0.0.0:9100 · cluster: cn-hangzhou-1 · job: node · since \*\*bold\*\* \_it\_ \`code\` \[link\](http://evil.test) # head &gt; quote - item | cell · [Source](http://prom.test/graph?g0.expr=up)

    🔴 **- item**

    - \- item · instance: 10.0.0.2:9100 · cluster: cn-hangzhou-1 · job: node · since - item · [Source](http://prom.test/graph?g0.expr=up)

    🔴 **1. one**

    - 1\. one · instance: 10.0.0.3:9100 · cluster: cn-hangzhou-1 · job: node · since 1. one · [Source](http://prom.test/graph?g0.expr=up)

    🔴 **&gt; quote**

    - &gt; quote · instance: 10.0.0.4:9100 · cluster: cn-hangzhou-1 · job: node · since &gt; quote · [Source](http://prom.test/graph?g0.expr=up)

    🔴 **@<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob**

    - @<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob · instance: 10.0.0.6:9100 · cluster: cn-hangzhou-1 · @<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob: name · job: node · since @<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob · [Source](http://prom.test/graph?g0.expr=up)

    🔴 **\`\`\` fence**

    - \`\`\` fence · instance: 10.0.0.5:9100 · cluster: cn-hangzhou-1 · hostile: \`\`\` fence · job: node · since \`\`\` fence · [Source](http://prom.test/graph?g0.expr=up)

    **<font color=#188038>✅ Fired and over before it could be told</font>**

    **\# heading**

    - \# heading · instance: 10.0.0.1:9100 · cluster: cn-hangzhou-1 · job: node · # heading, over

    **\*\*bold\*\* \_it\_ \`code\` \[link\](http://evil.test) # head &gt; quote - item | cell**

    - **bold** _it_ `code` [link](http://evil.test) # head > quote - item | cell · instance: 10.0.0.0:9100 · cluster: cn-hangzhou-1 · job: node · \*\*bold\*\* \_it\_ \`code\` \[link\](http://evil.test) # head &gt; quote - item | cell, over

    **\- item**

    - \- item · instance: 10.0.0.2:9100 · cluster: cn-hangzhou-1 · job: node · - item, over

    **1\. one**

    - 1\. one · instance: 10.0.0.3:9100 · cluster: cn-hangzhou-1 · job: node · 1. one, over

    **&gt; quote**

    - &gt; quote · instance: 10.0.0.4:9100 · cluster: cn-hangzhou-1 · job: node · &gt; quote, over

    **@<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob**

    - @<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob · instance: 10.0.0.6:9100 · cluster: cn-hangzhou-1 · @<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob: name · job: node · @<ZWSP>13800000000 @<ZWSP>all @<ZWSP>所有人 @<ZWSP>bob, over

    **\`\`\` fence**

    - \`\`\` fence · instance: 10.0.0.5:9100 · cluster: cn-hangzhou-1 · hostile: \`\`\` fence · job: node · \`\`\` fence, over

    [Alertmanager](http://am.test)
    ");
}

#[test]
fn a_megabyte_of_annotation_leaves_room_for_the_others() {
    let mut alerts = firing("HostDown", "critical", 0..3);
    alerts[1].annotations.insert("description".to_owned(), "x".repeat(1_000_000));
    let groups = [group(alerts.clone())];
    for most in 1..=4 {
        let style = Style { mention: called(), ..Style::default() };
        let packed = library().tell(&groups, &style, &circumstances(), false, most);
        check(&packed, &style, most);
        let all = shown(&packed);
        for instance in ["10.0.0.0:9100", "10.0.0.1:9100", "10.0.0.2:9100"] {
            assert!(all.contains(instance), "{instance} is missing in {} of {most} parts", packed.parts.len());
        }
    }
    let alone = [group(vec![alerts[1].clone()])];
    let packed = library().tell(&alone, &Style::default(), &circumstances(), false, 3);
    check(&packed, &Style::default(), 1);
    assert!(packed.shortened && !packed.digest && packed.parts[0].cut_bytes > 50_000);
}

#[test]
fn one_long_word_is_cut() {
    for name in ["summary", "alertname"] {
        let mut one = alert(Status::Firing, "HostDown", "critical", 1);
        let of = if name == "summary" { &mut one.annotations } else { &mut one.labels };
        of.insert(name.to_owned(), "长".repeat(7_000));
        let mut flapping = group(vec![one.clone()]);
        flapping.flaps.insert(one.fingerprint.clone(), 1);
        for (groups, plain) in
            [(vec![group(vec![one])], false), (vec![flapping.clone()], false), (vec![flapping], true)]
        {
            for limit in [1_500, 5_000, 20_000] {
                let style = Style { message_limit: limit, ..Style::default() };
                let packed = library().tell(&groups, &style, &circumstances(), plain, 2);
                check(&packed, &style, 2);
                assert!(shown(&packed).contains("长长长"), "{limit} {name} {plain}: {}", shown(&packed));
            }
        }
    }
}

#[test]
fn a_digest_template_that_fails_is_reported_and_done_without() {
    let groups = [group(firing("HostDown", "critical", 0..2)), group(firing("DiskFull", "warning", 0..1))];
    for (name, text) in
        [("digest.text", "{{duration total}}"), ("digest.title", "{{duration total}}"), ("digest.text", " ")]
    {
        let source = TemplateSource { name: name.to_owned(), text: text.to_owned(), origin: name.to_owned() };
        let library = Library::compile(Language::En, vec![source]).expect("compiles");
        let style = Style { mention: called(), ..Style::default() };
        let packed = library.tell(&groups, &style, &circumstances(), false, 3);
        check(&packed, &style, 1);
        let part = &packed.parts[0];
        assert_eq!(part.failure.as_ref().map(|failure| failure.template.as_str()), (text != " ").then_some(name));
        assert!(packed.digest && text_of(part).contains("HostDown") && text_of(part).contains("@13912345678"));
        if name == "digest.title" {
            assert_eq!(title_of(part), "[FIRING:3] HostDown, DiskFull in 2 groups");
        }
    }
}

#[test]
fn an_own_template_that_fails_on_a_part_is_reported() {
    let source = TemplateSource {
        name: "t".to_owned(),
        text: "{{#each firing}}{{labels.instance}} {{annotations.description}} {{/each}}{{#if (gt part 1)}}{{duration total firing}}{{duration firing}}{{/if}}".to_owned(),
        origin: "t".to_owned(),
    };
    let library = Library::compile(Language::En, vec![source]).expect("compiles");
    let style = Style { text: Some("t".to_owned()), message_limit: 1_000, mention: called(), ..Style::default() };
    let packed = library.tell(&[group(firing("HostDown", "critical", 0..20))], &style, &circumstances(), false, 3);
    check(&packed, &style, 1);
    assert!(packed.parts[0].failure.is_some() && text_of(&packed.parts[0]).starts_with("[FIRING:20] HostDown"));
}

#[test]
fn messages_do_nothing_in_a_digest() {
    let message = |text: &str, markdown| match markdown {
        true => Message::Markdown { title: text.to_owned(), text: text.to_owned() },
        false => Message::Text { content: text.to_owned() },
    };
    let relayed = |mut group: Folded, (text, markdown)| {
        group.notification.relay = Some(Relay { message: message(text, markdown), mention: Mention::default() });
        group.notification.alerts[0].annotations = labels(&[("description", text)]);
        group
    };
    let texts = HOSTILE.iter().flat_map(|text| [(*text, true), (*text, false)]);
    let groups: Vec<Folded> =
        hostile().into_iter().cycle().zip(texts).map(|(group, text)| relayed(group, text)).collect();
    for style in styles() {
        for plain in [false, true] {
            let packed = library().tell(&groups, &style, &circumstances(), plain, 3);
            check(&packed, &style, 3);
            harmless(&packed);
        }
    }
}

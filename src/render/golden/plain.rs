//! Messages without markup, and without templates.

use super::*;
use crate::notification::Status;

#[test]
fn a_text_message_has_no_markup() {
    let notification = notification(fixture!("03-firing-grouped-one-resolved"));
    let now = "2026-11-20T09:50:00Z".parse().expect("time");
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    let style = Style { kind: Kind::Text, text: Some("plain.text".to_owned()), ..Style::default() };
    let rendered =
        Library::compile(Language::En, Vec::new()).expect("built-in").render(&notification, &style, &circumstances);
    let Message::Text { content } = rendered.message else { panic!("text") };
    insta::assert_snapshot!(content, @"
    🔴 HostDown: CRITICAL, 2 firing, 1 resolved
    cluster: cn-hangzhou-1 · job: node · scn: grouped · team: infra

    10.0.0.1:9100 is down
    Host 10.0.0.1:9100 has been unreachable for 5m.
    Since 11-20 09:40 UTC (9m 43s)
    http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1

    10.0.0.3:9100 is down
    Host 10.0.0.3:9100 has been unreachable for 5m.
    Since 11-20 09:40 UTC (9m 43s)
    http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1

    ✅ 10.0.0.2:9100 is down
    09:40, lasted 4s

    http://am.example.test:9093
    ");
}

#[test]
fn plain_messages_are_short_and_have_no_links() {
    let circumstances = |now| Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let plain = |body| {
        let notification = notification(body);
        let rendered = library.render_plain(&notification, &Style::default(), &circumstances(Timestamp::UNIX_EPOCH));
        let Message::Text { content } = rendered.message else { panic!("text") };
        assert!(content.len() <= 2_000 && !content.contains("://"), "{content}");
        content
    };
    insta::assert_snapshot!(plain(fixture!("03-firing-grouped-one-resolved")), @"
    [FIRING:2] HostDown
    cluster=cn-hangzhou-1, job=node, scn=grouped, severity=critical, team=infra
    Firing (2)
    - 10.0.0.1:9100 is down | instance=10.0.0.1:9100 | since 11-20 09:40 UTC
    - 10.0.0.3:9100 is down | instance=10.0.0.3:9100 | since 11-20 09:40 UTC
    Resolved (1)
    - 10.0.0.2:9100 is down | instance=10.0.0.2:9100 | 11-20 09:40, lasted 4s
    ");
    plain(fixture!("05-firing-special-chars"));
    assert!(plain(fixture!("29-firing-storm-20-mixed-severity")).contains("more"));
    assert_eq!(notification(fixture!("03-firing-grouped-one-resolved")).status, Status::Firing);
}

#[test]
fn a_terminal_shows_it_without_markup() {
    let notification = notification(fixture!("03-firing-grouped-one-resolved"));
    let now = "2026-11-20T09:50:00Z".parse().expect("time");
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    let library = Library::compile(Language::En, Vec::new()).expect("built-in");
    let rendered = library.render(&notification, &Style::default(), &circumstances);
    insta::assert_snapshot!(terminal(&rendered.message, &rendered.mention, false, 60), @"
    🔴 [FIRING:2] HostDown · 10.0.0.1:9100 is down …
    ───────────────────────────────────────────────

    🔴 HostDown

    CRITICAL · 2 firing · 1 resolved

    │ cluster: cn-hangzhou-1 · job: node · scn: grouped · team:
    │ infra

    🔴 10.0.0.1:9100 is down

    Host 10.0.0.1:9100 has been unreachable for 5m.

    Since 11-20 09:40 UTC (9m 43s) ·
    Source ‹http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1›

    🔴 10.0.0.3:9100 is down

    Host 10.0.0.3:9100 has been unreachable for 5m.

    Since 11-20 09:40 UTC (9m 43s) ·
    Source ‹http://prom.example.test:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1›

    ✅ Resolved

    • 10.0.0.2:9100 is down · 09:40, lasted 4s

    Alertmanager ‹http://am.example.test:9093›
    ");
}

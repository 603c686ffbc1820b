//! Messages that their senders wrote: as they are posted, and when they are not.

use super::*;
use crate::dingtalk::{Button, FeedLink, Message, Orientation};
use crate::fold::fold;
use crate::notification::Relay;
use crate::render::Occasion;
use crate::sandbox::Seen;

/// A group that was told in `message`, the way such messages are decoded.
fn relay_of(title: &str, description: &str, message: Message) -> Folded {
    let alert = Alert {
        status: Status::Firing,
        labels: labels(&[("alertname", title)]),
        annotations: labels(&[("description", description)]),
        starts_at: "2026-11-20T09:00:00Z".to_owned(),
        ends_at: String::new(),
        generator_url: String::new(),
        fingerprint: title.to_owned(),
        severity: None,
    };
    let mention = Mention { mobiles: vec!["13800000000".to_owned()], ..Mention::default() };
    let relay = Some(Relay { message, mention });
    let notification = Notification { relay, ..Notification::new(Sender::DingTalk, title.to_owned(), vec![alert]) };
    Folded { notification, gone: Vec::new(), flaps: Default::default() }
}

fn relay(message: Message) -> Folded {
    let text = message.text().to_owned();
    relay_of("磁盘 {{x}}", &text, message)
}

fn words() -> (String, String) {
    ("磁盘 {{x}}".to_owned(), "#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\n".to_owned())
}

fn markdown() -> Folded {
    let (title, text) = words();
    relay(Message::Markdown { title, text })
}

fn text() -> Folded {
    relay(Message::Text { content: words().1 })
}

fn card(orientation: Orientation) -> Folded {
    let button = |title: &str| Button { title: title.to_owned(), url: "dingtalk://x?y=(z)".to_owned() };
    let (title, text) = words();
    relay(Message::ActionCard { title, text, buttons: vec![button("看"), button("静默")], orientation })
}

fn link() -> Folded {
    let (title, text) = words();
    relay(Message::Link { title, text, url: "https://x.test/a".to_owned(), picture: String::new() })
}

fn feed() -> Folded {
    let link = |title: &str| FeedLink {
        title: title.to_owned(),
        url: "https://x.test/a".to_owned(),
        picture: "https://x.test/a.png".to_owned(),
    };
    relay(Message::FeedCard { links: vec![link("一"), link("二")] })
}

fn style() -> Style {
    Style { mention: called(), ..Style::default() }
}

fn told_as(group: &Folded, style: &Style, circumstances: &Circumstances<'_>) -> Packed {
    let packed = library().tell(std::slice::from_ref(group), style, circumstances, false, 1);
    assert_eq!((packed.parts.len(), packed.digest), (1, false));
    assert!(packed.parts[0].body(UUID).len() <= style.message_limit);
    packed
}

/// What is posted.
fn posted(group: &Folded) -> String {
    let packed = told_as(group, &style(), &circumstances());
    assert!(!packed.shortened);
    packed.parts[0].body("u")
}

#[test]
fn each_type_is_passed_on_as_it_is() {
    insta::assert_snapshot!(posted(&markdown()), @r#####"{"msgtype":"markdown","markdown":{"title":"磁盘 {{x}}","text":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\n"},"at":{"atMobiles":["13800000000"]},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted(&text()), @r#####"{"msgtype":"text","text":{"content":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\n"},"at":{"atMobiles":["13800000000"]},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted(&card(Orientation::Vertical)), @r#####"{"msgtype":"actionCard","actionCard":{"title":"磁盘 {{x}}","text":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\n","btnOrientation":"0","btns":[{"title":"看","actionURL":"dingtalk://x?y=(z)"},{"title":"静默","actionURL":"dingtalk://x?y=(z)"}]},"at":{"atMobiles":["13800000000"]},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted(&card(Orientation::Horizontal)), @r#####"{"msgtype":"actionCard","actionCard":{"title":"磁盘 {{x}}","text":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\n","btnOrientation":"1","btns":[{"title":"看","actionURL":"dingtalk://x?y=(z)"},{"title":"静默","actionURL":"dingtalk://x?y=(z)"}]},"at":{"atMobiles":["13800000000"]},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted(&link()), @r#####"{"msgtype":"link","link":{"title":"磁盘 {{x}}","text":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\n","messageUrl":"https://x.test/a"},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted(&feed()), @r#"{"msgtype":"feedCard","feedCard":{"links":[{"title":"一","messageURL":"https://x.test/a","picURL":"https://x.test/a.png"},{"title":"二","messageURL":"https://x.test/a","picURL":"https://x.test/a.png"}]},"msgUuid":"u"}"#);
}

/// What is posted when there is much to say besides, and the robot insists on a word.
fn posted_with_remarks(mut group: Folded) -> String {
    group.notification.salvaged = true;
    group.notification.meant_for = "pay_ments_1".to_owned();
    let style = Style { keyword: Some("告警".to_owned()), ..style() };
    let accepted_at = "2026-11-20T08:58:00Z".parse().expect("time");
    let packed = told_as(&group, &style, &Circumstances { accepted_at, repeats: 3, ..circumstances() });
    assert!(!packed.shortened);
    packed.parts[0].body("u")
}

#[test]
fn what_the_bridge_has_to_say_comes_last() {
    insta::assert_snapshot!(posted_with_remarks(markdown()), @r#####"{"msgtype":"markdown","markdown":{"title":"磁盘 {{x}}","text":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\n\nThe request was broken; this is what could be read of it\n\nMeant for pay\\_ments\\_1, which cannot be reached\n\nDelivered 12m late\n\n3 identical repeats were held back meanwhile\n\n告警"},"at":{"atMobiles":["13800000000"]},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted_with_remarks(text()), @r#####"{"msgtype":"text","text":{"content":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\nThe request was broken; this is what could be read of it\nMeant for pay_ments_1, which cannot be reached\nDelivered 12m late\n3 identical repeats were held back meanwhile\n\n告警"},"at":{"atMobiles":["13800000000"]},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted_with_remarks(card(Orientation::Vertical)), @r#####"{"msgtype":"actionCard","actionCard":{"title":"磁盘 {{x}}","text":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\n\nThe request was broken; this is what could be read of it\n\nMeant for pay\\_ments\\_1, which cannot be reached\n\nDelivered 12m late\n\n3 identical repeats were held back meanwhile\n\n告警","btnOrientation":"0","btns":[{"title":"看","actionURL":"dingtalk://x?y=(z)"},{"title":"静默","actionURL":"dingtalk://x?y=(z)"}]},"at":{"atMobiles":["13800000000"]},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted_with_remarks(link()), @r#####"{"msgtype":"link","link":{"title":"磁盘 {{x}}","text":"#### 磁盘\n> _97 %_ <b> @13800000000 {{y}}\nThe request was broken; this is what could be read of it\nMeant for pay_ments_1, which cannot be reached\nDelivered 12m late\n3 identical repeats were held back meanwhile\n\n告警","messageUrl":"https://x.test/a"},"msgUuid":"u"}"#####);
    insta::assert_snapshot!(posted_with_remarks(feed()), @r#"{"msgtype":"feedCard","feedCard":{"links":[{"title":"一","messageURL":"https://x.test/a","picURL":"https://x.test/a.png"},{"title":"二 告警","messageURL":"https://x.test/a","picURL":"https://x.test/a.png"}]},"msgUuid":"u"}"#);
}

#[test]
fn each_remark_is_said_when_it_is_true() {
    let with = |group: &Folded, accepted_at: &str, repeats| {
        let accepted_at = accepted_at.parse().expect("time");
        let packed = told_as(group, &Style::default(), &Circumstances { accepted_at, repeats, ..circumstances() });
        let said = text_of(&packed.parts[0]);
        let wrote = group.notification.relay.as_ref().expect("relay").message.text();
        said.strip_prefix(wrote.trim_end()).expect("as it is").to_owned()
    };
    let (soon, late) = ("2026-11-20T09:09:01Z", "2026-11-20T08:58:00Z");
    assert_eq!(with(&text(), soon, 0), "\n", "as its sender wrote it");
    assert_eq!(with(&text(), late, 0), "\nDelivered 12m late");
    assert_eq!(with(&text(), soon, 1), "\n1 identical repeat was held back meanwhile");
    assert_eq!(with(&text(), soon, 2), "\n2 identical repeats were held back meanwhile");
    let mut elsewhere = markdown();
    elsewhere.notification.meant_for = "a_b".to_owned();
    assert_eq!(with(&elsewhere, soon, 0), "\n\nMeant for a\\_b, which cannot be reached");
    let mut broken = markdown();
    broken.notification.salvaged = true;
    assert_eq!(with(&broken, soon, 0), "\n\nThe request was broken; this is what could be read of it");
}

#[test]
fn one_that_is_too_long_is_cut_in_one_message() {
    let long = "磁盘 97 %\n".repeat(3_000);
    let message = Message::Markdown { title: "磁盘".to_owned(), text: long.clone() };
    let accepted_at = "2026-11-20T08:58:00Z".parse().expect("time");
    let packed = library().tell(
        &[relay(message)],
        &Style { keyword: Some("告警".to_owned()), ..style() },
        &Circumstances { accepted_at, ..circumstances() },
        false,
        3,
    );
    let [rendered] = packed.parts.as_slice() else { panic!("{} parts", packed.parts.len()) };
    assert!(packed.shortened && !packed.digest);
    let (kept, behind) = text_of(rendered).split_once("\n\n…").expect("mark");
    assert!(long.starts_with(kept) && kept.ends_with("97 %"));
    assert_eq!(behind, " 19 kB more is left out\n\nDelivered 12m late\n\n告警");
    assert_eq!(rendered.cut_bytes, long.len() - kept.len());
    assert!((19_000..=19_500).contains(&rendered.body(UUID).len()));
}

#[test]
fn it_calls_whom_its_sender_calls() {
    let severities = Default::default();
    let everybody = Mention { all: true, ..Mention::default() };
    let policy = MentionPolicy {
        mention: everybody,
        when: vec![Occasion::Firing, Occasion::Digest],
        ..MentionPolicy::default()
    };
    let mut group = text();
    assert_eq!(policy.of(&group.notification, &severities).text(), "@13800000000");
    let people = |count: usize| (0..count).map(|number| format!("{number}")).collect::<Vec<_>>();
    let mention = &mut group.notification.relay.as_mut().expect("relay").mention;
    mention.mobiles = [people(40), vec![String::new(), "1 2".to_owned(), "3".to_owned()]].concat();
    mention.user_ids = [vec!["x".repeat(65), "\u{7}".to_owned()], people(40)].concat();
    let called = policy.of(&group.notification, &severities);
    assert_eq!((called.all, called.mobiles, called.user_ids), (false, people(40), people(10)));

    let digest =
        library().tell(&[text(), markdown()], &Style { mention: policy, ..style() }, &circumstances(), false, 1);
    // The policy would call everybody; each sender calls one.
    assert!(digest.digest && !digest.parts[0].mention.all);
    assert_eq!(digest.parts[0].mention.mobiles, ["13800000000"]);
}

#[test]
fn a_plain_one_is_told_by_its_alert() {
    let packed = library().tell(&[card(Orientation::Vertical)], &style(), &circumstances(), true, 1);
    insta::assert_snapshot!(packed.parts[0].body("u").replace('\u{200B}', "<ZWSP>"), @r#"{"msgtype":"text","text":{"content":"[FIRING:1] 磁盘 {{x}}\nFiring (1)\n- #### 磁盘 > _97 %_ <b> @<ZWSP>13800000000 {{y}} | since 11-20 09:00 UTC\n\n@13800000000"},"at":{"atMobiles":["13800000000"]},"msgUuid":"u"}"#);
}

#[test]
fn what_says_nothing_is_told_by_its_alert() {
    for message in [Message::Text { content: " \n".to_owned() }, Message::FeedCard { links: Vec::new() }] {
        let packed = told_as(&relay_of("Disk", "97 %", message), &style(), &circumstances());
        assert!(text_of(&packed.parts[0]).contains("#### 🟣 Disk"), "{packed:?}");
    }
    let untitled = Message::Markdown { title: String::new(), text: "97 %".to_owned() };
    let packed = told_as(&relay_of("Disk", "97 %", untitled), &style(), &circumstances());
    assert_eq!(packed.parts[0].message, Message::Markdown { title: "Disk".to_owned(), text: "97 %".to_owned() });
}

#[test]
fn folded_states_are_passed_on_when_the_newest_tells_it_all() {
    let state = |title: &str, text: &str| {
        let (title, text) = (title.to_owned(), text.to_owned());
        relay_of(&title.clone(), &text.clone(), Message::Markdown { title, text }).notification
    };
    let told = |states: Vec<Notification>| {
        let packed =
            library().tell(&[fold(states, &Default::default()).expect("states")], &style(), &circumstances(), false, 1);
        (packed.parts[0].message.clone(), packed.digest)
    };
    let newest = Message::Markdown { title: "Disk".to_owned(), text: "98 %".to_owned() };
    assert_eq!(told(vec![state("Disk", "97 %"), state("Disk", "98 %")]), (newest, false));

    let (both, _) = told(vec![state("Disk", "97 %"), state("Load", "12")]);
    assert!(both.text().contains("97 %") && both.text().contains("12"), "{both:?}");

    let mut over = state("Disk", "97 %");
    over.alerts[0].status = Status::Resolved;
    let (gone, digest) = told(vec![state("Disk", "97 %"), over, state("Load", "12")]);
    assert!(digest && gone.text().contains("could be told") && gone.text().contains("12"), "{gone:?}");
}

#[test]
fn in_a_digest_it_is_its_words() {
    let ordinary = group(firing("HostDown", "critical", 0..2));
    let packed = library().tell(&[markdown(), ordinary, link()], &style(), &circumstances(), false, 1);
    check(&packed, &style(), 1);
    assert!(packed.digest);
    insta::assert_snapshot!(shown(&packed), @r"
    🔴 [FIRING:4] in 3 groups · HostDown, 磁盘 {{x}}
    ----
    #### 🔴 CRITICAL · 4 firing

    3 groups

    🔴 **HostDown** ×2 · cluster: cn-hangzhou-1 · job: node

    - 10.0.0.0:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.0:9100 has been unreachable for 5m.
    - 10.0.0.1:9100 is down · since 09:00 · [Source](http://prom.test/graph?g0.expr=up)  
      Host 10.0.0.1:9100 has been unreachable for 5m.

    🟣 **磁盘 {{x}}** ×2

    - 磁盘 · 97 % @<ZWSP>13800000000 {{y}} · since 09:00
    - \#### 磁盘 · &gt; \_97 %\_ &lt;b&gt; @<ZWSP>13800000000 {{y}} · since 09:00

    @13912345678 @13800000000
    ");
}

/// What some minutes of several senders bring.
fn storm() -> Vec<Folded> {
    let cloud = |host: usize| {
        let title = "【阿里云监控】磁盘使用率".to_owned();
        let text = format!(
            "#### 【阿里云监控】磁盘使用率\n\n> 实例: i-{host:04}\n> 当前值: <font color=#ff0000>**9{host} %**</font>\n\n\
             ![趋势](https://x.test/{host}.png)\n\n[查看详情](https://x.test/{host})"
        );
        relay_of(&title.clone(), &text.clone(), Message::Markdown { title, text })
    };
    let script = |job: usize| {
        let log = "pg_basebackup: could not write to file \"base.tar\": No space left on device, ".repeat(4);
        let content = format!("backup {job} failed\nhost: db-{job}\n* retry at 03:0{job}\n{log}");
        relay_of(&format!("backup {job} failed"), &content.clone(), Message::Text { content })
    };
    let short = |number: usize| {
        let content = format!("job {number} is done");
        relay_of(&content.clone(), &content.clone(), Message::Text { content })
    };
    (0..3).map(cloud).chain((0..2).map(script)).chain((0..2).map(short)).collect()
}

#[test]
fn a_digest_of_messages_says_what_they_say() {
    let digest = |message_limit, kind| {
        let packed = library().tell(&storm(), &Style { message_limit, kind, ..style() }, &circumstances(), false, 1);
        assert!(packed.digest);
        terminal(&packed.parts[0].message, &Mention::default(), false, 80)
    };
    insta::assert_snapshot!(digest(19_500, Kind::Markdown), @r#"
    🟣 [FIRING:7] in 7 groups · 【阿里云监控】磁盘使用率, backup 0 failed, backup 1
    failed +2
    ────────────────────────────────────────────────────────────────────────────

    🟣 7 firing

    7 groups

    🟣 【阿里云监控】磁盘使用率 ×3

    • 实例: i-0000 · 当前值: 90 % · since 09:00
    • 实例: i-0001 · 当前值: 91 % · since 09:00
    • 实例: i-0002 · 当前值: 92 % · since 09:00

    🟣 backup 0 failed

    • host: db-0 · * retry at 03:00 · pg_basebackup: could not write to file
      "base.tar": No space left on device, pg_basebackup: could not write to file
      "base.tar": No space left on device, pg_basebackup: could not write to file
      "base.tar": No space left on device, pg_basebackup: could not write to file
      "base.tar": No space left on device, · since 09:00

    🟣 backup 1 failed

    • host: db-1 · * retry at 03:01 · pg_basebackup: could not write to file
      "base.tar": No space left on device, pg_basebackup: could not write to file
      "base.tar": No space left on device, pg_basebackup: could not write to file
      "base.tar": No space left on device, pg_basebackup: could not write to file
      "base.tar": No space left on device, · since 09:00

    🟣 job 0 is done

    • since 09:00

    🟣 job 1 is done

    • since 09:00

    @13800000000
    "#);
    insta::assert_snapshot!(digest(1_300, Kind::Markdown), @r#"
    🟣 [FIRING:7] in 7 groups · 【阿里云监控】磁盘使用率, backup 0 failed, backup 1
    failed +2
    ────────────────────────────────────────────────────────────────────────────

    🟣 7 firing

    7 groups

    🟣 【阿里云监控】磁盘使用率 ×3

    • 实例: i-0000 · 当前值: 90 % · since 09:00
    • 实例: i-0001 · 当前值: 91 % · since 09:00
    • 实例: i-0002 · 当前值: 92 % · since 09:00

    🟣 backup 0 failed

    • host: db-0 · * retry at 03:00 · pg_basebackup: could not write to file
      "base.tar": No space left on device, pg_basebackup: could not write to file
      "base.tar": N… · since 09:00

    🟣 backup 1 failed

    • host: db-1 · * retry at 03:01 · pg_basebackup: could not write to file
      "base.tar": No space left on device, pg_basebackup: could not write to file
      "base.tar": N… · since 09:00

    🟣 job 0 is done

    • since 09:00

    🟣 job 1 is done

    • since 09:00

    @13800000000
    "#);
    insta::assert_snapshot!(digest(1_000, Kind::Text), @r#"
    🟣 7 firing, 7 groups
    🟣 【阿里云监控】磁盘使用率 ×3
    - 实例: i-0000 · 当前值: 90 % · since 09:00
    - 实例: i-0001 · 当前值: 91 % · since 09:00
    - 实例: i-0002 · 当前值: 92 % · since 09:00
    🟣 backup 0 failed
    - host: db-0 · * retry at 03:00 · pg_basebackup: could not write to file
    "base.tar": No space left on device, pg_basebackup: could not write to file
    "base.tar": N… · since 09:00
    🟣 backup 1 failed
    - host: db-1 · * retry at 03:01 · pg_basebackup: could not write to file
    "base.tar": No space left on device, pg_basebackup: could not write to file
    "base.tar": N… · since 09:00
    🟣 job 0 is done
    - since 09:00
    🟣 job 1 is done
    - since 09:00
    @13800000000
    "#);
}

#[test]
fn robots_take_what_is_passed_on() {
    for group in [markdown(), text(), card(Orientation::Horizontal), link(), feed()] {
        let style = Style { keyword: Some("告警".to_owned()), ..style() };
        let packed = told_as(&group, &style, &circumstances());
        let seen = Seen::read(&packed.parts[0].body(UUID)).expect("a message");
        assert!(seen.text.contains("告警"), "{seen:?}");
    }
}

use serde_json::{Value, json};

use super::*;
use crate::dingtalk::{Button, FeedLink, Orientation};
use crate::notification::Status;
use crate::sender::tests::{self, kept};
use crate::sender::{Request, Settings};

fn fixture(name: &str) -> Vec<u8> {
    kept(name).into_bytes()
}

fn notification(body: &[u8]) -> Notification {
    tests::told(Request::of_body(body), Sender::DingTalk)
}

fn told(body: &Value) -> Notification {
    notification(body.to_string().as_bytes())
}

fn relay_of(body: &Value) -> Relay {
    told(body).relay.expect("a message")
}

fn refusal(body: &Value) -> String {
    let request = body.to_string();
    let request = Request::of_body(request.as_bytes());
    crate::sender::decode(request, Some(Sender::DingTalk), &Settings::default()).expect_err("refused").reason
}

#[test]
fn what_real_senders_post_is_passed_on_as_it_is() {
    for (name, title, message) in [
        (
            "dingtalk-grafana-link.json",
            "[FIRING:1]  (val1)",
            Message::Link {
                title: "[FIRING:1]  (val1)".into(),
                text: "**Firing**\n\nValue: A=1\nLabels:\n - alertname = alert1\n".into(),
                url: "dingtalk://dingtalkclient/page/link?pc_slide=false&url=http%3A%2F%2Flocalhost%2Falerting%2Flist"
                    .into(),
                picture: String::new(),
            },
        ),
        (
            "dingtalk-grafana-actioncard.json",
            "Alerts firing: 2",
            Message::ActionCard {
                title: "Alerts firing: 2".into(),
                text: "2 alerts are firing, 0 are resolved".into(),
                buttons: vec![Button {
                    title: "More".into(),
                    url:
                        "dingtalk://dingtalkclient/page/link?pc_slide=false&url=http%3A%2F%2Flocalhost%2Falerting%2Flist"
                            .into(),
                }],
                orientation: Orientation::Vertical,
            },
        ),
        (
            "dingtalk-kube-eventer.json",
            "Level:Warning",
            Message::Text {
                content: "Level:Warning \nKind:Pod \nNamespace:default \nName:web-0.17a \nReason:BackOff \n\
                          Timestamp:2024-01-01 12:00:00 \nMessage:Back-off restarting failed container"
                    .into(),
            },
        ),
        (
            "dingtalk-uptimekuma.json",
            "[DOWN] web",
            Message::Markdown {
                title: "[DOWN] web".into(),
                text: "## [DOWN] web \n> connect ECONNREFUSED 127.0.0.1:80\n> Time (Asia/Shanghai): 2024-01-01 12:00:00"
                    .into(),
            },
        ),
    ] {
        let notification = notification(&fixture(name));
        let alert = &notification.alerts[0];
        assert_eq!(alert.labels["alertname"], title);
        assert_eq!(alert.annotations["description"], message.text().trim(), "{name}");
        assert_eq!((alert.status, alert.severity), (Status::Firing, None));
        assert_eq!(notification.relay, Some(Relay { message, mention: Mention::default() }));
        assert_eq!(notification.raw, Value::Null);
    }
}

#[test]
fn a_feed_card_keeps_the_links_that_say_something() {
    let notification = notification(&fixture("dingtalk-feedcard.json"));
    let feed = |title: &str, job| FeedLink {
        title: title.into(),
        url: format!("https://ci.example.com/job/{job}"),
        picture: "https://ci.example.com/red.png".into(),
    };
    let links = vec![feed("Deploy of shop-api failed", 1), feed("Tests of shop-web are red", 2)];
    assert_eq!(notification.relay.expect("a message").message, Message::FeedCard { links });
    let alert = &notification.alerts[0];
    assert_eq!(alert.labels["alertname"], "Deploy of shop-api failed");
    assert_eq!(alert.annotations["description"], "Deploy of shop-api failed\nTests of shop-web are red");
    assert_eq!(alert.generator_url, "https://ci.example.com/job/1");

    let links = json!([{"title": "a", "messageURL": "https://a.test"}, {"title": "b"}]);
    let message = relay_of(&json!({"msgtype": "feedCard", "feedCard": {"links": links}})).message;
    assert_eq!(message, Message::Text { content: "a https://a.test\nb".into() });
}

#[test]
fn buttons_lead_somewhere_and_everybody_is_called_in_any_spelling() {
    let relay = notification(&fixture("dingtalk-buttons.json")).relay.expect("a message");
    let Message::ActionCard { buttons, orientation, .. } = &relay.message else { panic!("{relay:?}") };
    let titles: Vec<_> = buttons.iter().map(|button| button.title.as_str()).collect();
    assert_eq!((titles, *orientation), (vec!["Look", "Silence"], Orientation::Horizontal));
    let mention = Mention {
        all: true,
        mobiles: vec!["13800000000".into(), "13900000000".into()],
        user_ids: vec!["manager7675".into()],
    };
    assert_eq!(relay.mention, mention);

    for (at, all, people) in [
        (json!({"isAtAll": true}), true, vec![]),
        (json!({"isAtAll": "True", "atMobiles": null}), true, vec![]),
        (json!({"isAtAll": 0, "atMobiles": [13_800_000_000_u64, "", "null"]}), false, vec!["13800000000"]),
        (json!("everybody"), false, vec![]),
    ] {
        let relay = relay_of(&json!({"msgtype": "text", "text": {"content": "x"}, "at": at}));
        assert_eq!((relay.mention.all, relay.mention.mobiles.iter().map(String::as_str).collect()), (all, people));
    }
}

#[test]
fn a_single_button_wins_over_several_when_it_is_whole() {
    let buttons = |single: Value| {
        let mut card = json!({"title": "t", "text": "x", "btns": [{"title": "b", "actionURL": "https://b.test"}]});
        card.as_object_mut().expect("an object").extend(single.as_object().expect("an object").clone());
        match relay_of(&json!({"msgtype": "actionCard", "actionCard": card})).message {
            Message::ActionCard { buttons, .. } => buttons.into_iter().map(|button| button.title).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(buttons(json!({"singleTitle": "s", "singleURL": "https://s.test"})), ["s"]);
    assert_eq!(buttons(json!({"singleTitle": "s"})), ["b"]);
    assert_eq!(buttons(json!({"singleTitle": "", "singleURL": "https://s.test"})), ["b"]);
    assert_eq!(buttons(json!({"singleURL": "https://s.test", "btns": []})), ["t"]);
    assert_eq!(buttons(json!({"singleTitle": "s", "singleURL": "data:x", "btns": null})), [""; 0]);
}

#[test]
fn spellings_that_dingtalk_does_not_know_are_understood() {
    let text = |content: &str| Message::Text { content: content.to_owned() };
    let markdown = |text: &str| Message::Markdown { title: String::new(), text: text.to_owned() };
    for (body, message) in [
        (json!({"msgtype": "TEXT", "text": {"content": " a\n"}}), text(" a\n")),
        (json!({"msgtype": "text", "text": {"text": "a"}, "link": {}, "markdown": null}), text("a")),
        (json!({"msgtype": "text", "text": "a"}), text("a")),
        (json!({"msgType": "markdown", "Markdown": {"content": "**a**"}}), markdown("**a**")),
        (json!({"msgtype": null, "markdown": {"text": "a"}}), markdown("a")),
        (json!({"msgtype": "text", "text": {"content": 5}}), text("5")),
        (json!({"msgtype": "link", "link": {"title": "a", "text": "b"}}), text("a\nb")),
        (json!({"msgtype": "link", "link": {"title": "a", "messageUrl": "javascript:x"}}), text("a")),
    ] {
        assert_eq!(relay_of(&body).message, message, "{body}");
    }
}

#[test]
fn every_message_is_its_own_group() {
    let body = json!({"msgtype": "markdown", "markdown": {"title": "a", "text": "b"}});
    let told_first = told(&body);
    let mut again = body.clone();
    again["at"] = json!({"isAtAll": true});
    again["msgUuid"] = json!("5");
    again["text"] = json!({});
    let again = told(&again);
    assert_eq!(told_first.group_id("ops"), again.group_id("ops"));
    assert_eq!(told_first.state_digest(), again.state_digest());
    for other in [
        json!({"msgtype": "markdown", "markdown": {"title": "a", "text": "b "}}),
        json!({"msgtype": "markdown", "markdown": {"title": "", "text": "b"}}),
        json!({"msgtype": "text", "text": {"content": "b"}}),
        json!({"msgtype": "link", "link": {"title": "a", "text": "b", "messageUrl": "https://b.test"}}),
        json!({"msgtype": "link", "link": {"title": "a", "text": "b", "messageUrl": "https://c.test"}}),
    ] {
        assert_ne!(told_first.group_id("ops"), told(&other).group_id("ops"), "{other}");
    }
}

#[test]
fn refusals_say_what_is_missing() {
    for (body, told) in [
        (json!({"a": 1}), "no `msgtype`: this is not a message in the format of DingTalk's robots"),
        (json!([{"msgtype": "text"}]), "no `msgtype`: this is not a message in the format of DingTalk's robots"),
        (
            json!({"msgtype": "image\n", "image": {}}),
            "`msgtype` is \"image\"; DingTalk's robots take text, markdown, link, actionCard and feedCard",
        ),
        (
            json!({"msgtype": "markdown", "text": {"content": "a"}}),
            "`msgtype` is markdown, but there is no `markdown`: nothing says what to tell",
        ),
        (json!({"msgtype": "text", "text": {}}), "`text.content` is missing or empty: there is nothing to tell"),
        (
            json!({"msgtype": "text", "text": {"content": " \n"}}),
            "`text.content` is missing or empty: there is nothing to tell",
        ),
        (
            json!({"msgtype": "markdown", "markdown": {"title": "a", "text": ""}}),
            "`markdown.text` is missing or empty: there is nothing to tell",
        ),
        (json!({"msgtype": "link", "link": {}}), "`link.text` is missing or empty: there is nothing to tell"),
        (
            json!({"msgtype": "actionCard", "actionCard": {"title": "a"}}),
            "`actionCard.text` is missing or empty: there is nothing to tell",
        ),
        (
            json!({"msgtype": "feedCard", "feedCard": {"links": [{"title": " "}, 5]}}),
            "`feedCard.links` is missing or empty: there is nothing to tell",
        ),
    ] {
        assert_eq!(refusal(&body), told, "{body}");
    }
}

fn anything() -> impl proptest::strategy::Strategy<Value = Value> {
    use proptest::prelude::*;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("https://a.test"))
    ];
    let names = "title|text|content|links|btns|singleURL|messageUrl|messageURL|actionURL|atMobiles|isAtAll";
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(names, inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest::proptest! {
    #[test]
    fn anything_is_a_message_that_says_something_or_is_refused(kind in "text|markdown|link|actionCard|feedCard", object in anything(), at in anything()) {
        let body = json!({"msgtype": kind, kind.as_str(): object, "at": at}).to_string();
        let request = Request::of_body(body.as_bytes());
        if let Ok(decoded) = crate::sender::decode(request, Some(Sender::DingTalk), &Settings::default()) {
            let relay = decoded.notification.relay.expect("a message");
            match &relay.message {
                Message::FeedCard { links } => proptest::prop_assert!(!links.is_empty()),
                message => proptest::prop_assert!(!message.text().trim().is_empty()),
            }
        }
    }
}

use super::*;

fn card(buttons: &[(&str, &str)]) -> Message {
    let buttons = buttons.iter().map(|(title, url)| Button { title: (*title).into(), url: (*url).into() }).collect();
    Message::ActionCard { title: "标题".into(), text: "正文".into(), buttons, orientation: Orientation::default() }
}

fn link(picture: &str) -> Message {
    let (title, text, url) = ("标题".into(), "a \"b\"\nc".into(), "dingtalk://x?url=1".into());
    Message::Link { title, text, url, picture: picture.into() }
}

fn feed() -> Message {
    let link = |title: &str, url: &str| FeedLink { title: title.into(), url: url.into(), picture: "https://p".into() };
    Message::FeedCard { links: vec![link("一", "https://a"), link("二", "https://b")] }
}

fn everybody() -> Mention {
    Mention { all: true, ..Mention::default() }
}

#[test]
fn markdown_is_compact_raw_utf8() {
    let message = Message::Markdown { title: "磁盘".into(), text: "97 % \"/\"\n> \u{1F525} @138 @bob".into() };
    let mention = Mention { all: false, mobiles: vec!["138".into()], user_ids: vec!["bob".into()] };
    insta::assert_snapshot!(body(&message, &mention, "0192-a"), @r#"{"msgtype":"markdown","markdown":{"title":"磁盘","text":"97 % \"/\"\n> 🔥 @138 @bob"},"at":{"atMobiles":["138"],"atUserIds":["bob"]},"msgUuid":"0192-a"}"#);
    assert_eq!(mention.text(), "@138 @bob");
}

#[test]
fn text_to_everybody() {
    let message = Message::Text { content: "down".into() };
    insta::assert_snapshot!(body(&message, &everybody(), "u"), @r#"{"msgtype":"text","text":{"content":"down"},"at":{"isAtAll":true},"msgUuid":"u"}"#);
    assert_eq!(everybody().text(), "");
    assert!(!everybody().is_empty());
}

#[test]
fn nobody_is_mentioned_without_at() {
    let message = Message::Text { content: "down".into() };
    insta::assert_snapshot!(body(&message, &Mention::default(), "u"), @r#"{"msgtype":"text","text":{"content":"down"},"msgUuid":"u"}"#);
    assert!(Mention::default().is_empty());
}

#[test]
fn cards_with_one_button_several_and_none() {
    let none = Mention::default();
    insta::assert_snapshot!(body(&card(&[("看", "https://a/?b=1&c")]), &none, "u"), @r#"{"msgtype":"actionCard","actionCard":{"title":"标题","text":"正文","singleTitle":"看","singleURL":"https://a/?b=1&c"},"msgUuid":"u"}"#);
    insta::assert_snapshot!(body(&card(&[("看", "https://a"), ("静默", "https://b")]), &none, "u"), @r#"{"msgtype":"actionCard","actionCard":{"title":"标题","text":"正文","btnOrientation":"0","btns":[{"title":"看","actionURL":"https://a"},{"title":"静默","actionURL":"https://b"}]},"msgUuid":"u"}"#);
    insta::assert_snapshot!(body(&card(&[]), &none, "u"), @r#"{"msgtype":"markdown","markdown":{"title":"标题","text":"正文"},"msgUuid":"u"}"#);
}

#[test]
fn buttons_may_stand_side_by_side() {
    let mut card = card(&[("看", "https://a"), ("静默", "https://b")]);
    if let Message::ActionCard { orientation, .. } = &mut card {
        *orientation = Orientation::Horizontal;
    }
    insta::assert_snapshot!(body(&card, &everybody(), "u"), @r#"{"msgtype":"actionCard","actionCard":{"title":"标题","text":"正文","btnOrientation":"1","btns":[{"title":"看","actionURL":"https://a"},{"title":"静默","actionURL":"https://b"}]},"at":{"isAtAll":true},"msgUuid":"u"}"#);
}

#[test]
fn links_call_nobody_and_need_no_picture() {
    insta::assert_snapshot!(body(&link("https://p"), &everybody(), "u"), @r#"{"msgtype":"link","link":{"title":"标题","text":"a \"b\"\nc","messageUrl":"dingtalk://x?url=1","picUrl":"https://p"},"msgUuid":"u"}"#);
    insta::assert_snapshot!(body(&link(""), &Mention::default(), "u"), @r#"{"msgtype":"link","link":{"title":"标题","text":"a \"b\"\nc","messageUrl":"dingtalk://x?url=1"},"msgUuid":"u"}"#);
}

#[test]
fn feed_cards_call_nobody() {
    insta::assert_snapshot!(body(&feed(), &everybody(), "u"), @r#"{"msgtype":"feedCard","feedCard":{"links":[{"title":"一","messageURL":"https://a","picURL":"https://p"},{"title":"二","messageURL":"https://b","picURL":"https://p"}]},"msgUuid":"u"}"#);
}

#[test]
fn the_outbox_gives_back_what_it_keeps() {
    let (title, text) = ("t".to_owned(), "x".to_owned());
    let all = [
        Message::Markdown { title, text },
        Message::Text { content: "x".into() },
        card(&[("a", "b")]),
        link(""),
        link("https://p"),
        feed(),
    ];
    for message in all {
        let kept = serde_json::to_string(&message).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&kept).unwrap(), message, "{kept}");
    }
    let kept = r#"{"actionCard":{"title":"标题","text":"正文","buttons":[{"title":"a","url":"b"}]}}"#;
    assert_eq!(serde_json::from_str::<Message>(kept).unwrap(), card(&[("a", "b")]), "as kept before");
}

proptest::proptest! {
    #[test]
    fn any_text_arrives_as_it_is(title: String, text: String, uuid: String) {
        let body = body(&Message::Markdown { title: title.clone(), text: text.clone() }, &Mention::default(), &uuid);
        let read: serde_json::Value = serde_json::from_str(&body).unwrap();
        let expected = serde_json::json!({"msgtype": "markdown", "markdown": {"title": title, "text": text}, "msgUuid": uuid});
        proptest::prop_assert_eq!(read, expected);
    }
}

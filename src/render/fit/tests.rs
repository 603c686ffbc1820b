use proptest::prelude::*;

use super::*;
use crate::dingtalk::{Button, FeedLink, Orientation};
use crate::sandbox::Seen;

fn frame<'a>(mention: &'a Mention, limit: usize) -> Frame<'a> {
    Frame {
        mention,
        keyword: None,
        limit,
        left_out_alerts: 0,
        stopped: false,
        part: Part::WHOLE,
        relay: None,
        language: Language::En,
    }
}

fn markdown(text: &str) -> Message {
    Message::Markdown { title: "t".to_owned(), text: text.to_owned() }
}

fn text_of(message: &Message) -> &str {
    message.text()
}

#[test]
fn what_fits_is_untouched_and_words_follow() {
    let mention = Mention { mobiles: vec!["1380".to_owned()], ..Mention::default() };
    let frame = Frame { keyword: Some("Alert"), ..frame(&mention, 600) };
    let (message, cut) = frame.fit(markdown("hello"));
    assert_eq!((text_of(&message), cut), ("hello\n\n@1380 Alert", 0));
}

#[test]
fn the_cut_prefers_a_line_and_says_how_much() {
    let text = "one line of text\n\n".repeat(500);
    let (message, cut) = frame(&Mention::default(), 1_000).fit(markdown(&text));
    let (kept, mark) = text_of(&message).split_once("\n\n…").expect("mark");
    assert!(kept.ends_with("one line of text"), "{kept}");
    assert_eq!(mark, " 9 kB more is left out");
    assert_eq!(cut, text.len() - kept.len());
}

#[test]
fn the_cut_breaks_no_tag() {
    for (text, kept) in [
        ("aaa <font color=#d93026>bbb", 4),
        ("aaa <fon", 4),
        ("aaa &am", 4),
        ("aaa [Source](http://x.te", 4),
        ("a [b](c) <d> &amp; e", 20),
        ("a `b", 2),
        ("a `b` ``c`d", 6),
        (r"a \`b", 5),
        ("a `b\n\nc", 7),
    ] {
        let whole = format!("{text} ` ``");
        assert_eq!(unbroken(&whole, text.len()), (kept, String::new()), "{text}");
    }
}

#[test]
fn code_that_began_far_back_is_closed() {
    for (open, close) in [("`", "`"), ("``", "``"), ("```\n", "\n```")] {
        let text = format!("{open}{}{close}", "x".repeat(5_000));
        let (message, cut) = frame(&Mention::default(), 1_000).fit(markdown(&text));
        let (kept, _) = text_of(&message).split_once("\n\n…").expect("mark");
        assert!(kept.len() > 700 && kept.ends_with(&format!("x{close}")) && cut > 3_000, "{kept}");
    }
    assert_eq!(unbroken("can`t and won't", 10), (10, String::new()), "nothing closes it");
    assert_eq!(shortened("a `b c` d", 5), "a…");
    assert_eq!(shortened("a `b c` d", 9), "a `b c` d");
}

#[test]
fn parts_are_numbered() {
    let part = Part { number: 2, of: 3 };
    let (message, _) = Frame { part, ..frame(&Mention::default(), 600) }.fit(markdown("hello"));
    assert_eq!(message, Message::Markdown { title: "t (2/3)".to_owned(), text: "hello".to_owned() });
    let text = Message::Text { content: "hello".to_owned() };
    let (message, _) = Frame { part, ..frame(&Mention::default(), 600) }.fit(text);
    assert_eq!(text_of(&message), "(2/3) hello");
}

#[test]
fn a_card_gives_up_its_buttons_before_its_text() {
    let buttons = vec![Button { title: "Source".to_owned(), url: "x".repeat(900) }];
    let (title, text) = ("t".to_owned(), "hello".to_owned());
    let card = Message::ActionCard { title, text, buttons, orientation: Orientation::default() };
    let (message, _) = frame(&Mention::default(), 600).fit(card);
    assert_eq!(message, markdown("hello"));
}

#[test]
fn long_titles_end_with_an_ellipsis() {
    let mut message = Message::Markdown { title: "标".repeat(300), text: String::new() };
    shorten_title(&mut message, TITLE_CHARS, "(2/3)");
    let Message::Markdown { title, .. } = &message else { panic!("markdown") };
    assert!(title.ends_with("标… (2/3)") && title.chars().count() == 100, "{title}");
    shorten_title(&mut message, TITLE_CHARS_AT_LEAST, "(2/3)");
    let Message::Markdown { title, .. } = &message else { panic!("markdown") };
    assert_eq!(title, "标标标标标标标标标标标标标… (2/3)");
    shorten_title(&mut message, 10, "");
    let Message::Markdown { title, .. } = message else { panic!("markdown") };
    assert_eq!(title, "标标标标标标标标标…");
}

fn relaying(mention: &Mention, limit: usize) -> Frame<'_> {
    Frame { relay: Some(""), ..frame(mention, limit) }
}

#[test]
fn what_a_sender_wrote_is_left_as_it_is() {
    let mention = Mention { mobiles: vec!["1380".to_owned()], ..Mention::default() };
    let long = Message::Markdown { title: "标".repeat(300), text: "# hello\n\n".to_owned() };
    let frame = Frame { keyword: Some("hello"), ..relaying(&mention, 1_200) };
    assert_eq!(frame.fit(long.clone()), (long.clone(), 0));
    let titled = Frame { keyword: Some("标"), ..frame };
    assert_eq!(titled.fit(long.clone()), (long.clone(), 0), "the title has the keyword");
    let (shorter, cut) = Frame { limit: 1_000, ..frame }.fit(long);
    assert_eq!((shorter.title().chars().count(), shorter.text(), cut), (100, "# hello\n\n", 600));
}

#[test]
fn remarks_and_the_keyword_stand_behind_the_cut() {
    let nobody = Mention::default();
    let frame = Frame { relay: Some("\n\nDelivered 1m late"), keyword: Some("告警"), ..frame(&nobody, 1_000) };
    let (message, cut) = frame.fit(markdown(&"one line of text\n".repeat(500)));
    let text = message.text();
    assert!(text.ends_with("text\n\n… 8 kB more is left out\n\nDelivered 1m late\n\n告警"), "{text}");
    assert!(cut > 7_000);
}

#[test]
fn a_link_gives_up_its_picture_then_itself() {
    let link = |url: usize, picture: usize| {
        let (url, picture) = ("u".repeat(url), "p".repeat(picture));
        Message::Link { title: "t".to_owned(), text: "hello".to_owned(), url, picture }
    };
    let nobody = Mention::default();
    let frame = relaying(&nobody, 1_000);
    assert_eq!(frame.fit(link(300, 300)), (link(300, 300), 0));
    assert_eq!(frame.fit(link(300, 900)), (link(300, 0), 900 + r#","picUrl":"#.len() + 2));
    let (message, cut) = frame.fit(link(900, 10));
    assert_eq!(message, Message::Text { content: "t\nhello".to_owned() });
    assert!(cut > 900);
}

fn feed(titles: &[&str], picture: &str) -> Vec<FeedLink> {
    let link = |title: &&str| FeedLink { title: (*title).to_owned(), url: "u".to_owned(), picture: picture.to_owned() };
    titles.iter().map(link).collect()
}

fn titles(message: &Message) -> Vec<&str> {
    let Message::FeedCard { links } = message else { panic!("{message:?}") };
    links.iter().map(|link| link.title.as_str()).collect()
}

#[test]
fn a_feed_card_leaves_out_its_last_links_and_says_so() {
    let nobody = Mention::default();
    let frame = Frame { keyword: Some("b"), ..relaying(&nobody, 1_000) };
    let links = feed(&["a", "b", "c", "d"], "p");
    assert_eq!(frame.fit(Message::FeedCard { links: links.clone() }), (Message::FeedCard { links }, 0));
    let (message, cut) = frame.fit(Message::FeedCard { links: feed(&["a", "b", "c", "d"], &"p".repeat(300)) });
    assert_eq!((titles(&message), cut), (vec!["a", "b (+2)"], 604));
    let frame = Frame { keyword: Some("告警"), ..frame };
    let (message, cut) = frame.fit(Message::FeedCard { links: feed(&["a", "b", "c"], &"p".repeat(500)) });
    assert_eq!((titles(&message), cut), (vec!["a 告警 (+2)"], 1_004));
    let (message, cut) = frame.fit(Message::FeedCard { links: feed(&["a", "b"], "p") });
    assert_eq!((titles(&message), cut), (vec!["a", "b 告警"], 0));
}

#[test]
fn a_link_of_a_feed_card_that_is_too_long_goes_without_its_picture() {
    let nobody = Mention::default();
    let links = feed(&["a", "b"], &"p".repeat(1_000));
    let (message, cut) = Frame { keyword: Some("告警"), ..relaying(&nobody, 1_000) }.fit(Message::FeedCard { links });
    let (title, text, url) = ("a".to_owned(), "a (+1)\n\n告警".to_owned(), "u".to_owned());
    assert_eq!((message, cut), (Message::Link { title, text, url, picture: String::new() }, 2_002));
}

/// Something that a sender may have written, of any type.
fn written() -> impl Strategy<Value = Message> {
    let text =
        || prop_oneof![".{1,40}", any::<String>(), "[a\n\"\\\\é中<&`\\[#> ]{1,3000}"].prop_map(|text| text + "x");
    let title = || prop_oneof![".{1,300}", "[中\"]{1,4000}"];
    let address = || prop_oneof!["[a-z/:?]{1,60}", "[a-z\"é]{1,3000}"];
    let button = (title(), address()).prop_map(|(title, url)| Button { title, url });
    let link = (title(), address(), address()).prop_map(|(title, url, picture)| FeedLink { title, url, picture });
    prop_oneof![
        (title(), text()).prop_map(|(title, text)| Message::Markdown { title, text }),
        text().prop_map(|content| Message::Text { content }),
        (title(), text(), proptest::collection::vec(button, 0..4)).prop_map(|(title, text, buttons)| {
            Message::ActionCard { title, text, buttons, orientation: Orientation::Horizontal }
        }),
        (title(), text(), address(), prop_oneof![Just(String::new()), address()])
            .prop_map(|(title, text, url, picture)| Message::Link { title, text, url, picture }),
        proptest::collection::vec(link, 1..60).prop_map(|links| Message::FeedCard { links }),
    ]
}

proptest! {
    #[test]
    fn what_a_sender_wrote_comes_out_whole_or_shorter(
        message in written(),
        limit in 1_000usize..20_000,
        keyword: bool,
        relayed: bool,
    ) {
        let mention = Mention { mobiles: vec!["13800000000".into()], user_ids: vec!["bob".into()], all: true };
        let keyword = keyword.then_some("告警");
        let frame = Frame { keyword, relay: relayed.then_some("\n\nDelivered 12m late"), ..frame(&mention, limit) };
        let (fitted, cut) = frame.fit(message.clone());
        let body = dingtalk::body(&fitted, &mention, UUID);
        prop_assert!(body.len() <= limit, "{} > {limit}", body.len());
        let seen = Seen::read(&body).expect("what robots take");
        prop_assert!(keyword.is_none_or(|keyword| seen.title.contains(keyword) || seen.text.contains(keyword)));
        if relayed && !matches!(message, Message::FeedCard { .. }) {
            prop_assert!(fitted.text().contains("Delivered 12m late"));
            prop_assert!(message.text().contains("@bob") || !fitted.text().contains("@bob"));
        }
        if relayed && cut == 0 {
            prop_assert!(fitted.text().starts_with(message.text()));
            prop_assert_eq!(fitted.title(), message.title());
        }
        if relayed && dingtalk::body(&message, &mention, UUID).len() + 100 <= limit {
            prop_assert_eq!(cut, 0);
        }
    }

    #[test]
    fn every_body_is_within_its_limit(
        text in prop_oneof![any::<String>(), "[a\n\"\\\\é中<&`\\[]{0,3000}"],
        title in ".{0,300}",
        limit in 600usize..4_000,
        kind in 0..3,
        stopped: bool,
        left_out_alerts in 0usize..3,
        parts in 1usize..12,
        language in prop_oneof![Just(Language::En), Just(Language::Zh)],
    ) {
        let mention = Mention { mobiles: vec!["13800000000".into()], user_ids: vec!["bob".into()], all: false };
        let message = match kind {
            0 => Message::Markdown { title, text },
            1 => Message::Text { content: text },
            _ => {
                let button = Button { title: "Source".into(), url: "http://x.test".into() };
                Message::ActionCard { title, text, buttons: vec![button], orientation: Orientation::default() }
            }
        };
        let frame = Frame { mention: &mention, keyword: Some("Alert"), limit, left_out_alerts, stopped, part: Part { number: parts, of: parts }, relay: None, language };
        let (fitted, cut) = frame.fit(message);
        let body = dingtalk::body(&fitted, &mention, UUID);
        prop_assert!(body.len() <= limit, "{} > {limit}", body.len());
        serde_json::from_str::<serde_json::Value>(&body).expect("JSON");
        let text = text_of(&fitted);
        prop_assert!(text.contains("@13800000000") && text.contains("@bob") && text.contains("Alert"));
        let marks = match language {
            Language::En => [" kB more is left out", " bytes more are left out"],
            Language::Zh => [" kB 未显示", " 字节未显示"],
        };
        prop_assert_eq!(cut > 0, marks.iter().any(|mark| text.contains(mark)));
    }

    #[test]
    fn lengths_are_those_of_json(text: String) {
        prop_assert_eq!(json_len(&text), serde_json::to_string(&text).expect("JSON").len() - 2);
    }
}

use proptest::prelude::*;

use super::*;
use crate::dingtalk::Button;

fn frame<'a>(mention: &'a Mention, limit: usize) -> Frame<'a> {
    Frame { mention, keyword: None, limit, left_out_alerts: 0, stopped: false, part: Part::WHOLE }
}

fn markdown(text: &str) -> Message {
    Message::Markdown { title: "t".to_owned(), text: text.to_owned() }
}

fn text_of(message: &Message) -> &str {
    match message {
        Message::Markdown { text, .. } | Message::ActionCard { text, .. } => text,
        Message::Text { content } => content,
    }
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
    let card = Message::ActionCard { title: "t".to_owned(), text: "hello".to_owned(), buttons };
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

proptest! {
    #[test]
    fn every_body_is_within_its_limit(
        text in prop_oneof![any::<String>(), "[a\n\"\\\\é中<&`\\[]{0,3000}"],
        title in ".{0,300}",
        limit in 600usize..4_000,
        kind in 0..3,
        stopped: bool,
        left_out_alerts in 0usize..3,
        parts in 1usize..12,
    ) {
        let mention = Mention { mobiles: vec!["13800000000".into()], user_ids: vec!["bob".into()], all: false };
        let message = match kind {
            0 => Message::Markdown { title, text },
            1 => Message::Text { content: text },
            _ => {
                let button = Button { title: "Source".into(), url: "http://x.test".into() };
                Message::ActionCard { title, text, buttons: vec![button] }
            }
        };
        let frame = Frame { mention: &mention, keyword: Some("Alert"), limit, left_out_alerts, stopped, part: Part { number: parts, of: parts } };
        let (fitted, cut) = frame.fit(message);
        let body = dingtalk::body(&fitted, &mention, UUID);
        prop_assert!(body.len() <= limit, "{} > {limit}", body.len());
        serde_json::from_str::<serde_json::Value>(&body).expect("JSON");
        let text = text_of(&fitted);
        prop_assert!(text.contains("@13800000000") && text.contains("@bob") && text.contains("Alert"));
        prop_assert_eq!(cut > 0, text.contains("left out") && text.contains(" more is") || text.contains(" bytes more"));
    }

    #[test]
    fn lengths_are_those_of_json(text: String) {
        prop_assert_eq!(json_len(&text), serde_json::to_string(&text).expect("JSON").len() - 2);
    }
}

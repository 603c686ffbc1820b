use super::*;
use crate::dingtalk::{Button, FeedLink};

fn shown(text: &str, color: bool) -> String {
    terminal(&Message::Markdown { title: "Title".to_owned(), text: text.to_owned() }, &Mention::default(), color, 40)
}

#[test]
fn markdown_becomes_what_is_read() {
    let text = "#### 🔴 HostDown\n\n**<font color=#d93026>CRITICAL</font>** · 2 firing\n\n> job: a · b\\_c: d\n\n- one [Source](http://x.test/a?b)\n- two that is long enough to need another line\n\nSince 10:00";
    insta::assert_snapshot!(shown(text, false), @"
Title
─────

🔴 HostDown

CRITICAL · 2 firing

│ job: a · b_c: d

• one Source ‹http://x.test/a?b›
• two that is long enough to need
  another line

Since 10:00
");
}

#[test]
fn colours_and_links_are_sequences() {
    let coloured = shown("**<font color=#d93026>CRITICAL</font>** [Source](http://x.test)", true);
    assert!(coloured.contains("\x1b[38;2;217;48;38mCRITICAL"), "{coloured:?}");
    assert!(coloured.contains("\x1b]8;;http://x.test\x1b\\Source\x1b]8;;\x1b\\"), "{coloured:?}");
}

#[test]
fn a_value_cannot_write_to_the_terminal() {
    let text = "a\u{1b}[2Jb\u{9b}c [x\u{7}](http://x.test/\u{1b}]0;t) &#27;[31m d\r";
    assert!(!shown(text, false).contains(|char: char| char.is_control() && char != '\n'));
    let plain = Message::Text { content: text.to_owned() };
    let shown = terminal(&plain, &Mention::default(), false, 80);
    assert!(!shown.contains(|char: char| char.is_control() && char != '\n'));
}

fn seen(message: &Message) -> String {
    terminal(message, &Mention { all: true, ..Mention::default() }, false, 60)
}

#[test]
fn a_link_shows_where_it_leads() {
    let (title, text) = ("Disk".to_owned(), "97 % *used*\nsince 9".to_owned());
    let (url, picture) = ("https://x.test/a".to_owned(), "https://x.test/a.png".to_owned());
    insta::assert_snapshot!(seen(&Message::Link { title, text, url, picture }), @"
    Disk
    ────
    97 % *used*
    since 9

    → https://x.test/a
    picture https://x.test/a.png
    ");
}

#[test]
fn a_feed_card_shows_its_links() {
    let link = |title: &str, picture: &str| FeedLink {
        title: title.to_owned(),
        url: "https://x.test/a".to_owned(),
        picture: picture.to_owned(),
    };
    let links = vec![link("One", "https://x.test/1.png"), link("Two", "")];
    insta::assert_snapshot!(seen(&Message::FeedCard { links }), @"
    • One ‹https://x.test/a›
      picture https://x.test/1.png
    • Two ‹https://x.test/a›
    ");
}

#[test]
fn buttons_stand_as_they_will() {
    let button = |title: &str| Button { title: title.to_owned(), url: "https://x.test".to_owned() };
    let card = |orientation| {
        let (title, text) = ("Disk".to_owned(), "97 %".to_owned());
        Message::ActionCard { title, text, buttons: vec![button("Yes"), button("No")], orientation }
    };
    insta::assert_snapshot!(seen(&card(Orientation::Vertical)), @"
    Disk
    ────

    97 %

    [ Yes ‹https://x.test› ]
    [ No ‹https://x.test› ]

    calls everybody
    ");
    insta::assert_snapshot!(seen(&card(Orientation::Horizontal)), @"
    Disk
    ────

    97 %

    [ Yes ‹https://x.test› ] [ No ‹https://x.test› ]

    calls everybody
    ");
}

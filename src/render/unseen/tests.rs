use proptest::prelude::*;

use super::*;
use crate::dingtalk::Orientation;

fn found(text: &str) -> String {
    let message = Message::Markdown { title: String::new(), text: text.to_owned() };
    unseen(&message).iter().map(|unseen| format!("{unseen}\n")).collect()
}

#[test]
fn everything_is_found_with_its_line() {
    let text = "##Title\none\ntwo  \nthree <br>\n\n| a |\n|---|\n| 1 |\n\n~~old~~ `x`\n\n- a\n  - b\n\n```\ncode\n```\n\n![p](http://x.test/p.png) ![d](data:image/png;base64,AA)\n\n[x](javascript:alert) [y]() [z](/path)\n\n<b>\nbold\n</b>";
    insta::assert_snapshot!(found(text), @"
    lines 1, 2 of the text: a line break that becomes a space; end the line with two spaces, or leave a blank line
    line 1 of the text: a heading without a space behind its #; it stays text
    line 4 of the text: <br>; of HTML, only <font color=…> is shown
    line 6 of the text: a table; phones show it as words and bars. Use a list
    lines 10, 15 of the text: code; phones may show it with its backticks, or run its lines together
    line 10 of the text: ~~words struck out~~; they keep their tildes
    line 13 of the text: a list within a list; phones may show it as one
    line 19 of the text: a picture that is not at https://…; phones may not show it
    line 21 of the text: a link that leads nowhere; give it an https address
    line 21 of the text: a link to javascript:…; only http, https and dingtalk are opened
    line 23 of the text: <b>; of HTML, only <font color=…> is shown
    ");
}

#[test]
fn what_dingtalk_shows_is_no_loss() {
    let text = "#### 🔴 Title\n\n**bold** *it* <font color=#d93026>red</font>\n\n> a\n> b\n\n- a\n- b\n  more\n\n1. one\n\ntwo  \nlines #42\n\n#42 is closed\n\n![p](https://x.test/p.png) [x](https://x.test) [y](HTTP://x.test) [z](dingtalk://dingtalkclient/page/link?url=a) [d](dtmd://dingtalkclient/sendMessage?content=a)";
    assert_eq!(found(text), "");
    let text = Message::Text { content: "| a |\n|---|\n".to_owned() };
    assert!(unseen(&text).is_empty());
}

#[test]
fn many_lines_are_counted() {
    assert_eq!(found("a\nb\nc\nd\ne\nf").split(':').next(), Some("lines 1, 2, 3 and 2 more of the text"));
    assert_eq!(found("a\nb\nc").split(':').next(), Some("lines 1, 2 of the text"));
}

#[test]
fn buttons_lead_somewhere_too() {
    let button = |url: &str| Button { title: "Look".to_owned(), url: url.to_owned() };
    let (title, text, orientation) = (String::new(), "x".to_owned(), Orientation::Vertical);
    let buttons = vec![button("https://x.test"), button("ftp://x.test")];
    let found = unseen(&Message::ActionCard { title, text, buttons, orientation });
    assert_eq!(found[0].to_string(), "a button: a link to ftp:…; only http, https and dingtalk are opened");
}

proptest! {
    #[test]
    fn lines_are_lines_of_the_text(text in r"([-#>*_~`|<>\[\]()! \n]|br|1\.|x|é|    ){0,60}") {
        let lines = text.split('\n').count();
        let message = Message::Markdown { title: String::new(), text };
        for unseen in unseen(&message) {
            prop_assert!(unseen.lines.iter().all(|line| (1..=lines).contains(line)), "{:?}", unseen);
            prop_assert!(unseen.lines.is_sorted());
        }
    }
}

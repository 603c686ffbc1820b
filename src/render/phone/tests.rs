use proptest::prelude::*;

use super::*;
use crate::dingtalk::{Button, FeedLink, Orientation};

fn rendered(message: Message, mention: Mention) -> Rendered {
    Rendered { message, mention, cut_bytes: 0, failure: None }
}

fn shown(parts: &[Rendered]) -> String {
    phone(&Screen { target: "ops", time: "10:42", parts, limit: 19_500, refreshing: false })
}

/// The inside of the only bubble.
fn bubble(message: Message, mention: Mention) -> String {
    let page = shown(&[rendered(message, mention)]);
    let (_, bubble) = page.split_once("<div class=\"bubble").expect("a bubble");
    let (_, bubble) = bubble.split_once("\">").expect("a class");
    let (bubble, _) = bubble.split_once("</div><p class=\"print\">").expect("small print");
    bubble.replace("><", ">\n<")
}

fn markdown(text: &str) -> String {
    let mention = Mention { mobiles: vec!["13800000000".to_owned()], ..Mention::default() };
    bubble(Message::Markdown { title: "Title".to_owned(), text: text.to_owned() }, mention)
}

#[test]
fn markdown_is_what_dingtalk_makes_of_it() {
    let text = "#### 🔴 HostDown\n\n**<font color=#d93026>CRITICAL</font>** · *2* firing\nruns on  \nbreaks\n\n> job: a\n> job: b\n\n- one [Source](https://x.test/a?b&c)\n- two\n  more\n\n1. ![graph](https://x.test/g.png)\n\n---\n\n@13800000000 look";
    insta::assert_snapshot!(markdown(text), @r#"
    <h4>🔴 HostDown</h4>
    <p>
    <b>
    <span style="color:#d93026">CRITICAL</span>
    </b> · <i>2</i> firing runs on<br>breaks</p>
    <blockquote>
    <p>job: a<br>job: b</p>
    </blockquote>
    <ul>
    <li>one <a href="https://x.test/a?b&amp;c" target="_blank" rel="noopener noreferrer">Source</a>
    </li>
    <li>two<br>more</li>
    </ul>
    <ol start="1">
    <li>
    <span class="picture">graph<small>https://x.test/g.png</small>
    </span>
    </li>
    </ol>
    <hr>
    <p>
    <span class="called">@13800000000</span> look</p>
    "#);
}

#[test]
fn what_dingtalk_does_not_know_is_shown_as_it_is_written() {
    let text = "| a | b |\n|---|---|\n| 1 | 2 |\n\n~~gone~~ `code`\n\n```sh\nls\n```\n\n<u>under</u> <script>alert(1)</script>\n\n<font color=red>\nalone\n</font>";
    insta::assert_snapshot!(markdown(text), @r#"
    <p>| a | b | |---|---| | 1 | 2 |</p>
    <p>~~gone~~ `code`</p>
    <p>```sh ls ```</p>
    <p>under alert(1)</p>
    <p>
    <span style="color:red"> </span>
    <span style="color:red">alone </span>
    </p>
    "#);
}

#[test]
fn every_type_has_its_looks() {
    let title = || "Disk".to_owned();
    let button = |title: &str, url: &str| Button { title: title.to_owned(), url: url.to_owned() };
    let card = |buttons, orientation| {
        let message = Message::ActionCard { title: title(), text: "97 %".to_owned(), buttons, orientation };
        bubble(message, Mention::default())
    };
    insta::assert_snapshot!(card(vec![button("Look", "https://x.test")], Orientation::Vertical), @r#"
    <div class="markdown">
    <p>97 %</p>
    </div>
    <nav class="buttons single">
    <a class="button" href="https://x.test" target="_blank" rel="noopener noreferrer">Look</a>
    </nav>
    "#);
    let two = vec![button("Yes", "https://x.test/?a=\"b"), button("No", "javascript:alert(1)")];
    insta::assert_snapshot!(card(two, Orientation::Horizontal), @r#"
    <div class="markdown">
    <p>97 %</p>
    </div>
    <nav class="buttons across">
    <a class="button" href="https://x.test/?a=&quot;b" target="_blank" rel="noopener noreferrer">Yes</a>
    <a class="button" title="javascript:alert(1)" target="_blank" rel="noopener noreferrer">No</a>
    </nav>
    "#);
    let (url, picture) = ("https://x.test".to_owned(), "https://x.test/p.png".to_owned());
    let link = Message::Link { title: title(), text: "97 %\nused".to_owned(), url, picture };
    insta::assert_snapshot!(bubble(link, Mention::default()), @r#"
    <a class="link" href="https://x.test" target="_blank" rel="noopener noreferrer">
    <b>Disk</b>
    <span class="row">
    <span class="excerpt">97 %<br>used</span>
    <span class="picture">picture<small>https://x.test/p.png</small>
    </span>
    </span>
    </a>
    "#);
    let links = ["One", "Two"].map(|title| FeedLink {
        title: title.to_owned(),
        url: "dingtalk://x".to_owned(),
        picture: String::new(),
    });
    insta::assert_snapshot!(bubble(Message::FeedCard { links: links.into() }, Mention::default()), @r#"
    <a class="feed first" title="dingtalk://x" target="_blank" rel="noopener noreferrer">
    <span>One</span>
    </a>
    <a class="feed" title="dingtalk://x" target="_blank" rel="noopener noreferrer">
    <span>Two</span>
    </a>
    "#);
    insta::assert_snapshot!(bubble(Message::Text { content: "a\n**b**".to_owned() }, Mention::default()), @"
    a<br>**b**
    ");
}

#[test]
fn small_print_tells_of_each_message() {
    let message = |text: &str| Message::Markdown { title: format!("{text}!"), text: text.to_owned() };
    let first = Rendered { cut_bytes: 12, ..rendered(message("one"), Mention { all: true, ..Mention::default() }) };
    let page = shown(&[first, rendered(message("two"), Mention::default())]);
    for words in [
        "of 19500 bytes · message 1 of 2 · shortened by 12 bytes</p><p class=\"print\">calls everybody</p>",
        "message 2 of 2</p><p class=\"print\">calls nobody</p>",
        "<b>ops</b><p>one!</p>",
    ] {
        assert!(page.contains(words), "{words} in {page}");
    }
}

#[test]
fn only_a_page_that_is_watched_reads_itself_again() {
    let screen = Screen { target: "ops", time: "10:42", parts: &[], limit: 1, refreshing: true };
    assert!(phone(&screen).contains("http-equiv=\"refresh\""));
    assert!(!phone(&Screen { refreshing: false, ..screen }).contains("refresh"));
    let broken = phone_without("ops", "line 1: <b>\nline 2", true);
    assert!(broken.contains("line 1: &lt;b&gt;<br>line 2"), "{broken}");
}

/// The tags of a page, each with the names of its attributes.
fn tags(page: &str) -> Vec<String> {
    let (_, body) = page.split_once("<body>").expect("a body");
    let tags = body.split('<').skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    tags.map(|tag| tag.split('"').step_by(2).collect::<String>()).collect()
}

fn leads_into_the_web(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| url.to_ascii_lowercase().starts_with(scheme))
}

const OURS: &str = "header main section article nav div span p b i a br hr h1 h2 h3 h4 h5 h6 ul ol li blockquote small time \
                    pre title body html class= href= style= title= target= rel= start=";

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_that_is_said_becomes_markup_of_another_kind(
        text in r#"([<>&"'/!#*_`~=@\[\]() \n-]|font color=|script|img src=x onerror=|a href=|javascript:|https://x|x){0,60}"#,
    ) {
        let title = text.clone();
        let button = Button { title: text.clone(), url: text.clone() };
        let link = FeedLink { title: text.clone(), url: text.clone(), picture: text.clone() };
        let mention = Mention { user_ids: vec![text.clone(), "x".to_owned()], ..Mention::default() };
        for message in [
            Message::Markdown { title: title.clone(), text: text.clone() },
            Message::Text { content: text.clone() },
            Message::ActionCard { title: title.clone(), text: text.clone(), buttons: vec![button], orientation: Orientation::Vertical },
            Message::Link { title, text: text.clone(), url: text.clone(), picture: text.clone() },
            Message::FeedCard { links: vec![link] },
        ] {
            let page = shown(&[rendered(message, mention.clone())]);
            let mut open = Vec::new();
            for tag in tags(&page) {
                let mut words = tag.trim_start_matches('/').split_whitespace();
                prop_assert!(words.all(|word| OURS.split(' ').any(|ours| ours == word)), "{} in {}", tag, page);
                let name = tag.split(' ').next().unwrap_or_default().to_owned();
                match name.strip_prefix('/') {
                    Some("body" | "html") => {}
                    Some(name) => {
                        let opened: Option<String> = open.pop();
                        prop_assert_eq!(opened.as_deref(), Some(name));
                    }
                    None if matches!(&*name, "br" | "hr") => {}
                    None => open.push(name),
                }
            }
            prop_assert!(open.is_empty());
            let quoted: Vec<&str> = page.split('"').collect();
            let led = quoted.chunks_exact(2).filter(|pair| pair[0].ends_with(" href=")).all(|pair| leads_into_the_web(pair[1]));
            prop_assert!(led, "{}", page);
        }
    }
}

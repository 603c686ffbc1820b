use proptest::prelude::*;

use super::*;

fn reason(text: &str) -> (usize, String) {
    let trouble = parse(text).expect_err(text);
    (trouble.at, trouble.message)
}

/// The texts of a template, joined by `|`.
fn texts(text: &str) -> String {
    let source = parse(text).unwrap_or_else(|trouble| panic!("{text}: {trouble:?}"));
    let texts = source.main.iter().filter_map(|node| match node {
        Node::Text(text) => Some(text.as_str()),
        _ => None,
    });
    texts.collect::<Vec<_>>().join("|")
}

#[test]
fn trim_markers_take_white_space_away() {
    assert_eq!(texts("a \n{{- .X -}}\n b"), "a|b");
    assert_eq!(texts("a {{.X -}} b {{- .Y}} c"), "a |b| c");
    assert_eq!(texts("a {{- /* x */ -}} b"), "a|b");
    assert_eq!(texts("a {{-3}} b"), "a | b", "a number, no marker");
    assert_eq!(texts("a\u{3000}{{- .X}}"), "a\u{3000}", "only Go's white space goes");
}

#[test]
fn numbers_and_texts_are_those_of_go() {
    let value = |text: &str| {
        let source = parse(&format!("{{{{{text}}}}}")).unwrap_or_else(|trouble| panic!("{text}: {trouble:?}"));
        let [Node::Action(_, pipe)] = source.main.as_slice() else { panic!("{source:?}") };
        pipe.commands[0].head.base.clone()
    };
    for (text, number) in [
        ("42", 42),
        ("-3", -3),
        ("0x1F", 31),
        ("0b101", 5),
        ("0o17", 15),
        ("017", 15),
        ("1_000", 1000),
        ("'运'", 36816),
        (r"'\n'", 10),
    ] {
        assert_eq!(value(text), Base::Whole(number), "{text}");
    }
    for (text, number) in [("1.5", 1.5), ("28800e9", 28_800e9), (".5", 0.5), ("-1e-3", -1e-3)] {
        assert_eq!(value(text), Base::Float(number), "{text}");
    }
    for (text, is) in [(r#""a\tb\"""#, "a\tb\""), (r#""\u8fd0\x41\101""#, "运AA"), ("`a\\n`", "a\\n")] {
        assert_eq!(value(text), Base::Text(is.to_owned()), "{text}");
    }
}

#[test]
fn what_is_wrong_has_a_place() {
    for (text, at, says) in [
        ("ab{{ .X ", 2, "no }}"),
        ("{{if .X}}a", 0, "no {{end}}"),
        ("{{end}}", 0, "without a block"),
        ("{{if .X}}{{else}}{{else}}{{end}}", 17, "{{else}} already"),
        ("{{if .X}}{{define \"x\"}}{{end}}{{end}}", 9, "move it out"),
        ("{{$x}}", 2, "not declared"),
        ("{{$x = 1}}", 2, "not declared"),
        ("{{(.X}}", 2, "not closed"),
        ("{{.X | \"a\"}}", 7, "a function or a method"),
        ("{{/* x", 0, "no */"),
        ("{{break}}", 0, "outside of {{range}}"),
        ("{{'ab'}}", 2, "one character"),
        ("{{\"a\n\"}}", 2, "no second"),
        ("{{.X!}}", 4, "no meaning"),
        ("{{template .X}}", 11, "in quotes"),
        ("{{1x}}", 2, "no number"),
        ("{{}}", 0, "missing"),
    ] {
        let (place, message) = reason(text);
        assert!(place == at && message.contains(says), "{text}: {place} {message}");
    }
}

#[test]
fn nesting_has_an_end() {
    let blocks = "{{if .X}}".repeat(5_000) + &"{{end}}".repeat(5_000);
    assert!(reason(&blocks).1.contains("deeper than 100"));
    let chain = format!("{{{{if .X}}}}{}{{{{end}}}}", "{{else if .X}}".repeat(5_000));
    assert!(reason(&chain).1.contains("deeper than 100"));
    let parentheses = format!("{{{{{}.X{}}}}}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(reason(&parentheses).1.contains("deeper than 100"));
}

#[test]
fn definitions_stand_beside_what_is_said() {
    let source = parse("{{define \"a\"}}A{{end}}x{{block \"b\" .}}B{{end}}").expect("parses");
    let names: Vec<_> = source.defines.iter().map(|define| define.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(matches!(source.main.as_slice(), [Node::Text(_), Node::Template { .. }]));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn nearly_right_templates_neither(
        text in r#"(\{\{-? ?(if|else if|else|end|range \$i, \$x :=|range|with|define "x"|template "x"|block "x"|break|/\*| \*/)? ?(\.A\.b|\$|\$x|\(|\)|"t"|`r`|'c'|28800e9|\| ?len|:=|=|,|\.)* ?-?\}\}|[a-z \n{}\\]){0,20}"#,
    ) {
        if let Err(trouble) = parse(&text) {
            prop_assert!(trouble.at <= text.len() && text.is_char_boundary(trouble.at));
        }
    }
}

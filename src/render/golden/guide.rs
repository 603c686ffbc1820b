//! What the guide to templates says is true: every call in its tables and every recipe gives the result beside it.

use super::*;

const GUIDE: &str = include_str!("../../../templates/README.md");

/// What `template` makes of the payload that the guide speaks of, ten minutes after it began.
fn made(template: &str) -> String {
    let payload = include_str!("../../../examples/payloads/firing.json");
    let notification = notification(payload);
    let now = "2026-11-20T02:24:05.123Z".parse().expect("time");
    let circumstances = Circumstances { target: "ops", now, accepted_at: now, repeats: 0, digest_mentions: true };
    let source = TemplateSource { name: "x".to_owned(), text: template.to_owned(), origin: "guide".to_owned() };
    let library = Library::compile(Language::En, vec![source]).unwrap_or_else(|wrong| panic!("{template}: {wrong:?}"));
    let style = Style { text: Some("x".to_owned()), ..in_shanghai(Language::En) };
    let rendered = library.render(&notification, &style, &circumstances);
    assert_eq!(rendered.failure, None, "{template}");
    match rendered.message {
        Message::Markdown { text, .. } => text,
        other => panic!("{other:?}"),
    }
}

/// The section of the guide under this heading.
fn section(heading: &str) -> &'static str {
    let (_, section) = GUIDE.split_once(&format!("\n## {heading}\n")).expect("a heading");
    section.split("\n## ").next().unwrap_or(section)
}

/// The first two cells of a table's rows, where each holds one piece of code and nothing else.
fn examples(section: &str) -> Vec<(&str, &str)> {
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ").map(code_alone);
        Some((cells.next()??, cells.next()??))
    });
    rows.collect()
}

/// The code of a cell that is nothing but one piece of it.
fn code_alone(cell: &str) -> Option<&str> {
    cell.strip_prefix('`')?.strip_suffix('`').filter(|code| !code.contains('`'))
}

/// A call as the guide means it: what is an alert's own stands inside of the loop.
fn placed(call: &str) -> String {
    let of_an_alert = ["labels", "annotations", "startsAt", "fingerprint"];
    let mut words = call.split(|char: char| !char.is_ascii_alphabetic());
    match words.any(|word| of_an_alert.contains(&word)) {
        true => format!("{{{{#each firing}}}}{call}{{{{/each}}}}"),
        false => call.to_owned(),
    }
}

#[test]
fn the_calls_give_what_the_guide_says() {
    let examples = examples(section("Helpers"));
    assert!(examples.len() > 35, "{}", examples.len());
    let wrong = examples.iter().filter_map(|(call, result)| {
        let made = made(&placed(call));
        (made != *result).then(|| format!("{call}: {made:?}, not {result:?}"))
    });
    assert_eq!(wrong.collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn the_fields_hold_what_the_guide_says() {
    let (group, alert) = section("The data").split_once("An alert, inside of").expect("two tables");
    let mut wrong = Vec::new();
    for (table, each) in [(group, false), (alert, true)] {
        for (field, value) in examples(table) {
            let shown = if each {
                format!("{{{{#each firing}}}}{{{{{field}}}}}{{{{/each}}}}")
            } else {
                format!("{{{{{field}}}}}")
            };
            let made = made(&shown);
            if made != value {
                wrong.push(format!("{field}: {made:?}, not {value:?}"));
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn the_recipes_work() {
    let mut recipes = 0;
    for recipe in section("Recipes").split("```handlebars\n").skip(1) {
        let (template, rest) = recipe.split_once("```\n").expect("an end");
        let made = made(template);
        if let Some(result) = rest.strip_prefix("```text\n") {
            let (result, _) = result.split_once("\n```").expect("an end");
            assert_eq!(made, result, "{template}");
        }
        recipes += 1;
    }
    assert!(recipes > 4, "{recipes}");
}

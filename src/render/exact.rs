//! Templates that begin with `{{exact}}`: what is written in them is what is sent.
//!
//! Handlebars takes the line away that holds nothing but a block's tag, a comment or a partial. In these templates it stays:
//! a mark behind every tag keeps the parser from seeing such a line, and is taken out of what it parsed. (What a rendering
//! does differently is said where texts are finished.)

use handlebars::Template;
use handlebars::template::TemplateElement;

use super::tags::tags;

/// Put behind a tag, it keeps the line from being one that holds nothing else. Unicode reserves it for internal use.
const MARK: char = '\u{FDD2}';
/// The tag that asks for it.
const TAG: &str = "exact";

/// Whether a template wants to be taken exactly.
pub(super) fn asked(text: &str) -> bool {
    let inside = text.strip_prefix("{{").and_then(|rest| rest.split_once("}}"));
    inside.is_some_and(|(inside, _)| inside.trim() == TAG)
}

/// `text` with a mark behind every tag, except where the tag takes white space away itself (`~}}`).
pub(super) fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    let mut at = 0;
    for (open, tag) in tags(text) {
        let end = open + tag.len();
        out.push_str(&text[at..end]);
        if tag.ends_with("}}") && !tag.ends_with("~}}") {
            out.push(MARK);
        }
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

/// Takes the marks out of what was parsed from `marked`, and puts the places of its elements right.
pub(super) fn unmark(template: &mut Template, marked: &str) {
    let lines: Vec<&str> = marked.split('\n').collect();
    unmark_all(template, &lines);
}

fn unmark_all(template: &mut Template, lines: &[&str]) {
    for mapping in &mut template.mapping {
        mapping.1 = column(lines, mapping.0, mapping.1);
    }
    for element in &mut template.elements {
        match element {
            TemplateElement::RawString(text) => text.retain(|char| char != MARK),
            TemplateElement::HelperBlock(call) => {
                let inner = [&mut call.template, &mut call.inverse];
                inner.into_iter().flatten().for_each(|template| unmark_all(template, lines));
            }
            _ => {}
        }
    }
}

/// The column that a place in the marked text has without the marks.
pub(super) fn column_without_marks(marked: &str, line: usize, column_with: usize) -> usize {
    column(&marked.split('\n').collect::<Vec<_>>(), line, column_with)
}

fn column(lines: &[&str], line: usize, column: usize) -> usize {
    let text = line.checked_sub(1).and_then(|line| lines.get(line)).copied().unwrap_or_default();
    let marks = text.chars().take(column.saturating_sub(1)).filter(|char| *char == MARK).count();
    column - marks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an exact template writes with nothing but its own text and `true`.
    fn written(text: &str) -> String {
        let marked = marked(text);
        let mut template = Template::compile(&marked).unwrap_or_else(|error| panic!("{text}: {error}"));
        unmark(&mut template, &marked);
        let mut registry = handlebars::Handlebars::new();
        registry.register_template("partial", Template::compile("P").expect("compiles"));
        registry.register_template("t", template);
        registry.render("t", &serde_json::json!({"exact": ""})).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn lines_that_hold_only_a_tag_stay() {
        for (text, expected) in [
            ("{{exact}}\n{{#if true}}\na\n{{else}}\nb\n{{/if}}\nc\n", "\n\na\n\nc\n"),
            ("  {{! comment }}\n{{!-- {{x}} --}}\n{{> partial}}\n  {{> partial}}\n", "  \n\nP\n  P\n"),
            ("{{#each this}}\n{{/each}}", "\n"),
            ("a\r\n{{#if true}}\r\nb\r\n{{/if}}\r\n", "a\r\n\r\nb\r\n\r\n"),
            ("{{#if \"}}\"}}\nx\n{{/if}}", "\nx\n"),
        ] {
            assert_eq!(written(text), expected, "{text}");
        }
    }

    #[test]
    fn white_space_goes_where_a_tag_says_so() {
        assert_eq!(written("a {{~#if true~}}\n b \n{{~/if}}\nc"), "ab\nc");
    }

    #[test]
    fn braces_and_backslashes_are_no_tags() {
        assert_eq!(written(r"\{{#if}} \\{{#if true}}x{{/if}}"), r"{{#if}} \x");
    }

    #[test]
    fn only_the_first_tag_asks() {
        assert!(asked("{{exact}}x") && asked("{{ exact }}\n"));
        assert!(!asked(" {{exact}}") && !asked("{{exactly}}") && !asked("x{{exact}}") && !asked("{{"));
    }

    #[test]
    fn places_are_those_of_the_text() {
        let marked = marked("{{exact}}\n{{a}}{{b}}{{c}}");
        let mut template = Template::compile(&marked).expect("compiles");
        unmark(&mut template, &marked);
        let places: Vec<_> = template.mapping.iter().map(|mapping| (mapping.0, mapping.1)).collect();
        for column in [1, 6, 11] {
            assert!(places.contains(&(2, column)), "{places:?}");
        }
    }

    proptest::proptest! {
        /// Whatever is written, what is parsed holds no mark.
        #[test]
        fn no_mark_is_left(text in "(\\{\\{|\\}\\}|\\{\\{#if true\\}\\}|\\{\\{/if\\}\\}|[ \\n~\\\\\"'a!-]){0,24}") {
            let marked = marked(&text);
            if let Ok(mut template) = Template::compile(&marked) {
                unmark(&mut template, &marked);
                let parsed = format!("{template:?}");
                proptest::prop_assert!(!parsed.contains("fdd2"), "{}", parsed);
            }
        }
    }
}

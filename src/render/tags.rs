//! Where the tags of a template are, without parsing it: for texts that may be no template at all.

/// The tags of `text`, each with its offset, from `{{` to `}}`; one that is never closed goes to the end. What is written as
/// `\{{` is none.
pub(super) fn tags(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let open = at + text[at..].find("{{")?;
            let backslashes = open - text[at..open].trim_end_matches('\\').len() - at;
            // Two and more are backslashes before a tag.
            if backslashes == 1 {
                at = open + 2;
                continue;
            }
            let tag = &text[open..open + length(&text[open..])];
            at = open + tag.len();
            return Some((open, tag));
        }
    })
}

/// Whether a tag is a comment.
pub(super) fn is_comment(tag: &str) -> bool {
    tag.starts_with("{{!")
}

/// The bytes of the tag that `text` begins with.
fn length(text: &str) -> usize {
    let end = |close: &str| text.find(close).map(|at| at + close.len());
    let found = if text.starts_with("{{!--") {
        end("--}}")
    } else if is_comment(text) {
        end("}}")
    } else if text.starts_with("{{{{") {
        end("}}}}")
    } else {
        let close = if text.starts_with("{{{") { "}}}" } else { "}}" };
        outside_of_quotes(text).find(|(at, _)| text[*at..].starts_with(close)).map(|(at, _)| at + close.len())
    };
    found.unwrap_or(text.len())
}

/// The characters of a tag that stand outside of quotes, each with its offset.
pub(super) fn outside_of_quotes(tag: &str) -> impl Iterator<Item = (usize, char)> {
    let mut quote = None;
    let mut escaped = false;
    tag.char_indices().filter(move |(_, char)| {
        let outside = quote.is_none();
        match quote {
            Some(_) if escaped => escaped = false,
            Some('"' | '\'') if *char == '\\' => escaped = true,
            Some(open) if *char == open => quote = None,
            Some(_) => {}
            None if matches!(char, '"' | '\'' | '`') => quote = Some(*char),
            None => {}
        }
        outside
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        tags(text).map(|(_, tag)| tag).collect()
    }

    #[test]
    fn quotes_comments_and_escapes_are_seen() {
        assert_eq!(found(r#"a{{b "}}" '}}'}}c{{{d}}}"#), [r#"{{b "}}" '}}'}}"#, "{{{d}}}"]);
        assert_eq!(found("{{!-- {{x}} --}}{{! a }}{{y"), ["{{!-- {{x}} --}}", "{{! a }}", "{{y"]);
        assert_eq!(found(r"\{{a}}\\{{b}}\{{{{c}}"), ["{{b}}", "{{c}}"]);
    }

    proptest::proptest! {
        #[test]
        fn tags_are_parts_of_the_text(text in "([{}!\"'`\\\\~-]|\\{\\{|a|é| ){0,30}") {
            let mut at = 0;
            for (open, tag) in tags(&text) {
                proptest::prop_assert!(open >= at && text[open..].starts_with(tag) && tag.len() >= 2);
                at = open + tag.len();
            }
        }
    }
}

//! Recognises Go templates, which look almost like Handlebars and fail with riddles.

use super::guard::place;

/// Words that open an action in a Go template and mean nothing in Handlebars; what must follow is in the second part.
const KEYWORDS: [(&str, &str); 8] = [
    ("define", "\"`"),
    ("template", "\"`"),
    ("block", "\"`"),
    ("range", ".$("),
    ("with", ".$("),
    ("if", ".$("),
    ("end", "}-"),
    ("else if", ".$"),
];

/// Where `text` shows that it is a Go template: line and column, from 1.
pub(super) fn go_template(text: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let at = from + found;
        let mut action = &text[at + 2..];
        let trimmed = action.starts_with("- ");
        action = action.strip_prefix('-').unwrap_or(action).trim_start();
        if trimmed || is_go(action) {
            return Some(place(text, at));
        }
        from = at + 2;
    }
    None
}

fn is_go(action: &str) -> bool {
    let mut chars = action.chars();
    match (chars.next(), chars.next()) {
        // `.Status`, but neither `./status` nor `../status`; `$x` is a variable.
        (Some('.'), Some(next)) => next.is_ascii_uppercase(),
        (Some('$'), Some(next)) => next.is_alphabetic() || next == '.',
        _ => KEYWORDS.iter().any(|(word, follows)| {
            let rest = action.strip_prefix(word).map(|rest| (rest.len(), rest.trim_start()));
            rest.is_some_and(|(length, rest)| {
                let spaced = length > rest.len() || *word == "end";
                spaced
                    && rest.starts_with(|char| follows.contains(char))
                    && !rest.starts_with("./")
                    && !rest.starts_with("..")
            })
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_is_recognised_and_handlebars_is_not() {
        for go in [
            r#"{{ define "x" }}a{{ end }}"#,
            r#"{{ template "ding.link.content" . }}"#,
            "{{ range .Alerts }}",
            "{{range $i, $a := .Alerts}}",
            "{{ .Status | toUpper }}",
            "{{- end }}",
            "{{ if (eq .Status \"firing\") }}",
            "{{ $x := 1 }}",
            "{{end}}",
        ] {
            assert_eq!(go_template(go), Some((1, 1)), "{go}");
        }
        assert_eq!(go_template("ü\nü {{ .Status }}"), Some((2, 3)));
        for handlebars in [
            "{{status}} {{#if (eq status \"firing\")}}x{{else if ../y}}{{else if (eq a b)}}{{/if}}",
            "{{#each alerts}}{{./labels.x}} {{../status}} {{this}}{{/each}}",
            "{{~#if x~}}{{/if}}{{end_of_it}} {{template}} {{> x}} {{! range .x }} {{#with labels}}{{/with}}",
        ] {
            assert_eq!(go_template(handlebars), None, "{handlebars}");
        }
    }
}

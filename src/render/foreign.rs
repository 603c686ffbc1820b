//! Recognises Go templates, which look almost like Handlebars and fail with riddles.

use super::guard::place;
use super::tags::{is_comment, outside_of_quotes, tags};

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
    tags(text).filter(|(_, tag)| !is_comment(tag)).find(|(_, tag)| is_go_tag(tag)).map(|(at, _)| place(text, at))
}

fn is_go_tag(tag: &str) -> bool {
    let inside = tag.strip_prefix("{{").unwrap_or(tag);
    let inside = inside.strip_suffix("}}").unwrap_or(inside);
    let trims = inside.starts_with("- ") || inside.ends_with(" -");
    let action = tag.trim_start_matches('{').trim_start_matches('-').trim_start();
    trims || action.starts_with("/*") || is_go(action) || has_go_value(inside)
}

/// Whether something in a tag is a field as Go writes it (`.Status`), a variable or an assignment.
fn has_go_value(inside: &str) -> bool {
    let mut before = ' ';
    outside_of_quotes(inside).any(|(at, char)| {
        let begins = before.is_whitespace() || matches!(before, '(' | '|');
        before = char;
        let mut after = inside[at + char.len_utf8()..].chars();
        match char {
            '.' if begins => after.next().is_some_and(|next| next.is_ascii_uppercase()),
            '$' if begins => after.next().is_some_and(|next| next.is_alphabetic() || next == '.'),
            ':' => after.next() == Some('='),
            _ => false,
        }
    })
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
            "{{ len .Alerts.Firing }}",
            "{{ index .GroupLabels \"alertname\" }}",
            "{{ toUpper (index .Alerts 0).Status }}",
            "{{/* a comment */}}",
            "{{ x -}}",
        ] {
            assert_eq!(go_template(go), Some((1, 1)), "{go}");
        }
        assert_eq!(go_template("ü\nü {{ .Status }}"), Some((2, 3)));
        for handlebars in [
            "{{status}} {{#if (eq status \"firing\")}}x{{else if ../y}}{{else if (eq a b)}}{{/if}}",
            "{{#each alerts}}{{./labels.x}} {{../status}} {{this}}{{/each}}",
            "{{!-- {{ range .Alerts }} --}}{{! .Status }}{{label \"a .B $c := - \"}} {{#each alerts as |a i|}}{{a.labels.x}}{{/each}}",
            "{{~#if x~}}{{/if}}{{end_of_it}} {{template}} {{> x}} {{! range .x }} {{#with labels}}{{/with}}",
        ] {
            assert_eq!(go_template(handlebars), None, "{handlebars}");
        }
    }
}

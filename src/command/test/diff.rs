//! What differs between two texts, for a person.

use std::fmt::Write;

use similar::TextDiff;

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// A unified diff from what is `expected` in the file `name` to what was `rendered`. Blanks at the end of changed lines
/// are shown as `·`: in markdown they make a line break.
pub(super) fn unified(expected: &str, rendered: &str, name: &str) -> String {
    let diff = TextDiff::from_lines(expected, rendered);
    let diff = diff.unified_diff().context_radius(CONTEXT).header(name, "rendered").to_string();
    let mut shown = String::with_capacity(diff.len());
    for line in diff.lines() {
        let changed = line.starts_with(['+', '-']);
        let words = if changed { line.trim_end_matches(' ') } else { line };
        let blanks = "·".repeat(line.len() - words.len());
        let _ = writeln!(shown, "{}{blanks}", visible(words));
    }
    shown
}

/// `line` with nothing in it that a terminal would obey.
fn visible(line: &str) -> String {
    let mut visible = String::with_capacity(line.len());
    for char in line.chars() {
        match char {
            '\t' => visible.push(char),
            char if char.is_control() => visible.extend(char.escape_default()),
            char => visible.push(char),
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_and_controls_are_seen() {
        let expected = "one\ntwo  \nthree\n\u{1b}[2J\n";
        insta::assert_snapshot!(unified(expected, "one\ntwo\nthree\nfour\r\n", "a.expected.md"), @r#"
        --- a.expected.md
        +++ rendered
        @@ -1,4 +1,4 @@
         one
        -two··
        +two
         three
        -\u{1b}[2J
        +four
        "#);
    }
}

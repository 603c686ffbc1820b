//! Helpers that change letters and the shape of words.

use super::arguments::change;
use super::{Declared, value};

#[rustfmt::skip]
pub(super) const HELPERS: &[Declared] = &[
    value("toUpper", (1, 1), "{{toUpper severity}}", |_, helper| change(helper, upper)),
    value("upper", (1, 1), "{{upper severity}}", |_, helper| change(helper, upper)),
    value("toLower", (1, 1), "{{toLower severity}}", |_, helper| change(helper, lower)),
    value("lower", (1, 1), "{{lower severity}}", |_, helper| change(helper, lower)),
    value("title", (1, 1), "{{title severity}}", |_, helper| change(helper, title)),
    value("capitalize", (1, 1), "{{capitalize severity}}", |_, helper| change(helper, capitalize)),
    value("untitle", (1, 1), "{{untitle labels.alertname}}", |_, helper| change(helper, untitle)),
    value("swapcase", (1, 1), "{{swapcase labels.alertname}}", |_, helper| change(helper, swap)),
    value("initials", (1, 1), "{{initials annotations.summary}}", |_, helper| change(helper, initials)),
    value("camelcase", (1, 1), "{{camelcase labels.job}}", |_, helper| change(helper, camel)),
    value("snakecase", (1, 1), "{{snakecase labels.alertname}}", |_, helper| change(helper, |text| joined(text, '_'))),
    value("kebabcase", (1, 1), "{{kebabcase labels.alertname}}", |_, helper| change(helper, |text| joined(text, '-'))),
];

/// The capital letter, where it is one character; Go changes one for one.
fn raised(char: char) -> char {
    let mut upper = char.to_uppercase();
    if upper.len() == 1 { upper.next().unwrap_or(char) } else { char }
}

fn lowered(char: char) -> char {
    // `İ` is the only one that becomes two.
    char.to_lowercase().next().unwrap_or(char)
}

fn upper(text: &str) -> String {
    text.chars().map(raised).collect()
}

fn lower(text: &str) -> String {
    text.chars().map(lowered).collect()
}

/// `hello wORLD o'neil` → `Hello World O'neil`.
fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut inside, mut raise) = (false, true);
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(char) = chars.next() {
        let between = matches!(char, '\'' | '.' | '’' | ':' | '·');
        let goes_on = between && is_letter(before) && chars.peek().copied().is_some_and(is_letter)
            || matches!(char, '.' | '\'') && before.is_numeric() && chars.peek().is_some_and(|next| next.is_numeric());
        let word = is_letter(char) || char.is_numeric() || char == '_' || goes_on || is_mark(char);
        if !word {
            inside = false;
        } else if !inside {
            (inside, raise) = (true, true);
        }
        let cased = char.is_lowercase() || char.is_uppercase();
        out.push(if inside && cased && raise { raised(char) } else { lowered(char) });
        raise &= !(inside && cased);
        before = char;
    }
    out
}

/// Whether words are made of it; a Chinese character is one by itself.
fn is_letter(char: char) -> bool {
    char.is_alphabetic()
        && !matches!(char, '\u{2E80}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Whether a character only changes the one before.
fn is_mark(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36F}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

/// `hello wORLD` → `Hello WORLD`.
fn capitalize(text: &str) -> String {
    let separates = |char: char| match char.is_ascii() {
        true => !char.is_ascii_alphanumeric() && char != '_',
        false => char.is_whitespace(),
    };
    each_first(text, separates, raised)
}

fn untitle(text: &str) -> String {
    each_first(text, char::is_whitespace, lowered)
}

/// Changes every character that begins the text or comes after one that separates.
fn each_first(text: &str, separates: impl Fn(char) -> bool, change: fn(char) -> char) -> String {
    let mut before = None;
    let changed = text.chars().map(|char| match before.replace(char).is_none_or(&separates) {
        true => change(char),
        false => char,
    });
    changed.collect()
}

fn swap(text: &str) -> String {
    text.chars().map(|char| if char.is_uppercase() { lowered(char) } else { raised(char) }).collect()
}

fn initials(text: &str) -> String {
    text.split_whitespace().filter_map(|word| word.chars().next()).collect()
}

fn is_connector(char: char) -> bool {
    matches!(char, '-' | '_') || char.is_whitespace()
}

/// `http_server` → `HttpServer`. Connectors before the first word stay, and so does all but one in a row elsewhere.
fn camel(text: &str) -> String {
    let start = text.len() - text.trim_start_matches(is_connector).len();
    let mut out = text[..start].to_owned();
    let mut raise = true;
    let mut chars = text[start..].chars().peekable();
    while let Some(char) = chars.next() {
        let next = chars.peek().copied();
        if !is_connector(char) {
            out.push(if raise { raised(char) } else { lowered(char) });
            raise = false;
        } else if next.is_none_or(is_connector) {
            out.push(char);
        } else {
            raise = true;
        }
    }
    out
}

/// What a run of characters is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Run {
    Upper,
    Lower,
    Number,
    Connector,
    Other,
}

fn run_of(char: char) -> Run {
    match char {
        _ if is_connector(char) => Run::Connector,
        _ if char.is_uppercase() => Run::Upper,
        _ if char.is_alphabetic() => Run::Lower,
        _ if char.is_numeric() => Run::Number,
        _ => Run::Other,
    }
}

/// `HTTPServer` → `http_server`. A number belongs to the word before it, unless small letters follow: `http_2xx`.
fn joined(text: &str, connector: char) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = Run::Connector;
    let mut counted = false;
    let mut after_sign = false;
    for (at, &char) in chars.iter().enumerate() {
        // After another sign, `-` and `_` are signs as well.
        let run = if after_sign && matches!(char, '-' | '_') { Run::Other } else { run_of(char) };
        after_sign = run == Run::Other && char.is_ascii_punctuation() && !"$+<=>^`|~".contains(char);
        let next = chars.get(at + 1).copied().map(run_of);
        let begins = match (before, run) {
            (Run::Connector | Run::Other, _) | (_, Run::Connector | Run::Other) => false,
            (Run::Lower, Run::Upper) => true,
            (Run::Number, Run::Upper) => true,
            (Run::Upper, Run::Upper) => next == Some(Run::Lower),
            (Run::Lower | Run::Upper, Run::Number) if !counted => {
                let after = chars[at..].iter().map(|char| run_of(*char)).find(|run| *run != Run::Number);
                after == Some(Run::Lower)
            }
            _ => false,
        };
        if begins {
            out.push(connector);
        }
        // Within a word that began with a number, further numbers begin none.
        counted = match run {
            Run::Number => counted || begins || matches!(before, Run::Connector | Run::Other),
            Run::Lower => counted && !begins,
            _ => false,
        };
        out.push(if run == Run::Connector { connector } else { lowered(char) });
        before = run;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_shape_that_sprig_gives_them() {
        for (text, snake) in [
            ("FirstName", "first_name"),
            ("HTTPServer", "http_server"),
            ("NoHTTPS", "no_https"),
            ("GO_PATH", "go_path"),
            ("GO PATH", "go_path"),
            ("GO-PATH", "go_path"),
            ("http2xx", "http_2xx"),
            ("HTTP20xOK", "http_20x_ok"),
            ("Duration2m3s", "duration_2m3s"),
            ("Bld4Floor3rd", "bld4_floor_3rd"),
            ("", ""),
            ("node_down", "node_down"),
        ] {
            assert_eq!(joined(text, '_'), snake, "{text}");
        }
        for (text, camel_case) in [
            ("some_words", "SomeWords"),
            ("http_server", "HttpServer"),
            ("_complex__case_", "_Complex_Case_"),
            ("some words", "SomeWords"),
            ("OK_FINE", "OkFine"),
            ("_", "_"),
            ("", ""),
        ] {
            assert_eq!(camel(text), camel_case, "{text}");
        }
    }

    #[test]
    fn letters_are_raised_and_lowered() {
        assert_eq!(title("hello wORLD o'neil foo-bar"), "Hello World O'neil Foo-Bar");
        assert_eq!(capitalize("hello wORLD foo-bar o'neil a_b"), "Hello WORLD Foo-Bar O'Neil A_b");
        assert_eq!(untitle("Hello World"), "hello world");
        assert_eq!(swap("Hello World 1"), "hELLO wORLD 1");
        assert_eq!(initials("First  Try"), "FT");
        assert_eq!((upper("straße"), lower("ÀB")), ("STRAßE".to_owned(), "àb".to_owned()));
    }
}

//! Mending JSON that was put together by hand.
//!
//! Some senders fill values into a template of JSON without escaping them (OceanBase's `${message}`), print lists inside
//! strings (Smart Conversation Analysis), leave a comma behind the last member, or are cut off on the way. Their alerts
//! must not be lost for that. What is mended, and nothing else:
//!
//! - a quote inside a string, told from one that ends it by what follows: the end of a key is followed by a colon, that of
//!   a value by the end of what it is in, or by a comma and, in an object, the next key;
//! - line breaks and other control characters inside a string, and backslashes that escape nothing;
//! - a comma before a closing bracket, a missing value, and brackets behind the end;
//! - an end that is missing.
//!
//! Valid JSON comes out meaning the same. What comes out of anything else may still not be JSON: the caller tries.
//!
//! It takes time in proportion to the text: how far it looks ahead is limited.

/// How many bytes behind a quote are looked at for the next key.
const LOOK_AHEAD: usize = 200;

/// How deep brackets may be nested; serde_json goes no deeper.
const MOST_DEPTH: usize = 128;

/// What is being read.
struct Mender<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// The brackets that are open: whether each is an object.
    open: Vec<bool>,
}

/// The text, mended.
pub(super) fn mend(text: &str) -> String {
    let mut mender = Mender { text, at: 0, out: String::with_capacity(text.len() + 16), open: Vec::new() };
    mender.run();
    mender.out
}

// === impl Mender ===

impl Mender<'_> {
    fn run(&mut self) {
        while let Some(c) = self.next() {
            match c {
                '"' => self.string(),
                '{' | '[' => {
                    if self.open.len() == MOST_DEPTH {
                        return;
                    }
                    self.open.push(c == '{');
                    self.out.push(c);
                }
                '}' | ']' => {
                    // One that closes nothing is dropped.
                    if self.open.last() == Some(&(c == '}')) {
                        self.close();
                        if self.open.is_empty() {
                            return self.end();
                        }
                    }
                }
                ',' => {
                    self.fill_value();
                    if !self.out.ends_with([',', '{', '[']) {
                        self.out.push(',');
                    }
                }
                c if c.is_whitespace() || c == '\u{feff}' => {}
                c => self.out.push(c),
            }
        }
        while !self.open.is_empty() {
            self.close();
        }
    }

    /// What stands behind the end: brackets that close nothing go, anything else might be another message and is kept.
    fn end(&mut self) {
        let rest = self.text[self.at..].trim_matches(|c: char| c.is_whitespace() || "}],;\u{feff}".contains(c));
        self.out.push_str(rest);
    }

    fn next(&mut self) -> Option<char> {
        let c = self.text[self.at..].chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// Closes the innermost bracket.
    fn close(&mut self) {
        self.fill_value();
        if self.out.ends_with(',') {
            self.out.pop();
        }
        let object = self.open.pop().unwrap_or_default();
        self.out.push(if object { '}' } else { ']' });
    }

    /// A key without a value gets one.
    fn fill_value(&mut self) {
        if self.out.ends_with(':') {
            self.out.push_str("null");
        }
    }

    /// Reads a string; its opening quote has been read.
    fn string(&mut self) {
        let is_key = self.open.last() == Some(&true) && self.out.ends_with(['{', ',']);
        self.out.push('"');
        while let Some(c) = self.next() {
            match c {
                '"' if self.ends_here(is_key) => {
                    self.out.push('"');
                    return;
                }
                '"' => self.out.push_str("\\\""),
                '\\' => self.escape(),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                c if c < ' ' => self.out.push(' '),
                c => self.out.push(c),
            }
        }
        self.out.push('"');
        if is_key {
            self.out.push(':');
        }
    }

    /// What stands behind a backslash.
    fn escape(&mut self) {
        let rest = &self.text[self.at..];
        let length = match rest.bytes().next() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 1,
            // Half of a pair stands for nothing.
            Some(b'u') if is_char(rest.as_bytes()) => 5,
            Some(b'u') if is_pair(rest.as_bytes()) => 11,
            _ => 0,
        };
        self.out.push('\\');
        match length {
            0 => self.out.push('\\'),
            _ => self.out.push_str(&rest[..length]),
        }
        self.at += length;
    }

    /// Whether the quote that has just been read ends its string.
    fn ends_here(&self, is_key: bool) -> bool {
        let rest = self.text[self.at..].trim_start();
        let mut chars = rest.chars();
        match (chars.next(), self.open.last()) {
            (None, _) => true,
            (Some(':'), _) => is_key,
            (Some('}'), Some(true)) => !is_key,
            (Some(']'), Some(false)) => true,
            (Some(','), Some(object)) => !is_key && (!object || begins_key(chars.as_str())),
            _ => false,
        }
    }
}

/// Whether what follows a comma is the next key of an object, or its end.
fn begins_key(rest: &str) -> bool {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('}') {
        return true;
    }
    let Some(key) = rest.strip_prefix('"') else { return false };
    let mut escaped = false;
    for (at, byte) in key.bytes().enumerate().take(LOOK_AHEAD) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return key[at + 1..].trim_start().starts_with(':'),
            _ => {}
        }
    }
    // It is cut off.
    key.len() <= LOOK_AHEAD
}

fn code_unit(escape: &[u8]) -> Option<u16> {
    let digits = escape.strip_prefix(b"u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()))?;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether `u` and four digits stand for a character.
fn is_char(escape: &[u8]) -> bool {
    code_unit(escape).is_some_and(|unit| !(0xd800..0xe000).contains(&unit))
}

/// Whether two escapes together stand for a character.
fn is_pair(escape: &[u8]) -> bool {
    let second = escape.get(5..).and_then(|rest| rest.strip_prefix(b"\\"));
    code_unit(escape).is_some_and(|unit| (0xd800..0xdc00).contains(&unit))
        && second.and_then(code_unit).is_some_and(|unit| (0xdc00..0xe000).contains(&unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn mended(text: &str) -> Value {
        let mended = mend(text);
        serde_json::from_str(&mended).unwrap_or_else(|error| panic!("{error}: {mended}"))
    }

    #[test]
    fn values_that_nobody_escaped_are_read() {
        assert_eq!(
            mended("{\"text\": {\"content\":\"a\n- b: ERROR \"ret=-4016\" in x.cpp\"}}"),
            json!({"text": {"content": "a\n- b: ERROR \"ret=-4016\" in x.cpp"}})
        );
        assert_eq!(mended(r#"{"a":"said "x", then "y"","b":1}"#), json!({"a": "said \"x\", then \"y\"", "b": 1}));
        assert_eq!(mended(r#"{"message": ""text"", "n": 5}"#), json!({"message": "\"text\"", "n": 5}));
        assert_eq!(mended(r#"{"path":"C:\new\x","tab":"	"}"#), json!({"path": "C:\new\\x", "tab": "\t"}));
    }

    #[test]
    fn a_list_in_a_string_stays_one() {
        assert_eq!(
            mended(r#"{"ruleIds":"[4140]","ruleNames":"["AlertTest01","B"]","x":"y"}"#),
            json!({"ruleIds": "[4140]", "ruleNames": "[\"AlertTest01\",\"B\"]", "x": "y"})
        );
    }

    #[test]
    fn commas_values_and_ends_that_are_missing_or_too_many() {
        assert_eq!(mended(r#"{"a":[1,2,],"b":{"c":1,},}"#), json!({"a": [1, 2], "b": {"c": 1}}));
        assert_eq!(mended(r#"{"a":,"b":}"#), json!({"a": null, "b": null}));
        assert_eq!(mended(r#"{"a":{"b":"cut of"#), json!({"a": {"b": "cut of"}}));
        assert_eq!(mended(r#"{"a":1,"b"#), json!({"a": 1, "b": null}));
        assert_eq!(mended(r#"{"a":"b","#), json!({"a": "b"}));
        assert_eq!(mended(r#"[{"a":1}"#), json!([{"a": 1}]));
        assert_eq!(mended("{\"a\":1}}\n]"), json!({"a": 1}));
        assert_eq!(mend(r#"{"a":1}{"b":2}"#), r#"{"a":1}{"b":2"#, "another message must not get lost");
        assert_eq!(mended("\u{feff}{\"a\":\"\\u00e4\\ud83d\\ude00\\ud83d\"}"), json!({"a": "ä😀\\ud83d"}));
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = ".{0,12}".prop_map(Value::from);
        let leaf = prop_oneof![text, any::<i64>().prop_map(Value::from), any::<bool>().prop_map(Value::from)];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::hash_map(".{0,8}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn valid_objects_keep_their_meaning(value in prop::collection::hash_map("[a-z]{1,8}", value(), 0..6)) {
            let value = Value::Object(value.into_iter().collect());
            prop_assert_eq!(&mended(&value.to_string()), &value);
            prop_assert_eq!(mended(&format!("{value:#}")), value);
        }

        #[test]
        fn any_text_is_mended_without_growing_much(text in ".{0,300}", braced in any::<bool>()) {
            let text = if braced { format!("{{\"a\":\"{text}\"}}") } else { text };
            prop_assert!(mend(&text).len() <= 7 * text.len() + 16);
        }

        #[test]
        fn what_is_put_into_a_string_without_escaping_comes_out(text in "[a-z \n\u{4e00}-\u{4e10}]{0,9}\"?[a-z0-9=\n ]{1,9}\"?[a-z\n]{0,9}") {
            let read = mended(&format!("{{\"msgtype\":\"text\",\"text\":{{\"content\":\"{text}\"}}}}"));
            prop_assert_eq!(read["text"]["content"].as_str(), Some(text.as_str()));
        }
    }
}

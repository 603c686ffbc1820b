//! Cuts a Go template into text and the tokens of its actions.

use super::tree::{At, Trouble};

/// A piece of an action.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name: of a function, or a word such as `if`.
    Name(String),
    /// `.` alone.
    Dot,
    /// `.Name`, without the dot.
    Field(String),
    /// `$name`, without the dollar.
    Variable(String),
    /// A text, unquoted.
    Text(String),
    /// A number.
    Number(Number),
    /// `(`, `)`, `|` or `,`.
    Sign(char),
    /// `:=`
    Declare,
    /// `=`
    Assign,
}

/// A number.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// Without fraction and exponent.
    Whole(i64),
    /// With one of them.
    Float(f64),
}

/// A token, where it stands, and whether white space stands before it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub at: At,
    pub spaced: bool,
    pub token: Token,
}

/// What a template is cut into.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Piece {
    /// Text between actions, trimmed as the actions around it say.
    Text(String),
    /// `{{/* … */}}`
    Comment(String),
    /// `{{…}}`: where it begins, and what is in it.
    Action(At, Vec<Placed>),
}

const OPEN: &str = "{{";
const CLOSE: &str = "}}";
const SPACE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Cuts `source` into pieces.
///
/// # Errors
/// The first place that is no Go template.
pub(super) fn pieces(source: &str) -> Result<Vec<Piece>, Trouble> {
    let mut pieces = Vec::new();
    let mut at = 0;
    let mut trimmed = false;
    loop {
        let open = source[at..].find(OPEN).map(|found| at + found);
        let mut text = &source[at..open.unwrap_or(source.len())];
        if trimmed {
            text = text.trim_start_matches(SPACE);
        }
        let Some(open) = open else {
            push_text(&mut pieces, text);
            return Ok(pieces);
        };
        let mut action = Action { source, begin: open, at: open + OPEN.len() };
        if action.trims_before() {
            text = text.trim_end_matches(SPACE);
        }
        push_text(&mut pieces, text);
        pieces.push(action.piece()?);
        trimmed = action.end()?;
        at = action.at;
    }
}

fn push_text(pieces: &mut Vec<Piece>, text: &str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
}

/// One action that is being read.
struct Action<'a> {
    source: &'a str,
    /// Where it begins.
    begin: At,
    /// How far it is read.
    at: At,
}

// === impl Action ===

impl<'a> Action<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn trouble<T>(&self, at: At, message: impl Into<String>) -> Result<T, Trouble> {
        Err(Trouble { at, message: message.into() })
    }

    /// Whether it begins with `{{- `, which takes the white space before it away.
    fn trims_before(&mut self) -> bool {
        let trims = self.rest().strip_prefix('-').is_some_and(|rest| rest.starts_with(SPACE));
        if trims {
            self.at += 2;
        }
        trims
    }

    /// Takes its end; whether that is ` -}}`, which takes the white space after it away.
    fn end(&mut self) -> Result<bool, Trouble> {
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start_matches(SPACE).len();
        let after = &rest[blank..];
        if blank > 0 && after.starts_with("-}}") {
            self.at += blank + 3;
            Ok(true)
        } else if after.starts_with(CLOSE) {
            self.at += blank + CLOSE.len();
            Ok(false)
        } else {
            self.trouble(self.begin, "the action has no }}")
        }
    }

    /// Whether it ends here.
    fn ends(&self) -> bool {
        let rest = self.rest();
        let after = rest.trim_start_matches(SPACE);
        after.is_empty() || after.starts_with(CLOSE) || (after.len() < rest.len() && after.starts_with("-}}"))
    }

    fn piece(&mut self) -> Result<Piece, Trouble> {
        if self.rest().starts_with("/*") {
            return self.comment();
        }
        let mut tokens = Vec::new();
        while !self.ends() {
            let rest = self.rest();
            let blank = rest.len() - rest.trim_start_matches(SPACE).len();
            self.at += blank;
            let at = self.at;
            tokens.push(Placed { at, spaced: blank > 0, token: self.token()? });
        }
        Ok(Piece::Action(self.begin, tokens))
    }

    fn comment(&mut self) -> Result<Piece, Trouble> {
        let Some(end) = self.rest().find("*/") else {
            return self.trouble(self.begin, "the comment has no */");
        };
        let text = self.rest()[2..end.max(2)].to_owned();
        self.at += end + 2;
        let rest = self.rest();
        if rest.starts_with(CLOSE) || rest.trim_start_matches(SPACE).starts_with("-}}") {
            return Ok(Piece::Comment(text));
        }
        self.trouble(self.at, "a comment is closed by */}} or */ -}}, with nothing between")
    }

    fn token(&mut self) -> Result<Token, Trouble> {
        let at = self.at;
        let rest = self.rest();
        let mut chars = rest.chars();
        let (first, second) = (chars.next().unwrap_or_default(), chars.next());
        match first {
            '"' => self.quoted(),
            '`' => self.raw(),
            '\'' => self.character(),
            '(' | ')' | '|' | ',' => {
                self.at += 1;
                Ok(Token::Sign(first))
            }
            ':' if second == Some('=') => {
                self.at += 2;
                Ok(Token::Declare)
            }
            '=' => {
                self.at += 1;
                Ok(Token::Assign)
            }
            '$' => {
                self.at += 1;
                Ok(Token::Variable(self.name()))
            }
            '.' if !second.is_some_and(|char| char.is_ascii_digit()) => {
                self.at += 1;
                match self.name() {
                    name if name.is_empty() => Ok(Token::Dot),
                    name => Ok(Token::Field(name)),
                }
            }
            _ if is_letter(first) => Ok(Token::Name(self.name())),
            _ if first.is_ascii_digit() || matches!(first, '+' | '-' | '.') => self.number(),
            '}' => self.trouble(at, "one brace does not end an action: write }}"),
            _ => self.trouble(at, format!("{first:?} has no meaning in an action")),
        }
    }

    /// Takes letters, digits and underscores.
    fn name(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(|char: char| !is_letter(char) && !char.is_numeric()).unwrap_or(rest.len());
        let name = rest[..end].to_owned();
        self.at += end;
        name
    }

    fn raw(&mut self) -> Result<Token, Trouble> {
        let begin = self.at;
        let Some(length) = self.rest()[1..].find('`') else {
            return self.trouble(begin, "the raw text has no second `");
        };
        let text = self.rest()[1..=length].replace('\r', "");
        self.at += length + 2;
        Ok(Token::Text(text))
    }

    fn quoted(&mut self) -> Result<Token, Trouble> {
        let begin = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            match self.rest().chars().next() {
                None | Some('\n') => return self.trouble(begin, "the text has no second \" on its line"),
                Some('"') => {
                    self.at += 1;
                    break;
                }
                Some(_) => self.unquote(&mut bytes, '"')?,
            }
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Token::Text(text)),
            Err(_) => self.trouble(begin, "the text is not UTF-8"),
        }
    }

    fn character(&mut self) -> Result<Token, Trouble> {
        let begin = self.at;
        self.at += 1;
        let mut bytes = Vec::new();
        if !self.rest().starts_with(['\'', '\n']) && !self.rest().is_empty() {
            self.unquote(&mut bytes, '\'')?;
        }
        let text = String::from_utf8(bytes).unwrap_or_default();
        match (text.chars().next(), self.rest().starts_with('\'')) {
            (Some(char), true) => {
                self.at += 1;
                Ok(Token::Number(Number::Whole(i64::from(u32::from(char)))))
            }
            _ => self.trouble(begin, "'…' holds one character; a text stands in \"…\""),
        }
    }

    /// Takes one character of a quoted text, which may be written with a backslash.
    fn unquote(&mut self, bytes: &mut Vec<u8>, quote: char) -> Result<(), Trouble> {
        let at = self.at;
        let mut chars = self.rest().chars();
        let first = chars.next().unwrap_or_default();
        self.at += first.len_utf8();
        if first != '\\' {
            bytes.extend(first.encode_utf8(&mut [0; 4]).bytes());
            return Ok(());
        }
        let escape = chars.next().unwrap_or_default();
        self.at += escape.len_utf8();
        let mut code = |digits: usize, radix: u32, from: usize| {
            let text = self.source.get(from..from + digits)?;
            self.at = from + digits;
            u32::from_str_radix(text, radix).ok()
        };
        let byte = match escape {
            'a' => Some(7),
            'b' => Some(8),
            'f' => Some(12),
            'n' => Some(b'\n'),
            'r' => Some(b'\r'),
            't' => Some(b'\t'),
            'v' => Some(11),
            '\\' => Some(b'\\'),
            _ if escape == quote => u8::try_from(quote).ok(),
            'x' => code(2, 16, at + 2).and_then(|code| u8::try_from(code).ok()),
            '0'..='7' => code(3, 8, at + 1).and_then(|code| u8::try_from(code).ok()),
            'u' | 'U' => {
                let digits = if escape == 'u' { 4 } else { 8 };
                let char = code(digits, 16, at + 2).and_then(char::from_u32);
                bytes.extend(char.iter().flat_map(|char| char.encode_utf8(&mut [0; 4]).bytes().collect::<Vec<_>>()));
                return char.map_or_else(|| self.trouble(at, "no such character"), |_| Ok(()));
            }
            _ => None,
        };
        match byte {
            Some(byte) => {
                bytes.push(byte);
                Ok(())
            }
            None => self.trouble(at, format!("\\{escape} has no meaning in a text; a raw text stands in `…`")),
        }
    }

    fn number(&mut self) -> Result<Token, Trouble> {
        let rest = self.rest();
        let mut end = rest.len();
        let mut before = ' ';
        for (index, char) in rest.char_indices() {
            let sign = matches!(char, '+' | '-') && (index == 0 || matches!(before, 'e' | 'E' | 'p' | 'P'));
            if !sign && !char.is_ascii_alphanumeric() && !matches!(char, '.' | '_') {
                end = index;
                break;
            }
            before = char;
        }
        let text = rest[..end].to_owned();
        let at = self.at;
        self.at += end;
        match number(&text) {
            Some(number) => Ok(Token::Number(number)),
            None => self.trouble(at, format!("{text:?} is no number")),
        }
    }
}

fn is_letter(char: char) -> bool {
    char == '_' || char.is_alphabetic()
}

/// Reads a number as Go writes it.
fn number(text: &str) -> Option<Number> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let lower = digits.to_ascii_lowercase();
    let radix = [("0x", 16), ("0b", 2), ("0o", 8)].into_iter().find(|(prefix, _)| lower.starts_with(prefix));
    let whole = match radix {
        Some((prefix, radix)) => i64::from_str_radix(&lower[prefix.len()..], radix).ok(),
        None if lower.len() > 1 && lower.starts_with('0') && lower.bytes().all(|byte| byte.is_ascii_digit()) => {
            i64::from_str_radix(&lower, 8).ok()
        }
        None => lower.parse().ok().filter(|_| lower.starts_with(|char: char| char.is_ascii_digit())),
    };
    if let Some(whole) = whole {
        return Some(Number::Whole(if negative { -whole } else { whole }));
    }
    let numeric = lower.starts_with(|char: char| char.is_ascii_digit() || char == '.') && radix.is_none();
    let float: f64 = lower.parse().ok().filter(|float: &f64| numeric && float.is_finite())?;
    Some(Number::Float(if negative { -float } else { float }))
}

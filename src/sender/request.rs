//! Reading a request: which characters, and are they JSON, a form, or text?
//!
//! `Content-Type` is a hint at most. Alertmanager's body counts as JSON whatever it is called, because the program that
//! dingbridge replaces never looked; curl calls everything a form. What it does decide is the charset, and multipart.
//! A byte order mark is believed before it. What is compressed is refused: no sender does it unasked, and a small body
//! could become a large one.

use std::borrow::Cow;
use std::cell::OnceCell;

use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde::de::IgnoredAny;
use serde_json::Value;

use super::mend::mend;
use super::{DecodeError, Request};

mod multipart;
mod probe;

use self::probe::{Shape, probe};

/// A request that has been read.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    /// What it carries.
    pub content: Content<'a>,
    /// What its address carries beside that; without tokens.
    pub query: Form,
    /// Why it is not valid JSON, when it had to be mended.
    pub broken: Option<DecodeError>,
    /// The body of a form as it was written, when it holds what an encoded form does not: it may be a text.
    pub written: Option<Cow<'a, str>>,
}

/// What a request carries.
#[derive(Debug)]
pub(super) enum Content<'a> {
    /// JSON: an object, or a list of them.
    Json(Json<'a>),
    /// A form, in the body or, when there is none, in the query.
    Form(Form),
    /// Any other text.
    Text(Cow<'a, str>),
}

/// JSON that is known to be valid.
#[derive(Debug)]
pub(super) struct Json<'a> {
    /// It as it was written, or as it was mended.
    pub text: Cow<'a, str>,
    shape: Shape,
    value: OnceCell<Value>,
}

/// Names and values in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Form(Vec<(String, String)>);

/// The most characters of a name in a form.
const MAX_NAME: usize = 64;

/// Names in queries that hold tokens and signatures of the transport, not content.
const TRANSPORT: [&str; 2] = ["access_token", "token"];

// === impl Reading ===

impl<'a> Reading<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// When it is empty, compressed, not text, or broken JSON that nothing can be made of.
    pub(super) fn of(request: Request<'a>) -> Result<Self, DecodeError> {
        let query = Form::without_transport(request.query.unwrap_or_default());
        let text = characters(request)?;
        let body = text.trim();
        if body.is_empty() {
            return match query.is_empty() {
                true => Err(DecodeError { line: 1, column: 0, reason: "the body is empty".into() }),
                false => Ok(Self::carrying(Content::Form(query.clone()), query).unwrapped()),
            };
        }
        if let Some(fields) = multipart::fields(request.headers, request.body)? {
            return Ok(Self::carrying(Content::Form(fields), query).unwrapped());
        }
        if looks_like_json(body) {
            let (json, broken) = Json::read(text)?;
            return Ok(Self { broken, ..Self::carrying(Content::Json(json), query) });
        }
        let Some(form) = Form::parse(body) else {
            return Ok(Self::carrying(Content::Text(unquoted(text)?), query));
        };
        let encoded = !body.contains(|c: char| c.is_whitespace() || !c.is_ascii());
        let written = (!encoded).then_some(text);
        Ok(Self { written, ..Self::carrying(Content::Form(form), query) }.unwrapped())
    }

    fn carrying(content: Content<'a>, query: Form) -> Self {
        Self { content, query, broken: None, written: None }
    }

    /// A form whose only field is JSON is that JSON.
    fn unwrapped(self) -> Self {
        let Content::Form(form) = &self.content else { return self };
        let Some(data) = form.get("data").filter(|data| form.0.len() == 1 && looks_like_json(data.trim_start())) else {
            return self;
        };
        match Json::read(Cow::Owned(data.to_owned())) {
            Ok((json, broken)) => Self { content: Content::Json(json), broken, ..self },
            Err(_) => self,
        }
    }

    /// The JSON, when it is any.
    pub(super) fn json(&self) -> Option<&Json<'a>> {
        match &self.content {
            Content::Json(json) => Some(json),
            Content::Form(_) | Content::Text(_) => None,
        }
    }

    /// The form, when it is any.
    pub(super) fn form(&self) -> Option<&Form> {
        match &self.content {
            Content::Form(form) => Some(form),
            Content::Json(_) | Content::Text(_) => None,
        }
    }

    /// The text of what came, whatever it is; of a form, its values.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match &self.content {
            Content::Json(json) => Cow::Borrowed(&json.text),
            Content::Text(text) => Cow::Borrowed(text),
            Content::Form(form) => Cow::Owned(form.0.iter().map(|(name, value)| format!("{name}={value}\n")).collect()),
        }
    }
}

// === impl Json ===

impl<'a> Json<'a> {
    /// Reads JSON; what is broken is mended if that makes an object or a list of it, and why is told.
    fn read(text: Cow<'a, str>) -> Result<(Self, Option<DecodeError>), DecodeError> {
        let error = match probe(&text) {
            Ok(shape) => return Ok((Self { text, shape, value: OnceCell::new() }, None)),
            Err(error) => DecodeError::from(error),
        };
        let mended = mend(&text);
        match probe(&mended) {
            Ok(shape) => Ok((Self { text: Cow::Owned(mended), shape, value: OnceCell::new() }, Some(error))),
            Err(_) => Err(error),
        }
    }

    /// Whether it is an object with that key.
    pub(super) fn has(&self, key: &str) -> bool {
        !self.shape.list && self.shape.keys.iter().any(|known| known == key)
    }

    /// Whether it is a list whose first member has that key.
    pub(super) fn items_have(&self, key: &str) -> bool {
        self.shape.list && self.shape.keys.iter().any(|known| known == key)
    }

    /// The keys that were found, for a person.
    pub(super) fn keys(&self) -> &[String] {
        &self.shape.keys
    }

    /// Whether it is a list.
    pub(super) fn is_list(&self) -> bool {
        self.shape.list
    }

    /// It as a tree; `null` when it is nested too deeply for one.
    pub(super) fn value(&self) -> &Value {
        self.value.get_or_init(|| serde_json::from_str(&self.text).unwrap_or_default())
    }
}

// === impl Form ===

impl Form {
    /// Reads a form, if it is one: pairs of names and values, the names made of letters, digits and a few marks.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_name = |name: &str| {
            !name.is_empty()
                && name.len() <= MAX_NAME
                && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.[]%".contains(c))
        };
        let (first, _) = text.split_once('=')?;
        is_name(first).then(|| Self(form_urlencoded::parse(text.as_bytes()).into_owned().collect()))
    }

    fn without_transport(query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        Self(pairs.filter(|(name, _)| !TRANSPORT.contains(&name.as_str())).collect())
    }

    /// A form of these fields.
    pub(super) fn new(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether it has that name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// All names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// It as an object of texts; of a name that comes twice, the first.
    pub(super) fn to_value(&self) -> Value {
        let mut object = serde_json::Map::new();
        for (name, value) in &self.0 {
            object.entry(name).or_insert_with(|| Value::from(value.as_str()));
        }
        Value::Object(object)
    }
}

/// A text in quotes is the text, if that is JSON. Other single values of JSON say nothing to people.
fn unquoted(text: Cow<'_, str>) -> Result<Cow<'_, str>, DecodeError> {
    match serde_json::from_str(&text) {
        Ok(Value::String(unquoted)) => plain(Cow::Owned(unquoted)),
        Ok(_) => Err(DecodeError::shape("JSON, but neither an object nor a list")),
        Err(_) => Ok(text),
    }
}

/// Whether a text is JSON's object or list, or begins as objects and lists of them do; `[FIRING] disk full` does not.
fn looks_like_json(text: &str) -> bool {
    let mut chars = text.chars().filter(|c| !c.is_whitespace());
    match (chars.next(), chars.next()) {
        (Some('{'), Some('"' | '}') | None) | (Some('['), Some('{' | '[' | '"' | ']')) => true,
        (Some('['), Some(_)) => serde_json::from_str::<IgnoredAny>(text).is_ok(),
        _ => false,
    }
}

/// The body's characters.
fn characters(request: Request<'_>) -> Result<Cow<'_, str>, DecodeError> {
    let encoding = request.headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().to_ascii_lowercase());
    if encoding.is_some_and(|encoding| encoding != b"identity") || request.body.starts_with(&[0x1f, 0x8b]) {
        return Err(DecodeError::shape("the body is compressed; send it as it is, without Content-Encoding"));
    }
    let body = request.body;
    let text = match encoding_rs::Encoding::for_bom(body) {
        Some((encoding, mark)) => encoding.decode_without_bom_handling(&body[mark..]),
        None => match charset(request.headers) {
            None => return utf8(body),
            Some(encoding) => encoding.decode_without_bom_handling(body),
        },
    };
    match text {
        (_, true) => Err(DecodeError::shape("the body is not in the charset that it claims")),
        (text, false) => plain(text),
    }
}

fn utf8(body: &[u8]) -> Result<Cow<'_, str>, DecodeError> {
    match std::str::from_utf8(body) {
        Ok(text) => plain(Cow::Borrowed(text)),
        Err(error) => {
            let before = &body[..error.valid_up_to()];
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            let column = 1 + before.iter().rev().take_while(|byte| **byte != b'\n').count();
            let reason = "not UTF-8; send UTF-8, or name the charset in Content-Type, as in text/plain; charset=gbk";
            Err(DecodeError { line, column, reason: reason.into() })
        }
    }
}

/// Refuses what is no text: it cannot be shown.
fn plain(text: Cow<'_, str>) -> Result<Cow<'_, str>, DecodeError> {
    match text.contains('\0') {
        true => Err(DecodeError::shape("the body is not text")),
        false => Ok(text),
    }
}

/// The charset that `Content-Type` names, unless it is UTF-8.
fn charset(headers: &HeaderMap) -> Option<&'static encoding_rs::Encoding> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let label = content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"'))
    })?;
    encoding_rs::Encoding::for_label(label.as_bytes()).filter(|encoding| *encoding != encoding_rs::UTF_8)
}

#[cfg(test)]
mod tests;

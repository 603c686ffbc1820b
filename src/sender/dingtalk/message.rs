//! Reading one message in DingTalk's format.

use std::borrow::Cow;

use serde_json::Value;

use super::super::DecodeError;
use super::super::fields::{present, text};
use crate::dingtalk::{Button, FeedLink, Mention, Message, Orientation};

/// The types that a robot takes, which are also the names of the objects that hold them.
const TYPES: [&str; 5] = ["text", "markdown", "link", "actionCard", "feedCard"];

/// Schemes of links that run something or read what is near the reader, in place of leading somewhere.
const NOT_FOLLOWED: [&str; 5] = ["javascript", "vbscript", "data", "file", "blob"];

/// The longest type that is quoted in an error, in characters.
const TYPE_CHARS: usize = 32;

/// What a body says.
///
/// # Errors
/// When it has no type that a robot takes, the object of that type is missing, or there is nothing in it.
pub(super) fn message(body: &Value) -> Result<Message, DecodeError> {
    let kind = kind(body)?;
    let object = get(body, kind).filter(|object| !object.is_null()).ok_or_else(|| {
        DecodeError::shape(format!("`msgtype` is {kind}, but there is no `{kind}`: nothing says what to tell"))
    })?;
    let title = words(object, &["title"]).unwrap_or_default();
    let said = words(object, if kind == "text" { &["content", "text"] } else { &["text", "content"] });
    let said_or = |field| said.clone().ok_or_else(|| empty(kind, field));
    Ok(match kind {
        "text" => Message::Text { content: said_or("content")? },
        "markdown" => Message::Markdown { title, text: said_or("text")? },
        "link" => link(object, title, said)?,
        "actionCard" => {
            let text = said_or("text")?;
            let buttons = buttons(object, &title);
            let horizontal = get(object, "btnOrientation").and_then(text_of).is_some_and(|code| code == "1");
            let orientation = if horizontal { Orientation::Horizontal } else { Orientation::Vertical };
            Message::ActionCard { title, text, buttons, orientation }
        }
        _ => feed(object)?,
    })
}

/// Whom a body calls.
pub(super) fn mention(body: &Value) -> Mention {
    let at = get(body, "at").unwrap_or(&Value::Null);
    let is_set = |value: &Value| text(value).is_some_and(|flag| flag.eq_ignore_ascii_case("true") || flag == "1");
    let mut user_ids = people(at, "atUserIds");
    for id in people(at, "atDingtalkIds") {
        if !user_ids.contains(&id) {
            user_ids.push(id);
        }
    }
    Mention {
        all: [body, at].into_iter().filter_map(|object| get(object, "isAtAll")).any(is_set),
        mobiles: people(at, "atMobiles"),
        user_ids,
    }
}

/// The type, in DingTalk's spelling; without one, the only object that is there tells.
fn kind(body: &Value) -> Result<&'static str, DecodeError> {
    match get(body, "msgtype").and_then(text) {
        Some(named) => TYPES.into_iter().find(|kind| kind.eq_ignore_ascii_case(&named)).ok_or_else(|| {
            let named: String = named.chars().filter(|c| !c.is_control()).take(TYPE_CHARS).collect();
            let known = "DingTalk's robots take text, markdown, link, actionCard and feedCard";
            DecodeError::shape(format!("`msgtype` is {named:?}; {known}"))
        }),
        None => TYPES.into_iter().find(|kind| get(body, kind).is_some_and(Value::is_object)).ok_or_else(|| {
            DecodeError::shape("no `msgtype`: this is not a message in the format of DingTalk's robots")
        }),
    }
}

fn link(object: &Value, title: String, said: Option<String>) -> Result<Message, DecodeError> {
    let text = match said {
        Some(text) => text,
        None if !title.is_empty() => title.clone(),
        None => return Err(empty("link", "text")),
    };
    Ok(match url(object, "messageUrl") {
        Some(url) => {
            let picture = words(object, &["picUrl"]).unwrap_or_default();
            Message::Link { title, text, url, picture }
        }
        None if title.is_empty() || title == text => Message::Text { content: text },
        None => Message::Text { content: format!("{title}\n{text}") },
    })
}

/// A card's buttons: the single one of the card as a whole, else those of `btns`. Those that lead nowhere are left out.
fn buttons(object: &Value, card: &str) -> Vec<Button> {
    let button = |title: Option<String>, url: Option<String>| Some(Button { title: title?, url: url? });
    let own = words(object, &["singleTitle"]);
    let several = get(object, "btns").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let title = match several.is_empty() {
        // A card may lead somewhere by its title alone.
        true => own.or_else(|| present(card).map(str::to_owned)),
        false => own,
    };
    if let Some(single) = button(title, url(object, "singleURL")) {
        return vec![single];
    }
    several.iter().filter_map(|object| button(words(object, &["title"]), url(object, "actionURL"))).collect()
}

fn feed(object: &Value) -> Result<Message, DecodeError> {
    let links = get(object, "links").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let titled = links.iter().filter_map(|link| Some((words(link, &["title"])?, link)));
    let links: Vec<FeedLink> = titled
        .map(|(title, link)| FeedLink {
            title,
            url: url(link, "messageURL").unwrap_or_default(),
            picture: words(link, &["picURL"]).unwrap_or_default(),
        })
        .collect();
    match links.iter().any(|link| link.url.is_empty()) {
        _ if links.is_empty() => Err(empty("feedCard", "links")),
        false => Ok(Message::FeedCard { links }),
        // DingTalk would refuse the whole card.
        true => {
            let lines: Vec<_> = links.iter().map(|link| format!("{} {}", link.title, link.url)).collect();
            Ok(Message::Text { content: lines.iter().map(|line| line.trim_end()).collect::<Vec<_>>().join("\n") })
        }
    }
}

fn empty(kind: &str, field: &str) -> DecodeError {
    DecodeError::shape(format!("`{kind}.{field}` is missing or empty: there is nothing to tell"))
}

/// The ids or numbers of a list, or of a text in which commas stand between them.
fn people(at: &Value, name: &str) -> Vec<String> {
    let texts: Vec<Cow<'_, str>> = match get(at, name) {
        Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
        Some(single) => text(single).into_iter().collect(),
        None => Vec::new(),
    };
    let parts = texts.iter().flat_map(|text| text.split([',', '，']));
    parts.filter_map(present).map(str::to_owned).collect()
}

/// The first of several members that says something, as it is written; the object itself when it is a text.
fn words(object: &Value, names: &[&str]) -> Option<String> {
    match object {
        Value::Object(_) => names.iter().find_map(|name| text_of(get(object, name)?)),
        Value::String(_) if names.contains(&"text") => text_of(object),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => present(text).map(|_| text.clone()),
        other => text(other).map(Cow::into_owned),
    }
}

/// A member that leads somewhere.
fn url(object: &Value, name: &str) -> Option<String> {
    let url = words(object, &[name])?.trim().to_owned();
    let (scheme, rest) = url.split_once(':')?;
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let is_followed = !NOT_FOLLOWED.iter().any(|other| other.eq_ignore_ascii_case(scheme));
    (is_scheme && is_followed && !rest.is_empty()).then_some(url)
}

/// A member by its name, in any case when there is none in the right one.
fn get<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let members = object.as_object()?;
    members.get(name).or_else(|| {
        let mut members = members.iter();
        members.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}

//! What DingTalk takes and what it refuses: pure functions over one request.
//!
//! Codes and wordings are those that DingTalk documents or that users published; for a missing field there is neither,
//! and 40035 is what it says of other missing parameters.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use super::{KnownRobot, Settings, Signature};
use crate::dingtalk::{Button, Mention, sign};

/// The most bytes of a body.
const MAX_BODY: usize = 20_000;
/// How far a signature's time may be off, in milliseconds.
const MAX_AGE: u64 = 60 * 60 * 1000;

/// An `errcode` other than 0, and its `errmsg`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal(pub(super) i64, pub(super) Cow<'static, str>);

/// A message as its readers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `text`, `markdown`, `actionCard`, `link` or `feedCard`.
    pub kind: String,
    /// Its title; empty for a text.
    pub title: String,
    /// Its text; of a feed card, the titles of its links.
    pub text: String,
    /// Where it leads: the buttons of a card, a link as a whole, the links of a feed card.
    pub links: Vec<Button>,
    /// Whom `at` names; nobody in a link and a feed card, which call nobody.
    pub mention: Mention,
}

pub(super) const NOT_POST: Refusal = Refusal(43002, Cow::Borrowed("需要POST请求"));
pub(super) const NOT_JSON_TYPE: Refusal = Refusal(43004, Cow::Borrowed("无效的HTTP HEADER Content-Type"));
pub(super) const NO_TOKEN: Refusal = Refusal(40035, Cow::Borrowed("缺少参数 access_token"));
pub(super) const NO_ROBOT: Refusal = Refusal(300005, Cow::Borrowed("token is not exist"));
pub(super) const NO_PATH: Refusal = Refusal(404, Cow::Borrowed("请求的URI地址不存在"));
const TOO_MANY: &str = "sending too many messages per minute";
const TOO_LONG: Refusal =
    Refusal(460101, Cow::Borrowed("description: body 大小不合法;solution:请保持大小在 20000bytes 以内;"));
const NO_JSON: Refusal = Refusal(40035, Cow::Borrowed("缺少参数 json"));
const NO_TYPE: Refusal = Refusal(400105, Cow::Borrowed("不支持的消息类型"));
const MISMATCH: Refusal = Refusal(
    310000,
    Cow::Borrowed(
        "description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的安全设置;link:https://open.dingtalk.com/document/robots/customize-robot-security-settings;",
    ),
);
const EXPIRED: Refusal = Refusal(
    310000,
    Cow::Borrowed(
        "description:机器人发送签名过期;solution:签名生成时间和发送时间请保持在 timestampms 以内;link:https://open.dingtalk.com/document/robots/customize-robot-security-settings;",
    ),
);
const NO_KEYWORD: Refusal = Refusal(
    310000,
    Cow::Borrowed(
        "description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;link:https://open.dingtalk.com/document/robots/customize-robot-security-settings;",
    ),
);

/// What the signature of a request is worth to `robot` at `now`, milliseconds since the Unix epoch.
pub(super) fn signature(
    robot: Option<&KnownRobot>,
    timestamp: Option<&str>,
    given: Option<&str>,
    now: i64,
) -> Signature {
    let Some(secret) = robot.and_then(|robot| robot.secret.as_ref()) else { return Signature::Unchecked };
    let (Some(timestamp), Some(given)) = (timestamp, given) else { return Signature::Missing };
    let Ok(timestamp) = timestamp.parse::<i64>() else { return Signature::Invalid };
    if sign(secret, timestamp) != given {
        Signature::Invalid
    } else if now.abs_diff(timestamp) > MAX_AGE {
        Signature::Expired
    } else {
        Signature::Valid
    }
}

/// The answer to a robot that is banned for so long still, of a ban that lasts this long as a whole. DingTalk does not
/// say how long its own lasts.
pub(super) fn too_many(left: Duration, whole: Duration) -> Refusal {
    if whole == Settings::default().ban {
        Refusal(660026, Cow::Borrowed(TOO_MANY))
    } else {
        let seconds = left.as_millis().div_ceil(1000);
        Refusal(660026, format!("{TOO_MANY}, retry after {seconds} seconds").into())
    }
}

/// Whether `robot` takes a message: its signature, its size, its type, its fields, its keyword.
pub(super) fn judge(robot: Option<&KnownRobot>, signature: Signature, body: &[u8]) -> Result<(), Refusal> {
    match signature {
        Signature::Valid | Signature::Unchecked => {}
        Signature::Missing | Signature::Invalid => return Err(MISMATCH),
        Signature::Expired => return Err(EXPIRED),
    }
    if body.len() > MAX_BODY {
        return Err(TOO_LONG);
    }
    let json: Value = serde_json::from_slice(body).map_err(|_| NO_JSON)?;
    if !json.is_object() {
        return Err(NO_JSON);
    }
    let seen = read(&json)?;
    match robot.and_then(|robot| robot.keyword.as_deref()) {
        Some(keyword) if !seen.title.contains(keyword) && !seen.text.contains(keyword) => Err(NO_KEYWORD),
        _ => Ok(()),
    }
}

/// The message in a body, if it has all its fields.
fn read(json: &Value) -> Result<Seen, Refusal> {
    let kind = json["msgtype"].as_str().unwrap_or_default();
    let part = &json[kind];
    let links = match kind {
        "text" | "markdown" => Vec::new(),
        "link" => vec![Button { title: field(kind, part, "title")?, url: field(kind, part, "messageUrl")? }],
        "actionCard" if part["btns"].is_array() && part["singleURL"].is_null() => {
            each(kind, part, "btns", &["title", "actionURL"])?
        }
        "actionCard" => vec![Button { title: field(kind, part, "singleTitle")?, url: field(kind, part, "singleURL")? }],
        "feedCard" => each(kind, part, "links", &["title", "messageURL", "picURL"])?,
        _ => return Err(NO_TYPE),
    };
    let (title, text) = match kind {
        "text" => (String::new(), field(kind, part, "content")?),
        "feedCard" => (String::new(), links.iter().map(|link| link.title.as_str()).collect::<Vec<_>>().join("\n")),
        _ => (field(kind, part, "title")?, field(kind, part, "text")?),
    };
    let mention = match kind {
        "link" | "feedCard" => Mention::default(),
        _ => mention(&json["at"]),
    };
    Ok(Seen { kind: kind.to_owned(), title, text, links, mention })
}

/// A field that must not be empty.
fn field(kind: &str, part: &Value, name: &str) -> Result<String, Refusal> {
    match part[name].as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(Refusal(40035, format!("缺少参数 {kind}.{name}").into())),
    }
}

/// A list that must not be empty, and whose members need these fields, a title and an address first.
fn each(kind: &str, part: &Value, list: &str, names: &[&str]) -> Result<Vec<Button>, Refusal> {
    let members = part[list].as_array().filter(|members| !members.is_empty());
    let members = members.ok_or_else(|| Refusal(40035, format!("缺少参数 {kind}.{list}").into()))?;
    for (member, name) in members.iter().flat_map(|member| names.iter().map(move |name| (member, name))) {
        field(&format!("{kind}.{list}"), member, name)?;
    }
    members
        .iter()
        .map(|member| Ok(Button { title: field(kind, member, names[0])?, url: field(kind, member, names[1])? }))
        .collect()
}

fn mention(at: &Value) -> Mention {
    let list = |name: &str| {
        let members = at[name].as_array().into_iter().flatten();
        members.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Mention { all: at["isAtAll"] == true, mobiles: list("atMobiles"), user_ids: list("atUserIds") }
}

// === impl Seen ===

impl Seen {
    /// The message in a body, if robots take it.
    pub fn read(body: &str) -> Option<Self> {
        read(&serde_json::from_str(body).ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn verdict(body: &str) -> i64 {
        judge(None, Signature::Unchecked, body.as_bytes()).map_or_else(|refusal| refusal.0, |()| 0)
    }

    #[test]
    fn takes_the_five_types_with_their_fields() {
        let cases = [
            (r#"{"msgtype":"text","text":{"content":"x"}}"#, 0),
            (r#"{"msgtype":"text","text":{"content":""}}"#, 40035),
            (r#"{"msgtype":"text","markdown":{"title":"x","text":"x"}}"#, 40035),
            (r#"{"msgtype":"markdown","markdown":{"title":"x","text":"x"}}"#, 0),
            (r#"{"msgtype":"markdown","markdown":{"text":"x"}}"#, 40035),
            (r#"{"msgtype":"markdown","markdown":{"title":"x","text":1}}"#, 40035),
            (r#"{"msgtype":"link","link":{"title":"x","text":"x","messageUrl":"x"}}"#, 0),
            (r#"{"msgtype":"link","link":{"title":"x","text":"x","messageUrl":"x","picUrl":"x"}}"#, 0),
            (r#"{"msgtype":"link","link":{"title":"x","text":"x","messageURL":"x"}}"#, 40035),
            (r#"{"msgtype":"link","link":{"title":"x","text":"","messageUrl":"x"}}"#, 40035),
            (r#"{"msgtype":"link","link":{"text":"x","messageUrl":"x"}}"#, 40035),
            (r#"{"msgtype":"actionCard","actionCard":{"title":"x","text":"x","singleTitle":"x","singleURL":"x"}}"#, 0),
            (r#"{"msgtype":"actionCard","actionCard":{"title":"x","text":"x","singleTitle":"x"}}"#, 40035),
            (
                r#"{"msgtype":"actionCard","actionCard":{"title":"x","text":"x","btns":[{"title":"x","actionURL":"x"}]}}"#,
                0,
            ),
            (r#"{"msgtype":"actionCard","actionCard":{"title":"x","text":"x","btns":[{"title":"x"}]}}"#, 40035),
            (r#"{"msgtype":"actionCard","actionCard":{"title":"x","text":"x","btns":[]}}"#, 40035),
            (r#"{"msgtype":"actionCard","actionCard":{"title":"x","text":"x"}}"#, 40035),
            (r#"{"msgtype":"feedCard","feedCard":{"links":[{"title":"x","messageURL":"x","picURL":"x"}]}}"#, 0),
            (r#"{"msgtype":"feedCard","feedCard":{"links":[{"title":"x","messageUrl":"x","picUrl":"x"}]}}"#, 40035),
            (r#"{"msgtype":"feedCard","feedCard":{"links":[{"title":"x","messageURL":"x"}]}}"#, 40035),
            (r#"{"msgtype":"feedCard","feedCard":{"links":[]}}"#, 40035),
            (r#"{"msgtype":"feedCard","feedCard":{}}"#, 40035),
            (r#"{"msgtype":"image","image":{}}"#, 400105),
            (r#"{"text":{"content":"x"}}"#, 400105),
            ("", 40035),
            ("[]", 40035),
            ("msgtype=text", 40035),
        ];
        for (body, code) in cases {
            assert_eq!(verdict(body), code, "{body}");
        }
    }

    #[test]
    fn takes_twenty_thousand_bytes_and_not_one_more() {
        let body = |bytes: usize| {
            let frame = r#"{"msgtype":"text","text":{"content":""}}"#.len();
            format!(r#"{{"msgtype":"text","text":{{"content":"{}"}}}}"#, "x".repeat(bytes - frame))
        };
        assert_eq!((body(MAX_BODY).len(), verdict(&body(MAX_BODY))), (20_000, 0));
        assert_eq!(verdict(&body(MAX_BODY + 1)), 460101);
    }

    #[test]
    fn wants_the_keyword_in_what_is_read() {
        let robot = KnownRobot { token: "t".into(), secret: None, keyword: Some("告警".into()) };
        let taken = |body: &str| judge(Some(&robot), Signature::Unchecked, body.as_bytes()).is_ok();
        assert!(taken(r#"{"msgtype":"text","text":{"content":"磁盘告警"}}"#));
        assert!(taken(r#"{"msgtype":"markdown","markdown":{"title":"告警","text":"x"}}"#));
        assert!(!taken(r#"{"msgtype":"text","text":{"content":"x"},"msgUuid":"告警"}"#));
        assert!(taken(r#"{"msgtype":"link","link":{"title":"x","text":"告警","messageUrl":"x"}}"#));
        assert!(!taken(r#"{"msgtype":"link","link":{"title":"x","text":"x","messageUrl":"告警"}}"#));
        let feed = |title: &str, url: &str| {
            let links = format!(
                r#"[{{"title":"x","messageURL":"x","picURL":"x"}},{{"title":"{title}","messageURL":"{url}","picURL":"x"}}]"#
            );
            format!(r#"{{"msgtype":"feedCard","feedCard":{{"links":{links}}}}}"#)
        };
        assert!(taken(&feed("告警", "x")) && !taken(&feed("x", "告警")));
    }

    #[test]
    fn checks_signatures() {
        let secret = Secret::new("SECx");
        let robot = KnownRobot { token: "t".into(), secret: Some(secret.clone()), keyword: None };
        let now = 1_700_000_000_000;
        let hour = 3_600_000;
        let check = |timestamp: &str, sign: &str| signature(Some(&robot), Some(timestamp), Some(sign), now);
        for at in [now, now - hour, now + hour] {
            assert_eq!(check(&at.to_string(), &sign(&secret, at)), Signature::Valid);
        }
        for at in [now - hour - 1, now + hour + 1] {
            assert_eq!(check(&at.to_string(), &sign(&secret, at)), Signature::Expired);
        }
        assert_eq!(check("1700000000000", &sign(&secret, now + 1)), Signature::Invalid);
        assert_eq!(check("now", &sign(&secret, now)), Signature::Invalid);
        assert_eq!(signature(Some(&robot), None, Some("x"), now), Signature::Missing);
        assert_eq!(signature(Some(&robot), Some("1"), None, now), Signature::Missing);
        assert_eq!(signature(None, None, None, now), Signature::Unchecked);
    }

    #[test]
    fn shows_what_readers_see() {
        let seen = Seen::read(
            r#"{"msgtype":"markdown","markdown":{"title":"a","text":"b"},"at":{"atMobiles":["138"],"atUserIds":["bob"],"isAtAll":true}}"#,
        );
        let mention = Mention { all: true, mobiles: vec!["138".into()], user_ids: vec!["bob".into()] };
        let (kind, links) = ("markdown".into(), Vec::new());
        assert_eq!(seen, Some(Seen { kind, title: "a".into(), text: "b".into(), links, mention }));
        assert_eq!(Seen::read("{}"), None);
    }

    #[test]
    fn shows_where_a_message_leads() {
        let seen = |body: &str| {
            let Seen { kind, title, text, links, mention } = Seen::read(body).expect("a message");
            let links: Vec<_> = links.iter().map(|link| format!("{} {}", link.title, link.url)).collect();
            format!("{kind}|{title}|{text}|{}|{}", links.join(","), mention.all)
        };
        for (body, shown) in [
            (
                r#"{"msgtype":"link","link":{"title":"a","text":"b","messageUrl":"u","picUrl":"p"},"at":{"isAtAll":true}}"#,
                "link|a|b|a u|false",
            ),
            (
                r#"{"msgtype":"feedCard","feedCard":{"links":[{"title":"a","messageURL":"u","picURL":"p"},{"title":"b","messageURL":"v","picURL":"p"}]},"at":{"isAtAll":true}}"#,
                "feedCard||a\nb|a u,b v|false",
            ),
            (
                r#"{"msgtype":"actionCard","actionCard":{"title":"a","text":"b","singleTitle":"c","singleURL":"u"},"at":{"isAtAll":true}}"#,
                "actionCard|a|b|c u|true",
            ),
            (
                r#"{"msgtype":"actionCard","actionCard":{"title":"a","text":"b","btns":[{"title":"c","actionURL":"u"}]}}"#,
                "actionCard|a|b|c u|false",
            ),
        ] {
            assert_eq!(seen(body), shown);
        }
    }
}

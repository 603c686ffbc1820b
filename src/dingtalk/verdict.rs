//! What DingTalk's answer means.
//!
//! DingTalk answers HTTP 200 whether a message was delivered or not; only `errcode` 0 (or "0") is a success, and an
//! answer without an `errcode` never is. A [`Verdict`] is a pure function of an [`Outcome`] and stays an enum all the
//! way to the scheduler. The text of an answer decides in two places only: which check of the robot's security
//! settings refused a message (`security`), and how long a throttle says it lasts (the module `pause`).
//!
//! Sources: <https://open.dingtalk.com/document/development/custom-robots-send-group-messages>,
//! <https://open.dingtalk.com/document/robots/customize-robot-security-settings>, and answers that users published.

mod explain;
mod pause;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

pub use self::explain::Said;

/// How one call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Somebody answered.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The whole body.
        body: Bytes,
    },
    /// Nothing of the message can have arrived: no name, no connection, no TLS, or no time left before the first byte.
    NotSent(Failure),
    /// It may have arrived: what is sent again must be the same bytes under the same `msgUuid`.
    Unknown(Failure),
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The deadline of the call passed.
    #[error("no answer within {0:?}")]
    Timeout(Duration),
    /// The host was not reached.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection ended before the answer did.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer is longer than a robot's ever is.
    #[error("the answer is longer than {0} bytes")]
    Oversized(usize),
}

/// What is to be done with the message, and with the robot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The group has it.
    Delivered,
    /// Try again later with the same bytes and the same `msgUuid`.
    Retry(Trouble, Said),
    /// Send nothing more for a while.
    Throttled {
        /// Who has to pause.
        scope: Scope,
        /// For how long, from now.
        pause: Duration,
        /// Which limit was met.
        cause: Cause,
        /// What was answered.
        said: Said,
    },
    /// Nothing passes this robot until a person changes a setting.
    Misconfigured(Misconfiguration, Said),
    /// This message never passes; others may.
    Rejected(Rejection, Said),
}

/// What went wrong for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The host was not reached.
    Unreachable,
    /// The deadline passed; whether the message was sent by then.
    Timeout {
        /// False when nothing of it was written.
        sent: bool,
    },
    /// The connection ended before the answer did.
    Broken,
    /// The answer was too long to be a robot's.
    Oversized,
    /// -1: DingTalk is busy, and does not say whether it delivered.
    Busy,
    /// 90001 to 90018: the platform throttles the caller for a moment, before the robot sees the message.
    Platform,
    /// HTTP 5xx.
    ServerError,
    /// HTTP 4xx other than 404 and 429, without an `errcode`: something on the way, not the robot.
    ClientError,
    /// No JSON at all: an empty body, a page of HTML.
    NotJson,
    /// JSON without a number as `errcode`.
    NoErrcode,
    /// An `errcode` that is not in the table.
    UnknownCode,
}

/// Who is throttled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The robot.
    Robot,
    /// The address the bridge calls from: every robot of that host.
    Host,
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cause {
    /// 20 messages a minute.
    Rate,
    /// The organisation's calls of this month.
    Quota,
    /// The calls of one address, over all of DingTalk's APIs.
    Banned,
}

/// Which setting is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Misconfiguration {
    /// There is no robot with this token.
    Token,
    /// The signature does not match.
    Signature,
    /// The signature's time is more than an hour off. The answer's `Date` has already corrected the next one.
    Clock,
    /// The bridge's public address is not in the robot's list.
    Address {
        /// The address, where DingTalk tells it.
        ip: Option<IpAddr>,
    },
    /// None of the robot's keywords is in the message; another message may pass.
    Keyword,
    /// A security setting that is none of these.
    Security,
    /// The robot is switched off.
    Stopped,
    /// The robot is no longer in the group.
    Removed,
    /// The group was dissolved.
    GroupGone,
    /// What was called is not a robot's address: a wrong path, a redirect, a gateway that wants something else.
    Endpoint,
}

/// What is wrong with the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejection {
    /// More than 20,000 bytes.
    TooLong,
    /// A link that DingTalk holds for unsafe.
    UnsafeLink,
    /// Words or pictures that DingTalk's moderation refuses.
    Content,
    /// A message type that robots do not know.
    Type,
    /// A field is missing.
    Malformed,
}

/// For how long DingTalk refuses a robot that exceeded its limit.
const ROBOT_PAUSE: Duration = Duration::from_secs(10 * 60);
/// How often to look whether a month's quota was raised.
const QUOTA_PAUSE: Duration = Duration::from_secs(60 * 60);

/// What `outcome` means.
pub fn verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Answer { status, body } => answer(*status, body),
        Outcome::NotSent(failure) => {
            let trouble = match failure {
                Failure::Timeout(_) => Trouble::Timeout { sent: false },
                _ => Trouble::Unreachable,
            };
            Verdict::Retry(trouble, Said::failure(failure))
        }
        Outcome::Unknown(failure) => {
            let trouble = match failure {
                Failure::Timeout(_) => Trouble::Timeout { sent: true },
                Failure::Oversized(_) => Trouble::Oversized,
                Failure::Connect(_) | Failure::Broken(_) => Trouble::Broken,
            };
            Verdict::Retry(trouble, Said::failure(failure))
        }
    }
}

/// The `errcode` of an answer, which only DingTalk itself gives.
pub(super) fn errcode(answer: &Value) -> Option<i64> {
    match answer.get("errcode")? {
        // Not "00" or "+0": only what DingTalk documents is a success.
        Value::String(text) => text.parse().ok().filter(|code| *code != 0 || text == "0"),
        code => code.as_i64(),
    }
}

fn answer(status: u16, body: &[u8]) -> Verdict {
    let Ok(json) = serde_json::from_slice::<Value>(body) else {
        return without_errcode(status, None, Said::http(status, body));
    };
    match errcode(&json) {
        Some(code) => {
            let errmsg = json.get("errmsg").and_then(Value::as_str).unwrap_or_default();
            coded(code, errmsg, &json)
        }
        None => without_errcode(status, Some(&json), Said::http(status, body)),
    }
}

/// DingTalk's own answer; it decides over the HTTP status.
fn coded(code: i64, errmsg: &str, json: &Value) -> Verdict {
    let said = Said::errcode(code, errmsg);
    let text = errmsg.to_lowercase();
    match code {
        0 => Verdict::Delivered,
        -1 => Verdict::Retry(Trouble::Busy, said),
        90001..=90018 => Verdict::Retry(Trouble::Platform, said),
        // 130101 until 2022, 410100 in the documentation, 660026 in what is answered today.
        130101 | 410100 | 660026 => {
            let pause = pause::told(json, &text).unwrap_or(ROBOT_PAUSE);
            Verdict::Throttled { scope: Scope::Robot, pause, cause: Cause::Rate, said }
        }
        20001 | 90020 | 90030 => {
            Verdict::Throttled { scope: Scope::Robot, pause: QUOTA_PAUSE, cause: Cause::Quota, said }
        }
        300001 | 300005 | 400101 => Verdict::Misconfigured(Misconfiguration::Token, said),
        310000 => Verdict::Misconfigured(security(&text), said),
        400013 => Verdict::Misconfigured(Misconfiguration::GroupGone, said),
        400102 => Verdict::Misconfigured(Misconfiguration::Stopped, said),
        400106 => Verdict::Misconfigured(Misconfiguration::Removed, said),
        40035 if text.contains("access_token") => Verdict::Misconfigured(Misconfiguration::Token, said),
        // Of another API, another path, another method: our own request never looks like that.
        22 | 88 | 404 | 33001 | 43002 | 43004 => Verdict::Misconfigured(Misconfiguration::Endpoint, said),
        40035 => Verdict::Rejected(Rejection::Malformed, said),
        101002 | 460101 => Verdict::Rejected(Rejection::TooLong, said),
        400105 => Verdict::Rejected(Rejection::Type, said),
        430101 => Verdict::Rejected(Rejection::UnsafeLink, said),
        430102..=430104 => Verdict::Rejected(Rejection::Content, said),
        _ => Verdict::Retry(Trouble::UnknownCode, said),
    }
}

/// Which security setting refused the message. 310000 stands for all of them, so this is where DingTalk's text
/// decides: the wording until 2021, and the wording since 2022.
fn security(text: &str) -> Misconfiguration {
    let has = |wordings: &[&str]| wordings.iter().any(|wording| text.contains(wording));
    if has(&["keywords not in content", "关键词不匹配"]) {
        Misconfiguration::Keyword
    } else if has(&["invalid timestamp", "签名过期"]) {
        Misconfiguration::Clock
    } else if has(&["sign not match", "签名不匹配"]) {
        Misconfiguration::Signature
    } else if has(&["not in whitelist", "不在白名单"]) {
        let mut words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':');
        Misconfiguration::Address { ip: words.find_map(|word| word.trim_end_matches(['.', ':']).parse().ok()) }
    } else {
        Misconfiguration::Security
    }
}

/// Not the robot's answer: the gateway before it, a proxy, a login page.
fn without_errcode(status: u16, json: Option<&Value>, said: Said) -> Verdict {
    if let Some(json) = json
        && (json.get("punish").is_some()
            || json.get("status").is_some_and(|status| *status == 1111 || *status == "1111"))
    {
        return Verdict::Throttled { scope: Scope::Host, pause: pause::of_ban(json), cause: Cause::Banned, said };
    }
    match status {
        300..=399 | 404 => Verdict::Misconfigured(Misconfiguration::Endpoint, said),
        429 => {
            let text = said.to_string().to_lowercase();
            let pause = json.and_then(|json| pause::told(json, &text)).unwrap_or(ROBOT_PAUSE);
            Verdict::Throttled { scope: Scope::Robot, pause, cause: Cause::Rate, said }
        }
        400..=499 => Verdict::Retry(Trouble::ClientError, said),
        500.. => Verdict::Retry(Trouble::ServerError, said),
        _ if json.is_some() => Verdict::Retry(Trouble::NoErrcode, said),
        _ => Verdict::Retry(Trouble::NotJson, said),
    }
}

// === impl Verdict ===

impl Verdict {
    /// The kinds of verdict that are no delivery, as [`kind`](Self::kind) names them.
    pub const FAILURES: [&str; 4] = ["retry", "throttled", "misconfigured", "rejected"];

    /// A name for each kind, for metrics: few enough to show them all from the start.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry(..) => "retry",
            Self::Throttled { .. } => "throttled",
            Self::Misconfigured(..) => "misconfigured",
            Self::Rejected(..) => "rejected",
        }
    }

    /// A short stable name of what exactly it was, for logs.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retry(trouble, _) => trouble.label(),
            Self::Throttled { cause, .. } => cause.label(),
            Self::Misconfigured(what, _) => what.label(),
            Self::Rejected(what, _) => what.label(),
        }
    }

    /// The `errcode`, if it was DingTalk that answered.
    pub fn errcode(&self) -> Option<i64> {
        match self {
            Self::Delivered => Some(0),
            Self::Retry(_, said)
            | Self::Throttled { said, .. }
            | Self::Misconfigured(_, said)
            | Self::Rejected(_, said) => said.code(),
        }
    }

    /// Whether the group certainly does not have the message, so that it may be sent anew with other bytes.
    pub fn proves_not_delivered(&self) -> bool {
        match self {
            Self::Delivered => false,
            Self::Retry(trouble, _) => {
                matches!(trouble, Trouble::Unreachable | Trouble::Timeout { sent: false } | Trouble::Platform)
            }
            Self::Throttled { .. } | Self::Misconfigured(..) | Self::Rejected(..) => true,
        }
    }
}

//! A verdict in words: what was answered, what it means, what to do.

use std::fmt;
use std::time::Duration;

use super::{Cause, Failure, Misconfiguration, Rejection, Scope, Trouble, Verdict};

/// The most characters of an answer that are repeated.
const MAX_SAID: usize = 200;

/// What was answered, on one line, at most 200 characters of it: fit for a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    errcode: Option<i64>,
    line: String,
}

// === impl Said ===

impl Said {
    pub(super) fn errcode(code: i64, errmsg: &str) -> Self {
        let line = match one_line(errmsg).as_str() {
            "" => format!("errcode {code}"),
            text => format!("errcode {code} \"{text}\""),
        };
        Self { errcode: Some(code), line }
    }

    pub(super) fn http(status: u16, body: &[u8]) -> Self {
        // Four bytes at most make a character.
        let begin = String::from_utf8_lossy(&body[..body.len().min(16 * MAX_SAID)]);
        let line = match one_line(&begin).as_str() {
            "" => format!("HTTP {status} with an empty body"),
            text => format!("HTTP {status} \"{text}\""),
        };
        Self { errcode: None, line }
    }

    pub(super) fn failure(failure: &Failure) -> Self {
        Self { errcode: None, line: one_line(&failure.to_string()) }
    }

    /// The `errcode`, if it was DingTalk that answered.
    pub fn code(&self) -> Option<i64> {
        self.errcode
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// `text` without control characters and runs of space, cut where it is too long. Nothing in it can break a log line,
/// colour a terminal or turn its direction.
fn one_line(text: &str) -> String {
    let visible = |c: char| !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let space = (length > 0).then_some(' ');
        for c in space.into_iter().chain(word.chars().filter(|c| visible(*c))) {
            if length == MAX_SAID {
                line.pop();
                line.push('…');
                return line;
            }
            line.push(c);
            length += 1;
        }
    }
    line
}

// === impl Verdict ===

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered => f.write_str("errcode 0: delivered"),
            Self::Retry(trouble, said) => write!(f, "{said}; {}", trouble.explain()),
            Self::Throttled { scope, pause, cause, said } => {
                write!(f, "{said}; {}. {}", cause.explain(*scope), Pause(*pause))
            }
            Self::Misconfigured(what, said) => write!(f, "{said}; {}", what.explain()),
            Self::Rejected(what, said) => write!(f, "{said}; {}", what.explain()),
        }
    }
}

struct Pause(Duration);

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            seconds if seconds >= 60 && seconds.is_multiple_of(60) => {
                write!(f, "Send nothing for {} min", seconds / 60)
            }
            seconds => write!(f, "Send nothing for {seconds} s"),
        }
    }
}

// === impl Trouble ===

impl Trouble {
    /// A short stable name, for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Timeout { .. } => "timeout",
            Self::Broken => "broken",
            Self::Oversized => "oversized",
            Self::Busy | Self::Platform => "busy",
            Self::ServerError => "http_5xx",
            Self::ClientError => "http_4xx",
            Self::NotJson => "not_json",
            Self::NoErrcode => "no_errcode",
            Self::UnknownCode => "unknown_code",
        }
    }

    /// What it means and what to do.
    pub fn explain(self) -> &'static str {
        match self {
            Self::Unreachable => {
                "nothing was sent. Check the host name, DNS, the way out, and `ca_file` if a proxy looks into TLS"
            }
            Self::Timeout { sent: false } => {
                "nothing was sent, the time was over before the connection stood. Check DNS, the way out and `timeout`"
            }
            Self::Timeout { sent: true } => "the message may have arrived or not. Try again with the same msgUuid",
            Self::Broken => "the message may have arrived or not. Try again with the same msgUuid",
            Self::Oversized => "no robot answers that much. Check what stands between the bridge and DingTalk",
            Self::Busy => "DingTalk is busy, the message may have arrived or not. Try again with the same msgUuid",
            Self::Platform => "DingTalk refuses this caller for a moment, nothing was delivered. Try again in a while",
            Self::ServerError => {
                "the server failed, the message may have arrived or not. Try again with the same msgUuid"
            }
            Self::ClientError => {
                "not the robot's answer, something on the way refused the call. Check the proxy or gateway if it stays"
            }
            Self::NotJson | Self::NoErrcode => {
                "not the robot's answer, so it is no success. Try again; if it stays, check what stands between the bridge and DingTalk"
            }
            Self::UnknownCode => "an errcode that DingTalk does not document; it is no success. Try again later",
        }
    }
}

// === impl Cause ===

impl Cause {
    /// A short stable name, for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Rate => "throttled",
            Self::Quota => "quota",
            Self::Banned => "banned",
        }
    }

    fn explain(self, scope: Scope) -> &'static str {
        match (self, scope) {
            (Self::Rate, Scope::Robot) => {
                "too many messages within a minute (DingTalk allows 20), nothing was delivered. If another program uses \
                 this robot, give each its own, or lower `rate_limit`"
            }
            (Self::Quota, _) => {
                "the organisation's webhook calls of this month are used up, nothing was delivered. Ask its DingTalk \
                 administrator for more, or for a higher limit of this robot"
            }
            (Self::Banned, _) | (Self::Rate, Scope::Host) => {
                "DingTalk bans the address that the bridge calls from (for 5 minutes, after 10,000 calls in 20 s over all \
                 APIs), nothing was delivered. Look for what else calls DingTalk from there"
            }
        }
    }
}

// === impl Misconfiguration ===

impl Misconfiguration {
    /// A short stable name, for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Signature => "signature",
            Self::Clock => "clock",
            Self::Address { .. } => "address",
            Self::Keyword => "keyword",
            Self::Security => "security",
            Self::Stopped => "stopped",
            Self::Removed => "removed",
            Self::GroupGone => "group_gone",
            Self::Endpoint => "endpoint",
        }
    }

    /// What it means and what to do.
    pub fn explain(self) -> String {
        let text = match self {
            Self::Token => {
                "there is no robot with this access_token: it was removed, or `url` is not whole. Copy the webhook URL \
                 from the robot's settings"
            }
            Self::Signature => {
                "the signature is missing or does not match. Copy the whole secret (SEC…) from the robot's security \
                 settings into `secret`"
            }
            Self::Clock => {
                "the signature's time is more than an hour off. Set this machine's clock (NTP); until then the next call \
                 is signed with the time of this answer"
            }
            Self::Address { ip: Some(ip) } => {
                return format!(
                    "{ip}, which the bridge calls from, is not in the robot's address list. Add it in the robot's \
                     security settings"
                );
            }
            Self::Address { ip: None } => {
                "the public address that the bridge calls from is not in the robot's address list. Add it in the robot's \
                 security settings"
            }
            Self::Keyword => {
                "the message holds none of the robot's keywords. Set `keyword` to one of those in the robot's security \
                 settings"
            }
            Self::Security => {
                "a security setting of the robot refused the call. Compare them with the target's settings"
            }
            Self::Stopped => "the robot is switched off. Switch it on in the group's settings",
            Self::Removed => "the robot is not in the group any more. Add one and set `url` to its webhook URL",
            Self::GroupGone => "the group was dissolved. Set `url` to a robot of another group, or remove the target",
            Self::Endpoint => {
                "this is not a robot's address, or something on the way changed the call. `url` must be \
                 https://…/robot/send?access_token=…, and nothing may redirect it"
            }
        };
        text.to_owned()
    }
}

// === impl Rejection ===

impl Rejection {
    /// A short stable name, for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::UnsafeLink => "unsafe_link",
            Self::Content => "content",
            Self::Type => "type",
            Self::Malformed => "malformed",
        }
    }

    /// What it means and what to do.
    pub fn explain(self) -> &'static str {
        match self {
            Self::TooLong => "the message has more than 20,000 bytes. Shorten the template, or lower `message_limit`",
            Self::UnsafeLink => {
                "DingTalk holds a link in the message for unsafe. Remove the link, or have its domain allowed"
            }
            Self::Content => {
                "DingTalk's moderation refuses words or pictures of the message. Change the template or the annotation"
            }
            Self::Type => "robots do not take this type of message. Use markdown, text or actionCard",
            Self::Malformed => {
                "a field is missing, or the body was lost on the way. Check that title and text are not empty"
            }
        }
    }
}

//! Answers: one short line, because Alertmanager writes what it gets into its log.

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use http_body_util::Full;
use hyper::Response;
use hyper::body::Bytes;
use serde::Serialize;
use uuid::Uuid;

use crate::intake::Refused;
use crate::outbox::Accepted;

/// A whole answer.
pub(super) type Answer = Response<Full<Bytes>>;

/// A request that is not answered, because its client is too slow: the connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("the client took too long or went away")]
pub(super) struct Unanswered;

#[derive(Serialize)]
struct Line<'a> {
    errcode: i32,
    errmsg: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Uuid>,
}

/// As whom a sender is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As the bridge.
    Own,
    /// As DingTalk, whose clients look at `errcode` and some at nothing but `errmsg`.
    DingTalk,
}

/// What DingTalk says of a token that is none of a robot's.
const NO_TOKEN: (i32, &str) = (300005, "token is not exist");
/// What DingTalk says of a body that is no message.
const NO_MESSAGE: i32 = 40035;
/// What DingTalk says when it is busy.
const BUSY: i32 = -1;

// === impl Manner ===

impl Manner {
    /// It is on disk.
    pub(super) fn accepted(self, accepted: Accepted) -> Answer {
        let (status, id) = match (self, accepted) {
            (Self::DingTalk, _) => (None, None),
            (Self::Own, Accepted::New(id)) => (Some("accepted"), Some(id)),
            (Self::Own, Accepted::Duplicate(id)) => (Some("duplicate"), Some(id)),
        };
        line(StatusCode::OK, &Line { errcode: 0, errmsg: "ok", status, id })
    }

    /// It is not accepted.
    pub(super) fn refused(self, refused: &Refused) -> Answer {
        if self == Self::DingTalk && refused.is_about_token() {
            let (errcode, errmsg) = NO_TOKEN;
            return line(StatusCode::FORBIDDEN, &Line { errcode, errmsg, status: None, id: None });
        }
        let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut answer = self.failed(status, &refused.to_string());
        if status == StatusCode::UNAUTHORIZED {
            let schemes = HeaderValue::from_static("Bearer, Basic realm=\"dingbridge\"");
            answer.headers_mut().insert(WWW_AUTHENTICATE, schemes);
        }
        answer
    }

    /// Something else is wrong.
    pub(super) fn failed(self, status: StatusCode, reason: &str) -> Answer {
        let errcode = match self {
            Self::Own => i32::from(status.as_u16()),
            Self::DingTalk if status.is_server_error() => BUSY,
            Self::DingTalk => NO_MESSAGE,
        };
        line(status, &Line { errcode, errmsg: reason, status: None, id: None })
    }
}

/// An operator's wish was carried out.
pub(super) fn done(status: &'static str, id: Uuid) -> Answer {
    line(StatusCode::OK, &Line { errcode: 0, errmsg: "ok", status: Some(status), id: Some(id) })
}

/// The operators' token is missing or wrong.
pub(super) fn unauthorized(status: StatusCode, reason: &str) -> Answer {
    let mut answer = failed(status, reason);
    if status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"dingbridge\""));
    }
    answer
}

/// Something else is wrong.
pub(super) fn failed(status: StatusCode, reason: &str) -> Answer {
    Manner::Own.failed(status, reason)
}

/// The route is there, but not for this method.
pub(super) fn method_not_allowed(allow: &str) -> Answer {
    let mut answer = failed(StatusCode::METHOD_NOT_ALLOWED, &format!("use {allow}"));
    if let Ok(allow) = HeaderValue::from_str(allow) {
        answer.headers_mut().insert(ALLOW, allow);
    }
    answer
}

/// The answer ends the connection: the rest of the request is not read.
pub(super) fn closing(mut answer: Answer) -> Answer {
    answer.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    answer
}

/// Plain text, as Prometheus' own probes answer.
pub(super) fn text(status: StatusCode, text: impl Into<Bytes>) -> Answer {
    of_type(status, HeaderValue::from_static("text/plain; charset=utf-8"), text.into())
}

/// A body of a type.
pub(super) fn of_type(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer.headers_mut().insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    answer
}

/// A value as one line of JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    let mut body = serde_json::to_vec(value).unwrap_or_default();
    body.push(b'\n');
    of_type(status, HeaderValue::from_static("application/json"), body.into())
}

fn line(status: StatusCode, line: &Line<'_>) -> Answer {
    json(status, line)
}

//! `/api/v1/outbox`: what waits, what is dead, what became of a notification, for operators who have the token.
//!
//! Without `web.admin_token_file` these paths do not exist. The token is read at each request, so that rotating its file
//! needs no restart.

use std::net::SocketAddr;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use hyper::Request;
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use super::Server;
use super::answer::{self, Answer};
use crate::outbox::story::{self, Found, Wish};
use crate::outbox::{Outbox, Repair, Repaired, StoreError};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// `/api/v1/outbox`
    List,
    /// `/api/v1/outbox/{id}`
    One,
    /// `/api/v1/outbox/{id}/replay`
    Replay,
}

pub(super) const ROUTES: [(&str, Call); 3] =
    [("/api/v1/outbox", Call::List), ("/api/v1/outbox/{id}", Call::One), ("/api/v1/outbox/{id}/replay", Call::Replay)];

/// How many are listed unless the request says otherwise, and how many at the most.
const LISTED: u32 = 100;
const MOST_LISTED: u32 = 10_000;

// === impl Call ===

impl Call {
    /// The methods it takes.
    pub(super) fn methods(self) -> &'static [Method] {
        match self {
            Self::List => &[Method::GET, Method::HEAD],
            Self::One => &[Method::GET, Method::HEAD, Method::DELETE],
            Self::Replay => &[Method::POST],
        }
    }
}

/// Answers an operator.
pub(super) async fn answer(
    server: &Server,
    peer: SocketAddr,
    call: Call,
    params: &matchit::Params<'_, '_>,
    request: &Request<Incoming>,
) -> Answer {
    let client = server.client(peer, request.headers()).to_string();
    if let Err((status, reason)) = admit(server, request.headers()) {
        tracing::warn!(route = "api", client, "refused: {reason}");
        return answer::closing(answer::unauthorized(status, reason));
    }
    let Some(outbox) = server.context.outbox.borrow().clone() else {
        return answer::failed(StatusCode::SERVICE_UNAVAILABLE, "the bridge is not ready");
    };
    let id = percent_decode_str(params.get("id").unwrap_or_default()).decode_utf8_lossy().into_owned();
    let answered = match (call, request.method()) {
        (Call::List, _) => list(&outbox, request.uri().query().unwrap_or_default()).await,
        (Call::One, &Method::DELETE) => repair(&outbox, id, Repair::Drop, &client).await,
        (Call::One, _) => show(&outbox, id).await,
        (Call::Replay, _) => repair(&outbox, id, Repair::Replay, &client).await,
    };
    answered.unwrap_or_else(|error| answer::failed(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()))
}

/// Whether these headers hold the operators' token.
fn admit(server: &Server, headers: &HeaderMap) -> Result<(), (StatusCode, &'static str)> {
    let presented = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let bearer = presented.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    match (bearer, &server.context.admin_token) {
        (Some(bearer), Some(token)) if token.read().matches(bearer) => Ok(()),
        (Some(_), _) => Err((StatusCode::FORBIDDEN, "the token is not that in web.admin_token_file")),
        (None, _) => {
            Err((StatusCode::UNAUTHORIZED, "a token is needed: that in web.admin_token_file, as bearer token"))
        }
    }
}

async fn list(outbox: &Outbox, query: &str) -> Result<Answer, StoreError> {
    let mut wish = Wish { limit: LISTED, ..Wish::default() };
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let value = percent_decode_str(value).decode_utf8_lossy();
        match (name, &*value) {
            ("target", target) => wish.target = Some(target.to_owned()),
            ("state", "dead") => wish.dead_only = true,
            ("state", _) => return Ok(answer::failed(StatusCode::BAD_REQUEST, "state: expected dead, or nothing")),
            ("limit", limit) => match limit.parse::<u32>() {
                Ok(limit) => wish.limit = limit.min(MOST_LISTED),
                Err(_) => return Ok(answer::failed(StatusCode::BAD_REQUEST, "limit: expected a number")),
            },
            _ => {}
        }
    }
    outbox.list(wish).await.map(|listing| answer::json(StatusCode::OK, &listing))
}

async fn show(outbox: &Outbox, wanted: String) -> Result<Answer, StoreError> {
    Ok(match outbox.story(wanted).await? {
        Found::One(story) => answer::json(StatusCode::OK, &story),
        Found::Nothing => answer::failed(StatusCode::NOT_FOUND, story::UNKNOWN),
        Found::Several => answer::failed(StatusCode::CONFLICT, story::SEVERAL),
    })
}

async fn repair(
    outbox: &Outbox,
    wanted: String,
    repair: fn(Uuid) -> Repair,
    client: &str,
) -> Result<Answer, StoreError> {
    let id = match outbox.undelivered(wanted).await? {
        Found::One(id) => id,
        Found::Nothing => return Ok(answer::failed(StatusCode::NOT_FOUND, Repaired::NOT_FOUND)),
        Found::Several => return Ok(answer::failed(StatusCode::CONFLICT, story::SEVERAL)),
    };
    let repair = repair(id);
    Ok(match outbox.repair(repair).await? {
        Repaired::Replayed(new) => {
            tracing::info!(%id, %new, client, "an operator replayed a dead letter");
            answer::done("replayed", new)
        }
        Repaired::Dropped => {
            tracing::warn!(%id, client, "an operator dropped a notification: it is never told");
            answer::done("dropped", id)
        }
        Repaired::NotFound => answer::failed(StatusCode::NOT_FOUND, Repaired::NOT_FOUND),
        Repaired::Busy => answer::failed(StatusCode::CONFLICT, Repaired::BUSY),
    })
}

//! The stand-in's HTTP: connections in, answers out, and the faults that happen on the way.

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::reply::{JSON, Reply};
use super::rules::{self, Refusal};
use super::{Arrival, Fault, PIPE, Sandbox};

/// The most bytes of a body that are read: enough to see how much too long a message is.
const MAX_READ: usize = 1024 * 1024;
const MAX_CONNECTIONS: usize = 1024;
/// Out of file descriptors, say: what is open goes on, and new connections are looked for a little later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the stand-in closes the connection")]
struct Hangup;

/// What a request to a robot says besides its body.
struct Call {
    post: bool,
    json: bool,
    token: Option<String>,
    timestamp: Option<String>,
    sign: Option<String>,
}

// === impl Sandbox ===

impl Sandbox {
    /// Serves the connections of `listener` until `stop` resolves, then closes them all.
    pub async fn serve(self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let mut stop = pin!(stop);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = &mut stop => return,
                Some(_) = connections.join_next() => {}
                accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                    Ok((stream, _)) => {
                        let sandbox = self.clone();
                        connections.spawn(async move { sandbox.serve_connection(stream).await });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "the sandbox cannot accept a connection, trying again");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
    }

    /// Serves one connection until it ends.
    pub async fn serve_connection<I>(&self, io: I)
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = service_fn(|request| self.respond(request));
        // No timer: whoever is slow to ask, or keeps a connection for hours of virtual time, may.
        let served = http1::Builder::new().serve_connection(TokioIo::new(io), service).await;
        if let Err(error) = served {
            tracing::debug!(%error, "a connection to the sandbox ended");
        }
    }

    /// A connection within this process. Must be called in a runtime, which serves it until either side is dropped.
    pub fn connect(&self) -> DuplexStream {
        let (near, far) = tokio::io::duplex(PIPE);
        let sandbox = self.clone();
        let mut connections = self.0.connections.lock().unwrap_or_else(PoisonError::into_inner);
        while connections.try_join_next().is_some() {}
        connections.spawn(async move { sandbox.serve_connection(far).await });
        near
    }

    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Reply>, Hangup> {
        let answer = match (request.uri().path(), request.method()) {
            ("/robot/send", _) => self.robot(request).await?,
            ("/faults", &Method::POST) => self.take_orders(request).await,
            ("/faults", &Method::DELETE) => {
                match parameter(request.uri().query(), "access_token") {
                    Some(token) => self.recover(&token),
                    None => self.recover_all(),
                }
                Reply::errcode(0, "ok")
            }
            ("/arrivals", &Method::GET) => {
                let arrivals = self.arrivals().iter().map(Arrival::to_json).collect();
                Reply::json(&Value::Array(arrivals))
            }
            ("/arrivals", &Method::DELETE) => {
                self.forget_arrivals();
                Reply::errcode(0, "ok")
            }
            _ => Reply::refusal(&rules::NO_PATH),
        };
        Ok(self.dated(answer))
    }

    /// One message to a robot, and what becomes of it.
    async fn robot(&self, request: Request<Incoming>) -> Result<Response<Reply>, Hangup> {
        let call = Call::read(&request);
        self.delay().await;
        let fault = self.state().next_fault(call.token.as_deref().unwrap_or_default());
        if fault == Some(Fault::ResetBeforeRead) {
            self.arrive(&call, &[], fault.as_ref());
            return Err(Hangup);
        }
        // Who goes away in the middle of its message has not sent one, nor who never comes to an end.
        let body = Limited::new(request.into_body(), MAX_READ).collect().await.map_err(|_| Hangup)?.to_bytes();
        let mut answer = self.arrive(&call, &body, fault.as_ref());
        match fault {
            Some(Fault::ResetAfterRead) => return Err(Hangup),
            Some(Fault::Hang) => pending().await,
            Some(Fault::Slow(pause)) => sleep(pause).await,
            Some(Fault::Trickle(pause)) => answer.body_mut().trickle(pause),
            _ => {}
        }
        self.delay().await;
        Ok(answer)
    }

    /// Judges and records a request in one step, at the moment in which it has arrived.
    fn arrive(&self, call: &Call, body: &[u8], fault: Option<&Fault>) -> Response<Reply> {
        let inner = &self.0;
        let (now, at) = (Instant::now(), inner.clock.now());
        let token = call.token.clone().unwrap_or_default();
        let fault = fault.filter(|fault| fault.concerns(body));
        let mut state = self.state();
        let robot = state.robots.get(&token).cloned();
        let signed =
            rules::signature(robot.as_ref(), call.timestamp.as_deref(), call.sign.as_deref(), at.as_millisecond());
        let read = fault != Some(&Fault::ResetBeforeRead);
        let counted = read && call.refusal().is_none();
        let (window, banned) = match counted {
            true => state.ledger.count(&token, inner.rate, inner.ban, now),
            false => (state.ledger.window(&token, inner.rate.1, now), None),
        };
        let judged = match (call.refusal(), banned) {
            (Some(refusal), _) => Err(refusal),
            // Before the token is looked at: DingTalk throttles also tokens that do not exist.
            (None, Some(left)) => Err(rules::too_many(left, inner.ban)),
            (None, None) if robot.is_none() && !state.robots.is_empty() => Err(rules::NO_ROBOT),
            (None, None) => rules::judge(robot.as_ref(), signed, body),
        };
        let (errcode, answer) = match (fault, judged) {
            (Some(Fault::Errcode { code, errmsg } | Fault::Moderate { code, errmsg, .. }), _) => {
                (Some(*code), Reply::errcode(*code, errmsg))
            }
            (Some(Fault::Body { status, content_type, body }), _) => (None, Reply::new(*status, content_type, body)),
            (Some(Fault::Ban), _) => (None, Reply::json(&ban())),
            (Some(Fault::ResetBeforeRead), _) => (None, Reply::errcode(-1, "")),
            (_, Ok(())) => (Some(0), Reply::errcode(0, "ok")),
            (_, Err(refusal)) => (Some(refusal.0), Reply::refusal(&refusal)),
        };
        let answered = matches!(fault, Some(Fault::Errcode { .. } | Fault::Moderate { .. }));
        let delivered = errcode == Some(0) && !answered;
        let msg_uuid = uuid(body);
        let repeated = msg_uuid.as_ref().is_some_and(|uuid| state.ledger.was_taken(&token, uuid));
        let arrival = Arrival {
            at,
            since_start: now.duration_since(inner.started),
            token,
            signed,
            msg_uuid,
            repeated,
            body: String::from_utf8_lossy(body).into(),
            delivered,
            errcode,
            fault: fault.map(Fault::name),
            window,
        };
        state.ledger.keep(arrival.clone());
        // Nobody may be listening. Sent under the lock, so that it is told in the order it was kept.
        let _ = inner.news.send(arrival);
        answer
    }

    async fn take_orders(&self, request: Request<Incoming>) -> Response<Reply> {
        let query = request.uri().query();
        let (token, lasting) = (parameter(query, "access_token"), parameter(query, "lasting"));
        let body = Limited::new(request.into_body(), MAX_READ).collect().await;
        let faults = body
            .map_err(|error| error.to_string())
            .and_then(|body| serde_json::from_slice::<Vec<Fault>>(&body.to_bytes()).map_err(|error| error.to_string()));
        match faults {
            Err(error) => {
                let errmsg = format!("expected a JSON array of faults: {error}");
                let mut answer = Reply::errcode(400, &errmsg);
                *answer.status_mut() = StatusCode::BAD_REQUEST;
                answer
            }
            Ok(faults) => {
                let lasting = lasting.is_some_and(|lasting| lasting == "true");
                faults.into_iter().for_each(|fault| match &token {
                    Some(token) if lasting => self.order_lasting(token, fault),
                    Some(token) => self.order_for(token, fault),
                    None => self.order(fault),
                });
                Reply::errcode(0, "ok")
            }
        }
    }

    /// The network, one way.
    async fn delay(&self) {
        if let Some(range) = &self.0.delay {
            let between = range.end().saturating_sub(*range.start());
            sleep(*range.start() + between.mul_f64(fastrand::f64())).await;
        }
    }

    /// The answer with the time of the stand-in's own clock, which signatures are judged by.
    fn dated(&self, mut answer: Response<Reply>) -> Response<Reply> {
        let date = httpdate::fmt_http_date(SystemTime::from(self.0.clock.now()));
        if let Ok(date) = HeaderValue::from_str(&date) {
            answer.headers_mut().insert(DATE, date);
        }
        answer
    }
}

/// The answer of the gateway that bans an address, as it was published.
fn ban() -> Value {
    json!({"status": 1111, "wait": 5, "source": "x5", "punish": "deny", "uuid": "0a000000000000000000000000000000"})
}

fn uuid(body: &[u8]) -> Option<String> {
    serde_json::from_slice::<Value>(body).ok()?.get("msgUuid")?.as_str().map(str::to_owned)
}

/// A parameter of a query, decoded once, as forms are: a `+` that was not encoded is a space.
fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let (_, value) = query?.split('&').filter_map(|part| part.split_once('=')).find(|(key, _)| *key == name)?;
    Some(percent_decode_str(&value.replace('+', " ")).decode_utf8_lossy().into_owned())
}

// === impl Call ===

impl Call {
    fn read(request: &Request<Incoming>) -> Self {
        let query = request.uri().query();
        let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = content_type.and_then(|value| value.split(';').next()).unwrap_or_default();
        Self {
            post: request.method() == Method::POST,
            json: essence.trim().eq_ignore_ascii_case(JSON),
            token: parameter(query, "access_token").filter(|token| !token.is_empty()),
            timestamp: parameter(query, "timestamp"),
            sign: parameter(query, "sign"),
        }
    }

    /// Why it never gets as far as a robot.
    fn refusal(&self) -> Option<Refusal> {
        if !self.post {
            Some(rules::NOT_POST)
        } else if !self.json {
            Some(rules::NOT_JSON_TYPE)
        } else if self.token.is_none() {
            Some(rules::NO_TOKEN)
        } else {
            None
        }
    }
}

// === impl Arrival ===

impl Arrival {
    fn to_json(&self) -> Value {
        json!({
            "at": self.at.to_string(),
            "since_start": self.since_start.as_secs_f64(),
            "token": self.token,
            "signed": self.signed.name(),
            "msg_uuid": self.msg_uuid,
            "repeated": self.repeated,
            "body": &*self.body,
            "delivered": self.delivered,
            "errcode": self.errcode,
            "fault": self.fault,
            "window": self.window,
        })
    }
}

//! Which request goes where.

use std::net::SocketAddr;

use http::{HeaderValue, Method, StatusCode};
use hyper::Request;
use hyper::body::{Bytes, Incoming};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::answer::{self, Answer, Manner, Unanswered};
use super::{Readiness, Server, Surface, api, body, credentials};
use crate::intake::Posted;
use crate::notification::Sender;
use crate::sender;

/// The routes of a listener.
#[derive(Debug)]
pub(super) struct Routes(matchit::Router<Route>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Route {
    /// The path that prometheus-webhook-dingtalk has.
    Dingtalk,
    /// The path that names its sender.
    Hook,
    /// DingTalk's own path.
    Robot,
    Healthy,
    Ready,
    Reload,
    Metrics,
    Api(api::Call),
}

const PUBLIC: [(&str, Route); 5] = [
    ("/robot/send", Route::Robot),
    ("/dingtalk/{target}/send", Route::Dingtalk),
    ("/dingtalk/{target}/send/{token}", Route::Dingtalk),
    ("/hook/{sender}/{target}", Route::Hook),
    ("/hook/{sender}/{target}/{token}", Route::Hook),
];
const ADMIN: [(&str, Route); 2] = [("/-/reload", Route::Reload), ("/metrics", Route::Metrics)];
const PROBES: [(&str, Route); 2] = [("/-/healthy", Route::Healthy), ("/-/ready", Route::Ready)];

const OPEN_METRICS: HeaderValue =
    HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// Answers a request.
pub(super) async fn answer(
    server: &Server,
    routes: &Routes,
    peer: SocketAddr,
    request: Request<Incoming>,
) -> Result<Answer, Unanswered> {
    let began = Instant::now();
    let metrics = &server.context.metrics;
    metrics.begin();
    // A trailing slash makes no difference; a redirect to the path without it would lose the body.
    let path = request.uri().path().to_owned();
    let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(&path);
    let method = request.method().clone();
    // Without a token of theirs, operators' paths are like any that do not exist.
    let exists = |route| !matches!(route, Route::Api(_)) || server.context.admin_token.is_some();
    let matched = routes.0.at(path).ok().filter(|matched| exists(*matched.value));
    let handler = matched.as_ref().map_or("other", |matched| matched.value.name());
    let answered = match matched {
        Some(matched) => match matched.value.allows(&method, &matched.params) {
            Ok(()) => dispatch(server, peer, *matched.value, &matched.params, request).await,
            Err(allow) => Ok(answer::method_not_allowed(&allow)),
        },
        None => Ok(answer::failed(StatusCode::NOT_FOUND, "no such path; post to /dingtalk/<target>/send")),
    };
    let code = answered.as_ref().ok().map(|answer| answer.status().as_u16());
    metrics.end(handler, &method, code, began.elapsed());
    answered
}

async fn dispatch(
    server: &Server,
    peer: SocketAddr,
    route: Route,
    params: &matchit::Params<'_, '_>,
    request: Request<Incoming>,
) -> Result<Answer, Unanswered> {
    match route {
        Route::Healthy => Ok(answer::text(StatusCode::OK, "OK\n")),
        Route::Ready => Ok(match *server.context.readiness.borrow() {
            Readiness::Ready => answer::text(StatusCode::OK, "OK\n"),
            Readiness::Starting => answer::text(StatusCode::SERVICE_UNAVAILABLE, "starting\n"),
            Readiness::Stopping => answer::text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
        }),
        Route::Metrics => Ok(metrics(server)),
        Route::Reload => Ok(reload(server).await),
        Route::Api(call) => Ok(api::answer(server, peer, call, params, &request).await),
        Route::Hook => match sender_of(params) {
            Some(sender) => hook(server, peer, Manner::Own, "hook", Some(sender), params, request).await,
            None => {
                let known: Vec<_> = Sender::ALL.iter().map(|sender| sender.as_str()).collect();
                let reason = format!("no such sender; known are {}", known.join(", "));
                Ok(answer::failed(StatusCode::NOT_FOUND, &reason))
            }
        },
        Route::Dingtalk => hook(server, peer, Manner::Own, "dingtalk", None, params, request).await,
        Route::Robot => hook(server, peer, Manner::DingTalk, "robot", Some(Sender::DingTalk), params, request).await,
    }
}

fn sender_of(params: &matchit::Params<'_, '_>) -> Option<Sender> {
    params.get("sender").and_then(Sender::named)
}

/// Takes a notification in.
async fn hook(
    server: &Server,
    peer: SocketAddr,
    manner: Manner,
    route: &'static str,
    sender: Option<Sender>,
    params: &matchit::Params<'_, '_>,
    request: Request<Incoming>,
) -> Result<Answer, Unanswered> {
    let context = &server.context;
    let (parts, incoming) = request.into_parts();
    let tokens = credentials::presented(&parts.headers, params.get("token"), parts.uri.query());
    let client = server.client(peer, &parts.headers);
    let admitted = match params.get("target") {
        Some(target) => context.intake.admit(target, &tokens),
        None => context.intake.admit_by_token(&tokens),
    };
    let admitted = match admitted {
        Ok(admitted) => admitted,
        Err(refused) => {
            tracing::warn!(route, %client, "refused: {refused}");
            return Ok(answer::closing(manner.refused(&refused)));
        }
    };
    let read = match body::read(incoming, &context.limits, &server.in_flight, server.tasks.stopping()).await {
        Ok(read) => read,
        Err(body::Failure::Gone) => return Err(Unanswered),
        Err(body::Failure::TooLarge) => {
            let reason = format!("the body is larger than {} bytes (web.max_body)", context.limits.max_body);
            tracing::error!(route, target = admitted.target(), "refused: {reason}");
            return Ok(answer::closing(manner.failed(StatusCode::PAYLOAD_TOO_LARGE, &reason)));
        }
        Err(body::Failure::NoRoom) => {
            let reason = "too many bytes in flight (web.max_in_flight); try again";
            tracing::error!(route, target = admitted.target(), "refused: {reason}");
            return Ok(answer::closing(manner.failed(StatusCode::SERVICE_UNAVAILABLE, reason)));
        }
    };
    // In a task of its own, so that it is finished even when the client goes away.
    let intake = context.intake.clone();
    let query = parts.uri.query().map(str::to_owned);
    let taken = server.tasks.spawn("request", async move {
        // The whole of it: its bytes count as in flight until they are taken in.
        let read = read;
        let posted = Posted { sender, client, query, headers: parts.headers, body: read.bytes.clone() };
        intake.take(admitted, &posted).await
    });
    Ok(match taken.await {
        Ok(Ok(accepted)) => manner.accepted(accepted),
        Ok(Err(refused)) => manner.refused(&refused),
        Err(_panic) => manner.failed(StatusCode::INTERNAL_SERVER_ERROR, "a bug; the bridge's log has it"),
    })
}

async fn reload(server: &Server) -> Answer {
    let Some(requests) = &server.context.reload else {
        return answer::text(StatusCode::FORBIDDEN, "start with --web.enable-lifecycle to reload over HTTP\n");
    };
    let (reply, answer) = oneshot::channel();
    if requests.send(reply).await.is_err() {
        return answer::text(StatusCode::SERVICE_UNAVAILABLE, "starting or stopping\n");
    }
    match answer.await {
        Ok(Ok(())) => answer::text(StatusCode::OK, ""),
        Ok(Err(reason)) => {
            answer::text(StatusCode::INTERNAL_SERVER_ERROR, format!("failed to reload config: {reason}\n"))
        }
        Err(_) => answer::text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n"),
    }
}

fn metrics(server: &Server) -> Answer {
    let mut text = String::new();
    match prometheus_client::encoding::text::encode(&mut text, &server.context.registry) {
        Ok(()) => answer::of_type(StatusCode::OK, OPEN_METRICS, Bytes::from(text)),
        Err(_) => answer::text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written\n"),
    }
}

// === impl Routes ===

impl Routes {
    /// The routes that `surface` has.
    pub(super) fn of(surface: Surface) -> Self {
        let mut routes: Vec<(&str, Route)> = PROBES.to_vec();
        if surface != Surface::Admin {
            routes.extend(PUBLIC);
        }
        if surface != Surface::Public {
            routes.extend(ADMIN);
            routes.extend(api::ROUTES.map(|(path, call)| (path, Route::Api(call))));
        }
        let mut router = matchit::Router::new();
        for (path, route) in routes {
            router.insert(path, route).expect("routes are constants and do not overlap");
        }
        Self(router)
    }
}

// === impl Route ===

impl Route {
    /// How it is called in metrics.
    fn name(self) -> &'static str {
        match self {
            Self::Dingtalk => "/dingtalk",
            Self::Hook => "/hook",
            Self::Robot => "/robot",
            Self::Healthy => "/-/healthy",
            Self::Ready => "/-/ready",
            Self::Reload => "/-/reload",
            Self::Metrics => "/metrics",
            Self::Api(_) => "/api",
        }
    }

    /// Whether it takes that method; if not, those that it takes.
    fn allows(self, method: &Method, params: &matchit::Params<'_, '_>) -> Result<(), String> {
        let methods: &[Method] = match self {
            Self::Dingtalk | Self::Robot => &[Method::POST],
            Self::Hook => sender_of(params).map_or(&[Method::POST], sender::methods),
            Self::Healthy | Self::Ready | Self::Metrics => &[Method::GET, Method::HEAD],
            Self::Reload => &[Method::POST, Method::PUT],
            Self::Api(call) => call.methods(),
        };
        let names = || methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        if methods.contains(method) { Ok(()) } else { Err(names()) }
    }
}

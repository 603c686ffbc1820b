//! The stand-in's answers.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use hyper::body::{Body, Frame, SizeHint};
use serde_json::{Value, json};
use tokio::time::{Instant, Sleep, sleep};

use super::rules::Refusal;

pub(super) const JSON: &str = "application/json";

/// The body of an answer: at once, or byte by byte.
pub(super) struct Reply {
    rest: Bytes,
    trickle: Option<(Duration, Pin<Box<Sleep>>)>,
}

// === impl Reply ===

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: &str) -> Response<Self> {
        let mut response = Response::new(Self { rest: Bytes::copy_from_slice(body.as_bytes()), trickle: None });
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Ok(value) = HeaderValue::from_str(content_type) {
            response.headers_mut().insert(CONTENT_TYPE, value);
        }
        response
    }

    pub(super) fn json(value: &Value) -> Response<Self> {
        Self::new(200, JSON, &value.to_string())
    }

    pub(super) fn errcode(code: i64, errmsg: &str) -> Response<Self> {
        Self::json(&json!({"errcode": code, "errmsg": errmsg}))
    }

    pub(super) fn refusal(Refusal(code, errmsg): &Refusal) -> Response<Self> {
        Self::errcode(*code, errmsg)
    }

    /// Gives the body byte by byte, with this pause before each.
    pub(super) fn trickle(&mut self, every: Duration) {
        self.trickle = Some((every, Box::pin(sleep(every))));
    }
}

impl Body for Reply {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let some = match &mut self.trickle {
            None => self.rest.len(),
            Some((every, pause)) => {
                ready!(pause.as_mut().poll(cx));
                pause.as_mut().reset(Instant::now() + *every);
                1
            }
        };
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(some)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

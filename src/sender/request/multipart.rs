//! Forms with a boundary, as Uptime Kuma sends them.

use std::convert::Infallible;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use multer::Multipart;

use super::Form;
use crate::sender::DecodeError;

/// How many fields are read; senders have one.
const MOST_FIELDS: usize = 32;

/// The text fields of a body with a boundary; `None` when it has none.
///
/// # Errors
/// When it does not hold to its own boundary.
pub(super) fn fields(headers: &HeaderMap, body: &[u8]) -> Result<Option<Form>, DecodeError> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Ok(boundary) = multer::parse_boundary(content_type) else { return Ok(None) };
    let whole = stream::iter([Ok::<_, Infallible>(Bytes::copy_from_slice(body))]);
    let mut reading = pin!(collect(Multipart::new(whole, boundary)));
    // All of it is there, so there is nothing to wait for.
    match reading.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(form)) => Ok(Some(form)),
        Poll::Ready(Err(error)) => Err(DecodeError::shape(format!("multipart: {error}"))),
        Poll::Pending => Err(DecodeError::shape("multipart: it ends too early")),
    }
}

async fn collect(mut multipart: Multipart<'_>) -> Result<Form, multer::Error> {
    let mut fields = Vec::new();
    while let Some(field) = multipart.next_field().await? {
        let Some(name) = field.name().map(str::to_owned) else { continue };
        let value = field.text().await?;
        if fields.len() < MOST_FIELDS {
            fields.push((name, value));
        }
    }
    Ok(Form::new(fields))
}

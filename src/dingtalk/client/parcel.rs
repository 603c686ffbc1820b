//! A request's body that knows whether it was sent.
//!
//! The bytes lie in a slot that two hold: the connection, which takes them when it writes the request, and the caller,
//! who takes them back when the call has failed. Only one gets them, so "not sent" is never a guess and never a race:
//! bytes that were taken back cannot be written any more.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

type Slot = Arc<Mutex<Option<Bytes>>>;

/// The connection's side: the body to write.
pub(super) struct Parcel {
    slot: Slot,
    length: u64,
}

/// The caller's side.
pub(super) struct Receipt(Slot);

// === impl Parcel ===

impl Parcel {
    pub(super) fn new(body: Bytes) -> (Self, Receipt) {
        let length = body.len() as u64;
        let slot = Arc::new(Mutex::new(Some(body)));
        (Self { slot: Arc::clone(&slot), length }, Receipt(slot))
    }
}

impl Body for Parcel {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(take(&self.slot).map(|body| Ok(Frame::data(body))))
    }

    /// Always the full length, because it becomes the `Content-Length`: a body that was taken back in that moment is
    /// then an incomplete request, which nobody accepts.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length)
    }
}

// === impl Receipt ===

impl Receipt {
    /// Whether nothing of the body was sent, which from now on stays so.
    pub(super) fn take_back(self) -> bool {
        take(&self.0).is_some()
    }
}

fn take(slot: &Slot) -> Option<Bytes> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn is_sent_or_taken_back_but_never_both() {
        let (parcel, receipt) = Parcel::new(Bytes::from_static(b"alert"));
        assert_eq!(parcel.size_hint().exact(), Some(5));
        assert_eq!(parcel.collect().await.unwrap().to_bytes(), "alert");
        assert!(!receipt.take_back());

        let (parcel, receipt) = Parcel::new(Bytes::from_static(b"alert"));
        assert!(receipt.take_back());
        assert_eq!(parcel.collect().await.unwrap().to_bytes(), "");
    }
}

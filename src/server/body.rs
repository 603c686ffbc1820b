//! Reading a body within its limits.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::{LAST_CHANCE, Limits};

/// A body in memory; its bytes count against the limit on all bodies until it is dropped.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) bytes: Bytes,
    _permit: Option<OwnedSemaphorePermit>,
}

/// Why a body is not read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Failure {
    /// It is larger than `max_body`.
    TooLarge,
    /// All bodies together are larger than `max_in_flight`.
    NoRoom,
    /// The client took too long or went away.
    Gone,
}

/// Reads a body. What is announced to be too large is not read at all.
pub(super) async fn read(
    body: Incoming,
    limits: &Limits,
    in_flight: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Result<Read, Failure> {
    if body.size_hint().lower() > limits.max_body as u64 {
        return Err(Failure::TooLarge);
    }
    let stopped = async {
        stop.cancelled().await;
        sleep(LAST_CHANCE).await;
    };
    tokio::select! {
        read = collect(body, limits.max_body, in_flight) => read,
        _ = timeout(limits.body_timeout, stopped) => Err(Failure::Gone),
    }
}

async fn collect(mut body: Incoming, max_body: usize, in_flight: &Arc<Semaphore>) -> Result<Read, Failure> {
    let mut bytes = Vec::with_capacity(body.size_hint().lower().min(64 << 10) as usize);
    let mut permit: Option<OwnedSemaphorePermit> = None;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_broken| Failure::Gone)?.into_data() else { continue };
        if bytes.len() + data.len() > max_body {
            return Err(Failure::TooLarge);
        }
        let room = Arc::clone(in_flight).try_acquire_many_owned(data.len() as u32).map_err(|_| Failure::NoRoom)?;
        match &mut permit {
            Some(permit) => permit.merge(room),
            None => permit = Some(room),
        }
        bytes.extend_from_slice(&data);
    }
    Ok(Read { bytes: bytes.into(), _permit: permit })
}

//! One connection: requests one after the other, each with a deadline for its headers.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::rt::{Read, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use tokio::time::sleep;

use super::route::{self, Routes};
use super::socket::Socket;
use super::{LAST_CHANCE, Server};

/// The most bytes of headers that a request may have.
const MAX_HEADERS: usize = 64 << 10;

/// Serves a connection until its client ends it, a deadline passes or the server stops; then the request that is
/// being served is finished.
pub(super) async fn serve<I>(server: Server, io: I, peer: SocketAddr, routes: Arc<Routes>)
where
    I: Read + Write + Unpin + Send + 'static,
{
    let limits = &server.context.limits;
    let mut builder = http1::Builder::new();
    // It counts from the end of the last request, so that it closes idle connections as well.
    builder.timer(TokioTimer::new()).header_read_timeout(limits.header_timeout).max_buf_size(MAX_HEADERS);
    // The end of the client's side often comes together with its request, which is to be finished all the same.
    builder.half_close(true);
    let busy = Arc::new(AtomicBool::new(false));
    let is_busy = Arc::clone(&busy);
    let service = service_fn(|request| {
        let (server, routes, busy) = (server.clone(), Arc::clone(&routes), Arc::clone(&busy));
        async move {
            busy.store(true, Ordering::Relaxed);
            let answer = route::answer(&server, &routes, peer, request).await;
            busy.store(false, Ordering::Relaxed);
            answer
        }
    });
    let socket = Socket::new(io, server.tasks.stopping().clone());
    let mut connection = pin!(builder.serve_connection(socket, service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = server.tasks.stopping().cancelled() => {
            connection.as_mut().graceful_shutdown();
            // hyper goes on waiting for headers that have begun, for as long as they may take.
            let unless_busy = async {
                sleep(LAST_CHANCE).await;
                while is_busy.load(Ordering::Relaxed) {
                    sleep(LAST_CHANCE).await;
                }
            };
            tokio::select! {
                ended = connection.as_mut() => ended,
                () = unless_busy => Ok(()),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

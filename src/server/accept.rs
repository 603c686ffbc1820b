//! Taking connections in, whatever happens.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::sleep;

use super::Server;
use super::connection;
use super::route::Routes;

/// How long to wait when the process or the machine has run out of file descriptors or memory.
const EXHAUSTED: Duration = Duration::from_millis(200);

/// Accepts until the server's tasks are stopped.
pub(super) async fn run(server: Server, listener: TcpListener, routes: Arc<Routes>) {
    let stop = server.tasks.stopping().clone();
    stop.run_until_cancelled(accept_all(&server, listener, &routes)).await;
}

async fn accept_all(server: &Server, listener: TcpListener, routes: &Arc<Routes>) {
    // Of each listener: senders that use up theirs do not keep operators and probes from another address.
    let connections = server.context.limits.max_connections.min(Semaphore::MAX_PERMITS);
    let connections = Arc::new(Semaphore::new(connections));
    loop {
        // Taken before the connection: more than can be served wait in the listener's backlog.
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                if !concerns_one_connection(&error) {
                    tracing::warn!(%error, "cannot accept connections for the moment; raise the limit of open files");
                    sleep(EXHAUSTED).await;
                }
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let serve = connection::serve(server.clone(), TokioIo::new(stream), peer, Arc::clone(routes));
        server.tasks.spawn("connection", async move {
            serve.await;
            drop(permit);
        });
    }
}

/// Whether the next connection may still be fine.
fn concerns_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

//! The one thread that reads for the lanes: SQLite blocks, and lanes share their threads with everybody.
//!
//! One is enough, since an entry is read in microseconds, and it keeps a crowd of lanes from starting a crowd of
//! threads.

use std::fmt;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::{OpenError, StoreError};

/// Asks the thread; it ends when the last clone is dropped.
#[derive(Clone)]
pub(super) struct Reader(mpsc::Sender<Question>);

/// Looks something up and sends the answer to where it is waited for.
type Question = Box<dyn FnOnce(&Connection) + Send>;

/// How many lanes may wait to ask.
const WAITING_QUESTIONS: usize = 64;

// === impl Reader ===

impl Reader {
    /// Starts the thread on a connection of its own.
    pub(super) fn start(connection: Connection) -> Result<Self, OpenError> {
        let (ask, mut asked) = mpsc::channel::<Question>(WAITING_QUESTIONS);
        let answer_all = move || {
            while let Some(question) = asked.blocking_recv() {
                question(&connection);
            }
        };
        std::thread::Builder::new().name("outbox-reader".into()).spawn(answer_all).map_err(OpenError::Thread)?;
        Ok(Self(ask))
    }

    /// The answer of one query.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |connection| drop(reply.send(query(connection))));
        self.0.send(question).await.map_err(|_| StoreError::Closed)?;
        Ok(answer.await.map_err(|_| StoreError::Closed)??)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

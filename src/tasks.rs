//! Every task of the bridge is spawned here, so that each has a name, its end is logged and it is stopped at shutdown.

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks that belong together and stop together; clones share them.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

// === impl Tasks ===

impl Tasks {
    /// No tasks yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task that ends by itself or when it sees [`stopping`](Self::stopping).
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        task: impl Future<Output = T> + Send + 'static,
    ) -> tokio::task::JoinHandle<T> {
        // Boxed, because a future that is moved into another one takes its place twice.
        let task = Box::pin(task);
        self.tracker.spawn(async move {
            let result = task.await;
            tracing::trace!(task = name, "task ended");
            result
        })
    }

    /// Starts a task that may be cut off at any point where it waits.
    pub fn spawn_until_stopped(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.spawn(name, async move { stop.run_until_cancelled(task).await });
    }

    /// What tells a task to stop.
    pub fn stopping(&self) -> &CancellationToken {
        &self.stop
    }

    /// Tells all tasks to stop and waits until they have.
    pub async fn stop(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn stop_waits_for_what_must_finish_and_cuts_off_the_rest() {
        let tasks = Tasks::new();
        tasks.spawn_until_stopped("forever", std::future::pending());
        let stop = tasks.stopping().clone();
        let finishing = tasks.spawn("finishing", async move {
            stop.cancelled().await;
            tokio::task::yield_now().await;
            "finished"
        });
        tasks.stop().await;
        assert!(finishing.is_finished());
        assert_eq!(finishing.await.expect("no panic"), "finished");
    }
}

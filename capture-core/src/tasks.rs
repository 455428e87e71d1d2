//! Owns the spawning of tasks: every task belongs to a set that shutdown can wait for.

use std::{future::Future, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::{sync::watch, task::JoinSet};

/// A set of background tasks with one stop signal.
#[derive(Debug, Clone)]
pub struct Tasks {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    set: Mutex<JoinSet<()>>,
    stop: watch::Sender<bool>,
}

impl Default for Tasks {
    fn default() -> Self {
        Self { inner: Arc::new(Inner { set: Mutex::new(JoinSet::new()), stop: watch::Sender::new(false) }) }
    }
}

impl Tasks {
    /// Runs `task` in the background as part of this set. After [`Tasks::finish`] it is dropped without being run.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut set = self.inner.set.lock();
        while set.try_join_next().is_some() {}
        set.spawn(task);
    }

    /// Completes once stopping was requested.
    ///
    /// # Cancel safety
    /// Cancel safe: nothing is lost when the future is dropped.
    pub async fn stopped(&self) {
        let mut stop = self.inner.stop.subscribe();
        let _ = stop.wait_for(|stop| *stop).await; // cannot fail: the sender lives as long as self
    }

    /// Requests every task to stop.
    pub fn stop(&self) {
        self.inner.stop.send_replace(true);
    }

    /// Number of tasks that have not ended.
    pub fn alive(&self) -> usize {
        let mut set = self.inner.set.lock();
        while set.try_join_next().is_some() {}
        set.len()
    }

    /// Requests every task to stop, waits up to `grace`, then aborts the remaining ones and returns their number.
    ///
    /// # Cancel safety
    /// Dropping the future aborts the tasks taken so far.
    pub async fn finish(&self, grace: Duration) -> usize {
        self.stop();
        let deadline = tokio::time::Instant::now() + grace;
        let mut aborted = 0;
        loop {
            // Tasks may spawn others while they end, so the set is taken until it stays empty.
            let mut set = std::mem::take(&mut *self.inner.set.lock());
            if set.is_empty() {
                return aborted;
            }
            let ended = tokio::time::timeout_at(deadline, async { while set.join_next().await.is_some() {} }).await;
            if ended.is_err() {
                aborted += set.len();
                set.shutdown().await;
            }
        }
    }
}

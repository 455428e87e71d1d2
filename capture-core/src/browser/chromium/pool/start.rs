//! Starts browsers, a bounded number concurrently. All sessions that want a page in a browser wait for its one start.
//!
//! Whether a browser is started is decided in `assignment.rs`.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::Instant};

use super::{
    assignment::BrowserId,
    browsers::{Member, Pool, Started, Starting, State},
};
use crate::browser::{
    Unavailable,
    chromium::{
        config::Isolation,
        instance::{browser::Browser, proxy_ports},
        process::kind::Kind,
    },
};

/// Pauses after failed starts, before the next start ahead of time.
const BACKOFF: [Duration; 4] =
    [Duration::from_millis(200), Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(15)];

impl Pool {
    /// Begins to start a browser that the assignment already counts.
    pub(super) fn begin_start(self: &Arc<Self>, state: &mut State, id: BrowserId) -> Starting {
        let (tell, starting) = watch::channel(None);
        state.browsers.insert(id, Member::Starting(starting.clone()));
        let pool = Arc::clone(self);
        self.runtime.tasks.spawn(async move {
            let started = tokio::select! {
                started = pool.start() => started,
                () = pool.runtime.tasks.stopped() => return, // a browser whose start is interrupted ends with its pipe
            };
            pool.keep(id, &started);
            tell.send_replace(Some(started));
            pool.close_done(); // all who wanted it may have left
            pool.wake.notify_one();
        });
        starting
    }

    /// Starts a browser. Traffic that belongs to no session is denied.
    async fn start(&self) -> Result<Arc<Browser>, Unavailable> {
        let runtime = &self.runtime;
        let _turn = self.starts.acquire().await; // cannot fail: the semaphore is never closed
        let shut = runtime.guard.open_shut().await.map_err(proxy_ports::refused)?;
        let uid = match runtime.config.isolation {
            Isolation::Context => runtime.uids.shared(),
            Isolation::User | Isolation::Process => runtime.uids.own().await,
        };
        let browser = Browser::start(runtime, &runtime.program, shut, Kind::Shared, uid).await?;
        self.watched.add(&browser);
        Ok(browser)
    }

    fn keep(&self, id: BrowserId, started: &Started) {
        let mut state = self.state.lock();
        match started {
            Ok(browser) => {
                (state.failure, state.failures) = (None, 0);
                state.assignment.started(id);
                state.browsers.insert(id, Member::Running { browser: Arc::clone(browser), ready: Vec::new() });
            }
            Err(why) => {
                state.browsers.remove(&id);
                state.assignment.did_not_start(id);
                let [.., longest] = BACKOFF;
                state.rest_until = Instant::now() + BACKOFF.get(state.failures).copied().unwrap_or(longest);
                state.failures += 1;
                state.failure = Some(why.clone());
                tracing::warn!(why = why.sentence(), failures = state.failures, "browser did not start");
            }
        }
    }
}

//! Finds the document in which to run a script, and retries in the next one if the document is replaced meanwhile.
//!
//! This module must not know scripts by name.

use serde::{Serialize, de::DeserializeOwned};
use tokio::time::{Duration, Instant};

use super::{
    chromium_page::ChromiumPage,
    document::{NoAnswer, World},
    tabs::Tabs,
    target_setup,
};
use crate::browser::{BrowserError, LostReason, chromium::cdp::SessionKey};

/// How long a browser with CDP clients may report nothing about a document before it is asked again. When a client
/// leaves it is asked at once, but that request and the end of the client's session reach the page by different routes,
/// and the later one takes effect.
const UNHEARD: Duration = Duration::from_millis(500);

impl ChromiumPage {
    /// The document of the active tab, once our scripts can run in it.
    pub(crate) async fn world(&self, deadline: Instant) -> Result<World, BrowserError> {
        let found = self.found(|tabs| tabs.lost.map(Err).or_else(|| tabs.world().map(Ok)), deadline);
        found.await?.map_err(BrowserError::from)
    }

    /// Waits until `find` returns something.
    pub(crate) async fn found<T>(
        &self,
        find: impl Fn(&Tabs) -> Option<T>,
        deadline: Instant,
    ) -> Result<T, BrowserError> {
        let mut tabs = self.tabs.subscribe();
        loop {
            let patience = if self.context.is_whole() { deadline.min(Instant::now() + UNHEARD) } else { deadline };
            match tokio::time::timeout_at(patience, tabs.wait_for(|tabs| find(tabs).is_some())).await {
                Ok(Ok(tabs)) => {
                    if let Some(found) = find(&tabs) {
                        return Ok(found);
                    }
                }
                Ok(Err(_closed)) => return Err(LostReason::PageCrashed.into()),
                Err(_elapsed) if Instant::now() >= deadline => {
                    return Err(BrowserError::timed_out("the page had no document to work with in time"));
                }
                Err(_elapsed) => self.hear_again(),
            }
        }
    }

    /// Requests the documents of tabs that have none.
    fn hear_again(&self) {
        for tab in self.tabs.borrow().open.iter().filter(|tab| tab.world().is_none()) {
            target_setup::hear_again(&tab.session);
        }
    }

    /// Calls one of our scripts in this tab, and again in the next document if the present one is replaced; `None` when
    /// the tab is gone.
    pub(crate) async fn call_in<T: DeserializeOwned>(
        &self,
        key: &SessionKey,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<Option<T>, BrowserError> {
        loop {
            let find = |tabs: &Tabs| tabs.tab(key).map_or(Some(None), |tab| tab.world().map(Some));
            let world = self.found(find, deadline).await?;
            let Some(world) = world else { return Ok(None) };
            match world.call(function, argument, deadline).await {
                Ok(value) => return Ok(Some(value)),
                Err(NoAnswer::Gone) => self.outdated(&world),
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Calls one of our scripts in the active tab, and again in the next document if the present one is replaced. It is
    /// only for scripts that change nothing before they answer.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<T, BrowserError> {
        self.call_somewhere(function, argument, deadline).await.map(|(value, _)| value)
    }

    /// Calls a script in the active tab, and also returns the document that answered.
    pub(crate) async fn call_somewhere<T: DeserializeOwned>(
        &self,
        function: &str,
        argument: &impl Serialize,
        deadline: Instant,
    ) -> Result<(T, World), BrowserError> {
        loop {
            let world = self.world(deadline).await?;
            match world.call(function, argument, deadline).await {
                Ok(value) => return Ok((value, world)),
                Err(NoAnswer::Gone) => self.outdated(&world),
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Forgets a world that the browser no longer has, so that the next search waits for its successor.
    pub(crate) fn outdated(&self, world: &World) {
        self.tabs.send_modify(|tabs| {
            for tab in &mut tabs.open {
                tab.frames.forget(&world.context.unique);
            }
        });
    }
}

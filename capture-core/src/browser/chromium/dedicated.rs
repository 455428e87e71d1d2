//! Browsers of their own, each with one session: those that CDP clients may connect to, in the default context, and those of
//! sessions with `bypassBotDetection`, which may be elsewhere.
//!
//! Each here runs under a uid of its own where we are root, so that what breaks out of one finds no other's memory and files.

use std::{
    collections::BTreeSet,
    sync::{Arc, Weak},
};

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    browser::Browser,
    config::{BypassBrowser, ChromiumConfig, Program},
    context::{Context, Kind},
    ground::Ground,
    pool::Pool,
    ports, process, setup,
};
use crate::{
    action::{Action, Outcome},
    browser::{CdpClient, Fault, LostReason, OpenPage, Page, Screencast, ViewFrame, Wanted},
    egress::{Traffic, Upstream},
    tasks::Tasks,
};

/// Uids for browsers of their own, counted from the one after the shared browsers'. Debian and systemd hand out none of them.
const UIDS: u32 = 400;

/// The browsers with one session.
#[derive(Debug)]
pub(super) struct Dedicated {
    /// The first uid; none where we are not root.
    base: Option<u32>,
    taken: Mutex<BTreeSet<u32>>,
    browsers: Mutex<Vec<Weak<Browser>>>,
}

impl Dedicated {
    pub(super) fn new(config: &ChromiumConfig) -> Self {
        let base = process::browser_uid(config).map(|uid| uid.saturating_add(1));
        Self { base, taken: Mutex::default(), browsers: Mutex::default() }
    }

    /// Pids of those running now.
    pub(super) fn pids(&self) -> Vec<u32> {
        self.alive().iter().filter_map(|browser| browser.pid()).collect()
    }

    /// Ends all of them and waits until they are gone.
    pub(super) async fn shutdown(&self) {
        let browsers = self.alive();
        futures::future::join_all(browsers.iter().map(|browser| browser.close())).await;
    }

    fn alive(&self) -> Vec<Arc<Browser>> {
        let mut browsers = self.browsers.lock();
        browsers.retain(|browser| browser.strong_count() > 0);
        browsers.iter().filter_map(Weak::upgrade).filter(|browser| browser.lost_reason().is_none()).collect()
    }

    /// Opens a page in a browser that has no other session of ours.
    pub(super) async fn open(
        self: Arc<Self>,
        pool: &Pool,
        wanted: Wanted,
        deadline: Instant,
    ) -> Result<OpenPage, Fault> {
        let ground = &pool.ground;
        // Ends by itself in time, and leaves nothing behind then.
        let (browser, uid) = match &ground.config.bypass {
            Some(BypassBrowser::Here(program)) if wanted.options.bypass_bot_detection => {
                self.start(ground, program, wanted.upstream).await?
            }
            Some(BypassBrowser::Elsewhere(endpoint)) if wanted.options.bypass_bot_detection => {
                (Browser::reach(ground, endpoint, deadline).await?, None)
            }
            _ => self.start(ground, &ground.program, wanted.upstream).await?,
        };
        self.browsers.lock().push(Arc::downgrade(&browser));
        let own = Own { browser: Arc::clone(&browser), tasks: ground.tasks.clone(), uid };
        let opened = async {
            let context = match browser.kind() {
                Kind::Guest => Context::guest(&browser, deadline).await?,
                Kind::Whole | Kind::Shared => Context::whole(&browser, deadline).await?,
            };
            setup::open_page(context, deadline, &ground.tasks).await
        };
        let OpenPage { page, events, lines } = opened.await?;
        let page = Arc::new(OwnPage { page, own });
        Ok(OpenPage { page, events, lines })
    }

    async fn start(
        self: &Arc<Self>,
        ground: &Ground,
        program: &Program,
        upstream: Option<Upstream>,
    ) -> Result<(Arc<Browser>, Option<Uid>), Fault> {
        let uid = self.uid();
        let egress = ground.guard.open().await.map_err(|error| ports::refused(&error))?;
        egress.set_upstream(upstream);
        let number = uid.as_ref().map(|uid| uid.number);
        Ok((Browser::start(ground, program, egress, Kind::Whole, number).await?, uid))
    }

    /// A uid nobody else has. When all are taken it is the shared browsers'.
    fn uid(self: &Arc<Self>) -> Option<Uid> {
        let base = self.base?;
        let mut taken = self.taken.lock();
        let free = (base..base.saturating_add(UIDS)).find(|uid| !taken.contains(uid));
        let number = free.unwrap_or(base.saturating_sub(1));
        taken.insert(number);
        Some(Uid { number, of: Arc::clone(self) })
    }
}

/// A uid in use.
#[derive(Debug)]
struct Uid {
    number: u32,
    of: Arc<Dedicated>,
}

impl Drop for Uid {
    fn drop(&mut self) {
        self.of.taken.lock().remove(&self.number);
    }
}

/// A browser that ends with whoever holds this.
#[derive(Debug)]
struct Own {
    browser: Arc<Browser>,
    tasks: Tasks,
    uid: Option<Uid>,
}

impl Drop for Own {
    fn drop(&mut self) {
        let (browser, uid) = (Arc::clone(&self.browser), self.uid.take());
        self.tasks.spawn(async move {
            browser.close().await;
            drop(uid); // only now may another browser have it
        });
    }
}

/// The page of a browser of its own: closing it ends the browser.
#[derive(Debug)]
struct OwnPage {
    page: Arc<dyn Page>,
    own: Own,
}

impl Page for OwnPage {
    fn perform(self: Arc<Self>, action: Action, deadline: Instant) -> BoxFuture<'static, Result<Outcome, Fault>> {
        Arc::clone(&self.page).perform(action, deadline)
    }

    fn give_up(self: Arc<Self>) -> BoxFuture<'static, ()> {
        Arc::clone(&self.page).give_up()
    }

    fn screencast(self: Arc<Self>, settings: Screencast) -> BoxStream<'static, ViewFrame> {
        Arc::clone(&self.page).screencast(settings)
    }

    fn lost(&self) -> BoxFuture<'static, LostReason> {
        self.page.lost()
    }

    fn connect(self: Arc<Self>) -> BoxFuture<'static, Result<CdpClient, Fault>> {
        Arc::clone(&self.page).connect()
    }

    fn traffic(&self) -> Option<Traffic> {
        self.page.traffic()
    }

    fn route_through(&self, upstream: Option<Upstream>) {
        self.page.route_through(upstream);
    }

    fn close(self: Arc<Self>) -> BoxFuture<'static, ()> {
        async move {
            Arc::clone(&self.page).close().await;
            self.own.browser.close().await;
        }
        .boxed()
    }
}

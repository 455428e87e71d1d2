//! Browsers of their own, each with one session: those that CDP clients may connect to, in the default context, and those of
//! sessions with `bypassBotDetection`, which may be elsewhere.

use std::sync::{Arc, Weak};

use futures::{FutureExt, future::BoxFuture, stream::BoxStream};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::Pool;
use crate::{
    account::UserId,
    action::{Action, Outcome},
    browser::{
        CdpClient, Fault, LostReason, OpenPage, Page, Screencast, ViewFrame, Wanted,
        chromium::{
            config::{BypassBrowser, Program},
            instance::{
                browser::Browser,
                context::{Context, Kind},
                proxy_ports,
            },
            page::target_setup,
            process::runtime::Ground,
        },
    },
    egress::{Traffic, Upstream},
    tasks::Tasks,
};

/// The browsers with one session.
#[derive(Debug, Default)]
pub(crate) struct Dedicated {
    browsers: Mutex<Vec<Weak<Browser>>>,
}

impl Dedicated {
    /// Pids of those running now.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.alive().iter().filter_map(|browser| browser.pid()).collect()
    }

    /// Ends all of them and waits until they are gone.
    pub(crate) async fn shutdown(&self) {
        let browsers = self.alive();
        futures::future::join_all(browsers.iter().map(|browser| browser.close())).await;
    }

    fn alive(&self) -> Vec<Arc<Browser>> {
        let mut browsers = self.browsers.lock();
        browsers.retain(|browser| browser.strong_count() > 0);
        browsers.iter().filter_map(Weak::upgrade).filter(|browser| browser.lost_reason().is_none()).collect()
    }

    /// Opens a page in a browser that has no other session of ours.
    pub(crate) async fn open(
        self: Arc<Self>,
        pool: &Pool,
        wanted: Wanted,
        deadline: Instant,
    ) -> Result<OpenPage, Fault> {
        let ground = &pool.ground;
        // Ends by itself in time, and leaves nothing behind then.
        let browser = match &ground.config.bypass {
            Some(BypassBrowser::Here(program)) if wanted.options.bypass_bot_detection => {
                start(ground, program, wanted.upstream).await?
            }
            Some(BypassBrowser::Elsewhere(endpoint)) if wanted.options.bypass_bot_detection => {
                Browser::reach(ground, endpoint, deadline).await?
            }
            _ => start(ground, &ground.program, wanted.upstream).await?,
        };
        self.browsers.lock().push(Arc::downgrade(&browser));
        let own = Own { browser: Arc::clone(&browser), tasks: ground.tasks.clone() };
        let opened = async {
            let context = match browser.kind() {
                Kind::Guest => Context::guest(&browser, deadline).await?,
                Kind::Whole | Kind::Shared => Context::whole(&browser, deadline).await?,
            };
            target_setup::open_page(context, deadline, &ground.tasks).await
        };
        let OpenPage { page, events, lines } = opened.await?;
        let page = Arc::new(OwnPage { page, own });
        Ok(OpenPage { page, events, lines })
    }
}

/// Starts one whose traffic goes through this proxy, under a uid of its own.
async fn start(ground: &Ground, program: &Program, upstream: Option<Upstream>) -> Result<Arc<Browser>, Fault> {
    let uid = ground.uids.own().await;
    let egress = ground.guard.open().await.map_err(|error| proxy_ports::refused(&error))?;
    egress.set_upstream(upstream);
    Browser::start(ground, program, egress, Kind::Whole, uid).await
}

/// A browser that ends with whoever holds this.
#[derive(Debug)]
struct Own {
    browser: Arc<Browser>,
    tasks: Tasks,
}

impl Drop for Own {
    fn drop(&mut self) {
        let browser = Arc::clone(&self.browser);
        self.tasks.spawn(async move { browser.close().await });
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

    fn belongs_to(&self, user: &UserId) {
        self.page.belongs_to(user);
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

//! Dedicated browsers with one session each: those that CDP clients may connect to, which use the default context, and
//! those of sessions with `bypassBotDetection`, which may run elsewhere.
//!
//! This module must not know shared browsers.

use std::sync::{Arc, Weak};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    leased::{self, Lease},
    watchdog::Watched,
};
use crate::{
    browser::{
        BrowserError, OpenPage, Page, PageRequest, Unavailable,
        chromium::{
            config::{BypassBrowser, Program},
            instance::{browser::Browser, context::BrowserContext, proxy_ports},
            page,
            process::{kind::Kind, runtime::BrowserRuntime},
        },
    },
    egress::Upstream,
    tasks::Tasks,
};

/// The dedicated browsers.
#[derive(Debug)]
pub(crate) struct Dedicated {
    runtime: Arc<BrowserRuntime>,
    watched: Arc<Watched>,
    browsers: Mutex<Vec<Weak<Browser>>>,
}

impl Dedicated {
    pub(crate) fn new(runtime: Arc<BrowserRuntime>, watched: Arc<Watched>) -> Self {
        Self { runtime, watched, browsers: Mutex::default() }
    }

    /// Pids of the running ones.
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

    /// Opens a page in a browser that has no other session of this server.
    pub(crate) async fn open(&self, request: PageRequest, deadline: Instant) -> Result<OpenPage, BrowserError> {
        let runtime = &self.runtime;
        // This ends by itself in time, and then leaves nothing behind.
        let browser = match &runtime.config.bypass {
            Some(BypassBrowser::Here(program)) if request.options.bypass_bot_detection => {
                self.start(program, request.upstream).await?
            }
            Some(BypassBrowser::Elsewhere(endpoint)) if request.options.bypass_bot_detection => {
                Browser::reach(runtime, endpoint, deadline).await?
            }
            _ => self.start(&runtime.program, request.upstream).await?,
        };
        self.browsers.lock().push(Arc::downgrade(&browser));
        let lease = BrowserLease { browser: Arc::clone(&browser), tasks: runtime.tasks.clone() };
        let context = match browser.kind() {
            Kind::Guest => BrowserContext::guest(&browser, deadline).await?,
            Kind::Whole | Kind::Shared => BrowserContext::whole(&browser, deadline).await?,
        };
        let opened = page::open::open_page(context, deadline, &runtime.tasks, runtime.clock).await?;
        Ok(leased::hold(opened, lease))
    }

    /// Starts a browser with a uid of its own, whose traffic goes through this proxy.
    async fn start(&self, program: &Program, upstream: Option<Upstream>) -> Result<Arc<Browser>, Unavailable> {
        let runtime = &self.runtime;
        let uid = runtime.uids.own().await;
        let egress = runtime.guard.open().await.map_err(proxy_ports::refused)?;
        egress.set_upstream(upstream);
        let browser = Browser::start(runtime, program, egress, Kind::Whole, uid).await?;
        self.watched.add(&browser);
        Ok(browser)
    }
}

/// The browser of one session. It ends when this is dropped, or with its page.
#[derive(Debug)]
struct BrowserLease {
    browser: Arc<Browser>,
    tasks: Tasks,
}

impl Lease for BrowserLease {
    fn close(&self, page: Arc<dyn Page>) -> BoxFuture<'static, ()> {
        let browser = Arc::clone(&self.browser);
        async move {
            page.close().await;
            browser.close().await;
        }
        .boxed()
    }
}

impl Drop for BrowserLease {
    fn drop(&mut self) {
        let browser = Arc::clone(&self.browser);
        self.tasks.spawn(async move { browser.close().await });
    }
}

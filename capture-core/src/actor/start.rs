//! Starts the task of a session, and ends the session if that task panics.

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, mpsc, watch};

use super::{
    dedupe::Dedupe, handle::Handle, live_view::LiveView, log::EventLog, queue::queue, replies::Replies,
    services::Services, settle::settle, task::Actor,
};
use crate::{
    account::UserId,
    browser::OpenPage,
    session::{CloseReason, Lifecycle},
};

/// A session whose page is open and whose task can be started.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) user: UserId,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) page: OpenPage,
    /// Its place among the engine's live sessions, released when the session ends.
    pub(crate) place: OwnedSemaphorePermit,
}

/// Starts the session's task. `on_end` runs once the final view is in the ledger and published.
pub(crate) fn start(opened: Opened, services: &Services, on_end: impl FnOnce(&Handle) + Send + 'static) -> Handle {
    let (jobs, waiting) = queue(services.limits.queued_actions);
    let (control, control_mailbox) = mpsc::channel(16);
    let (publish, view) = watch::channel(opened.lifecycle.view());
    let OpenPage { page, events, lines } = opened.page;
    let log = Arc::new(EventLog::new(&services.limits, lines));
    let keys = Arc::new(Mutex::new(Dedupe::new(services.limits.replay_bytes)));
    let id = publish.borrow().id;
    let live_view = LiveView::new(Arc::clone(&page), services.tasks.clone(), services.clock);
    let handle = Handle {
        id,
        user: opened.user,
        jobs,
        control,
        view,
        log: Arc::clone(&log),
        live_view: Arc::clone(&live_view),
        keys: Arc::clone(&keys),
        page: Arc::downgrade(&page),
        pools: Arc::clone(&services.pools),
    };
    let replies = Replies { pool: Arc::clone(&services.pools.pictures), user: handle.user.clone() };
    let actor = Actor {
        replies,
        services: services.clone(),
        lost: page.lost(),
        page: Arc::clone(&page),
        page_events: events,
        lifecycle: opened.lifecycle,
        usage: Arc::default(),
        waiting,
        control: control_mailbox,
        running: None,
        renewing: None,
        publish: publish.clone(),
        log,
        live_view,
        keys,
    };
    let (supervised, place) = (handle.clone(), opened.place);
    let services = services.clone();
    services.tasks.clone().spawn(async move {
        if AssertUnwindSafe(actor.run()).catch_unwind().await.is_err() {
            tracing::error!(session.id = %id, "session task panicked; the session is ended");
            supervised.live_view.end();
            page.close().await;
            let lifecycle = Lifecycle::restore(&publish.borrow());
            let last = lifecycle.settle(CloseReason::BrowserCrashed, services.clock.now());
            publish.send_replace(settle(&*services.ledger, last).await);
        }
        on_end(&supervised);
        drop(place);
    });
    handle
}

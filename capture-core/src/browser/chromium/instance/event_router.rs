//! Where a browser's events go: those of a page to its context, those of a context to the task that opened it.
//!
//! Knows nothing of what an event means to a page.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::{
    cdp_clients::CdpClients,
    internal_events::{MISSED, MissedEvent},
};
use crate::browser::chromium::{
    cdp::{
        CdpSession, Connection, Event, Listener, Logged, LoggedKind, Missed, SessionKey, commands,
        events::{Attached, Detached},
    },
    console::dropped::Dropped,
};

/// Events one context may have waiting. When half full what pages log is dropped, when full the page is given up: one that
/// floods harms only itself.
pub(crate) const CONTEXT_EVENTS: usize = 8_192;
/// Bytes of them. Above this what pages log is dropped.
const LOGGED_BYTES: usize = 32 << 20;
/// Above this the page is given up.
const CONTEXT_BYTES: usize = 128 << 20;

/// Where events go.
#[derive(Debug, Default)]
pub(crate) struct EventRouter {
    table: Mutex<RouteTable>,
    /// Clients of the browser, whose events are theirs.
    clients: CdpClients,
}

#[derive(Debug, Default)]
struct RouteTable {
    contexts: HashMap<String, ContextRoute>,
    pages: HashMap<SessionKey, ContextRoute>,
}

/// The way to a context.
#[derive(Debug, Clone)]
pub(crate) struct ContextRoute {
    pub(crate) events: mpsc::Sender<Event>,
    /// What the context's console log misses.
    pub(crate) dropped: Arc<Dropped>,
}

impl ContextRoute {
    /// Sends an event this way; false when too much waits already.
    fn send(&self, event: Event) -> bool {
        let bytes = event.bytes();
        if self.dropped.waiting() > CONTEXT_BYTES {
            return false;
        }
        self.dropped.wait(bytes);
        let sent = self.events.try_send(event).is_ok();
        if !sent {
            self.dropped.taken(bytes);
        }
        sent
    }
}

impl RouteTable {
    /// Whether a session is the browser's own, or a page's. What sessions of clients bring that have left is nobody's.
    fn is_ours(&self, session: &SessionKey) -> bool {
        session.as_ref().is_empty() || self.pages.contains_key(session)
    }

    /// Too much waits: its task sees the closed channel and gives the page up. Or the channel is closed: the page is
    /// going already.
    fn give_up(&mut self, route: &ContextRoute) {
        self.contexts.retain(|_, other| !other.events.same_channel(&route.events));
        self.pages.retain(|_, other| !other.events.same_channel(&route.events));
    }
}

impl EventRouter {
    /// Sends the events of this context's pages this way from now on.
    pub(crate) fn add(&self, context: String, route: ContextRoute) {
        self.table.lock().contexts.insert(context, route);
    }

    /// Forgets a context and its pages.
    pub(crate) fn forget(&self, context: &str) {
        let mut table = self.table.lock();
        if let Some(route) = table.contexts.remove(context) {
            table.pages.retain(|_, other| !other.events.same_channel(&route.events));
        }
    }

    /// The clients of the browser.
    pub(crate) fn clients(&self) -> &CdpClients {
        &self.clients
    }

    /// Tells whoever keeps a context something, after everything the browser told so far.
    pub(crate) fn tell(&self, context: &str, event: Event) {
        if let Some(route) = self.table.lock().contexts.get(context) {
            route.send(event); // full: its page floods us and is given up
        }
    }

    /// Forgets everything: whoever waits for events learns that there will be none.
    pub(crate) fn forget_all(&self) {
        let mut table = self.table.lock();
        table.contexts.clear();
        table.pages.clear();
        drop(table);
        self.clients.end_all();
    }
}

impl Listener for EventRouter {
    /// Refuses what a page logs while it is muted, or while more of its events are waiting than are taken.
    fn refuses(&self, logged: Logged<'_>) -> bool {
        let table = self.table.lock();
        let Some(ContextRoute { events, dropped }) = table.pages.get(&SessionKey::from(logged.session)) else {
            return false;
        };
        let too_much_waits = events.capacity() < CONTEXT_EVENTS / 2 || dropped.waiting() > LOGGED_BYTES;
        let refused = dropped.is_muted(logged.session) || too_much_waits;
        if refused {
            dropped.count(logged.kind);
        }
        refused
    }

    /// Decides where an event goes: done before the next one is read, so that no event of a new page is missed.
    fn take(&self, connection: &Connection, event: Event) {
        if self.clients.take(connection, &event) {
            return;
        }
        let mut table = self.table.lock();
        let route = match &*event.method {
            "Target.attachedToTarget" if !table.is_ours(&event.session) => return,
            "Target.attachedToTarget" => match event.decode::<Attached>() {
                Some(attached) if attached.target_info.kind == "browser" => return, // a client's, which asked for it
                Some(attached) => {
                    let page = SessionKey::from(attached.session_id.as_str());
                    let context = attached.target_info.browser_context_id.unwrap_or_default();
                    match table.contexts.get(&context).cloned() {
                        Some(route) => {
                            table.pages.insert(page, route.clone());
                            Some(route)
                        }
                        None => return release(connection, &page),
                    }
                }
                None => None,
            },
            "Target.detachedFromTarget" => {
                let page = event.decode::<Detached>().map(|event| SessionKey::from(event.session_id.as_str()));
                page.and_then(|page| {
                    connection.page_gone(&page);
                    table.pages.remove(&page)
                })
            }
            "Inspector.targetCrashed" => {
                connection.page_gone(&event.session);
                table.pages.get(&event.session).cloned()
            }
            _ => table.pages.get(&event.session).cloned(),
        };
        if let Some(route) = route
            && !route.send(event)
        {
            table.give_up(&route);
        }
    }

    /// Whoever keeps the context learns of it: what was logged is counted, and a dialog must be answered all the same.
    fn missed(&self, missed: Missed<'_>) {
        let mut table = self.table.lock();
        let Some(route) = table.pages.get(&missed.session).cloned() else { return }; // a client's, or nobody's
        if let Some(kind) = LoggedKind::of(missed.method) {
            route.dropped.count(kind);
        }
        let about = MissedEvent { method: missed.method.to_owned(), bytes: missed.bytes };
        let Ok(params) = serde_json::value::to_raw_value(&about) else { return };
        if !route.send(Event::new(missed.session, MISSED, Some(&params))) {
            table.give_up(&route);
        }
    }
}

/// A page that is nobody's: let it run and forget it, since a paused target stalls whoever opened it.
fn release(connection: &Connection, page: &SessionKey) {
    let page_session = CdpSession::page(connection.clone(), page.clone());
    drop(page_session.send(&commands::run()));
    let browser = CdpSession::browser(connection.clone());
    drop(browser.send(&commands::detach(page.as_ref())));
}

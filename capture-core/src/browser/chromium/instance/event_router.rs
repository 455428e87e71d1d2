//! Routes a browser's events: those of a page to its context, and those of a context to the task that opened it.
//!
//! This module must not know what an event means to a page.

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

/// Maximum number of queued events of one context. Above half of it console events are dropped, and when it is reached
/// the page is given up, so that a page that floods events harms only itself.
pub(crate) const CONTEXT_EVENTS: usize = 8_192;
/// Bytes of queued events above which console events are dropped.
const LOGGED_BYTES: usize = 32 << 20;
/// Bytes of queued events above which the page is given up.
const CONTEXT_BYTES: usize = 128 << 20;

/// The routes of a browser's events.
#[derive(Debug, Default)]
pub(crate) struct EventRouter {
    table: Mutex<RouteTable>,
    /// The clients of the browser, to which their sessions' events go.
    clients: CdpClients,
}

#[derive(Debug, Default)]
struct RouteTable {
    contexts: HashMap<String, ContextRoute>,
    pages: HashMap<SessionKey, ContextRoute>,
}

/// The route to a context.
#[derive(Debug, Clone)]
pub(crate) struct ContextRoute {
    pub(crate) events: mpsc::Sender<Event>,
    /// Counts the console events that were dropped.
    pub(crate) dropped: Arc<Dropped>,
}

impl ContextRoute {
    /// Sends an event; returns false when too much is queued.
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
    /// Whether a session is the browser's own, or a page's. Events of sessions of clients that have left are ignored.
    fn is_ours(&self, session: &SessionKey) -> bool {
        session.as_ref().is_empty() || self.pages.contains_key(session)
    }

    /// Closes the route. If too much is queued, its task sees the closed channel and gives the page up. If the channel
    /// was already closed, the page is going away anyway.
    fn give_up(&mut self, route: &ContextRoute) {
        self.contexts.retain(|_, other| !other.events.same_channel(&route.events));
        self.pages.retain(|_, other| !other.events.same_channel(&route.events));
    }
}

impl EventRouter {
    /// Adds the route for events of this context's pages.
    pub(crate) fn add(&self, context: String, route: ContextRoute) {
        self.table.lock().contexts.insert(context, route);
    }

    /// Removes a context and its pages.
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

    /// Sends an event to a context's task, after all events that the browser sent so far.
    pub(crate) fn tell(&self, context: &str, event: Event) {
        if let Some(route) = self.table.lock().contexts.get(context) {
            route.send(event); // fails when the queue is full, and then the page is given up
        }
    }

    /// Removes all routes, so that the event streams end.
    pub(crate) fn forget_all(&self) {
        let mut table = self.table.lock();
        table.contexts.clear();
        table.pages.clear();
        drop(table);
        self.clients.end_all();
    }
}

impl Listener for EventRouter {
    /// Whether to refuse a console event, because its page is muted or too many of its events are queued.
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

    /// Routes an event. This is done before the next event is read, so that no event of a new page is missed.
    fn take(&self, connection: &Connection, event: Event) {
        if self.clients.take(connection, &event) {
            return;
        }
        let mut table = self.table.lock();
        let route = match &*event.method {
            "Target.attachedToTarget" if !table.is_ours(&event.session) => return,
            "Target.attachedToTarget" => match event.decode::<Attached>() {
                // it belongs to a client, which requested it
                Some(attached) if attached.target_info.kind == "browser" => return,
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

    /// Reports an oversized event to its context: console events are counted, and a dialog must still be answered.
    fn missed(&self, missed: Missed<'_>) {
        let mut table = self.table.lock();
        // it belongs to a client, or to no page
        let Some(route) = table.pages.get(&missed.session).cloned() else { return };
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

/// Lets a page without an owner run and detaches from it, because a paused target blocks the page that opened it.
fn release(connection: &Connection, page: &SessionKey) {
    let page_session = CdpSession::page(connection.clone(), page.clone());
    drop(page_session.send(&commands::run()));
    let browser = CdpSession::browser(connection.clone());
    drop(browser.send(&commands::detach(page.as_ref())));
}

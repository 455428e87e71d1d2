//! The CDP clients of one browser, and the sessions that belong to each.
//!
//! A client has a root session on the browser itself. Every session that begins in one of a client's sessions also
//! belongs to that client.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use super::{client_queue::ClientQueue, closing::Closing, failure_reasons::FailureReasons};
use crate::{
    browser::{
        CdpEnd,
        chromium::cdp::{
            Connection, Event, SessionKey,
            events::{Attached, Detached},
        },
    },
    egress::EgressPort,
};

/// The last message to a client of a page, as Chromium sends it.
const PAGE_CLOSED: &str = r#"{"method":"Inspector.detached","params":{"reason":"target_closed"}}"#;
/// Maximum number of clients at a time.
const MAX_CLIENTS: usize = 16;

/// The connected clients.
#[derive(Debug, Default)]
pub(crate) struct CdpClients {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    sessions: HashMap<SessionKey, Held>,
    /// Root sessions of clients that are connected to a page, with the page's session once it is known.
    pages: HashMap<SessionKey, Option<SessionKey>>,
    /// Number of places taken, including those of clients that are being connected.
    connected: usize,
    /// Number of targets of the default context that clients requested and that are not known yet.
    creating: usize,
    /// Targets of the default context that clients created, or that were opened by those.
    made: HashSet<String>,
    /// Targets that clients are closing.
    closing: Closing,
    /// Why requests failed.
    reasons: FailureReasons,
}

/// A session of a client.
#[derive(Debug)]
struct Held {
    root: SessionKey,
    queue: Arc<ClientQueue>,
    target: String,
    /// Whether it has enabled the page domain, in which case the client must answer its dialogs.
    hears_page: bool,
}

#[derive(Serialize)]
struct ClientEvent<'a> {
    method: &'a str,
    params: &'a RawValue,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

impl CdpClients {
    /// Sets the guard, which knows why connections of the pages failed.
    pub(crate) fn ask_why(&self, guard: Option<Arc<EgressPort>>) {
        self.table.lock().reasons.ask(guard);
    }

    /// The result of a client's navigation to this address, if it can be given with a better reason.
    pub(crate) fn navigated(&self, url: &str, result: &RawValue) -> Option<Box<RawValue>> {
        self.table.lock().reasons.navigated(url, result)
    }

    /// Takes a place for a client that is connecting; released if the client does not join. `None` when all are taken.
    pub(crate) fn admit(&self) -> Option<Admission<'_>> {
        let mut table = self.table.lock();
        if table.connected >= MAX_CLIENTS {
            return None;
        }
        table.connected += 1;
        Some(Admission { clients: self, joined: false })
    }

    /// Removes a client with all its sessions.
    pub(crate) fn leave(&self, root: &SessionKey) {
        let mut table = self.table.lock();
        table.sessions.retain(|_, held| held.root != *root);
        table.pages.remove(root);
        table.connected -= 1;
    }

    /// Prepares a client for a page: it gets no messages of its root session.
    pub(crate) fn begin_page(&self, root: &SessionKey) {
        self.table.lock().pages.insert(root.clone(), None);
    }

    /// Sets the session of a client's page; returns false when the page is already gone.
    pub(crate) fn is_page(&self, root: &SessionKey, page: &SessionKey) -> bool {
        let mut table = self.table.lock();
        let there = table.sessions.contains_key(page);
        table.pages.insert(root.clone(), there.then(|| page.clone()));
        there
    }

    /// The session with this name, if it belongs to the client.
    pub(crate) fn session(&self, root: &SessionKey, name: &str) -> Option<SessionKey> {
        let table = self.table.lock();
        let (key, held) = table.sessions.get_key_value(name)?;
        (held.root == *root && key != root).then(|| key.clone())
    }

    /// Records whether a session has the page domain enabled.
    pub(crate) fn hears_page(&self, session: &SessionKey, hears: bool) {
        if let Some(held) = self.table.lock().sessions.get_mut(session) {
            held.hears_page = hears;
        }
    }

    /// Whether a client answers the dialogs of this target.
    pub(crate) fn answer_for(&self, target: &str) -> bool {
        self.table.lock().sessions.values().any(|held| held.hears_page && held.target == target)
    }

    /// The target of one of a client's sessions.
    pub(crate) fn target_of(&self, session: &SessionKey) -> Option<String> {
        self.table.lock().sessions.get(session).map(|held| held.target.clone())
    }

    /// Records that a client closes a target, before its command is sent.
    pub(crate) fn ends(&self, target: &str, surely: bool) {
        self.table.lock().closing.ask(target, surely, Instant::now());
    }

    /// Records that the target has ended, or that the browser refused the command.
    pub(crate) fn ended(&self, target: &str) {
        self.table.lock().closing.forget(target);
    }

    /// Whether a client closes this target and the result is not known yet.
    pub(crate) fn is_ending(&self, target: &str) -> bool {
        self.table.lock().closing.expects(target, Instant::now())
    }

    /// Whether a client closes this target without its page being asked, and the result is not known yet.
    pub(crate) fn is_surely_ending(&self, target: &str) -> bool {
        self.table.lock().closing.is_sure(target, Instant::now())
    }

    /// Records that a client creates a target in the default context, which the next new target may be.
    pub(crate) fn begin_making(&self) {
        self.table.lock().creating += 1;
    }

    /// Records which target was created, if any. Returns whether others are still awaited.
    pub(crate) fn made(&self, target: Option<&str>) -> bool {
        let mut table = self.table.lock();
        table.creating = table.creating.saturating_sub(1);
        table.made.extend(target.map(str::to_owned));
        table.creating > 0
    }

    /// The owner of a new page of the default context.
    pub(crate) fn maker(&self, target: &str, opener: Option<&str>) -> Maker {
        let mut table = self.table.lock();
        match opener {
            Some(opener) if table.made.contains(opener) => {
                table.made.insert(target.to_owned());
                Maker::Client
            }
            None if table.creating > 0 => Maker::Unknown,
            _ => Maker::Session,
        }
    }

    /// Ends all clients, because the browser is gone.
    pub(crate) fn end_all(&self) {
        let sessions = std::mem::take(&mut self.table.lock().sessions);
        for held in sessions.into_values() {
            held.queue.end(CdpEnd::SessionOver);
        }
    }

    /// Forwards an event to the client to which it belongs; returns false if it belongs to no client.
    pub(crate) fn take(&self, connection: &Connection, event: &Event) -> bool {
        let mut table = self.table.lock();
        let Some(held) = table.sessions.get(&event.session) else { return false };
        let (root, queue) = (held.root.clone(), Arc::clone(&held.queue));
        match &*event.method {
            "Target.attachedToTarget" => {
                if let Some(Attached { session_id, target_info }) = event.decode() {
                    let held = Held {
                        root: root.clone(),
                        queue: Arc::clone(&queue),
                        target: target_info.target_id,
                        hears_page: false,
                    };
                    table.sessions.insert(SessionKey::from(session_id.as_str()), held);
                }
            }
            "Target.detachedFromTarget" => {
                if let Some(Detached { session_id }) = event.decode() {
                    let gone = SessionKey::from(session_id.as_str());
                    table.sessions.remove(&gone);
                    connection.page_gone(&gone);
                    if event.session == root && table.pages.get(&root).is_some_and(|page| *page == Some(gone)) {
                        queue.tell(PAGE_CLOSED.to_owned());
                        queue.end(CdpEnd::PageClosed);
                    }
                }
            }
            _ => {}
        }
        let reworded = table.reasons.take(event);
        let page = table.pages.get(&root).cloned();
        drop(table);
        if page.is_some() && event.session == root {
            return true; // the client does not know that it has this session
        }
        let usual = page.flatten().unwrap_or(root);
        let session = (event.session != usual).then(|| event.session.as_ref());
        let told = ClientEvent { method: &event.method, params: reworded.as_deref().unwrap_or(&event.params), session };
        if let Ok(text) = serde_json::to_string(&told) {
            queue.tell(text);
        }
        true
    }
}

/// The owner of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Maker {
    /// The session: it is the session's own page, or was opened by a page of the session.
    Session,
    /// A client. Actions never use the page.
    Client,
    /// Unknown: a client requested a page, and this may be it.
    Unknown,
}

/// A place for a client that is connecting.
#[derive(Debug)]
pub(crate) struct Admission<'a> {
    clients: &'a CdpClients,
    joined: bool,
}

impl Admission<'_> {
    /// Adds the client with its session on the browser.
    pub(crate) fn join(mut self, root: SessionKey, queue: Arc<ClientQueue>) {
        let held = Held { root: root.clone(), queue, target: String::new(), hears_page: false };
        self.clients.table.lock().sessions.insert(root, held);
        self.joined = true;
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.joined {
            self.clients.table.lock().connected -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_leaves_while_it_connects_gives_its_place_back() {
        let clients = CdpClients::default();
        let connecting: Vec<_> = (0..MAX_CLIENTS).map(|_| clients.admit().unwrap()).collect();
        assert!(clients.admit().is_none());
        drop(connecting);
        let root = SessionKey::from("root");
        clients.admit().unwrap().join(root.clone(), ClientQueue::open().0);
        let others: Vec<_> = (1..MAX_CLIENTS).map(|_| clients.admit().unwrap()).collect();
        assert!(clients.admit().is_none(), "the one that joined keeps its place");
        clients.leave(&root);
        assert!(clients.admit().is_some());
        drop(others);
    }
}

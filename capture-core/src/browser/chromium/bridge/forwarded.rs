//! A client's command on its way through the browser: what its answer changes here, and how it reaches the client.

use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

use super::{frame::Request, params, verdict::Effect};
use crate::browser::chromium::{
    cdp::{Event, RawReply, SessionKey},
    instance::{
        browser::Browser,
        client_queue::ClientQueue,
        internal_events::{CLIENT_QUIET, TARGET_MADE},
    },
};

#[derive(Serialize)]
struct Reply<'a> {
    id: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RawValue>,
    #[serde(rename = "sessionId", skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
}

/// A command that was sent to the browser and waits for its answer.
pub(super) struct Forwarded {
    /// The client's id of the command.
    id: u64,
    /// The session that the client named.
    named: Option<String>,
    /// The session that the command was sent to.
    session: SessionKey,
    /// The address to which the command navigates.
    url: Option<String>,
    watched: Watched,
    queue: Arc<ClientQueue>,
}

impl Forwarded {
    pub(super) fn new(request: &Request<'_>, session: SessionKey, watched: Watched, queue: Arc<ClientQueue>) -> Self {
        let url = (request.method == "Page.navigate").then(|| navigated_to(request)).flatten();
        Self { id: request.id, named: request.session.clone(), session, url, watched, queue }
    }

    /// Records what the answer changes, and passes it on to the client.
    pub(super) fn answer(&self, reply: RawReply<'_>) {
        self.watched.done(&self.session, reply);
        let better = match (&self.url, reply) {
            (Some(url), RawReply::Result(result)) => {
                self.watched.browser.event_router().clients().navigated(url, result)
            }
            _ => None,
        };
        let (result, error) = match reply {
            RawReply::Result(result) => (Some(better.as_deref().unwrap_or(result)), None),
            RawReply::Error(error) => (None, Some(error)),
        };
        if let Ok(text) = serde_json::to_string(&Reply { id: self.id, result, error, session: self.named.as_deref() }) {
            self.queue.tell(text);
        }
    }
}

/// The side effects of a command. They are recorded before any later message is read.
pub(super) struct Watched {
    pub(super) browser: Arc<Browser>,
    pub(super) context: Arc<str>,
    /// Whether it creates a target in the default context.
    pub(super) makes: bool,
    /// The target that it ends.
    pub(super) ends: Option<String>,
    /// Whether a session of the client no longer gets events of scripts.
    pub(super) quiets: bool,
    pub(super) effect: Option<Effect>,
}

impl Watched {
    fn done(&self, session: &SessionKey, reply: RawReply<'_>) {
        if self.makes {
            // The event loop gets this after the event of the new target, whose owner it could not decide then.
            let result = if let RawReply::Result(result) = reply { result } else { RawValue::NULL };
            self.browser.event_router().tell(&self.context, Event::told(TARGET_MADE, result));
        }
        let clients = self.browser.event_router().clients();
        let RawReply::Result(_) = reply else {
            return self.ends.iter().for_each(|target| clients.ended(target));
        };
        match &self.effect {
            Some(Effect::PageEnabled) => clients.hears_page(session, true),
            Some(Effect::PageDisabled) => {
                clients.hears_page(session, false);
                self.quiet();
            }
            Some(Effect::Detach { .. }) => self.quiet(),
            _ if self.quiets => self.quiet(),
            _ => {}
        }
    }

    fn quiet(&self) {
        self.browser.event_router().tell(&self.context, Event::told(CLIENT_QUIET, RawValue::NULL));
    }
}

/// The address to which a client navigates.
fn navigated_to(request: &Request<'_>) -> Option<String> {
    params::read(request.params).ok()?.get("url")?.as_str().map(str::to_owned)
}

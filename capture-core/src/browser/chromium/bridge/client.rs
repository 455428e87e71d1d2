//! One client: its commands are checked and forwarded, and their replies are returned.
//!
//! This module must not know what a command means; `judge.rs` decides what happens with it.

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

use futures::{FutureExt, future::BoxFuture};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    forwarded::{Forwarded, Watched},
    frame::{FrameError, Request},
    judge::judge,
    params::Fields,
    refusal::{Refusal, done},
    verdict::{Effect, Verdict},
};
use crate::{
    browser::{
        BrowserError, CdpClient, CdpCommands, CdpEnd, Unavailable,
        chromium::{
            cdp::{CdpError, Event, RawReply, SessionKey, commands},
            instance::{browser::Browser, client_queue::ClientQueue, internal_events::CLIENT_QUIET},
        },
    },
    shares::Share,
};

/// Chromium's code for an unknown session.
const NO_SESSION: i64 = -32_001;
/// Maximum number of refused commands that are logged per client, since a client may send thousands per second.
const LOGGED: u32 = 64;
/// Maximum characters of a logged reason.
const LOGGED_CHARS: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Given {
    session_id: String,
}

/// Connects a client to a browser's default context.
pub(crate) async fn connect(browser: &Arc<Browser>, context: &str) -> Result<CdpClient, BrowserError> {
    let clients = browser.event_router().clients();
    clients.ask_why(browser.egress().cloned());
    let Some(admission) = clients.admit() else {
        return Err(BrowserError::failed_for("too_many_clients", "this session has the maximum number of CDP clients"));
    };
    let attached = browser.session().send(&commands::attach_to_browser()).decode::<Given>().await;
    let Given { session_id } = attached.map_err(Unavailable::refused)?;
    let root = SessionKey::from(session_id.as_str());
    let (queue, frames) = ClientQueue::open();
    admission.join(root.clone(), Arc::clone(&queue));
    let (browser, context) = (Arc::clone(browser), context.into());
    let client = Client { browser, context, root, page: OnceLock::new(), queue, refused: AtomicU32::new(0) };
    if client.browser.lost_reason().is_some() {
        client.queue.end(CdpEnd::SessionOver); // the browser was lost before the client was registered
    }
    Ok(CdpClient { commands: Box::new(client), frames, shares: None })
}

/// A connected client. Dropping it ends its sessions and contexts, and disables what it had enabled.
struct Client {
    browser: Arc<Browser>,
    /// Id of the default context.
    context: Arc<str>,
    root: SessionKey,
    /// The session of the client's page, if it is connected to a page and not to the browser.
    page: OnceLock<SessionKey>,
    queue: Arc<ClientQueue>,
    /// Number of commands refused so far.
    refused: AtomicU32,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("root", &self.root).finish_non_exhaustive()
    }
}

impl CdpCommands for Client {
    fn send<'a>(&'a self, text: &'a str) -> BoxFuture<'a, Result<(), CdpEnd>> {
        self.take(text).boxed()
    }

    fn speak_with<'a>(&'a self, target: &'a str) -> BoxFuture<'a, Result<(), BrowserError>> {
        self.attach(target).boxed()
    }

    fn count(&self, waiting: Arc<Share>) {
        self.queue.count(waiting);
    }

    fn is_over(&self) -> bool {
        self.queue.over().is_some()
    }

    fn ended(&self) -> CdpEnd {
        self.queue.over().unwrap_or(CdpEnd::SessionOver)
    }
}

impl Client {
    async fn take(&self, text: &str) -> Result<(), CdpEnd> {
        if let Some(over) = self.queue.over() {
            return Err(over);
        }
        let request = match Request::parse(text) {
            Ok(request) => request,
            Err(FrameError::Unreadable(why)) => return Err(self.end(CdpEnd::Unreadable(why))),
            Err(FrameError::Invalid { id, session, refusal }) => {
                self.refuse("", &refusal, id, session.as_deref());
                return Ok(());
            }
        };
        let (id, named) = (request.id, request.session.as_deref());
        let usual = || Some(self.page.get().unwrap_or(&self.root).clone());
        let known = named.map_or_else(usual, |name| self.browser.event_router().clients().session(&self.root, name));
        let Some(session) = known else {
            let refusal = Refusal { code: NO_SESSION, message: "Session with given id not found.".to_owned() };
            self.refuse(&request.method, &refusal, id, named);
            return Ok(());
        };
        match judge(&request) {
            Verdict::Pass => return self.pass(&request, session, None, None).await,
            Verdict::Rewrite(fields) => return self.pass(&request, session, Some(fields), None).await,
            Verdict::Watch(effect, fields) => match self.judge_target(&effect) {
                Some(refusal) => self.refuse(&request.method, &refusal, id, named),
                None => return self.pass(&request, session, fields, Some(effect)).await,
            },
            Verdict::Close => {
                self.queue.tell(done(id, named));
                return Err(self.end(CdpEnd::Closed));
            }
            Verdict::Refuse(refusal) => self.refuse(&request.method, &refusal, id, named),
        }
        Ok(())
    }

    async fn attach(&self, target: &str) -> Result<(), BrowserError> {
        let clients = self.browser.event_router().clients();
        clients.begin_page(&self.root);
        let attach = commands::attach_to_target(target);
        let attached = self.browser.connection().send(Some(&self.root), &attach).decode::<Given>().await;
        let page = match attached {
            Ok(Given { session_id }) => SessionKey::from(session_id.as_str()),
            Err(CdpError::Refused { .. }) => return Err(no_such_target()),
            Err(error) => return Err(Unavailable::refused(error).into()),
        };
        if !clients.is_page(&self.root, &page) {
            return Err(no_such_target()); // the target has ended meanwhile
        }
        let _only_once = self.page.set(page);
        Ok(())
    }

    fn end(&self, why: CdpEnd) -> CdpEnd {
        self.queue.end(why.clone());
        why
    }

    /// Answers with the refusal, and logs the first ones of each client.
    fn refuse(&self, method: &str, refusal: &Refusal, id: u64, session: Option<&str>) {
        let before = self.refused.fetch_add(1, Ordering::Relaxed);
        if before < LOGGED {
            let rule: String = refusal.message.chars().take(LOGGED_CHARS).collect();
            let last = before + 1 == LOGGED; // later refusals are not logged
            tracing::debug!(
                client = self.root.as_ref(),
                method,
                code = refusal.code,
                rule,
                last,
                "CDP command refused"
            );
        }
        self.queue.tell(refusal.answer(id, session));
    }

    /// Checks what only the bridge can check: whether the client owns the target.
    fn judge_target(&self, effect: &Effect) -> Option<Refusal> {
        match effect {
            Effect::Detach { session }
                if self.browser.event_router().clients().session(&self.root, session).is_none() =>
            {
                Some(Refusal { code: -32_602, message: "No session with given id".to_owned() })
            }
            Effect::DisposeContext { context } if **context == *self.context => {
                Some(Refusal { code: -32_000, message: "the default context ends with the session only".to_owned() })
            }
            _ => None,
        }
    }

    /// The target that a command ends.
    fn ending(&self, session: &SessionKey, effect: Option<&Effect>) -> Option<String> {
        match effect? {
            Effect::CloseTarget { target } => Some(target.clone()),
            Effect::ClosePage => self.browser.event_router().clients().target_of(session),
            _ => None,
        }
    }

    async fn pass(
        &self,
        request: &Request<'_>,
        session: SessionKey,
        fields: Option<Fields>,
        effect: Option<Effect>,
    ) -> Result<(), CdpEnd> {
        let makes = matches!(&effect, Some(Effect::CreateTarget { context })
            if context.as_deref().is_none_or(|context| context == &*self.context));
        if makes {
            self.browser.event_router().clients().begin_making();
        }
        let ends = self.ending(&session, effect.as_ref());
        if let Some(target) = &ends {
            let surely = matches!(effect, Some(Effect::CloseTarget { .. }));
            self.browser.event_router().clients().ends(target, surely);
        }
        let watched = Watched {
            browser: Arc::clone(&self.browser),
            context: Arc::clone(&self.context),
            makes,
            ends,
            quiets: request.method == "Runtime.disable",
            effect,
        };
        let forwarded = Forwarded::new(request, session.clone(), watched, Arc::clone(&self.queue));
        let answer = Box::new(move |reply: RawReply<'_>| forwarded.answer(reply));
        let write = |id| request.write(id, Some(session.as_ref()), fields.as_ref());
        let passed = self.browser.connection().pass_on(&session, write, answer).await;
        passed.map_err(|_gone| self.end(CdpEnd::SessionOver))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.queue.end(CdpEnd::Closed);
        self.browser.event_router().clients().leave(&self.root);
        drop(self.browser.session().send(&commands::detach(self.root.as_ref())));
        self.browser.event_router().tell(&self.context, Event::told(CLIENT_QUIET, RawValue::NULL));
    }
}

fn no_such_target() -> BrowserError {
    BrowserError::failed_for("no_such_target", "this session's browser has no such target")
}

//! What anyone may ask of browser sessions, wherever they run: the one trait both front doors talk to.
//!
//! [`Engine`](crate::Engine) implements it for this process; a cluster decorates it. Verbs are typed; enums appear only
//! where bytes do.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;
use serde::{Deserialize, Serialize};

use crate::{
    account::UserId,
    action::{Action, Outcome},
    browser::CdpClient,
    error::Error,
    session::{Follow, IdempotencyKey, Keyed, SessionId, SessionOptions, SessionView, Since, View, ViewOptions},
};

/// Who asks. Authentication happened before; ownership is judged by the engine.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// Names the connection in events (`by`), where there is one.
    pub connection: Option<Arc<str>>,
    /// How long the caller waits for an action to begin; absent: as long as the session lives.
    pub patience: Option<Patience>,
}

/// Whether someone still waits. An action whose caller has been told that it timed out never begins.
#[derive(Clone)]
pub struct Patience(Arc<dyn Fn() -> bool + Send + Sync>);

impl Patience {
    /// Lasts as long as `lasts` says so.
    pub fn new(lasts: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(lasts))
    }

    pub(crate) fn lasts(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Patience").field(&self.lasts()).finish()
    }
}

impl Caller {
    /// A caller without a connection of its own.
    pub fn user(user: UserId) -> Self {
        Self { user, connection: None, patience: None }
    }
}

/// A session that was created, or the stored answer to the same request.
#[derive(Debug, Clone)]
pub struct Created {
    /// The session as it is now.
    pub session: SessionView,
    /// Whether an idempotency key found an earlier create.
    pub replayed: bool,
}

/// How an action ended well.
#[derive(Debug, Clone)]
pub struct ActionReply {
    /// Names this run in events.
    pub action_id: Arc<str>,
    /// How long it ran, waiting in the queue not counted.
    pub duration_ms: u64,
    /// What it brought.
    pub outcome: Arc<Outcome>,
    /// Position of its `action.finished` in the session's log.
    pub seq: u64,
    /// Whether an idempotency key found an earlier run.
    pub replayed: bool,
    /// The session right after the action.
    pub session: Arc<SessionView>,
}

impl ActionReply {
    /// Roughly the bytes it takes to keep.
    pub fn weight(&self) -> usize {
        256 + self.outcome.json_bytes()
    }
}

/// Names an action that waits or runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum ActionName {
    /// As its `action.started` named it.
    Id(String),
    /// The key it was sent with.
    Key(IdempotencyKey),
}

/// An answer to a keyed request whose result is no longer kept.
#[derive(Debug, Clone, Serialize)]
pub struct ResultDropped;

/// What an execute brings.
#[derive(Debug, Clone)]
pub enum Executed {
    /// The reply of the action.
    Reply(ActionReply),
    /// The key is known and ran, its result is gone; the session as it is now.
    Dropped(Box<SessionView>),
}

/// Where a CDP client is to go.
#[derive(Debug)]
pub enum Connected {
    /// It is in.
    Here(CdpClient),
    /// The session is on another instance, at this address.
    At(String),
}

/// The verbs. All of them answer `session_not_found` for another user's session, exactly as for one that never existed.
///
/// # Cancel safety
/// A dropped future cancels nothing that has begun: a session being created is still created (and can be listed), a
/// queued action still runs and is counted.
pub trait Sessions: Send + Sync + 'static {
    /// Opens a session.
    ///
    /// # Errors
    /// `forbidden`, `session_limit`, `invalid_request` (an option that cannot be served), `busy`, `unavailable`.
    fn create(
        &self,
        caller: Caller,
        options: SessionOptions,
        keyed: Option<Keyed>,
    ) -> BoxFuture<'_, Result<Created, Error>>;

    /// A session, active or final.
    fn get(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>>;

    /// The caller's active sessions, oldest first.
    fn list(&self, caller: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>>;

    /// Sets a new deadline, `ttl_seconds` from now.
    ///
    /// # Errors
    /// `invalid_request` beyond the maximum, `forbidden` when credits do not cover it, `session_inactive`.
    fn renew(&self, caller: Caller, id: SessionId, ttl_seconds: u64) -> BoxFuture<'_, Result<SessionView, Error>>;

    /// Runs an action after those that arrived before it.
    ///
    /// # Errors
    /// `action_failed`, `action_timeout`, `session_inactive`, `busy` when the queue is full, `invalid_request` when the
    /// key stands for another request.
    fn execute(
        &self,
        caller: Caller,
        id: SessionId,
        action: Action,
        keyed: Option<Keyed>,
    ) -> BoxFuture<'_, Result<Executed, Error>>;

    /// Takes back a waiting action (`not_executed`) or stops the running one (`unknown`); false when neither has this name.
    fn cancel(&self, caller: Caller, id: SessionId, name: ActionName) -> BoxFuture<'_, Result<bool, Error>>;

    /// Ends a session and returns its final, billed form; for an ended one the same form again.
    fn close(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>>;

    /// Ends all the caller's sessions.
    fn close_all(&self, caller: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>>;

    /// Subscribes to a session's log.
    fn follow(&self, caller: Caller, id: SessionId, since: Option<Since>) -> BoxFuture<'_, Result<Follow, Error>>;

    /// Streams pictures of the page; all viewers of a session see the same ones, in the largest size and quality any asks for.
    fn view(&self, caller: Caller, id: SessionId, options: ViewOptions) -> BoxFuture<'_, Result<View, Error>>;

    /// Connects a CDP client to a session that was created with `cdp`: to its browser, or to one target of it.
    ///
    /// # Errors
    /// `invalid_request` for any other session, `session_inactive` from the moment its end begins, `action_failed` for
    /// a target that is not there, `unavailable` when its instance cannot be reached.
    fn connect(&self, caller: Caller, id: SessionId, target: Option<String>)
    -> BoxFuture<'_, Result<Connected, Error>>;
}

//! The trait [`Sessions`], through which both transports use browser sessions wherever they run.
//!
//! [`Engine`](crate::Engine) implements it for this process, and a cluster decorates the engine. Verbs are typed
//! methods; enums of verbs appear only where calls are serialised.

use futures::future::BoxFuture;

use crate::{
    action::Action,
    actor::{Follow, View, ViewOptions},
    browser::CdpClient,
    call::{ActionName, Caller},
    error::Error,
    event::Since,
    render::{RenderRequest, Rendered},
    reply::Executed,
    session::{Keyed, SessionId, SessionOptions, SessionView},
};

/// The result of a create.
#[derive(Debug, Clone)]
pub struct Created {
    /// The session's current view.
    pub session: SessionView,
    /// Whether the idempotency key belonged to an earlier create, whose session this is.
    pub replayed: bool,
}

/// Where a CDP client connects.
#[derive(Debug)]
pub enum Connected {
    /// The client is connected on this instance.
    Here(CdpClient),
    /// The session is on another instance; the client must be sent to this address.
    At(String),
}

/// The verbs on browser sessions.
///
/// # Errors
/// Every verb on one session fails with `session_not_found` for another user's session, exactly as for one that never
/// existed. Every verb fails with `unavailable` when the ledger or the owner of the session cannot be reached.
///
/// # Cancel safety
/// Dropping a future cancels nothing that has begun: a session being created is still created and can be listed, and a
/// queued action still runs and is counted.
pub trait Sessions: Send + Sync + 'static {
    /// Creates a session, or returns the session of an earlier create with the key.
    ///
    /// # Errors
    /// `forbidden`, `session_limit`, `invalid_request` (an option that cannot be served), `busy`, `unavailable`.
    fn create(
        &self,
        caller: Caller,
        options: SessionOptions,
        keyed: Option<Keyed>,
    ) -> BoxFuture<'_, Result<Created, Error>>;

    /// Renders a document in a fresh page, isolated like a session's, and charges the result once. A render whose
    /// caller leaves is still made and charged.
    ///
    /// # Errors
    /// `forbidden`, `session_limit` when the user's other renders do not end, `busy`, `unavailable`; `action_failed`,
    /// `action_timeout` and `invalid_request` for what the document or the request caused. A failure is not charged,
    /// except for those that the document caused once a user has had more than five in a minute.
    fn render(&self, caller: Caller, request: RenderRequest) -> BoxFuture<'_, Result<Rendered, Error>>;

    /// Returns the view of a session, active or final. Final views are kept for the retention of the limits.
    fn get(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>>;

    /// Returns the caller's active sessions, oldest first.
    fn list(&self, caller: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>>;

    /// Sets a new deadline, `ttl_seconds` from now, and returns the session's view with it.
    ///
    /// # Errors
    /// `invalid_request` beyond the maximum, `forbidden` when credits do not cover it, `session_inactive`.
    fn renew(&self, caller: Caller, id: SessionId, ttl_seconds: u64) -> BoxFuture<'_, Result<SessionView, Error>>;

    /// Runs an action after all actions of the session that arrived earlier.
    ///
    /// # Errors
    /// `action_failed`, `action_timeout`, `session_inactive`, `busy` when the queue is full, `invalid_request` when the
    /// key was used with a different request.
    fn execute(
        &self,
        caller: Caller,
        id: SessionId,
        action: Action,
        keyed: Option<Keyed>,
    ) -> BoxFuture<'_, Result<Executed, Error>>;

    /// Removes a waiting action from the queue (outcome `not_executed`) or stops the running one (outcome `unknown`).
    /// Returns false when neither has this name.
    ///
    /// # Errors
    /// `session_inactive` when the session has ended.
    fn cancel(&self, caller: Caller, id: SessionId, name: ActionName) -> BoxFuture<'_, Result<bool, Error>>;

    /// Ends a session and returns its final, billed view. For a session that has already ended it returns the existing
    /// final view.
    fn close(&self, caller: Caller, id: SessionId) -> BoxFuture<'_, Result<SessionView, Error>>;

    /// Ends all sessions of the caller and returns their final views.
    fn close_all(&self, caller: Caller) -> BoxFuture<'_, Result<Vec<SessionView>, Error>>;

    /// Subscribes to a session's log. With `since`, the events after it are replayed if they are still kept, also
    /// for a session that ended less than a minute ago.
    ///
    /// # Errors
    /// `session_inactive` when the session has ended and its log cannot be replayed.
    fn follow(&self, caller: Caller, id: SessionId, since: Option<Since>) -> BoxFuture<'_, Result<Follow, Error>>;

    /// Streams pictures of the page. All viewers of a session get the pictures in the largest size and quality that any
    /// of them requested.
    ///
    /// # Errors
    /// `session_inactive` when the session has ended.
    fn view(&self, caller: Caller, id: SessionId, options: ViewOptions) -> BoxFuture<'_, Result<View, Error>>;

    /// Connects a CDP client to the browser of a session that was created with `cdp`, or to one target of it.
    ///
    /// # Errors
    /// `invalid_request` for any other session, `session_inactive` once its end has begun, `action_failed` for a target
    /// that does not exist, `unavailable` when its instance cannot be reached.
    fn connect(&self, caller: Caller, id: SessionId, target: Option<String>)
    -> BoxFuture<'_, Result<Connected, Error>>;
}

//! What anyone may ask of browser sessions, wherever they run: the one trait both front doors talk to.
//!
//! [`Engine`](crate::Engine) implements it for this process; a cluster decorates it. Verbs are typed; enums appear only
//! where bytes do.

use futures::future::BoxFuture;

use crate::{
    action::Action,
    actor::{Follow, View, ViewOptions},
    browser::CdpClient,
    call::{ActionName, Caller},
    error::Error,
    event::Since,
    reply::Executed,
    session::{Keyed, SessionId, SessionOptions, SessionView},
};

/// A session that was created, or the stored answer to the same request.
#[derive(Debug, Clone)]
pub struct Created {
    /// The session as it is now.
    pub session: SessionView,
    /// Whether an idempotency key found an earlier create.
    pub replayed: bool,
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

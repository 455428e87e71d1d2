//! The decision about a command as a value. It is made in `rules.rs` and `judge.rs`, and carried out in `client.rs`.

use super::{params::Fields, refusal::Refusal};

/// The decision about a command.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Forward it unchanged.
    Pass,
    /// Forward it with these parameters.
    Rewrite(Fields),
    /// Forward it, with these parameters if there are some, and record its effect once it is answered.
    Watch(Effect, Option<Fields>),
    /// `Browser.close`: answer with success and close this client's connection. Nothing is sent to the browser.
    Close,
    /// Answer with an error.
    Refuse(Refusal),
}

/// An effect that the bridge must record once the browser has answered without an error, in the session of the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The session gets the page's events and must answer its dialogs from now on.
    PageEnabled,
    /// The session no longer gets the page's events.
    PageDisabled,
    /// A new target is created, in this context or in the default one.
    CreateTarget {
        /// Id of the client's context.
        context: Option<String>,
    },
    /// A target is closed.
    CloseTarget {
        /// Id of the target, which may be the session's own page.
        target: String,
    },
    /// The page of the session is closed, unless it asks its user to stay.
    ClosePage,
    /// A context is closed with all its targets.
    DisposeContext {
        /// Id of the context.
        context: String,
    },
    /// A session is ended. Before the command is sent, the bridge must check that the session belongs to this client.
    Detach {
        /// Id of the session.
        session: String,
    },
}

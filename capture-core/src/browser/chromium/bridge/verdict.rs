//! What becomes of a command, as a value: decided in `rules.rs` and `judge.rs`, carried out in `client.rs`.

use super::{params::Fields, refusal::Refusal};

/// What becomes of a command.
#[derive(Debug, PartialEq)]
pub(crate) enum Verdict {
    /// Send it as it came.
    Pass,
    /// Send it with these parameters.
    Rewrite(Fields),
    /// Send it, with these parameters if there are some, and note its effect once it is answered.
    Watch(Effect, Option<Fields>),
    /// `Browser.close`: answer that it is done and close this client's connection. The browser hears nothing.
    Close,
    /// Answer with an error.
    Refuse(Refusal),
}

/// What the bridge must know of: done once the browser has answered without an error, in the session that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// The session gets the page's events and answers its dialogs from now on.
    PageEnabled,
    /// It does so no longer.
    PageDisabled,
    /// A new target, in this context or in the default one.
    CreateTarget {
        /// The client's context.
        context: Option<String>,
    },
    /// A target ends.
    CloseTarget {
        /// Which; may be the session's own page.
        target: String,
    },
    /// The page of the session ends, unless it keeps its user from leaving.
    ClosePage,
    /// A context ends, with all its targets.
    DisposeContext {
        /// Which.
        context: String,
    },
    /// A session ends. The bridge must see that it is one of this client's before the command is sent.
    Detach {
        /// Which.
        session: String,
    },
}

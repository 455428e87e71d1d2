//! What becomes of a command.

use super::{
    allowed::is_allowed,
    frame::Request,
    params::{self, Fields},
    refused,
    rules::rule,
};

/// JSON-RPC: not a request.
pub(super) const INVALID_REQUEST: i64 = -32_600;
/// JSON-RPC: no such method.
const UNKNOWN_METHOD: i64 = -32_601;
/// JSON-RPC: parameters that are not what the method takes.
pub(super) const INVALID_PARAMS: i64 = -32_602;
/// Chromium's code for whatever it does not do.
const REFUSED: i64 = -32_000;

/// What becomes of a command.
#[derive(Debug, PartialEq)]
pub(in super::super) enum Verdict {
    /// Send it as it came.
    Pass,
    /// Send it with these parameters.
    Rewrite(Fields),
    /// Send it, with these parameters if there are some, and keep book of what it does.
    Watch(Effect, Option<Fields>),
    /// `Browser.close`: answer that it is [`super::done`] and close this client's connection. The browser hears nothing.
    Close,
    /// Answer with an error.
    Refuse(Refusal),
}

/// What the bridge must know of: done once the browser has answered without an error, in the session that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Effect {
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
    /// A new context, named in the reply. It goes away with the client.
    CreateContext,
    /// A context ends, with all its targets.
    DisposeContext {
        /// Which.
        context: String,
    },
    /// A new session on a target, named in the reply. Always flat.
    Attach {
        /// Which; absent: the browser.
        target: Option<String>,
    },
    /// A session ends. The bridge must see that it is one of this client's before the command is sent.
    Detach {
        /// Which.
        session: String,
    },
}

/// An error as the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Refusal {
    /// JSON-RPC's or Chromium's code.
    pub(in super::super) code: i64,
    /// What is refused and why.
    pub(in super::super) message: String,
}

impl Refusal {
    /// A command that is not carried out, with the reason after "refused:".
    pub(super) fn because(method: &str, reason: impl std::fmt::Display) -> Self {
        Self { code: REFUSED, message: format!("{method} is refused: {reason}") }
    }

    /// An error in Chromium's own words.
    pub(super) fn as_chromium(message: &str) -> Self {
        Self { code: REFUSED, message: message.to_owned() }
    }
}

/// Decides by an allow-list: what nobody has looked at is an unknown method.
pub(in super::super) fn judge(request: &Request<'_>) -> Verdict {
    let method = &*request.method;
    if is_allowed(method) {
        return Verdict::Pass;
    }
    if let Some(rule) = rule(method) {
        return params::read(request).and_then(|fields| rule(&fields)).unwrap_or_else(Verdict::Refuse);
    }
    Verdict::Refuse(match refused::reason(method) {
        Some(reason) => Refusal::because(method, reason),
        None => Refusal { code: UNKNOWN_METHOD, message: format!("'{method}' wasn't found") },
    })
}

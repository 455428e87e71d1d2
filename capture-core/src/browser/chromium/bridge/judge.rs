//! Decides what happens with a command: it is forwarded, decided by a rule on its parameters, or refused.
//!
//! This module must not know sessions or clients.

use super::{
    allowed::is_allowed,
    frame::Request,
    params,
    refusal::{Refusal, UNKNOWN_METHOD},
    refused,
    rules::rule,
    verdict::Verdict,
};

/// Decides by an allow-list. A command that is on no list counts as an unknown method.
pub(crate) fn judge(request: &Request<'_>) -> Verdict {
    let method = &*request.method;
    if is_allowed(method) {
        return Verdict::Pass;
    }
    if let Some(rule) = rule(method) {
        return params::read(request.params).and_then(|fields| rule(&fields)).unwrap_or_else(Verdict::Refuse);
    }
    Verdict::Refuse(match refused::reason(method) {
        Some(reason) => Refusal::because(method, reason),
        None => Refusal { code: UNKNOWN_METHOD, message: format!("'{method}' wasn't found") },
    })
}

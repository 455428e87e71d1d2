//! Decides what becomes of a command: passed, by a rule on its parameters, or refused.
//!
//! Knows no sessions and no clients.

use super::{
    allowed::is_allowed,
    frame::Request,
    params,
    refusal::{Refusal, UNKNOWN_METHOD},
    refused,
    rules::rule,
    verdict::Verdict,
};

/// Decides by an allow-list: what nobody has looked at is an unknown method.
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

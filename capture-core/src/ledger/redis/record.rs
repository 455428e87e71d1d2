//! A session record as the scripts return it.

use serde::de::DeserializeOwned;

use super::store::Answer;
use crate::{
    account::UserId,
    clock::Timestamp,
    session::{CloseReason, Lifecycle, SessionId, SessionOptions, SessionView, Usage},
};

/// What the ledger knows of one session.
#[derive(Debug, Clone)]
pub(super) struct Record {
    pub(super) user: UserId,
    pub(super) owner: String,
    /// `None` while the session is only reserved.
    pub(super) view: Option<SessionView>,
}

impl Record {
    /// Parses what `record` of `common.lua` returns; `None` if it is malformed.
    pub(super) fn read(id: SessionId, told: &[Answer]) -> Option<Self> {
        let [state, user, owner, options, created, started, expires, usage, ended, reason, last, ..] = told else {
            return None;
        };
        let (user, owner) = (user.text()?.parse().ok()?, owner.text()?.to_owned());
        let lifecycle = || {
            let options: SessionOptions = json(options)?;
            let mut life = Lifecycle::start(id, options, time(created)?, time(started)?);
            life.renew(time(expires)?);
            life.usage = Usage::from(json::<std::collections::BTreeMap<_, _>>(usage)?);
            Some(life)
        };
        let view = match state.text()? {
            "reserved" => None,
            "active" => Some(lifecycle()?.view()),
            "final" => Some(match last {
                Answer::Nil => lifecycle()?.settle(close_reason(reason)?, time(ended)?),
                settled => json(settled)?,
            }),
            _ => return None,
        };
        Some(Self { user, owner, view })
    }
}

fn json<T: DeserializeOwned>(told: &Answer) -> Option<T> {
    serde_json::from_str(told.text()?).ok()
}

fn time(told: &Answer) -> Option<Timestamp> {
    told.whole().map(Timestamp)
}

fn close_reason(told: &Answer) -> Option<CloseReason> {
    serde_json::from_value(told.text()?.into()).ok()
}

/// The counters as the ledger stores them.
pub(super) fn usage_text(usage: &Usage) -> String {
    serde_json::to_string(usage.breakdown()).unwrap_or_default() // a map of numbers by name can always be serialised
}

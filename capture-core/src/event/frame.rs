//! An event as every transport sends it. One form for the channel and for the relay between instances, so that what an owner
//! encoded reaches a watcher anywhere as it is.

use serde::Serialize;

use super::{Epoch, Event, EventKind};
use crate::session::SessionId;

/// An event on its way to a follower.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventFrame<'a, P> {
    #[serde(rename = "type")]
    kind: &'static str,
    method: &'a str,
    session_id: SessionId,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<&'a Epoch>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    params: P,
}

impl<'a> EventFrame<'a, &'a EventKind> {
    /// An event of the log.
    pub fn logged(session_id: SessionId, epoch: &'a Epoch, event: &'a Event) -> Self {
        let (method, seq) = (event.kind.method(), Some(event.seq));
        Self { kind: "event", method, session_id, epoch: Some(epoch), seq, params: &event.kind }
    }
}

impl<P> EventFrame<'static, P> {
    /// Something that is told and not kept.
    pub fn passing(method: &'static str, session_id: SessionId, params: P) -> Self {
        Self { kind: "event", method, session_id, epoch: None, seq: None, params }
    }
}

//! The frame in which every transport sends an event. The channel and the bus between instances use one form, so that a
//! frame encoded by the session's owner reaches a follower of any instance unchanged.

use serde::Serialize;

use super::{Epoch, Event, EventKind};
use crate::session::SessionId;

/// The frame of one event.
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
    /// The frame of an event of the log.
    pub fn logged(session_id: SessionId, epoch: &'a Epoch, event: &'a Event) -> Self {
        let (method, seq) = (event.kind.method(), Some(event.seq));
        Self { kind: "event", method, session_id, epoch: Some(epoch), seq, params: &event.kind }
    }
}

impl<P> EventFrame<'static, P> {
    /// The frame of a notification that is not kept in the log.
    pub fn passing(method: &'static str, session_id: SessionId, params: P) -> Self {
        Self { kind: "event", method, session_id, epoch: None, seq: None, params }
    }
}

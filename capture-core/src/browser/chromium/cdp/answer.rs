//! Delivers the reply to a command.
//!
//! This module must not know the pipe.

use std::fmt;

use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::{
    error::{CdpError, MethodName, brief},
    message::{Envelope, ErrorReply},
};

/// The code that JSON-RPC leaves to servers. Chromium uses it for everything it refuses.
const SERVER_ERROR: i64 = -32_000;

pub(super) type Reply = Result<Box<RawValue>, CdpError>;

/// The receiver of a reply.
pub(super) enum Answer {
    /// A caller of this process awaits it.
    Awaited { method: MethodName, reply: oneshot::Sender<Reply> },
    /// It is forwarded unchanged.
    PassedOn(PassOn),
}

/// Takes the reply to a forwarded command, on the reading task. It is dropped without being called if there will be no
/// reply.
pub(crate) type PassOn = Box<dyn FnOnce(RawReply<'_>) + Send>;

/// A reply as the browser wrote it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum RawReply<'a> {
    Result(&'a RawValue),
    Error(&'a RawValue),
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Awaited { method, .. } => f.debug_tuple("Awaited").field(method).finish(),
            Self::PassedOn(_) => f.write_str("PassedOn"),
        }
    }
}

impl Answer {
    pub(super) fn fail(self, error: CdpError) {
        if let Self::Awaited { reply, .. } = self {
            let _ = reply.send(Err(error)); // fails when the caller has left
        }
    }

    /// Name of the command, if known.
    pub(super) fn method(&self) -> &str {
        match self {
            Self::Awaited { method, .. } => method,
            Self::PassedOn(_) => "a client's",
        }
    }

    /// Reports a reply of this many bytes, which is too large to be delivered.
    pub(super) fn too_large(self, bytes: usize) {
        match self {
            Self::Awaited { method, reply } => {
                let _ = reply.send(Err(CdpError::TooLarge { method, bytes })); // fails when the caller has left
            }
            Self::PassedOn(pass_on) => {
                let message = format!("the result is too large ({bytes} bytes)");
                let error = ErrorReply { code: SERVER_ERROR, message };
                if let Ok(error) = serde_json::value::to_raw_value(&error) {
                    pass_on(RawReply::Error(&error));
                }
            }
        }
    }

    /// Delivers the reply to its receiver.
    pub(super) fn give(self, envelope: &Envelope<'_>) {
        match self {
            Self::Awaited { method, reply } => {
                let answer = match (envelope.result, envelope.error) {
                    (_, Some(error)) => {
                        let ErrorReply { code, message } = ErrorReply::read(error);
                        Err(CdpError::Refused { method, code, message: brief(&message) })
                    }
                    (Some(result), None) => Ok(result.to_owned()),
                    (None, None) => Ok(RawValue::NULL.to_owned()),
                };
                let _ = reply.send(answer); // fails when the caller has left
            }
            Self::PassedOn(pass_on) => pass_on(match (envelope.result, envelope.error) {
                (_, Some(error)) => RawReply::Error(error),
                (Some(result), None) => RawReply::Result(result),
                (None, None) => RawReply::Result(RawValue::NULL),
            }),
        }
    }
}

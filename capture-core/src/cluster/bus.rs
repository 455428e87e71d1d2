//! The bus between the instances of a cluster: one inbox for each instance, whose messages arrive in the order of each
//! sender or not at all, and a store for payloads that are too large for a message.
//!
//! The bus must not queue messages for later delivery: replaying a click is worse than losing it. An instance that
//! needs an answer sends its question again.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};

use crate::ledger::redis::InstanceId;

/// The error for a message that was not handed over, or for which that is not known.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct BusError(Arc<dyn std::error::Error + Send + Sync>);

impl BusError {
    /// An error with this cause.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(Arc::from(cause.into()))
    }
}

/// Carries messages between the instances of a cluster.
pub trait Bus: Send + Sync + fmt::Debug {
    /// Hands a message to an instance and returns how many receivers took it. Zero proves that it was not delivered;
    /// one does not prove that it was.
    ///
    /// # Errors
    /// [`BusError`], after which the message may have been delivered.
    fn send<'a>(&'a self, to: &'a InstanceId, message: Bytes) -> BoxFuture<'a, Result<usize, BusError>>;

    /// The stream of all messages sent to this instance from now on, in the order of each sender. It may be called only
    /// once.
    fn receive(&self) -> BoxStream<'static, Bytes>;

    /// Stores bytes under a name for one minute.
    ///
    /// # Errors
    /// [`BusError`] when that failed, or when it is not known.
    fn put<'a>(&'a self, name: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<(), BusError>>;

    /// Removes and returns the bytes stored under a name; `None` when they are gone.
    ///
    /// # Errors
    /// [`BusError`] when they could not be read; they may be lost then.
    fn take<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, BusError>>;

    /// Whether messages arrive here now.
    ///
    /// # Errors
    /// Why they may not.
    fn health(&self) -> Result<(), BusError>;
}

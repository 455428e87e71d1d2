//! How instances reach each other: one inbox each, messages that arrive in order or not at all, and a place for what is too
//! large for a message.
//!
//! Never a queue that keeps: a click that is replayed is worse than one that is lost. Whoever needs an answer asks again.

use std::fmt;

use bytes::Bytes;
use futures::{future::BoxFuture, stream::BoxStream};

use crate::ledger::redis::InstanceId;

/// A message could not be handed over, or it is not known whether it was.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct BusError(pub String);

/// Carries messages between the instances of a cluster.
pub trait Bus: Send + Sync + fmt::Debug {
    /// Hands a message to an instance and says how many took it. None is proof that it was not delivered; one proves nothing.
    fn send<'a>(&'a self, to: &'a InstanceId, message: Bytes) -> BoxFuture<'a, Result<usize, BusError>>;

    /// Everything that is sent to this instance from now on, in the order of each sender. Asked for once.
    fn receive(&self) -> BoxStream<'static, Bytes>;

    /// Keeps bytes under a name for a minute.
    fn put<'a>(&'a self, name: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<(), BusError>>;

    /// Takes them away; `None` when they are gone.
    fn take<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, BusError>>;

    /// Whether messages arrive here now.
    ///
    /// # Errors
    /// Why they may not.
    fn health(&self) -> Result<(), BusError>;
}

//! A bus inside one process, for several engines in one process and for deterministic tests.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::bus::{Bus, BusError};
use crate::ledger::redis::InstanceId;

/// Maximum number of messages in an inbox. Messages to a full inbox are lost, as on any bus.
const INBOX: usize = 4096;

/// Connects the buses of all instances in this process.
#[derive(Debug, Clone, Default)]
pub struct MemoryHub {
    inner: Arc<Mutex<Hub>>,
}

#[derive(Debug, Default)]
struct Hub {
    inboxes: HashMap<InstanceId, mpsc::Sender<Bytes>>,
    kept: HashMap<String, Bytes>,
}

/// The bus of one instance.
#[derive(Debug)]
pub struct MemoryBus {
    hub: MemoryHub,
    me: InstanceId,
}

impl MemoryHub {
    /// The bus of the instance `me`.
    pub fn bus(&self, me: InstanceId) -> MemoryBus {
        MemoryBus { hub: self.clone(), me }
    }
}

impl Bus for MemoryBus {
    fn send<'a>(&'a self, to: &'a InstanceId, message: Bytes) -> BoxFuture<'a, Result<usize, BusError>> {
        async move {
            let inbox = self.hub.inner.lock().inboxes.get(to).cloned();
            let Some(inbox) = inbox.filter(|inbox| !inbox.is_closed()) else { return Ok(0) };
            let _ = inbox.try_send(message); // lost when the inbox is full
            Ok(1)
        }
        .boxed()
    }

    fn receive(&self) -> BoxStream<'static, Bytes> {
        let (inbox, messages) = mpsc::channel(INBOX);
        self.hub.inner.lock().inboxes.insert(self.me.clone(), inbox);
        futures::stream::unfold(messages, |mut messages| async { Some((messages.recv().await?, messages)) }).boxed()
    }

    fn put<'a>(&'a self, name: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            self.hub.inner.lock().kept.insert(name.to_owned(), bytes);
            Ok(())
        }
        .boxed()
    }

    fn take<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, BusError>> {
        async move { Ok(self.hub.inner.lock().kept.remove(name)) }.boxed()
    }

    fn health(&self) -> Result<(), BusError> {
        Ok(())
    }
}

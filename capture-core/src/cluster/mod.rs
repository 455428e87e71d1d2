//! Runs many instances as one service: every instance answers for every session.
//!
//! [`Cluster`] decorates this process's [`Engine`]. Sessions of this process are handled here; everything else is
//! requested from the session's owner, one hop away, through a [`Bus`]. Owners are looked up in the shared ledger.
//! Deadlines, queues and idempotency stay with the owner, whose browser dies with it, and connections stay with the
//! instance that accepted them.

mod bus;
mod event_forwarder;
mod following;
mod gateway;
mod memory_bus;
mod message;
mod not_ready;
mod owner;
mod redis;
mod relayed;
mod remote_view;
mod replica;
mod routing;
mod session_order;
#[cfg(test)]
mod simulation;
mod verbs;
mod views;

use std::{sync::Arc, time::Duration};

use dashmap::DashMap;
use futures::StreamExt;

pub use self::{
    bus::{Bus, BusError},
    memory_bus::{MemoryBus, MemoryHub},
    not_ready::NotReady,
    redis::{InvalidRedisUrl, RedisLink},
};
use self::{gateway::Gateway, message::Message, owner::Owner, session_order::SessionOrder};
use crate::{
    engine::Engine,
    ledger::redis::{InstanceId, RedisLedger},
    session::SessionId,
    tasks::Tasks,
};

/// Maximum number of remembered owners. When it is reached, all are forgotten.
const MAX_OWNERS: usize = 10_000;
/// Interval at which state that cannot be requested any more is removed.
const SWEEP: Duration = Duration::from_secs(5);

/// One instance of a cluster. Cloning is cheap; all clones are one instance.
#[derive(Debug, Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    ledger: Arc<RedisLedger>,
    bus: Arc<dyn Bus>,
    gateway: Arc<Gateway>,
    owners: DashMap<SessionId, InstanceId>,
    order: SessionOrder,
    tasks: Tasks,
}

impl Cluster {
    /// Joins: from now on other instances are answered. `ledger` is the one the engine was built with.
    pub fn join(engine: Engine, ledger: Arc<RedisLedger>, bus: Arc<dyn Bus>) -> Self {
        let (tasks, gateway) = (Tasks::default(), Arc::new(Gateway::new(Arc::clone(&ledger), Arc::clone(&bus))));
        let owner = Owner::new(engine.clone(), Arc::clone(&gateway), tasks.clone());
        let inbox = bus.receive();
        tasks.spawn(receive(inbox, Arc::clone(&gateway), owner, tasks.clone()));
        let (owners, order) = (DashMap::new(), SessionOrder::default());
        Self { shared: Arc::new(Shared { engine, ledger, bus, gateway, owners, order, tasks }) }
    }

    /// Id of this instance.
    pub fn instance(&self) -> &InstanceId {
        self.shared.me()
    }

    /// The ledger shared by all instances.
    pub fn ledger(&self) -> &Arc<RedisLedger> {
        &self.shared.ledger
    }

    /// Whether requests may be sent to this instance.
    ///
    /// # Errors
    /// The reason why not.
    pub fn readiness(&self) -> Result<(), NotReady> {
        self.shared.engine.readiness()?;
        if !self.shared.ledger.is_alive() {
            return Err(NotReady::NoHeartbeat);
        }
        Ok(self.shared.bus.health()?)
    }

    /// Leaves the cluster once the engine has shut down, so that other instances do not wait for this instance's lease
    /// to end.
    pub async fn leave(&self) {
        match self.shared.ledger.part().await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("this instance leaves sessions behind; others will settle them"),
            Err(error) => tracing::warn!(%error, "this instance could not leave the cluster"),
        }
        self.shared.tasks.finish(Duration::from_secs(1)).await;
    }
}

impl Shared {
    fn me(&self) -> &InstanceId {
        self.ledger.instance()
    }

    fn remember(&self, id: SessionId, owner: InstanceId) {
        if self.owners.len() >= MAX_OWNERS {
            self.owners.clear();
            self.order.sweep();
        }
        self.owners.insert(id, owner);
    }
}

/// Dispatches every message that arrives. Only large messages have to be fetched, which does not delay the others.
async fn receive(
    mut inbox: futures::stream::BoxStream<'static, bytes::Bytes>,
    gateway: Arc<Gateway>,
    owner: Arc<Owner>,
    tasks: Tasks,
) {
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let bytes = tokio::select! {
            biased;
            () = tasks.stopped() => return,
            _ = sweep.tick() => {
                owner.sweep();
                continue;
            }
            bytes = inbox.next() => bytes,
        };
        let Some(bytes) = bytes else { return };
        match Message::decode(&bytes) {
            Some(Message::Large(name)) => {
                let (gateway, owner) = (Arc::clone(&gateway), Arc::clone(&owner));
                tasks.spawn(async move {
                    let fetched = gateway.fetch(&name).await;
                    if let Some(message) = fetched.and_then(|bytes| Message::decode(&bytes)) {
                        dispatch(message, &gateway, &owner).await;
                    }
                });
            }
            Some(message) => dispatch(message, &gateway, &owner).await,
            None => match Message::unknown_request(&bytes) {
                Some((from, number)) => owner.on_unknown(from, number),
                None => tracing::warn!(bytes = bytes.len(), "a message of another instance cannot be read"),
            },
        }
    }
}

async fn dispatch(message: Message, gateway: &Arc<Gateway>, owner: &Arc<Owner>) {
    match message {
        Message::Ask(ask) => owner.on_ask(*ask).await,
        Message::Heard(number) => gateway.on_heard(number),
        Message::Answer(number, answer) => gateway.on_answer(number, answer.map_err(Into::into)),
        Message::Feed(feed, items) => gateway.on_items(feed, items),
        Message::Unfollow(from, feed) => owner.on_unfollow(&from, feed),
        Message::Large(_) => {} // a large message never contains another
    }
}

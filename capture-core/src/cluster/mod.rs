//! Many instances as one: any of them answers for any session.
//!
//! [`Cluster`] decorates this process's [`Engine`]: what is here is done here, everything else is asked of its owner, one hop
//! away, through a [`Bus`]. Owners are looked up in the shared ledger. Countdowns, queues and idempotency stay where they are:
//! with the owner, whose browser dies with it, and with the instance that has the connection.

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
    redis::RedisLink,
};
use self::{gateway::Gateway, message::Message, owner::Owner, session_order::SessionOrder};
use crate::{
    engine::Engine,
    ledger::redis::{InstanceId, RedisLedger},
    session::SessionId,
    tasks::Tasks,
};

/// Owners remembered; beyond it the memory starts anew.
const MAX_OWNERS: usize = 10_000;
/// How often what nobody can ask for any more is forgotten.
const SWEEP: Duration = Duration::from_secs(5);

/// One instance of a cluster. Cloning is cheap; all clones are the same instance.
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

    /// The name of this instance.
    pub fn instance(&self) -> &InstanceId {
        self.shared.me()
    }

    /// The ledger all instances share.
    pub fn ledger(&self) -> &Arc<RedisLedger> {
        &self.shared.ledger
    }

    /// Whether this instance can be sent requests.
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

    /// Leaves the cluster once the engine has shut down: nobody waits for this instance's lease.
    pub async fn leave(&self) {
        match self.shared.ledger.part().await {
            Ok(true) => {}
            Ok(false) => tracing::warn!("this instance leaves sessions behind; others will settle them"),
            Err(error) => tracing::warn!(%error, "this instance could not take its leave"),
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

/// Hands everything that arrives to whom it concerns; only large messages are waited for, and beside the others.
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
            None => tracing::warn!(bytes = bytes.len(), "a message of another instance cannot be read"),
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
        Message::Large(_) => {} // never inside another
    }
}

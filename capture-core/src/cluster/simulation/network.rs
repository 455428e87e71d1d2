//! The simulated network: a store and a bus with faults between an instance and everything else.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::BoxStream};
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::Instant};

use super::{
    mutations::{self, Mutation},
    tampering::Tampering,
};
use crate::{
    cluster::{Bus, BusError},
    ledger::redis::{Answer, Argument, InstanceId, Script, Store, StoreError, fake::FakeRedis},
};

/// Duration after which a command counts as failed; the limit of the real connection.
const PATIENCE: Duration = Duration::from_secs(1);

/// Pseudo-random numbers that depend only on the seed.
#[derive(Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_F491_4F6C_DD1D).wrapping_add(1))
    }

    /// A number from 0 to `sides` - 1.
    pub(super) fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % sides
    }

    /// True once in `sides` calls on average.
    pub(super) fn one_in(&mut self, sides: u64) -> bool {
        self.throw(sides) == 0
    }
}

/// The state of the network between an instance and Redis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Weather {
    #[default]
    Fair,
    /// Every message takes up to this many milliseconds.
    Slow(u64),
    /// Commands or their answers are lost, and the instance cannot tell which.
    Cut,
    /// The instance is cut off for ever.
    Dead,
}

/// The network of one world.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) redis: Arc<FakeRedis>,
    dice: Mutex<Dice>,
    /// Of this many messages one is lost, and one arrives twice.
    losses: u64,
    inboxes: Mutex<HashMap<InstanceId, mpsc::Sender<Bytes>>>,
    kept: Mutex<HashMap<String, Bytes>>,
}

impl Network {
    pub(super) fn new(seed: u64, losses: u64) -> Arc<Self> {
        let sabotage = mutations::present().and_then(Mutation::in_scripts);
        let (redis, dice) = (FakeRedis::sabotaged(sabotage), Mutex::new(Dice::new(seed)));
        Arc::new(Self { redis, dice, losses, inboxes: Mutex::default(), kept: Mutex::default() })
    }

    fn throw(&self, sides: u64) -> u64 {
        self.dice.lock().throw(sides)
    }
}

/// The network as one instance uses it.
#[derive(Debug)]
pub(super) struct Link {
    network: Arc<Network>,
    me: InstanceId,
    pub(super) store: Mutex<Weather>,
    pub(super) bus: Mutex<Weather>,
    /// Messages are not read before this moment, as when the process is paused.
    pub(super) stalled: Arc<Mutex<Option<Instant>>>,
}

impl Link {
    pub(super) fn new(network: &Arc<Network>, me: InstanceId) -> Arc<Self> {
        Arc::new(Self {
            network: Arc::clone(network),
            me,
            store: Mutex::default(),
            bus: Mutex::default(),
            stalled: Arc::default(),
        })
    }

    pub(super) fn die(&self) {
        (*self.store.lock(), *self.bus.lock()) = (Weather::Dead, Weather::Dead);
        self.network.inboxes.lock().remove(&self.me);
    }

    /// Delays a message as the network state requires; returns false when it is lost.
    async fn travel(&self, weather: Weather) -> bool {
        match weather {
            Weather::Fair => tokio::time::sleep(Duration::from_millis(self.network.throw(3))).await,
            Weather::Slow(most) => tokio::time::sleep(Duration::from_millis(self.network.throw(most))).await,
            Weather::Cut => return false,
            Weather::Dead => std::future::pending().await,
        }
        true
    }
}

impl Store for Link {
    fn run(&self, script: Script, arguments: Vec<Argument>) -> BoxFuture<'_, Result<Answer, StoreError>> {
        async move {
            let silent = || StoreError::new("redis did not answer");
            let weather = *self.store.lock();
            if !self.travel(weather).await {
                let arrived = self.network.throw(2) == 0;
                if arrived {
                    let _ = self.network.redis.run_now(script, &arguments); // the answer is lost
                }
                tokio::time::sleep(PATIENCE).await;
                return Err(silent());
            }
            let answer = self.network.redis.run_now(script, &arguments);
            let weather = *self.store.lock();
            if !self.travel(weather).await {
                tokio::time::sleep(PATIENCE).await;
                return Err(silent());
            }
            answer
        }
        .boxed()
    }
}

impl Bus for Link {
    fn send<'a>(&'a self, to: &'a InstanceId, message: Bytes) -> BoxFuture<'a, Result<usize, BusError>> {
        async move {
            let weather = *self.bus.lock();
            if !self.travel(weather).await {
                tokio::time::sleep(PATIENCE).await;
                return Err(BusError::new("redis did not answer"));
            }
            let inbox = self.network.inboxes.lock().get(to).cloned();
            let Some(inbox) = inbox.filter(|inbox| !inbox.is_closed()) else { return Ok(0) };
            let losses = self.network.losses;
            if losses > 0 && self.network.throw(losses) == 0 {
                return Ok(1); // the receiver does not get it
            }
            let _ = inbox.try_send(message.clone()); // lost when the inbox is full
            if losses > 0 && self.network.throw(losses) == 0 {
                let _ = inbox.try_send(message);
            }
            Ok(1)
        }
        .boxed()
    }

    fn receive(&self) -> BoxStream<'static, Bytes> {
        type Inbox = (mpsc::Receiver<Bytes>, Arc<Mutex<Option<Instant>>>, Tampering);
        let (inbox, messages) = mpsc::channel(4096);
        self.network.inboxes.lock().insert(self.me.clone(), inbox);
        let stalled = Arc::clone(&self.stalled);
        let next = async |(mut messages, stalled, mut tampering): Inbox| {
            let message = tampering.change(messages.recv().await?);
            let until = *stalled.lock();
            if let Some(until) = until {
                tokio::time::sleep_until(until).await;
            }
            Some((message, (messages, stalled, tampering)))
        };
        futures::stream::unfold((messages, stalled, Tampering::default()), next).boxed()
    }

    fn put<'a>(&'a self, name: &'a str, bytes: Bytes) -> BoxFuture<'a, Result<(), BusError>> {
        async move {
            self.network.kept.lock().insert(name.to_owned(), bytes);
            Ok(())
        }
        .boxed()
    }

    fn take<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Bytes>, BusError>> {
        async move { Ok(self.network.kept.lock().remove(name)) }.boxed()
    }

    fn health(&self) -> Result<(), BusError> {
        Ok(())
    }
}

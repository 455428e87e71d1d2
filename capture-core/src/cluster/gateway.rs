//! Sends questions to other instances. A question has one number and is sent again until it is answered or its time is
//! over.
//!
//! The caller is answered that there was no response only after the question's deadline by the shared clock, and the
//! owner begins nothing after that deadline. A request that was reported as unanswered therefore never starts
//! afterwards.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use dashmap::DashMap;
use tokio::{sync::mpsc, time::Instant};

use super::{
    bus::{Bus, BusError},
    message::{Ask, Item, LARGE, Message, Verb, VerbResponse},
    replica::Replica,
    session_order::Sending,
};
use crate::{
    call::Caller,
    error::{Error, RunOutcome},
    ledger::redis::{InstanceId, RedisLedger},
};

/// Milliseconds in which a question must be acknowledged for the first time.
const TO_BE_HEARD: i64 = 2_000;
/// Milliseconds for which an acknowledged question stays valid without a further acknowledgement.
const TO_BE_HEARD_AGAIN: i64 = 8_000;
/// Interval at which a question without acknowledgement is sent again.
const AGAIN: Duration = Duration::from_secs(1);
/// Interval at which an acknowledged question is sent again.
const AGAIN_HEARD: Duration = Duration::from_secs(2);
/// Pause before a question is sent again after a connection broke, by which time there is a new connection.
pub(super) const AGAIN_BROKEN: Duration = Duration::from_millis(120);
/// Maximum difference, in milliseconds, between two instances' readings of the shared clock: each may be off by half of
/// what a heartbeat may take.
const CLOCK_ERROR: i64 = 1_000;

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// The question reached no instance, so it was certainly not begun.
    Undelivered,
    /// The instance that had received the question is gone.
    Gone,
    /// There was no acknowledgement in time. The request may have begun, but it cannot begin any more.
    Silent,
}

/// The response to a question.
#[derive(Debug)]
enum News {
    Heard,
    Answer(Result<Box<VerbResponse>, Error>),
}

impl Unanswered {
    /// Whether the requested action ran.
    pub(super) fn outcome(self) -> RunOutcome {
        match self {
            Self::Undelivered => RunOutcome::NotExecuted,
            Self::Gone | Self::Silent => RunOutcome::Unknown,
        }
    }
}

/// The asking side of an instance.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) ledger: Arc<RedisLedger>,
    bus: Arc<dyn Bus>,
    numbers: AtomicU64,
    waiting: DashMap<u64, mpsc::Sender<News>>,
    feeds: DashMap<u64, Arc<Replica>>,
}

/// A pending question. Dropping it forgets the question.
struct Waiting<'a> {
    gateway: &'a Gateway,
    number: u64,
    news: mpsc::Receiver<News>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.gateway.waiting.remove(&self.number);
    }
}

impl Gateway {
    pub(super) fn new(ledger: Arc<RedisLedger>, bus: Arc<dyn Bus>) -> Self {
        Self { ledger, bus, numbers: AtomicU64::new(1), waiting: DashMap::new(), feeds: DashMap::new() }
    }

    /// A number that was not used before.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Directs the items of a feed to this replica.
    pub(super) fn feed(&self, feed: u64, replica: &Arc<Replica>) {
        self.feeds.insert(feed, Arc::clone(replica));
    }

    pub(super) fn forget_feed(&self, feed: u64) {
        self.feeds.remove(&feed);
    }

    /// Asks an instance and waits for its answer. `sending` is released once the question was sent.
    ///
    /// # Errors
    /// When there was no answer. The answer itself may also be an error.
    pub(super) async fn ask(
        &self,
        to: &InstanceId,
        caller: &Caller,
        verb: Verb,
        sending: Option<Sending>,
    ) -> Result<Result<Box<VerbResponse>, Error>, Unanswered> {
        let mut sending = sending;
        let number = self.number();
        let (sender, news) = mpsc::channel(4);
        self.waiting.insert(number, sender);
        let mut waiting = Waiting { gateway: self, number, news };
        let mut ask = Ask {
            from: self.ledger.instance().clone(),
            number,
            until: self.now() + TO_BE_HEARD,
            user: caller.user.clone(),
            by: caller.connection.clone(),
            verb,
        };
        let mut doubtful = false; // whether an earlier sending may have reached an instance
        let mut heard = false;
        loop {
            let sent = self.bus.send(to, Message::Ask(Box::new(ask.clone())).encode()).await;
            sending.take();
            let gone = matches!(sent, Ok(0));
            if gone && !doubtful {
                return Err(Unanswered::Undelivered);
            }
            // the instance that received it may have lost only its subscription and be back in a moment
            doubtful = true;
            let pause = match sent {
                Err(_) => AGAIN_BROKEN,
                Ok(_) if heard => AGAIN_HEARD,
                Ok(_) => AGAIN,
            };
            let again = Instant::now() + pause;
            loop {
                let over = self.until(ask.until + CLOCK_ERROR);
                let news = tokio::time::timeout_at(again.min(over), waiting.news.recv()).await;
                match news {
                    Ok(Some(News::Answer(answer))) => return Ok(answer),
                    Ok(Some(News::Heard)) => {
                        heard = true;
                        ask.until = self.now() + TO_BE_HEARD_AGAIN;
                    }
                    Ok(None) => return Err(Unanswered::Silent), // does not happen while self exists
                    Err(_elapsed) if Instant::now() >= over && gone => return Err(Unanswered::Gone),
                    Err(_elapsed) if Instant::now() >= over => return Err(Unanswered::Silent),
                    Err(_elapsed) => break,
                }
            }
        }
    }

    /// Sends a message, storing it beside the bus if it is large. Questions are never stored there, since their order
    /// matters.
    pub(super) async fn send(&self, to: &InstanceId, message: &Message) -> Result<usize, BusError> {
        self.send_encoded(to, message.encode()).await
    }

    /// Sends a message that is already encoded, storing it beside the bus if it is large.
    pub(super) async fn send_encoded(&self, to: &InstanceId, bytes: Bytes) -> Result<usize, BusError> {
        if bytes.len() <= LARGE {
            return self.bus.send(to, bytes).await;
        }
        let name = format!("large:{}", uuid::Uuid::new_v4().simple());
        self.bus.put(&name, bytes).await?;
        self.bus.send(to, Message::Large(name).encode()).await
    }

    /// Fetches and removes a message that was stored beside the bus.
    pub(super) async fn fetch(&self, name: &str) -> Option<Bytes> {
        match self.bus.take(name).await {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(%error, "a large message could not be fetched; it will be requested again");
                None
            }
        }
    }

    pub(super) fn on_heard(&self, number: u64) {
        self.tell(number, News::Heard);
    }

    pub(super) fn on_answer(&self, number: u64, answer: Result<Box<VerbResponse>, Error>) {
        self.tell(number, News::Answer(answer));
    }

    /// Handles the items of a feed at once, so that the follower has them before any answer sent after them.
    pub(super) fn on_items(&self, feed: u64, items: Vec<Item>) {
        if let Some(replica) = self.feeds.get(&feed).map(|replica| Arc::clone(&replica)) {
            for item in items {
                replica.take(feed, item);
            }
        }
    }

    fn tell(&self, number: u64, news: News) {
        if let Some(waiting) = self.waiting.get(&number).map(|waiting| waiting.clone()) {
            let _ = waiting.try_send(news); // fails when acknowledgements are already waiting to be read
        }
    }

    /// The current time of the shared clock, in milliseconds.
    pub(super) fn now(&self) -> i64 {
        self.ledger.shared_now().unwrap_or_default()
    }

    /// The local instant at which the shared clock reads `at`.
    fn until(&self, at: i64) -> Instant {
        Instant::now() + Duration::from_millis(u64::try_from(at - self.now()).unwrap_or(0))
    }
}

//! Asking other instances: one number per question, sent again until it is answered, and an honest end when it is not.
//!
//! Whoever asked is told that there was no answer only after the question's own time is over by the shared clock; the owner
//! does not begin anything after that. So a request that was answered "no answer" never starts afterwards.

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

/// How long a question may wait to be heard.
const TO_BE_HEARD: i64 = 2_000;
/// How long one that was heard stays valid without being heard again.
const TO_BE_HEARD_AGAIN: i64 = 8_000;
/// Between two sendings of a question that was not heard yet.
const AGAIN: Duration = Duration::from_secs(1);
/// The same for one that was.
const AGAIN_HEARD: Duration = Duration::from_secs(2);
/// The same after a connection broke; the next one is there by then.
pub(super) const AGAIN_BROKEN: Duration = Duration::from_millis(120);
/// Two instances may read the shared clock this differently: half of what a heartbeat may take, each.
const CLOCK_ERROR: i64 = 1_000;

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// It reached nobody: it was certainly not begun.
    Undelivered,
    /// Whoever had it is not there any more.
    Gone,
    /// Nothing was heard in time; it may have begun, and does not begin any more.
    Silent,
}

/// What comes back to a question.
#[derive(Debug)]
enum News {
    Heard,
    Answer(Result<Box<VerbResponse>, Error>),
}

impl Unanswered {
    /// Whether what was asked ran.
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

/// A question that is under way; dropping it forgets it.
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

    /// A number nobody used before.
    pub(super) fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// From now on items of this feed arrive at this replica.
    pub(super) fn feed(&self, feed: u64, replica: &Arc<Replica>) {
        self.feeds.insert(feed, Arc::clone(replica));
    }

    pub(super) fn forget_feed(&self, feed: u64) {
        self.feeds.remove(&feed);
    }

    /// Asks an instance and waits for its answer; `sending` is given up once it was sent.
    ///
    /// # Errors
    /// That there was none; the answer itself may be an error too.
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
        let mut doubtful = false; // whether some sending may have reached someone
        let mut heard = false;
        loop {
            let sent = self.bus.send(to, Message::Ask(Box::new(ask.clone())).encode()).await;
            sending.take();
            let gone = matches!(sent, Ok(0));
            if gone && !doubtful {
                return Err(Unanswered::Undelivered);
            }
            doubtful = true; // one that had it may be back in a moment: it only lost its subscription
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
                    Ok(None) => return Err(Unanswered::Silent), // not while self lives
                    Err(_elapsed) if Instant::now() >= over && gone => return Err(Unanswered::Gone),
                    Err(_elapsed) if Instant::now() >= over => return Err(Unanswered::Silent),
                    Err(_elapsed) => break,
                }
            }
        }
    }

    /// Sends a message, beside the bus when it is large. (Questions never go beside it: their order counts.)
    pub(super) async fn send(&self, to: &InstanceId, message: &Message) -> Result<usize, BusError> {
        self.send_encoded(to, message.encode()).await
    }

    /// The same for one that is encoded already.
    pub(super) async fn send_encoded(&self, to: &InstanceId, bytes: Bytes) -> Result<usize, BusError> {
        if bytes.len() <= LARGE {
            return self.bus.send(to, bytes).await;
        }
        let name = format!("large:{}", uuid::Uuid::new_v4().simple());
        self.bus.put(&name, bytes).await?;
        self.bus.send(to, Message::Large(name).encode()).await
    }

    /// Fetches what was kept beside the bus.
    pub(super) async fn fetch(&self, name: &str) -> Option<Bytes> {
        match self.bus.take(name).await {
            Ok(bytes) => bytes,
            Err(error) => {
                tracing::warn!(%error, "a large message could not be fetched; it will be asked for again");
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

    /// Items of a feed, taken at once: whoever followed has it before any answer that was sent after it.
    pub(super) fn on_items(&self, feed: u64, items: Vec<Item>) {
        if let Some(replica) = self.feeds.get(&feed).map(|replica| Arc::clone(&replica)) {
            for item in items {
                replica.take(feed, item);
            }
        }
    }

    fn tell(&self, number: u64, news: News) {
        if let Some(waiting) = self.waiting.get(&number).map(|waiting| waiting.clone()) {
            let _ = waiting.try_send(news); // it has enough to read
        }
    }

    /// The shared clock.
    pub(super) fn now(&self) -> i64 {
        self.ledger.shared_now().unwrap_or_default()
    }

    /// The moment at which the shared clock reads so.
    fn until(&self, at: i64) -> Instant {
        Instant::now() + Duration::from_millis(u64::try_from(at - self.now()).unwrap_or(0))
    }
}

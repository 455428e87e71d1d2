//! Answers other instances: this process's engine carries out their questions, each once, however often it is sent.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::FutureExt;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::{
    event_forwarder::EventForwarders,
    gateway::{AGAIN_BROKEN, Gateway},
    message::{ActionResponse, Ask, Following, Message, Verb, VerbResponse, encode_frame},
    relayed::{RelayedError, RelayedOutcome},
    views::{Look, Views},
};
use crate::{
    account::UserId,
    action,
    actor::{ActionRequest, CancelCheck},
    call::Caller,
    engine::Engine,
    error::{Error, ErrorCode, RunOutcome},
    event::{EventFrame, WireForm},
    fair::{Place, Places},
    ledger::redis::InstanceId,
    reply::Executed,
    sessions::Sessions,
    tasks::Tasks,
};

/// A question that takes longer than this is acknowledged.
const HEARD_AFTER: Duration = Duration::from_millis(200);
/// How long an answer is kept in case it was lost on the way; longer than a question can be valid.
const KEPT: Duration = Duration::from_secs(30);
/// Maximum bytes of kept answers. Beyond it, only the fact that there was an answer is kept.
const KEPT_BYTES: usize = 64 << 20;
/// Maximum number of running and remembered questions. A user may have as many as are free; further ones of that user
/// are refused. None may be forgotten early, because it would then be carried out again.
const MAX_ASKED: usize = 50_000;

/// Reason of the error for a request that an instance of an older version does not know.
pub(super) const OLDER_VERSION: &str = "older_version";

type Number = (InstanceId, u64);

/// The answering side of an instance.
#[derive(Debug)]
pub(super) struct Owner {
    engine: Engine,
    gateway: Arc<Gateway>,
    questions: Mutex<Questions>,
    /// Places for questions, shared by the users who ask.
    places: Places<UserId>,
    forwarders: EventForwarders,
    views: Views,
    tasks: Tasks,
}

#[derive(Debug)]
enum Asked {
    /// Running; valid until this moment of the shared clock.
    Running(Arc<AtomicI64>),
    /// Answered. `answer` is `None` when it was dropped to stay within the byte limit.
    Answered { at: Instant, answer: Option<Bytes>, user: UserId },
}

/// The questions by number.
#[derive(Debug, Default)]
struct Questions {
    asked: HashMap<Number, Asked>,
    /// The places that the questions hold.
    taken: HashMap<Number, Place<UserId>>,
    /// Questions whose answers are kept, oldest first, and the bytes of these answers by user.
    kept: VecDeque<Number>,
    bytes: HashMap<UserId, usize>,
}

impl Questions {
    /// Keeps an answer in case it is lost on the way. Above the byte limit, the user with the most bytes loses their
    /// oldest answers.
    fn answered(&mut self, number: Number, user: UserId, answer: Bytes) {
        *self.bytes.entry(user.clone()).or_default() += answer.len();
        self.kept.push_back(number.clone());
        self.asked.insert(number, Asked::Answered { at: Instant::now(), answer: Some(answer), user });
        while self.bytes.values().sum::<usize>() > KEPT_BYTES {
            let Some(largest) = self.bytes.iter().max_by_key(|(_, bytes)| **bytes).map(|(user, _)| user.clone()) else {
                return;
            };
            let of_largest = |number: &Number| match self.asked.get(number) {
                Some(Asked::Answered { user, .. }) => *user == largest,
                Some(Asked::Running(_)) | None => false,
            };
            let oldest = self.kept.iter().position(of_largest).and_then(|at| self.kept.remove(at));
            let Some(Asked::Answered { answer, .. }) = oldest.and_then(|oldest| self.asked.get_mut(&oldest)) else {
                return;
            };
            let freed = answer.take().map_or(0, |answer| answer.len());
            less(&mut self.bytes, &largest, freed);
        }
    }

    /// Forgets answers that cannot be requested any more.
    fn sweep(&mut self) {
        let Self { asked, taken, kept, bytes } = self;
        asked.retain(|_, asked| match asked {
            Asked::Answered { at, answer, user } if at.elapsed() >= KEPT => {
                less(bytes, user, answer.take().map_or(0, |answer| answer.len()));
                false
            }
            _ => true,
        });
        kept.retain(|number| asked.contains_key(number));
        taken.retain(|number, _| asked.contains_key(number));
    }
}

/// Subtracts bytes from a user's count.
fn less(counted: &mut HashMap<UserId, usize>, user: &UserId, bytes: usize) {
    if let Some(left) = counted.get_mut(user) {
        *left = left.saturating_sub(bytes);
        if *left == 0 {
            counted.remove(user);
        }
    }
}

impl Owner {
    pub(super) fn new(engine: Engine, gateway: Arc<Gateway>, tasks: Tasks) -> Arc<Self> {
        let forwarders = EventForwarders::new(Arc::clone(&gateway), tasks.clone());
        let (questions, places) = (Mutex::default(), Places::new(MAX_ASKED));
        Arc::new(Self { engine, gateway, questions, places, forwarders, views: Views::default(), tasks })
    }

    /// Accepts a question and begins with it. This never waits, so that questions begin in the order in which they
    /// arrived.
    pub(super) async fn on_ask(self: &Arc<Self>, ask: Ask) {
        let number = (ask.from.clone(), ask.number);
        let until = {
            let Questions { asked, taken, .. } = &mut *self.questions.lock();
            match asked.get(&number) {
                Some(Asked::Running(until)) => {
                    until.fetch_max(ask.until, Ordering::Relaxed);
                    return self.reply(ask.from, Message::Heard(ask.number).encode());
                }
                Some(Asked::Answered { answer: Some(answer), .. }) => return self.reply(ask.from, answer.clone()),
                Some(Asked::Answered { answer: None, .. }) => return self.refuse(&ask, &forgotten()),
                None => {}
            }
            let is_late = ask.until < self.gateway.now();
            if is_late {
                return self.refuse(&ask, &late());
            }
            let Some(place) = self.places.try_take(&ask.user) else {
                return self.refuse(&ask, &crowded());
            };
            taken.insert(number.clone(), place);
            let until = Arc::new(AtomicI64::new(ask.until));
            asked.insert(number.clone(), Asked::Running(Arc::clone(&until)));
            until
        };
        let mut work = Arc::clone(self).work(ask, number, until).boxed();
        if futures::poll!(&mut work).is_pending() {
            self.tasks.spawn(work);
        }
    }

    /// Answers a request whose verb this version does not know.
    pub(super) fn on_unknown(self: &Arc<Self>, from: InstanceId, number: u64) {
        let error = Error::new(
            ErrorCode::Unavailable,
            "another server of the cluster is of an older version and cannot do this",
        )
        .with_reason(OLDER_VERSION)
        .with_outcome(RunOutcome::NotExecuted);
        self.reply(from, Message::Answer(number, Err((&error).into())).encode());
    }

    pub(super) fn on_unfollow(&self, from: &InstanceId, feed: u64) {
        self.forwarders.stop(from, feed);
    }

    /// Forgets questions that cannot be asked again.
    pub(super) fn sweep(&self) {
        self.questions.lock().sweep();
        self.views.sweep();
    }

    async fn work(self: Arc<Self>, ask: Ask, number: Number, until: Arc<AtomicI64>) {
        let (from, sent_as, session, user) = (ask.from.clone(), ask.number, ask.verb.session(), ask.user.clone());
        let mut carried_out = std::pin::pin!(self.carry_out(ask, until));
        let result = tokio::select! {
            biased;
            result = carried_out.as_mut() => result,
            () = tokio::time::sleep(HEARD_AFTER) => {
                self.send(&from, Message::Heard(sent_as).encode()).await;
                carried_out.await
            }
        };
        if let Some(id) = session {
            self.forwarders.caught_up(&from, id, self.engine.position(id)).await;
        }
        let feed = match &result {
            Ok((_, feed)) => *feed,
            Err(_) => None,
        };
        let result = result.map(|(response, _)| Box::new(response)).map_err(|error| RelayedError::from(&error));
        let answer = Message::Answer(sent_as, result).encode();
        self.questions.lock().answered(number, user, answer.clone());
        self.send(&from, answer).await;
        if let Some(feed) = feed {
            self.forwarders.begin(&from, feed);
        }
    }

    fn reply(self: &Arc<Self>, to: InstanceId, message: Bytes) {
        let owner = Arc::clone(self);
        self.tasks.spawn(async move { owner.send(&to, message).await });
    }

    fn refuse(self: &Arc<Self>, ask: &Ask, error: &Error) {
        self.reply(ask.from.clone(), Message::Answer(ask.number, Err(error.into())).encode());
    }

    /// Sends an answer, and again if the first attempt fails. An instance that already has the answer ignores the
    /// second one.
    async fn send(&self, to: &InstanceId, message: Bytes) {
        if self.gateway.send_encoded(to, message.clone()).await.is_ok() {
            return;
        }
        tokio::time::sleep(AGAIN_BROKEN).await;
        if let Err(error) = self.gateway.send_encoded(to, message).await {
            tracing::debug!(%error, "a message could not be sent; the other instance will request it again");
        }
    }

    /// Carries out a question. Returns its response, and the feed to begin once the response was sent.
    async fn carry_out(&self, ask: Ask, until: Arc<AtomicI64>) -> Result<(VerbResponse, Option<u64>), Error> {
        let caller = Caller { user: ask.user, connection: ask.by };
        let response = match ask.verb {
            Verb::Create { options, keyed } => {
                let created = self.engine.create(caller, options, keyed).await?;
                VerbResponse::Created { session: created.session, replayed: created.replayed }
            }
            Verb::Render(request) => VerbResponse::Rendered(Box::new(self.engine.render(caller, *request).await?)),
            Verb::Get(id) => VerbResponse::Session(self.engine.get(caller, id).await?),
            Verb::List => VerbResponse::Sessions(self.engine.list(caller).await?),
            Verb::Renew(id, seconds) => VerbResponse::Session(self.engine.renew(caller, id, seconds).await?),
            Verb::Execute { id, action, keyed } => {
                let gateway = Arc::clone(&self.gateway);
                let waits = CancelCheck::new(move || gateway.now() <= until.load(Ordering::Relaxed));
                let request = ActionRequest { action: action::parse(&action)?, keyed, cancel_check: Some(waits) };
                acted(self.engine.execute_if_wanted(caller, id, request).await?)
            }
            Verb::Cancel(id, name) => VerbResponse::Cancelled(self.engine.cancel(caller, id, name).await?),
            Verb::Close(id) => VerbResponse::Session(self.engine.close(caller, id).await?),
            Verb::Follow { id, since, feed } => {
                let follow = self.engine.follow(caller, id, since).await?;
                let frame = |event: &Arc<crate::event::Event>| {
                    event.frame(WireForm::MessagePack, || encode_frame(&EventFrame::logged(id, &follow.epoch, event)))
                };
                let following = Following {
                    epoch: follow.epoch.clone(),
                    seq: follow.seq,
                    recovered: follow.recovered,
                    replay: follow.replay.iter().map(frame).collect(),
                    session: follow.session.clone(),
                    url: follow.url.clone(),
                };
                self.forwarders.prepare(&ask.from, feed, id, follow);
                return Ok((VerbResponse::Following(Box::new(following)), Some(feed)));
            }
            Verb::Look { id, options, view } => {
                self.views.look(&self.engine, caller, Look { id, options, name: (ask.from, view) }).await?
            }
        };
        Ok((response, None))
    }
}

fn acted(executed: Executed) -> VerbResponse {
    match executed {
        Executed::Reply(reply) => VerbResponse::ActionResponse(Box::new(ActionResponse {
            action_id: reply.action_id,
            duration_ms: reply.duration_ms,
            outcome: RelayedOutcome::of(&reply.outcome),
            seq: reply.seq,
            replayed: reply.replayed,
            session: (*reply.session).clone(),
        })),
        Executed::Dropped(session) => VerbResponse::Dropped(*session),
    }
}

fn late() -> Error {
    Error::new(ErrorCode::Unavailable, "the request arrived after its caller had given up").with_reason("given_up")
}

fn crowded() -> Error {
    Error::new(ErrorCode::Busy, "too many requests of this user came through other instances in the last half minute")
        .with_reason("too_many_requests")
        .with_retry_after(KEPT)
}

fn forgotten() -> Error {
    Error::new(ErrorCode::Unavailable, "the answer of this request is not kept any more")
        .with_reason("result_dropped")
        .with_outcome(RunOutcome::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_answers_of_one_user_do_not_push_out_small_ones_of_others() {
        let (me, ann, bob) = (InstanceId::new(), "ann".parse::<UserId>().unwrap(), "bob".parse::<UserId>().unwrap());
        let mut questions = Questions::default();
        questions.answered((me.clone(), 0), bob.clone(), Bytes::from_static(b"small"));
        for number in 1..=3 {
            questions.answered((me.clone(), number), ann.clone(), Bytes::from(vec![0; KEPT_BYTES / 2]));
        }
        let kept = |number: u64| match questions.asked.get(&(me.clone(), number)) {
            Some(Asked::Answered { answer, .. }) => answer.is_some(),
            _ => panic!("{number} is not known"),
        };
        assert_eq!([0, 1, 2, 3].map(kept), [true, false, false, true]);
        assert_eq!(questions.bytes[&ann], KEPT_BYTES / 2);
    }
}

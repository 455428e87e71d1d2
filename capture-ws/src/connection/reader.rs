//! The reading half of a connection: takes requests as they arrive, and puts answers and events into the outbox.

use std::{collections::HashSet, net::IpAddr, sync::Arc};

use capture_core::{
    Caller, Error, ErrorCode,
    account::{Accounts, Grant},
    event::{EventFrame, EventKind},
    session::SessionId,
};
use futures::{Stream, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde::Serialize;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::{Error as WsError, Message};
use uuid::Uuid;

use super::{
    subscriptions::{News, Subscriptions},
    turn::{Done, Stop, Turn},
};
use crate::{
    client::ConnectUrls,
    close::CloseCode,
    codec::Codec,
    frame::{Command, Failure, LineParams, Request, Success},
    outbox::Outbox,
    rate_limiter::RateLimiter,
    shared::Common,
};

/// The reading half.
pub(super) struct Reader {
    pub(super) common: Common,
    pub(super) codec: Codec,
    pub(super) outbox: Arc<Outbox>,
    pub(super) id: Arc<str>,
    pub(super) subscriptions: Subscriptions,
    pub(super) in_flight: FuturesUnordered<BoxFuture<'static, Done>>,
    pub(super) ids: HashSet<u64>,
    pub(super) rate_limiter: RateLimiter,
    pub(super) connect_urls: Arc<dyn ConnectUrls>,
    /// No frame is read before this moment, because the client exceeded its request rate.
    pause: Option<Instant>,
    heard: Instant,
    recheck: Instant,
}

impl Reader {
    pub(super) fn new(common: Common, codec: Codec, outbox: Arc<Outbox>, connect_urls: Arc<dyn ConnectUrls>) -> Self {
        let limits = &common.shared.limits;
        let (rate_limiter, now) = (RateLimiter::new(limits.requests_per_second, limits.request_burst), Instant::now());
        let id = format!("c_{}", Uuid::new_v4().simple()).into();
        Self {
            recheck: now + limits.recheck,
            common,
            codec,
            outbox,
            id,
            subscriptions: Subscriptions::default(),
            in_flight: FuturesUnordered::new(),
            ids: HashSet::new(),
            rate_limiter,
            connect_urls,
            pause: None,
            heard: now,
        }
    }

    /// Reads until the client leaves. When the server closes the channel, waits until the writing half has sent the
    /// close frame.
    pub(super) async fn run<R>(mut self, stream: &mut R, grant: Option<Grant>, peer: IpAddr)
    where
        R: Stream<Item = Result<Message, WsError>> + Unpin,
    {
        match self.talk(stream, grant, peer).await {
            Stop::Left => {}
            Stop::Closing => std::future::pending().await,
        }
    }

    async fn talk<R>(&mut self, stream: &mut R, grant: Option<Grant>, peer: IpAddr) -> Stop
    where
        R: Stream<Item = Result<Message, WsError>> + Unpin,
    {
        let limits = self.common.shared.limits.clone();
        let connections = Arc::clone(&self.common.connections);
        let (place, grant) = match grant {
            Some(grant) => (connections.join(&grant.user, &limits), grant),
            None => {
                let mut place = connections.admit(peer, &limits);
                let greeted = tokio::select! {
                    greeted = timeout(limits.hello_timeout, self.greet(stream)) => greeted,
                    () = place.given_away() => {
                        return self.close(CloseCode::TooManyAttempts, "too many of this address have not said hello");
                    }
                };
                match greeted {
                    Ok(Ok(grant)) => (place.known_as(&grant.user, &limits).map(|()| place), grant),
                    Ok(Err(stop)) => return stop,
                    Err(_elapsed) => return self.close(CloseCode::HelloTimeout, "no hello arrived in time"),
                }
            }
        };
        let place = match place {
            Ok(place) => place,
            Err(CloseCode::Overloaded) => return self.close(CloseCode::Overloaded, "too many connections"),
            Err(code) => return self.close(code, "too many connections of this user"),
        };
        self.heard = Instant::now();
        let share = Arc::new(self.common.waiting.share(&grant.user));
        self.outbox.count(Arc::clone(&share));
        let mut timer = std::pin::pin!(tokio::time::sleep_until(self.heard));
        loop {
            let next = self.next_timer();
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }
            let turn = tokio::select! {
                biased;
                () = self.common.tasks.stopped() => Turn::Stopped,
                () = place.given_away() => Turn::Displaced,
                () = share.gives_way() => Turn::Unread,
                // Events are polled before answers: `action.finished` is sent before the answer to the action.
                news = self.subscriptions.next() => Turn::News(news),
                Some(done) = self.in_flight.next() => Turn::Done(Box::new(done)),
                () = &mut timer => Turn::Timer,
                message = stream.next(), if self.pause.is_none() => Turn::Message(message),
            };
            if let Some(stop) = self.take(turn, &grant).await {
                return stop;
            }
        }
    }

    async fn take(&mut self, turn: Turn, grant: &Grant) -> Option<Stop> {
        match turn {
            Turn::Stopped => return Some(self.close(CloseCode::Restarting, "the server restarts")),
            Turn::Displaced => return Some(self.close(CloseCode::Overloaded, "other users have fewer connections")),
            Turn::Unread => {
                return Some(self.close(CloseCode::SlowConsumer, "too much waits for you to read it: connect again"));
            }
            Turn::News(News::Lost) => return Some(self.close(CloseCode::SlowConsumer, "events were lost: resume")),
            Turn::News(news) => self.on_news(news),
            Turn::Done(done) => self.on_done(*done),
            Turn::Timer => return self.on_timer(grant).await,
            Turn::Message(None) => return Some(Stop::Left),
            Turn::Message(Some(Err(error))) => return Some(self.on_broken(&error)),
            Turn::Message(Some(Ok(message))) => return self.on_message(&message, grant),
        }
        self.outbox.is_closing().then_some(Stop::Closing)
    }

    pub(super) fn close(&self, code: CloseCode, why: &'static str) -> Stop {
        self.outbox.close(code, why);
        Stop::Closing
    }

    fn next_timer(&self) -> Instant {
        let silence = self.heard + self.common.shared.limits.silence;
        let soonest = silence.min(self.recheck);
        [self.subscriptions.next_tick(), self.pause].into_iter().flatten().fold(soonest, Instant::min)
    }

    async fn on_timer(&mut self, grant: &Grant) -> Option<Stop> {
        let now = Instant::now();
        if self.pause.is_some_and(|pause| pause <= now) {
            self.pause = None;
        }
        self.subscriptions.tick(&self.outbox);
        let limits = &self.common.shared.limits;
        if now >= self.heard + limits.silence {
            return Some(self.close(CloseCode::Heartbeat, "nothing was heard of you"));
        }
        if now >= self.recheck {
            self.recheck = now + limits.recheck;
            let accounts = Arc::clone(&self.common.shared.accounts);
            if !holds(&*accounts, grant).await {
                return Some(self.close(CloseCode::Unauthenticated, "the secret was revoked"));
            }
        }
        None
    }

    pub(super) fn on_broken(&self, error: &WsError) -> Stop {
        match error {
            WsError::Capacity(_) => self.close(CloseCode::TooLarge, "the frame is too large"),
            WsError::Utf8(_) => self.close(CloseCode::NotUtf8, "the text is not UTF-8"),
            WsError::Protocol(tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake) => {
                Stop::Left
            }
            WsError::Protocol(_) => self.close(CloseCode::Protocol, "the frame breaks the WebSocket protocol"),
            _ => Stop::Left,
        }
    }

    fn on_message(&mut self, message: &Message, grant: &Grant) -> Option<Stop> {
        self.heard = Instant::now();
        if !message.is_text() && !message.is_binary() {
            // Covers pings and the client's close: the socket answers them by itself, and a flood of them would pile up
            // answers.
            self.pause = self.rate_limiter.count();
            return None;
        }
        let request = match self.read(message) {
            Ok(request) => request,
            Err(stop) => return Some(stop),
        };
        if self.ids.contains(&request.id) {
            return Some(self.close(CloseCode::DuplicateId, "this id is in flight already"));
        }
        let session = request.session.as_deref().and_then(|id| id.parse().ok());
        match self.understand(&request, grant) {
            Ok(command) => {
                if command.is_paced() {
                    self.pause = self.rate_limiter.count();
                }
                let connection = Some(Arc::clone(&self.id));
                let caller = Caller { connection, ..Caller::user(grant.user.clone()) };
                self.begin(request.id, command, caller, grant);
            }
            Err(error) => {
                self.pause = self.rate_limiter.count();
                self.fail(request.id, session, &error);
            }
        }
        self.outbox.is_closing().then_some(Stop::Closing)
    }

    /// Parses a message as a request, or returns the reason to close.
    pub(super) fn read(&self, message: &Message) -> Result<Request, Stop> {
        let value = match self.codec.decode(message, self.common.shared.limits.depth) {
            Ok(value) => value,
            Err(error) => {
                self.outbox.close(error.close_code(), error.to_string());
                return Err(Stop::Closing);
            }
        };
        Request::read(value).map_err(|error| {
            self.outbox.close(CloseCode::BadFrame, error.to_string());
            Stop::Closing
        })
    }

    fn understand(&mut self, request: &Request, grant: &Grant) -> Result<Command, Error> {
        let shared = &self.common.shared;
        let command = Command::parse(request, &shared.session_limits)?;
        if !command.is_within(&grant.scope) {
            return Err(Error::new(ErrorCode::Forbidden, "your ticket is not good for this")
                .with_reason("scope")
                .with_hint("connect with a ticket, or a token, that allows it"));
        }
        let most = shared.limits.in_flight;
        if self.in_flight.len() >= most {
            return Err(Error::new(ErrorCode::Busy, format!("{most} requests of this connection wait already"))
                .with_reason("too_many_in_flight")
                .with_hint("wait for answers before sending more"));
        }
        Ok(command)
    }

    fn on_news(&mut self, news: News) {
        match news {
            News::Event(id, event) => {
                let Some(followed) = self.subscriptions.followed.get_mut(&id) else { return };
                let made = || self.codec.encode(&EventFrame::logged(id, &followed.epoch, &event)).unwrap_or_default();
                let frame = event.frame(self.codec.form(), made);
                self.outbox.put(frame);
                match &event.kind {
                    EventKind::SessionRenewed(renewed) => followed.renew(renewed.expires_at),
                    EventKind::SessionClosed(_) => {
                        self.subscriptions.unfollow(id);
                        self.outbox.forget_countdown(id);
                    }
                    _ => {}
                }
            }
            News::Line(id, line) => {
                if self.subscriptions.followed.get(&id).is_some_and(|followed| followed.wants(&line)) {
                    self.put(&LineParams::frame(id, &line));
                }
            }
            News::Picture(id, shown) => self.subscriptions.show(id, shown, &self.outbox),
            News::ViewOver(id) => self.subscriptions.unview(id),
            News::Lost => {}
        }
    }

    /// Puts an answer or an event into the outbox. Returns false when the frame is too large or cannot be encoded;
    /// the outbox is then unchanged.
    pub(super) fn put(&self, frame: &impl Serialize) -> bool {
        match self.codec.encode(frame) {
            Ok(bytes) if bytes.len() <= self.common.shared.limits.server_frame_bytes => {
                self.outbox.put(bytes);
                true
            }
            Ok(_too_large) => false,
            Err(error) => {
                tracing::error!(%error, "a frame could not be written");
                false
            }
        }
    }

    pub(super) fn succeed(&self, id: u64, session: Option<SessionId>, seq: Option<u64>, result: &impl Serialize) {
        if !self.put(&Success::new(id, session, result).at(seq)) {
            let most = self.common.shared.limits.server_frame_bytes;
            let error =
                Error::new(ErrorCode::ActionFailed, format!("it was done, but the answer is larger than {most} bytes"))
                    .with_reason("answer_too_large")
                    .with_outcome(capture_core::RunOutcome::Executed)
                    .with_hint("ask for less at once, or over REST");
            self.fail(id, session, &error);
        }
    }

    pub(super) fn fail(&self, id: u64, session: Option<SessionId>, error: &Error) {
        if error.code() == ErrorCode::Internal {
            tracing::error!(?error, "request failed: our defect");
        }
        let now = self.common.shared.clock.now();
        if !self.put(&Failure::new(id, session, error, now)) {
            let brief = Error::new(error.code(), error.message().to_owned())
                .with_reason("answer_too_large")
                .with_outcome(error.outcome());
            self.put(&Failure::new(id, session, &brief, now));
        }
    }
}

/// Whether the secret behind a credential still belongs to its user; true while the accounts cannot be read.
async fn holds(accounts: &dyn Accounts, grant: &Grant) -> bool {
    match accounts.account(&grant.user).await {
        Ok(account) => account.is_some_and(|account| account.accepts(&grant.secret)),
        Err(error) => {
            tracing::warn!(%error, "a credential could not be looked up");
            true
        }
    }
}

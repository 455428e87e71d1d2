//! The reading half of a connection: takes requests as they come, and puts answers and news into the outbox.

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
    feeds::{Feeds, News},
    requests::Done,
};
use crate::{
    channels::Channels,
    client::ConnectUrls,
    close::CloseCode,
    codec::Codec,
    frame::{Command, Failure, LineParams, Request, Success},
    outbox::Outbox,
    pace::Pace,
};

/// The reading half.
pub(super) struct Reader {
    pub(super) channels: Channels,
    pub(super) codec: Codec,
    pub(super) outbox: Arc<Outbox>,
    pub(super) id: Arc<str>,
    pub(super) feeds: Feeds,
    pub(super) in_flight: FuturesUnordered<BoxFuture<'static, Done>>,
    pub(super) ids: HashSet<u64>,
    pub(super) pace: Pace,
    pub(super) connect_urls: Arc<dyn ConnectUrls>,
    /// Not read before this moment, because too much was asked for.
    pause: Option<Instant>,
    heard: Instant,
    recheck: Instant,
}

/// Why a reader stops.
pub(super) enum Stop {
    /// The client is gone.
    Left,
    /// The outbox was told to close.
    Closing,
}

enum Turn {
    News(News),
    Done(Box<Done>),
    Message(Option<Result<Message, WsError>>),
    Timer,
    Stopped,
    Displaced,
    Unread,
}

impl Reader {
    pub(super) fn new(
        channels: Channels,
        codec: Codec,
        outbox: Arc<Outbox>,
        connect_urls: Arc<dyn ConnectUrls>,
    ) -> Self {
        let limits = &channels.shared.limits;
        let (pace, now) = (Pace::new(limits.requests_per_second, limits.request_burst), Instant::now());
        let id = format!("c_{}", Uuid::new_v4().simple()).into();
        Self {
            recheck: now + limits.recheck,
            channels,
            codec,
            outbox,
            id,
            feeds: Feeds::default(),
            in_flight: FuturesUnordered::new(),
            ids: HashSet::new(),
            pace,
            connect_urls,
            pause: None,
            heard: now,
        }
    }

    /// Reads until the client leaves. When we close, it waits for the writing half to have said so.
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
        let limits = self.channels.shared.limits.clone();
        let crowd = Arc::clone(&self.channels.crowd);
        let (place, grant) = match grant {
            Some(grant) => (crowd.join(&grant.user, &limits), grant),
            None => {
                let mut place = crowd.admit(peer, &limits);
                let greeted = tokio::select! {
                    greeted = timeout(limits.hello_timeout, self.greet(stream)) => greeted,
                    () = place.given_away() => {
                        return self.close(CloseCode::TooManyAttempts, "too many of this address have not said hello");
                    }
                };
                match greeted {
                    Ok(Ok(grant)) => (place.known_as(&grant.user, &limits).map(|()| place), grant),
                    Ok(Err(stop)) => return stop,
                    Err(_elapsed) => return self.close(CloseCode::HelloTimeout, "nobody said hello"),
                }
            }
        };
        let place = match place {
            Ok(place) => place,
            Err(CloseCode::Overloaded) => return self.close(CloseCode::Overloaded, "too many connections"),
            Err(code) => return self.close(code, "too many connections of this user"),
        };
        self.heard = Instant::now();
        let share = Arc::new(self.channels.waiting.share(&grant.user));
        self.outbox.count(Arc::clone(&share));
        let mut timer = std::pin::pin!(tokio::time::sleep_until(self.heard));
        loop {
            let next = self.next_timer();
            if timer.deadline() != next {
                timer.as_mut().reset(next);
            }
            let turn = tokio::select! {
                biased;
                () = self.channels.stopped() => Turn::Stopped,
                () = place.given_away() => Turn::Displaced,
                () = share.gives_way() => Turn::Unread,
                // Before answers: `action.finished` was told before its answer was.
                news = self.feeds.next() => Turn::News(news),
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
        let silence = self.heard + self.channels.shared.limits.silence;
        let soonest = silence.min(self.recheck);
        [self.feeds.next_tick(), self.pause].into_iter().flatten().fold(soonest, Instant::min)
    }

    async fn on_timer(&mut self, grant: &Grant) -> Option<Stop> {
        let now = Instant::now();
        if self.pause.is_some_and(|pause| pause <= now) {
            self.pause = None;
        }
        self.feeds.tick(&self.outbox);
        let limits = &self.channels.shared.limits;
        if now >= self.heard + limits.silence {
            return Some(self.close(CloseCode::Heartbeat, "nothing was heard of you"));
        }
        if now >= self.recheck {
            self.recheck = now + limits.recheck;
            let accounts = Arc::clone(&self.channels.shared.accounts);
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
            // Heartbeats and the client's close: the socket answers them, and a flood of them would pile up answers.
            self.pause = self.pace.count();
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
                    self.pause = self.pace.count();
                }
                let connection = Some(Arc::clone(&self.id));
                let caller = Caller { connection, ..Caller::user(grant.user.clone()) };
                self.begin(request.id, command, caller, grant);
            }
            Err(error) => {
                self.pause = self.pace.count();
                self.fail(request.id, session, &error);
            }
        }
        self.outbox.is_closing().then_some(Stop::Closing)
    }

    /// A message as a request, or the close it asks for.
    pub(super) fn read(&self, message: &Message) -> Result<Request, Stop> {
        let value = match self.codec.decode(message, self.channels.shared.limits.depth) {
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
        let shared = &self.channels.shared;
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
                let Some(followed) = self.feeds.followed.get_mut(&id) else { return };
                let made = || self.codec.encode(&EventFrame::logged(id, &followed.epoch, &event)).unwrap_or_default();
                let frame = event.frame(self.codec.form(), made);
                self.outbox.put(frame);
                match &event.kind {
                    EventKind::SessionRenewed(renewed) => followed.renew(renewed.expires_at),
                    EventKind::SessionClosed(_) => {
                        self.feeds.unfollow(id);
                        self.outbox.forget_countdown(id);
                    }
                    _ => {}
                }
            }
            News::Line(id, line) => {
                if self.feeds.followed.get(&id).is_some_and(|followed| followed.wants(&line)) {
                    self.put(&LineParams::frame(id, &line));
                }
            }
            News::Picture(id, shown) => self.feeds.show(id, shown, &self.outbox),
            News::ViewOver(id) => self.feeds.unview(id),
            News::Lost => {}
        }
    }

    /// Puts an answer or an event, or what can be said instead of it.
    pub(super) fn put(&self, frame: &impl Serialize) -> bool {
        match self.codec.encode(frame) {
            Ok(bytes) if bytes.len() <= self.channels.shared.limits.server_frame_bytes => {
                self.outbox.put(bytes);
                true
            }
            Ok(_too_large) => false,
            Err(error) => {
                tracing::error!(error, "a frame could not be written");
                false
            }
        }
    }

    pub(super) fn succeed(&self, id: u64, session: Option<SessionId>, seq: Option<u64>, result: &impl Serialize) {
        if !self.put(&Success::new(id, session, result).at(seq)) {
            let most = self.channels.shared.limits.server_frame_bytes;
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
        let now = self.channels.shared.clock.now();
        if !self.put(&Failure::new(id, session, error, now)) {
            let brief = Error::new(error.code(), error.message().to_owned())
                .with_reason("answer_too_large")
                .with_outcome(error.outcome());
            self.put(&Failure::new(id, session, &brief, now));
        }
    }
}

/// Whether the secret behind a credential is still one of its user's; while that cannot be known, it is.
async fn holds(accounts: &dyn Accounts, grant: &Grant) -> bool {
    match accounts.account(&grant.user).await {
        Ok(account) => account.is_some_and(|account| account.accepts(&grant.secret)),
        Err(error) => {
            tracing::warn!(%error, "a credential could not be looked up");
            true
        }
    }
}

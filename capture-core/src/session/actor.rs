//! The task of one session: it alone owns the page and the lifecycle.
//!
//! `next_event` waits for every source at once, `on_event` decides, `finish` ends. The running action is a field polled
//! by the loop, not a task of its own, so dropping it is cancellation, and everyone waiting learns why the session ended.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    ActionFinished, ActionStarted, CloseReason, EventKind, Lifecycle, SessionClosed, SessionRenewed, SessionView,
    Usage,
    batch::Run,
    dedupe::{Dedupe, Ending},
    ending::{END_TIMEOUT, settle, unrecorded},
    handle::{Control, Handle, Job, cancelled},
    lease::Lease,
    live_view::LiveView,
    log::{EventLog, brief, brief_outcome},
    pools::Pools,
    queue::{Waiting, queue},
    replies::Replies,
};
use crate::{
    account::UserId,
    action::Outcome,
    browser::{LostReason, OpenPage, Page},
    clock::Clock,
    error::{Error, ErrorCode, RunOutcome},
    ledger::{ExtendError, Ledger},
    limits::Limits,
    sessions::{ActionName, ActionReply},
    tasks::Tasks,
};

/// A session ready to live.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) user: UserId,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) page: OpenPage,
    /// Its place among the engine's live sessions, given back at the end.
    pub(crate) place: OwnedSemaphorePermit,
}

/// What every session shares with its engine.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) limits: Arc<Limits>,
    pub(crate) clock: Clock,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) tasks: Tasks,
    pub(crate) lease: Lease,
    pub(crate) pools: Arc<Pools>,
}

/// Starts the session's task. `on_end` runs once the final view is in the books and published.
pub(crate) fn start(opened: Opened, context: &Context, on_end: impl FnOnce(&Handle) + Send + 'static) -> Handle {
    let (jobs, waiting) = queue(context.limits.queued_actions);
    let (control, control_mailbox) = mpsc::channel(16);
    let (publish, view) = watch::channel(opened.lifecycle.view());
    let OpenPage { page, events, lines } = opened.page;
    let log = Arc::new(EventLog::new(&context.limits, lines));
    let keys = Arc::new(Mutex::new(Dedupe::new(context.limits.replay_bytes)));
    let id = publish.borrow().id;
    let live_view = LiveView::new(Arc::clone(&page), context.tasks.clone(), context.clock);
    let handle = Handle {
        id,
        user: opened.user,
        jobs,
        control,
        view,
        log: Arc::clone(&log),
        live_view: Arc::clone(&live_view),
        keys: Arc::clone(&keys),
        page: Arc::downgrade(&page),
        pools: Arc::clone(&context.pools),
    };
    let replies = Replies { pool: Arc::clone(&context.pools.pictures), user: handle.user.clone() };
    let actor = Actor {
        replies,
        context: context.clone(),
        lost: page.lost(),
        page: Arc::clone(&page),
        page_events: events,
        lifecycle: opened.lifecycle,
        usage: Arc::default(),
        waiting,
        control: control_mailbox,
        running: None,
        renewing: None,
        publish: publish.clone(),
        log,
        live_view,
        keys,
    };
    let (supervised, place) = (handle.clone(), opened.place);
    let context = context.clone();
    context.tasks.clone().spawn(async move {
        if AssertUnwindSafe(actor.run()).catch_unwind().await.is_err() {
            tracing::error!(session.id = %id, "session task panicked; the session is ended");
            supervised.live_view.end();
            page.close().await;
            let lifecycle = Lifecycle::restore(&publish.borrow());
            let last = lifecycle.settle(CloseReason::BrowserCrashed, context.clock.now());
            publish.send_replace(settle(&context, last).await);
        }
        on_end(&supervised);
        drop(place);
    });
    handle
}

struct Actor {
    context: Context,
    replies: Replies,
    page: Arc<dyn Page>,
    page_events: mpsc::Receiver<EventKind>,
    lost: BoxFuture<'static, LostReason>,
    lifecycle: Lifecycle,
    /// Shared with the running action, which counts its steps.
    usage: Arc<Mutex<Usage>>,
    waiting: Waiting,
    control: mpsc::Receiver<Control>,
    running: Option<Running>,
    renewing: Option<Renewing>,
    publish: watch::Sender<SessionView>,
    log: Arc<EventLog>,
    live_view: Arc<LiveView>,
    keys: Arc<Mutex<Dedupe>>,
}

struct Running {
    job: Job,
    started: Instant,
    result: BoxFuture<'static, Result<Outcome, Error>>,
}

struct Renewing {
    expires_at: crate::clock::Timestamp,
    reply: oneshot::Sender<Result<SessionView, Error>>,
    extended: BoxFuture<'static, Result<(), ExtendError>>,
}

enum Input {
    Told(Control),
    Job(Job),
    Performed(Result<Outcome, Error>),
    Extended(Result<(), ExtendError>),
    Page(EventKind),
    Deadline,
    Lost(LostReason),
    Stopped,
}

enum Next {
    Continue,
    End(CloseReason),
}

impl Actor {
    async fn run(mut self) {
        let context = self.context.clone();
        let mut stopped = std::pin::pin!(context.tasks.stopped());
        loop {
            let input = tokio::select! {
                input = self.next_input() => input,
                () = &mut stopped => Input::Stopped,
            };
            if let Next::End(reason) = self.on_input(input) {
                return self.finish(reason).await;
            }
        }
    }

    /// Waits for whatever comes first. Dropping it loses nothing: every branch is cancel safe.
    async fn next_input(&mut self) -> Input {
        let deadline = self.context.clock.instant(self.lifecycle.expires_at());
        tokio::select! {
            biased;
            () = tokio::time::sleep_until(deadline) => Input::Deadline,
            reason = &mut self.lost => Input::Lost(reason),
            Some(control) = self.control.recv() => Input::Told(control),
            Some(event) = self.page_events.recv() => Input::Page(event),
            result = performed(&mut self.running) => Input::Performed(result),
            result = extended(&mut self.renewing) => Input::Extended(result),
            job = self.waiting.next(), if self.running.is_none() => Input::Job(job),
        }
    }

    fn on_input(&mut self, input: Input) -> Next {
        match input {
            Input::Told(Control::Close) => return Next::End(CloseReason::Closed),
            Input::Told(Control::Lose) => return Next::End(CloseReason::InstanceLost),
            Input::Told(Control::Renew { ttl, reply }) => self.renew(ttl, reply),
            Input::Told(Control::Cancel { name, reply }) => {
                let _ = reply.send(self.cancel(&name)); // caller left
            }
            Input::Job(job) => self.begin(job),
            Input::Performed(result) => self.performed(result),
            Input::Extended(result) => self.extended(result),
            Input::Page(event) => {
                self.log.append(event);
            }
            Input::Deadline => return Next::End(CloseReason::Expired),
            Input::Lost(reason) => {
                tracing::warn!(session.id = %self.publish.borrow().id, %reason, "page lost; the session ends");
                return Next::End(CloseReason::BrowserCrashed);
            }
            Input::Stopped => return Next::End(CloseReason::Shutdown),
        }
        Next::Continue
    }

    fn begin(&mut self, job: Job) {
        if let Err(refusal) = self.context.lease.check().and_then(|()| job.still_wanted()) {
            if let Some(key) = &job.key {
                self.keys.lock().forget(key); // it may be sent again
            }
            let view = self.view();
            let _ = job.reply.send(Err(Arc::new(refusal.with_session(view)))); // caller left
            return;
        }
        self.log.append(EventKind::ActionStarted(ActionStarted {
            action_id: Arc::clone(&job.action_id),
            kind: job.action.kind(),
            by: job.by.clone(),
        }));
        let run = Run {
            page: Arc::clone(&self.page),
            usage: Arc::clone(&self.usage),
            log: Arc::clone(&self.log),
            action_id: Arc::clone(&job.action_id),
            lease: self.context.lease.clone(),
            replies: self.replies.clone(),
        };
        let result = run.perform(job.action.clone()).boxed();
        self.running = Some(Running { job, started: Instant::now(), result });
    }

    fn performed(&mut self, result: Result<Outcome, Error>) {
        let Some(running) = self.running.take() else { return };
        if matches!(&result, Err(error) if error.code() == ErrorCode::SessionInactive) {
            // The page is lost: the session ends next, and then this caller gets its final form.
            self.running = Some(Running { result: std::future::pending().boxed(), ..running });
            return;
        }
        let duration_ms = u64::try_from(running.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let view = self.publish_view();
        let finished = ActionFinished {
            action_id: Arc::clone(&running.job.action_id),
            kind: running.job.action.kind(),
            success: result.is_ok(),
            duration_ms,
            result: result.as_ref().map_or_else(brief, brief_outcome),
        };
        let seq = self.log.append(EventKind::ActionFinished(finished));
        let ending: Ending = match result {
            Ok(outcome) => Ok(Arc::new(ActionReply {
                action_id: Arc::clone(&running.job.action_id),
                duration_ms,
                outcome: Arc::new(outcome),
                seq,
                replayed: false,
                session: Arc::new(view),
            })),
            Err(error) => Err(Arc::new(error.with_session(view).with_seq(seq))),
        };
        self.answer(running.job, ending);
    }

    fn answer(&self, job: Job, ending: Ending) {
        if let Some(key) = &job.key {
            self.keys.lock().end(key, &ending);
        }
        let _ = job.reply.send(ending); // caller left
    }

    /// Stops the running action if this is its name; it is answered once nothing of it reaches the page any more.
    fn cancel(&mut self, name: &ActionName) -> bool {
        let Some(running) = self.running.as_mut().filter(|running| running.job.is_named(name)) else { return false };
        self.usage.lock().end_all();
        let given_up = Arc::clone(&self.page).give_up();
        running.result = given_up.map(|()| Err(cancelled(RunOutcome::Unknown))).boxed();
        true
    }

    fn renew(&mut self, ttl: Duration, reply: oneshot::Sender<Result<SessionView, Error>>) {
        let granted = self.lifecycle.renewal(self.context.clock.now(), ttl, self.context.limits.max_ttl);
        let refusal = match granted {
            Ok(_) if self.renewing.is_some() => {
                Error::new(ErrorCode::Busy, "another renewal of this session is under way")
            }
            Ok(expires_at) => {
                let ledger = Arc::clone(&self.context.ledger);
                let (id, hold) = (self.publish.borrow().id, self.lifecycle.hold_until(expires_at));
                let extended = async move { ledger.extend(id, expires_at, hold).await }.boxed();
                self.renewing = Some(Renewing { expires_at, reply, extended });
                return;
            }
            Err(beyond) => Error::invalid(format!("maxTtlSeconds is too long: {beyond}"))
                .with_detail("longestSeconds", beyond.longest_seconds),
        };
        let _ = reply.send(Err(refusal.with_session(self.view()))); // caller left
    }

    fn extended(&mut self, result: Result<(), ExtendError>) {
        let Some(renewing) = self.renewing.take() else { return };
        let answer = match result {
            Ok(()) => {
                self.lifecycle.renew(renewing.expires_at);
                let renewed = SessionRenewed { expires_at: renewing.expires_at };
                self.log.append(EventKind::SessionRenewed(renewed));
                Ok(self.publish_view())
            }
            Err(refused) => Err(Error::from(refused).with_session(self.view())),
        };
        let _ = renewing.reply.send(answer); // caller left
    }

    fn view(&mut self) -> SessionView {
        self.lifecycle.usage = self.usage.lock().clone();
        self.lifecycle.view()
    }

    fn publish_view(&mut self) -> SessionView {
        let view = self.view();
        self.publish.send_replace(view.clone());
        view
    }

    /// The last act: close the page, settle, publish. Everyone who waits learns it then; the one whose action was cut off is told in time
    /// that it is not recorded yet, as those are who ask for the end.
    async fn finish(mut self, reason: CloseReason) {
        let now = self.context.clock.now();
        self.live_view.end();
        // Dropping the running action is its cancellation.
        let mut cut_off = self.running.take().map(|running| running.job);
        self.let_go();
        self.lifecycle.usage = self.usage.lock().clone();
        let last = self.lifecycle.clone().settle(reason, now);
        let close = tokio::time::timeout(self.context.limits.close_timeout, Arc::clone(&self.page).close());
        let mut ending = std::pin::pin!(async { tokio::join!(settle(&self.context, last), close) });
        let in_time = tokio::time::timeout(END_TIMEOUT, ending.as_mut()).await;
        if in_time.is_err()
            && let Some(job) = cut_off.take()
        {
            self.answer(job, Err(Arc::new(unrecorded().with_outcome(RunOutcome::Unknown))));
        }
        let (last, closed) = match in_time {
            Ok(ended) => ended,
            Err(_elapsed) => ending.await,
        };
        if closed.is_err() {
            tracing::warn!(session.id = %last.id, "page did not close in time; its browser will be retired");
        }
        tracing::info!(
            session.id = %last.id,
            reason = reason.as_str(),
            duration_seconds = last.duration_seconds,
            billed_credits = last.billed_credits,
            "session ended"
        );
        self.log.append(EventKind::SessionClosed(SessionClosed { session: Box::new(last.clone()) }));
        self.publish.send_replace(last.clone());
        if let Some(job) = cut_off {
            let error = Error::inactive(last).with_outcome(RunOutcome::Unknown);
            self.answer(job, Err(Arc::new(error)));
        }
    }

    /// Takes nothing more: whoever waits for something that never begins waits for the session's end instead.
    fn let_go(&mut self) {
        self.waiting.close();
        self.control.close();
        while self.control.try_recv().is_ok() {}
        self.renewing = None;
    }
}

/// The result of the running action; never completes while there is none.
async fn performed(running: &mut Option<Running>) -> Result<Outcome, Error> {
    match running {
        Some(running) => (&mut running.result).await,
        None => std::future::pending().await,
    }
}

/// The answer to the renewal under way; never completes while there is none.
async fn extended(renewing: &mut Option<Renewing>) -> Result<(), ExtendError> {
    match renewing {
        Some(renewing) => (&mut renewing.extended).await,
        None => std::future::pending().await,
    }
}

//! The task of one session, which alone owns the page and the lifecycle.
//!
//! `next_input` waits for all sources at once, and `on_input` decides what to do. The running action is a field polled
//! by this loop, not a task of its own, so dropping it cancels it, and every waiting caller learns why the session
//! ended. Module `perform` runs actions, `renewal` renews the deadline and `ending` ends the session.

use std::sync::Arc;

use futures::future::BoxFuture;
use parking_lot::Mutex;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

use super::{
    dedupe::Dedupe,
    failure::Failure,
    job::{Control, Job},
    live_view::LiveView,
    log::EventLog,
    queue::Waiting,
    replies::Replies,
    services::Services,
};
use crate::{
    action::EncodedOutcome,
    browser::{LostReason, Page},
    clock::Timestamp,
    error::Error,
    event::EventKind,
    ledger::ExtendError,
    session::{CloseReason, Lifecycle, SessionView, Usage},
};

pub(super) struct Actor {
    pub(super) services: Services,
    pub(super) replies: Replies,
    pub(super) page: Arc<dyn Page>,
    pub(super) page_events: mpsc::Receiver<EventKind>,
    pub(super) lost: BoxFuture<'static, LostReason>,
    pub(super) lifecycle: Lifecycle,
    /// Shared with the running action, which counts its steps.
    pub(super) usage: Arc<Mutex<Usage>>,
    pub(super) waiting: Waiting,
    pub(super) control: mpsc::Receiver<Control>,
    pub(super) running: Option<Running>,
    pub(super) renewing: Option<Renewing>,
    pub(super) publish: watch::Sender<SessionView>,
    pub(super) log: Arc<EventLog>,
    pub(super) live_view: Arc<LiveView>,
    pub(super) keys: Arc<Mutex<Dedupe>>,
}

pub(super) struct Running {
    pub(super) job: Job,
    pub(super) started: Instant,
    pub(super) result: BoxFuture<'static, Result<EncodedOutcome, Failure>>,
}

pub(super) struct Renewing {
    pub(super) expires_at: Timestamp,
    pub(super) reply: oneshot::Sender<Result<SessionView, Error>>,
    pub(super) extended: BoxFuture<'static, Result<(), ExtendError>>,
}

enum Input {
    Told(Control),
    Job(Job),
    Performed(Result<EncodedOutcome, Failure>),
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
    pub(super) async fn run(mut self) {
        let services = self.services.clone();
        let mut stopped = std::pin::pin!(services.tasks.stopped());
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

    /// Waits for the first input of any source. Dropping the future loses nothing: every branch is cancel safe.
    async fn next_input(&mut self) -> Input {
        let deadline = self.services.clock.instant(self.lifecycle.expires_at());
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
                let _ = reply.send(self.cancel(&name)); // fails when the caller has left
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

    pub(super) fn view(&mut self) -> SessionView {
        self.lifecycle.usage = self.usage.lock().clone();
        self.lifecycle.view()
    }

    pub(super) fn publish_view(&mut self) -> SessionView {
        let view = self.view();
        self.publish.send_replace(view.clone());
        view
    }
}

/// The result of the running action; never completes while there is none.
async fn performed(running: &mut Option<Running>) -> Result<EncodedOutcome, Failure> {
    match running {
        Some(running) => (&mut running.result).await,
        None => std::future::pending().await,
    }
}

/// The ledger's answer to the current renewal; does not complete while there is none.
async fn extended(renewing: &mut Option<Renewing>) -> Result<(), ExtendError> {
    match renewing {
        Some(renewing) => (&mut renewing.extended).await,
        None => std::future::pending().await,
    }
}

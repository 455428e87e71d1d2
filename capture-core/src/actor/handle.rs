//! The handle to a session's actor: the queue, a mailbox, the published view, the log and the keys.
//!
//! Cloning is cheap. Reading the view does not wake the actor.

use std::{
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::{
    dedupe::{Decision, Dedupe, Ending},
    job::{ActionRequest, Control, Job, cancelled},
    live_view::{LiveView, View, ViewOptions},
    log::{EventLog, Follow},
    pools::Pools,
    queue::{Queue, Refused},
    settle::{END_TIMEOUT, unrecorded},
};
use crate::{
    account::UserId,
    browser::Page,
    call::{ActionName, Caller},
    clock::Timestamp,
    error::{Error, ErrorCode, RunOutcome},
    event::Since,
    reply::{ActionReply, Executed},
    session::{SessionId, SessionView},
};

/// How long a reader waits for the end of a session whose deadline has passed.
pub(super) const OVERDUE: Duration = Duration::from_secs(1);

/// A live session as the engine holds it.
#[derive(Debug, Clone)]
pub(crate) struct Handle {
    pub(crate) id: SessionId,
    pub(crate) user: UserId,
    pub(super) jobs: Queue,
    pub(super) control: mpsc::Sender<Control>,
    pub(super) view: watch::Receiver<SessionView>,
    pub(super) log: Arc<EventLog>,
    pub(super) live_view: Arc<LiveView>,
    pub(super) keys: Arc<Mutex<Dedupe>>,
    /// The session's page; gone once the session has ended.
    pub(super) page: Weak<dyn Page>,
    pub(super) pools: Arc<Pools>,
}

impl Handle {
    /// The session's view as last published.
    pub(crate) fn view(&self) -> SessionView {
        self.view.borrow().clone()
    }

    /// The session's view at `now`. A session whose deadline has passed is about to end, so this waits up to
    /// [`OVERDUE`] for its final view.
    pub(crate) async fn present(&self, now: Timestamp) -> SessionView {
        let mut view = self.view.clone();
        let overdue = view.borrow().is_active() && view.borrow().expires_at <= now;
        if overdue {
            // after the timeout the view is returned as it is
            let _ = tokio::time::timeout(OVERDUE, view.wait_for(|view| !view.is_active())).await;
        }
        let mut view = self.view();
        view.traffic = self.page.upgrade().filter(|_| view.is_active()).and_then(|page| page.traffic());
        view
    }

    pub(crate) fn watch(&self, options: ViewOptions) -> View {
        self.live_view.join(options)
    }

    pub(crate) fn follow(&self, since: Option<&Since>) -> Follow {
        self.log.follow(since, self.view())
    }

    /// The log, which outlives the session for late followers.
    pub(crate) fn log(&self) -> Arc<EventLog> {
        Arc::clone(&self.log)
    }

    /// The keys, which outlive the session for late retries.
    pub(crate) fn keys(&self) -> Arc<Mutex<Dedupe>> {
        Arc::clone(&self.keys)
    }

    /// Runs an action. If its key is already in use, waits for the running action of that key or repeats its stored
    /// reply.
    pub(crate) async fn execute(&self, caller: Caller, request: ActionRequest) -> Result<Executed, Error> {
        if let Some(keyed) = &request.keyed {
            let decision = self.keys.lock().begin(keyed);
            match decision {
                Decision::Run => {}
                Decision::Join(ending) => return self.join(ending).await,
                Decision::Replay(ending) => return self.replay(&ending),
                Decision::Dropped(Ok(())) => return Ok(Executed::Dropped(Box::new(self.view()))),
                Decision::Dropped(Err((code, outcome))) => {
                    return Err(Error::new(code, "the action of this Idempotency-Key failed; its answer is not kept")
                        .with_reason("result_dropped")
                        .with_outcome(outcome)
                        .with_session(self.view()));
                }
                Decision::Full => {
                    return Err(Error::invalid("no further Idempotency-Key of this session can be remembered")
                        .with_reason("too_many_keys")
                        .with_hint("leave the key out, or go on in a new session")
                        .with_session(self.view()));
                }
                Decision::Conflict => {
                    return Err(Error::invalid("this Idempotency-Key was used for another request of this session")
                        .with_session(self.view()));
                }
            }
        }
        self.run(caller, request).await
    }

    async fn run(&self, caller: Caller, request: ActionRequest) -> Result<Executed, Error> {
        let ActionRequest { action, keyed, cancel_check } = request;
        let key = keyed.map(|keyed| keyed.key);
        let (reply, ending) = oneshot::channel();
        let action_id: Arc<str> = format!("a_{}", Uuid::new_v4().simple()).into();
        let job = Job { action, action_id, by: caller.connection, cancel_check, key: key.clone(), reply };
        if let Err(refused) = self.jobs.push(job) {
            if let Some(key) = &key {
                self.keys.lock().forget(key);
            }
            return Err(match refused {
                Refused::Full => self.busy(),
                Refused::Closed => Error::inactive(self.ended().await?),
            });
        }
        match ending.await {
            Ok(Ok(reply)) => Ok(Executed::Reply(ActionReply::clone(&reply))),
            Ok(Err(error)) => Err(Error::clone(&error)),
            // The actor ended while this request was in its mailbox.
            Err(_never_begun) => {
                if let Some(key) = &key {
                    self.keys.lock().forget(key);
                }
                Err(Error::inactive(self.ended().await?))
            }
        }
    }

    fn busy(&self) -> Error {
        let queued = self.jobs.bound();
        Error::new(ErrorCode::Busy, format!("{queued} actions are waiting in this session already"))
            .with_retry_after(Duration::from_secs(1))
            .with_hint("wait for the replies of earlier actions before sending more")
            .with_session(self.view())
    }

    async fn join(&self, mut ending: watch::Receiver<Option<Ending>>) -> Result<Executed, Error> {
        let ending = ending.wait_for(Option::is_some).await.ok().and_then(|ending| ending.clone());
        match ending {
            Some(ending) => self.replay(&ending),
            None if self.view().is_active() => {
                Err(Error::new(ErrorCode::Unavailable, "the action of this Idempotency-Key was not begun")
                    .with_session(self.view()))
            }
            None => Err(Error::inactive(self.ended().await?)),
        }
    }

    fn replay(&self, ending: &Ending) -> Result<Executed, Error> {
        match ending {
            Ok(reply) => {
                let session = Arc::new(self.view());
                Ok(Executed::Reply(ActionReply { replayed: true, session, ..ActionReply::clone(reply) }))
            }
            Err(error) => Err(Error::clone(error).with_detail("replayed", true).with_session(self.view())),
        }
    }

    pub(crate) async fn renew(&self, ttl: Duration) -> Result<SessionView, Error> {
        let (reply, answer) = oneshot::channel();
        self.tell(Control::Renew { ttl, reply }).await?;
        match answer.await {
            Ok(result) => result,
            Err(_ended) => Err(Error::inactive(self.ended().await?)),
        }
    }

    /// Cancels an action: removes it from the queue, or stops it if it is running. Its key stays used, so a repetition
    /// gets the cancelled ending.
    pub(crate) async fn cancel(&self, name: ActionName) -> Result<bool, Error> {
        if let Some(job) = self.jobs.take_back(&name) {
            let ending: Ending = Err(Arc::new(cancelled(RunOutcome::NotExecuted).with_session(self.view())));
            if let Some(key) = &job.key {
                self.keys.lock().end(key, &ending);
            }
            let _ = job.reply.send(ending); // fails when the caller has left
            return Ok(true);
        }
        let (reply, answer) = oneshot::channel();
        self.tell(Control::Cancel { name, reply }).await?;
        Ok(answer.await.unwrap_or(false)) // the actor has ended, so nothing is running any more
    }

    /// Ends the session because another instance has settled it.
    pub(crate) async fn lose(&self) {
        // fails when the mailbox is closed: the session is already ending
        let _ = self.control.send(Control::Lose).await;
    }

    /// Ends the session and returns its final view.
    pub(crate) async fn close(&self) -> Result<SessionView, Error> {
        // fails when the mailbox is closed: the session is already ending
        let _ = self.control.send(Control::Close).await;
        self.ended().await
    }

    async fn tell(&self, control: Control) -> Result<(), Error> {
        match self.control.send(control).await {
            Ok(()) => Ok(()),
            Err(_ended) => Err(Error::inactive(self.ended().await?)),
        }
    }

    /// Waits until the end is in the ledger and returns the final view.
    pub(crate) async fn ended(&self) -> Result<SessionView, Error> {
        let mut view = self.view.clone();
        let last = tokio::time::timeout(END_TIMEOUT, view.wait_for(|view| !view.is_active())).await;
        match last {
            Ok(Ok(view)) => Ok(view.clone()),
            Ok(Err(_)) | Err(_) => Err(unrecorded()),
        }
    }
}

//! Runs the actions of a session one at a time and answers their callers.

use std::sync::Arc;

use futures::FutureExt;
use tokio::time::Instant;

use super::{
    batch::Run,
    dedupe::Ending,
    failure::Failure,
    job::{Job, cancelled},
    log::{brief, brief_outcome},
    task::{Actor, Running},
};
use crate::{
    action::EncodedOutcome,
    call::ActionName,
    error::RunOutcome,
    event::{ActionFinished, ActionStarted, EventKind},
    reply::ActionReply,
};

impl Actor {
    pub(super) fn begin(&mut self, job: Job) {
        if let Err(refusal) = self.services.lease.check().and_then(|()| job.still_wanted()) {
            if let Some(key) = &job.key {
                self.keys.lock().forget(key); // the client may send it again
            }
            let view = self.view();
            let _ = job.reply.send(Err(Arc::new(refusal.with_session(view)))); // fails when the caller has left
            return;
        }
        self.log.append(EventKind::ActionStarted(ActionStarted {
            action_id: Arc::clone(&job.action_id),
            kind: job.action.action_type(),
            by: job.by.clone(),
        }));
        let run = Run {
            page: Arc::clone(&self.page),
            usage: Arc::clone(&self.usage),
            log: Arc::clone(&self.log),
            action_id: Arc::clone(&job.action_id),
            lease: self.services.lease.clone(),
            replies: self.replies.clone(),
        };
        let result = run.perform(job.action.clone()).boxed();
        self.running = Some(Running { job, started: Instant::now(), result });
    }

    pub(super) fn performed(&mut self, result: Result<EncodedOutcome, Failure>) {
        let Some(running) = self.running.take() else { return };
        let result = match result {
            Ok(outcome) => Ok(outcome),
            Err(Failure::Failed(error)) => Err(error),
            Err(Failure::PageLost(_)) => {
                // The session ends next, and then this caller gets its final form.
                self.running = Some(Running { result: std::future::pending().boxed(), ..running });
                return;
            }
        };
        let duration_ms = u64::try_from(running.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let view = self.publish_view();
        let finished = ActionFinished {
            action_id: Arc::clone(&running.job.action_id),
            kind: running.job.action.action_type(),
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

    pub(super) fn answer(&self, job: Job, ending: Ending) {
        if let Some(key) = &job.key {
            self.keys.lock().end(key, &ending);
        }
        let _ = job.reply.send(ending); // fails when the caller has left
    }

    /// Stops the running action if it has this name. Its caller is answered once no part of it can reach the page any
    /// more.
    pub(super) fn cancel(&mut self, name: &ActionName) -> bool {
        let Some(running) = self.running.as_mut().filter(|running| running.job.is_named(name)) else { return false };
        self.usage.lock().end_all();
        let given_up = Arc::clone(&self.page).give_up();
        running.result = given_up.map(|()| Err(cancelled(RunOutcome::Unknown).into())).boxed();
        true
    }
}

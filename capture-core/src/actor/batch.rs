//! Runs one action for the session actor: a single action, or a batch step by step. Backends do not know about batches;
//! they are given single actions only.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{
    failure::Failure,
    lease::Lease,
    log::{EventLog, brief_step},
    replies::Replies,
};
use crate::{
    action::{Action, ActionKind, ActionResult, Batch, BatchResult, EncodedOutcome, Outcome, StepResult},
    browser::Page,
    error::{Error, ErrorCode, RunOutcome},
    event::{ActionStep, EventKind},
    session::Usage,
};

/// Time the page gets beyond an action's own deadline to end the action by itself.
const GRACE: Duration = Duration::from_millis(500);

/// Everything that running an action needs. The values are owned, so that the run can outlive a borrow of its actor.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) page: Arc<dyn Page>,
    pub(super) usage: Arc<Mutex<Usage>>,
    pub(super) log: Arc<EventLog>,
    pub(super) action_id: Arc<str>,
    pub(super) lease: Lease,
    pub(super) replies: Replies,
}

impl Run {
    /// Does the action and counts it; every attempted step of a batch counts under its own type as well.
    pub(super) async fn perform(self, action: Action) -> Result<EncodedOutcome, Failure> {
        let deadline = Instant::now() + action.timeout();
        let kind = action.action_type();
        self.usage.lock().begin(kind);
        let result = match action.kind {
            ActionKind::Batch(mut batch) => {
                // A batch may itself request a viewport size, set before its first step, and a picture, taken after its
                // last step.
                if let Some(first) = batch.steps.first_mut() {
                    first.viewport = first.viewport.or(action.viewport);
                }
                if let Some(last) = batch.steps.last_mut() {
                    last.screenshot |= action.screenshot;
                }
                self.batch(batch, deadline).await
            }
            _ => self.single(action, deadline, 0).await,
        };
        self.usage.lock().end(kind, result.is_ok());
        result
    }

    /// Does one action, into a reply that has `taken` bytes already.
    async fn single(&self, action: Action, deadline: Instant, taken: usize) -> Result<EncodedOutcome, Failure> {
        self.replies.before(&action)?;
        let (kind, timeout) = (action.action_type(), action.timeout());
        let performed = Arc::clone(&self.page).perform(action, deadline);
        match tokio::time::timeout_at(deadline + GRACE, performed).await {
            Ok(Ok(outcome)) => Ok(self.replies.after(outcome, taken)?),
            Ok(Err(error)) => Err(error.into()),
            Err(_elapsed) => Err(Error::new(
                ErrorCode::ActionTimeout,
                format!("{kind} did not end within {} ms: the page does not answer", timeout.as_millis()),
            )
            .with_outcome(RunOutcome::Unknown)
            .into()),
        }
    }

    async fn batch(&self, batch: Batch, deadline: Instant) -> Result<EncodedOutcome, Failure> {
        let mut results = Vec::with_capacity(batch.steps.len());
        let (mut failed, mut taken): (Option<(usize, Failure)>, usize) = (None, 0);
        for (index, step) in batch.steps.into_iter().enumerate() {
            let (step, failure) = self.step(index, step, deadline, taken).await;
            taken += step.json_bytes();
            results.push(step);
            let Some(failure) = failure else { continue };
            let lost = matches!(failure, Failure::PageLost(_));
            failed.get_or_insert((index, failure));
            if lost || !batch.continue_on_error {
                break;
            }
        }
        let completed = results.iter().filter(|step| step.result.is_ok()).count();
        let failed_index = failed.as_ref().map(|(index, _)| *index);
        let result = BatchResult { results, completed, failed_index };
        match failed {
            Some((index, failure)) if !batch.continue_on_error => {
                Err(failure.map(|error| partial(error.at_step(index), &result)))
            }
            _ => Ok(Outcome::from(ActionResult::Batch(result)).into()),
        }
    }

    async fn step(&self, index: usize, step: Action, deadline: Instant, taken: usize) -> (StepResult, Option<Failure>) {
        let kind = step.action_type();
        let started = Instant::now();
        let own_deadline = deadline.min(started + step.timeout());
        self.usage.lock().begin(kind);
        let result = if started >= deadline {
            Err(Error::new(ErrorCode::ActionTimeout, "the batch was out of time before this step").into())
        } else if let Err(suspended) = self.lease.check() {
            Err(suspended.into())
        } else {
            self.single(step, own_deadline, taken).await
        };
        self.usage.lock().end(kind, result.is_ok());
        let (result, failure) = match result {
            Ok(outcome) => (Ok(outcome), None),
            Err(failure) => (Err(error_fields(failure.error())), Some(failure)),
        };
        let duration_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let step = StepResult { index, kind, duration_ms, result };
        self.log.append(EventKind::ActionStep(ActionStep {
            action_id: Arc::clone(&self.action_id),
            index,
            step: brief_step(&step),
        }));
        (step, failure)
    }
}

/// The batch fails with the status and error of its failing step; the results so far are in the body.
fn partial(error: Error, result: &BatchResult) -> Error {
    let outcome = if result.completed > 0 { RunOutcome::Unknown } else { error.outcome() };
    match serde_json::to_value(result) {
        Ok(Value::Object(fields)) => error.with_details(fields).with_outcome(outcome),
        _ => error,
    }
}

/// The fields of a step's error, as they appear in a reply that is only an error.
fn error_fields(error: &Error) -> Map<String, Value> {
    let mut fields = error.details().clone();
    fields.insert("error".into(), error.message().into());
    fields.insert("code".into(), error.code().as_str().into());
    if let Some(reason) = error.reason() {
        fields.insert("reason".into(), reason.into());
    }
    fields.insert("retryable".into(), error.code().is_retryable().into());
    fields.insert("hint".into(), error.hint().into());
    if let Ok(outcome) = serde_json::to_value(error.outcome()) {
        fields.insert("outcome".into(), outcome);
    }
    fields
}

//! Carries batches out: a few jobs at a time, the way that every render goes, and then the notification.
//!
//! A job is written down as soon as its result is stored. A job that was under way when the process ended is done
//! again; its render was then released uncharged.

use std::{sync::Arc, time::Duration};

use capture_core::{Caller, Error, ErrorCode, SERVER_BUSY};
use futures::{StreamExt, stream};
use tokio::time::sleep;

use super::{
    notify,
    record::{Batch, BatchId, BatchKind, JobResult},
};
use crate::{
    app::App,
    render::{Kind, Params, Prepared, answer, prepare, store},
};

/// Jobs of a batch that are under way at a time, so that its user's other renders have their turn.
const AT_ONCE: usize = 2;
/// How often a job is tried when the server has no room for it, with pauses that double.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// Goes on with the batches that an earlier process has left unfinished.
pub fn resume_batches(app: &Arc<App>) {
    for id in app.batches().unsettled() {
        start(app, id);
    }
}

/// Carries a batch out in the background.
pub(super) fn start(app: &Arc<App>, id: BatchId) {
    let serving = Arc::clone(app);
    app.batches().spawn(async move {
        carry_out(&serving, id).await;
        tell(&serving, id).await;
    });
}

async fn carry_out(app: &Arc<App>, id: BatchId) {
    let Some(batch) = app.batches().get(id) else { return };
    let batch = &batch;
    let carried_out = stream::iter(batch.pending()).for_each_concurrent(AT_ONCE, |index| async move {
        if let Some(result) = job(app, batch, index).await {
            let now = app.now();
            app.batches().update(id, |batch| batch.finish(index, result, now)).await;
        }
    });
    carried_out.await;
}

/// Carries out a job; `None` if it is left for the next start.
async fn job(app: &Arc<App>, batch: &Batch, index: usize) -> Option<JobResult> {
    if app.batches().is_stopping() {
        return None;
    }
    let job = batch.jobs.get(index)?;
    let params = Params::of_options(&job.url, &job.options);
    let prepared = match prepare(app, &batch.user, batch.kind.into(), params, false) {
        Ok(prepared) => prepared,
        Err(error) => return Some(failed(&error)),
    };
    let Prepared { work, warnings, .. } = prepared;
    let render = || answer(app, Caller::user(batch.user.clone()), work.clone().not_stored());
    let rendered = patiently(app, render).await?;
    let answer = match rendered {
        Ok(answer) => answer,
        Err(error) => return Some(failed(&error)),
    };
    let rendered = &answer.made.rendered;
    let result = JobResult {
        billed_credits: if answer.is_hit { 0 } else { rendered.billed_credits },
        warnings: warnings.into_iter().chain(rendered.rendering.warnings.iter().cloned()).collect(),
        ..JobResult::default()
    };
    // Stored apart from the render, so that trying that again renders and charges nothing. It is stored for each job,
    // because the file of an earlier one may have given way.
    let keep = || store(app.stores(), &batch.user, &work.key, &answer.made, &work.storing);
    match patiently(app, keep).await? {
        Ok(file) => Some(JobResult { success: true, file: Some(file.path.relative().to_owned()), ..result }),
        Err(error) => Some(JobResult { billed_credits: result.billed_credits, ..failed(&error) }),
    }
}

/// Tries again while the server has no room; `None` if the server stops meanwhile. The first attempt is always made, so
/// that what was charged is stored although the server stops.
async fn patiently<T, A>(app: &App, attempt: impl Fn() -> A) -> Option<Result<T, Error>>
where
    A: Future<Output = Result<T, Error>>,
{
    let mut pause = FIRST_PAUSE;
    for number in 1..=TRIES {
        match attempt().await {
            Err(error) if is_passing(&error) => {
                if app.batches().is_stopping() {
                    return None;
                }
                if number == TRIES {
                    return Some(Err(error));
                }
            }
            ended => return Some(ended),
        }
        tokio::select! {
            () = sleep(pause) => pause *= 2,
            () = app.batches().stopped() => return None,
        }
    }
    None // not reached: the last attempt returns
}

fn is_passing(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::Busy | ErrorCode::SessionLimit | ErrorCode::Unavailable)
        || error.reason() == Some(SERVER_BUSY)
}

fn failed(error: &Error) -> JobResult {
    let billed = error.details().get("billedCredits").and_then(serde_json::Value::as_u64);
    JobResult {
        error: Some(error.message().to_owned()),
        code: Some(error.code().as_str().to_owned()),
        reason: error.reason().map(str::to_owned),
        billed_credits: billed.unwrap_or(0),
        ..JobResult::default()
    }
}

/// Tells the user that the batch is done, until it is heard or given up.
async fn tell(app: &App, id: BatchId) {
    loop {
        let due = app.batches().get(id).and_then(|batch| batch.notify_at());
        let Some(at) = due else { return };
        tokio::select! {
            biased;
            () = app.batches().stopped() => return,
            () = tokio::time::sleep_until(app.clock().instant(at)) => {}
        }
        let Some(batch) = app.batches().get(id) else { return };
        let Some(notification) = &batch.notification else { return };
        let attempt = notify::send(app, &batch, notification).await;
        let now = app.now();
        app.batches().update(id, |batch| batch.notified(attempt, now)).await;
    }
}

impl From<BatchKind> for Kind {
    fn from(kind: BatchKind) -> Self {
        match kind {
            BatchKind::Image => Self::Image,
            BatchKind::Pdf => Self::Pdf,
        }
    }
}

//! Answers a request for a render: from the cache, by joining an equal one, or by rendering.

use std::sync::Arc;

use capture_core::{Caller, Error, ErrorCode, RunOutcome, SERVER_BUSY, account::UserId};

use super::{
    cache::{Ended, Found, Outcome},
    made::{CacheKey, Made},
    store::store,
    work::{Storing, Work},
};
use crate::{app::App, storage::File};

/// An answer, and whether it came from the cache.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) made: Made,
    pub(crate) is_hit: bool,
}

/// Answers a request. Once begun, a render goes on and is stored although its client may leave.
pub(crate) async fn answer(app: &Arc<App>, caller: Caller, work: Work) -> Result<Answer, Error> {
    let always_renders = work.cache_use.always_renders();
    let (mut outcome, is_hit) = match app.renders().find(&work.key, always_renders, app.now()) {
        Found::Kept(Ok(made), _) => return Ok(Answer { made, is_hit: true }),
        Found::Kept(Err(error), until) => {
            return Err(unbilled(&error).with_retry_after(until.since(app.now())));
        }
        Found::Joined(under_way) => (under_way, true),
        Found::New(done) => {
            let under_way = done.subscribe();
            let serving = Arc::clone(app);
            app.renders().spawn(async move {
                let app = serving;
                let (key, keep) = (work.key.clone(), work.cache_use.keep);
                let kept = if always_renders { None } else { app.renders().on_disk(&key, app.now()).await };
                let outcome = match kept {
                    Some(made) => Ok(made),
                    None => perform(&app, caller, work).await,
                };
                let keep = keep && outcome.as_ref().err().is_none_or(|error| is_lasting(error));
                let new = outcome.as_ref().ok().filter(|made| keep && !made.is_from_disk).cloned();
                app.renders().finish(Ended { key: key.clone(), done, outcome, keep, now: app.now() });
                if let Some(made) = new {
                    app.renders().keep_on_disk(&key, &made).await;
                }
            });
            (under_way, false)
        }
    };
    let told_to_all = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
    let stopped = || Error::new(ErrorCode::Unavailable, "the server stopped during the render");
    match told_to_all.ok_or_else(|| stopped().with_outcome(RunOutcome::Unknown))? {
        Ok(made) => Ok(Answer { is_hit: is_hit || made.is_from_disk, made }),
        Err(error) if is_hit => Err(unbilled(&error)),
        Err(error) => Err(Error::clone(&error)),
    }
}

/// Renders, and stores the result where that is asked for.
async fn perform(app: &Arc<App>, caller: Caller, work: Work) -> Outcome {
    let user = caller.user.clone();
    let rendered = app.sessions().render(caller, work.request).await.map_err(Arc::new)?;
    let mut made = Made::new(rendered, app.now());
    if !work.storing.skip {
        match store(app.stores(), &user, &work.key, &made, &work.storing).await {
            Ok(file) => drop(made.file.set(file)),
            Err(error) => made.not_stored = Some(Arc::new(error)),
        }
    }
    Ok(made)
}

/// The file of a result. A result of the cache that has none is stored now if the reply leads to it; other replies do not
/// wait for a bucket.
///
/// # Errors
/// Why it is not stored.
pub(super) async fn file(
    app: &App,
    user: &UserId,
    key: &CacheKey,
    storing: &Storing,
    answer: &Answer,
) -> Result<Option<File>, Error> {
    let made = &answer.made;
    match (made.file.get(), &made.not_stored) {
        (Some(file), _) => Ok(Some(file.clone())),
        (None, Some(error)) if !answer.is_hit => Err(Error::clone(error)),
        (None, _) if storing.redirect => {
            let store = || store(app.stores(), user, key, made, storing);
            made.file.get_or_try_init(store).await.cloned().map(Some)
        }
        (None, _) => Ok(None),
    }
}

/// The error of another request, of which this one pays nothing.
fn unbilled(error: &Error) -> Error {
    error.clone().without_detail("billedCredits")
}

/// Whether the document caused the error, so that trying again at once would not help.
fn is_lasting(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::ActionFailed | ErrorCode::ActionTimeout) && error.reason() != Some(SERVER_BUSY)
}

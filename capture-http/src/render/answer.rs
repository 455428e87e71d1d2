//! Answers a request for a render: from the cache, by joining an equal one, or by rendering.

use std::sync::Arc;

use capture_core::{Caller, Error, ErrorCode, RunOutcome, render::RenderRequest};

use super::cache::{CacheKey, Ended, Found, Made, Outcome};
use crate::app::App;

/// An answer, and whether it came from the cache.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) made: Made,
    pub(crate) is_hit: bool,
}

/// How a request may use the cache.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CacheUse {
    /// Neither the cache nor a render under way answers.
    pub(super) fresh: bool,
    /// The result may be kept.
    pub(super) keep: bool,
}

/// Answers a request. Once begun, a render goes on if its client leaves.
pub(crate) async fn answer(
    app: &Arc<App>,
    caller: Caller,
    key: CacheKey,
    request: RenderRequest,
    cache_use: CacheUse,
) -> Result<Answer, Error> {
    let (mut outcome, is_hit) = match app.renders().find(&key, cache_use.fresh || !cache_use.keep, app.now()) {
        Found::Kept(outcome) => return told(outcome, true),
        Found::Joined(under_way) => (under_way, true),
        Found::New(done) => {
            let under_way = done.subscribe();
            let serving = Arc::clone(app);
            app.renders().spawn(async move {
                let app = serving;
                let result = app.sessions().render(caller, request).await;
                let at = app.now();
                let keep = cache_use.keep && result.as_ref().err().is_none_or(is_lasting);
                let outcome = result.map(|rendered| Made { rendered: Arc::new(rendered), at }).map_err(Arc::new);
                app.renders().finish(Ended { key, done, outcome, keep, now: at });
            });
            (under_way, false)
        }
    };
    let told_to_all = outcome.wait_for(Option::is_some).await.ok().and_then(|outcome| outcome.clone());
    let stopped = || Error::new(ErrorCode::Unavailable, "the server stopped during the render");
    told(told_to_all.ok_or_else(|| stopped().with_outcome(RunOutcome::Unknown))?, is_hit)
}

fn told(outcome: Outcome, is_hit: bool) -> Result<Answer, Error> {
    match outcome {
        Ok(made) => Ok(Answer { made, is_hit }),
        Err(error) => Err(Error::clone(&error)),
    }
}

/// Whether the document caused the error, so that trying again at once would not help.
fn is_lasting(error: &Error) -> bool {
    matches!(error.code(), ErrorCode::ActionFailed | ErrorCode::ActionTimeout)
}

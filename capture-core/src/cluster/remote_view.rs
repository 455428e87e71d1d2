//! The viewer's side of a live view of another instance's session. The next picture is requested once the previous one
//! has been taken.

use std::sync::Arc;

use super::{
    Shared,
    message::{Verb, VerbResponse},
    routing::RemoteSession,
};
use crate::actor::{NumberedFrame, ViewOptions};

/// A viewer of a page of another instance.
pub(super) struct RemoteView {
    shared: Arc<Shared>,
    remote: RemoteSession,
    options: ViewOptions,
    view: u64,
}

impl RemoteView {
    pub(super) fn new(shared: Arc<Shared>, remote: RemoteSession, options: ViewOptions) -> Self {
        let view = shared.gateway.number();
        Self { shared, remote, options, view }
    }

    /// The next picture; `None` when there will be no more.
    pub(super) async fn next(&self) -> Option<Arc<NumberedFrame>> {
        loop {
            let verb = Verb::Look { id: self.remote.id, options: self.options, view: self.view };
            match self.shared.ask(&self.remote, verb).await {
                Ok(VerbResponse::Picture(Some(shown))) => return Some(Arc::new(shown)),
                Ok(VerbResponse::Picture(None)) => {}
                Ok(_) => return None,
                Err(error) => {
                    tracing::debug!(%error, session.id = %self.remote.id, "a view of another instance ended");
                    return None;
                }
            }
        }
    }
}

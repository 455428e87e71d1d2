//! Pictures for viewers of other instances, on the side of the session's owner: each is asked for, so that a viewer that has
//! enough stops the filming.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::Mutex;
use tokio::time::Instant;

use super::message::VerbResponse;
use crate::{
    actor::{View, ViewOptions},
    call::Caller,
    engine::Engine,
    error::Error,
    ledger::redis::InstanceId,
    session::SessionId,
    sessions::Sessions,
};

/// Pictures a second that cross between instances.
pub(super) const MOST_FPS: u32 = 5;
/// How long a question for a picture waits for one.
const WAIT: Duration = Duration::from_secs(5);
/// A view nobody asked for this long is over.
const IDLE: Duration = Duration::from_secs(15);

type Name = (InstanceId, u64);

/// Views by name.
#[derive(Debug, Default)]
pub(super) struct Views(Mutex<HashMap<Name, Watched>>);

#[derive(Debug)]
struct Watched {
    view: Arc<tokio::sync::Mutex<View>>,
    asked: Instant,
}

impl Views {
    /// The next picture of this view, which begins with the first question.
    pub(super) async fn look(
        &self,
        engine: &Engine,
        caller: Caller,
        (id, options): (SessionId, ViewOptions),
        name: Name,
    ) -> Result<VerbResponse, Error> {
        let known = self.0.lock().get_mut(&name).map(|watched| {
            watched.asked = Instant::now();
            Arc::clone(&watched.view)
        });
        let view = match known {
            Some(view) => view,
            None => {
                let options = ViewOptions { max_fps: options.max_fps.min(MOST_FPS), ..options };
                let view = Arc::new(tokio::sync::Mutex::new(engine.view(caller, id, options).await?));
                self.0.lock().insert(name, Watched { view: Arc::clone(&view), asked: Instant::now() });
                view
            }
        };
        let mut view = view.lock().await;
        match tokio::time::timeout(WAIT, view.next()).await {
            Ok(Some(shown)) => Ok(VerbResponse::Picture(Some((*shown).clone()))),
            Ok(None) => Ok(VerbResponse::Ended),
            Err(_elapsed) => Ok(VerbResponse::Picture(None)),
        }
    }

    pub(super) fn sweep(&self) {
        self.0.lock().retain(|_, watched| watched.asked.elapsed() < IDLE);
    }
}

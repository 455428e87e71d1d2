//! The owner's side of live views for viewers on other instances. Every picture is requested, so that pictures are only
//! taken while a viewer wants them.

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

/// Maximum number of pictures per second that are sent between instances.
pub(super) const MOST_FPS: u32 = 5;
/// How long a request for a picture waits for one.
const WAIT: Duration = Duration::from_secs(5);
/// A view that was not requested for this long is closed.
const IDLE: Duration = Duration::from_secs(15);

pub(super) type Name = (InstanceId, u64);

/// The views by name.
#[derive(Debug, Default)]
pub(super) struct Views(Mutex<HashMap<Name, Watched>>);

#[derive(Debug)]
struct Watched {
    view: Arc<tokio::sync::Mutex<View>>,
    asked: Instant,
}

/// A request for the next picture of a view.
pub(super) struct Look {
    pub(super) id: SessionId,
    pub(super) options: ViewOptions,
    /// The instance that shows the view, and the number that it gave the view.
    pub(super) name: Name,
}

impl Views {
    /// The next picture of a view. The first request opens the view.
    pub(super) async fn look(&self, engine: &Engine, caller: Caller, look: Look) -> Result<VerbResponse, Error> {
        let Look { id, options, name } = look;
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

//! What the session is told of its page.

use tokio::sync::mpsc;

use crate::event::{EventKind, PageNavigated};

/// Tells the session what happens in its page.
#[derive(Debug, Clone)]
pub(crate) struct Reports(mpsc::Sender<EventKind>);

impl Reports {
    pub(crate) fn new(queue: mpsc::Sender<EventKind>) -> Self {
        Self(queue)
    }

    pub(crate) fn tell(&self, event: EventKind) {
        // the event is dropped when the queue is full; replies still report what an action caused
        let _ = self.0.try_send(event);
    }

    /// Reports that the active page is another document or has another address, perhaps because another tab is active.
    pub(crate) fn shown(&self, url: Option<String>) {
        if let Some(url) = url {
            self.tell(EventKind::PageNavigated(PageNavigated { url }));
        }
    }
}

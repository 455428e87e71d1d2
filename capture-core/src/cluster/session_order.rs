//! Keeps the order of what is sent to another instance about one session. Requests are sent in the order in which they
//! were made, and actions are answered in the order in which they ran, as on the owner.

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::session::SessionId;

/// Completes when the previous action has been answered.
type Before = Option<oneshot::Receiver<()>>;

/// The sessions that have requests under way.
#[derive(Debug, Default)]
pub(super) struct SessionOrder(DashMap<SessionId, Arc<Mutex<Before>>>);

/// The right to send a request. It is released once the request was sent.
pub(super) type Sending = OwnedMutexGuard<Before>;

/// The right to answer an action after the previous one was answered.
#[derive(Debug)]
pub(super) struct Answering {
    before: Before,
    _answered: oneshot::Sender<()>,
    _session: Arc<Mutex<Before>>,
}

impl SessionOrder {
    /// The next turn of a session, after all earlier requests.
    pub(super) async fn next(&self, id: SessionId) -> (Sending, Answering) {
        let session = Arc::clone(&self.0.entry(id).or_default());
        let mut sending = Arc::clone(&session).lock_owned().await;
        let (answered, after) = oneshot::channel();
        let before = sending.replace(after);
        (sending, Answering { before, _answered: answered, _session: session })
    }

    /// The right to send a request whose answer need not wait for others.
    pub(super) async fn sending(&self, id: SessionId) -> Sending {
        let session = Arc::clone(&self.0.entry(id).or_default());
        session.lock_owned().await
    }

    /// Forgets sessions without requests under way.
    pub(super) fn sweep(&self) {
        self.0.retain(|_, session| Arc::strong_count(session) > 1);
    }
}

impl Answering {
    /// Waits until the previous action was answered.
    pub(super) async fn turn(&mut self) {
        if let Some(before) = self.before.take() {
            let _ = before.await; // it was answered, or its caller has left
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sent_in_order_and_answered_in_order_whoever_is_ready_first() {
        let (turns, id) = (SessionOrder::default(), SessionId::new());
        let (sending, first) = turns.next(id).await;
        let waiting = turns.next(id);
        tokio::pin!(waiting);
        assert!(futures::poll!(&mut waiting).is_pending(), "the first was not sent yet");
        drop(sending);
        let (sending, mut second) = waiting.await;
        {
            let turn = second.turn();
            tokio::pin!(turn);
            assert!(futures::poll!(&mut turn).is_pending(), "the first was not answered yet");
            drop(first);
            turn.await;
        }
        turns.sweep();
        assert_eq!(turns.0.len(), 1);
        drop((second, sending));
        turns.sweep();
        assert!(turns.0.is_empty());
    }
}

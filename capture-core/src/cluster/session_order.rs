//! The order of what goes to another instance about one session: sent in the order it was asked for, and actions answered in the
//! order they ran, as it would be here.

use std::sync::Arc;

use dashmap::DashMap;
use tokio::sync::{Mutex, OwnedMutexGuard, oneshot};

use crate::session::SessionId;

/// Completes when the action before has been answered.
type Before = Option<oneshot::Receiver<()>>;

/// The sessions in which something is under way.
#[derive(Debug, Default)]
pub(super) struct SessionOrder(DashMap<SessionId, Arc<Mutex<Before>>>);

/// The right to send; dropped once sent.
pub(super) type Sending = OwnedMutexGuard<Before>;

/// The right to answer, after the action before.
#[derive(Debug)]
pub(super) struct Answering {
    before: Before,
    _answered: oneshot::Sender<()>,
    _session: Arc<Mutex<Before>>,
}

impl SessionOrder {
    /// The next turn of a session, after all that were asked for earlier.
    pub(super) async fn next(&self, id: SessionId) -> (Sending, Answering) {
        let session = Arc::clone(&self.0.entry(id).or_default());
        let mut sending = Arc::clone(&session).lock_owned().await;
        let (answered, after) = oneshot::channel();
        let before = sending.replace(after);
        (sending, Answering { before, _answered: answered, _session: session })
    }

    /// The right to send something that is answered whenever it is ready.
    pub(super) async fn sending(&self, id: SessionId) -> Sending {
        let session = Arc::clone(&self.0.entry(id).or_default());
        session.lock_owned().await
    }

    /// Forgets sessions in which nothing is under way.
    pub(super) fn sweep(&self) {
        self.0.retain(|_, session| Arc::strong_count(session) > 1);
    }
}

impl Answering {
    /// Waits until the action before was answered.
    pub(super) async fn turn(&mut self) {
        if let Some(before) = self.before.take() {
            let _ = before.await; // answered, or nobody waits for it any more
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

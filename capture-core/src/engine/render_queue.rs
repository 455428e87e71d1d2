//! The renders of each user, in the order of their requests: as many at once as allowed, and a bounded number that
//! waits, because a waiting render keeps its document in memory.
//!
//! This module must not know the ledger, which counts a user's renders of all instances.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout_at},
};

use crate::account::UserId;

/// Maximum number of renders of a user that wait for their turn.
pub(super) const MAX_WAITING: usize = 100;

/// The turns of all users. Users without a render are forgotten.
#[derive(Debug)]
pub(super) struct RenderQueue {
    at_once: usize,
    users: Mutex<HashMap<UserId, Arc<OfUser>>>,
}

#[derive(Debug)]
struct OfUser {
    /// Renders that wait or run.
    admitted: Arc<Semaphore>,
    running: Arc<Semaphore>,
}

/// A render's turn, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _running: OwnedSemaphorePermit,
    _admitted: OwnedSemaphorePermit,
    _of_user: Arc<OfUser>,
}

/// Why a render has no turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTurn {
    /// As many renders of the user wait as allowed.
    Full,
    /// The turn did not come in time.
    Late,
}

impl RenderQueue {
    /// Turns for this many renders of each user at once.
    pub(super) fn new(at_once: usize) -> Self {
        Self { at_once, users: Mutex::default() }
    }

    /// Waits for the user's turn. Those of one user come in the order of their calls.
    ///
    /// # Errors
    /// [`NoTurn::Full`] at once, [`NoTurn::Late`] at `give_up`.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping the future leaves the queue.
    pub(super) async fn take(&self, user: &UserId, give_up: Instant) -> Result<Turn, NoTurn> {
        let of_user = self.of(user);
        let admitted = Arc::clone(&of_user.admitted).try_acquire_owned().map_err(|_full| NoTurn::Full)?;
        let running = timeout_at(give_up, Arc::clone(&of_user.running).acquire_owned()).await;
        let running = running.ok().and_then(Result::ok).ok_or(NoTurn::Late)?;
        Ok(Turn { _running: running, _admitted: admitted, _of_user: of_user })
    }

    fn of(&self, user: &UserId) -> Arc<OfUser> {
        let mut users = self.users.lock();
        users.retain(|_, of_user| Arc::strong_count(of_user) > 1);
        let new = || {
            let (admitted, running) = (Semaphore::new(self.at_once + MAX_WAITING), Semaphore::new(self.at_once));
            Arc::new(OfUser { admitted: Arc::new(admitted), running: Arc::new(running) })
        };
        Arc::clone(users.entry(user.clone()).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::{FutureExt, future::join_all};

    use super::*;

    fn user(id: &str) -> UserId {
        id.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_users_renders_come_in_order_and_another_user_waits_for_none_of_them() {
        let (queue, soon) = (RenderQueue::new(2), Instant::now() + Duration::from_secs(30));
        let first = queue.take(&user("ann"), soon).await.unwrap();
        let _second = queue.take(&user("ann"), soon).await.unwrap();
        let (ann, bob) = (user("ann"), user("bob"));
        let mut third = Box::pin(queue.take(&ann, soon));
        let mut fourth = Box::pin(queue.take(&ann, soon));
        assert!((&mut third).now_or_never().is_none() && (&mut fourth).now_or_never().is_none());
        assert!(queue.take(&bob, soon).now_or_never().unwrap().is_ok());
        drop(first);
        assert!((&mut fourth).now_or_never().is_none(), "the third was first");
        let third = third.await.unwrap();
        drop(fourth);
        drop(third);
        assert!(queue.take(&ann, soon).now_or_never().unwrap().is_ok(), "a request that left takes no turn");
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_has_a_bound_a_deadline_and_no_memory_of_users_who_left() {
        let (queue, soon) = (RenderQueue::new(1), Instant::now() + Duration::from_secs(30));
        let ann = user("ann");
        let turns = join_all((0..MAX_WAITING + 3).map(|_| queue.take(&ann, soon))).await;
        let count = |wanted: NoTurn| turns.iter().filter(|turn| turn.as_ref().err() == Some(&wanted)).count();
        assert_eq!((count(NoTurn::Full), count(NoTurn::Late)), (2, MAX_WAITING));
        drop(turns);
        assert!(queue.take(&user("bob"), soon + Duration::from_secs(1)).await.is_ok());
        assert_eq!(queue.users.lock().len(), 1);
    }
}

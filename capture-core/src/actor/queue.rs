//! The bounded queue of a session's waiting actions. Actions leave it in the order of arrival, and each can be removed
//! until it begins.

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::job::Job;
use crate::call::ActionName;

/// The sending side, shared by all callers.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    shared: Arc<Shared>,
}

/// The receiving side, held by the actor. Dropping it closes the queue and releases every waiting caller.
#[derive(Debug)]
pub(super) struct Waiting {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    jobs: Mutex<Option<VecDeque<Job>>>,
    came: Notify,
    bound: usize,
}

/// Why the queue did not accept a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    Full,
    Closed,
}

/// Creates a queue of at most `bound` waiting actions; the running action does not count.
pub(super) fn queue(bound: usize) -> (Queue, Waiting) {
    let jobs = Mutex::new(Some(VecDeque::new()));
    let shared = Arc::new(Shared { jobs, came: Notify::new(), bound: bound.max(1) });
    (Queue { shared: Arc::clone(&shared) }, Waiting { shared })
}

impl Queue {
    pub(super) fn bound(&self) -> usize {
        self.shared.bound
    }

    pub(super) fn push(&self, job: Job) -> Result<(), Refused> {
        let mut jobs = self.shared.jobs.lock();
        let jobs = jobs.as_mut().ok_or(Refused::Closed)?;
        if jobs.len() >= self.shared.bound {
            return Err(Refused::Full);
        }
        jobs.push_back(job);
        self.shared.came.notify_one();
        Ok(())
    }

    /// Removes a job that has not begun; `None` if it is not in the queue.
    pub(super) fn take_back(&self, name: &ActionName) -> Option<Job> {
        let mut jobs = self.shared.jobs.lock();
        let jobs = jobs.as_mut()?;
        let place = jobs.iter().position(|job| job.is_named(name))?;
        jobs.remove(place)
    }
}

impl Waiting {
    /// The next job; does not complete while the queue is empty.
    ///
    /// # Cancel safety
    /// Cancel safe: a job leaves the queue only with the call that returns it.
    pub(super) async fn next(&mut self) -> Job {
        loop {
            if let Some(job) = self.shared.jobs.lock().as_mut().and_then(VecDeque::pop_front) {
                return job;
            }
            self.shared.came.notified().await;
        }
    }
}

impl Waiting {
    /// Closes the queue and releases every waiting caller.
    pub(super) fn close(&self) {
        drop(self.shared.jobs.lock().take());
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use tokio::sync::oneshot;

    use super::*;
    use crate::{action, actor::dedupe::Ending};

    fn job(name: &str) -> (Job, oneshot::Receiver<Ending>) {
        let (reply, ending) = oneshot::channel();
        let action = action::parse(&serde_json::json!({"type": "title"})).unwrap();
        (Job { action, action_id: name.into(), by: None, cancel_check: None, key: name.parse().ok(), reply }, ending)
    }

    #[test]
    fn jobs_come_out_in_order_and_no_more_than_the_bound_wait() {
        let (queue, mut waiting) = queue(2);
        for (name, accepted) in [("a", Ok(())), ("b", Ok(())), ("c", Err(Refused::Full))] {
            assert_eq!(queue.push(job(name).0), accepted, "{name}");
        }
        let next = |waiting: &mut Waiting| waiting.next().now_or_never().map(|job| job.action_id.to_string());
        assert_eq!(next(&mut waiting).as_deref(), Some("a"));
        assert_eq!(queue.push(job("d").0), Ok(()));
        assert_eq!(next(&mut waiting).as_deref(), Some("b"));
        assert_eq!(next(&mut waiting).as_deref(), Some("d"));
        assert_eq!(next(&mut waiting), None);
    }

    #[test]
    fn a_job_can_be_taken_back_by_id_or_key_until_it_begins() {
        let (queue, mut waiting) = queue(8);
        for name in ["a", "b", "c"] {
            queue.push(job(name).0).unwrap();
        }
        let key = ActionName::Key("b".parse().unwrap());
        assert_eq!(&*queue.take_back(&key).unwrap().action_id, "b");
        assert!(queue.take_back(&key).is_none());
        assert!(waiting.next().now_or_never().is_some());
        assert!(queue.take_back(&ActionName::Id("a".to_owned())).is_none(), "it has begun");
        assert!(queue.take_back(&ActionName::Id("c".to_owned())).is_some());
    }

    #[test]
    fn the_end_lets_go_of_everyone() {
        let (queue, waiting) = queue(8);
        let (first, mut ending) = job("a");
        queue.push(first).unwrap();
        drop(waiting);
        assert!(ending.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed));
        assert_eq!(queue.push(job("b").0), Err(Refused::Closed));
    }
}

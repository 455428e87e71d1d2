//! A batch as data: what was asked for, what became of it, and what is left to do. Pure; written to a file as it is.

use std::{fmt, str::FromStr, time::Duration};

use capture_core::{account::UserId, clock::Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::schedule::pause_after;

/// How long a batch that is finished can be asked about.
pub(super) const KEPT: Duration = Duration::from_secs(24 * 3600);

/// The id of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct BatchId(uuid::Uuid);

impl BatchId {
    /// A new id.
    pub(super) fn new() -> Self {
        Self(uuid::Uuid::new_v4())
    }
}

impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch_{}", self.0)
    }
}

/// The error for a text that is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the id of a batch")]
pub(crate) struct InvalidBatchId;

impl FromStr for BatchId {
    type Err = InvalidBatchId;

    fn from_str(text: &str) -> Result<Self, InvalidBatchId> {
        let id = text.strip_prefix("batch_").and_then(|id| id.parse().ok()).map(Self);
        id.filter(|id| id.to_string() == text).ok_or(InvalidBatchId) // one spelling only
    }
}

impl TryFrom<String> for BatchId {
    type Error = InvalidBatchId;

    fn try_from(text: String) -> Result<Self, InvalidBatchId> {
        text.parse()
    }
}

impl From<BatchId> for String {
    fn from(id: BatchId) -> Self {
        id.to_string()
    }
}

/// What the jobs of a batch result in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum BatchKind {
    Image,
    Pdf,
}

/// A batch.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Batch {
    pub(super) id: BatchId,
    pub(super) user: UserId,
    pub(super) kind: BatchKind,
    pub(super) created_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
    pub(super) jobs: Vec<Job>,
    pub(super) notification: Option<Notification>,
}

/// A job of a batch.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(super) url: String,
    /// They may have credentials of the page in them, and are forgotten when the job is done.
    pub(super) options: Map<String, Value>,
    pub(super) result: Option<JobResult>,
}

impl fmt::Debug for Job {
    /// Leaves out everything that may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("result", &self.result).finish_non_exhaustive()
    }
}

/// What became of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct JobResult {
    pub(super) success: bool,
    /// Where the result is, below the part of its user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<String>,
    pub(super) billed_credits: u64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<String>,
}

/// Whether somebody was told that the batch is done.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Notification {
    pub(super) uri: Url,
    pub(super) state: NotificationState,
    pub(super) attempts: u32,
    pub(super) last_error: Option<String>,
    /// When it is sent next.
    pub(super) next_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum NotificationState {
    /// The batch is not done.
    Waiting,
    /// It is sent, or will be sent again.
    Pending,
    Delivered,
    /// It was given up.
    Failed,
}

/// How an attempt to notify ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Attempt {
    Delivered,
    /// It may succeed later.
    Failed(String),
    /// It will never succeed.
    Refused(String),
}

impl Notification {
    pub(super) fn new(uri: Url) -> Self {
        Self { uri, state: NotificationState::Waiting, attempts: 0, last_error: None, next_at: None }
    }
}

/// An address without the user name and the password that may stand before its host; it may lack a scheme.
fn without_user_information(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let end = rest.find(['/', '?', '#', '\\']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    match authority.rsplit_once('@') {
        Some((_, host)) if scheme.is_empty() => format!("{host}{path}"),
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => address.to_owned(),
    }
}

impl Batch {
    /// The jobs that are not done.
    pub(super) fn pending(&self) -> Vec<usize> {
        let jobs = self.jobs.iter().enumerate();
        jobs.filter(|(_, job)| job.result.is_none()).map(|(index, _)| index).collect()
    }

    /// Number of jobs that are done.
    pub(super) fn done(&self) -> usize {
        self.jobs.iter().filter(|job| job.result.is_some()).count()
    }

    /// Ends a job. Only its first result counts.
    pub(super) fn finish(&mut self, index: usize, result: JobResult, now: Timestamp) {
        let Some(job) = self.jobs.get_mut(index).filter(|job| job.result.is_none()) else { return };
        job.result = Some(result);
        job.options.clear();
        job.url = without_user_information(&job.url);
        if self.done() == self.jobs.len() {
            self.completed_at = Some(now);
            if let Some(notification) = &mut self.notification {
                notification.state = NotificationState::Pending;
                notification.next_at = Some(now);
            }
        }
    }

    /// When the notification is to be sent next; `None` if it is not, or not any more.
    pub(super) fn notify_at(&self) -> Option<Timestamp> {
        let notification = self.notification.as_ref()?;
        notification.next_at.filter(|_| notification.state == NotificationState::Pending)
    }

    /// Takes note of an attempt to notify.
    pub(super) fn notified(&mut self, attempt: Attempt, now: Timestamp) {
        let Some(notification) = &mut self.notification else { return };
        notification.attempts += 1;
        let (state, error, pause) = match attempt {
            Attempt::Delivered => (NotificationState::Delivered, None, None),
            Attempt::Refused(error) => (NotificationState::Failed, Some(error), None),
            Attempt::Failed(error) => match pause_after(notification.attempts) {
                Some(pause) => (NotificationState::Pending, Some(error), Some(pause)),
                None => (NotificationState::Failed, Some(error), None),
            },
        };
        notification.state = state;
        notification.last_error = error.or(notification.last_error.take());
        notification.next_at = pause.map(|pause| now.plus(pause));
    }

    /// Whether there is nothing left to do.
    pub(super) fn is_settled(&self) -> bool {
        self.completed_at.is_some() && self.notify_at().is_none()
    }

    /// Whether the batch has been kept for long enough.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.is_settled() && self.completed_at.is_some_and(|at| at.plus(KEPT) <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(jobs: usize, is_notified: bool) -> Batch {
        let job = Job {
            url: "http://a.test/".to_owned(),
            options: Map::from_iter([("httpAuth".to_owned(), "c2VjcmV0".into())]),
            result: None,
        };
        Batch {
            id: BatchId::new(),
            user: "ann".parse().unwrap(),
            kind: BatchKind::Image,
            created_at: Timestamp(0),
            completed_at: None,
            jobs: vec![job; jobs],
            notification: is_notified.then(|| Notification::new("http://b.test/".parse().unwrap())),
        }
    }

    fn done(file: &str) -> JobResult {
        JobResult { success: true, file: Some(file.to_owned()), ..JobResult::default() }
    }

    #[test]
    fn addresses_of_done_jobs_have_no_password() {
        for (address, shown) in [
            ("http://ann:word@a.test/b?c=d@e", "http://a.test/b?c=d@e"),
            ("ann:word@a.test", "a.test"),
            ("https://a:b@c@d.test#x@y", "https://d.test#x@y"),
            ("https://a.test/@b", "https://a.test/@b"),
            ("a.test/x@y", "a.test/x@y"),
        ] {
            assert_eq!(without_user_information(address), shown);
        }
    }

    #[test]
    fn a_batch_is_done_with_its_last_job_and_a_job_only_once() {
        let mut batch = batch(2, false);
        batch.finish(1, done("b"), Timestamp(5));
        batch.finish(1, JobResult::default(), Timestamp(6));
        assert_eq!((batch.pending(), batch.done(), batch.completed_at), (vec![0], 1, None));
        assert!(batch.jobs[1].options.is_empty() && !batch.jobs[0].options.is_empty());
        batch.finish(0, JobResult::default(), Timestamp(7));
        batch.finish(7, JobResult::default(), Timestamp(8));
        assert_eq!((batch.pending(), batch.completed_at), (vec![], Some(Timestamp(7))));
        assert_eq!(batch.jobs[1].result, Some(done("b")));
        assert!(batch.is_settled() && !batch.is_expired(Timestamp(8)));
        assert!(batch.is_expired(Timestamp(7).plus(KEPT)));
    }

    #[test]
    fn a_notification_is_tried_six_times_and_kept_with_its_batch() {
        let mut batch = batch(1, true);
        assert_eq!(batch.notify_at(), None);
        let mut now = Timestamp(1000);
        batch.finish(0, done("a"), now);
        for attempt in 1..=6 {
            let at = batch.notify_at().unwrap();
            assert!(at >= now && !batch.is_expired(now.plus(KEPT * 2)), "{attempt}");
            now = at;
            batch.notified(Attempt::Failed(format!("no {attempt}")), now);
        }
        let told = batch.notification.clone().unwrap();
        assert_eq!((told.state, told.attempts, batch.notify_at()), (NotificationState::Failed, 6, None));
        assert_eq!(told.last_error.as_deref(), Some("no 6"));
        assert!(now.since(Timestamp(1000)) < Duration::from_secs(3600));
        assert!(batch.is_settled());
    }

    #[test]
    fn a_notification_ends_when_it_arrives_or_is_refused() {
        for (attempt, state) in [
            (Attempt::Delivered, NotificationState::Delivered),
            (Attempt::Refused("denied".to_owned()), NotificationState::Failed),
        ] {
            let mut batch = batch(1, true);
            batch.finish(0, done("a"), Timestamp(0));
            batch.notified(attempt, Timestamp(1));
            assert_eq!((batch.notification.as_ref().unwrap().state, batch.notify_at()), (state, None));
        }
    }

    #[test]
    fn ids_have_one_spelling_and_records_show_no_secrets() {
        let id = BatchId::new();
        assert_eq!(id.to_string().parse(), Ok(id));
        for text in ["", "batch_", "batch_..", &id.to_string().to_uppercase(), &id.to_string().replace('-', "")] {
            assert_eq!(text.parse::<BatchId>(), Err(InvalidBatchId), "{text}");
        }
        assert!(!format!("{:?}", batch(1, false)).contains("c2VjcmV0"));
        let written = serde_json::to_string(&batch(1, true)).unwrap();
        let read: Batch = serde_json::from_str(&written).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), written);
    }
}

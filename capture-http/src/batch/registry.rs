//! All batches of this server: which are open, which are kept, and their files. What their jobs are, and how they are
//! carried out, is decided elsewhere.

use std::{
    collections::{BTreeMap, HashMap},
    io,
    path::{Path, PathBuf},
    sync::OnceLock,
    time::Duration,
};

use capture_core::{Error, ErrorCode, account::UserId, clock::Timestamp, tasks::Tasks};
use futures::FutureExt;
use parking_lot::Mutex;

use super::{
    files::BatchFiles,
    record::{Batch, BatchId},
};

/// Most batches of a user that have jobs to do (public API).
const MAX_OPEN_OF_USER: usize = 3;
/// Most batches of all users that have jobs to do.
const MAX_OPEN: usize = 300;
/// Most batches of a user that are kept when they are done.
const MAX_KEPT_OF_USER: usize = 50;
/// Most batches of all users that are kept when they are done. The user who has most loses the oldest.
const MAX_KEPT: usize = 1000;

/// The batches of this server.
#[derive(Debug, Default)]
pub(crate) struct Batches {
    /// Where they are kept; absent where no batch is accepted.
    folder: Option<PathBuf>,
    /// The folder once it is there. It is made for the first batch.
    files: OnceLock<BatchFiles>,
    state: Mutex<HashMap<BatchId, Batch>>,
    /// Held while a batch is changed and written, so that files never go back.
    writing: tokio::sync::Mutex<()>,
    tasks: Tasks,
}

impl Batches {
    /// Opens the batches in this folder, which is made for the first batch.
    pub(crate) fn open(folder: Option<&Path>) -> io::Result<Self> {
        let batches = Self { folder: folder.map(Path::to_owned), ..Self::default() };
        if folder.is_some_and(Path::exists) {
            batches.opened()?;
        }
        Ok(batches)
    }

    /// The files, which are locked and read when they are first needed; `None` if another process uses them. Also
    /// returns the batches that were read now and have something left to do.
    fn opened(&self) -> io::Result<Option<(&BatchFiles, Vec<BatchId>)>> {
        let Some(folder) = self.folder.as_deref().filter(|_| self.files.get().is_none()) else {
            return Ok(self.files.get().map(|files| (files, Vec::new())));
        };
        let Some((files, batches)) = BatchFiles::open(folder)? else {
            tracing::warn!("another process uses the batches of this data directory: this one accepts none");
            return Ok(None);
        };
        self.state.lock().extend(batches.into_iter().map(|batch| (batch.id, batch)));
        Ok(Some((self.files.get_or_init(|| files), self.unsettled())))
    }

    fn usable(&self) -> Result<(&BatchFiles, Vec<BatchId>), Error> {
        self.opened().map_err(|error| unavailable().with_source(error))?.ok_or_else(unavailable)
    }

    /// The batches that were left by a process which used the folder until now, each of them once.
    ///
    /// # Errors
    /// `unavailable` when the folder cannot be used, now or by this process.
    pub(super) async fn left(&self) -> Result<Vec<BatchId>, Error> {
        let _turn = self.writing.lock().await;
        self.usable().map(|(_, left)| left)
    }

    /// Accepts a batch: once this returns, it is carried out although the process may end.
    ///
    /// # Errors
    /// `session_limit` when the user has as many open batches as allowed, `busy` when all users together have or the
    /// server is stopping, `unavailable` when the batch cannot be kept.
    pub(super) async fn accept(&self, batch: Batch, now: Timestamp) -> Result<(), Error> {
        let _turn = self.writing.lock().await;
        let (files, _) = self.usable()?;
        if self.is_stopping() {
            return Err(
                Error::new(ErrorCode::Busy, "the server is shutting down").with_retry_after(Duration::from_secs(5))
            );
        }
        let gone = {
            let mut state = self.state.lock();
            room(&state, &batch.user)?;
            let gone = outlived(&state, now);
            state.retain(|id, _| !gone.contains(id));
            gone
        };
        for id in gone {
            if let Err(error) = files.remove(id).await {
                tracing::warn!(%error, batch = %id, "the file of an old batch cannot be removed");
            }
        }
        let text = serde_json::to_vec(&batch).map_err(Error::internal)?;
        files.write(batch.id, text).await.map_err(|error| unavailable().with_source(error))?;
        self.state.lock().insert(batch.id, batch);
        Ok(())
    }

    /// A batch.
    pub(super) fn get(&self, id: BatchId) -> Option<Batch> {
        self.state.lock().get(&id).cloned()
    }

    /// A batch of this user that has not been kept for too long.
    pub(super) fn of_user(&self, user: &UserId, id: BatchId, now: Timestamp) -> Option<Batch> {
        self.get(id).filter(|batch| batch.user == *user && !batch.is_expired(now))
    }

    /// The batches that have something left to do.
    pub(super) fn unsettled(&self) -> Vec<BatchId> {
        self.state.lock().values().filter(|batch| !batch.is_settled()).map(|batch| batch.id).collect()
    }

    /// Changes a batch and writes it.
    pub(super) async fn update(&self, id: BatchId, change: impl FnOnce(&mut Batch)) {
        let Some(files) = self.files.get() else { return };
        let _turn = self.writing.lock().await;
        let Some(mut batch) = self.get(id) else { return };
        change(&mut batch);
        let written = match serde_json::to_vec(&batch) {
            Ok(text) => files.write(id, text).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = written {
            // It goes on from memory; after a restart what could not be written is done again.
            tracing::error!(%error, batch = %id, "a batch cannot be written");
        }
        self.state.lock().insert(id, batch); // only now, so that what is shown outlives the process
    }

    /// Carries out work until it ends or the server stops.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(work);
    }

    /// Begins no further jobs. Those under way go on.
    pub(crate) fn stop(&self) {
        self.tasks.stop();
    }

    /// Whether no further jobs are begun.
    pub(super) fn is_stopping(&self) -> bool {
        self.tasks.stopped().now_or_never().is_some()
    }

    /// Completes once no further jobs are begun.
    pub(super) async fn stopped(&self) {
        self.tasks.stopped().await;
    }

    /// Number of batches with something under way.
    pub(crate) fn alive(&self) -> usize {
        self.tasks.alive()
    }

    /// Waits until nothing is under way, at most this long.
    pub(crate) async fn finish(&self, grace: Duration) {
        self.tasks.finish(grace).await;
    }
}

fn unavailable() -> Error {
    Error::new(ErrorCode::Unavailable, "this server cannot keep batches").with_reason("batches_unavailable")
}

fn room(state: &HashMap<BatchId, Batch>, user: &UserId) -> Result<(), Error> {
    let open = || state.values().filter(|batch| batch.completed_at.is_none());
    let own = open().filter(|batch| batch.user == *user).count();
    if own >= MAX_OPEN_OF_USER {
        let message = format!("{own} of {MAX_OPEN_OF_USER} batches of this user have jobs to do");
        return Err(Error::new(ErrorCode::SessionLimit, message)
            .with_reason("batch_limit")
            .with_hint("wait until one of them is done")
            .with_retry_after(Duration::from_secs(10)));
    }
    if open().count() >= MAX_OPEN {
        return Err(Error::new(ErrorCode::Busy, "too many batches have jobs to do")
            .with_reason("too_many_batches")
            .with_retry_after(Duration::from_secs(30)));
    }
    Ok(())
}

/// The batches that give way: those that were kept for long enough, and the oldest ones of users who have too many.
fn outlived(state: &HashMap<BatchId, Batch>, now: Timestamp) -> Vec<BatchId> {
    let mut gone = Vec::new();
    let mut users: BTreeMap<&UserId, Vec<(Timestamp, BatchId)>> = BTreeMap::new();
    for batch in state.values() {
        match batch.completed_at {
            Some(_) if batch.is_expired(now) => gone.push(batch.id),
            Some(at) => users.entry(&batch.user).or_default().push((at, batch.id)),
            None => {}
        }
    }
    for kept in users.values_mut() {
        kept.sort_unstable_by(|one, other| other.cmp(one)); // newest first
        gone.extend(kept.drain(MAX_KEPT_OF_USER.min(kept.len())..).map(|(_, id)| id));
    }
    while users.values().map(Vec::len).sum::<usize>() > MAX_KEPT {
        let most = users.values_mut().max_by_key(|kept| kept.len()).and_then(Vec::pop);
        gone.extend(most.map(|(_, id)| id));
    }
    gone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::record::{BatchKind, Job, JobResult, KEPT};

    fn batch(user: &str) -> Batch {
        let job = Job { url: "http://a.test/".to_owned(), options: serde_json::Map::new(), result: None };
        Batch {
            id: BatchId::new(),
            user: user.parse().unwrap(),
            kind: BatchKind::Pdf,
            created_at: Timestamp(0),
            completed_at: None,
            jobs: vec![job],
            notification: None,
        }
    }

    async fn done(batches: &Batches, id: BatchId, at: Timestamp) {
        batches.update(id, |batch| batch.finish(0, JobResult::default(), at)).await;
    }

    #[tokio::test]
    async fn a_user_has_three_open_batches_and_a_restart_knows_them() {
        let temp = tempfile::tempdir().unwrap();
        let folder = temp.path().join("batches");
        let batches = Batches::open(Some(&folder)).unwrap();
        let own: Vec<_> = (0..4).map(|_| batch("ann")).collect();
        for batch in &own[..3] {
            batches.accept(batch.clone(), Timestamp(0)).await.unwrap();
        }
        let refused = batches.accept(own[3].clone(), Timestamp(0)).await.unwrap_err();
        assert_eq!((refused.code(), refused.reason()), (ErrorCode::SessionLimit, Some("batch_limit")));
        batches.accept(batch("bob"), Timestamp(0)).await.unwrap();
        assert!(batches.of_user(&"bob".parse().unwrap(), own[0].id, Timestamp(0)).is_none());
        let other = Batches::open(Some(&folder)).unwrap();
        assert!(other.accept(batch("cem"), Timestamp(0)).await.is_err(), "one process at a time");
        done(&batches, own[0].id, Timestamp(9)).await;
        drop(batches);
        assert_eq!(other.left().await.unwrap().len(), 3, "the other goes on with what was left");
        assert!(other.left().await.unwrap().is_empty());
        drop(other);

        let batches = Batches::open(Some(&folder)).unwrap();
        assert_eq!(batches.unsettled().len(), 3);
        assert_eq!(batches.get(own[0].id).unwrap().completed_at, Some(Timestamp(9)));
        batches.accept(own[3].clone(), Timestamp(10)).await.unwrap();
        batches.stop();
        assert_eq!(batches.accept(batch("cem"), Timestamp(0)).await.unwrap_err().code(), ErrorCode::Busy);
    }

    #[tokio::test]
    async fn batches_go_with_their_file_when_they_are_old_or_too_many() {
        let temp = tempfile::tempdir().unwrap();
        let batches = Batches::open(Some(temp.path())).unwrap();
        let mut ids = Vec::new();
        for number in 0..MAX_KEPT_OF_USER + 2 {
            let batch = batch("ann");
            ids.push(batch.id);
            batches.accept(batch, Timestamp(0)).await.unwrap();
            done(&batches, ids[number], Timestamp(i64::try_from(number).unwrap())).await;
        }
        assert!(batches.get(ids[0]).is_none() && batches.get(ids[1]).is_some());
        let late = Timestamp(100).plus(KEPT);
        assert!(batches.of_user(&"ann".parse().unwrap(), ids[5], late).is_none());
        batches.accept(batch("ann"), late).await.unwrap();
        let json = |entry: &std::fs::DirEntry| entry.path().extension().is_some_and(|extension| extension == "json");
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().filter_map(Result::ok).filter(json).count(), 1);
    }

    #[tokio::test]
    async fn a_server_that_keeps_nothing_accepts_none() {
        let refused = Batches::default().accept(batch("ann"), Timestamp(0)).await.unwrap_err();
        assert_eq!(refused.reason(), Some("batches_unavailable"));
    }
}

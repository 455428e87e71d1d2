//! The files of batches: one JSON file a batch, replaced as a whole, in a folder that one process uses at a time.
//!
//! Knows nothing of what is in a batch beside its id.

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::record::{Batch, BatchId};

const LOCK: &str = "lock";
/// Ends the names of files that are being written.
const DRAFT: &str = "draft";

/// A folder of batches. The system releases its lock when the process ends, even if it is killed.
#[derive(Debug, Clone)]
pub(super) struct BatchFiles {
    folder: Arc<Path>,
    _lock: Arc<File>,
}

impl BatchFiles {
    /// Opens the folder and reads its batches; `None` if another process uses it.
    pub(super) fn open(folder: &Path) -> io::Result<Option<(Self, Vec<Batch>)>> {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join(LOCK))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let files = Self { folder: folder.into(), _lock: Arc::new(lock) };
        let batches = files.read()?;
        Ok(Some((files, batches)))
    }

    fn read(&self) -> io::Result<Vec<Batch>> {
        let mut batches = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => match serde_json::from_slice(&fs::read(&path)?) {
                    Ok(batch) => batches.push(batch),
                    // It stays where it is, for the operator to look into.
                    Err(error) => tracing::error!(%error, file = %path.display(), "a batch cannot be read"),
                },
                Some(DRAFT) => fs::remove_file(&path)?,
                _ => {}
            }
        }
        Ok(batches)
    }

    /// Writes a batch in place of what is there.
    pub(super) async fn write(&self, id: BatchId, text: Vec<u8>) -> io::Result<()> {
        let (place, draft) = (self.place(id), self.folder.join(format!("{id}.{DRAFT}")));
        on_thread(move || {
            let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            file.write_all(&text)?;
            file.sync_data()?; // a job that was charged must not be forgotten when the machine stops
            fs::rename(&draft, &place)
        })
        .await
    }

    /// Removes a batch.
    pub(super) async fn remove(&self, id: BatchId) -> io::Result<()> {
        let place = self.place(id);
        on_thread(move || fs::remove_file(place)).await
    }

    fn place(&self, id: BatchId) -> PathBuf {
        self.folder.join(format!("{id}.json"))
    }
}

async fn on_thread(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}

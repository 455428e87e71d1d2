//! The key of a running server. Its file is read again when a secret turns up that the key does not make: another
//! process has rotated the key, or an operator has put a newer copy there.

use std::{sync::Arc, time::Duration};

use capture_core::account::{ServerKey, ServerKeys};
use parking_lot::Mutex;
use tokio::time::Instant;

use super::file::KeyFile;

/// How often at most the file is read again, whatever clients do.
const AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// The key in a file.
#[derive(Debug)]
pub(super) struct FileKeys {
    file: KeyFile,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    key: Arc<ServerKey>,
    reread: Option<Instant>,
}

impl FileKeys {
    /// The key that was read from this file.
    pub(super) fn new(file: KeyFile, key: ServerKey) -> Self {
        Self { file, state: Mutex::new(State { key: Arc::new(key), reread: None }) }
    }
}

impl ServerKeys for FileKeys {
    fn key(&self) -> Arc<ServerKey> {
        Arc::clone(&self.state.lock().key)
    }

    /// Reads a few hundred bytes on the caller's thread. A file that is not a key at this moment changes nothing.
    fn reread(&self) {
        let mut state = self.state.lock();
        if state.reread.is_some_and(|at| at.elapsed() < AT_MOST_EVERY) {
            return;
        }
        state.reread = Some(Instant::now());
        match self.file.read() {
            Ok(Some(key)) if key != *state.key => {
                tracing::info!(?key, "the server key has changed");
                state.key = Arc::new(key);
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(%error, "the server key cannot be read again"),
        }
    }
}

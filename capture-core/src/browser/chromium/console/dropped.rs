//! What is known of what was not kept.
//!
//! Knows nothing of what was kept.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use parking_lot::Mutex;

use crate::browser::chromium::cdp::{LoggedKind, SessionKey};

/// What a session's pages wrote and nobody read.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    messages: AtomicU64,
    errors: AtomicU64,
    /// Pages that are not listened to.
    muted: Mutex<HashSet<SessionKey>>,
    /// Bytes of events that were told and not taken yet.
    waiting: AtomicUsize,
}

impl Dropped {
    pub(crate) fn count(&self, kind: LoggedKind) {
        self.of(kind).fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counted(&self, kind: LoggedKind) -> u64 {
        self.of(kind).load(Ordering::Relaxed)
    }

    pub(crate) fn forget(&self, kind: LoggedKind) {
        self.of(kind).store(0, Ordering::Relaxed);
    }

    fn of(&self, kind: LoggedKind) -> &AtomicU64 {
        match kind {
            LoggedKind::Message => &self.messages,
            LoggedKind::Error => &self.errors,
        }
    }

    /// Whether this page is not listened to.
    pub(crate) fn is_muted(&self, page: &str) -> bool {
        self.muted.lock().contains(page)
    }

    pub(crate) fn mute(&self, page: SessionKey) {
        self.muted.lock().insert(page);
    }

    pub(crate) fn unmute(&self, page: &SessionKey) {
        self.muted.lock().remove(page);
    }

    /// An event of so many bytes waits to be taken.
    pub(crate) fn wait(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
    }

    /// It was taken.
    pub(crate) fn taken(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

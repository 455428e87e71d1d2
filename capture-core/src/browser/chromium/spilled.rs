//! What is known of what was not kept.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use parking_lot::Mutex;

use super::cdp::{LoggedKind, SessionKey};

/// What a session's pages wrote and nobody read.
#[derive(Debug, Default)]
pub(super) struct Spilled {
    messages: AtomicU64,
    errors: AtomicU64,
    /// Pages that are not listened to.
    muted: Mutex<HashSet<SessionKey>>,
    /// Bytes of events that were told and not taken yet.
    waiting: AtomicUsize,
}

impl Spilled {
    pub(super) fn count(&self, kind: LoggedKind) {
        self.of(kind).fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counted(&self, kind: LoggedKind) -> u64 {
        self.of(kind).load(Ordering::Relaxed)
    }

    pub(super) fn forget(&self, kind: LoggedKind) {
        self.of(kind).store(0, Ordering::Relaxed);
    }

    fn of(&self, kind: LoggedKind) -> &AtomicU64 {
        match kind {
            LoggedKind::Message => &self.messages,
            LoggedKind::Error => &self.errors,
        }
    }

    /// Whether this page is not listened to.
    pub(super) fn is_muted(&self, page: &str) -> bool {
        self.muted.lock().contains(page)
    }

    pub(super) fn mute(&self, page: SessionKey) {
        self.muted.lock().insert(page);
    }

    pub(super) fn unmute(&self, page: &SessionKey) {
        self.muted.lock().remove(page);
    }

    /// An event of so many bytes waits to be taken.
    pub(super) fn wait(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
    }

    /// It was taken.
    pub(super) fn taken(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

//! Counts console events that were not kept.
//!
//! This module must not know the kept ones.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

use parking_lot::Mutex;

use crate::browser::chromium::cdp::{LoggedKind, SessionKey};

/// The console events of a session's pages that were dropped.
#[derive(Debug, Default)]
pub(crate) struct Dropped {
    messages: AtomicU64,
    errors: AtomicU64,
    /// Pages whose console is not read.
    muted: Mutex<HashSet<SessionKey>>,
    /// Bytes of events that have arrived and were not processed yet.
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

    /// Whether this page's console is not read.
    pub(crate) fn is_muted(&self, page: &str) -> bool {
        self.muted.lock().contains(page)
    }

    pub(crate) fn mute(&self, page: SessionKey) {
        self.muted.lock().insert(page);
    }

    pub(crate) fn unmute(&self, page: &SessionKey) {
        self.muted.lock().remove(page);
    }

    /// Counts an event of this size that waits to be processed.
    pub(crate) fn wait(&self, bytes: usize) {
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Counts an event as processed.
    pub(crate) fn taken(&self, bytes: usize) {
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Bytes that wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

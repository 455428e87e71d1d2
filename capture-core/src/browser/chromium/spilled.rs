//! What is known of what was not kept.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::cdp::LoggedKind;

/// What a session's pages wrote and nobody read.
#[derive(Debug, Default)]
pub(super) struct Spilled {
    messages: AtomicU64,
    errors: AtomicU64,
    muted: AtomicBool,
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

    /// Whether a page of the session is not listened to.
    pub(super) fn is_muted(&self) -> bool {
        self.muted.load(Ordering::Relaxed)
    }

    pub(super) fn mute(&self, muted: bool) {
        self.muted.store(muted, Ordering::Relaxed);
    }
}

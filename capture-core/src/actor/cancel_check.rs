//! Whether the caller of an action still waits for it.

use std::{fmt, sync::Arc};

/// Tells whether the caller still waits. An action whose caller has been answered that it timed out must not begin.
#[derive(Clone)]
pub(crate) struct CancelCheck(Arc<dyn Fn() -> bool + Send + Sync>);

impl CancelCheck {
    /// A check for a caller who waits as long as `lasts` returns true.
    #[cfg(feature = "redis")] // within one process callers wait as long as the session lives
    pub(crate) fn new(lasts: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self(Arc::new(lasts))
    }

    pub(super) fn lasts(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for CancelCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CancelCheck").field(&self.lasts()).finish()
    }
}
